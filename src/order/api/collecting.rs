//! Collecting an order at a store, as its buyer sees it.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::id::OrderId;
use crate::kernel::time::Timestamp;
use crate::order::error::OrderError;
use crate::order::model::{Order, PickUpFile};
use crate::order::{rules, service};
use crate::pick_up::StoreId;
use crate::platform::db::{Db, DbError};
use crate::platform::http::{ApiResult, Path, Shopper};
use crate::platform::qr::Matrix;
use crate::platform::typed_code;

/// Width of the QR code, in pixels.
const CODE_WIDTH: u32 = 400;

/// Who collects an order, and where.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PickUpWishBody {
    /// The store, which must be open.
    pub store_id: StoreId,
    /// Who comes, 1–32 characters.
    #[schema(example = "李雷", min_length = 1, max_length = 32)]
    pub contact_name: String,
    /// Their phone: a mobile number, or an area code and a number.
    #[schema(example = "13800001234", max_length = 20)]
    pub contact_phone: String,
}

/// Where an order is collected, and what is to be shown there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PickUpView {
    /// The store.
    pub store_id: StoreId,
    /// What it is called.
    #[schema(example = "南山旗舰店")]
    pub store_name: String,
    /// Where it is.
    #[schema(example = "深圳市南山区科技园一路 1 号")]
    pub store_address: String,
    /// Its phone.
    #[schema(example = "0755-12345678")]
    pub store_phone: String,
    /// When it is open.
    #[schema(example = "每天 10:00–22:00")]
    pub opening_hours: String,
    /// The code to show at the store, in groups of four; null until the order is paid and no campaign holds it back, and
    /// again once it was collected or its money is on its way back.
    #[schema(example = "7KQM-3FHD-W2XA")]
    pub code: Option<String>,
    /// When it was collected; null while it was not.
    pub picked_up_at: Option<Timestamp>,
}

impl PickUpView {
    /// The pick-up of an order as its buyer sees it.
    pub(in crate::order) fn of(order: &Order, file: PickUpFile) -> Self {
        Self {
            code: rules::usable_code(order, &file.pick_up).map(typed_code::printed),
            picked_up_at: file.pick_up.verified_at,
            store_id: file.store.id,
            store_name: file.store.name,
            store_address: file.store.address,
            store_phone: file.store.phone,
            opening_hours: file.store.opening_hours,
        }
    }
}

/// Shows the pick-up code of one of the viewer's orders as a QR code
///
/// The code holds the twelve letters and nothing else. It can be shown while it can be used.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/png"))
)]
#[get("/orders/{order_id}/pick-up-code")]
pub async fn show_pick_up_code(db: web::Data<Db>, shopper: Shopper, path: Path<OrderId>) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let code = db.read("show_pick_up_code", move |tx| service::code_of_user(tx, id, shopper.user_id)).await?;
    let drawn = web::block(move || Matrix::of(&code).and_then(|matrix| matrix.png(CODE_WIDTH))).await;
    let picture =
        drawn.ok().flatten().ok_or_else(|| OrderError::Db(DbError::Defect("no QR code was drawn".to_owned())))?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, no-store")).content_type("image/png").body(picture))
}
