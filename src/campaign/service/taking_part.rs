//! Who takes part: limits for each user, what was done, and which orders came of it.

use serde_json::json;

use super::super::error::CampaignError;
use super::super::model::{Action, CampaignActionId, CampaignOrder};
use super::super::rules;
use super::super::store::{self, ActionRow, OrderRow, Participant, Use};
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, OrderId, UserId, made_at};
use crate::kernel::money::Fen;
use crate::kernel::network::network_of;
use crate::platform::db::{DbError, DbResult, Tx};

/// The day under which uses of the whole campaign are counted.
const WHOLE_CAMPAIGN: Day = Day::new(0);

/// Counts that a user does something once more, at most `limit` times on `day`, or in the whole campaign when no day is
/// named. The day is usually `tx.today()`.
///
/// # Errors
/// [`CampaignError::LimitReached`] with `what` and `limit`; the transaction must then be given up. Or the database's.
pub fn count_use(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    user: UserId,
    what: &'static str,
    limit: i64,
    day: Option<Day>,
) -> Result<(), CampaignError> {
    let it = Use { campaign, user, what, day: day.unwrap_or(WHOLE_CAMPAIGN) };
    if limit > 0 && store::count_use(tx, &it, limit)? {
        return Ok(());
    }
    Err(CampaignError::LimitReached(json!({ "what": what, "limit": limit })))
}

/// Takes back one use that was counted; the caller makes sure that it asks once.
///
/// # Errors
/// When the database fails, or when nothing was counted, which is a defect.
pub fn uncount_use(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    user: UserId,
    what: &'static str,
    day: Option<Day>,
) -> DbResult<()> {
    let it = Use { campaign, user, what, day: day.unwrap_or(WHOLE_CAMPAIGN) };
    if store::uncount_use(tx, &it)? {
        return Ok(());
    }
    Err(DbError::Defect(format!("{it:?} was never counted")))
}

/// How often a user did something, for a page that tells them what is left.
///
/// # Errors
/// When the database fails.
pub fn used(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    user: UserId,
    what: &'static str,
    day: Option<Day>,
) -> DbResult<i64> {
    store::used(tx, &Use { campaign, user, what, day: day.unwrap_or(WHOLE_CAMPAIGN) })
}

/// Writes down what somebody did in a campaign. The first time makes them a participant; every time feeds the rules that
/// watch the campaign.
///
/// # Errors
/// When the database fails.
pub fn note(tx: &mut Tx<'_>, action: &Action<'_>) -> DbResult<()> {
    let (now, today) = (tx.now(), tx.today());
    let participant = Participant {
        campaign_id: action.campaign,
        user_id: action.user,
        what: action.what,
        newcomer: action.newcomer,
        day: today,
        at: now,
    };
    store::insert_participant(tx, participant)?;
    let row = ActionRow {
        id: CampaignActionId::new(tx.next_id()),
        campaign_id: action.campaign,
        user_id: action.user,
        what: action.what,
        newcomer: action.newcomer,
        fresh: rules::is_fresh(made_at(action.user.get()), now),
        device_id: action.device,
        network: action.network.and_then(network_of),
        inviter_id: action.inviter,
        amount: action.amount,
        at: now,
    };
    store::insert_action(tx, row)
}

/// Writes down that an order carries a campaign; what becomes of the order follows from the order's own events. Once for
/// each order and campaign.
///
/// # Errors
/// When the database fails.
pub fn attribute(tx: &mut Tx<'_>, order: &CampaignOrder) -> DbResult<()> {
    let row = OrderRow {
        order_id: order.order_id,
        campaign_id: order.campaign,
        user_id: order.user,
        newcomer: order.newcomer,
        channel: order.channel,
        inviter_id: order.inviter,
        cost_fen: order.cost,
        total_fen: order.total,
        refunded_fen: Fen::ZERO,
        day: tx.today(),
        placed_at: tx.now(),
        order_version: 0,
    };
    store::insert_order(tx, row)
}

/// The campaigns an order carries.
///
/// # Errors
/// When the database fails.
pub fn carried_by(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<CampaignId>> {
    store::campaigns_of_order(tx, order)
}
