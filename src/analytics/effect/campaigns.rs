//! What a campaign cost and brought.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::analytics::engine::analysis::{Table, Tabular, cell};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::effect::Accounts;
use crate::analytics::engine::event::{CAMPAIGN, Value};
use crate::analytics::engine::figures::{count, ratio, uplift};
use crate::analytics::engine::filter::{Filter, Of, Op, Pick};
use crate::analytics::engine::flaw::{Flaw, Result, expect};
use crate::analytics::engine::people::{Person, PersonSet};
use crate::analytics::reports::known::{paid, picked};
use crate::campaign::{Outcome, OutcomeSide};
use crate::kernel::id::CampaignId;
use crate::kernel::time::{DAY_MS, Timestamp};

/// The campaigns that an order carries.
const CARRIED: &str = "campaign_ids";
/// Most fen of one kind of cost.
const MOST_FEN: i64 = 100_000_000_000;

/// How a campaign's effect is measured, and what it cost beside what it gave away.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectQuestion {
    /// For how many days (of 24 hours) after coming the orders of those whom it brought count.
    #[schema(minimum = 1, maximum = 366, example = 7)]
    pub days: i64,
    /// Goods given away or below cost, in fen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100_000_000_000_i64, example = 50_000)]
    pub goods_fen: i64,
    /// Messages, in fen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100_000_000_000_i64, example = 3_000)]
    pub messages_fen: i64,
    /// Advertising, in fen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100_000_000_000_i64, example = 200_000)]
    pub ads_fen: i64,
}

/// Which people of the effect are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectFigure {
    /// Those whom its shares brought.
    Brought,
    /// Those whose orders carry it.
    DirectBuyers,
    /// Those whom it brought and whose other orders count.
    IndirectBuyers,
}

/// What a campaign cost, in fen.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EffectCosts {
    /// Taken off its orders that stand.
    #[schema(example = 128_000)]
    pub discounts_fen: i64,
    /// Given away otherwise, and not come back.
    #[schema(example = 30_000)]
    pub rewards_fen: i64,
    /// Goods, as said.
    #[schema(example = 50_000)]
    pub goods_fen: i64,
    /// Messages, as said.
    #[schema(example = 3_000)]
    pub messages_fen: i64,
    /// Advertising, as said.
    #[schema(example = 200_000)]
    pub ads_fen: i64,
    /// All of it.
    #[schema(example = 411_000)]
    pub total_fen: i64,
}

/// The treated and the held out, compared: the only effect that may be called incremental.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EffectUplift {
    /// Users who could see the campaign.
    #[schema(example = 9_500)]
    pub treated: u64,
    /// Those of them who bought while it was on.
    #[schema(example = 700)]
    pub treated_bought: u64,
    /// Bought of treated.
    #[schema(example = 0.0737)]
    pub treated_rate: Option<f64>,
    /// Users from whom it was held back.
    #[schema(example = 500)]
    pub held_out: u64,
    /// Those of them who bought while it was on.
    #[schema(example = 30)]
    pub held_out_bought: u64,
    /// Bought of held out.
    #[schema(example = 0.06)]
    pub held_out_rate: Option<f64>,
    /// The difference of the rates; null when a side is empty.
    #[schema(example = 0.0137)]
    pub uplift: Option<f64>,
    /// Lower end of its interval of 95 %.
    #[schema(example = -0.0101)]
    pub low: Option<f64>,
    /// Upper end.
    #[schema(example = 0.0328)]
    pub high: Option<f64>,
}

/// What came of a campaign.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EffectAnswer {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// How it is called.
    #[schema(example = "春季拼团")]
    pub name: String,
    /// As of when.
    pub as_of: Timestamp,
    /// What it cost.
    pub cost: EffectCosts,
    /// People whom its shares brought.
    #[schema(example = 430)]
    pub brought: u64,
    /// Paid orders that carry it.
    #[schema(example = 640)]
    pub direct_orders: u64,
    /// What they brought less what went back, in fen.
    #[schema(example = 3_200_000)]
    pub direct_fen: i64,
    /// Other orders of people whom it brought, paid within the days after coming.
    #[schema(example = 120)]
    pub indirect_orders: u64,
    /// What those brought less what went back, in fen; never added to the direct revenue.
    #[schema(example = 600_000)]
    pub indirect_fen: i64,
    /// Gross margin of the orders that carry it, by the plan's rate on their list value, in fen; null without a rate.
    #[schema(example = 1_331_200)]
    pub gross_margin_fen: Option<i64>,
    /// (Gross margin − cost) / cost; null without a rate or a cost.
    #[schema(example = 2.2389)]
    pub roi: Option<f64>,
    /// What the hold-out says; null without one, or before the campaign began.
    pub hold_out: Option<EffectUplift>,
}

impl Tabular for EffectAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["figure", "value"]);
        let mut row = |figure: &str, value: String| table.row([figure.to_owned(), value]);
        row("discounts_fen", self.cost.discounts_fen.to_string());
        row("rewards_fen", self.cost.rewards_fen.to_string());
        row("goods_fen", self.cost.goods_fen.to_string());
        row("messages_fen", self.cost.messages_fen.to_string());
        row("ads_fen", self.cost.ads_fen.to_string());
        row("cost_fen", self.cost.total_fen.to_string());
        row("brought", self.brought.to_string());
        row("direct_orders", self.direct_orders.to_string());
        row("direct_fen", self.direct_fen.to_string());
        row("indirect_orders", self.indirect_orders.to_string());
        row("indirect_fen", self.indirect_fen.to_string());
        row("gross_margin_fen", cell(self.gross_margin_fen));
        row("roi", cell(self.roi));
        row("uplift", cell(self.hold_out.and_then(|sides| sides.uplift)));
        row("uplift_low", cell(self.hold_out.and_then(|sides| sides.low)));
        row("uplift_high", cell(self.hold_out.and_then(|sides| sides.high)));
        table
    }
}

impl EffectQuestion {
    /// Checks the question.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn validate(&self) -> Result<(), Flaw> {
        expect((1..=366).contains(&self.days), "days", "out_of_range")?;
        for (field, fen) in
            [("goods_fen", self.goods_fen), ("messages_fen", self.messages_fen), ("ads_fen", self.ads_fen)]
        {
            expect((0..=MOST_FEN).contains(&fen), field, "out_of_range")?;
        }
        Ok(())
    }

    /// What came of a campaign.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn answer(&self, data: &Dataset, campaign: CampaignId, books: &Outcome) -> Result<EffectAnswer> {
        let found = self.find(data, campaign)?;
        let (spent, discounts_fen) = (books.spent.get(), books.taken_off.get());
        let listed = found.direct.fen.saturating_add(discounts_fen);
        let gross_margin_fen = books.margin_permille.map(|rate| permille(listed, rate));
        let accounts = Accounts {
            discounts_fen,
            goods_fen: self.goods_fen,
            rewards_fen: spent.saturating_sub(discounts_fen).max(0),
            messages_fen: self.messages_fen,
            ads_fen: self.ads_fen,
            // What was clawed back was never spent in the campaign's books.
            clawed_back_fen: 0,
            gross_margin_fen: gross_margin_fen.unwrap_or_default(),
            direct_fen: found.direct.fen,
            indirect_fen: found.indirect.fen,
        };
        let effect = accounts.effect();
        Ok(EffectAnswer {
            campaign_id: campaign,
            name: books.name.clone(),
            as_of: Timestamp::from_millis(data.now),
            cost: EffectCosts {
                discounts_fen,
                rewards_fen: accounts.rewards_fen,
                goods_fen: self.goods_fen,
                messages_fen: self.messages_fen,
                ads_fen: self.ads_fen,
                total_fen: effect.cost_fen,
            },
            brought: count(found.brought.len()),
            direct_orders: found.direct.orders,
            direct_fen: effect.direct_fen,
            indirect_orders: found.indirect.orders,
            indirect_fen: effect.indirect_fen,
            gross_margin_fen,
            roi: gross_margin_fen.and(effect.roi),
            hold_out: books.sides.map(|(treated, held_out)| compared(treated, held_out)),
        })
    }

    /// The persons behind a figure.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn people(&self, data: &Dataset, campaign: CampaignId, figure: EffectFigure) -> Result<PersonSet> {
        let found = self.find(data, campaign)?;
        Ok(match figure {
            EffectFigure::Brought => found.brought.keys().copied().collect(),
            EffectFigure::DirectBuyers => found.direct.buyers,
            EffectFigure::IndirectBuyers => found.indirect.buyers,
        })
    }

    fn find(&self, data: &Dataset, campaign: CampaignId) -> Result<Found> {
        let mut found = Found::default();
        for told in picked(data, of_campaign("share_acquired", CAMPAIGN, campaign), &[], None)? {
            let came = found.brought.entry(told.person).or_insert(told.at);
            *came = told.at.min(*came);
        }
        let carrying = picked(data, of_campaign("order_paid", CARRIED, campaign), &["order_id"], None)?;
        let carrying: HashSet<String> =
            carrying.into_iter().filter_map(|told| told.texts.into_iter().next()?).collect();
        let echo = self.days.saturating_mul(DAY_MS);
        for one in paid(data)? {
            let came = found.brought.get(&one.order.buyer);
            if one.order_id.is_some_and(|order| carrying.contains(&order)) {
                found.direct.add(one.order.buyer, one.order.net_fen);
            } else if came.is_some_and(|came| (*came..came.saturating_add(echo)).contains(&one.order.at)) {
                found.indirect.add(one.order.buyer, one.order.net_fen);
            }
        }
        Ok(found)
    }
}

/// Orders with their buyers.
#[derive(Default)]
struct Orders {
    orders: u64,
    fen: i64,
    buyers: PersonSet,
}

impl Orders {
    fn add(&mut self, buyer: Person, fen: i64) {
        self.orders = self.orders.saturating_add(1);
        self.fen = self.fen.saturating_add(fen);
        self.buyers.insert(buyer);
    }
}

/// Everything that came of a campaign.
#[derive(Default)]
struct Found {
    /// Whom it brought, and when they came.
    brought: BTreeMap<Person, i64>,
    direct: Orders,
    indirect: Orders,
}

fn of_campaign(event: &str, property: &str, campaign: CampaignId) -> Pick {
    let (of, op, values) = (Of::Event, Op::Eq, vec![Value::Text(campaign.to_string())]);
    Pick { event: event.to_owned(), filters: vec![Filter { of, property: property.to_owned(), op, values }] }
}

/// So many thousandths of an amount, rounded half away from zero.
fn permille(fen: i64, rate: i64) -> i64 {
    let thousandths = i128::from(fen).saturating_mul(i128::from(rate));
    let half = if thousandths < 0 { -500 } else { 500 };
    i64::try_from(thousandths.saturating_add(half).saturating_div(1_000)).unwrap_or(i64::MAX)
}

fn compared(treated: OutcomeSide, held_out: OutcomeSide) -> EffectUplift {
    let counted = |count: i64| u64::try_from(count).unwrap_or_default();
    let side = |side: OutcomeSide| (counted(side.buyers), counted(side.users));
    let (treated, held_out) = (side(treated), side(held_out));
    let added = uplift(treated, held_out);
    EffectUplift {
        treated: treated.1,
        treated_bought: treated.0,
        treated_rate: ratio(treated.0, treated.1),
        held_out: held_out.1,
        held_out_bought: held_out.0,
        held_out_rate: ratio(held_out.0, held_out.1),
        uplift: added.map(|added| added.0),
        low: added.map(|added| added.1),
        high: added.map(|added| added.2),
    }
}
