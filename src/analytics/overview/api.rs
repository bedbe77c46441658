//! The endpoint.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Overviews;
use super::figures::Overview;
use crate::analytics::engine::analysis::Tabular as _;
use crate::analytics::engine::calendar::Period;
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::AnswerFormat;
use crate::platform::http::{ApiResult, Query, Staff, Table};
use crate::staff::permission::AnalyticsRead;

/// The endpoint for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show_overview))]
pub struct OverviewApi;

/// Registers the endpoint for staff.
pub fn overview_routes(config: &mut web::ServiceConfig) {
    config.service(show_overview);
}

/// How finely the days are divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverviewSteps {
    /// By minutes.
    Minute,
    /// By hours.
    #[default]
    Hour,
}

impl From<OverviewSteps> for Period {
    fn from(steps: OverviewSteps) -> Self {
        match steps {
            OverviewSteps::Minute => Self::Minute,
            OverviewSteps::Hour => Self::Hour,
        }
    }
}

/// How the overview is wanted.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// How finely the days are divided; by hours when absent.
    #[serde(default)]
    #[param(inline)]
    bucket: OverviewSteps,
    /// How the answer is wanted.
    #[serde(default)]
    #[param(inline)]
    format: AnswerFormat,
}

/// Shows the shop at a glance
///
/// Who is there now, and today against yesterday, by the days of the shop's zone; a few seconds old at most. Machines,
/// staff, test accounts, locked-out users and seats that the shop filled are left out.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(OverviewQuery),
    responses((status = 200, description = "The overview; with `format=csv` a table for spreadsheets.",
        content((Overview = "application/json"), (String = "text/csv"))))
)]
#[get("/analytics/overview")]
pub async fn show_overview(
    overviews: web::Data<Overviews>,
    _staff: Staff<AnalyticsRead>,
    query: Query<OverviewQuery>,
) -> ApiResult<HttpResponse> {
    let overview = overviews.latest(query.0.bucket.into()).await?;
    Ok(match query.0.format {
        AnswerFormat::Json => HttpResponse::Ok().json(&*overview),
        AnswerFormat::Csv => {
            let table = overview.table();
            let table = Table::of_width(&table.headers, table.rows).map_err(AnalyticsError::from)?;
            table.download("overview.csv")
        }
    })
}
