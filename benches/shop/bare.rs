//! The statements of one placement, run bare: through the same writer or pool, prepared once, on the native
//! connection, with nothing around them and nothing made of what they answer.
//!
//! They are the statements of `order::place` for one line, in its order, with values of the same size; a change there
//! belongs here too. Here each of them goes to the database by itself, also where a transaction sends rows together.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::backend::Backend as DieselBackend;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Text};
use futures_util::future::join_all;
use hourglass::kernel::id::IdMaker;
use hourglass::kernel::time::Clock;
use hourglass::platform::db::dialect::Prepared;
use hourglass::platform::db::faults::Faults;
use hourglass::platform::db::{Backend, Conn, Db, DbError, DbSettings, Tx};

/// Whose orders, of what.
#[derive(Clone, Copy)]
pub struct Subject {
    /// The buyer.
    pub user_id: i64,
    /// Their address.
    pub address_id: i64,
    /// What they buy.
    pub sku_id: i64,
}

/// Runs placements bare for `duration`; answers how many a second.
pub fn drive(settings: &DbSettings, subjects: &[Subject], duration: Duration) -> f64 {
    let done = AtomicU64::new(0);
    let round = Round { begin: Instant::now(), warm: duration / 10, duration, done: &done };
    match &settings.backend {
        Backend::Postgres(url) => drive_postgres(url, settings.pool_size, subjects, &round),
        Backend::Sqlite(_) => drive_sqlite(settings, subjects, &round),
    }
    done.load(Ordering::Relaxed) as f64 / duration.as_secs_f64()
}

struct Round<'a> {
    begin: Instant,
    warm: Duration,
    duration: Duration,
    done: &'a AtomicU64,
}

impl Round<'_> {
    fn goes_on(&self) -> bool {
        self.begin.elapsed() < self.warm + self.duration
    }

    fn count(&self, began: Instant) {
        self.done.fetch_add(u64::from(began.duration_since(self.begin) >= self.warm), Ordering::Relaxed);
    }
}

/// As many threads as the service's pool has connections, one connection each, and never a moment's rest between two
/// transactions: nothing that keeps the database's rules can be faster with these statements.
fn drive_postgres(url: &str, connections: u32, subjects: &[Subject], round: &Round<'_>) {
    let ids = IdMaker::new(Clock::wall(), 10);
    let turn = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut conn = PgConnection::establish(url).expect("the database answers");
                while round.goes_on() {
                    let began = Instant::now();
                    let subject = &subjects[turn.fetch_add(1, Ordering::Relaxed) % subjects.len()];
                    conn.batch_execute("BEGIN").expect("a transaction begins");
                    on_postgres(&mut conn, subject, [(); 6].map(|()| ids.next())).expect("bare statements run");
                    conn.batch_execute("COMMIT").expect("a transaction ends");
                    round.count(began);
                }
            });
        }
    });
}

/// Through the same writer, which commits together whatever waits, from as many tasks as there are subjects.
fn drive_sqlite(settings: &DbSettings, subjects: &[Subject], round: &Round<'_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let db = Db::open(settings.clone(), Clock::wall(), 10, Faults::none()).expect("the database opens");
    runtime.block_on(join_all(subjects.iter().map(async |subject| {
        while round.goes_on() {
            let (began, subject) = (Instant::now(), *subject);
            db.write("bench.bare", move |tx| place(tx, &subject)).await.expect("bare statements run");
            round.count(began);
        }
    })));
}

fn place(tx: &mut Tx<'_>, subject: &Subject) -> Result<(), DbError> {
    let ids = [(); 6].map(|()| tx.next_id());
    match tx.conn()? {
        Conn::Sqlite(conn) => Ok(on_sqlite(conn, subject, ids)?),
        Conn::Pg(_) => unreachable!("the embedded database has no such connection"),
    }
}

fn on_postgres(conn: &mut PgConnection, subject: &Subject, ids: [i64; 6]) -> QueryResult<()> {
    statements!(conn, subject, ids)
}

fn on_sqlite(conn: &mut SqliteConnection, subject: &Subject, ids: [i64; 6]) -> QueryResult<()> {
    statements!(conn, subject, ids)
}

/// A row that nobody reads.
struct Unread;

impl<DB: DieselBackend> QueryableByName<DB> for Unread {
    fn build<'a>(_: &impl NamedRow<'a, DB>) -> diesel::deserialize::Result<Self> {
        Ok(Self)
    }
}

macro_rules! run {
    ($conn:expr, $sql:expr $(, $kind:ty = $value:expr)*) => {
        Prepared(diesel::sql_query($sql)$(.bind::<$kind, _>($value))*).load::<Unread>($conn)?
    };
}

macro_rules! statements { ($conn:ident, $subject:ident, $ids:ident) => {{
    let conn = $conn;
    let now = Clock::wall().now().millis();
    let Subject { user_id, address_id, sku_id } = *$subject;
    let [order, line, history, payment, event, movement] = $ids;
    let (owner, key) = (format!("user:{user_id}"), format!("{:032x}", rand::random::<u128>()));
    run!(
        conn,
        "SELECT operation, body_hash, status, answer FROM idempotency_keys WHERE owner = $1 AND key = $2",
        Text = &owner,
        Text = &key
    );
    run!(
        conn,
        "SELECT receiver_name, receiver_phone, province_code, province, city, district, detail FROM addresses WHERE id = $1 AND user_id = $2 AND removed_at IS NULL",
        BigInt = address_id,
        BigInt = user_id
    );
    run!(
        conn,
        "SELECT s.id, p.id, p.category_id, p.freight_template_id, p.title, s.option_values, s.picture, p.cover, s.price_fen, s.market_price_fen, s.weight_grams, s.volume_cm3, p.tags, s.sellable, p.state, p.on_sale_at, p.off_sale_at FROM skus s JOIN products p ON p.id = s.product_id WHERE s.id = $1",
        BigInt = sku_id
    );
    run!(
        conn,
        "SELECT t.id, t.name, t.measure, f.provinces, f.deliverable, f.first_units, f.first_fee_fen, f.next_units, f.next_fee_fen, f.free_from_fen FROM freight_templates t LEFT JOIN freight_tariffs f ON f.template_id = t.id JOIN products p ON p.freight_template_id = t.id JOIN skus s ON s.product_id = p.id WHERE s.id = $1",
        BigInt = sku_id
    );
    run!(
        conn,
        "INSERT INTO orders (id, user_id, state, delivery, goods_fen, discount_fen, freight_fen, total_fen, refunded_fen, refunding_fen, refunding_difference_fen, receiver_name, receiver_phone, province_code, receiver_address, remark, staff_note, pay_deadline, close_due_at, created_at, version) VALUES ($1, $2, 'pending_payment', 'parcel', 9900, 0, 0, 9900, 0, 0, 0, '张三', '13800001234', '44', '广东省深圳市南山区科技园 1 号', '', '', $3, $4, $5, 1)",
        BigInt = order,
        BigInt = user_id,
        BigInt = now,
        BigInt = now,
        BigInt = now
    );
    run!(
        conn,
        "INSERT INTO order_lines (id, order_id, product_id, sku_id, kind, title, option_text, picture, unit_price_fen, quantity, goods_fen, discount_fen, freight_fen, payable_fen, shipped_quantity, refunded_quantity, refunded_fen) SELECT $1, $2, product_id, id, 'physical', '法式连衣裙', '', 'pictures/ab/0123.png', 9900, 1, 9900, 0, 0, 9900, 0, 0, 0 FROM skus WHERE id = $3",
        BigInt = line,
        BigInt = order,
        BigInt = sku_id
    );
    run!(
        conn,
        "INSERT INTO order_history (id, order_id, version, from_state, to_state, actor_kind, actor_id, reason, at) VALUES ($1, $2, 1, NULL, 'pending_payment', 'shopper', $3, 'placed', $4)",
        BigInt = history,
        BigInt = order,
        BigInt = user_id,
        BigInt = now
    );
    run!(
        conn,
        "INSERT INTO payments (id, subject_kind, subject_id, user_id, description, amount_fen, state, expires_at, created_at) VALUES ($1, 'order', $2, $3, '法式连衣裙', 9900, 'open', $4, $5)",
        BigInt = payment,
        BigInt = order,
        BigInt = user_id,
        BigInt = now,
        BigInt = now
    );
    run!(
        conn,
        "INSERT INTO outbox_events (id, name, version, user_id, payload, recorded_at, delivered_at) VALUES ($1, 'order.placed', 1, $2, $3, $4, $5)",
        BigInt = event,
        BigInt = user_id,
        Text = PAYLOAD,
        BigInt = now,
        BigInt = now
    );
    run!(
        conn,
        "INSERT INTO stock_holds (order_id, sku_id, quantity, state) VALUES ($1, $2, 1, 'live')",
        BigInt = order,
        BigInt = sku_id
    );
    run!(
        conn,
        "INSERT INTO stock_movements (id, sku_id, kind, on_hand_change, held_change, order_id, reason, at) VALUES ($1, $2, 'hold', 0, 1, $3, '', $4)",
        BigInt = movement,
        BigInt = sku_id,
        BigInt = order,
        BigInt = now
    );
    run!(
        conn,
        "INSERT INTO idempotency_keys (owner, key, operation, body_hash, status, answer, created_at) VALUES ($1, $2, 'place_order', $3, 201, $4, $5)",
        Text = &owner,
        Text = &key,
        Text = HASH,
        Text = ANSWER,
        BigInt = now
    );
    run!(
        conn,
        "UPDATE stock_items SET held = held + 1 WHERE sku_id = $1 AND on_hand - held >= 1 RETURNING on_hand - held",
        BigInt = sku_id
    );
    Ok(())
}} }
use {run, statements};

const HASH: &str = "7fd2a6aa1d973ebf96075f9bcd735fb53893109efcd437ccb27622130faac7e5";
const PAYLOAD: &str = r#"{"order":{"order_id":"143158306406400035","user_id":"143158306406400028","total_fen":9900,"refunded_fen":0,"lines":[{"line_id":"143158306406400036","sku_id":"143158306406400019","product_id":"143158306406400018","quantity":1,"payable_fen":9900}]},"pay_deadline":"2026-03-01T02:30:00.000Z"}"#;
const ANSWER: &str = r#"{"order_id":"143158306406400035","state":"pending_payment","price":{"goods_fen":9900,"discount_fen":0,"freight_fen":0,"total_fen":9900},"lines":[{"line_id":"143158306406400036","product_id":"143158306406400018","sku_id":"143158306406400019","title":"法式连衣裙 1","option_text":"","picture":"/files/pictures/ab/0123.png","unit_price_fen":9900,"quantity":1,"goods_fen":9900,"discount_fen":0,"freight_fen":0,"payable_fen":9900}],"pay_deadline":"2026-03-01T02:30:00.000Z","seconds_left":1800}"#;
