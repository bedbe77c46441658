//! Codes that staff make: for shop windows, parcels, leaflets and other channels of their own.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk;
use crate::entrance::EntranceId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::service_account::api::{CodePictureQuery, ServiceCodeView, picture};
use crate::service_account::model::{CodeId, CodeKind, ServiceCode};
use crate::service_account::service::{self, CodeDesk, CodeFile, NewCode};
use crate::share::SubjectKind;
use crate::staff::permission::{ServiceAccountRead, ServiceAccountWrite};

/// What a code leads to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeSubject {
    /// Of which kind.
    pub kind: SubjectKind,
    /// Which one: an id, or the path of a page; 1 to 128 visible ASCII characters.
    #[schema(max_length = 128, example = "pages/index/index")]
    pub reference: String,
}

/// A new code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateServiceCode {
    /// Of which service account.
    pub entrance_id: EntranceId,
    /// What staff call it, 1–60 characters.
    #[schema(example = "南山店橱窗", min_length = 1, max_length = 60)]
    pub name: String,
    /// How long it lives. An account has at most 100,000 that last.
    pub kind: CodeKind,
    /// What whoever scans it is led to; null for the welcome alone.
    #[serde(default)]
    pub subject: Option<CodeSubject>,
}

/// A code as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffCodeView {
    /// The code.
    pub code: ServiceCodeView,
    /// What staff call it.
    #[schema(example = "南山店橱窗")]
    pub name: String,
    /// What it leads to.
    pub subject: Option<CodeSubject>,
    /// When WeChat made it; null while it has not.
    pub made_at: Option<Timestamp>,
}

impl From<ServiceCode> for StaffCodeView {
    fn from(code: ServiceCode) -> Self {
        let subject = code.subject().map(|subject| CodeSubject { kind: subject.kind, reference: subject.reference });
        Self { name: code.name.clone(), subject, made_at: code.made_at, code: code.into() }
    }
}

/// A code with how often it was scanned.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffCodeFileView {
    /// The code.
    pub code: StaffCodeView,
    /// Scans in all.
    #[schema(example = 42)]
    pub scans: i64,
    /// People who scanned it.
    #[schema(example = 30)]
    pub people: i64,
    /// How many of them began to follow by it.
    #[schema(example = 18)]
    pub followed: i64,
}

impl From<CodeFile> for StaffCodeFileView {
    fn from(file: CodeFile) -> Self {
        let figures = file.figures;
        Self { code: file.code.into(), scans: figures.scans, people: figures.people, followed: figures.followed }
    }
}

/// Which codes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceCodeQuery {
    /// Only those of this service account.
    entrance_id: Option<EntranceId>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Lists codes that staff made
///
/// Latest first.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(ServiceCodeQuery),
    responses((status = 200, description = "A page of codes.", body = Page<StaffCodeView>))
)]
#[get("/service-codes")]
pub async fn list_service_codes(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    query: Query<ServiceCodeQuery>,
) -> ApiResult<Json<Page<StaffCodeView>>> {
    let Query(ServiceCodeQuery { entrance_id, cursor, limit }) = query;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let codes = db.read("list_service_codes", move |tx| service::code_page(tx, entrance_id, after, limit)).await?;
    Ok(Json(codes.map(Into::into)))
}

/// Shows a code with how often it was scanned
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(("code_id" = CodeId, Path, description = "The code.")),
    responses((status = 200, description = "The code.", body = StaffCodeFileView))
)]
#[get("/service-codes/{code_id}")]
pub async fn show_service_code(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    path: Path<CodeId>,
) -> ApiResult<Json<StaffCodeFileView>> {
    let Path(id) = path;
    let file = db.read("show_service_code", move |tx| service::code_file(tx, id)).await?;
    Ok(Json(file.into()))
}

/// Makes a code of a service account
///
/// Whoever scans it is asked to follow, and led on to its subject. It is written down before WeChat is asked; should
/// WeChat not answer, it waits in the list to be made again.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.write"))),
    request_body = CreateServiceCode,
    responses((status = 201, description = "The code.", body = StaffCodeView))
)]
#[post("/service-codes")]
pub async fn create_service_code(
    codes: web::Data<CodeDesk>,
    staff: Staff<ServiceAccountWrite>,
    body: Json<CreateServiceCode>,
) -> ApiResult<Created<StaffCodeView>> {
    let CreateServiceCode { entrance_id, name, kind, subject } = body.0;
    let subject = subject.map(|subject| (subject.kind, subject.reference));
    let made = codes.for_staff(desk(&staff), NewCode { entrance_id, name, kind, subject }).await?;
    Ok(Created(made.into()))
}

/// Has WeChat make a code that it did not make, or that is about to end
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.write"))),
    params(("code_id" = CodeId, Path, description = "The code.")),
    responses((status = 200, description = "The code after it.", body = StaffCodeView))
)]
#[post("/service-codes/{code_id}/make")]
pub async fn make_service_code_again(
    codes: web::Data<CodeDesk>,
    _staff: Staff<ServiceAccountWrite>,
    path: Path<CodeId>,
) -> ApiResult<Json<StaffCodeView>> {
    let Path(id) = path;
    Ok(Json(codes.make_again(id).await?.into()))
}

/// Draws a code
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
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
pub async fn draw_service_code(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    path: Path<CodeId>,
    query: Query<CodePictureQuery>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let file = db.read("draw_service_code", move |tx| service::code_file(tx, id)).await?;
    picture(file.code, query.0).await
}
