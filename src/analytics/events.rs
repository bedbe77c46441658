//! The shop's own events: what of that which capabilities record becomes an event, under which name, about whom, and
//! what it says. One table; a test finds facts that are recorded and stand neither here nor among [`LEFT_OUT`].
//!
//! Names are `object_verb`. Amounts are whole fen. A property is taken from a place in what was recorded; `*` stands for
//! every element of a list. Properties that begin with `$` are the facts that every event may carry.

use crate::kernel::id::{DeviceId, UserId};

/// About whom an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The user under whom it was recorded; nobody in particular when there is none.
    Recorder,
    /// The user at this place.
    UserAt(&'static str),
    /// The user at the first place or, before anybody logged in, the device at the second.
    VisitorAt(&'static str, &'static str),
    /// The user at the first place; the follower of a service account at the second is the same person, and stands for
    /// them as long as nobody knows who they are.
    FollowerAt(&'static str, &'static str),
    /// Nobody in particular.
    Shop,
}

/// Whom an event turned out to be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// A user.
    User(UserId),
    /// A device.
    Device(DeviceId),
    /// A follower of a service account, by its number there.
    Follower(i64),
    /// Nobody in particular.
    Shop,
}

/// A property and the place it is taken from.
pub type Taken = (&'static str, &'static str);

/// Events made of the elements of a list, beside the one of the whole.
#[derive(Clone, Copy, Debug)]
pub struct Each {
    /// Where the list is.
    pub list: &'static str,
    /// What each becomes.
    pub name: &'static str,
    /// What of each is told.
    pub properties: &'static [Taken],
}

/// What becomes of one kind of recorded fact.
#[derive(Clone, Copy, Debug)]
pub struct ServerEvent {
    /// What is recorded.
    pub recorded: &'static str,
    /// What it becomes.
    pub name: &'static str,
    /// About whom.
    pub about: About,
    /// What it says.
    pub properties: &'static [&'static [Taken]],
    /// What becomes of its parts.
    pub each: Option<Each>,
    /// Where the order stands whose campaigns, share and entrance the event carries too.
    pub order: Option<&'static str>,
}

/// A seat that the shop filled with nobody in it.
pub const SEAT_FILLED: &str = "group_buy_seat_filled";

/// Facts of the shop's machinery, or such that another event tells as well.
pub const LEFT_OUT: &[&str] = &[
    // The order's own events say the same.
    "payment.paid",
    "payment.refunded",
    // Nothing a person did.
    "stock.received",
    "stock.corrected",
    "stock.low",
    "order.virtual_ready",
    // What made two persons one, and whom nobody may speak of any more, is not for figures.
    "user.merged",
    "user.merge_undone",
    "user.erased",
];

const ORDER: &[Taken] = &[
    ("order_id", "/order/order_id"),
    ("total_fen", "/order/total_fen"),
    ("refunded_fen", "/order/refunded_fen"),
    ("product_ids", "/order/lines/*/product_id"),
    ("sku_ids", "/order/lines/*/sku_id"),
];
const LINE: &[Taken] = &[
    ("line_id", "/line_id"),
    ("sku_id", "/sku_id"),
    ("product_id", "/product_id"),
    ("quantity", "/quantity"),
    ("payable_fen", "/payable_fen"),
];
const COUPON: &[Taken] = &[
    ("coupon_id", "/coupon/coupon_id"),
    ("template_id", "/coupon/template_id"),
    ("family", "/coupon/family"),
    ("source", "/coupon/source"),
    ("face_fen", "/coupon/face_fen"),
    ("$campaign", "/coupon/campaign_id"),
];
const COUPON_USE: &[Taken] = &[("order_id", "/order_id"), ("amount_fen", "/amount_fen"), ("reason", "/reason")];
const SHARE: &[Taken] = &[
    ("share_id", "/share/share_id"),
    ("$share", "/share/token"),
    ("sharer_id", "/share/sharer"),
    ("subject_kind", "/share/subject/kind"),
    ("subject_ref", "/share/subject/reference"),
    ("channel", "/share/channel"),
    ("$campaign", "/share/campaign"),
];
const GROUP: &[Taken] = &[
    ("group_id", "/group/group_id"),
    ("$campaign", "/group/campaign_id"),
    ("product_id", "/group/product_id"),
    ("leader_id", "/group/leader_id"),
    ("seats", "/group/seats"),
    ("free", "/group/free"),
    ("paid", "/group/paid"),
];
const MEMBER: &[Taken] = &[
    ("order_id", "/order_id"),
    ("sku_id", "/sku_id"),
    ("quantity", "/quantity"),
    ("price_fen", "/price_fen"),
    ("leads", "/leads"),
    ("newcomer", "/newcomer"),
    ("inviter_id", "/inviter_id"),
];
const GROUP_END: &[Taken] = &[("reason", "/reason"), ("filled", "/filled"), ("size", "/size")];
const BARGAIN: &[Taken] = &[
    ("bargain_id", "/bargain_id"),
    ("$campaign", "/campaign_id"),
    ("owner_id", "/owner_id"),
    ("sku_id", "/sku_id"),
    ("price_fen", "/price_fen"),
    ("floor_fen", "/floor_fen"),
    ("start_fen", "/start_fen"),
    ("helpers", "/helpers"),
];
const BARGAIN_ORDER: &[Taken] = &[("order_id", "/order_id"), ("given_fen", "/given_fen")];
const PACKET: &[Taken] = &[
    ("packet_id", "/packet_id"),
    ("$campaign", "/campaign_id"),
    ("order_id", "/order_id"),
    ("parent_id", "/parent_id"),
    ("generation", "/generation"),
    ("face_fen", "/face_fen"),
    ("portions", "/portions"),
    ("claimed_fen", "/claimed_fen"),
    ("returned_fen", "/returned_fen"),
    ("reason", "/reason"),
];
const PORTION: &[Taken] = &[
    ("packet_id", "/packet/packet_id"),
    ("$campaign", "/packet/campaign_id"),
    ("payer_id", "/packet/payer_id"),
    ("generation", "/packet/generation"),
    ("portion", "/no"),
    ("amount_fen", "/amount_fen"),
    ("coupon_id", "/coupon_id"),
    ("newcomer", "/newcomer"),
];
const TAKING: &[Taken] = &[
    ("$campaign", "/campaign_id"),
    ("item_id", "/item_id"),
    ("order_id", "/order_id"),
    ("quantity", "/quantity"),
    ("discount_fen", "/discount_fen"),
];
const REMINDER: &[Taken] = &[("$campaign", "/campaign_id"), ("slot_id", "/slot_id")];
const ROOM: &[Taken] = &[("room_id", "/room_id"), ("state", "/state")];
const VIEWER: &[Taken] = &[("room_id", "/room_id"), ("visit_id", "/visit_id"), ("watched_ms", "/watched_ms")];
const ROOM_LINE: &[Taken] = &[
    ("room_id", "/room_id"),
    ("order_id", "/order_id"),
    ("product_id", "/product_id"),
    ("sku_id", "/sku_id"),
    ("quantity", "/quantity"),
    ("revenue_fen", "/revenue_fen"),
];
const CATCH: &[Taken] = &[
    ("room_id", "/room_id"),
    ("drop_id", "/drop_id"),
    ("kind", "/kind"),
    ("coupon_id", "/coupon_id"),
    ("amount_fen", "/amount_fen"),
];
const LOGIN: &[Taken] = &[("$entrance", "/entrance"), ("app_id", "/app_id"), ("$device", "/device_id")];
const CAMPAIGN: &[Taken] = &[
    ("$campaign", "/campaign_id"),
    ("kind", "/kind"),
    ("campaign_name", "/name"),
    ("from", "/from"),
    ("to", "/to"),
    ("reason", "/reason"),
    ("left_fen", "/left_fen"),
    ("rule", "/rule"),
    ("effect", "/effect"),
    ("figure", "/figure"),
    ("threshold", "/threshold"),
];
const FOLLOWER: &[Taken] = &[
    ("following_id", "/following_id"),
    ("$entrance", "/entrance_id"),
    ("code_id", "/code_id"),
    ("followed", "/followed"),
    ("$share", "/share_token"),
    ("subject_kind", "/subject/kind"),
    ("subject_ref", "/subject/reference"),
    ("$campaign", "/campaign"),
    ("kind", "/kind"),
    ("menu_key", "/menu_key"),
    ("answered", "/answered"),
    ("status", "/status"),
];
const PRODUCT: &[Taken] = &[("product_id", "/product_id"), ("from", "/from"), ("to", "/to")];
const CART_LINE: &[Taken] = &[("sku_id", "/sku_id"), ("quantity", "/quantity"), ("sku_ids", "/sku_ids/*")];

const FOLLOWS: About = About::FollowerAt("/user", "/following_id");

const fn told(recorded: &'static str, name: &'static str, properties: &'static [&'static [Taken]]) -> ServerEvent {
    ServerEvent { recorded, name, about: About::Recorder, properties, each: None, order: None }
}

const fn of_order(recorded: &'static str, name: &'static str, properties: &'static [&'static [Taken]]) -> ServerEvent {
    ServerEvent { order: Some("/order/order_id"), ..told(recorded, name, properties) }
}

const fn about(event: ServerEvent, about: About) -> ServerEvent {
    ServerEvent { about, ..event }
}

const fn with_each(event: ServerEvent, each: Each) -> ServerEvent {
    ServerEvent { each: Some(each), ..event }
}

/// Everything the shop tells of itself.
pub const SERVER_EVENTS: &[ServerEvent] = &[
    // People.
    told("user.registered", "user_registered", &[LOGIN]),
    told("user.logged_in", "user_logged_in", &[LOGIN, &[("registered", "/registered")]]),
    told("user.identity_linked", "identity_linked", &[LOGIN]),
    told("user.phone_bound", "phone_bound", &[]),
    told("user.phone_unbound", "phone_unbound", &[]),
    told("user.blocked", "user_blocked", &[]),
    told("user.unblocked", "user_unblocked", &[]),
    // Looking and gathering.
    about(
        with_each(
            told("product.viewed", "products_viewed", &[&[("product_ids", "/products/*/product_id")]]),
            Each { list: "/products", name: "product_viewed", properties: &[("product_id", "/product_id")] },
        ),
        About::VisitorAt("/user_id", "/device_id"),
    ),
    told("word.searched", "word_searched", &[&[("word", "/word"), ("found", "/found")]]),
    told("favourite.added", "favourite_added", &[PRODUCT]),
    told("favourite.removed", "favourite_removed", &[PRODUCT]),
    about(told("cart.line_added", "cart_line_added", &[CART_LINE]), About::VisitorAt("/user_id", "/device_id")),
    about(told("cart.line_changed", "cart_line_changed", &[CART_LINE]), About::VisitorAt("/user_id", "/device_id")),
    about(told("cart.lines_removed", "cart_lines_removed", &[CART_LINE]), About::VisitorAt("/user_id", "/device_id")),
    // Orders.
    with_each(
        of_order("order.placed", "order_placed", &[ORDER]),
        Each { list: "/order/lines", name: "order_line_placed", properties: LINE },
    ),
    with_each(
        of_order("order.paid", "order_paid", &[ORDER]),
        Each { list: "/order/lines", name: "order_line_paid", properties: LINE },
    ),
    of_order("order.closed", "order_closed", &[ORDER, &[("by", "/by"), ("reason", "/reason")]]),
    of_order("order.price_changed", "order_price_changed", &[ORDER, &[("old_total_fen", "/old_total_fen")]]),
    of_order("order.pick_up_ready", "order_pick_up_ready", &[ORDER, &[("store_id", "/store_id")]]),
    of_order("order.shipped", "order_shipped", &[ORDER, &[("kind", "/kind"), ("all_shipped", "/all_shipped")]]),
    of_order("order.received", "order_received", &[ORDER, &[("by", "/by")]]),
    of_order("order.completed", "order_completed", &[ORDER]),
    of_order("order.refunded", "order_refunded", &[ORDER, &[("amount_fen", "/amount_fen"), ("whole", "/whole")]]),
    told("digital.delivered", "virtual_goods_delivered", &[&[("order_id", "/order_id")]]),
    told(
        "payment.unexpected_money",
        "unexpected_money_received",
        &[&[("order_id", "/order_id"), ("amount_fen", "/amount_fen"), ("cause", "/cause")]],
    ),
    // Shares.
    told("share.created", "share_created", &[SHARE, &[("parent_id", "/parent_id"), ("depth", "/share/depth")]]),
    about(
        told(
            "share.opened",
            "share_opened",
            &[SHARE, &[("edge", "/edge"), ("depth", "/depth"), ("$scene", "/scene"), ("group_id", "/group_id")]],
        ),
        About::VisitorAt("/user", "/device"),
    ),
    about(told("share.acquired", "share_acquired", &[SHARE, &[("depth", "/depth")]]), About::UserAt("/user")),
    // Coupons.
    told("coupon.issued", "coupon_issued", &[COUPON, &[("reason", "/reason")]]),
    told("coupon.reserved", "coupon_reserved", &[COUPON, COUPON_USE]),
    told("coupon.used", "coupon_used", &[COUPON, COUPON_USE]),
    told("coupon.returned", "coupon_returned", &[COUPON, COUPON_USE]),
    told("coupon.expired", "coupon_expired", &[COUPON, &[("reason", "/reason")]]),
    told("coupon.revoked", "coupon_revoked", &[COUPON, &[("reason", "/reason")]]),
    // Group buys.
    told("group_buy.joined", "group_buy_joined", &[GROUP, MEMBER]),
    told("group_buy.paid", "group_buy_paid", &[GROUP, MEMBER]),
    told("group_buy.opened", "group_buy_opened", &[GROUP, MEMBER]),
    told("group_buy.left", "group_buy_left", &[GROUP, MEMBER]),
    told("group_buy.leader_changed", "group_buy_leader_changed", &[GROUP, MEMBER]),
    told("group_buy.moved", "group_buy_moved", &[GROUP, MEMBER]),
    told("group_buy.succeeded", "group_buy_succeeded", &[GROUP, MEMBER]),
    about(told("group_buy.formed", "group_buy_formed", &[GROUP, GROUP_END]), About::UserAt("/group/leader_id")),
    about(told("group_buy.expired", "group_buy_expired", &[GROUP, GROUP_END]), About::UserAt("/group/leader_id")),
    // Bargains.
    told("bargain.opened", "bargain_opened", &[BARGAIN]),
    told(
        "bargain.cut",
        "bargain_cut",
        &[BARGAIN, &[("amount_fen", "/amount_fen"), ("newcomer", "/newcomer"), ("counted", "/counted")]],
    ),
    told("bargain.floor_reached", "bargain_floor_reached", &[BARGAIN]),
    told("bargain.ordered", "bargain_ordered", &[BARGAIN, BARGAIN_ORDER]),
    told("bargain.bought", "bargain_bought", &[BARGAIN, BARGAIN_ORDER]),
    told("bargain.put_back", "bargain_put_back", &[BARGAIN, BARGAIN_ORDER]),
    told("bargain.expired", "bargain_expired", &[BARGAIN]),
    told("bargain.prize_paid", "bargain_prize_paid", &[BARGAIN, &[("place", "/place"), ("coupon_id", "/coupon_id")]]),
    // Social coupons.
    told("packet.created", "packet_created", &[PACKET]),
    told("packet.refused", "packet_refused", &[PACKET]),
    told("packet.claimed", "packet_claimed", &[PORTION]),
    told("packet.claim_refused", "packet_claim_refused", &[PACKET]),
    told("packet.exhausted", "packet_exhausted", &[PACKET]),
    told("packet.expired", "packet_expired", &[PACKET]),
    told("packet.void", "packet_void", &[PACKET]),
    // Flash sales.
    told("flash_sale.taken", "flash_sale_taken", &[TAKING]),
    told("flash_sale.sold", "flash_sale_sold", &[TAKING]),
    told("flash_sale.given_back", "flash_sale_given_back", &[TAKING]),
    told("flash_sale.reminder_asked", "flash_sale_reminder_asked", &[REMINDER]),
    told("flash_sale.reminder_due", "flash_sale_reminder_due", &[REMINDER]),
    // Live rooms.
    told("live.room_entered", "live_room_entered", &[VIEWER]),
    told("live.room_left", "live_room_left", &[VIEWER]),
    told("live.product_clicked", "live_product_clicked", &[&[("room_id", "/room_id"), ("product_id", "/product_id")]]),
    told("live.commented", "live_commented", &[VIEWER]),
    told("live.liked", "live_liked", &[&[("room_id", "/room_id"), ("likes", "/likes")]]),
    told("live.reminder_asked", "live_reminder_asked", &[VIEWER]),
    told("live.reminder_sent", "live_reminder_sent", &[VIEWER]),
    told("live.drop_caught", "live_drop_caught", &[CATCH]),
    told("live.ordered", "live_ordered", &[ROOM_LINE]),
    told("live.paid", "live_paid", &[ROOM_LINE]),
    told("live.closed", "live_closed", &[ROOM_LINE]),
    told("live.refunded", "live_refunded", &[ROOM_LINE]),
    about(told("live.room_planned", "live_room_planned", &[ROOM]), About::Shop),
    about(told("live.room_started", "live_room_started", &[ROOM]), About::Shop),
    about(told("live.room_paused", "live_room_paused", &[ROOM]), About::Shop),
    about(told("live.room_resumed", "live_room_resumed", &[ROOM]), About::Shop),
    about(told("live.room_ended", "live_room_ended", &[ROOM]), About::Shop),
    about(told("live.replay_shown", "live_replay_shown", &[ROOM]), About::Shop),
    about(told("live.replay_hidden", "live_replay_hidden", &[ROOM]), About::Shop),
    about(told("live.room_cancelled", "live_room_cancelled", &[ROOM]), About::Shop),
    // The service account.
    about(told("service_account.followed", "account_followed", &[FOLLOWER]), FOLLOWS),
    about(told("service_account.unfollowed", "account_unfollowed", &[FOLLOWER]), FOLLOWS),
    about(told("service_account.follower_known", "follower_known", &[FOLLOWER]), FOLLOWS),
    about(told("service_account.code_scanned", "code_scanned", &[FOLLOWER]), FOLLOWS),
    about(told("service_account.message_received", "message_received", &[FOLLOWER]), FOLLOWS),
    about(told("service_account.template_settled", "template_settled", &[FOLLOWER]), About::UserAt("/user")),
    about(told("service_account.code_made", "code_made", &[FOLLOWER]), About::Shop),
    // The shop's own doings.
    about(told("campaign.planned", "campaign_planned", &[CAMPAIGN]), About::Shop),
    about(told("campaign.scheduled", "campaign_scheduled", &[CAMPAIGN]), About::Shop),
    about(told("campaign.withdrawn", "campaign_withdrawn", &[CAMPAIGN]), About::Shop),
    about(told("campaign.started", "campaign_started", &[CAMPAIGN]), About::Shop),
    about(told("campaign.paused", "campaign_paused", &[CAMPAIGN]), About::Shop),
    about(told("campaign.resumed", "campaign_resumed", &[CAMPAIGN]), About::Shop),
    about(told("campaign.ended", "campaign_ended", &[CAMPAIGN]), About::Shop),
    about(told("campaign.reviewed", "campaign_reviewed", &[CAMPAIGN]), About::Shop),
    about(told("campaign.budget_exhausted", "campaign_budget_exhausted", &[CAMPAIGN]), About::Shop),
    about(told("campaign.daily_cap_reached", "campaign_daily_cap_reached", &[CAMPAIGN]), About::Shop),
    about(told("campaign.risk_fired", "campaign_risk_fired", &[CAMPAIGN]), About::Shop),
    about(told("catalog.product_changed", "product_changed", &[PRODUCT]), About::Shop),
    about(told("catalog.product_moved", "product_moved", &[PRODUCT]), About::Shop),
];

/// What becomes of a recorded fact.
pub fn find(recorded: &str) -> Option<&'static ServerEvent> {
    SERVER_EVENTS.iter().find(|event| event.recorded == recorded)
}

/// Whether only the shop itself may speak of an event under this name.
pub fn is_the_shops(name: &str) -> bool {
    name == SEAT_FILLED
        || SERVER_EVENTS.iter().any(|event| event.name == name || event.each.is_some_and(|each| each.name == name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fact_stands_once_and_every_name_is_object_verb() {
        let recorded: BTreeSet<&str> = SERVER_EVENTS.iter().map(|event| event.recorded).collect();
        assert_eq!(recorded.len(), SERVER_EVENTS.len());
        let names: Vec<&str> = SERVER_EVENTS
            .iter()
            .flat_map(|event| [Some(event.name), event.each.map(|each| each.name)])
            .flatten()
            .collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "two events have one name");
        for name in names {
            assert!(name.contains('_') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert!(is_the_shops(name), "{name}");
        }
        assert!(LEFT_OUT.iter().all(|recorded| find(recorded).is_none()));
    }
}
