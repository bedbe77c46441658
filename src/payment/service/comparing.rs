//! Comparing our ledger with the provider's book (G3), by asking about every attempt and every settled refund of a span
//! of time.
//!
//! What the provider can be asked about is what we know of; money it holds that has no row here is found by the daily
//! bill alone, which is not read yet.

use futures_util::stream::{self, StreamExt as _};

use crate::kernel::money::Fen;
use crate::kernel::time::Window;
use crate::payment::model::{Attempt, AttemptState, Refund, RefundState};
use crate::payment::provider::{Outcome, RefundReport, RefundStanding, TradeStanding};
use crate::payment::service::Cashier;
use crate::payment::store;
use crate::platform::db::{DbError, DbResult, Tx};

/// Questions under way at once.
const AT_ONCE: usize = 8;

/// What came of asking the provider about some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Where to go on; absent when nothing is left.
    pub last: Option<i64>,
    /// How many rows were asked about.
    pub asked: i64,
    /// What does not agree, a line each.
    pub differences: Vec<String>,
    /// What the provider gave no answer about, a line each.
    pub unanswered: Vec<String>,
}

/// What the provider says of one row.
enum Verdict {
    Agrees,
    Differs(String),
    Silent(String),
}

impl Cashier {
    /// Asks about the next `limit` attempts after `after` that began within `span`. Money that we know nothing of is a
    /// difference, and is settled in the usual way soon after.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn compare_attempts(&self, span: Window, after: i64, limit: i64) -> DbResult<Compared> {
        let due = move |tx: &mut Tx<'_>| store::attempts::begun_within(tx, span, after, limit);
        let attempts = self.db.read("payment.attempts_to_compare", due).await?;
        let last = attempts.last().map(|attempt| attempt.id.get());
        let asking = attempts.into_iter().map(|attempt| self.compare_attempt(attempt));
        gathered(stream::iter(asking).buffer_unordered(AT_ONCE).collect().await, last)
    }

    /// Asks about the next `limit` refunds after `after` that were settled within `span`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn compare_refunds(&self, span: Window, after: i64, limit: i64) -> DbResult<Compared> {
        let due = move |tx: &mut Tx<'_>| store::refunds::settled_within(tx, span, after, limit);
        let refunds = self.db.read("payment.refunds_to_compare", due).await?;
        let last = refunds.last().map(|(refund, _)| refund.id.get());
        let asking = refunds.into_iter().map(|(refund, provider)| self.compare_refund(refund, provider));
        gathered(stream::iter(asking).buffer_unordered(AT_ONCE).collect().await, last)
    }

    async fn compare_attempt(&self, seen: Attempt) -> DbResult<Verdict> {
        let number = seen.out_trade_no.clone();
        let Some(provider) = self.providers.named(&seen.provider) else {
            return Ok(Verdict::Silent(format!("{number}: there is no provider {} any more", seen.provider)));
        };
        let standing = match provider.query(&seen).await {
            Outcome::Done(standing) => standing,
            Outcome::Refused { code, .. } => return Ok(Verdict::Silent(format!("{number}: {code}"))),
            Outcome::Unknown(why) => return Ok(Verdict::Silent(format!("{number}: {why}"))),
        };
        if attempt_difference(&seen, &standing).is_none() {
            return Ok(Verdict::Agrees);
        }
        // Money may have come while the provider was being asked, so our side is looked at once more.
        let id = seen.id;
        let look_again = move |tx: &mut Tx<'_>| {
            let now = store::attempts::by_id(tx, id)?;
            let difference = attempt_difference(now.as_ref().unwrap_or(&seen), &standing);
            if difference.is_some() {
                store::attempts::ask_about(tx, id)?;
            }
            Ok::<_, DbError>(difference)
        };
        let difference = self.db.write("payment.compare_again", look_again).await?;
        Ok(difference.map_or(Verdict::Agrees, Verdict::Differs))
    }

    async fn compare_refund(&self, refund: Refund, provider: String) -> DbResult<Verdict> {
        let number = &refund.out_refund_no;
        let Some(provider) = self.providers.named(&provider) else {
            return Ok(Verdict::Silent(format!("{number}: there is no provider {provider} any more")));
        };
        Ok(match provider.query_refund(number).await {
            Outcome::Done(report) => {
                refund_difference(&refund, report.as_ref()).map_or(Verdict::Agrees, Verdict::Differs)
            }
            Outcome::Refused { code, .. } => Verdict::Silent(format!("{number}: {code}")),
            Outcome::Unknown(why) => Verdict::Silent(format!("{number}: {why}")),
        })
    }
}

fn gathered(verdicts: Vec<DbResult<Verdict>>, last: Option<i64>) -> DbResult<Compared> {
    let mut compared = Compared { last, ..Compared::default() };
    for verdict in verdicts {
        compared.asked = compared.asked.saturating_add(1);
        match verdict? {
            Verdict::Agrees => {}
            Verdict::Differs(difference) => compared.differences.push(difference),
            Verdict::Silent(why) => compared.unanswered.push(why),
        }
    }
    Ok(compared)
}

fn attempt_difference(attempt: &Attempt, standing: &TradeStanding) -> Option<String> {
    let number = &attempt.out_trade_no;
    let here = if attempt.state == AttemptState::Succeeded { attempt.paid } else { Fen::ZERO };
    let there = if let TradeStanding::Paid(report) = standing { report.amount } else { Fen::ZERO };
    if here != there {
        return Some(format!("G3 {number}: the provider has {} fen, we have {} fen", there.get(), here.get()));
    }
    match standing {
        TradeStanding::Paid(report) if attempt.transaction_id.as_ref() != Some(&report.transaction_id) => {
            Some(format!("G3 {number}: the provider knows it as {}", report.transaction_id))
        }
        _ => None,
    }
}

fn refund_difference(refund: &Refund, report: Option<&RefundReport>) -> Option<String> {
    let arrived = |report: &&RefundReport| report.standing == RefundStanding::Succeeded;
    let here = if refund.state == RefundState::Succeeded { refund.amount } else { Fen::ZERO };
    let there = report.filter(arrived).map_or(Fen::ZERO, |report| report.amount);
    let number = &refund.out_refund_no;
    (here != there)
        .then(|| format!("G3 {number}: the provider gave {} fen back, we have {} fen", there.get(), here.get()))
}
