//! What staff see of bargains.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::bargain::api::views::BargainPersonView;
use crate::bargain::model::{
    Award, AwardId, AwardState, Bargain, BargainId, BargainState, HelpReward, Piece, Rank, Redemption, RedemptionState,
    Rules,
};
use crate::bargain::service::{BargainFile, CampaignFile};
use crate::campaign::CampaignState;
use crate::catalog::SkuId;
use crate::coupon::{CouponId, CouponTemplateId};
use crate::identity::Face;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// One place of the ranking.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffBargainPlaceView {
    /// The place, from 1.
    #[schema(example = 1)]
    pub place: i64,
    /// Whose it is.
    pub user_id: UserId,
    /// As shoppers see them.
    pub owner: BargainPersonView,
    /// How many helpers count.
    #[schema(example = 42)]
    pub helpers: i64,
}

/// A prize and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainAwardView {
    /// The award.
    pub award_id: AwardId,
    /// The winner's place.
    #[schema(example = 1)]
    pub place: i64,
    /// The winner.
    pub user_id: UserId,
    /// How many helpers they had.
    #[schema(example = 42)]
    pub helpers: i64,
    /// What they win.
    pub template_id: CouponTemplateId,
    /// Whether they have it.
    pub state: AwardState,
    /// The coupon they have.
    pub coupon_id: Option<CouponId>,
    /// How often it was tried.
    #[schema(example = 1)]
    pub attempts: i64,
    /// Why the last try failed.
    #[schema(example = json!(null))]
    pub trouble: Option<String>,
    /// When it was given.
    pub settled_at: Option<Timestamp>,
}

impl From<Award> for BargainAwardView {
    fn from(award: Award) -> Self {
        Self {
            award_id: award.id,
            place: award.place,
            user_id: award.user_id,
            helpers: award.helpers,
            template_id: award.template_id,
            state: award.state,
            coupon_id: award.coupon_id,
            attempts: award.attempts,
            trouble: award.trouble,
            settled_at: award.settled_at,
        }
    }
}

/// A campaign of bargains.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainCampaignFileView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Its name.
    #[schema(example = "夏日砍价")]
    pub name: String,
    /// Where it stands.
    pub state: CampaignState,
    /// Its rules.
    pub rules: Rules,
    /// How many orders were placed at a bargained price and not closed or refunded.
    #[schema(example = 128)]
    pub sold: i64,
    /// When the ranking was settled; null before.
    pub ranked_at: Option<Timestamp>,
    /// The first hundred places.
    pub ranking: Vec<StaffBargainPlaceView>,
    /// The prizes and whose they are, once the ranking is settled.
    pub awards: Vec<BargainAwardView>,
}

impl From<CampaignFile> for BargainCampaignFileView {
    fn from(file: CampaignFile) -> Self {
        let place = |(place, (rank, face)): (i64, (Rank, Option<Face>))| StaffBargainPlaceView {
            place,
            user_id: rank.user_id,
            owner: BargainPersonView::of(face),
            helpers: rank.helpers,
        };
        Self {
            campaign_id: file.campaign.id,
            name: file.campaign.name,
            state: file.campaign.state,
            rules: file.rules,
            sold: file.quota.sold,
            ranked_at: file.ranked_at,
            ranking: (1_i64..).zip(file.ranking).map(place).collect(),
            awards: file.awards.into_iter().map(BargainAwardView::from).collect(),
        }
    }
}

/// A bargain.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffBargainView {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its owner.
    pub user_id: UserId,
    /// What is to be had cheaper.
    pub sku_id: SkuId,
    /// Where it stands.
    pub state: BargainState,
    /// Where it started.
    pub start_fen: Fen,
    /// The lowest price.
    #[schema(example = 4900)]
    pub floor_fen: Fen,
    /// The price now.
    #[schema(example = 7300)]
    pub price_fen: Fen,
    /// How many cuts lead to the floor.
    #[schema(example = 20)]
    pub pieces: i64,
    /// How many of them were made.
    #[schema(example = 7)]
    pub taken: i64,
    /// How many of those by friends.
    #[schema(example = 6)]
    pub helpers: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// When the floor was reached.
    pub floor_at: Option<Timestamp>,
    /// The order that holds or bought it.
    pub order_id: Option<OrderId>,
    /// When it was bought or expired.
    pub ended_at: Option<Timestamp>,
}

impl StaffBargainView {
    pub(super) fn of(bargain: &Bargain) -> Self {
        Self {
            bargain_id: bargain.id,
            campaign_id: bargain.campaign_id,
            user_id: bargain.user_id,
            sku_id: bargain.sku_id,
            state: bargain.state,
            start_fen: bargain.start,
            floor_fen: bargain.floor,
            price_fen: bargain.price(),
            pieces: bargain.pieces,
            taken: bargain.taken,
            helpers: bargain.helpers,
            opened_at: bargain.opened_at,
            expires_at: bargain.expires_at,
            floor_at: bargain.floor_at,
            order_id: bargain.order_id,
            ended_at: bargain.ended_at,
        }
    }
}

/// One piece of a bargain's difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainPieceView {
    /// Its place in the partition, from 1.
    #[schema(example = 1)]
    pub number: i64,
    /// How much it is.
    #[schema(example = 560)]
    pub amount_fen: Fen,
    /// Who took it; null while nobody did.
    pub helper_id: Option<UserId>,
    /// As shoppers see them.
    pub helper: Option<BargainPersonView>,
    /// When.
    pub taken_at: Option<Timestamp>,
    /// Whether it was the owner's own first cut.
    #[schema(example = false)]
    pub by_owner: bool,
    /// Whether the helper was new to the shop.
    #[schema(example = false)]
    pub newcomer: bool,
    /// Whether it counts in the ranking.
    #[schema(example = true)]
    pub counted: bool,
    /// What became of the helper's reward, or why there is none.
    pub reward: Option<HelpReward>,
}

impl BargainPieceView {
    fn of(piece: &Piece, faces: &HashMap<UserId, Face>) -> Self {
        Self {
            number: piece.number,
            amount_fen: piece.amount,
            helper_id: piece.helper_id,
            helper: piece.helper_id.map(|helper| BargainPersonView::of(faces.get(&helper).cloned())),
            taken_at: piece.taken_at,
            by_owner: piece.by_owner,
            newcomer: piece.newcomer,
            counted: piece.counted,
            reward: piece.reward,
        }
    }
}

/// An order that redeemed a bargain.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedemptionView {
    /// The order.
    pub order_id: OrderId,
    /// The price of the bargain, frozen when the order was placed.
    #[schema(example = 7300)]
    pub price_fen: Fen,
    /// What the bargain took off the base price.
    #[schema(example = 2600)]
    pub given_fen: Fen,
    /// What became of it.
    pub state: RedemptionState,
    /// When the order was placed.
    pub placed_at: Timestamp,
    /// When it was paid, closed or refunded.
    pub settled_at: Option<Timestamp>,
}

impl From<Redemption> for RedemptionView {
    fn from(redemption: Redemption) -> Self {
        Self {
            order_id: redemption.order_id,
            price_fen: redemption.price,
            given_fen: redemption.given,
            state: redemption.state,
            placed_at: redemption.placed_at,
            settled_at: redemption.settled_at,
        }
    }
}

/// One bargain with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BargainFileView {
    /// The bargain.
    pub bargain: StaffBargainView,
    /// Its owner as shoppers see them.
    pub owner: BargainPersonView,
    /// What its pieces were drawn from: a number of 64 bits.
    #[schema(example = "13819372842110238445")]
    pub seed: String,
    /// Whether the stored pieces are what the seed gives again.
    #[schema(example = true)]
    pub pieces_match_seed: bool,
    /// Its pieces, in the order of the partition.
    pub pieces: Vec<BargainPieceView>,
    /// The orders that redeemed it, latest first.
    pub redemptions: Vec<RedemptionView>,
}

impl From<BargainFile> for BargainFileView {
    fn from(file: BargainFile) -> Self {
        let BargainFile { bargain, pieces, faces, redemptions, pieces_match_seed } = file;
        Self {
            bargain: StaffBargainView::of(&bargain),
            owner: BargainPersonView::of(faces.get(&bargain.user_id).cloned()),
            seed: bargain.seed.cast_unsigned().to_string(),
            pieces_match_seed,
            pieces: pieces.iter().map(|piece| BargainPieceView::of(piece, &faces)).collect(),
            redemptions: redemptions.into_iter().map(RedemptionView::from).collect(),
        }
    }
}

/// How many prizes are tried again.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrizesRetriedView {
    /// So many.
    #[schema(example = 2)]
    pub prizes: usize,
}
