//! The questions.
//!
//! A funnel follows one person. What several do together is told from each side: those who lead a group and those who
//! join it, those whose price is cut and those who cut it, those who give packets and those who take of them.

use crate::analytics::engine::calendar::Range;
use crate::analytics::engine::event::Value;
use crate::analytics::engine::filter::{Op, Pick};
use crate::analytics::engine::funnel::{Funnel, Order, Unit};
use crate::analytics::engine::hourglass::Hourglass;
use crate::kernel::time::DAY_MS;

/// The time that people are given: 14 days.
const WINDOW_MS: i64 = 14 * DAY_MS;

/// What is asked.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// The steps of a funnel.
    Steps(fn() -> Vec<Pick>),
    /// Once round the hourglass.
    Hourglass,
}

/// The definition of a question about some time.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Funnel(Funnel),
    Hourglass(Hourglass),
}

/// A question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    /// In paths.
    pub(super) name: &'static str,
    /// In Chinese.
    pub(super) title_zh: &'static str,
    /// In English.
    pub(super) title_en: &'static str,
    shape: Shape,
}

const fn funnel(name: &'static str, [title_zh, title_en]: [&'static str; 2], steps: fn() -> Vec<Pick>) -> Ready {
    Ready { name, title_zh, title_en, shape: Shape::Steps(steps) }
}

/// Every question.
pub(super) const EVERY: &[Ready] = &[
    funnel("purchase", ["购买漏斗", "From looking to paying"], purchase),
    funnel("group-buy-leaders", ["拼团漏斗：团长", "Group buys: those who lead"], group_leaders),
    funnel("group-buy-members", ["拼团漏斗：团员", "Group buys: those who join"], group_members),
    funnel("bargain-owners", ["砍价漏斗：发起人", "Bargains: those who open"], bargain_owners),
    funnel("bargain-helpers", ["砍价漏斗：助力好友", "Bargains: those who help"], bargain_helpers),
    funnel("packet-givers", ["社交红包漏斗：发起人", "Packets: those who give"], packet_givers),
    funnel("packet-takers", ["社交红包漏斗：领取人", "Packets: those who take"], packet_takers),
    funnel("live", ["直播漏斗", "Live rooms: from entering to sharing"], live),
    Ready {
        name: "hourglass",
        title_zh: "完整沙漏：获客、激活、购买、分享、再获客",
        title_en: "The full hourglass: acquire, activate, buy, share, acquire again",
        shape: Shape::Hourglass,
    },
];

/// The question of that name.
pub(super) fn find(name: &str) -> Option<Ready> {
    EVERY.iter().find(|ready| ready.name == name).copied()
}

fn named(names: &[&str]) -> Vec<Pick> {
    names.iter().map(|name| Pick::named(name)).collect()
}

fn about(event: &str, kind: &str) -> Pick {
    Pick::named(event).and("subject_kind", Op::Eq, vec![kind.into()])
}

fn leading(event: &str, leads: bool) -> Pick {
    Pick::named(event).and("leads", Op::Eq, vec![Value::Bool(leads)])
}

fn purchase() -> Vec<Pick> {
    named(&["product_viewed", "cart_line_added", "order_placed", "order_paid"])
}

/// A leader takes the first seat by ordering; the group opens once that is paid, and forms when its seats are.
fn group_leaders() -> Vec<Pick> {
    vec![
        leading("group_buy_joined", true),
        leading("group_buy_paid", true),
        Pick::named("group_buy_opened"),
        about("share_created", "group"),
        Pick::named("group_buy_formed"),
        leading("group_buy_succeeded", true),
    ]
}

fn group_members() -> Vec<Pick> {
    vec![
        about("share_opened", "group"),
        leading("group_buy_joined", false),
        leading("group_buy_paid", false),
        leading("group_buy_succeeded", false),
    ]
}

fn bargain_owners() -> Vec<Pick> {
    let mut steps = named(&["bargain_opened", "bargain_ordered", "bargain_bought"]);
    steps.insert(1, about("share_created", "bargain"));
    steps
}

/// The best that can come of a cut is another bargain.
fn bargain_helpers() -> Vec<Pick> {
    let mut steps = named(&["bargain_cut", "bargain_opened", "bargain_bought"]);
    steps.insert(0, about("share_opened", "bargain"));
    steps
}

/// An order that was paid makes a packet; its payer has a portion of it for sharing it.
fn packet_givers() -> Vec<Pick> {
    let mut steps = named(&["order_paid", "packet_created", "packet_claimed"]);
    steps.insert(2, about("share_created", "packet"));
    steps
}

fn packet_takers() -> Vec<Pick> {
    let mut steps = named(&["packet_claimed", "order_placed", "order_paid"]);
    steps.insert(0, about("share_opened", "packet"));
    steps
}

/// Whoever bought in a room may bring friends into it.
fn live() -> Vec<Pick> {
    let mut steps = named(&["live_room_entered", "live_product_clicked", "live_ordered", "live_paid"]);
    steps.push(about("share_created", "room"));
    steps
}

impl Ready {
    /// The question about this time.
    pub(super) fn about(&self, range: Range) -> Asked {
        match self.shape {
            Shape::Steps(steps) => Asked::Funnel(Funnel {
                range,
                steps: steps(),
                window_ms: WINDOW_MS,
                order: Order::Ordered,
                exclusions: Vec::new(),
                same: None,
                unit: Unit::Users,
                by_day: true,
                breakdown: None,
            }),
            Shape::Hourglass => Asked::Hourglass(Hourglass {
                range,
                activate: Pick::named("product_viewed"),
                buy: Pick::named("order_paid"),
                share: Pick::named("share_created"),
                window_ms: WINDOW_MS,
            }),
        }
    }
}

impl Asked {
    /// Where such questions are asked.
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Funnel(_) => "funnels",
            Self::Hourglass(_) => "hourglass",
        }
    }

    /// The events it speaks of, in its order.
    pub(super) fn events(&self) -> Vec<&str> {
        let picks = match self {
            Self::Funnel(funnel) => funnel.steps.iter().collect(),
            Self::Hourglass(hourglass) => vec![&hourglass.activate, &hourglass.buy, &hourglass.share],
        };
        picks.into_iter().map(|pick| pick.event.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::engine::analysis::Analysis as _;
    use crate::analytics::events::is_the_shops;

    #[test]
    fn every_question_can_be_asked_and_speaks_of_events_that_the_shop_records() {
        let range = Range { from: 0, to: DAY_MS };
        for ready in EVERY {
            let asked = ready.about(range);
            let valid = match &asked {
                Asked::Funnel(funnel) => funnel.validate(),
                Asked::Hourglass(hourglass) => hourglass.validate(),
            };
            assert_eq!(valid, Ok(()), "{}", ready.name);
            for event in asked.events() {
                assert!(is_the_shops(event), "{}: {event}", ready.name);
            }
            assert_eq!(find(ready.name).map(|found| found.title_en), Some(ready.title_en));
        }
        assert!(find("nothing").is_none());
    }
}
