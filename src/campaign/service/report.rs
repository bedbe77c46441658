//! The report of a campaign: what staff planned against what came.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::super::error::CampaignError;
use super::super::kinds::CampaignKinds;
use super::super::model::{Audience, Campaign, CampaignRow};
use super::super::rules::{self, Side};
use super::super::store;
use crate::identity;
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::share::{self, Channel};

/// How long after its end users whom a campaign's shares bring still count as brought by it.
const ECHO_MS: i64 = 7 * DAY_MS;
/// Users looked at together when the sides of a comparison are counted.
const BATCH: i64 = 5_000;

/// What came of a campaign, in all, on one day or by one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::campaign) struct Sums {
    /// Orders placed.
    pub(in crate::campaign) placed: i64,
    /// Those that were paid.
    pub(in crate::campaign) paid: i64,
    /// Paid ones of users who had never paid before.
    pub(in crate::campaign) newcomer_orders: i64,
    /// What the paid ones brought.
    pub(in crate::campaign) revenue: Fen,
    /// What of it went back.
    pub(in crate::campaign) refunded: Fen,
    /// What the campaign gave away on paid orders that stand.
    pub(in crate::campaign) order_cost: Fen,
    /// Users whom its shares brought.
    pub(in crate::campaign) new_users: i64,
}

impl Sums {
    /// What stays in the shop.
    pub(in crate::campaign) fn net_revenue(&self) -> Fen {
        self.revenue.minus(self.refunded).unwrap_or(Fen::ZERO)
    }

    fn add(&mut self, other: &Self) -> DbResult<()> {
        let count = |left: i64, right: i64| left.saturating_add(right);
        let money = |left: Fen, right: Fen| left.plus(right).ok_or_else(too_much);
        *self = Self {
            placed: count(self.placed, other.placed),
            paid: count(self.paid, other.paid),
            newcomer_orders: count(self.newcomer_orders, other.newcomer_orders),
            revenue: money(self.revenue, other.revenue)?,
            refunded: money(self.refunded, other.refunded)?,
            order_cost: money(self.order_cost, other.order_cost)?,
            new_users: count(self.new_users, other.new_users),
        };
        Ok(())
    }
}

fn too_much() -> DbError {
    DbError::Defect("the sums of a campaign leave the range of money".to_owned())
}

/// One day of a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::campaign) struct DayFigures {
    /// Orders placed on it and new users of it.
    pub(in crate::campaign) sums: Sums,
    /// Users who first took part on it.
    pub(in crate::campaign) participants: i64,
    /// Those of them who had never paid for an order.
    pub(in crate::campaign) newcomers: i64,
    /// What was given away on it and did not come back.
    pub(in crate::campaign) spent: Fen,
}

/// The treated and the held out, compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct HoldOutFigures {
    /// Users who could see the campaign, and how many of them bought anything while it was on.
    pub(in crate::campaign) treated: Side,
    /// What the treated bought, less what went back.
    pub(in crate::campaign) treated_revenue: Fen,
    /// The same of those from whom it was held back.
    pub(in crate::campaign) held_out: Side,
    /// What the held out bought, less what went back.
    pub(in crate::campaign) held_out_revenue: Fen,
}

/// Everything the report shows.
#[derive(Clone, Debug)]
pub(in crate::campaign) struct Report {
    /// The campaign with its plan.
    pub(in crate::campaign) campaign: Campaign,
    /// In all.
    pub(in crate::campaign) total: DayFigures,
    /// Buyers whose orders stand.
    pub(in crate::campaign) buyers: i64,
    /// Those of them who had never paid before.
    pub(in crate::campaign) new_buyers: i64,
    /// By the day orders were placed on.
    pub(in crate::campaign) by_day: BTreeMap<Day, DayFigures>,
    /// By the channel buyers and new users came by; `None` is no share.
    pub(in crate::campaign) by_channel: BTreeMap<Option<Channel>, Sums>,
    /// Return on what was given away.
    pub(in crate::campaign) roi: Option<Decimal>,
    /// New users for each participant.
    pub(in crate::campaign) k: Option<Decimal>,
    /// The comparison, when there is a hold-out and the campaign began.
    pub(in crate::campaign) hold_out: Option<HoldOutFigures>,
    /// The kind's own part.
    pub(in crate::campaign) of_kind: Value,
}

/// Adds a campaign up.
pub(in crate::campaign) fn report(
    tx: &mut Tx<'_>,
    kinds: &CampaignKinds,
    id: CampaignId,
) -> Result<Report, CampaignError> {
    let campaign = store::find(tx, id)?.ok_or(CampaignError::NotFound)?;
    let mut by_day: BTreeMap<Day, DayFigures> = BTreeMap::new();
    let mut by_channel: BTreeMap<Option<Channel>, Sums> = BTreeMap::new();
    for (day, channel, sums) in parts(tx, &campaign.row)? {
        by_day.entry(day).or_default().sums.add(&sums)?;
        by_channel.entry(channel).or_default().add(&sums)?;
    }
    for sum in store::participant_sums(tx, id)? {
        let figures = by_day.entry(sum.day).or_default();
        (figures.participants, figures.newcomers) = (sum.users, sum.newcomers);
    }
    for (day, spent) in store::spent_by_day(tx, id)? {
        by_day.entry(day).or_default().spent = spent;
    }
    let total = whole(&campaign, &by_day)?;
    let buyers = store::buyers(tx, id)?;
    let of_kind = kinds.figures(tx, campaign.row.kind, id)?;
    Ok(Report {
        roi: rules::roi(total.sums.net_revenue(), total.sums.order_cost, total.spent, campaign.row.margin_permille),
        k: rules::ratio(total.sums.new_users, total.participants),
        hold_out: hold_out(tx, &campaign.row)?,
        campaign,
        total,
        buyers: buyers.all,
        new_buyers: buyers.newcomers,
        by_day,
        by_channel,
        of_kind,
    })
}

/// What a campaign took off paid orders that stand.
pub(in crate::campaign) fn order_cost(tx: &mut Tx<'_>, row: &CampaignRow) -> DbResult<Fen> {
    let mut costs = store::order_sums(tx, row.id)?.into_iter().map(|sum| sum.cost);
    costs.try_fold(Fen::ZERO, |all, cost| all.plus(cost).ok_or_else(too_much))
}

/// Orders and new users, each with its day and its channel.
fn parts(tx: &mut Tx<'_>, row: &CampaignRow) -> DbResult<Vec<(Day, Option<Channel>, Sums)>> {
    let orders = store::order_sums(tx, row.id)?.into_iter().map(|sum| {
        let sums = Sums {
            placed: sum.placed,
            paid: sum.paid,
            newcomer_orders: sum.newcomers,
            revenue: sum.revenue,
            refunded: sum.refunded,
            order_cost: sum.cost,
            new_users: 0,
        };
        (sum.day, sum.channel, sums)
    });
    let mut parts: Vec<_> = orders.collect();
    let until = row.ended_at.unwrap_or(row.ends_at).plus_millis(ECHO_MS);
    for acquired in share::acquired_through(tx, row.id, row.created_at, until)? {
        let sums = Sums { new_users: acquired.users, ..Sums::default() };
        parts.push((tx.zone().day_of(acquired.hour), Some(acquired.channel), sums));
    }
    Ok(parts)
}

fn whole(campaign: &Campaign, by_day: &BTreeMap<Day, DayFigures>) -> DbResult<DayFigures> {
    let mut total = DayFigures { spent: campaign.budget.spent, ..DayFigures::default() };
    for figures in by_day.values() {
        total.sums.add(&figures.sums)?;
        total.participants = total.participants.saturating_add(figures.participants);
        total.newcomers = total.newcomers.saturating_add(figures.newcomers);
    }
    Ok(total)
}

/// Compares everybody the campaign was meant for, by whether it was held back from them; whether they looked at it does
/// not matter, so that the sides differ in nothing else. For a list these are the users on it, otherwise all who were
/// known before it ended.
pub(in crate::campaign) fn hold_out(tx: &mut Tx<'_>, row: &CampaignRow) -> DbResult<Option<HoldOutFigures>> {
    if row.holdout_permille == 0 || row.started_at.is_none() {
        return Ok(None);
    }
    let (treated, held_out) = sides(tx, row)?;
    let empty = Side { users: treated, buyers: 0 };
    let mut figures = HoldOutFigures {
        treated: empty,
        treated_revenue: Fen::ZERO,
        held_out: Side { users: held_out, buyers: 0 },
        held_out_revenue: Fen::ZERO,
    };
    for sum in store::outcome_sums(tx, row.id)? {
        if sum.held_out {
            (figures.held_out.buyers, figures.held_out_revenue) = (sum.buyers, sum.net_revenue);
        } else {
            (figures.treated.buyers, figures.treated_revenue) = (sum.buyers, sum.net_revenue);
        }
    }
    Ok(Some(figures))
}

/// How many users are treated and how many held out.
fn sides(tx: &mut Tx<'_>, row: &CampaignRow) -> DbResult<(i64, i64)> {
    let known_before: Timestamp = row.ended_at.unwrap_or_else(|| tx.now().plus_millis(1));
    let (mut treated, mut held_out, mut after) = (0_i64, 0_i64, UserId::new(0));
    loop {
        let users = match row.audience {
            Audience::List => store::listed(tx, row.id, after, BATCH)?,
            Audience::Everyone | Audience::Newcomers | Audience::Customers => {
                identity::made_before(tx, known_before, after, BATCH)?
            }
        };
        let Some(last) = users.last().copied() else { return Ok((treated, held_out)) };
        after = last;
        for user in users {
            if rules::is_held_out(row.id, user, row.holdout_permille) {
                held_out = held_out.saturating_add(1);
            } else {
                treated = treated.saturating_add(1);
            }
        }
    }
}
