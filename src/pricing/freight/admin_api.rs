//! Freight templates for staff.

use actix_web::{get, post, put, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::FreightError;
use super::model::{Measure, NewTemplate, Tariff, Template};
use super::service;
use crate::catalog::FreightTemplateId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::audit::{self, AuditEntry};
use crate::staff::permission::{FreightRead, FreightWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(create_freight_template, replace_freight_template, list_freight_templates, show_freight_template))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(create_freight_template)
        .service(replace_freight_template)
        .service(list_freight_templates)
        .service(show_freight_template);
}

/// A new template.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFreightTemplate {
    /// How staff call it, 1–60 characters.
    #[schema(example = "按重量", max_length = 60)]
    pub name: String,
    /// What it counts.
    pub measure: Measure,
    /// The tariffs; exactly one, without provinces, is for everywhere else.
    pub tariffs: Vec<Tariff>,
}

/// A template in place of the one that was read.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceFreightTemplate {
    /// The version that was read; if it has changed since, nothing is replaced.
    #[schema(example = 1)]
    pub version: i64,
    /// How staff call it, 1–60 characters.
    #[schema(example = "按重量", max_length = 60)]
    pub name: String,
    /// What it counts.
    pub measure: Measure,
    /// The tariffs; exactly one, without provinces, is for everywhere else.
    pub tariffs: Vec<Tariff>,
}

/// A template with its tariffs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FreightTemplateView {
    /// The template.
    pub id: FreightTemplateId,
    /// How staff call it.
    #[schema(example = "按重量")]
    pub name: String,
    /// What it counts.
    pub measure: Measure,
    /// Rises with every change.
    #[schema(example = 1)]
    pub version: i64,
    /// The tariffs; exactly one, without provinces, is for everywhere else.
    pub tariffs: Vec<Tariff>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Template> for FreightTemplateView {
    fn from(template: Template) -> Self {
        Self {
            id: template.id,
            name: template.name,
            measure: template.measure,
            version: template.version,
            tariffs: template.tariffs,
            created_at: template.created_at,
            updated_at: template.updated_at,
        }
    }
}

fn facts(template: &Template) -> Value {
    json!({ "name": template.name, "measure": template.measure, "tariffs": template.tariffs })
}

fn write_down(
    tx: &mut Tx<'_>,
    staff: &Staff<FreightWrite>,
    action: &str,
    before: Option<&Template>,
    after: &Template,
) -> Result<(), FreightError> {
    Ok(audit::record(
        tx,
        &AuditEntry {
            staff_id: staff.staff_id,
            action,
            subject_kind: "freight_template",
            subject_id: Some(after.id.get()),
            reason: None,
            before: before.map(facts),
            after: Some(facts(after)),
            origin: &staff.origin,
        },
    )?)
}

/// Creates a freight template
#[utoipa::path(
    tag = "freight",
    security(("staff" = [])),
    extensions(("x-permission" = json!("freight.write"))),
    request_body = CreateFreightTemplate,
    responses((status = 201, description = "The template.", body = FreightTemplateView))
)]
#[post("/freight-templates")]
pub async fn create_freight_template(
    db: web::Data<Db>,
    staff: Staff<FreightWrite>,
    body: Json<CreateFreightTemplate>,
) -> ApiResult<Created<FreightTemplateView>> {
    let CreateFreightTemplate { name, measure, tariffs } = body.0;
    let template = NewTemplate { name, measure, tariffs };
    let created = db.write("create_freight_template", move |tx| {
        let created = service::create(tx, template.clone())?;
        write_down(tx, &staff, "freight.create", None, &created)?;
        Ok::<_, FreightError>(created)
    });
    Ok(Created(created.await?.into()))
}

/// Replaces a freight template
///
/// Quotes made from now on follow the new tariffs; orders placed before keep their freight.
#[utoipa::path(
    tag = "freight",
    security(("staff" = [])),
    extensions(("x-permission" = json!("freight.write"))),
    params(("id" = FreightTemplateId, Path, description = "The template.")),
    request_body = ReplaceFreightTemplate,
    responses((status = 200, description = "The template after it.", body = FreightTemplateView))
)]
#[put("/freight-templates/{id}")]
pub async fn replace_freight_template(
    db: web::Data<Db>,
    staff: Staff<FreightWrite>,
    path: Path<FreightTemplateId>,
    body: Json<ReplaceFreightTemplate>,
) -> ApiResult<Json<FreightTemplateView>> {
    let ReplaceFreightTemplate { version, name, measure, tariffs } = body.0;
    let (id, template) = (path.0, NewTemplate { name, measure, tariffs });
    let replaced = db.write("replace_freight_template", move |tx| {
        let (before, after) = service::update(tx, id, version, template.clone())?;
        write_down(tx, &staff, "freight.replace", Some(&before), &after)?;
        Ok::<_, FreightError>(after)
    });
    Ok(Json(replaced.await?.into()))
}

/// Lists freight templates
#[utoipa::path(
    tag = "freight",
    security(("staff" = [])),
    extensions(("x-permission" = json!("freight.read"))),
    params(PageQuery),
    responses((status = 200, description = "One page of templates.", body = Page<FreightTemplateView>))
)]
#[get("/freight-templates")]
pub async fn list_freight_templates(
    db: web::Data<Db>,
    _staff: Staff<FreightRead>,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<FreightTemplateView>>> {
    let (after, limit) = (page.0.cursor()?, page.0.limit()?);
    let templates = db.read("list_freight_templates", move |tx| service::list(tx, after, limit)).await?;
    Ok(Json(templates.map(FreightTemplateView::from)))
}

/// Shows a freight template
#[utoipa::path(
    tag = "freight",
    security(("staff" = [])),
    extensions(("x-permission" = json!("freight.read"))),
    params(("id" = FreightTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The template.", body = FreightTemplateView))
)]
#[get("/freight-templates/{id}")]
pub async fn show_freight_template(
    db: web::Data<Db>,
    _staff: Staff<FreightRead>,
    path: Path<FreightTemplateId>,
) -> ApiResult<Json<FreightTemplateView>> {
    let id = path.0;
    let template = db.read("show_freight_template", move |tx| service::template(tx, id)).await?;
    Ok(Json(template.into()))
}
