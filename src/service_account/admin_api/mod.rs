//! The service account for staff.

mod codes;
mod followers;
mod replies;

use actix_web::web;

use super::error::ServiceAccountError;
use super::service::AtDesk;
use crate::entrance::{EntranceId, Entrances, Platform};
use crate::platform::http::Staff;

pub use codes::*;
pub use followers::*;
pub use replies::*;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_service_codes,
    show_service_code,
    create_service_code,
    make_service_code_again,
    draw_service_code,
    list_service_followers,
    show_service_follower,
    list_follower_messages,
    show_reachability,
    list_service_replies,
    show_service_reply,
    create_service_reply,
    change_service_reply,
    remove_service_reply,
    order_service_replies
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_service_codes)
        .service(create_service_code)
        .service(show_service_code)
        .service(make_service_code_again)
        .service(draw_service_code)
        .service(list_service_followers)
        .service(show_service_follower)
        .service(list_follower_messages)
        .service(show_reachability)
        .service(list_service_replies)
        .service(create_service_reply)
        .service(order_service_replies)
        .service(show_service_reply)
        .service(change_service_reply)
        .service(remove_service_reply);
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// An enabled service account.
fn service_account(entrances: &Entrances, id: EntranceId) -> Result<EntranceId, ServiceAccountError> {
    let found = entrances.by_id(id).filter(|open| open.entrance.platform == Platform::WechatService);
    found.map(|open| open.entrance.id).ok_or(ServiceAccountError::EntranceNotFound)
}
