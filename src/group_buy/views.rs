//! What group buys look like on the wire, for shoppers.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::GroupBuyError;
use super::model::{EndReason, Group, GroupId, GroupState, Joiners, Rules, SeatState, SkuOffer, Visibility};
use super::service::{CampaignLook, GroupLook, Member, OwnLook, WallLook};
use crate::campaign::ActionView;
use crate::catalog::{ProductId, SkuFacts, SkuId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{SECOND_MS, Timestamp};

/// Whole seconds until a moment, never below zero.
fn seconds_left(until: Timestamp, now: Timestamp) -> i64 {
    until.millis_since(now).max(0).div_euclid(SECOND_MS)
}

/// What one SKU costs in a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupSkuView {
    /// The SKU.
    pub sku_id: SkuId,
    /// The option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// The picture to show.
    #[schema(example = "/files/2026/01/dress.jpg")]
    pub picture: String,
    /// What a piece costs alone.
    #[schema(example = 12900)]
    pub price_fen: Fen,
    /// What a piece costs at each size of the ladder.
    #[schema(example = json!([9000, 8000]))]
    pub group_prices_fen: Vec<Fen>,
    /// What a piece costs the leader; null for the price of a member.
    #[schema(example = 0)]
    pub leader_price_fen: Option<Fen>,
    /// Pieces left for the campaign; null for no limit.
    #[schema(example = 480)]
    pub left: Option<i64>,
    /// Whether it can be bought now.
    pub sellable: bool,
}

impl GroupSkuView {
    fn of(offer: SkuOffer, skus: &[SkuFacts]) -> Option<Self> {
        let facts = skus.iter().find(|sku| sku.sku_id == offer.sku_id)?;
        let left = offer.left();
        Some(Self {
            sku_id: offer.sku_id,
            option_text: facts.option_text.clone(),
            picture: facts.picture.clone(),
            price_fen: facts.price,
            left,
            sellable: facts.unavailable.is_none() && left != Some(0),
            leader_price_fen: offer.leader_price,
            group_prices_fen: offer.prices,
        })
    }

    fn all(offers: Vec<SkuOffer>, skus: &[SkuFacts]) -> Vec<Self> {
        offers.into_iter().filter_map(|offer| Self::of(offer, skus)).collect()
    }
}

/// What a group is made of, as far as shoppers need to know.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupTermsView {
    /// How many people make a group; more than one size is a ladder.
    #[schema(example = json!([3, 5]))]
    pub sizes: Vec<i64>,
    /// How long a group lives once its leader has paid, in minutes.
    #[schema(example = 1440)]
    pub lifetime_minutes: i64,
    /// How often a user may take part.
    #[schema(example = 5)]
    pub per_user: i64,
    /// Most pieces in one order.
    #[schema(example = 5)]
    pub per_order: i64,
    /// Who may join.
    pub joiners: Joiners,
    /// Who sees a group.
    pub visibility: Visibility,
    /// Whether coupons may be used with the group's price.
    pub coupons_allowed: bool,
}

impl From<Rules> for GroupTermsView {
    fn from(rules: Rules) -> Self {
        Self {
            sizes: rules.sizes,
            lifetime_minutes: rules.lifetime_minutes,
            per_user: rules.per_user,
            per_order: rules.per_order,
            joiners: rules.joiners,
            visibility: rules.visibility,
            coupons_allowed: rules.coupons_allowed,
        }
    }
}

/// A group buy that shoppers can take part in.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupBuyView {
    /// The campaign; `new:<campaign_id>` is the reference of a claim that opens a group in it.
    pub campaign_id: CampaignId,
    /// How it is called.
    #[schema(example = "夏日樱桃拼团")]
    pub name: String,
    /// What it tells shoppers.
    #[schema(example = "三人拼团，每箱立减 20 元。")]
    pub intro: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// What is bought together.
    pub product_id: ProductId,
    /// The product's title.
    #[schema(example = "智利车厘子 2.5kg")]
    pub title: String,
    /// The picture to show.
    #[schema(example = "/files/cherry.png")]
    pub picture: String,
    /// What a group is made of.
    pub terms: GroupTermsView,
    /// What it costs.
    pub skus: Vec<GroupSkuView>,
    /// What the viewer may do, and why not.
    pub actions: Vec<ActionView>,
    /// The server's clock.
    pub server_time: Timestamp,
}

impl GroupBuyView {
    pub(super) fn of(look: CampaignLook, now: Timestamp) -> Self {
        let CampaignLook { facts, rules, offers, skus, open } = look;
        let first = skus.first();
        Self {
            campaign_id: facts.id,
            name: facts.name,
            intro: facts.intro,
            starts_at: facts.starts_at,
            ends_at: facts.ends_at,
            product_id: rules.product_id,
            title: first.map(|sku| sku.title.clone()).unwrap_or_default(),
            picture: first.map(|sku| sku.picture.clone()).unwrap_or_default(),
            terms: rules.into(),
            skus: GroupSkuView::all(offers, &skus),
            actions: vec![ActionView::of("open", open)],
            server_time: now,
        }
    }
}

/// An open group on the wall.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenGroupView {
    /// The group; also the reference of a claim that joins it.
    pub group_id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// What is bought together.
    pub product_id: ProductId,
    /// The product's title.
    #[schema(example = "智利车厘子 2.5kg")]
    pub title: String,
    /// The picture to show.
    #[schema(example = "/files/cherry.png")]
    pub picture: String,
    /// What a piece of the cheapest SKU costs alone.
    #[schema(example = 12900)]
    pub price_fen: Fen,
    /// What a piece of the cheapest SKU costs a member.
    #[schema(example = 9000)]
    pub group_price_fen: Fen,
    /// The leader's name, masked.
    #[schema(example = "李**")]
    pub leader_name: String,
    /// The leader's picture; null when they have none.
    pub leader_avatar: Option<String>,
    /// How many seats it has.
    #[schema(example = 3)]
    pub seats: i64,
    /// How many are free.
    #[schema(example = 1)]
    pub free: i64,
    /// When it ends.
    pub deadline: Timestamp,
    /// Whole seconds until then.
    #[schema(example = 3600)]
    pub seconds_left: i64,
}

impl OpenGroupView {
    pub(super) fn of(look: WallLook, now: Timestamp) -> Self {
        let WallLook { group, offer, sku, leader } = look;
        Self {
            group_id: group.id,
            campaign_id: group.campaign_id,
            product_id: group.product_id,
            title: sku.as_ref().map(|sku| sku.title.clone()).unwrap_or_default(),
            picture: sku.as_ref().map(|sku| sku.picture.clone()).unwrap_or_default(),
            price_fen: sku.map_or(Fen::ZERO, |sku| sku.price),
            group_price_fen: offer.map_or(Fen::ZERO, |offer| offer.member_price()),
            leader_name: leader.as_ref().map(|face| face.masked_name.clone()).unwrap_or_default(),
            leader_avatar: leader.and_then(|face| face.avatar),
            seats: group.seats,
            free: group.free,
            deadline: group.deadline,
            seconds_left: seconds_left(group.deadline, now),
        }
    }
}

/// Somebody in a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupMemberView {
    /// Their name, masked.
    #[schema(example = "李**")]
    pub name: String,
    /// Their picture; null when they have none.
    pub avatar: Option<String>,
    /// Whether they lead it.
    pub leads: bool,
    /// Whether they have paid.
    pub paid: bool,
    /// Whether it is the viewer.
    pub own: bool,
    /// When they came.
    pub joined_at: Timestamp,
}

impl GroupMemberView {
    fn of(member: Member, group: &Group, viewer: Option<UserId>) -> Self {
        let Member { seat, face } = member;
        Self {
            name: face.as_ref().map(|face| face.masked_name.clone()).unwrap_or_default(),
            avatar: face.and_then(|face| face.avatar),
            leads: seat.user_id == Some(group.leader_id),
            paid: seat.paid_at.is_some(),
            own: viewer.is_some() && seat.user_id == viewer,
            joined_at: seat.held_at,
        }
    }
}

/// One size of a group's ladder.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupStepView {
    /// How many people make it.
    #[schema(example = 3)]
    pub size: i64,
    /// How many must still pay for it.
    #[schema(example = 1)]
    pub missing: i64,
    /// Whether it is reached.
    pub reached: bool,
}

/// The viewer's own place in a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSeatView {
    /// Their order.
    pub order_id: Option<OrderId>,
    /// Where their seat stands.
    pub state: SeatState,
    /// What they bought.
    pub sku_id: Option<SkuId>,
    /// How many pieces.
    #[schema(example = 1)]
    pub quantity: i64,
    /// What a piece cost them when they joined.
    #[schema(example = 9000)]
    pub price_fen: Fen,
    /// Whether they lead the group.
    pub leads: bool,
}

impl OwnSeatView {
    fn of(seat: &super::model::Seat, group: &Group) -> Self {
        Self {
            order_id: seat.order_id,
            state: seat.state,
            sku_id: seat.sku_id,
            quantity: seat.quantity,
            price_fen: seat.price,
            leads: seat.user_id == Some(group.leader_id),
        }
    }
}

/// A group's page.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupPageView {
    /// The group; also the reference of a claim that joins it.
    pub group_id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Where it stands.
    pub state: GroupState,
    /// Why it ended; null while it is open.
    pub end_reason: Option<EndReason>,
    /// What is bought together.
    pub product_id: ProductId,
    /// The product's title.
    #[schema(example = "智利车厘子 2.5kg")]
    pub title: String,
    /// The picture to show.
    #[schema(example = "/files/cherry.png")]
    pub picture: String,
    /// How many seats it has.
    #[schema(example = 5)]
    pub seats: i64,
    /// How many are free.
    #[schema(example = 2)]
    pub free: i64,
    /// How many are paid.
    #[schema(example = 2)]
    pub paid: i64,
    /// The ladder, smallest first.
    pub steps: Vec<GroupStepView>,
    /// The size that was reached; null while it is open, or when none was.
    #[schema(example = 3)]
    pub reached_size: Option<i64>,
    /// When it ends.
    pub deadline: Timestamp,
    /// Whole seconds until then.
    #[schema(example = 3600)]
    pub seconds_left: i64,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Who is in; of an expired group, who had paid.
    pub members: Vec<GroupMemberView>,
    /// The viewer's own place; null when they have none.
    pub own: Option<OwnSeatView>,
    /// What a group is made of.
    pub terms: GroupTermsView,
    /// What it costs.
    pub skus: Vec<GroupSkuView>,
    /// What the viewer may do (`join`, `open`, `share`, and with a seat `pay`, `leave`), and why not.
    pub actions: Vec<ActionView>,
}

impl GroupPageView {
    pub(super) fn of(look: GroupLook, viewer: Option<UserId>, now: Timestamp) -> Self {
        let (share, leave) = (look.share(), look.leave());
        let GroupLook { group, rules, offers, skus, members, own, join, open } = look;
        let mut actions =
            vec![ActionView::of("join", join), ActionView::of("open", open), ActionView::of("share", share.err())];
        actions.extend(leave.map(|leave| ActionView::of("leave", leave.err())));
        if own.as_ref().is_some_and(|seat| seat.state == SeatState::Held) {
            actions.push(ActionView::of("pay", None::<GroupBuyError>));
        }
        let step = |size: &i64| GroupStepView {
            size: *size,
            missing: size.saturating_sub(group.paid.saturating_add(group.filled)).max(0),
            reached: *size <= group.paid.saturating_add(group.filled),
        };
        let reached = group.step.and_then(|step| usize::try_from(step).ok());
        let first = skus.first();
        Self {
            group_id: group.id,
            campaign_id: group.campaign_id,
            state: group.state,
            end_reason: group.end_reason,
            product_id: group.product_id,
            title: first.map(|sku| sku.title.clone()).unwrap_or_default(),
            picture: first.map(|sku| sku.picture.clone()).unwrap_or_default(),
            seats: group.seats,
            free: group.free,
            paid: group.paid,
            steps: rules.sizes.iter().map(step).collect(),
            reached_size: reached.and_then(|step| rules.sizes.get(step).copied()),
            deadline: group.deadline,
            seconds_left: seconds_left(group.deadline, now),
            server_time: now,
            members: members.into_iter().map(|member| GroupMemberView::of(member, &group, viewer)).collect(),
            own: own.as_ref().map(|seat| OwnSeatView::of(seat, &group)),
            terms: rules.into(),
            skus: GroupSkuView::all(offers, &skus),
            actions,
        }
    }
}

/// A group that the viewer has or had a seat in.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnGroupView {
    /// The group.
    pub group_id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Where the group stands.
    pub state: GroupState,
    /// Why it ended; null while it is open.
    pub end_reason: Option<EndReason>,
    /// The product's title.
    #[schema(example = "智利车厘子 2.5kg")]
    pub title: String,
    /// The option values of what they bought.
    #[schema(example = "2.5kg 礼盒")]
    pub option_text: String,
    /// The picture to show.
    #[schema(example = "/files/cherry.png")]
    pub picture: String,
    /// How many seats it has.
    #[schema(example = 3)]
    pub seats: i64,
    /// How many are free.
    #[schema(example = 1)]
    pub free: i64,
    /// When it ends.
    pub deadline: Timestamp,
    /// Whole seconds until then.
    #[schema(example = 3600)]
    pub seconds_left: i64,
    /// The viewer's place in it.
    pub own: OwnSeatView,
}

impl OwnGroupView {
    pub(super) fn of(look: OwnLook, now: Timestamp) -> Self {
        let OwnLook { seat, group, sku } = look;
        Self {
            group_id: group.id,
            campaign_id: group.campaign_id,
            state: group.state,
            end_reason: group.end_reason,
            title: sku.as_ref().map(|sku| sku.title.clone()).unwrap_or_default(),
            option_text: sku.as_ref().map(|sku| sku.option_text.clone()).unwrap_or_default(),
            picture: sku.map(|sku| sku.picture).unwrap_or_default(),
            seats: group.seats,
            free: group.free,
            deadline: group.deadline,
            seconds_left: seconds_left(group.deadline, now),
            own: OwnSeatView::of(&seat, &group),
        }
    }
}
