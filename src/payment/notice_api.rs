//! The endpoint that payment providers call.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::payment::service::{Cashier, NoticeAnswer};
use crate::payment::wechat::WECHAT;

/// Longest notice read; WeChat's are a few kilobytes.
pub const MAX_NOTICE_BYTES: usize = 64 * 1024;

/// What WeChat Pay is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeAnswerView {
    /// `SUCCESS` or `FAIL`; the status says the same.
    #[schema(example = "SUCCESS")]
    pub code: &'static str,
    /// In words.
    #[schema(example = "成功")]
    pub message: &'static str,
}

/// Receives notices of WeChat Pay, about payments and about refunds.
#[utoipa::path(
    tag = "payment", security(()),
    request_body(content = serde_json::Value, description = "A notice of WeChat Pay v3, signed in its headers."),
    responses(
        (status = 200, description = "The notice is stored and applied.", body = NoticeAnswerView),
        (status = 400, description = "The notice is too long or ended early.", body = NoticeAnswerView),
        (status = 401, description = "The notice is not proven to be WeChat's.", body = NoticeAnswerView),
        (status = 503, description = "The notice could not be stored; WeChat sends it again.", body = NoticeAnswerView)
    )
)]
#[post("/hooks/wechat/pay")]
pub async fn receive_wechat_pay_notice(
    cashier: web::Data<Cashier>,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let Ok(Ok(body)) = body.to_bytes_limited(MAX_NOTICE_BYTES).await else {
        return HttpResponse::BadRequest().json(NoticeAnswerView { code: "FAIL", message: "正文过大或不完整" });
    };
    match cashier.receive_notice(WECHAT, request.headers(), &body).await {
        NoticeAnswer::Accepted => HttpResponse::Ok().json(NoticeAnswerView { code: "SUCCESS", message: "成功" }),
        NoticeAnswer::NotBelieved => {
            HttpResponse::Unauthorized().json(NoticeAnswerView { code: "FAIL", message: "验签失败" })
        }
        NoticeAnswer::TryAgain => {
            HttpResponse::ServiceUnavailable().json(NoticeAnswerView { code: "FAIL", message: "请稍后重试" })
        }
    }
}

/// Mounts the endpoint at the root of the service.
pub fn hook_routes(config: &mut web::ServiceConfig) {
    config.service(receive_wechat_pay_notice);
}

/// The endpoint for the OpenAPI document; its path is absolute.
#[derive(utoipa::OpenApi)]
#[openapi(paths(receive_wechat_pay_notice))]
pub struct HookApi;
