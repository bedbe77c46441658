//! The edge: what happens to every request before a handler sees it and after it answered.
//!
//! Gives each request an id, finds out the client's address and who is asking, applies rate limits, counts and times.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
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

/// What the edge found out about a request, kept with it so that a token is checked once. Words are made of it only for
/// those who ask, since most requests are looks that nobody asks about.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) identified: Identified,
    address: Option<IpAddr>,
    request_id: HeaderValue,
}

impl Origin {
    /// The origin of a request, as the edge found it.
    pub fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        let arrival = extensions.get::<Arrival>();
        let address = arrival.and_then(|arrival| arrival.address).map(|address| address.to_string());
        let request_id = arrival.and_then(|arrival| arrival.request_id.to_str().ok()).unwrap_or_default().to_owned();
        Self { address: address.unwrap_or_else(|| "unknown".to_owned()), request_id }
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
    let method = request.method().clone();
    let allowed = edge.limits.allow(&method, request.path(), askers.into_iter().flatten());
    request.extensions_mut().insert(Arrival { identified, address, request_id: request_id.clone() });

    let mut response = if allowed {
        next.call(request).await?.map_into_boxed_body()
    } else {
        let refused = ApiError::new(RequestError::RATE_LIMITED).error_response();
        request.into_response(refused).map_into_boxed_body()
    };
    report(&method, &response, started, &request_id);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-request-id"), request_id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What nobody said may be kept is about somebody, or changes.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

fn report<B>(method: &Method, response: &ServiceResponse<B>, started: Instant, request_id: &HeaderValue) {
    let route = response.request().match_pattern();
    let route = route.as_deref().unwrap_or("unmatched");
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    record(route, method, class_of(status), seconds);
    // Reads that went well are the bulk of the traffic and say little; they are logged when somebody asks for detail.
    if method.is_safe() && status < 500 {
        tracing::debug!(?request_id, %method, route, status, seconds, "request");
    } else {
        tracing::info!(?request_id, %method, route, status, seconds, "request");
    }
}

const fn class_of(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

/// The methods that are counted under their names; a client can invent any number of others.
fn label_of(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

type Times = Vec<(&'static str, &'static str, metrics::Histogram)>;

thread_local! {
    /// Looking a histogram up by its labels costs more than all else the edge does, so each thread keeps its own hold
    /// of those it has used. There are as many as routes, methods and classes.
    static TIMES: RefCell<HashMap<String, Times>> = RefCell::new(HashMap::new());
}

fn record(route: &str, method: &Method, class: &'static str, seconds: f64) {
    let method = label_of(method);
    TIMES.with_borrow_mut(|routes| {
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Vec::new());
        }
        let Some(times) = routes.get_mut(route) else { return };
        if let Some((.., histogram)) = times.iter().find(|(known, status, _)| *known == method && *status == class) {
            histogram.record(seconds);
            return;
        }
        let histogram = metrics::histogram!(
            "hourglass_http_request_seconds", "method" => method, "route" => route.to_owned(), "status" => class
        );
        histogram.record(seconds);
        times.push((method, class, histogram));
    });
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

fn askers(identified: &Identified, address: Option<IpAddr>) -> [Option<Asker>; 3] {
    let caller = identified.caller.as_ref().map(|caller| match caller {
        Caller::Shopper(shopper) => Asker::User(shopper.user_id),
        Caller::Staff(staff, ..) => Asker::Staff(*staff),
    });
    [address.map(Asker::Address), caller, identified.device.map(Asker::Device)]
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

fn request_id(request: &ServiceRequest, trusted: &[IpAddr]) -> HeaderValue {
    let fits = |value: &&HeaderValue| {
        value.len() <= 64 && value.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
    };
    let given = request.headers().get("x-request-id").filter(fits);
    let believed = given.filter(|_| request.peer_addr().is_some_and(|peer| trusted.contains(&peer.ip())));
    believed.cloned().unwrap_or_else(fresh_request_id)
}

fn fresh_request_id() -> HeaderValue {
    let mut digits = [0_u8; 32];
    // Thirty-two digits are exactly sixteen bytes.
    let _encoded = hex::encode_to_slice(rand::random::<u128>().to_be_bytes(), &mut digits);
    HeaderValue::from_bytes(&digits).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
