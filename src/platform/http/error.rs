//! Refusals: one enum per capability, one stable code per refusal, messages in Chinese and English.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use crate::platform::db::DbError;

/// What a handler answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// An answer that is a refusal: `{code, message: {zh, en}, details}` under a 4xx or 5xx.
#[derive(Debug)]
pub struct ApiError {
    refusal: &'static Refusal,
    details: Option<Value>,
}

/// One refusal as documented in `api-spec/errors.json`.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code, such as `cart.line_not_found`.
    pub code: &'static str,
    /// HTTP status.
    pub status: StatusCode,
    /// For people who read Chinese.
    pub zh: &'static str,
    /// For people who read English.
    pub en: &'static str,
}

impl ApiError {
    /// A refusal without details.
    pub const fn new(refusal: &'static Refusal) -> Self {
        Self { refusal, details: None }
    }

    /// A refusal with details for the client.
    pub const fn with_details(refusal: &'static Refusal, details: Option<Value>) -> Self {
        Self { refusal, details }
    }

    /// Which refusal this is.
    pub const fn refusal(&self) -> &'static Refusal {
        self.refusal
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({
            "code": self.refusal.code,
            "message": { "zh": self.refusal.zh, "en": self.refusal.en },
            "details": self.details,
        })
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.refusal.code, self.refusal.en)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.refusal.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.refusal.status);
        if self.refusal.status == StatusCode::SERVICE_UNAVAILABLE
            || self.refusal.status == StatusCode::TOO_MANY_REQUESTS
        {
            answer.insert_header(("retry-after", "1"));
        }
        answer.json(self.body())
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        let refusal = match &error {
            DbError::Unavailable(_) | DbError::Conflict(_) => {
                tracing::warn!(%error, "the database could not serve a request");
                RequestError::UNAVAILABLE
            }
            DbError::OutcomeUnknown(_) => {
                tracing::error!(%error, "the outcome of a commit is unknown");
                RequestError::OUTCOME_UNKNOWN
            }
            _ => {
                tracing::error!(%error, "a statement failed that should not");
                RequestError::DEFECT
            }
        };
        Self::new(refusal)
    }
}

/// Declares a capability's refusals.
///
/// Each variant has a doc comment, a status (a constant of `StatusCode`), the second half of its code, and its message
/// in Chinese and English. `Variant(details)` carries a JSON value for the client. A `Db` variant is added, and
/// `passing { Variant(Type) }` lets the refusals of a lower capability through as they are.
#[macro_export]
macro_rules! refusals {
    (
        $(#[$doc:meta])* pub enum $name:ident: $area:literal {
            $($(#[$variant_doc:meta])* $variant:ident $(($details:ident))? => $status:ident $code:literal $zh:literal $en:literal),* $(,)?
        }
        $(passing { $($(#[$passed_doc:meta])* $passed:ident($passed_type:ty)),+ $(,)? })?
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {
            $($(#[$variant_doc])* $variant $(($crate::refusals!(@details $details)))?,)*
            /// The database failed.
            Db($crate::platform::db::DbError),
            $($(#[doc = concat!("A refusal of `", stringify!($passed_type), "`.")] $(#[$passed_doc])* $passed($passed_type),)+)?
        }

        impl $name {
            /// Every refusal, for `api-spec/errors.json`.
            pub const CATALOGUE: &'static [$crate::platform::http::Refusal] = &[$($crate::platform::http::Refusal {
                code: concat!($area, ".", $code),
                status: ::actix_web::http::StatusCode::$status,
                zh: $zh,
                en: $en,
            }),*];
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant $(($crate::refusals!(@ignore $details)))? => out.write_str(concat!($area, ".", $code)),)*
                    Self::Db(error) => ::std::fmt::Display::fmt(error, out),
                    $($(Self::$passed(error) => ::std::fmt::Display::fmt(error, out),)+)?
                }
            }
        }

        impl ::std::error::Error for $name {}

        impl From<$crate::platform::db::DbError> for $name {
            fn from(error: $crate::platform::db::DbError) -> Self {
                Self::Db(error)
            }
        }

        impl From<::diesel::result::Error> for $name {
            fn from(error: ::diesel::result::Error) -> Self {
                Self::Db(error.into())
            }
        }

        $($(impl From<$passed_type> for $name {
            fn from(error: $passed_type) -> Self {
                Self::$passed(error)
            }
        })+)?

        impl $crate::platform::db::FromDb for $name {
            fn db_error(&self) -> Option<&$crate::platform::db::DbError> {
                match self {
                    Self::Db(error) => Some(error),
                    $($(Self::$passed(error) => $crate::platform::db::FromDb::db_error(error),)+)?
                    #[allow(unreachable_patterns, reason = "an enum may have nothing but what passes through")]
                    _ => None,
                }
            }
        }

        impl From<$name> for $crate::platform::http::ApiError {
            fn from(error: $name) -> Self {
                match error {
                    $($name::$variant $(($details))? => {
                        static REFUSAL: $crate::platform::http::Refusal = $crate::platform::http::Refusal {
                            code: concat!($area, ".", $code),
                            status: ::actix_web::http::StatusCode::$status,
                            zh: $zh,
                            en: $en,
                        };
                        $crate::platform::http::ApiError::with_details(&REFUSAL, $crate::refusals!(@some $($details)?))
                    })*
                    $name::Db(error) => error.into(),
                    $($($name::$passed(error) => error.into(),)+)?
                }
            }
        }
    };
    (@details $details:ident) => { ::serde_json::Value };
    (@ignore $details:ident) => { _ };
    (@some) => { None };
    (@some $details:ident) => { Some($details) };
}

/// Refusals that any endpoint may answer.
#[derive(Debug)]
pub struct RequestError;

macro_rules! request_refusals {
    ($($(#[$doc:meta])* $name:ident = $status:ident $code:literal $zh:literal $en:literal;)+) => {
        impl RequestError {
            $($(#[$doc])* pub const $name: &'static Refusal =
                &Refusal { code: $code, status: StatusCode::$status, zh: $zh, en: $en };)+

            /// All of them, for `api-spec/errors.json`.
            pub const CATALOGUE: &'static [&'static Refusal] = &[$(Self::$name),+];
        }
    };
}

request_refusals! {
    /// The body is not JSON.
    MALFORMED_JSON = BAD_REQUEST "request.malformed_json" "请求体不是有效的 JSON" "The body is not valid JSON.";
    /// The body is JSON of the wrong shape; the details name the place.
    INVALID = UNPROCESSABLE_ENTITY "request.invalid" "请求内容有误" "The request does not have the right shape.";
    /// A query parameter is unknown or of the wrong shape.
    INVALID_QUERY = UNPROCESSABLE_ENTITY "request.invalid_query" "查询参数有误" "A query parameter is unknown or malformed.";
    /// The path names no such thing.
    NOT_FOUND = NOT_FOUND "request.not_found" "请求的内容不存在" "There is nothing here.";
    /// The path exists, the method does not.
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "request.method_not_allowed" "不支持该请求方法" "This method is not allowed here.";
    /// The body is too large.
    TOO_LARGE = PAYLOAD_TOO_LARGE "request.too_large" "请求体过大" "The body is too large.";
    /// The body could not be read to its end.
    INCOMPLETE = BAD_REQUEST "request.incomplete" "请求体不完整" "The body ended early or could not be read.";
    /// The content type is not what this endpoint takes.
    UNSUPPORTED_MEDIA = UNSUPPORTED_MEDIA_TYPE "request.unsupported_media" "不支持的内容类型" "This content type is not taken here.";
    /// Nobody is logged in, or the token is malformed, expired or revoked.
    UNAUTHENTICATED = UNAUTHORIZED "request.unauthenticated" "请先登录" "Log in first.";
    /// Logged in, but without the permission.
    FORBIDDEN = FORBIDDEN "request.forbidden" "没有权限" "You may not do this.";
    /// Too many requests.
    RATE_LIMITED = TOO_MANY_REQUESTS "request.rate_limited" "请求过于频繁，请稍后再试" "Too many requests; try again later.";
    /// The header `Idempotency-Key` is missing or malformed.
    IDEMPOTENCY_KEY = BAD_REQUEST "request.idempotency_key_required" "缺少或无效的 Idempotency-Key" "The header Idempotency-Key (8 to 64 visible characters) is required.";
    /// The key was used with another body.
    IDEMPOTENCY_REUSED = UNPROCESSABLE_ENTITY "request.idempotency_key_reused" "该 Idempotency-Key 已用于其他请求" "This Idempotency-Key was used with another request.";
    /// The service cannot serve this now; nothing was changed.
    UNAVAILABLE = SERVICE_UNAVAILABLE "service.unavailable" "服务繁忙，请稍后重试" "The service is busy; try again.";
    /// The connection broke while committing; ask whether it happened before trying again.
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE "service.outcome_unknown" "结果未知，请查询后再重试" "The outcome is unknown; look before you try again.";
    /// A defect of ours; it is in the log.
    DEFECT = INTERNAL_SERVER_ERROR "service.defect" "服务内部错误" "Something is wrong with the service.";
}
