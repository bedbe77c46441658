//! The tester's side, under `/_sim`: people act, notices are steered, trouble is ordered, and the book is read.

mod apps;
mod book;
mod codes;
mod elsewhere;
mod live;
mod messages;
mod notices;
mod payments;
mod persons;
mod service;
mod steering;

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError, web};
use serde::de::DeserializeOwned;
use serde_json::json;

/// A refusal of the tester's side.
#[derive(Debug)]
struct ControlRefusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ControlRefusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn unknown(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("there is no such {what}"))
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }
}

impl fmt::Display for ControlRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)
    }
}

impl ResponseError for ControlRefusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({ "code": self.code, "message": self.message }))
    }
}

/// The result of every endpoint.
type ControlAnswer = Result<HttpResponse, ControlRefusal>;

/// Reads a body; an empty one counts as `{}`, so that everything optional may be left out altogether.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ControlRefusal> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| ControlRefusal::bad(error.to_string()))
}

/// The endpoints.
pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/_sim")
            .route("/credentials", web::get().to(persons::show_credentials))
            .route("/apps", web::get().to(apps::list_apps))
            .route("/apps", web::post().to(apps::register_app))
            .route("/oauth-code", web::post().to(apps::give_oauth_code))
            .route("/authorize", web::post().to(apps::open_authorize_page))
            .route("/users", web::get().to(persons::list_users))
            .route("/users", web::post().to(persons::create_user))
            .route("/login", web::post().to(persons::log_in))
            .route("/phone", web::post().to(persons::share_phone))
            .route("/group", web::post().to(codes::enter_group))
            .route("/codes", web::get().to(codes::list_codes))
            .route("/elsewhere/code", web::post().to(elsewhere::give_code))
            .route("/sms", web::get().to(elsewhere::list_sms))
            .route("/push-target", web::put().to(service::aim_pushes))
            .route("/push-target/check", web::post().to(service::check_push_target))
            .route("/pushes", web::get().to(service::list_pushes))
            .route("/pushes/flush", web::post().to(service::flush_pushes))
            .route("/pushes/{id}/send", web::post().to(service::send_push))
            .route("/links", web::get().to(service::list_links))
            .route("/service/codes", web::get().to(service::list_tickets))
            .route("/service/messages", web::get().to(service::list_messages))
            .route("/service/templates", web::post().to(service::add_template))
            .route("/service/refuse", web::post().to(service::refuse_messages))
            .route("/messages", web::get().to(messages::list_messages))
            .route("/messages/agree", web::post().to(messages::agree))
            .route("/service/{deed}", web::post().to(service::act))
            .route("/live", web::get().to(live::show))
            .route("/live/follow", web::post().to(live::follow))
            .route("/live/rooms/{number}", web::post().to(live::move_room))
            .route("/live/goods/{number}", web::post().to(live::decide_review))
            .route("/pay", web::post().to(payments::pay))
            .route("/refunds/{out_refund_no}/settle", web::post().to(payments::settle_refund))
            .route("/book", web::get().to(book::show_book))
            .route("/shipping", web::get().to(book::show_shipping))
            .route("/notices", web::get().to(notices::list_notices))
            .route("/notices/flush", web::post().to(notices::flush_notices))
            .route("/notices/forge", web::post().to(notices::forge_notice))
            .route("/notices/{id}/send", web::post().to(notices::send_notice))
            .route("/knobs", web::get().to(steering::show_knobs))
            .route("/knobs", web::put().to(steering::set_knobs))
            .route("/clock/advance", web::post().to(steering::advance_clock)),
    );
}
