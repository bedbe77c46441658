//! Questions to the books: every query lists what should not exist.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};

/// Most differences listed for one question.
const MOST: usize = 100;

#[derive(QueryableByName)]
struct Odd {
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = BigInt)]
    have: i64,
    #[diesel(sql_type = BigInt)]
    want: i64,
}

/// A question: what its answers mean, and the query of (what, have, want).
struct Question {
    meaning: &'static str,
    sql: &'static str,
}

const QUESTIONS: [Question; 10] = [
    Question {
        meaning: "G2 a posting does not sum to zero",
        sql: "SELECT CAST(posting_id AS TEXT) AS what, CAST(SUM(amount_fen) AS BIGINT) AS have, \
              CAST(0 AS BIGINT) AS want FROM ledger_entries GROUP BY posting_id HAVING SUM(amount_fen) <> 0",
    },
    Question {
        meaning: "G2 the ledger does not sum to zero",
        sql: "SELECT 'all' AS what, CAST(SUM(amount_fen) AS BIGINT) AS have, CAST(0 AS BIGINT) AS want \
              FROM ledger_entries HAVING SUM(amount_fen) <> 0",
    },
    Question {
        meaning: "G2 an account of an order went below zero: more went back than came",
        sql: "SELECT CAST(subject_id AS TEXT) || ' ' || account AS what, CAST(-SUM(amount_fen) AS BIGINT) AS have, \
              CAST(0 AS BIGINT) AS want FROM ledger_entries WHERE account <> 'provider' \
              GROUP BY subject_id, account HAVING SUM(amount_fen) > 0",
    },
    Question {
        meaning: "G2 the money of an attempt is not in the ledger",
        sql: "SELECT a.out_trade_no AS what, CAST(COALESCE(l.amount_fen, 0) AS BIGINT) AS have, a.paid_fen AS want \
              FROM payment_attempts a LEFT JOIN ledger_entries l ON l.kind = 'payment' \
              AND l.reference = a.out_trade_no AND l.account = 'provider' \
              WHERE a.paid_fen <> COALESCE(l.amount_fen, 0)",
    },
    Question {
        meaning: "G2 a refund that succeeded is not in the ledger, or one that did not is",
        sql: "SELECT r.out_refund_no AS what, CAST(COALESCE(-l.amount_fen, 0) AS BIGINT) AS have, \
              CASE WHEN r.state = 'succeeded' THEN r.amount_fen ELSE 0 END AS want \
              FROM refunds r LEFT JOIN ledger_entries l ON l.kind = 'refund' \
              AND l.reference = r.out_refund_no AND l.account = 'provider' \
              WHERE COALESCE(-l.amount_fen, 0) <> CASE WHEN r.state = 'succeeded' THEN r.amount_fen ELSE 0 END",
    },
    Question {
        meaning: "G2 a line of the ledger names no attempt and no refund",
        sql: "SELECT l.kind || ' ' || l.reference AS what, l.amount_fen AS have, CAST(0 AS BIGINT) AS want \
              FROM ledger_entries l WHERE l.account = 'provider' \
              AND NOT EXISTS (SELECT 1 FROM payment_attempts a WHERE l.kind = 'payment' AND a.out_trade_no = l.reference) \
              AND NOT EXISTS (SELECT 1 FROM refunds r WHERE l.kind = 'refund' AND r.out_refund_no = l.reference)",
    },
    Question {
        meaning: "G4 a paid order does not keep exactly one successful payment of its amount",
        sql: "SELECT CAST(p.subject_id AS TEXT) AS what, CAST(COUNT(a.id) AS BIGINT) AS have, CAST(1 AS BIGINT) AS want \
              FROM payments p LEFT JOIN payment_attempts a ON a.payment_id = p.id AND a.kept \
              AND a.state = 'succeeded' AND a.paid_fen = p.amount_fen \
              WHERE p.state = 'paid' AND p.amount_fen > 0 GROUP BY p.subject_id HAVING COUNT(a.id) <> 1",
    },
    Question {
        meaning: "G4 an order that is not paid keeps money",
        sql: "SELECT CAST(p.subject_id AS TEXT) AS what, a.paid_fen AS have, CAST(0 AS BIGINT) AS want FROM payments p \
              JOIN payment_attempts a ON a.payment_id = p.id AND a.kept WHERE p.state <> 'paid'",
    },
    Question {
        meaning: "G4 money that is not kept is not being given back",
        sql: "SELECT a.out_trade_no AS what, a.refunded_fen AS have, a.paid_fen AS want FROM payment_attempts a \
              WHERE a.state = 'succeeded' AND NOT a.kept AND a.refunded_fen <> a.paid_fen",
    },
    Question {
        meaning: "G4 what an attempt promises back is not what its refunds say",
        sql: "SELECT a.out_trade_no AS what, a.refunded_fen AS have, CAST(COALESCE(SUM(r.amount_fen), 0) AS BIGINT) AS want \
              FROM payment_attempts a LEFT JOIN refunds r ON r.attempt_id = a.id \
              GROUP BY a.id, a.out_trade_no, a.refunded_fen HAVING a.refunded_fen <> COALESCE(SUM(r.amount_fen), 0)",
    },
];

/// Everything in the books of money that should not be so, in words.
pub(in crate::payment) fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut found = Vec::new();
    for question in QUESTIONS {
        let sql = format!("{} LIMIT {MOST}", question.sql);
        let odd: Vec<Odd> = diesel::sql_query(sql).load(tx.conn()?)?;
        found.extend(
            odd.into_iter()
                .map(|odd| format!("{}: {} has {}, should have {}", question.meaning, odd.what, odd.have, odd.want)),
        );
    }
    Ok(found)
}

/// What the ledger says of one attempt, to be compared with the provider's own book.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ProviderBookLine {
    /// Our number of the attempt.
    #[diesel(sql_type = Text)]
    pub out_trade_no: String,
    /// The money that came.
    #[diesel(sql_type = BigInt)]
    pub paid_fen: Fen,
    /// The money that reached the payer again.
    #[diesel(sql_type = BigInt)]
    pub refunded_fen: Fen,
}

/// Every attempt that brought money, by number.
pub(in crate::payment) fn provider_book(tx: &mut Tx<'_>) -> DbResult<Vec<ProviderBookLine>> {
    let sql = "SELECT a.out_trade_no AS out_trade_no, p.amount_fen AS paid_fen, \
               CAST(COALESCE(-SUM(b.amount_fen), 0) AS BIGINT) AS refunded_fen \
               FROM ledger_entries p JOIN payment_attempts a ON a.out_trade_no = p.reference \
               LEFT JOIN refunds r ON r.attempt_id = a.id \
               LEFT JOIN ledger_entries b ON b.kind = 'refund' AND b.reference = r.out_refund_no AND b.account = 'provider' \
               WHERE p.kind = 'payment' AND p.account = 'provider' \
               GROUP BY a.out_trade_no, p.amount_fen ORDER BY a.out_trade_no";
    Ok(diesel::sql_query(sql).load(tx.conn()?)?)
}
