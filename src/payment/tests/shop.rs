//! A shop that sells nothing but its payments: a database, a bank, orders that are a state in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use tokio::sync::Notify;

use super::bank::{Bank, money_notice};
use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{Clock, MINUTE_MS, Timestamp};
use crate::payment::model::{RefundId, TradeType};
use crate::payment::provider::{MoneyReport, Providers};
use crate::payment::service::{self, Cashier, NoticeAnswer, PayerRequest, Standing};
use crate::payment::*;
use crate::platform::db::faults::Faults;
use crate::platform::db::{Db, DbError, DbResult, DbSettings, Tx, migrate_up};
use crate::platform::events::Relay;
use crate::platform::jobs::{Runner, Work};

pub const BUYER: UserId = UserId::new(77);
pub const PRICE: Fen = Fen::new(9_900);

/// Orders that keep money until they are told to be too late.
#[derive(Default)]
pub struct Orders {
    pub paid: Mutex<HashMap<OrderId, usize>>,
    pub refunded: Mutex<HashMap<OrderId, Fen>>,
    pub too_late: Mutex<bool>,
}

impl Payable for Orders {
    fn on_paid(&self, tx: &mut Tx<'_>, subject: OrderId, _paid_at: Timestamp) -> DbResult<PaidOutcome> {
        if *self.too_late.lock().unwrap() {
            return Ok(PaidOutcome::TooLate);
        }
        // Counted here although the transaction may be tried again: the tests that count have no conflicts.
        *self.paid.lock().unwrap().entry(subject).or_default() += 1;
        tx.conn()?;
        Ok(PaidOutcome::Kept)
    }

    fn on_refunded(&self, _tx: &mut Tx<'_>, subject: OrderId, _refund: RefundId, amount: Fen) -> DbResult<()> {
        let mut refunded = self.refunded.lock().unwrap();
        let so_far = refunded.entry(subject).or_default();
        *so_far = so_far.plus(amount).unwrap();
        Ok(())
    }
}

pub struct Shop {
    pub db: Db,
    pub clock: Clock,
    pub faults: Faults,
    pub bank: Arc<Bank>,
    pub orders: Arc<Orders>,
    pub cashier: Cashier,
    runner: Runner,
    folder: std::path::PathBuf,
    name: String,
}

impl Drop for Shop {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap_or_default();
        if let Ok(server) = std::env::var("HOURGLASS_TEST_POSTGRES") {
            postgres(&server, &format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

impl Shop {
    pub async fn open() -> Self {
        let name = format!("hourglass_payment_{:032x}", rand::random::<u128>());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut settings = DbSettings::for_url(&database_url(&name, &folder)).unwrap();
        settings.wait = std::time::Duration::from_secs(60);
        migrate_up(&settings).unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
        let faults = Faults::plantable();
        let db = Db::open(settings, clock.clone(), 1, faults.clone()).unwrap();
        let buyer = "INSERT INTO users (id, state, nickname, created_at, updated_at) VALUES (77, 'active', 'b', 0, 0)";
        db.write("seed", move |tx| Ok::<_, DbError>(diesel::sql_query(buyer).execute(tx.conn()?)?)).await.unwrap();
        let (bank, orders) = (Arc::new(Bank::new(clock.clone())), Arc::new(Orders::default()));
        let cashier = Cashier::new(db.clone(), Providers::new(vec![bank.clone()]), orders.clone());
        let work = Work {
            sweeps: vec![Arc::new(AttemptsToAsk), Arc::new(RefundsToAsk), Arc::new(NoticesToApply(cashier.clone()))],
            handlers: vec![Arc::new(AskAboutAttempt(cashier.clone())), Arc::new(CarryRefund(cashier.clone()))],
            relay: Relay::new(db.clone(), Vec::new()),
        };
        let runner = Runner::new(db.clone(), work, Arc::new(Notify::new()));
        Self { db, clock, faults, bank, orders, cashier, runner, folder, name }
    }

    /// An order over [`PRICE`] that can be paid for half an hour.
    pub async fn order(&self) -> OrderId {
        let order = OrderId::new(self.db.next_id());
        let expires_at = self.clock.now().plus_millis(30 * MINUTE_MS);
        self.db
            .write("open", move |tx| {
                let description = "茶".to_owned();
                open(tx, OpenPayment { subject: order, user_id: BUYER, amount: PRICE, description, expires_at })
            })
            .await
            .unwrap();
        order
    }

    pub async fn hand_over(&self, order: OrderId, trade_type: TradeType) -> Result<String, PaymentError> {
        let request =
            PayerRequest { user_id: BUYER, order_id: order, trade_type, client_address: "10.0.0.1".to_owned() };
        let handover = self.cashier.hand_over(request).await?;
        match handover.params {
            ClientParams::H5 { h5_url } => Ok(h5_url.trim_start_matches("handle ").to_owned()),
            other => panic!("{other:?}"),
        }
    }

    /// Begins to pay; answers the number of the attempt.
    pub async fn begins_to_pay(&self, order: OrderId) -> String {
        self.hand_over(order, TradeType::Jsapi).await.unwrap()
    }

    pub async fn notice(&self, id: &str, report: &MoneyReport) -> NoticeAnswer {
        let (headers, body) = money_notice(id, report);
        self.cashier.receive_notice("bank", &headers, &body).await
    }

    /// An order paid by one attempt, with its notice received.
    pub async fn paid_order(&self) -> (OrderId, String) {
        let order = self.order().await;
        let number = self.begins_to_pay(order).await;
        let report = self.bank.pay(&number);
        assert_eq!(self.notice(&format!("paid {number}"), &report).await, NoticeAnswer::Accepted);
        (order, number)
    }

    pub async fn refund(&self, order_id: OrderId, fen: i64) -> Result<RefundId, PaymentError> {
        let request =
            RefundRequest { order_id, amount: Fen::new(fen), reason: "不想要了".to_owned(), staff_id: None };
        self.db.write("refund", move |tx| request_refund(tx, request.clone())).await
    }

    pub async fn close(&self, order: OrderId) {
        self.db.write("close", move |tx| close(tx, order)).await.unwrap();
    }

    pub async fn may_close(&self, order: OrderId) -> MayClose {
        self.db.write("may_close", move |tx| may_close(tx, order)).await.unwrap()
    }

    pub async fn standing(&self, order: OrderId) -> Standing {
        self.db.read("standing", move |tx| service::standing(tx, order)).await.unwrap()
    }

    pub async fn reviews(&self) -> Vec<model::Review> {
        self.db.read("reviews", |tx| service::list_reviews(tx, None, None, 100)).await.unwrap().items
    }

    /// A member of staff.
    pub async fn staff(&self) -> StaffId {
        let id = self.db.next_id();
        let staff = format!(
            "INSERT INTO staff_accounts (id, username, display_name, password_hash, state, failed_logins, created_at, updated_at) \
             VALUES ({id}, 'staff{id}', 's', 'x', 'active', 0, 0, 0)"
        );
        self.db
            .write("staff", move |tx| Ok::<_, DbError>(diesel::sql_query(staff.clone()).execute(tx.conn()?)?))
            .await
            .unwrap();
        StaffId::new(id)
    }

    /// Works although faults are planted.
    pub async fn try_to_work(&self) {
        while self.runner.work_until_idle().await.is_err() {}
    }

    pub async fn work(&self) {
        self.runner.work_until_idle().await.unwrap();
    }

    /// Lets time pass and does what comes due on the way.
    pub async fn later(&self, millis: i64) {
        self.clock.advance(millis);
        self.work().await;
    }

    /// The books hold: no differences, and the ledger is the bank's own book.
    pub async fn check_books(&self) {
        let found = self.db.read("differences", differences).await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
        let ours = self.db.read("book", provider_book).await.unwrap();
        let mut ours: Vec<_> =
            ours.into_iter().map(|line| (line.out_trade_no, line.paid_fen, line.refunded_fen)).collect();
        ours.sort();
        assert_eq!(ours, self.bank.totals());
    }
}

/// A fresh file, or a fresh schema of the PostgreSQL database that `HOURGLASS_TEST_POSTGRES` names.
fn database_url(name: &str, folder: &std::path::Path) -> String {
    let Ok(server) = std::env::var("HOURGLASS_TEST_POSTGRES") else {
        return format!("sqlite://{}", folder.join("shop.db").display());
    };
    postgres(&server, &format!("CREATE SCHEMA {name}"));
    let joint = if server.contains('?') { '&' } else { '?' };
    format!("{server}{joint}options=-csearch_path%3D{name}")
}

fn postgres(url: &str, sql: &str) {
    let mut conn = <diesel::PgConnection as diesel::Connection>::establish(url).unwrap();
    conn.batch_execute(sql).unwrap();
}
