//! Sharing for shoppers.

mod own;
mod pictures;

pub use own::*;
pub use pictures::*;

use actix_web::{post, web};
use serde::{Deserialize, Serialize};

use super::error::ShareError;
use super::model::{Channel, Share, SubjectKind};
use super::rules;
use super::service::{self, Comer, Counted, GroupInfo, GroupProof, NewShare, Opening};
use super::subject::{SubjectCard, SubjectSources};
use crate::identity::IdentityKeys;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, Shopper, Visitor};
use crate::platform::wechat::WechatClient;

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        issue_share,
        open_share,
        list_my_shares,
        show_my_share,
        show_my_sharing,
        list_my_newcomers,
        make_share_code,
        make_share_poster,
        show_share_qr
    ),
    components(schemas(QrFormat))
)]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(issue_share)
        .service(open_share)
        .service(list_my_shares)
        .service(show_my_share)
        .service(show_my_sharing)
        .service(list_my_newcomers)
        .service(make_share_code)
        .service(make_share_poster)
        .service(show_share_qr);
}

/// What to hand on.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueShare {
    /// What.
    pub subject: SubjectBody,
    /// How.
    pub channel: Channel,
    /// The token through which the sharer came, if the page knows one. One that they did not come through is passed
    /// over.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub parent: Option<String>,
}

/// A thing that can be handed on.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectBody {
    /// Of which kind.
    pub kind: SubjectKind,
    /// Which one: an id, or the path of a page; 1 to 128 visible ASCII characters.
    #[schema(max_length = 128, example = "pages/index/index")]
    pub reference: String,
}

/// A token and what to hand on with it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShareView {
    /// The token; at most 32 letters and digits, so that it fits a mini-program's scene.
    #[schema(example = "3uGk0PqXw7Yb1RzD")]
    pub token: String,
    /// What is handed on.
    pub subject: SubjectBody,
    /// How.
    pub channel: Channel,
    /// The campaign it belongs to.
    pub campaign_id: Option<CampaignId>,
    /// How many hands the page had gone through before.
    #[schema(example = 0)]
    pub depth: i64,
    /// What the card says.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// Path of the picture on it; empty for none.
    #[schema(example = "/files/ab/0123456789abcdef.png")]
    pub picture: String,
    /// What it costs, when it has a price.
    pub price_fen: Option<Fen>,
    /// Page and query, with the token, for a card to friends, a group or the native app (`onShareAppMessage`).
    #[schema(example = "pages/product/index?id=1&share=3uGk0PqXw7Yb1RzD")]
    pub path: String,
    /// The query alone, with the token, for Moments (`onShareTimeline`).
    #[schema(example = "id=1&share=3uGk0PqXw7Yb1RzD")]
    pub query: String,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl ShareView {
    fn of(share: Share, card: SubjectCard) -> Self {
        Self {
            path: rules::path_with_token(&card.path, &share.token),
            query: rules::query_with_token(&card.path, &share.token),
            token: share.token,
            subject: SubjectBody { kind: share.subject_kind, reference: share.subject_ref },
            channel: share.channel,
            campaign_id: share.campaign_id,
            depth: share.depth,
            title: card.title,
            picture: card.picture,
            price_fen: card.price,
            created_at: share.created_at,
        }
    }
}

/// Hands a page on
///
/// Makes a token for what is about to be shared, with what the card shows. Every share button asks for its own.
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    request_body = IssueShare,
    responses((status = 201, description = "The token and the card.", body = ShareView))
)]
#[post("/shares")]
pub async fn issue_share(
    db: web::Data<Db>,
    sources: web::Data<SubjectSources>,
    shopper: Shopper,
    body: Json<IssueShare>,
) -> ApiResult<Created<ShareView>> {
    let IssueShare { subject, channel, parent } = body.0;
    let sharer = shopper.user_id;
    let new = NewShare { sharer, kind: subject.kind, reference: subject.reference, channel, parent };
    let (share, card) = db.write("issue_share", move |tx| service::issue(tx, &sources, &new)).await?;
    Ok(Created(ShareView::of(share, card)))
}

/// A page was opened through a token.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenShare {
    /// The token, out of the page's query or scene.
    #[schema(max_length = 32, example = "3uGk0PqXw7Yb1RzD")]
    pub token: String,
    /// WeChat's number for where it was opened.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 99_999, example = 1007)]
    pub scene: Option<i64>,
    /// The group chat it was opened in, as WeChat handed it to the page.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub group: Option<GroupInfoBody>,
}

/// What the page got from `wx.getGroupEnterInfo` or `wx.getShareInfo`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupInfoBody {
    /// `encryptedData`.
    #[schema(max_length = 4096, example = "tLzv1VhEp8Pgp1OjJto60g==")]
    pub encrypted_data: String,
    /// `iv`.
    #[schema(max_length = 64, example = "EBESExQVFhcYGRobHB0eHw==")]
    pub iv: String,
}

/// What was opened, and what was made of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OpenedShareView {
    /// What was handed on.
    pub subject: SubjectBody,
    /// The page that shows it, with its query; null when it is not shown any more.
    #[schema(example = "pages/product/index?id=1")]
    pub path: Option<String>,
    /// The campaign it belongs to.
    pub campaign_id: Option<CampaignId>,
    /// How it was handed on.
    pub channel: Channel,
    /// What was made of the open.
    pub counted: Counted,
    /// Whether the group chat is believed; null when none was told.
    pub group: Option<GroupProof>,
}

/// Reports that a page was opened through a token
///
/// By whoever is logged in, or by an anonymous device; what the device opened becomes its first user's at the log-in. A
/// token that nobody knows answers 404 and is no reason not to show the page.
#[utoipa::path(
    tag = "share",
    security(("shopper" = []), ("device" = [])),
    request_body = OpenShare,
    responses((status = 200, description = "What it leads to.", body = OpenedShareView))
)]
#[post("/share-opens")]
pub async fn open_share(
    db: web::Data<Db>,
    sources: web::Data<SubjectSources>,
    keys: web::Data<IdentityKeys>,
    wechat: web::Data<WechatClient>,
    visitor: Visitor,
    body: Json<OpenShare>,
) -> ApiResult<Json<OpenedShareView>> {
    let OpenShare { token, scene, group } = body.0;
    let comer = match visitor {
        Visitor::User(shopper) => Comer::User(shopper.user_id, shopper.device_id),
        Visitor::Device(device) => Comer::Device(device),
    };
    let group = group.map(|group| GroupInfo { data: group.encrypted_data, iv: group.iv });
    let work = move |tx: &mut Tx<'_>| {
        let app_id = wechat.app_id();
        let proven = match &group {
            Some(group) => Some(service::prove_group(tx, &keys, app_id, comer, group)?),
            None => None,
        };
        let group_id = proven.as_ref().and_then(|proven| proven.as_ref().ok()).cloned();
        let opening = Opening { token: token.clone(), comer, scene, group_id };
        let arrived = service::open(tx, &opening)?;
        let card = sources.describe(tx, &arrived.share.subject())?;
        let proof = proven.map(|proven| proven.err().unwrap_or(GroupProof::Proven));
        Ok::<_, ShareError>((arrived, card, proof))
    };
    let (arrived, card, group) = db.write("open_share", work).await?;
    let share = arrived.share;
    Ok(Json(OpenedShareView {
        subject: SubjectBody { kind: share.subject_kind, reference: share.subject_ref },
        path: card.map(|card| card.path),
        campaign_id: share.campaign_id,
        channel: share.channel,
        counted: arrived.counted,
        group,
    }))
}
