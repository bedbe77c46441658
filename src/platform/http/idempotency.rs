//! Requests that may be repeated: the answer is stored in the same transaction as its effect, under the caller's key.
//!
//! Owns `idempotency_keys`. The same key with the same body replays the same answer; with another body it is refused.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use diesel::prelude::*;
use futures_util::future::{Ready, ready};

use super::error::{ApiError, RequestError};
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::idempotency_keys as keys;
use crate::platform::db::{Constraint, DbError, DbResult, Tx};

/// The header `Idempotency-Key`: 8 to 64 visible ASCII characters; 400 otherwise.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let text = request.headers().get("idempotency-key").and_then(|value| value.to_str().ok());
        let fits = |text: &&str| (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        ready(
            text.filter(fits)
                .map(|text| Self(text.to_owned()))
                .ok_or_else(|| ApiError::new(RequestError::IDEMPOTENCY_KEY)),
        )
    }
}

/// Which request is being answered: whose, under which key, for what, with which body.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whose key it is, such as `user:123`; the same key of another owner is another key.
    pub owner: String,
    /// The key.
    pub key: IdempotencyKey,
    /// The operation id.
    pub operation: &'static str,
    /// Hash of the body.
    pub body_hash: String,
}

/// An answer given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: i64,
    /// JSON body, byte for byte.
    pub body: String,
}

impl StoredAnswer {
    /// The same answer once more.
    pub fn replay(self) -> HttpResponse {
        let status = u16::try_from(self.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        HttpResponse::build(status.unwrap_or(StatusCode::OK)).content_type("application/json").body(self.body)
    }
}

/// What is known about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is new.
    Fresh,
    /// It was answered before, like this.
    Answered(StoredAnswer),
    /// Its key was used for something else.
    Reused,
}

/// Looks up whether this request was answered before.
///
/// # Errors
/// When the database fails.
pub fn lookup(tx: &mut Tx<'_>, request: &Request) -> DbResult<Known> {
    let stored = keys::table.find((&request.owner, request.key.as_str())).select((
        keys::operation,
        keys::body_hash,
        keys::status,
        keys::answer,
    ));
    let found: Option<(String, String, i64, String)> = Prepared(stored).get_result(tx.conn()?).optional()?;
    Ok(match found {
        None => Known::Fresh,
        Some((operation, hash, status, body)) if operation == request.operation && hash == request.body_hash => {
            Known::Answered(StoredAnswer { status, body })
        }
        Some(_) => Known::Reused,
    })
}

/// Stores the answer. Of twins that run at once, one fails here with [`lost_to_twin`] and should look again.
///
/// # Errors
/// When a twin was first, or the database fails.
pub fn remember(tx: &mut Tx<'_>, request: &Request, answer: &StoredAnswer) -> DbResult<()> {
    let created_at = tx.now();
    tx.write_row(diesel::insert_into(keys::table).values((
        keys::owner.eq(request.owner.clone()),
        keys::key.eq(request.key.0.clone()),
        keys::operation.eq(request.operation),
        keys::body_hash.eq(request.body_hash.clone()),
        keys::status.eq(answer.status),
        keys::answer.eq(answer.body.clone()),
        keys::created_at.eq(created_at),
    )))
}

/// Whether [`remember`] failed because a twin of this request was first.
pub fn lost_to_twin(error: &DbError) -> bool {
    error.violates(Constraint {
        index: "idempotency_keys_pkey",
        columns: "idempotency_keys.owner, idempotency_keys.key",
    })
}

/// Forgets answers given before `moment`; says how many.
///
/// # Errors
/// When the database fails.
pub fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> DbResult<usize> {
    Ok(Prepared(diesel::delete(keys::table.filter(keys::created_at.lt(moment)))).execute(tx.conn()?)?)
}
