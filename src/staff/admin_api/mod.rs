//! What the back office asks of staff administration.

mod accounts;
mod approvals;
mod audit_log;
mod own;
mod roles;
mod sessions;

use actix_web::web;

/// Puts the handlers under their prefix.
pub fn admin_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(sessions::log_in_staff)
        .service(sessions::refresh_staff_session)
        .service(sessions::log_out_staff)
        .service(own::show_own_account)
        .service(own::change_own_password)
        .service(own::start_own_totp)
        .service(own::confirm_own_totp)
        .service(own::disable_own_totp)
        .service(accounts::list_staff)
        .service(accounts::create_staff)
        .service(accounts::show_staff)
        .service(accounts::rename_staff)
        .service(accounts::set_staff_roles)
        .service(accounts::disable_staff)
        .service(accounts::enable_staff)
        .service(accounts::reset_staff_password)
        .service(accounts::reset_staff_totp)
        .service(roles::list_permissions)
        .service(roles::list_roles)
        .service(roles::create_role)
        .service(roles::replace_role)
        .service(roles::remove_role)
        .service(audit_log::list_audit_entries)
        .service(approvals::list_approvals)
        .service(approvals::approve_action)
        .service(approvals::reject_action);
}

/// The document of these handlers.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    sessions::log_in_staff,
    sessions::refresh_staff_session,
    sessions::log_out_staff,
    own::show_own_account,
    own::change_own_password,
    own::start_own_totp,
    own::confirm_own_totp,
    own::disable_own_totp,
    accounts::list_staff,
    accounts::create_staff,
    accounts::show_staff,
    accounts::rename_staff,
    accounts::set_staff_roles,
    accounts::disable_staff,
    accounts::enable_staff,
    accounts::reset_staff_password,
    accounts::reset_staff_totp,
    roles::list_permissions,
    roles::list_roles,
    roles::create_role,
    roles::replace_role,
    roles::remove_role,
    audit_log::list_audit_entries,
    approvals::list_approvals,
    approvals::approve_action,
    approvals::reject_action,
))]
pub struct AdminApi;
