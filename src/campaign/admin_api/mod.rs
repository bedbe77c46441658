//! The endpoints of campaigns for staff: what all kinds have in common. Each kind creates its own.

mod looking;
mod report;
mod steps;
mod views;

use actix_web::web;

use super::model::{CampaignKind, RiskAlert, RiskRule};
use super::rules::PlanChanges;
use super::service::AtDesk;
use crate::platform::http::Staff;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        looking::search_campaigns,
        looking::show_campaign_calendar,
        looking::show_campaign_to_staff,
        looking::list_campaign_changes,
        looking::show_campaign_risk,
        report::show_campaign_report,
        report::export_campaign_report,
        steps::edit_campaign,
        steps::check_campaign,
        steps::schedule_campaign,
        steps::withdraw_campaign,
        steps::pause_campaign,
        steps::resume_campaign,
        steps::end_campaign,
        steps::review_campaign,
        steps::change_campaign_audience,
        steps::change_campaign_risk_rules
    ),
    components(schemas(CampaignKind, PlanChanges, RiskAlert, RiskRule))
)]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(looking::search_campaigns)
        .service(looking::show_campaign_calendar)
        .service(looking::show_campaign_to_staff)
        .service(looking::list_campaign_changes)
        .service(looking::show_campaign_risk)
        .service(report::show_campaign_report)
        .service(report::export_campaign_report)
        .service(steps::edit_campaign)
        .service(steps::check_campaign)
        .service(steps::schedule_campaign)
        .service(steps::withdraw_campaign)
        .service(steps::pause_campaign)
        .service(steps::resume_campaign)
        .service(steps::end_campaign)
        .service(steps::review_campaign)
        .service(steps::change_campaign_audience)
        .service(steps::change_campaign_risk_rules);
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}
