//! Reading bodies, queries and paths, and answering with JSON: actix-web's own extractors with this service's codes.

use std::ops::Deref;

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, web};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;

use super::error::{ApiError, RequestError};
use super::known_paths;
use crate::kernel::page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT};

/// A JSON body, or an answer of 200 with one.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body together with the hash of its bytes, for requests that may be repeated under one key.
#[derive(Debug)]
pub struct HashedJson<T> {
    /// The body.
    pub value: T,
    /// Hex SHA-256 of the bytes as they came.
    pub hash: String,
}

/// An answer of 201 with a JSON body.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// An answer of 204.
#[derive(Debug)]
pub struct NoContent;

/// Query parameters; unknown ones are refused when the type denies unknown fields.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// Path parameters; one that does not parse names nothing and answers 404.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Whether a JSON text holds the character U+0000, which it can only write as an escape. PostgreSQL keeps no such text.
fn escapes_nul(json: &[u8]) -> bool {
    let escapes = json.windows(6).enumerate().filter(|(_, part)| part == b"\\u0000");
    let before = |at: usize| json.iter().take(at).rev().take_while(|byte| **byte == b'\\').count();
    escapes.into_iter().any(|(at, _)| before(at).is_multiple_of(2))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if escapes_nul(bytes) {
        let details = json!({ "field": "", "reason": "the character U+0000 is not taken" });
        return Err(ApiError::with_details(RequestError::INVALID, Some(details)));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        // A number in the place of a word is reported as bad syntax, though it is none.
        let whole = || str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
        let wrong_shape = error.inner().is_data() || whole();
        if !wrong_shape {
            return ApiError::new(RequestError::MALFORMED_JSON);
        }
        let reason = error.inner().to_string();
        ApiError::with_details(RequestError::INVALID, Some(json!({ "field": field, "reason": reason })))
    })?;
    reader.end().map_err(|_| ApiError::new(RequestError::MALFORMED_JSON))?;
    // An array would be taken for an object, field by field; no body is one.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        let details = json!({ "field": "", "reason": "expected an object" });
        return Err(ApiError::with_details(RequestError::INVALID, Some(details)));
    }
    Ok(parsed)
}

fn is_json(request: &HttpRequest) -> bool {
    let content_type = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

/// Reads the whole body within the limit of the application's `PayloadConfig`.
pub async fn read_body(
    bytes: impl Future<Output = Result<web::Bytes, actix_web::Error>>,
) -> Result<web::Bytes, ApiError> {
    bytes.await.map_err(|error| {
        let too_large = error.as_response_error().status_code() == actix_web::http::StatusCode::PAYLOAD_TOO_LARGE;
        ApiError::new(if too_large { RequestError::TOO_LARGE } else { RequestError::INCOMPLETE })
    })
}

fn read_json(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Result<web::Bytes, ApiError>> {
    if !is_json(request) {
        return Box::pin(ready(Err(ApiError::new(RequestError::UNSUPPORTED_MEDIA))));
    }
    Box::pin(read_body(web::Bytes::from_request(request, payload)))
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read_json(request, payload);
        Box::pin(async move { parse(&bytes.await?).map(Self) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for HashedJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read_json(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
            Ok(Self { value: parse(&bytes)?, hash: hex::encode(digest) })
        })
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().json(self.0)
    }
}

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        if request.query_string().contains("%00") {
            let details = json!({ "reason": "the character U+0000 is not taken" });
            return ready(Err(ApiError::with_details(RequestError::INVALID_QUERY, Some(details))));
        }
        let parsed = web::Query::<T>::from_query(request.query_string());
        ready(parsed.map(|query| Self(query.into_inner())).map_err(|error| {
            ApiError::with_details(RequestError::INVALID_QUERY, Some(json!({ "reason": error.to_string() })))
        }))
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parsed = web::Path::<T>::from_request(request, payload).into_inner();
        ready(parsed.map(|path| Self(path.into_inner())).map_err(|error| {
            // What is no id may be a word of another path, asked for by the wrong method.
            InternalError::from_response(error, known_paths::untaken(request)).into()
        }))
    }
}

/// Refuses a text in a query that is longer than its field takes.
///
/// # Errors
/// 422 that names the field.
pub fn at_most(field: &'static str, text: Option<&str>, most: usize) -> Result<(), ApiError> {
    if text.is_none_or(|text| text.chars().count() <= most) {
        return Ok(());
    }
    Err(ApiError::with_details(RequestError::INVALID_QUERY, Some(json!({ "field": field, "max_length": most }))))
}

/// Which page of a list: `cursor` from the page before, `limit` 1–100 (20 when absent). Flatten it into a list's query.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

impl PageQuery {
    /// The position to go on from.
    ///
    /// # Errors
    /// 422 when the cursor was not made by this service.
    pub fn cursor(&self) -> Result<Option<Cursor>, ApiError> {
        let wrong = || ApiError::with_details(RequestError::INVALID_QUERY, Some(json!({ "field": "cursor" })));
        self.cursor.as_deref().map(|text| Cursor::decode(text).ok_or_else(wrong)).transpose()
    }

    /// Items wanted.
    ///
    /// # Errors
    /// 422 outside 1–100.
    pub fn limit(&self) -> Result<i64, ApiError> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(_) => Err(ApiError::with_details(RequestError::INVALID_QUERY, Some(json!({ "field": "limit" })))),
        }
    }
}
