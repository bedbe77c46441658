//! What a campaign cost and whom it was held back from, for those who judge its effect.

use super::super::error::CampaignError;
use super::super::store;
use super::report::{HoldOutFigures, hold_out, order_cost};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::Tx;

/// One side of a comparison: how many users there are, and how many of them bought while the campaign was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeSide {
    /// Users.
    pub users: i64,
    /// Buyers among them.
    pub buyers: i64,
}

/// What a campaign cost, and what its hold-out says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it is called.
    pub name: String,
    /// What it gave away and did not get back.
    pub spent: Fen,
    /// What of that it took off paid orders that stand.
    pub taken_off: Fen,
    /// The gross margin of its goods, in thousandths; `None` when staff did not say.
    pub margin_permille: Option<i64>,
    /// The treated and the held out; `None` without a hold-out, or before the campaign began.
    pub sides: Option<(OutcomeSide, OutcomeSide)>,
}

/// What a campaign cost, and what its hold-out says.
///
/// # Errors
/// [`CampaignError::NotFound`], or the database's.
pub fn outcome(tx: &mut Tx<'_>, id: CampaignId) -> Result<Outcome, CampaignError> {
    let campaign = store::find(tx, id)?.ok_or(CampaignError::NotFound)?;
    let taken_off = order_cost(tx, &campaign.row)?;
    let sides = hold_out(tx, &campaign.row)?.map(|HoldOutFigures { treated, held_out, .. }| {
        let side = |side: super::super::rules::Side| OutcomeSide { users: side.users, buyers: side.buyers };
        (side(treated), side(held_out))
    });
    Ok(Outcome {
        spent: campaign.budget.spent,
        taken_off,
        margin_permille: campaign.row.margin_permille,
        name: campaign.row.name,
        sides,
    })
}
