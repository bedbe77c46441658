//! The edge: what happens to every request before a handler sees it and after it answered.
//!
//! Gives each request an id, finds out the client's address and who is asking, applies rate limits, counts and times.

use std::net::IpAddr;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, ResponseError as _, web};
use futures_util::future::{Ready, ready};

use super::auth::{Access, Caller, Identified};
use super::error::{ApiError, RequestError};
use super::rate_limit::{Asker, Limits};
use crate::kernel::time::Clock;

/// What the edge needs to know.
pub struct Edge {
    /// Who is asking.
    pub access: Access,
    /// When.
    pub clock: Clock,
    /// How often they may.
    pub limits: Limits,
    /// Proxies whose `X-Forwarded-For` and `X-Request-Id` are believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// Where a request came from, for audit and logs.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address; a trusted proxy's word for it when it came through one.
    pub address: String,
    /// The id of this request, also in the answer's `X-Request-Id`.
    pub request_id: String,
}

impl Origin {
    /// The origin of a request, as the edge found it.
    pub fn of(request: &HttpRequest) -> Self {
        let unknown = || Self { address: "unknown".to_owned(), request_id: String::new() };
        request.extensions().get::<Self>().cloned().unwrap_or_else(unknown)
    }
}

impl FromRequest for Origin {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The middleware around every route.
///
/// # Errors
/// Those of the routes; its own refusals are answers.
pub async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = Instant::now();
    let Some(edge) = request.app_data::<web::Data<Edge>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let address = client_address(&request, &edge.trusted_proxies);
    let request_id = request_id(&request, &edge.trusted_proxies);
    let identified = identify(&request, &edge);
    let askers = askers(&identified, address);
    let origin = Origin {
        address: address.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string()),
        request_id: request_id.clone(),
    };
    request.extensions_mut().insert(identified);
    request.extensions_mut().insert(origin);

    let method = request.method().clone();
    let allowed = edge.limits.allow(&method, request.path(), &askers);
    let mut response = if allowed {
        next.call(request).await?.map_into_boxed_body()
    } else {
        let refused = ApiError::new(RequestError::RATE_LIMITED).error_response();
        request.into_response(refused).map_into_boxed_body()
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    report(&method, &response, started, &request_id);
    Ok(response)
}

fn report<B>(method: &actix_web::http::Method, response: &ServiceResponse<B>, started: Instant, request_id: &str) {
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    let class = match status / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    metrics::histogram!("hourglass_http_request_seconds", "method" => method.to_string(), "route" => route.clone(), "status" => class)
        .record(seconds);
    // Reads that went well are the bulk of the traffic and say little; they are logged when somebody asks for detail.
    if method.is_safe() && status < 500 {
        tracing::debug!(request_id, %method, route, status, seconds, "request");
    } else {
        tracing::info!(request_id, %method, route, status, seconds, "request");
    }
}

fn identify(request: &ServiceRequest, edge: &Edge) -> Identified {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let device = header("x-device-token");
    if bearer.is_none() && device.is_none() {
        return Identified::default();
    }
    let now = edge.clock.now();
    Identified {
        caller: bearer.and_then(|token| edge.access.caller(token, now)),
        device: device.and_then(|token| edge.access.device(token, now)),
    }
}

fn askers(identified: &Identified, address: Option<IpAddr>) -> Vec<Asker> {
    let mut askers = Vec::with_capacity(3);
    askers.extend(address.map(Asker::Address));
    match &identified.caller {
        Some(Caller::Shopper(shopper)) => askers.push(Asker::User(shopper.user_id)),
        Some(Caller::Staff(staff, ..)) => askers.push(Asker::Staff(*staff)),
        None => {}
    }
    askers.extend(identified.device.map(Asker::Device));
    askers
}

/// The address of the peer, or, when the peer is a trusted proxy, the last address in `X-Forwarded-For` that is not one.
fn client_address(request: &ServiceRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let forwarded = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let hops = forwarded.rsplit(',').map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    Some(hops.into_iter().find(|hop| !trusted.contains(hop)).unwrap_or(peer))
}

fn request_id(request: &ServiceRequest, trusted: &[IpAddr]) -> String {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let believed = request.peer_addr().is_some_and(|peer| trusted.contains(&peer.ip()));
    match given {
        Some(id) if believed && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic()) => id.to_owned(),
        _ => format!("{:032x}", rand::random::<u128>()),
    }
}
