//! Effect of campaigns and messages (definitions §13).
#![allow(clippy::float_arithmetic, reason = "rates and returns; sums of money are whole fen")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::analysis::{Table, Tabular, cell};
use super::dataset::Dataset;
use super::figures::{quotient, ratio, real_signed, uplift};
use super::people::{Person, PersonSet};
use super::shares::Forest;

const DAY_MS: i64 = 86_400_000;

/// What a campaign cost and brought, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = effect::Accounts)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Discounts that the shop bore.
    pub discounts_fen: i64,
    /// Goods given away or below cost.
    pub goods_fen: i64,
    /// Rewards.
    pub rewards_fen: i64,
    /// Messages sent.
    pub messages_fen: i64,
    /// Advertising.
    pub ads_fen: i64,
    /// Clawed back from those who cheated.
    pub clawed_back_fen: i64,
    /// Gross margin of the orders that it is measured by.
    pub gross_margin_fen: i64,
    /// Revenue of orders that carry the campaign.
    pub direct_fen: i64,
    /// Revenue of orders of users whom it brought, that do not carry it.
    pub indirect_fen: i64,
}

/// What came of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = effect::CampaignEffect)]
pub struct CampaignEffect {
    /// Everything it cost, in fen.
    pub cost_fen: i64,
    /// Revenue of orders that carry it, in fen.
    pub direct_fen: i64,
    /// Revenue of orders of users whom it brought, in fen; never added to the direct one.
    pub indirect_fen: i64,
    /// (Gross margin − cost) / cost; none without cost.
    pub roi: Option<f64>,
}

impl Accounts {
    /// What came of it.
    pub fn effect(&self) -> CampaignEffect {
        let parts = [self.discounts_fen, self.goods_fen, self.rewards_fen, self.messages_fen, self.ads_fen];
        let cost_fen = parts.iter().sum::<i64>() - self.clawed_back_fen;
        CampaignEffect {
            cost_fen,
            direct_fen: self.direct_fen,
            indirect_fen: self.indirect_fen,
            roi: quotient(real_signed(self.gross_margin_fen - cost_fen), real_signed(cost_fen)),
        }
    }
}

/// Direct and indirect revenue of a campaign, in fen: of the orders that carry one of its shares, and of the other
/// orders that people brought by them paid within `days` of coming.
pub fn revenue(data: &Dataset, topic: &str, days: i64) -> (i64, i64) {
    let forest = Forest::of(data, data.now);
    let brought: BTreeMap<Person, i64> = forest
        .edges
        .iter()
        .filter(|edge| edge.acquired && edge.share.topic == topic)
        .map(|edge| (edge.viewer, edge.at))
        .collect();
    let tokens: std::collections::BTreeSet<&str> =
        data.shares.shares.iter().filter(|share| share.topic == topic).map(|share| share.token.as_str()).collect();
    let (mut direct, mut indirect) = (0, 0);
    for order in &data.shares.orders {
        let came = brought.get(&data.people.of(order.buyer));
        if order.token.as_deref().is_some_and(|token| tokens.contains(token)) {
            direct += order.net_fen;
        } else if came.is_some_and(|came| (*came..came + days * DAY_MS).contains(&order.at)) {
            indirect += order.net_fen;
        }
    }
    (direct, indirect)
}

/// A message to one person, or its being withheld for comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = effect::Delivery)]
pub struct Delivery {
    /// To whom.
    pub subject: u32,
    /// By which channel.
    pub channel: String,
    /// When it was delivered, or would have been; UTC milliseconds.
    pub at: i64,
    /// Whether it was withheld.
    pub held_out: bool,
}

/// What messages of one channel did.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = effect::MessageEffect)]
pub struct MessageEffect {
    /// The channel.
    pub channel: String,
    /// People who got one.
    pub delivered: u64,
    /// Those who bought within 24 hours.
    pub bought: u64,
    /// Bought of delivered.
    pub rate: Option<f64>,
    /// People from whom it was withheld.
    pub held_out: u64,
    /// Those of them who bought within 24 hours.
    pub held_out_bought: u64,
    /// Bought of held out.
    pub held_out_rate: Option<f64>,
    /// The difference of the rates: what the messages added. None without a hold-out.
    pub uplift: Option<f64>,
    /// Lower end of its interval of 95 %.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// What messages did, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = effect::MessageAnswer)]
pub struct MessageAnswer {
    /// The channels.
    pub channels: Vec<MessageEffect>,
}

impl Tabular for MessageAnswer {
    fn table(&self) -> Table {
        let headers =
            ["channel", "delivered", "bought", "rate", "held_out", "held_out_bought", "uplift", "low", "high"];
        let mut table = Table::new(&headers);
        for row in &self.channels {
            let got = [row.channel.clone(), row.delivered.to_string(), row.bought.to_string(), cell(row.rate)];
            let held = [row.held_out.to_string(), row.held_out_bought.to_string()];
            table.row(got.into_iter().chain(held).chain([row.uplift, row.low, row.high].map(cell)));
        }
        table
    }
}

/// Who got messages of a channel or was held out, and who of them bought within 24 hours of the moment.
pub fn reached(data: &Dataset, deliveries: &[Delivery], channel: &str, held_out: bool) -> (PersonSet, PersonSet) {
    let mut orders: BTreeMap<Person, Vec<i64>> = BTreeMap::new();
    for order in &data.shares.orders {
        orders.entry(data.people.of(order.buyer)).or_default().push(order.at);
    }
    let (mut all, mut bought) = (PersonSet::new(), PersonSet::new());
    for delivery in deliveries.iter().filter(|one| one.channel == channel && one.held_out == held_out) {
        let person = data.people.of(delivery.subject);
        let window = delivery.at..=delivery.at + DAY_MS;
        all.insert(person);
        if orders.get(&person).is_some_and(|orders| orders.iter().any(|at| window.contains(at))) {
            bought.insert(person);
        }
    }
    (all, bought)
}

/// What messages did.
pub fn messages(data: &Dataset, deliveries: &[Delivery]) -> MessageAnswer {
    let channels: std::collections::BTreeSet<&str> = deliveries.iter().map(|one| one.channel.as_str()).collect();
    let effect = |channel: &str| {
        let (delivered, bought) = reached(data, deliveries, channel, false);
        let (held_out, held_out_bought) = reached(data, deliveries, channel, true);
        let (treated, control) = ((bought.len(), delivered.len()), (held_out_bought.len(), held_out.len()));
        let added = uplift(treated, control);
        MessageEffect {
            channel: channel.to_owned(),
            delivered: treated.1,
            bought: treated.0,
            rate: ratio(treated.0, treated.1),
            held_out: control.1,
            held_out_bought: control.0,
            held_out_rate: ratio(control.0, control.1),
            uplift: added.map(|added| added.0),
            low: added.map(|added| added.1),
            high: added.map(|added| added.2),
        }
    };
    MessageAnswer { channels: channels.into_iter().map(effect).collect() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analytics::engine::shares::{Open, Order, Share, Shares};
    use crate::analytics::engine::testing::{DAY, MONDAY, history};

    #[test]
    fn returns_are_margin_less_cost_by_cost() {
        let accounts = Accounts {
            discounts_fen: 300,
            rewards_fen: 250,
            clawed_back_fen: 50,
            gross_margin_fen: 750,
            ..Accounts::default()
        };
        let effect = accounts.effect();
        assert_eq!((effect.cost_fen, effect.roi), (500, Some(0.5)));
        assert_eq!(Accounts::default().effect().roi, None, "without cost there is no return on it");
    }

    #[test]
    fn messages_are_judged_against_those_who_got_none() {
        let order = |buyer, at| Order { buyer, at, net_fen: 1, token: None };
        let orders = vec![order(1, MONDAY + DAY), order(2, MONDAY + DAY + 1), order(3, MONDAY - 1), order(5, MONDAY)];
        let data = Dataset { shares: Arc::new(Shares { orders, ..Shares::default() }), ..history(Vec::new()) };
        let delivery = |subject, held_out| Delivery { subject, channel: "sms".into(), at: MONDAY, held_out };
        let sent = [delivery(1, false), delivery(2, false), delivery(3, false), delivery(4, true), delivery(5, true)];
        let effect = messages(&data, &sent).channels.remove(0);
        assert_eq!((effect.delivered, effect.bought, effect.held_out, effect.held_out_bought), (3, 1, 2, 1));
        assert!((effect.uplift.unwrap() + 1.0 / 6.0).abs() < 1e-12);
        assert!(effect.low < effect.uplift && effect.uplift < effect.high);
        assert_eq!(messages(&data, &sent[..3]).channels[0].uplift, None, "no claim without a hold-out");
    }

    #[test]
    fn direct_and_indirect_revenue_stay_apart() {
        let order = |at, net_fen, token: Option<&str>| Order { buyer: 2, at, net_fen, token: token.map(str::to_owned) };
        let shares = Shares {
            shares: vec![Share { token: "s".into(), sharer: 1, at: MONDAY, page: String::new(), topic: "c".into() }],
            opens: vec![Open { token: "s".into(), viewer: 2, at: MONDAY + 1 }],
            orders: vec![
                order(MONDAY + 2, 10, Some("s")),
                order(MONDAY + 3, 5, None),
                order(MONDAY + 9 * DAY, 3, None),
            ],
            first_seen: vec![(1, MONDAY - DAY), (2, MONDAY + 1)],
        };
        let data = Dataset { shares: Arc::new(shares), ..history(Vec::new()) };
        assert_eq!(revenue(&data, "c", 7), (10, 5));
    }
}
