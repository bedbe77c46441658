//! The service account for shoppers: what they follow, and codes of their shares.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::ServiceAccountError;
use super::model::{CodeId, CodeKind, Following, ServiceCode};
use super::service::{self, CodeDesk};
use crate::entrance::{EntranceId, Entrances};
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiError, ApiResult, Created, Json, Path, Query, Shopper};
use crate::platform::qr::Matrix;

/// How wide a code is when nothing is said.
const USUAL_WIDTH: u32 = 400;
/// How wide a code may be, in pixels.
const WIDTHS: std::ops::RangeInclusive<u32> = 200..=1_000;

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(make_service_code, show_service_code_picture, list_my_followings))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(make_service_code).service(show_service_code_picture).service(list_my_followings);
}

/// Whose code is wished for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeServiceCode {
    /// The token of one's own share.
    #[schema(max_length = 32, example = "3uGk0PqXw7Yb1RzD")]
    pub share_token: String,
    /// Which service account; the oldest when null.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub entrance_id: Option<EntranceId>,
}

/// A code of a service account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceCodeView {
    /// The code.
    pub code_id: CodeId,
    /// Of which service account.
    pub entrance_id: EntranceId,
    /// How long it lives.
    pub kind: CodeKind,
    /// The share it carries.
    #[schema(example = "3uGk0PqXw7Yb1RzD")]
    pub share_token: Option<String>,
    /// What the code says; null while WeChat has not made it.
    #[schema(example = "http://weixin.qq.com/q/02QvL0gDpEcEl1tXk9xFc5")]
    pub url: Option<String>,
    /// WeChat's own picture of it; null while WeChat has not made it.
    #[schema(example = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQH47joAAA%3D%3D")]
    pub wechat_picture: Option<String>,
    /// Until when it works; null for one that lasts.
    pub expires_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

impl From<ServiceCode> for ServiceCodeView {
    fn from(code: ServiceCode) -> Self {
        Self {
            code_id: code.id,
            entrance_id: code.entrance_id,
            kind: code.kind,
            share_token: code.share_token,
            url: code.url,
            wechat_picture: code.ticket.as_deref().map(picture_address),
            expires_at: code.expires_at,
            created_at: code.created_at,
        }
    }
}

/// Where WeChat shows its own picture of a code.
fn picture_address(ticket: &str) -> String {
    let mut address = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=".to_owned();
    for byte in ticket.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// Formats of a code's picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodePictureFormat {
    /// Pixels.
    #[default]
    Png,
    /// Shapes that grow to any size.
    Svg,
}

/// What the picture of a code looks like.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CodePictureQuery {
    /// Its format; PNG when nothing is said.
    #[serde(default)]
    #[param(inline)]
    pub format: CodePictureFormat,
    /// Width of a PNG, 200 to 1000 pixels; 400 when nothing is said.
    #[param(minimum = 200, maximum = 1000)]
    pub width: Option<u32>,
}

/// The picture of a code: any QR code of what WeChat says it says.
pub(super) async fn picture(code: ServiceCode, query: CodePictureQuery) -> ApiResult<HttpResponse> {
    let width = query.width.unwrap_or(USUAL_WIDTH);
    if !WIDTHS.contains(&width) {
        let flaw = serde_json::json!({ "field": "width", "rule": "200 to 1000" });
        return Err(ServiceAccountError::InvalidField(flaw).into());
    }
    let url = code.url.ok_or(ServiceAccountError::CodeNotMade)?;
    let matrix = Matrix::of(&url).ok_or(ServiceAccountError::CodeNotMade)?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "private, max-age=3600"));
    Ok(match query.format {
        CodePictureFormat::Svg => answer.content_type("image/svg+xml").body(matrix.svg()),
        CodePictureFormat::Png => {
            let drawn = web::block(move || matrix.png(width)).await.ok().flatten();
            let png = drawn.ok_or_else(|| ApiError::from(ServiceAccountError::CodeNotMade))?;
            answer.content_type("image/png").body(png)
        }
    })
}

/// Makes a code of a service account that carries one's own share
///
/// Whoever scans it is asked to follow, and led on to what is shared; the scan counts as an open of the share. It lives
/// thirty days; asking again answers the same one, made anew when it is about to end.
#[utoipa::path(
    tag = "service_account",
    security(("shopper" = [])),
    request_body = MakeServiceCode,
    responses((status = 201, description = "The code.", body = ServiceCodeView))
)]
#[post("/service-codes")]
pub async fn make_service_code(
    desk: web::Data<CodeDesk>,
    shopper: Shopper,
    body: Json<MakeServiceCode>,
) -> ApiResult<Created<ServiceCodeView>> {
    let made = desk.of_share(shopper.user_id, &body.share_token, body.entrance_id).await?;
    Ok(Created(made.into()))
}

/// Shows the picture of one's own code
#[utoipa::path(
    tag = "service_account",
    security(("shopper" = [])),
    params(("code_id" = CodeId, Path, description = "The code."), CodePictureQuery),
    responses(
        (
            status = 200,
            description = "The picture.",
            content((Vec<u8> = "image/png"), (String = "image/svg+xml"))
        ),
        (status = 409, description = "WeChat has not made the code yet.", body = serde_json::Value)
    )
)]
#[get("/service-codes/{code_id}/picture")]
pub async fn show_service_code_picture(
    db: web::Data<Db>,
    shopper: Shopper,
    path: Path<CodeId>,
    query: Query<CodePictureQuery>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let code = db.read("show_service_code", move |tx| service::own_code(tx, shopper.user_id, id)).await?;
    picture(code, query.0).await
}

/// A service account that is followed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowingView {
    /// Which service account.
    pub entrance_id: EntranceId,
    /// What the shop calls it; null when it is disabled.
    #[schema(example = "服务号")]
    pub name: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// The service accounts that are followed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowingsView {
    /// The earliest first.
    pub items: Vec<FollowingView>,
}

/// Lists the service accounts that the viewer follows
///
/// As far as the shop knows that it is them: from their log-in through the account, or from a unionid they share.
#[utoipa::path(
    tag = "service_account",
    security(("shopper" = [])),
    responses((status = 200, description = "What they follow.", body = FollowingsView))
)]
#[get("/me/followings")]
pub async fn list_my_followings(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    shopper: Shopper,
) -> ApiResult<Json<FollowingsView>> {
    let followed = db.read("list_my_followings", move |tx| service::follows(tx, shopper.user_id)).await?;
    let view = |following: Following| FollowingView {
        entrance_id: following.entrance_id,
        name: entrances.by_id(following.entrance_id).map(|open| open.entrance.name.clone()),
        since: following.followed_at,
    };
    Ok(Json(FollowingsView { items: followed.into_iter().map(view).collect() }))
}
