//! HTTP: how requests are read, who is asking, and how refusals are answered.

pub mod auth;
pub mod body;
pub mod edge;
pub mod error;
pub mod idempotency;
pub mod kept;
pub mod known_paths;
pub mod rate_limit;
pub mod table;

pub use auth::{Access, AccessTokens, Caller, MaybeShopper, Permission, Revocations, Shopper, Staff, Visitor};
pub use body::{Created, HashedJson, Json, NoContent, PageQuery, Path, Query, at_most, read_body};
pub use edge::Origin;
pub use error::{ApiError, ApiResult, Refusal, RequestError};
pub use idempotency::IdempotencyKey;
pub use kept::{KeptPages, own_page};
pub use known_paths::KnownPaths;
pub use table::Table;
