//! Who is asking: access tokens, their revocation, and the extractors that demand somebody.
//!
//! Tokens are JSON web tokens (crate `jsonwebtoken`), signed with HMAC-SHA256, with an audience each for shoppers,
//! devices and staff. Checking one asks no database: revoked log-ins are kept in memory for as long as their access
//! tokens would live, and renewed from the database every second, so that a log-out in one process holds in all.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use arc_swap::ArcSwap;
use futures_util::future::{Ready, ready};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::edge::{Arrival, Origin};
use super::error::{ApiError, RequestError};
use crate::kernel::id::{DeviceId, SessionId, StaffId, UserId};
use crate::kernel::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// How long an access token lives, in milliseconds.
pub const ACCESS_TTL_MS: i64 = 15 * MINUTE_MS;
/// How long a device token lives, in milliseconds.
pub const DEVICE_TTL_MS: i64 = 365 * DAY_MS;
/// Shortest secret accepted, in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    per: Vec<String>,
    iat: i64,
    exp: i64,
}

const SHOPPER: &str = "hourglass/shopper";
const DEVICE: &str = "hourglass/device";
const STAFF: &str = "hourglass/staff";

/// Makes and checks access tokens.
pub struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// Whom a valid token names.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A logged-in shopper.
    Shopper(Shopper),
    /// A member of staff with what they may do.
    Staff(StaffId, SessionId, Arc<[String]>),
}

impl AccessTokens {
    /// Tokens signed with `secret`.
    ///
    /// # Errors
    /// One line when the secret is shorter than 32 bytes.
    pub fn new(secret: &SecretString) -> Result<Self, String> {
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(format!("the token secret needs at least {MIN_SECRET_BYTES} bytes"));
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[SHOPPER, DEVICE, STAFF]);
        validation.set_required_spec_claims(&["aud", "sub", "exp"]);
        // Expiry is checked against the service's own clock.
        validation.validate_exp = false;
        Ok(Self { encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes), validation })
    }

    /// A shopper's access token and the moment it expires.
    pub fn issue_shopper(
        &self,
        user: UserId,
        session: SessionId,
        device: Option<DeviceId>,
        now: Timestamp,
    ) -> (String, Timestamp) {
        self.issue(SHOPPER, user.to_string(), Some(session), device, Vec::new(), now, ACCESS_TTL_MS)
    }

    /// An anonymous device's token and the moment it expires.
    pub fn issue_device(&self, device: DeviceId, now: Timestamp) -> (String, Timestamp) {
        self.issue(DEVICE, device.to_string(), None, None, Vec::new(), now, DEVICE_TTL_MS)
    }

    /// A staff member's access token, carrying what they may do, and the moment it expires.
    pub fn issue_staff(
        &self,
        staff: StaffId,
        session: SessionId,
        permissions: &[&str],
        now: Timestamp,
    ) -> (String, Timestamp) {
        let permissions = permissions.iter().map(|name| (*name).to_owned()).collect();
        self.issue(STAFF, staff.to_string(), Some(session), None, permissions, now, ACCESS_TTL_MS)
    }

    #[allow(clippy::too_many_arguments, reason = "private, and each argument is one claim")]
    fn issue(
        &self,
        audience: &str,
        subject: String,
        sid: Option<SessionId>,
        did: Option<DeviceId>,
        per: Vec<String>,
        now: Timestamp,
        ttl_ms: i64,
    ) -> (String, Timestamp) {
        let expires = now.plus_millis(ttl_ms);
        let claims = Claims {
            aud: audience.to_owned(),
            sub: subject,
            sid,
            did,
            per,
            iat: now.seconds(),
            exp: expires.seconds(),
        };
        // Encoding fails only for keys of another algorithm or claims that are no JSON; neither can be here. An empty
        // token would simply be refused.
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).unwrap_or_default();
        (token, Timestamp::from_millis(expires.seconds().saturating_mul(SECOND_MS)))
    }

    fn claims(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        (now.seconds() < claims.exp).then_some(claims)
    }

    fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let claims = self.claims(token, now)?;
        let session_id = claims.sid?;
        match claims.aud.as_str() {
            SHOPPER => {
                let user_id = claims.sub.parse().ok()?;
                Some(Caller::Shopper(Shopper { user_id, session_id, device_id: claims.did }))
            }
            STAFF => Some(Caller::Staff(claims.sub.parse().ok()?, session_id, claims.per.into())),
            _ => None,
        }
    }

    fn device(&self, token: &str, now: Timestamp) -> Option<DeviceId> {
        let claims = self.claims(token, now)?;
        if claims.aud == DEVICE { claims.sub.parse().ok() } else { None }
    }
}

/// Log-ins that were ended while their access tokens still live. Cloning shares the set.
#[derive(Debug, Clone, Default)]
pub struct Revocations(Arc<ArcSwap<HashMap<SessionId, Timestamp>>>);

impl Revocations {
    /// From now on no token of this log-in is accepted.
    pub fn revoke(&self, session: SessionId, at: Timestamp) {
        self.0.rcu(|old| {
            let mut sessions = HashMap::clone(old);
            sessions.insert(session, at);
            sessions
        });
    }

    /// Adds what other processes revoked, and forgets what expired by itself.
    pub fn renew(&self, revoked: &[(SessionId, Timestamp)], now: Timestamp) {
        let oldest = now.plus_millis(-ACCESS_TTL_MS - MINUTE_MS);
        self.0.rcu(|old| {
            let kept = old.iter().map(|(session, at)| (*session, *at)).filter(|(_, at)| *at >= oldest);
            kept.chain(revoked.iter().copied()).collect::<HashMap<_, _>>()
        });
    }

    /// Whether this log-in was ended.
    pub fn contains(&self, session: SessionId) -> bool {
        self.0.load().contains_key(&session)
    }
}

/// Everything needed to tell who is asking. Cloning shares it.
#[derive(Clone)]
pub struct Access {
    /// The tokens.
    pub tokens: Arc<AccessTokens>,
    /// The ended log-ins.
    pub revocations: Revocations,
}

impl Access {
    /// Whom the `Authorization` header names, if its token is valid and its log-in goes on.
    pub fn caller(&self, bearer: &str, now: Timestamp) -> Option<Caller> {
        let caller = self.tokens.caller(bearer, now)?;
        let (Caller::Shopper(Shopper { session_id, .. }) | Caller::Staff(_, session_id, _)) = &caller;
        (!self.revocations.contains(*session_id)).then_some(caller)
    }

    /// Which device the `X-Device-Token` header names, if it is valid.
    pub fn device(&self, token: &str, now: Timestamp) -> Option<DeviceId> {
        self.tokens.device(token, now)
    }
}

/// What the edge found in the headers.
#[derive(Debug, Clone, Default)]
pub(super) struct Identified {
    pub(super) caller: Option<Caller>,
    pub(super) device: Option<DeviceId>,
}

fn identified(request: &HttpRequest) -> Identified {
    request.extensions().get::<Arrival>().map(|arrival| arrival.identified.clone()).unwrap_or_default()
}

fn unauthenticated<T>() -> Result<T, ApiError> {
    Err(ApiError::new(RequestError::UNAUTHENTICATED))
}

/// A logged-in shopper; 401 otherwise.
#[derive(Debug, Clone)]
pub struct Shopper {
    /// Who.
    pub user_id: UserId,
    /// In which log-in.
    pub session_id: SessionId,
    /// On which device, if it registered before.
    pub device_id: Option<DeviceId>,
}

impl FromRequest for Shopper {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(match identified(request).caller {
            Some(Caller::Shopper(shopper)) => Ok(shopper),
            _ => unauthenticated(),
        })
    }
}

/// A shopper, if somebody is logged in; nobody, when there is no `Authorization` header. A bad token is still 401.
#[derive(Debug, Clone)]
pub struct MaybeShopper(pub Option<Shopper>);

impl FromRequest for MaybeShopper {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(match identified(request).caller {
            Some(Caller::Shopper(shopper)) => Ok(Self(Some(shopper))),
            None if !request.headers().contains_key("authorization") => Ok(Self(None)),
            _ => unauthenticated(),
        })
    }
}

/// A shopper or, before login, a device by its `X-Device-Token`; 401 otherwise.
#[derive(Debug, Clone)]
pub enum Visitor {
    /// Logged in.
    User(Shopper),
    /// Not logged in.
    Device(DeviceId),
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let found = identified(request);
        ready(match (found.caller, found.device) {
            (Some(Caller::Shopper(shopper)), _) => Ok(Self::User(shopper)),
            (None, Some(device)) if !request.headers().contains_key("authorization") => Ok(Self::Device(device)),
            _ => unauthenticated(),
        })
    }
}

/// The device by its `X-Device-Token`, if one was sent and is valid.
#[derive(Debug, Clone, Copy)]
pub struct MaybeDevice(pub Option<DeviceId>);

impl FromRequest for MaybeDevice {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(identified(request).device)))
    }
}

/// A permission, as a type, so that a handler's signature names what it takes.
pub trait Permission {
    /// The name under which roles hold it, such as `order.ship`.
    const NAME: &'static str;
}

/// A member of staff who holds the permission `P`; 401 for nobody, 403 for staff without it.
#[derive(Debug, Clone)]
pub struct Staff<P> {
    /// Who.
    pub staff_id: StaffId,
    /// In which log-in.
    pub session_id: SessionId,
    /// From where, for the audit log.
    pub origin: Origin,
    permission: PhantomData<P>,
}

/// A member of staff, whatever they may do: for what concerns only themselves.
#[derive(Debug, Clone, Copy)]
pub struct AnyStaff;

impl Permission for AnyStaff {
    const NAME: &'static str = "";
}

impl<P: Permission> FromRequest for Staff<P> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let Some(Caller::Staff(staff_id, session_id, permissions)) = identified(request).caller else {
            return ready(unauthenticated());
        };
        if !P::NAME.is_empty() && !permissions.iter().any(|name| name == P::NAME) {
            return ready(Err(ApiError::new(RequestError::FORBIDDEN)));
        }
        ready(Ok(Self { staff_id, session_id, origin: Origin::of(request), permission: PhantomData }))
    }
}
