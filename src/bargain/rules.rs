//! Pure decisions about bargains: what rules may say, what a bargain is cut into, who may do what and why not.

use serde::Serialize;

use super::model::{
    Bargain, BargainState, BuyRule, LIFETIME_MINUTES, MAX_CUTS, MAX_PER_USER, MAX_PRIZED_RANK, MAX_PRIZES, MAX_QUOTA,
    Prize, Rules,
};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::partition::{Draws, Shape, partition};
use crate::kernel::time::Timestamp;

/// Highest price that can be bargained over: a million yuan.
const MAX_PRICE: Fen = Fen::new(100_000_000);

/// A field of the rules that breaks its own rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// The field.
    pub field: &'static str,
    /// What it should be.
    pub rule: &'static str,
}

/// Everything that is wrong with rules in themselves; whether the SKU and the coupons exist is another question.
pub fn flaws(rules: &Rules) -> Vec<Flaw> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, field, rule| {
        if !holds {
            found.push(Flaw { field, rule });
        }
    };
    let limit = |limit: Option<i64>| limit.is_none_or(|limit| (1..=MAX_PER_USER).contains(&limit));
    expect((Fen::ZERO..MAX_PRICE).contains(&rules.floor_fen), "floor_fen", "at least 0, below 1,000,000 yuan");
    let fewest = if rules.owner_cuts_first { 2 } else { 1 };
    expect(
        (fewest..=MAX_CUTS).contains(&rules.cuts_min),
        "cuts_min",
        "1 to 1000, at least 2 when the owner cuts first",
    );
    expect((rules.cuts_min..=MAX_CUTS).contains(&rules.cuts_max), "cuts_max", "cuts_min to 1000");
    if let Some(start) = rules.start_fen {
        let room = start.minus(rules.floor_fen).is_some_and(|room| room.get() >= rules.cuts_max);
        expect(
            room && start <= MAX_PRICE,
            "start_fen",
            "above the floor by a fen for every cut, at most 1,000,000 yuan",
        );
    }
    expect(LIFETIME_MINUTES.contains(&rules.lifetime_minutes), "lifetime_minutes", "15 to 43200");
    expect(limit(rules.helps_per_day), "helps_per_day", "1 to 10000");
    expect(limit(rules.helps_per_campaign), "helps_per_campaign", "1 to 10000");
    expect(limit(rules.bargains_per_user), "bargains_per_user", "1 to 10000");
    expect((1..=MAX_QUOTA).contains(&rules.quota), "quota", "1 to 1000000");
    expect(gapless(&rules.prizes), "prizes", "at most 10, from place 1 to at most 100, without gap or overlap");
    found
}

fn gapless(prizes: &[Prize]) -> bool {
    let mut next = 1;
    let follows = |prize: &Prize| {
        let fits = prize.from_rank == next && (prize.from_rank..=MAX_PRIZED_RANK).contains(&prize.to_rank);
        next = prize.to_rank.saturating_add(1);
        fits
    };
    prizes.len() <= MAX_PRIZES && prizes.iter().all(follows)
}

/// What wins a place, if anything.
pub fn prize_of(prizes: &[Prize], place: i64) -> Option<&Prize> {
    prizes.iter().find(|prize| (prize.from_rank..=prize.to_rank).contains(&place))
}

/// The last place that wins something; 0 when none does.
pub fn last_prized(prizes: &[Prize]) -> i64 {
    prizes.iter().map(|prize| prize.to_rank).max().unwrap_or(0)
}

/// Where a bargain starts: at the price given, and never above what the SKU costs now.
pub fn start_of(given: Option<Fen>, price_now: Fen) -> Fen {
    given.map_or(price_now, |given| given.min(price_now))
}

/// From where to where a price is cut, and into how many pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Where it starts.
    pub start: Fen,
    /// The lowest price.
    pub floor: Fen,
    /// Fewest pieces.
    pub cuts_min: i64,
    /// Most pieces.
    pub cuts_max: i64,
}

/// Draws the pieces of a bargain from its seed: first how many, then each, the early ones larger as a trend. The same
/// seed gives the same pieces for ever. `None` when there is less than a fen for each of the fewest pieces.
pub fn pieces(ground: &Ground, seed: i64) -> Option<Vec<Fen>> {
    let seed = seed.cast_unsigned();
    let difference = ground.start.minus(ground.floor)?;
    if difference.get() < ground.cuts_min {
        return None;
    }
    let drawn = Draws::new("bargain/cuts/1", seed).between(ground.cuts_min, ground.cuts_max);
    let count = usize::try_from(drawn.min(difference.get())).ok()?;
    partition(difference, count, Fen::new(1), Shape::FrontLoaded, seed)
}

/// Why somebody cannot do something with a bargain now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It was redeemed.
    Bought,
    /// Its time is over.
    Expired,
    /// An order holds it; its owner learns which.
    BeingBought(Option<OrderId>),
    /// Nothing is left to cut.
    FloorReached,
    /// So much is left to the floor, and only there can it be bought.
    FloorNotReached(Fen),
    /// It is the helper's own.
    OwnBargain,
    /// It is not the buyer's.
    NotTheOwner,
}

/// Whether `helper` may cut. That nobody helps twice, and how often they may help, is counted where it is written.
///
/// # Errors
/// Why not.
pub fn may_help(bargain: &Bargain, helper: UserId, now: Timestamp) -> Result<(), Hindrance> {
    require(bargain.user_id != helper, Hindrance::OwnBargain)?;
    require(bargain.state != BargainState::Bought, Hindrance::Bought)?;
    require(!bargain.is_at_floor(), Hindrance::FloorReached)?;
    require(bargain.state_at(now) == BargainState::Running, Hindrance::Expired)?;
    require(bargain.order_id.is_none(), Hindrance::BeingBought(None))
}

/// Whether `buyer` may redeem it.
///
/// # Errors
/// Why not.
pub fn may_buy(bargain: &Bargain, when: BuyRule, buyer: UserId, now: Timestamp) -> Result<(), Hindrance> {
    require(bargain.user_id == buyer, Hindrance::NotTheOwner)?;
    require(bargain.state != BargainState::Bought, Hindrance::Bought)?;
    require(bargain.state_at(now) == BargainState::Running, Hindrance::Expired)?;
    require(bargain.order_id.is_none(), Hindrance::BeingBought(bargain.order_id))?;
    require(when == BuyRule::AnyPrice || bargain.is_at_floor(), Hindrance::FloorNotReached(bargain.left()))
}

fn require(holds: bool, hindrance: Hindrance) -> Result<(), Hindrance> {
    if holds { Ok(()) } else { Err(hindrance) }
}

/// What a bargain takes off the base price of one piece: nothing when the shop's own price has fallen below it.
pub fn taken_off(base: Fen, price: Fen) -> Fen {
    base.minus(price).unwrap_or(Fen::ZERO).max(Fen::ZERO)
}

#[cfg(test)]
mod tests;
