//! Guidance for shoppers.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{Benefit, GuideLink, Guided, LinkForm, Step, Way};
use super::service::Guide;
use crate::entrance::EntranceId;
use crate::kernel::time::Timestamp;
use crate::platform::http::{ApiResult, Created, Json, Query, Shopper, at_most};

/// Most characters of a share's token.
const LONGEST_TOKEN: usize = 32;

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_my_entrances, make_entrance_link))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(list_my_entrances).service(make_entrance_link);
}

/// One step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntranceStepView {
    /// What to do.
    pub step: Step,
    /// Through which entrance; null for what is about no single one.
    pub entrance_id: Option<EntranceId>,
    /// What the shop calls it.
    #[schema(example = "服务号")]
    pub name: Option<String>,
    /// Whether it is done.
    #[schema(example = false)]
    pub done: bool,
    /// What it brings.
    pub brings: Vec<Benefit>,
    /// How to do it; several may fit, depending on where the viewer is.
    pub ways: Vec<Way>,
}

impl From<Guided> for EntranceStepView {
    fn from(guided: Guided) -> Self {
        let (entrance_id, name) = guided.entrance.unzip();
        let Guided { step, done, brings, ways, .. } = guided;
        Self { step, entrance_id, name, done, brings: brings.to_vec(), ways }
    }
}

/// Every step there is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntranceStepsView {
    /// In the order in which they are worth showing.
    pub items: Vec<EntranceStepView>,
}

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntranceStepsQuery {
    /// The token that every way is to carry; home without one.
    #[param(max_length = 32)]
    share_token: Option<String>,
}

/// Shows by which entrances the viewer could still come
///
/// What is missing (the unionid, a phone number, following, the app), what it brings and the way there. With a share
/// token every way leads to what is shared and carries the token.
#[utoipa::path(
    tag = "identity",
    security(("shopper" = [])),
    params(EntranceStepsQuery),
    responses((status = 200, description = "Every step.", body = EntranceStepsView))
)]
#[get("/me/entrances")]
pub async fn list_my_entrances(
    guide: web::Data<Guide>,
    shopper: Shopper,
    query: Query<EntranceStepsQuery>,
) -> ApiResult<Json<EntranceStepsView>> {
    at_most("share_token", query.0.share_token.as_deref(), LONGEST_TOKEN)?;
    let steps = guide.steps(shopper.user_id, query.0.share_token).await?;
    Ok(Json(EntranceStepsView { items: steps.into_iter().map(EntranceStepView::from).collect() }))
}

/// Which link is wished for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeEntranceLink {
    /// How it is written.
    pub form: LinkForm,
    /// The token that it is to carry; home without one.
    #[serde(default)]
    #[schema(max_length = 32, example = json!(null))]
    pub share_token: Option<String>,
}

/// A link that opens the mini-program from outside WeChat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntranceLinkView {
    /// The link.
    #[schema(example = "https://wxaurl.cn/BQZRrcFCPvg")]
    pub link: String,
    /// How it is written.
    pub form: LinkForm,
    /// The page it opens.
    #[schema(example = "pages/product/index")]
    pub page: String,
    /// Its query.
    #[schema(example = "id=1&share=3uGk0PqXw7Yb1RzD")]
    pub query: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl From<GuideLink> for EntranceLinkView {
    fn from(made: GuideLink) -> Self {
        let GuideLink { link, form, page, query, expires_at, .. } = made;
        Self { link, form, page, query, expires_at }
    }
}

/// Makes a link that opens the mini-program from outside WeChat
///
/// For the native app's share button, text messages and web pages. The same link is made once a month.
#[utoipa::path(
    tag = "guidance",
    security(("shopper" = [])),
    request_body = MakeEntranceLink,
    responses((status = 201, description = "The link.", body = EntranceLinkView))
)]
#[post("/me/entrances/links")]
pub async fn make_entrance_link(
    guide: web::Data<Guide>,
    _shopper: Shopper,
    body: Json<MakeEntranceLink>,
) -> ApiResult<Created<EntranceLinkView>> {
    let MakeEntranceLink { form, share_token } = body.0;
    Ok(Created(guide.link(form, share_token).await?.into()))
}
