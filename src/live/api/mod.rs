//! Live rooms for shoppers.

mod acts;
mod looking;

pub use acts::*;
pub use looking::*;

use actix_web::web;

use super::model::Viewer;
use crate::platform::http::{MaybeShopper, Visitor};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_live_rooms,
    show_live_room,
    list_live_replays,
    list_live_comments,
    list_live_news,
    ask_live_reminder,
    cancel_live_reminder,
    enter_live_room,
    stay_in_live_room,
    leave_live_room,
    post_live_comment,
    like_live_room,
    click_live_product,
    catch_live_drop
))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_live_rooms)
        .service(show_live_room)
        .service(list_live_replays)
        .service(list_live_comments)
        .service(list_live_news)
        .service(ask_live_reminder)
        .service(cancel_live_reminder)
        .service(enter_live_room)
        .service(stay_in_live_room)
        .service(leave_live_room)
        .service(post_live_comment)
        .service(like_live_room)
        .service(click_live_product)
        .service(catch_live_drop);
}

/// Who looks, when it is known.
fn looker(shopper: &MaybeShopper) -> Option<Viewer> {
    shopper.0.as_ref().map(|shopper| Viewer::User(shopper.user_id, shopper.device_id))
}

/// Who watches.
fn viewer(visitor: &Visitor) -> Viewer {
    match visitor {
        Visitor::User(shopper) => Viewer::User(shopper.user_id, shopper.device_id),
        Visitor::Device(device) => Viewer::Device(*device),
    }
}
