//! What shoppers see of live rooms, over REST and while they watch.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{
    Comment, DropClaim, DropId, DropKind, Mark, Price, PriceId, Replay, ReplayId, Room, RoomDrop, RoomId, RoomSource,
    RoomState,
};
use super::rules;
use super::service::looking::Snapshot;
use super::store;
use crate::catalog::{self, ProductFacts, ProductId, SkuFacts, SkuId};
use crate::coupon::CouponId;
use crate::identity::Face;
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};

/// What a viewer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LiveCommentView)]
pub struct CommentView {
    /// Its number in the room: 1, 2, 3 …; a number that was shown before is the same comment.
    #[schema(example = 42)]
    pub sequence: i64,
    /// The name that the client of whoever said it gave it, by which they know their own.
    #[schema(example = "c-7f3a")]
    pub client_id: String,
    /// Who said it: the first character of their name.
    #[schema(example = "小**")]
    pub name: String,
    /// Their picture.
    #[schema(example = "/files/3f2a.png")]
    pub avatar: Option<String>,
    /// What.
    #[schema(example = "这条裙子有黑色吗？")]
    pub words: String,
    /// When.
    pub at: Timestamp,
}

impl CommentView {
    /// What viewers see of a comment by somebody with this face.
    pub(super) fn of(comment: &Comment, face: Option<&Face>) -> Self {
        Self {
            sequence: comment.sequence,
            client_id: comment.client_id.clone(),
            name: face.map_or_else(|| "**".to_owned(), |face| face.masked_name.clone()),
            avatar: face.and_then(|face| face.avatar.clone()),
            words: comment.words.clone(),
            at: comment.at,
        }
    }
}

/// A live room, in lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveRoomView {
    /// The room.
    pub id: RoomId,
    /// What it is called.
    #[schema(example = "七夕新品首发")]
    pub title: String,
    /// Path of its picture; empty for none.
    #[schema(example = "/files/3f2a.png")]
    pub cover: String,
    /// Who presents.
    #[schema(example = "小麦")]
    pub anchor_name: String,
    /// Path of their picture; empty for none.
    #[schema(example = "")]
    pub anchor_picture: String,
    /// What they say of themselves.
    #[schema(example = "十年买手，只挑自己会穿的。")]
    pub anchor_introduction: String,
    /// When the show is to start.
    pub starts_at: Timestamp,
    /// When it is to be over.
    pub ends_at: Timestamp,
    /// Where it stands.
    pub state: RoomState,
    /// Whose picture it shows.
    pub source: RoomSource,
    /// When it went on the air.
    pub went_live_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Likes so far.
    #[schema(example = 5200)]
    pub likes: i64,
}

impl From<&Room> for LiveRoomView {
    fn from(room: &Room) -> Self {
        Self {
            id: room.id,
            title: room.title.clone(),
            cover: room.cover.clone(),
            anchor_name: room.anchor_name.clone(),
            anchor_picture: room.anchor_picture.clone(),
            anchor_introduction: room.anchor_introduction.clone(),
            starts_at: room.starts_at,
            ends_at: room.ends_at,
            state: room.state,
            source: room.source,
            went_live_at: room.went_live_at,
            ended_at: room.ended_at,
            likes: room.likes,
        }
    }
}

/// A price that holds only in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LivePriceView {
    /// The price.
    pub id: PriceId,
    /// Of what; an order claims it as `{"kind": "live", "reference": "<room id>", "sku_id": "<sku id>"}`.
    pub sku_id: SkuId,
    /// Its option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// What one piece costs.
    #[schema(example = 9900)]
    pub price_fen: Fen,
    /// What one piece usually costs.
    #[schema(example = 19900)]
    pub usual_price_fen: Fen,
    /// Pieces sold at it in all.
    #[schema(example = 100)]
    pub quota: i64,
    /// Pieces that can still be had.
    #[schema(example = 42)]
    pub left: i64,
    /// Pieces one buyer may have.
    #[schema(example = 2)]
    pub per_user_limit: i64,
    /// Pieces this viewer has.
    #[schema(example = 0)]
    pub bought: i64,
    /// From when on; null for the beginning of the show.
    pub starts_at: Option<Timestamp>,
    /// Until when; null for the end of the show.
    pub ends_at: Option<Timestamp>,
    /// Whether this viewer gets a piece at it now.
    pub holds: bool,
}

/// A product on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveProductView {
    /// The product.
    pub product_id: ProductId,
    /// Its title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// Path of its picture.
    #[schema(example = "/files/3f2a.png")]
    pub picture: String,
    /// Its lowest usual price; null when nothing of it can be bought.
    #[schema(example = 19900)]
    pub price_fen: Option<Fen>,
    /// Whether it is explained now.
    pub explaining: bool,
    /// When it was last explained.
    pub explained_at: Option<Timestamp>,
    /// Its live prices.
    pub live_prices: Vec<LivePriceView>,
}

/// Something that rains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveDropView {
    /// The drop.
    pub id: DropId,
    /// What rains.
    pub kind: DropKind,
    /// What it is called.
    #[schema(example = "整点红包雨")]
    pub title: String,
    /// How many could be caught in all.
    #[schema(example = 100)]
    pub quantity: i64,
    /// How many still can.
    #[schema(example = 37)]
    pub left: i64,
    /// When it will be over.
    pub closes_at: Option<Timestamp>,
}

impl From<&RoomDrop> for LiveDropView {
    fn from(drop: &RoomDrop) -> Self {
        Self {
            id: drop.id,
            kind: drop.kind,
            title: drop.title.clone(),
            quantity: drop.quantity,
            left: drop.quantity.saturating_sub(drop.claimed),
            closes_at: drop.closes_at,
        }
    }
}

/// What somebody caught.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveCatchView {
    /// Of which drop.
    pub drop_id: DropId,
    /// The coupon they have now.
    pub coupon_id: CouponId,
    /// What it is worth, for a portion of a packet.
    #[schema(example = 188)]
    pub amount_fen: Option<Fen>,
    /// When they caught it.
    pub at: Timestamp,
}

impl From<DropClaim> for LiveCatchView {
    fn from(claim: DropClaim) -> Self {
        Self { drop_id: claim.drop_id, coupon_id: claim.coupon_id, amount_fen: claim.amount, at: claim.at }
    }
}

/// When a product was explained, within a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveMarkView {
    /// The product.
    pub product_id: ProductId,
    /// How far into the recording, in milliseconds.
    #[schema(example = 95_000)]
    pub offset_ms: i64,
    /// When that was.
    pub at: Timestamp,
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveReplayView {
    /// The recording.
    pub id: ReplayId,
    /// Where it can be fetched.
    #[schema(example = "https://vod.example.com/show.m3u8")]
    pub media_url: String,
    /// The moment of the show at its beginning.
    pub began_at: Timestamp,
    /// How long it is, in milliseconds, when known.
    #[schema(example = 5_400_000)]
    pub duration_ms: Option<i64>,
    /// When which product is explained in it.
    pub marks: Vec<LiveMarkView>,
}

impl LiveReplayView {
    /// A recording with those of the marks that fall into it.
    pub(super) fn of(replay: &Replay, marks: &[Mark]) -> Self {
        let within = |mark: &&Mark| {
            let offset = mark.at.millis_since(replay.began_at);
            offset >= 0 && replay.duration_ms.is_none_or(|length| offset < length)
        };
        let view = |mark: &Mark| LiveMarkView {
            product_id: mark.product_id,
            offset_ms: mark.at.millis_since(replay.began_at),
            at: mark.at,
        };
        Self {
            id: replay.id,
            media_url: replay.media_url.clone(),
            began_at: replay.began_at,
            duration_ms: replay.duration_ms,
            marks: marks.iter().filter(within).map(view).collect(),
        }
    }
}

/// A room as a viewer sees it the moment they enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveRoomPageView {
    /// The server's clock, for countdowns.
    pub server_time: Timestamp,
    /// The room.
    pub room: LiveRoomView,
    /// How many different viewers it has now.
    #[schema(example = 1024)]
    pub viewers: i64,
    /// Whether viewers may comment.
    pub comments_open: bool,
    /// Seconds between two comments of one viewer; 0 for none.
    #[schema(example = 3)]
    pub slow_mode_seconds: i64,
    /// What is on the shelf, in its order.
    pub shelf: Vec<LiveProductView>,
    /// What rains.
    pub drops: Vec<LiveDropView>,
    /// What was said in the last minute, the oldest first.
    pub comments: Vec<CommentView>,
    /// The comment that stays on top.
    pub pinned: Option<CommentView>,
    /// Whether this viewer will be told when it starts.
    pub reminded: bool,
    /// The number of the last thing that viewers were told; the stream of news goes on after it.
    #[schema(example = 815)]
    pub sequence: i64,
}

impl LiveRoomPageView {
    /// What this viewer sees of a snapshot.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn of(tx: &mut Tx<'_>, snapshot: Snapshot, user: Option<UserId>) -> DbResult<Self> {
        let shelf = shelf_views(tx, &snapshot, user)?;
        let reminded = match user {
            Some(user) => store::reminders::of_user(tx, snapshot.room.id, user)?.is_some(),
            None => false,
        };
        Ok(Self {
            server_time: snapshot.at,
            viewers: snapshot.viewers,
            comments_open: snapshot.room.comments_open,
            slow_mode_seconds: snapshot.room.slow_mode_seconds,
            shelf,
            drops: snapshot.drops.iter().map(LiveDropView::from).collect(),
            comments: snapshot.comments,
            pinned: snapshot.pinned,
            reminded,
            sequence: snapshot.room.signal_sequence,
            room: LiveRoomView::from(&snapshot.room),
        })
    }
}

fn shelf_views(tx: &mut Tx<'_>, snapshot: &Snapshot, user: Option<UserId>) -> DbResult<Vec<LiveProductView>> {
    let products: Vec<ProductId> = snapshot.shelf.iter().map(|item| item.product_id).collect();
    let products = catalog::product_facts_of(tx, &products)?;
    let skus: Vec<SkuId> = snapshot.prices.iter().map(|price| price.sku_id).collect();
    let skus: HashMap<SkuId, SkuFacts> =
        catalog::sku_facts(tx, &skus)?.into_iter().map(|sku| (sku.sku_id, sku)).collect();
    let ids: Vec<PriceId> = snapshot.prices.iter().map(|price| price.id).collect();
    let bought: HashMap<PriceId, i64> = match user {
        Some(user) => store::prices::bought_of(tx, &ids, user)?.into_iter().collect(),
        None => HashMap::new(),
    };
    let price_view = |price: &Price, sku: &SkuFacts| {
        let bought = bought.get(&price.id).copied().unwrap_or(0);
        price_view(&snapshot.room, price, sku, bought, snapshot.at)
    };
    let view = |facts: &ProductFacts, explained_at: Option<Timestamp>| {
        let own = |price: &&Price| skus.get(&price.sku_id).is_some_and(|sku| sku.product_id == facts.product_id);
        let priced = |price: &Price| skus.get(&price.sku_id).map(|sku| price_view(price, sku));
        LiveProductView {
            product_id: facts.product_id,
            title: facts.title.clone(),
            picture: facts.picture.clone(),
            price_fen: facts.price,
            explaining: snapshot.room.explaining_id == Some(facts.product_id),
            explained_at,
            live_prices: snapshot.prices.iter().filter(own).filter_map(priced).collect(),
        }
    };
    let shown = snapshot.shelf.iter().filter_map(|item| {
        // What is not sold any more is not shown, though it stays on the shelf for staff.
        let facts = products.iter().find(|facts| facts.product_id == item.product_id && facts.on_sale)?;
        Some(view(facts, item.explained_at))
    });
    Ok(shown.collect())
}

fn price_view(room: &Room, price: &Price, sku: &SkuFacts, bought: i64, now: Timestamp) -> LivePriceView {
    LivePriceView {
        id: price.id,
        sku_id: price.sku_id,
        option_text: sku.option_text.clone(),
        price_fen: price.price,
        usual_price_fen: sku.price,
        quota: price.quota,
        left: price.left(),
        per_user_limit: price.per_user_limit,
        bought,
        starts_at: price.starts_at,
        ends_at: price.ends_at,
        holds: rules::applies(price, room, bought, 1, now).unwrap_or(false),
    }
}
