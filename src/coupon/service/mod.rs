//! Use cases of coupons. Each takes the transaction it runs in.

mod approval;
mod best;
mod books;
mod claiming;
mod codes;
mod desk;
mod drops;
mod export;
mod funding;
mod granting;
mod runs;
mod templates;
mod using;
mod wallet;

pub use approval::CouponApproval;
pub use books::differences;
pub use granting::{NewCoupon, RewardFacts, Uncounted, grant, grant_anew, revoke_unused, reward_facts, state};
pub use templates::{NewTemplate, activate_template, create_template, end_template, pause_template};

pub(super) use best::{Compared, Comparison, compare};
pub(super) use claiming::{Redemption, claim, redeem};
pub(super) use codes::{NewBatch, make_batch, page_of_batches, void_batch};
pub(super) use desk::{AtDesk, CouponFile, file_for_staff, grant_by_staff, page_for_staff, revoke_by_staff};
pub(super) use drops::{
    DropFile, extend_drop, figures_of_drop, file_of_drop, follow_drop, plan_drop, problems_of_drop,
};
pub(super) use export::{note_export, table};
pub(super) use funding::Trace;
pub(super) use granting::{expire_overdue, welcome};
pub(super) use runs::{NewRun, RunFile, RunToCarryOut, ask_run, carry_on, file_of_run, page_of_runs};
pub(super) use templates::{
    OfferChange, TemplateFile, add_to_list, audited_move, change_offer, figures, file_of_template, list, rewrite_draft,
    write_draft,
};
pub(super) use using::{adjust, on_order, reserve};
pub(super) use wallet::{Offered, OfferedTo, Pocket, claimable, file_of_user, page_of_user, summary};

use super::events::{self, CouponEvent, CouponFacts, CouponInOrder};
use super::model::{Coupon, CouponActor, CouponHistoryId, CouponHistoryRow, CouponTemplate};
use super::rules::{self, Step};
use super::store;
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, Tx};

/// Who caused a change, and why.
#[derive(Clone, Copy, Debug)]
struct Cause<'a> {
    actor: CouponActor,
    reason: &'a str,
}

/// Takes one step from where the caller saw the coupon: the guarded change and its row of history. `None` when the
/// coupon cannot take it, or somebody else touched it meanwhile.
fn advance(
    tx: &mut Tx<'_>,
    seen: &Coupon,
    step: Step,
    order: Option<OrderId>,
    cause: Cause<'_>,
) -> DbResult<Option<Coupon>> {
    let Some(to) = rules::next(seen.state, step) else { return Ok(None) };
    let Some(moved) = store::transition(tx, seen, to, order)? else { return Ok(None) };
    let row = CouponHistoryRow {
        id: CouponHistoryId::new(tx.next_id()),
        coupon_id: moved.id,
        version: moved.version,
        from_state: seen.state,
        to_state: moved.state,
        actor_kind: cause.actor.kind(),
        actor_id: cause.actor.id(),
        reason: cause.reason.to_owned(),
        at: tx.now(),
    };
    store::insert_history(tx, &row)?;
    Ok(Some(moved))
}

fn tell(tx: &mut Tx<'_>, name: &'static str, coupon: &Coupon, template: &CouponTemplate, reason: &str) -> DbResult<()> {
    let payload = CouponEvent { coupon: CouponFacts::of(coupon, template), reason: reason.to_owned() };
    events::record(tx, name, coupon.user_id, &payload)
}

fn tell_of_order(
    tx: &mut Tx<'_>,
    name: &'static str,
    (coupon, template): (&Coupon, &CouponTemplate),
    (order_id, amount_fen): (OrderId, Fen),
    reason: &str,
) -> DbResult<()> {
    let coupon_facts = CouponFacts::of(coupon, template);
    let payload = CouponInOrder { coupon: coupon_facts, order_id, amount_fen, reason: reason.to_owned() };
    events::record(tx, name, coupon.user_id, &payload)
}

/// Somebody changed what a sweep or an order's event stands on; the whole transaction is taken back and tried again.
fn lost_race() -> DbError {
    DbError::Conflict("a coupon changed meanwhile".to_owned())
}
