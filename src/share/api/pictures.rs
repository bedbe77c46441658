//! What shares travel on: codes and posters.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};

use crate::platform::http::{ApiResult, Created, Json, Path, Query, Shopper};
use crate::platform::storage::Storage;
use crate::share::studio::{CODE_SIZE, POSTER_SIZE, PosterCode, PosterWish, Studio};

/// How wide a QR code is when nothing is said.
const USUAL_WIDTH: u32 = 400;

/// A picture that was made, or found made before.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MadePictureView {
    /// Path of a PNG, to be shown or downloaded by anybody who knows it.
    #[schema(example = "/files/made/posters/0a/0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.png")]
    pub picture: String,
    /// Width in pixels.
    #[schema(example = 750)]
    pub width: u32,
    /// Height in pixels.
    #[schema(example = 1200)]
    pub height: u32,
}

/// What a poster looks like.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakePoster {
    /// Where its code leads.
    pub code: PosterCode,
    /// Whether it says who shares.
    #[serde(default)]
    #[schema(example = true)]
    pub with_nickname: bool,
}

/// Makes the mini-program code of one's own share
///
/// WeChat draws it; the token is its scene. The same code is made once.
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    params(("token" = String, Path, description = "The token.")),
    responses((status = 201, description = "The code.", body = MadePictureView))
)]
#[post("/shares/{token}/code")]
pub async fn make_share_code(
    studio: web::Data<Studio>,
    shopper: Shopper,
    token: Path<String>,
) -> ApiResult<Created<MadePictureView>> {
    let key = studio.code(shopper.user_id, &token.0).await?;
    Ok(Created(MadePictureView { picture: Storage::url_path(&key), width: CODE_SIZE, height: CODE_SIZE }))
}

/// Makes a poster of one's own share
///
/// One picture with what is shared, its price and a code. The same poster is made once.
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    params(("token" = String, Path, description = "The token.")),
    request_body = MakePoster,
    responses((status = 201, description = "The poster.", body = MadePictureView))
)]
#[post("/shares/{token}/poster")]
pub async fn make_share_poster(
    studio: web::Data<Studio>,
    shopper: Shopper,
    token: Path<String>,
    body: Json<MakePoster>,
) -> ApiResult<Created<MadePictureView>> {
    let wish = PosterWish { code: body.code, with_nickname: body.with_nickname };
    let key = studio.poster(shopper.user_id, &token.0, wish).await?;
    let (width, height) = POSTER_SIZE;
    Ok(Created(MadePictureView { picture: Storage::url_path(&key), width, height }))
}

/// Formats of a QR code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QrFormat {
    /// Pixels.
    #[default]
    Png,
    /// Shapes that grow to any size.
    Svg,
}

/// What a QR code looks like.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QrQuery {
    /// Its format; PNG when nothing is said.
    #[serde(default)]
    pub format: QrFormat,
    /// Width of a PNG, 200 to 1000 pixels; 400 when nothing is said.
    #[param(minimum = 200, maximum = 1000)]
    pub width: Option<u32>,
}

/// Shows the QR code of one's own share, for outside WeChat
///
/// It leads to the shop's web address and carries the same token.
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    params(("token" = String, Path, description = "The token."), QrQuery),
    responses((
        status = 200,
        description = "The picture.",
        content((Vec<u8> = "image/png"), (String = "image/svg+xml"))
    ))
)]
#[get("/shares/{token}/qr")]
pub async fn show_share_qr(
    studio: web::Data<Studio>,
    shopper: Shopper,
    token: Path<String>,
    query: Query<QrQuery>,
) -> ApiResult<HttpResponse> {
    let matrix = studio.qr(shopper.user_id, &token.0).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "private, max-age=86400"));
    Ok(match query.0.format {
        QrFormat::Png => {
            let png = studio.qr_png(matrix, query.0.width.unwrap_or(USUAL_WIDTH)).await?;
            answer.content_type("image/png").body(png)
        }
        QrFormat::Svg => answer.content_type("image/svg+xml").body(matrix.svg()),
    })
}
