//! A provider in memory: it keeps its own book, and can be told to be silent, to lose answers and to refuse.

use std::collections::HashMap;
use std::sync::Mutex;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};

use crate::kernel::money::Fen;
use crate::kernel::time::{Clock, HOUR_MS, Timestamp};
use crate::payment::model::{Attempt, TradeType};
use crate::payment::provider::*;

pub struct Bank {
    clock: Clock,
    pub book: Mutex<Book>,
}

#[derive(Default)]
pub struct Book {
    pub trades: HashMap<String, BankTrade>,
    pub refunds: HashMap<String, RefundReport>,
    /// Answers nothing and does nothing.
    pub silent: bool,
    /// The next call that moves money is done, but its answer is lost.
    pub lose_next_answer: bool,
    /// Somebody pays between the next question and the closing that follows.
    pub pay_while_closing: bool,
    /// Refunds are refused with this code.
    pub refuse_refunds: Option<&'static str>,
    /// How refunds that are accepted stand.
    pub refunds_stand: Option<RefundStanding>,
    /// How often a refund was asked for.
    pub refund_calls: usize,
}

pub struct BankTrade {
    pub call: PrepayCall,
    pub paid: Option<MoneyReport>,
    pub closed: bool,
}

impl Bank {
    pub fn new(clock: Clock) -> Self {
        Self { clock, book: Mutex::new(Book::default()) }
    }

    /// Lets the shopper pay what was prepared; answers what the bank would report.
    pub fn pay(&self, out_trade_no: &str) -> MoneyReport {
        self.pay_as(out_trade_no, |_| ())
    }

    /// Lets money come that differs from what was prepared.
    pub fn pay_as(&self, out_trade_no: &str, change: impl FnOnce(&mut MoneyReport)) -> MoneyReport {
        let mut book = self.book.lock().unwrap();
        let trade = book.trades.get_mut(out_trade_no).unwrap();
        let mut report = MoneyReport {
            out_trade_no: out_trade_no.to_owned(),
            transaction_id: format!("T{out_trade_no}"),
            app_id: "wx1".to_owned(),
            mch_id: "19".to_owned(),
            payer: trade.call.payer.clone(),
            amount: trade.call.amount,
            currency: "CNY".to_owned(),
            paid_at: self.clock.now(),
        };
        change(&mut report);
        trade.paid = Some(report.clone());
        report
    }

    /// Per attempt: what came, and what went back.
    pub fn totals(&self) -> Vec<(String, Fen, Fen)> {
        let book = self.book.lock().unwrap();
        let paid = book.trades.values().filter_map(|trade| trade.paid.as_ref());
        let mut totals: Vec<_> = paid
            .map(|paid| {
                let done = book.refunds.values().filter(|refund| {
                    refund.out_trade_no.as_ref() == Some(&paid.out_trade_no)
                        && refund.standing == RefundStanding::Succeeded
                });
                (paid.out_trade_no.clone(), paid.amount, Fen::sum(done.map(|refund| refund.amount)).unwrap())
            })
            .collect();
        totals.sort();
        totals
    }

    pub fn numbers(&self) -> Vec<String> {
        let mut numbers: Vec<_> = self.book.lock().unwrap().trades.keys().cloned().collect();
        numbers.sort();
        numbers
    }
}

/// A notice of the bank about `report`.
pub fn money_notice(id: &str, report: &MoneyReport) -> (HeaderMap, Vec<u8>) {
    let body = json!({
        "kind": "money", "out_trade_no": report.out_trade_no, "transaction_id": report.transaction_id,
        "app_id": report.app_id, "mch_id": report.mch_id, "payer": report.payer, "amount": report.amount,
        "currency": report.currency, "paid_at": report.paid_at,
    });
    (signed(id), body.to_string().into_bytes())
}

pub fn signed(id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("bank-notice"), HeaderValue::from_str(id).unwrap());
    headers
}

fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().map(str::to_owned)
}

fn silence<T>() -> Outcome<T> {
    Outcome::Unknown("silence".to_owned())
}

impl Book {
    fn answer<T>(&mut self, value: T) -> Outcome<T> {
        if std::mem::take(&mut self.lose_next_answer) { silence() } else { Outcome::Done(value) }
    }
}

impl Provider for Bank {
    fn name(&self) -> &'static str {
        "bank"
    }

    fn account(&self, trade_type: TradeType) -> Option<ProviderAccount> {
        let known = trade_type != TradeType::App;
        known.then(|| ProviderAccount { app_id: "wx1".to_owned(), mch_id: "19".to_owned() })
    }

    fn binds_payer(&self, _trade_type: TradeType) -> bool {
        false
    }

    fn prepay<'a>(&'a self, call: &'a PrepayCall) -> BoxFuture<'a, Outcome<Prepared>> {
        async move {
            let mut book = self.book.lock().unwrap();
            if book.silent {
                return silence();
            }
            let refused = |code: &str| Outcome::Refused { code: code.to_owned(), message: String::new() };
            match book.trades.get(&call.out_trade_no) {
                Some(trade) if trade.call != *call => return refused("OUT_TRADE_NO_USED"),
                Some(trade) if trade.closed || trade.paid.is_some() => return refused("ORDER_CLOSED"),
                _ => {}
            }
            let trade = BankTrade { call: call.clone(), paid: None, closed: false };
            book.trades.entry(call.out_trade_no.clone()).or_insert(trade);
            book.answer(Prepared { prepay: format!("handle {}", call.out_trade_no), lives_ms: 2 * HOUR_MS })
        }
        .boxed()
    }

    fn client_params(&self, _trade_type: TradeType, prepay: &str) -> Outcome<ClientParams> {
        Outcome::Done(ClientParams::H5 { h5_url: prepay.to_owned() })
    }

    fn query<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Outcome<TradeStanding>> {
        async move {
            let pays_now = {
                let mut book = self.book.lock().unwrap();
                if book.silent {
                    return silence();
                }
                std::mem::take(&mut book.pay_while_closing)
            };
            let standing = {
                let book = self.book.lock().unwrap();
                match book.trades.get(&attempt.out_trade_no) {
                    None => TradeStanding::Absent,
                    Some(BankTrade { paid: Some(report), .. }) => TradeStanding::Paid(report.clone()),
                    Some(trade) if trade.closed => TradeStanding::Closed,
                    Some(_) => TradeStanding::NotPaid,
                }
            };
            if pays_now {
                self.pay(&attempt.out_trade_no);
            }
            Outcome::Done(standing)
        }
        .boxed()
    }

    fn close<'a>(&'a self, attempt: &'a Attempt) -> BoxFuture<'a, Outcome<Closing>> {
        async move {
            let mut book = self.book.lock().unwrap();
            if book.silent {
                return silence();
            }
            let trade = book.trades.get_mut(&attempt.out_trade_no).unwrap();
            if trade.paid.is_some() {
                return Outcome::Done(Closing::AlreadyPaid);
            }
            trade.closed = true;
            Outcome::Done(Closing::Closed)
        }
        .boxed()
    }

    fn refund<'a>(&'a self, call: &'a RefundCall) -> BoxFuture<'a, Outcome<RefundReport>> {
        async move {
            let mut book = self.book.lock().unwrap();
            book.refund_calls += 1;
            if book.silent {
                return silence();
            }
            if let Some(report) = book.refunds.get(&call.out_refund_no).cloned() {
                return book.answer(report);
            }
            if let Some(code) = book.refuse_refunds {
                return Outcome::Refused { code: code.to_owned(), message: String::new() };
            }
            let paid = book.trades.values().filter_map(|trade| trade.paid.as_ref());
            let paid = paid.clone().find(|paid| paid.transaction_id == call.transaction_id).unwrap();
            let report = RefundReport {
                out_refund_no: call.out_refund_no.clone(),
                provider_refund_id: format!("5{}", call.out_refund_no),
                out_trade_no: Some(paid.out_trade_no.clone()),
                mch_id: None,
                standing: book.refunds_stand.unwrap_or(RefundStanding::Succeeded),
                amount: call.amount,
                succeeded_at: Some(self.clock.now()),
            };
            book.refunds.insert(call.out_refund_no.clone(), report.clone());
            book.answer(report)
        }
        .boxed()
    }

    fn query_refund<'a>(&'a self, out_refund_no: &'a str) -> BoxFuture<'a, Outcome<Option<RefundReport>>> {
        async move {
            let book = self.book.lock().unwrap();
            if book.silent { silence() } else { Outcome::Done(book.refunds.get(out_refund_no).cloned()) }
        }
        .boxed()
    }

    fn read_notice<'a>(
        &'a self,
        headers: &'a HeaderMap,
        body: &'a [u8],
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Notice, NoticeRefused>> {
        async move {
            let id = headers.get("bank-notice").ok_or(NoticeRefused { reason: "missing_header" })?;
            Ok(Notice {
                notice_id: id.to_str().unwrap().to_owned(),
                event_type: "MONEY".to_owned(),
                plaintext: String::from_utf8(body.to_vec()).unwrap(),
            })
        }
        .boxed()
    }

    fn understand(&self, _event_type: &str, plaintext: &str) -> Option<Report> {
        let value: Value = serde_json::from_str(plaintext).ok()?;
        if text(&value, "kind").as_deref() != Some("money") {
            return Some(Report::Other);
        }
        Some(Report::Money(MoneyReport {
            out_trade_no: text(&value, "out_trade_no")?,
            transaction_id: text(&value, "transaction_id")?,
            app_id: text(&value, "app_id")?,
            mch_id: text(&value, "mch_id")?,
            payer: text(&value, "payer"),
            amount: Fen::new(value.get("amount")?.as_i64()?),
            currency: text(&value, "currency")?,
            paid_at: Timestamp::parse_rfc3339(&text(&value, "paid_at")?)?,
        }))
    }
}
