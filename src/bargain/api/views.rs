//! What shoppers see of bargains.

use serde::Serialize;
use utoipa::ToSchema;

use crate::bargain::model::{
    Bargain, BargainId, BargainState, BuyRule, HelpReward, HelperRule, Piece, Prize, Rank, RulesRow,
};
use crate::bargain::rules::start_of;
use crate::bargain::service::{BargainPage, CampaignPage, Helped, Mine, Product, RankingPage, Rung, Wall, WallItem};
use crate::campaign::{ActionView, CampaignFacts, CampaignState};
use crate::catalog::{ProductId, SkuId};
use crate::coupon::CouponTemplateId;
use crate::identity::Face;
use crate::kernel::id::{CampaignId, OrderId};
use crate::kernel::money::Fen;
use crate::kernel::time::{MINUTE_MS, Timestamp};

/// What is bargained over, as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainProductView {
    /// The product.
    pub product_id: ProductId,
    /// The SKU.
    pub sku_id: SkuId,
    /// The product's title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// The option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// The picture to show.
    #[schema(example = "/files/2026/01/dress.jpg")]
    pub picture: String,
    /// What it costs without bargaining.
    pub price_fen: Fen,
    /// Whether it can be bought at all now.
    #[schema(example = true)]
    pub available: bool,
}

impl From<Product> for BargainProductView {
    fn from(product: Product) -> Self {
        Self {
            product_id: product.product_id,
            sku_id: product.sku_id,
            title: product.title,
            option_text: product.option_text,
            picture: product.picture,
            price_fen: product.price,
            available: product.unavailable.is_none(),
        }
    }
}

/// Somebody as strangers see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainPersonView {
    /// The first character of their name, and `**`.
    #[schema(example = "李**")]
    pub name: String,
    /// Their picture.
    #[schema(example = "https://thirdwx.qlogo.cn/mmopen/1")]
    pub avatar: Option<String>,
}

impl BargainPersonView {
    pub(in crate::bargain) fn of(face: Option<Face>) -> Self {
        match face {
            Some(face) => Self { name: face.masked_name, avatar: face.avatar },
            None => Self { name: "**".to_owned(), avatar: None },
        }
    }
}

/// A bargain without its owner, for lists and answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainView {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Where it stands.
    pub state: BargainState,
    /// Where it started.
    pub start_fen: Fen,
    /// The lowest price.
    #[schema(example = 4900)]
    pub floor_fen: Fen,
    /// The price now; while an order holds it, the price it was frozen at.
    #[schema(example = 7300)]
    pub price_fen: Fen,
    /// What was cut off.
    #[schema(example = 2600)]
    pub cut_fen: Fen,
    /// What is left to the lowest price.
    #[schema(example = 2400)]
    pub left_fen: Fen,
    /// Whether the lowest price is reached.
    #[schema(example = false)]
    pub floor_reached: bool,
    /// How many friends helped.
    #[schema(example = 6)]
    pub helpers: i64,
    /// Whether an order that waits for its payment holds it.
    #[schema(example = false)]
    pub being_bought: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When its time is over.
    pub expires_at: Timestamp,
}

impl BargainView {
    pub(in crate::bargain) fn of(bargain: &Bargain, now: Timestamp) -> Self {
        Self {
            bargain_id: bargain.id,
            campaign_id: bargain.campaign_id,
            state: bargain.state_at(now),
            start_fen: bargain.start,
            floor_fen: bargain.floor,
            price_fen: bargain.price(),
            cut_fen: bargain.cut,
            left_fen: bargain.left(),
            floor_reached: bargain.is_at_floor(),
            helpers: bargain.helpers,
            being_bought: bargain.state == BargainState::Running && bargain.order_id.is_some(),
            opened_at: bargain.opened_at,
            expires_at: bargain.expires_at,
        }
    }
}

/// One cut.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainCutView {
    /// Who made it.
    pub helper: BargainPersonView,
    /// What it cut off.
    #[schema(example = 560)]
    pub amount_fen: Fen,
    /// Whether it was the owner's own first cut.
    #[schema(example = false)]
    pub by_owner: bool,
    /// Whether the helper was new to the shop.
    #[schema(example = true)]
    pub newcomer: bool,
    /// When.
    pub at: Option<Timestamp>,
}

impl From<Rung> for BargainCutView {
    fn from(rung: Rung) -> Self {
        let Rung { piece, face } = rung;
        Self {
            helper: BargainPersonView::of(face),
            amount_fen: piece.amount,
            by_owner: piece.by_owner,
            newcomer: piece.newcomer,
            at: piece.taken_at,
        }
    }
}

/// The viewer's own cut.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCutView {
    /// What it cut off.
    #[schema(example = 560)]
    pub amount_fen: Fen,
    /// What became of the reward.
    pub reward: Option<HelpReward>,
}

impl OwnCutView {
    const fn of(piece: &Piece) -> Self {
        Self { amount_fen: piece.amount, reward: piece.reward }
    }
}

/// A bargain's own page.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainPageView {
    /// The clock by which everything here counts.
    pub server_time: Timestamp,
    /// The bargain.
    pub bargain: BargainView,
    /// The campaign's name.
    #[schema(example = "夏日砍价")]
    pub campaign_name: String,
    /// What the campaign tells shoppers.
    #[schema(example = "邀请好友帮忙砍价，最低 49 元带走。")]
    pub intro: String,
    /// What is bargained over.
    pub product: Option<BargainProductView>,
    /// Whose it is.
    pub owner: BargainPersonView,
    /// Whether it is the viewer's own.
    #[schema(example = false)]
    pub mine: bool,
    /// The order that holds or bought it; for the owner only.
    pub order_id: Option<OrderId>,
    /// The viewer's own cut; null when they made none.
    pub own_cut: Option<OwnCutView>,
    /// The latest cuts, latest first.
    pub cuts: Vec<BargainCutView>,
    /// What to send as `cursor` for earlier ones; null when there are none.
    pub next_cursor: Option<String>,
    /// What the viewer may do: `help`, `buy`, `share`, `open` (one of their own).
    pub actions: Vec<ActionView>,
}

impl From<BargainPage> for BargainPageView {
    fn from(page: BargainPage) -> Self {
        Self {
            server_time: page.now,
            bargain: BargainView::of(&page.bargain, page.now),
            campaign_name: page.campaign.name,
            intro: page.campaign.intro,
            product: page.product.map(BargainProductView::from),
            owner: BargainPersonView::of(page.owner),
            mine: page.mine,
            order_id: page.bargain.order_id.filter(|_| page.mine),
            own_cut: page.own_cut.as_ref().map(OwnCutView::of),
            cuts: page.ladder.items.into_iter().map(BargainCutView::from).collect(),
            next_cursor: page.ladder.next_cursor,
            actions: page.actions,
        }
    }
}

/// What a help did.
#[derive(Debug, Serialize, ToSchema)]
pub struct HelpView {
    /// What it cut off.
    #[schema(example = 560)]
    pub amount_fen: Fen,
    /// What became of the helper's reward.
    pub reward: HelpReward,
    /// The bargain after it.
    pub bargain: BargainView,
}

impl HelpView {
    pub(super) fn of(helped: &Helped, now: Timestamp) -> Self {
        Self { amount_fen: helped.amount, reward: helped.reward, bargain: BargainView::of(&helped.bargain, now) }
    }
}

/// One of the viewer's own bargains.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnBargainView {
    /// The bargain.
    pub bargain: BargainView,
    /// What is bargained over.
    pub product: Option<BargainProductView>,
    /// The order that holds or bought it.
    pub order_id: Option<OrderId>,
}

impl OwnBargainView {
    pub(super) fn of((bargain, product): Mine, now: Timestamp) -> Self {
        Self {
            bargain: BargainView::of(&bargain, now),
            product: product.map(BargainProductView::from),
            order_id: bargain.order_id,
        }
    }
}

/// One campaign on the wall.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainWallItemView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Its name.
    #[schema(example = "夏日砍价")]
    pub name: String,
    /// When it ends.
    pub ends_at: Timestamp,
    /// What is bargained over.
    pub product: BargainProductView,
    /// Where bargaining starts now.
    pub start_fen: Fen,
    /// The lowest price.
    #[schema(example = 4900)]
    pub floor_fen: Fen,
    /// How long a bargain lives, in minutes.
    #[schema(example = 1440)]
    pub lifetime_minutes: i64,
    /// How many have bought.
    #[schema(example = 128)]
    pub sold: i64,
    /// How many still can.
    #[schema(example = 372)]
    pub left: i64,
    /// The viewer's own bargain in it; null when they have none open.
    pub own: Option<BargainView>,
}

impl BargainWallItemView {
    fn of(item: WallItem, now: Timestamp) -> Self {
        let WallItem { campaign, promised, quota, product, own } = item;
        let RulesRow { start, floor, lifetime_ms, .. } = promised;
        Self {
            campaign_id: campaign.id,
            name: campaign.name,
            ends_at: campaign.ends_at,
            start_fen: start_of(start, product.price),
            floor_fen: floor,
            lifetime_minutes: lifetime_ms / MINUTE_MS,
            sold: quota.sold,
            left: quota.left(),
            product: product.into(),
            own: own.map(|own| BargainView::of(&own, now)),
        }
    }
}

/// What can be bargained over now.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainWallView {
    /// The clock by which everything here counts.
    pub server_time: Timestamp,
    /// The campaigns, the one that ends first first.
    pub items: Vec<BargainWallItemView>,
}

impl From<Wall> for BargainWallView {
    fn from(wall: Wall) -> Self {
        let Wall { now, items } = wall;
        let items = items.into_iter().map(|item| BargainWallItemView::of(item, now)).collect();
        Self { server_time: now, items }
    }
}

/// A campaign's own page.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainCampaignView {
    /// The clock by which everything here counts.
    pub server_time: Timestamp,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Where it stands.
    pub state: CampaignState,
    /// Its name.
    #[schema(example = "夏日砍价")]
    pub name: String,
    /// What it tells shoppers.
    #[schema(example = "邀请好友帮忙砍价，最低 49 元带走。")]
    pub intro: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// What is bargained over.
    pub product: Option<BargainProductView>,
    /// The lowest price.
    #[schema(example = 4900)]
    pub floor_fen: Fen,
    /// How long a bargain lives, in minutes.
    #[schema(example = 1440)]
    pub lifetime_minutes: i64,
    /// Who helps how much.
    pub helpers: HelperRule,
    /// When the owner may buy.
    pub buy_when: BuyRule,
    /// How often a user may help on one day; null for as often as they like.
    #[schema(example = 5)]
    pub helps_per_day: Option<i64>,
    /// How often a user may help in the whole campaign; null for as often as they like.
    #[schema(example = 20)]
    pub helps_per_campaign: Option<i64>,
    /// The coupon that helpers get; null for none.
    pub reward_template_id: Option<CouponTemplateId>,
    /// How many have bought.
    #[schema(example = 128)]
    pub sold: i64,
    /// How many still can.
    #[schema(example = 372)]
    pub left: i64,
    /// What the owners with most helpers win.
    pub prizes: Vec<Prize>,
    /// The viewer's own bargain; null when they have none open.
    pub own: Option<BargainView>,
    /// What the viewer may do: `open`.
    pub actions: Vec<ActionView>,
}

impl From<CampaignPage> for BargainCampaignView {
    fn from(page: CampaignPage) -> Self {
        let CampaignPage { now, campaign, rules, quota, product, own, actions } = page;
        let CampaignFacts { id, state, name, intro, starts_at, ends_at, .. } = campaign;
        Self {
            server_time: now,
            campaign_id: id,
            state,
            name,
            intro,
            starts_at,
            ends_at,
            product: product.map(BargainProductView::from),
            floor_fen: rules.floor_fen,
            lifetime_minutes: rules.lifetime_minutes,
            helpers: rules.helpers,
            buy_when: rules.buy_when,
            helps_per_day: rules.helps_per_day,
            helps_per_campaign: rules.helps_per_campaign,
            reward_template_id: rules.reward_template_id,
            sold: quota.sold,
            left: quota.left(),
            prizes: rules.prizes,
            own: own.map(|own| BargainView::of(&own, now)),
            actions,
        }
    }
}

/// One place of the ranking.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainPlaceView {
    /// The place, from 1.
    #[schema(example = 1)]
    pub place: i64,
    /// Whose it is.
    pub owner: BargainPersonView,
    /// How many helpers count.
    #[schema(example = 42)]
    pub helpers: i64,
}

/// The viewer's own place.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnPlaceView {
    /// The place, from 1.
    #[schema(example = 7)]
    pub place: i64,
    /// How many helpers count.
    #[schema(example = 12)]
    pub helpers: i64,
}

/// The ranking of a campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainRankingView {
    /// The clock by which everything here counts.
    pub server_time: Timestamp,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// When it ends, and the ranking with it.
    pub ends_at: Timestamp,
    /// When the ranking was settled; null before.
    pub settled_at: Option<Timestamp>,
    /// The first places; of owners with as many helpers, who got there first.
    pub places: Vec<BargainPlaceView>,
    /// The viewer's own place; null when nobody helped them.
    pub own: Option<OwnPlaceView>,
    /// What the places win.
    pub prizes: Vec<Prize>,
}

impl From<RankingPage> for BargainRankingView {
    fn from(page: RankingPage) -> Self {
        let place = |(place, (rank, face)): (i64, (Rank, Option<Face>))| BargainPlaceView {
            place,
            owner: BargainPersonView::of(face),
            helpers: rank.helpers,
        };
        Self {
            server_time: page.now,
            campaign_id: page.campaign.id,
            ends_at: page.campaign.ends_at,
            settled_at: page.settled_at,
            places: (1_i64..).zip(page.places).map(place).collect(),
            own: page.own.map(|(rank, place)| OwnPlaceView { place, helpers: rank.helpers }),
            prizes: page.rules.prizes,
        }
    }
}
