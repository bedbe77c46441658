//! Live rooms for staff.

mod drops;
mod moderation;
mod replays;
mod reports;
mod rooms;
mod shelf;

pub use drops::*;
pub use moderation::*;
pub use replays::*;
pub use reports::*;
pub use rooms::*;
pub use shelf::*;

use actix_web::web;

use super::service::planning::Desk;
use crate::platform::http::Staff;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_staff_live_rooms,
    plan_live_room,
    show_staff_live_room,
    edit_live_room,
    cancel_live_room,
    start_live_room,
    pause_live_room,
    resume_live_room,
    end_live_room,
    add_live_replay,
    remove_live_replay,
    show_live_replay,
    shelve_live_products,
    unshelve_live_product,
    order_live_shelf,
    explain_live_product,
    set_live_price,
    change_live_price,
    withdraw_live_price,
    plan_live_drop,
    open_live_drop,
    close_live_drop,
    set_live_talk,
    list_staff_live_comments,
    hide_live_comment,
    restore_live_comment,
    pin_live_comment,
    list_live_sanctions,
    sanction_live_viewer,
    lift_live_sanction,
    show_live_report,
    export_live_minutes,
    export_live_products
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_staff_live_rooms)
        .service(plan_live_room)
        .service(show_staff_live_room)
        .service(edit_live_room)
        .service(cancel_live_room)
        .service(start_live_room)
        .service(pause_live_room)
        .service(resume_live_room)
        .service(end_live_room)
        .service(add_live_replay)
        .service(remove_live_replay)
        .service(show_live_replay);
    config
        .service(shelve_live_products)
        .service(unshelve_live_product)
        .service(order_live_shelf)
        .service(explain_live_product)
        .service(set_live_price)
        .service(change_live_price)
        .service(withdraw_live_price)
        .service(plan_live_drop)
        .service(open_live_drop)
        .service(close_live_drop);
    config
        .service(set_live_talk)
        .service(list_staff_live_comments)
        .service(hide_live_comment)
        .service(restore_live_comment)
        .service(pin_live_comment)
        .service(list_live_sanctions)
        .service(sanction_live_viewer)
        .service(lift_live_sanction)
        .service(show_live_report)
        .service(export_live_minutes)
        .service(export_live_products);
}

/// Who of the staff acts.
fn desk<P>(staff: Staff<P>) -> Desk {
    Desk { staff: staff.staff_id, origin: staff.origin }
}
