//! Virtual goods for staff.

use actix_web::{get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::VirtualGoodsView;
use super::model::{CodeId, CodeState, Grant, LoadId, NewGrant};
use super::rules::BadRow;
use super::service::{self, AtDesk, DigitalKeys, MaskedCode, NewCodes};
use crate::catalog::SkuId;
use crate::kernel::id::OrderId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::order::OrderLineId;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{DigitalRead, DigitalWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    check_codes,
    load_codes,
    list_codes,
    withdraw_code,
    show_access_grant,
    write_access_grant,
    show_virtual_goods_to_staff
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(check_codes)
        .service(load_codes)
        .service(list_codes)
        .service(withdraw_code)
        .service(show_access_grant)
        .service(write_access_grant)
        .service(show_virtual_goods_to_staff);
}

/// A list of codes to look at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckCodes {
    /// One code a row, or CSV whose first column is the code; 1–5000 codes of at most 200 characters, 256 KiB in all. A
    /// first row that says `code` is a head.
    #[schema(example = "ABCD-EFGH-1234\nABCD-EFGH-5678")]
    pub text: String,
}

/// A list of codes to load.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadCodes {
    /// One code a row, or CSV whose first column is the code; 1–5000 codes of at most 200 characters, 256 KiB in all. A
    /// first row that says `code` is a head.
    #[schema(example = "ABCD-EFGH-1234\nABCD-EFGH-5678")]
    pub text: String,
    /// Where they come from, 1–200 characters.
    #[schema(example = "供应商第 3 批", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// What a list of codes would come to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckedCodesView {
    /// Codes that could be loaded.
    #[schema(example = 2)]
    pub good: usize,
    /// Rows that could not; while there is one, nothing is loaded.
    pub bad: Vec<BadRow>,
}

/// Codes that were loaded.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoadedCodesView {
    /// The load.
    pub load_id: LoadId,
    /// How many codes.
    #[schema(example = 2)]
    pub codes: usize,
}

/// Which codes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CodeQuery {
    /// Only those in this state.
    state: Option<CodeState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// A code as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CodeView {
    /// The code's row.
    pub code_id: CodeId,
    /// Its end.
    #[schema(example = "****1234")]
    pub masked: String,
    /// What became of it.
    pub state: CodeState,
    /// With which load it came.
    pub load_id: LoadId,
    /// To which order it was delivered; null while it was not.
    pub order_id: Option<OrderId>,
    /// To which line of it.
    pub line_id: Option<OrderLineId>,
    /// When.
    pub delivered_at: Option<Timestamp>,
}

impl From<MaskedCode> for CodeView {
    fn from(found: MaskedCode) -> Self {
        let MaskedCode { code, masked } = found;
        Self {
            code_id: code.id,
            masked,
            state: code.state,
            load_id: code.load_id,
            order_id: code.order_id,
            line_id: code.line_id,
            delivered_at: code.delivered_at,
        }
    }
}

/// Why a code is taken out of its pool.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawCode {
    /// Why, 1–200 characters.
    #[schema(example = "供应商通知失效", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// What buyers of a SKU get.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteAccessGrant {
    /// What it is called, 1–60 characters.
    #[schema(example = "会员专享课程", min_length = 1, max_length = 60)]
    pub name: String,
    /// What to do with it, 1–1000 characters.
    #[schema(example = "打开链接，用下单手机号登录即可观看。", min_length = 1, max_length = 1000)]
    pub instructions: String,
    /// Where it leads, `https://…`, at most 500 characters; absent when words are enough.
    #[serde(default)]
    #[schema(example = "https://shop.example/course", max_length = 500)]
    pub link: Option<String>,
}

/// What buyers of a SKU get.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccessGrantView {
    /// The SKU.
    pub sku_id: SkuId,
    /// What it is called.
    #[schema(example = "会员专享课程")]
    pub name: String,
    /// What to do with it.
    #[schema(example = "打开链接，用下单手机号登录即可观看。")]
    pub instructions: String,
    /// Where it leads; null when words are enough.
    #[schema(example = "https://shop.example/course")]
    pub link: Option<String>,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl From<Grant> for AccessGrantView {
    fn from(grant: Grant) -> Self {
        Self {
            sku_id: grant.sku_id,
            name: grant.name,
            instructions: grant.instructions,
            link: grant.link,
            updated_at: grant.updated_at,
        }
    }
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// Checks codes before they are loaded
///
/// Says how many could be loaded, and which rows are wrong and why. Nothing changes.
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.write"))),
    params(("sku_id" = SkuId, Path, description = "A SKU sold by codes.")),
    request_body = CheckCodes,
    responses((status = 200, description = "What it would come to.", body = CheckedCodesView))
)]
#[post("/skus/{sku_id}/codes/check")]
pub async fn check_codes(
    db: web::Data<Db>,
    keys: web::Data<DigitalKeys>,
    _staff: Staff<DigitalWrite>,
    path: Path<SkuId>,
    body: Json<CheckCodes>,
) -> ApiResult<Json<CheckedCodesView>> {
    let (Path(sku), Json(body), keys) = (path, body, DigitalKeys::clone(&keys));
    let checked = db.read("check_codes", move |tx| service::check(tx, &keys, sku, &body.text)).await?;
    Ok(Json(CheckedCodesView { good: checked.good.len(), bad: checked.bad }))
}

/// Loads codes
///
/// All or none; as many pieces of stock are received. A code that its pool has or had cannot come again, so repeating a
/// load loads nothing twice.
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.write"))),
    params(("sku_id" = SkuId, Path, description = "A SKU sold by codes.")),
    request_body = LoadCodes,
    responses((status = 201, description = "The load.", body = LoadedCodesView))
)]
#[post("/skus/{sku_id}/codes")]
pub async fn load_codes(
    db: web::Data<Db>,
    keys: web::Data<DigitalKeys>,
    staff: Staff<DigitalWrite>,
    path: Path<SkuId>,
    body: Json<LoadCodes>,
) -> ApiResult<Created<LoadedCodesView>> {
    let (Path(sku_id), Json(body), desk, keys) = (path, body, desk(&staff), DigitalKeys::clone(&keys));
    let new = NewCodes { sku_id, text: body.text, reason: body.reason, staff_id: Some(desk.staff_id) };
    let loading = db.write("load_codes", move |tx| service::load_by_staff(tx, &keys, &desk, &new));
    let (load_id, codes) = loading.await?;
    Ok(Created(LoadedCodesView { load_id, codes }))
}

/// Lists the codes of a SKU
///
/// Latest first, with their ends only.
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.read"))),
    params(("sku_id" = SkuId, Path, description = "A SKU sold by codes."), CodeQuery),
    responses((status = 200, description = "A page of codes.", body = Page<CodeView>))
)]
#[get("/skus/{sku_id}/codes")]
pub async fn list_codes(
    db: web::Data<Db>,
    keys: web::Data<DigitalKeys>,
    _staff: Staff<DigitalRead>,
    path: Path<SkuId>,
    query: Query<CodeQuery>,
) -> ApiResult<Json<Page<CodeView>>> {
    let (Path(sku), Query(CodeQuery { state, cursor, limit }), keys) = (path, query, DigitalKeys::clone(&keys));
    let page = PageQuery { cursor, limit };
    let page = (page.cursor()?, page.limit()?);
    let codes = db.read("list_codes", move |tx| service::page(tx, &keys, sku, state, page)).await?;
    Ok(Json(codes.map(Into::into)))
}

/// Takes a free code out of its pool
///
/// And a piece out of stock. Refused when orders were promised all the pieces there are.
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.write"))),
    params(("code_id" = CodeId, Path, description = "The code.")),
    request_body = WithdrawCode,
    responses((status = 200, description = "The code after it.", body = CodeView))
)]
#[post("/codes/{code_id}/withdraw")]
pub async fn withdraw_code(
    db: web::Data<Db>,
    keys: web::Data<DigitalKeys>,
    staff: Staff<DigitalWrite>,
    path: Path<CodeId>,
    body: Json<WithdrawCode>,
) -> ApiResult<Json<CodeView>> {
    let (Path(id), Json(body), desk, keys) = (path, body, desk(&staff), DigitalKeys::clone(&keys));
    let withdrawing = db.write("withdraw_code", move |tx| service::withdraw(tx, &keys, &desk, id, &body.reason));
    Ok(Json(withdrawing.await?.into()))
}

/// Shows what buyers of a SKU get
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.read"))),
    params(("sku_id" = SkuId, Path, description = "A SKU that grants access.")),
    responses((status = 200, description = "What they get.", body = AccessGrantView))
)]
#[get("/skus/{sku_id}/access-grant")]
pub async fn show_access_grant(
    db: web::Data<Db>,
    _staff: Staff<DigitalRead>,
    path: Path<SkuId>,
) -> ApiResult<Json<AccessGrantView>> {
    let Path(sku) = path;
    let grant = db.read("show_access_grant", move |tx| service::grant(tx, sku)).await?;
    Ok(Json(grant.into()))
}

/// Writes what buyers of a SKU get
///
/// From now on; whoever bought before keeps what they got. Write it before the SKU has stock: an order that is paid while
/// nothing is written waits, and staff see that.
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.write"))),
    params(("sku_id" = SkuId, Path, description = "A SKU that grants access.")),
    request_body = WriteAccessGrant,
    responses((status = 200, description = "What they get.", body = AccessGrantView))
)]
#[put("/skus/{sku_id}/access-grant")]
pub async fn write_access_grant(
    db: web::Data<Db>,
    staff: Staff<DigitalWrite>,
    path: Path<SkuId>,
    body: Json<WriteAccessGrant>,
) -> ApiResult<Json<AccessGrantView>> {
    let (Path(sku), Json(body), desk) = (path, body, desk(&staff));
    let draft = NewGrant { name: body.name, instructions: body.instructions, link: body.link };
    let grant = db.write("write_access_grant", move |tx| service::grant_by_staff(tx, &desk, sku, &draft)).await?;
    Ok(Json(grant.into()))
}

/// Shows the virtual goods of an order to staff
///
/// With the ends of codes only.
#[utoipa::path(
    tag = "digital",
    security(("staff" = [])),
    extensions(("x-permission" = json!("digital.read"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "What was delivered.", body = VirtualGoodsView))
)]
#[get("/orders/{order_id}/virtual-goods")]
pub async fn show_virtual_goods_to_staff(
    db: web::Data<Db>,
    keys: web::Data<DigitalKeys>,
    _staff: Staff<DigitalRead>,
    path: Path<OrderId>,
) -> ApiResult<Json<VirtualGoodsView>> {
    let (Path(id), keys) = (path, DigitalKeys::clone(&keys));
    let showing = db.read("show_virtual_goods_to_staff", move |tx| service::delivered_for_staff(tx, &keys, id));
    Ok(Json(showing.await?.into()))
}
