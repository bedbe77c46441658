//! One-time codes for staff.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::CouponCodeBatchView;
use super::{CouponReason, desk};
use crate::coupon::model::{CodeBatchId, CouponSettings, CouponTemplateId};
use crate::coupon::service::{self, NewBatch};
use crate::kernel::page::Page;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff, Table};
use crate::staff::permission::{CouponGrant, CouponRead};

/// Codes to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeCouponCodes {
    /// How many, 1–10000.
    #[schema(example = 500, minimum = 1, maximum = 10_000)]
    pub size: i64,
    /// What for, at most 200 characters.
    #[serde(default)]
    #[schema(example = "门店地推", max_length = 200)]
    pub note: String,
}

/// Makes a batch of one-time codes
///
/// Answers the codes as a table with one column. They are told this once; only their hashes are kept. If the answer is
/// lost, void the batch and make another. The header `X-Batch-Id` names the batch. Codes above the limits, by themselves or
/// with what the same member of staff gave away alone that day, are good once a second one agrees. A draft has no codes
/// yet: what they are worth could still change.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.grant"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    request_body = MakeCouponCodes,
    responses((status = 201, description = "The codes.", content_type = "text/csv", body = String))
)]
#[post("/coupon-templates/{template_id}/code-batches")]
pub async fn make_coupon_codes(
    db: web::Data<Db>,
    settings: web::Data<CouponSettings>,
    staff: Staff<CouponGrant>,
    path: Path<CouponTemplateId>,
    body: Json<MakeCouponCodes>,
) -> ApiResult<HttpResponse> {
    let (desk, id) = (desk(&staff), path.0);
    let new = NewBatch { size: body.size, note: body.0.note };
    let making = db.write("make_coupon_codes", move |tx| service::make_batch(tx, &settings, &desk, (id, &new)));
    let (batch, codes) = making.await?;
    let table = Table::of(["code"], codes.into_iter().map(|code| [code]))?;
    let mut answer = HttpResponse::Created();
    answer.insert_header(("x-batch-id", batch.id.to_string()));
    Ok(table.with(answer, "codes.csv"))
}

/// Lists the batches of one-time codes of a kind of coupon, newest first
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template."), PageQuery),
    responses((status = 200, description = "One page of batches.", body = Page<CouponCodeBatchView>))
)]
#[get("/coupon-templates/{template_id}/code-batches")]
pub async fn list_coupon_code_batches(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    path: Path<CouponTemplateId>,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<CouponCodeBatchView>>> {
    let (id, after, limit) = (path.0, page.0.cursor()?, page.0.limit()?);
    let page = db.read("list_coupon_code_batches", move |tx| service::page_of_batches(tx, id, after, limit)).await?;
    Ok(Json(page.map(Into::into)))
}

/// Makes the unused codes of a batch worthless
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.grant"))),
    params(("batch_id" = CodeBatchId, Path, description = "The batch.")),
    request_body = CouponReason,
    responses((status = 200, description = "The batch.", body = CouponCodeBatchView))
)]
#[post("/coupon-code-batches/{batch_id}/void")]
pub async fn void_coupon_codes(
    db: web::Data<Db>,
    staff: Staff<CouponGrant>,
    path: Path<CodeBatchId>,
    body: Json<CouponReason>,
) -> ApiResult<Json<CouponCodeBatchView>> {
    let (desk, id) = (desk(&staff), path.0);
    let batch = db.write("void_coupon_codes", move |tx| service::void_batch(tx, &desk, id, &body.reason)).await?;
    Ok(Json(batch.into()))
}
