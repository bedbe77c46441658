//! Rate limits per user, device, staff member and address, in groups of routes, by crate `governor` (the generic cell
//! rate algorithm, a few dozen bytes per asker).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::Method;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::kernel::id::{DeviceId, StaffId, UserId};
use crate::kernel::time::{Clock, Timestamp};

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A network address.
    Address(IpAddr),
    /// A shopper.
    User(UserId),
    /// A device.
    Device(DeviceId),
    /// A member of staff.
    Staff(StaffId),
}

/// Requests a minute, by group of routes; each asker of a request has its own count.
#[derive(Debug, Clone, Copy)]
pub struct LimitSettings {
    /// Logging in, registering devices, and whatever else proves who somebody is, for each asker.
    pub login: NonZeroU32,
    /// Whatever changes something, for each user, device or member of staff.
    pub write: NonZeroU32,
    /// Whatever only looks, for each user, device or member of staff.
    pub read: NonZeroU32,
    /// Batches of events, for each user or device.
    pub events: NonZeroU32,
    /// How many times more an address may do of either, since many people share one.
    pub address_factor: NonZeroU32,
}

type Limiter = RateLimiter<Asker, DashMapStateStore<Asker>, Ticker, NoOpMiddleware<Nanos>>;

/// The limits in force.
pub struct Limits {
    login: Limiter,
    write: Limiter,
    read: Limiter,
    events: Limiter,
    write_address: Limiter,
    read_address: Limiter,
    events_address: Limiter,
}

impl Limits {
    /// Limits counted by `clock`.
    pub fn new(settings: LimitSettings, clock: &Clock) -> Self {
        let ticker = Ticker::of(clock);
        let limiter = |per_minute: NonZeroU32| {
            RateLimiter::new(Quota::per_minute(per_minute), DashMapStateStore::default(), ticker.clone())
        };
        let shared = |per_minute: NonZeroU32| per_minute.saturating_mul(settings.address_factor);
        Self {
            login: limiter(settings.login),
            write: limiter(settings.write),
            read: limiter(settings.read),
            events: limiter(settings.events),
            write_address: limiter(shared(settings.write)),
            read_address: limiter(shared(settings.read)),
            events_address: limiter(shared(settings.events)),
        }
    }

    /// Whether all askers of a request may make it now; counts it for each.
    pub fn allow(&self, method: &Method, path: &str, mut askers: impl Iterator<Item = Asker>) -> bool {
        if is_events(path) {
            // A count of their own, so that events never use up what somebody may do in the shop.
            return askers.all(|asker| {
                let shared = matches!(asker, Asker::Address(_));
                let limiter = if shared { &self.events_address } else { &self.events };
                limiter.check_key(&asker).is_ok()
            });
        }
        if is_exempt(path) {
            return true;
        }
        let login = is_login(method, path);
        askers.all(|asker| {
            let limiter = match (login, method.is_safe(), matches!(asker, Asker::Address(_))) {
                (true, ..) => &self.login,
                (false, true, false) => &self.read,
                (false, true, true) => &self.read_address,
                (false, false, false) => &self.write,
                (false, false, true) => &self.write_address,
            };
            limiter.check_key(&asker).is_ok()
        })
    }

    /// Forgets askers that have not asked for so long that their count is full again.
    pub fn forget_idle(&self) {
        let of_askers = [&self.login, &self.write, &self.read, &self.events];
        for limiter in of_askers.into_iter().chain([&self.write_address, &self.read_address, &self.events_address]) {
            limiter.retain_recent();
        }
    }
}

/// Probes, metrics and WeChat's own notices are never refused: a lost notice costs more than a served one.
fn is_exempt(path: &str) -> bool {
    path.starts_with("/health/") || path.starts_with("/hooks/") || path == "/metrics"
}

/// What tells what happened rather than making it happen.
fn is_events(path: &str) -> bool {
    path == "/api/v1/events" || path.starts_with("/hooks/sensors/") || path.starts_with("/hooks/posthog/")
}

fn is_login(method: &Method, path: &str) -> bool {
    method == Method::POST
        && (path.starts_with("/api/v1/sessions")
            || path.starts_with("/admin/v1/sessions")
            || path.starts_with("/api/v1/me/identities")
            || ["/api/v1/devices", "/api/v1/sms-codes", "/api/v1/me/phone/sms"].contains(&path))
}

/// How far the service's own clock has gone forward, as `governor` wants it. A clock that is set back must not shut
/// everybody out until it is again where it was, so steps back do not count.
#[derive(Debug, Clone)]
struct Ticker {
    clock: Clock,
    progress: Arc<Mutex<Progress>>,
}

/// What a ticker has seen.
#[derive(Debug)]
struct Progress {
    last: Timestamp,
    millis: u64,
}

impl Ticker {
    fn of(clock: &Clock) -> Self {
        let progress = Progress { last: clock.now(), millis: 0 };
        Self { clock: clock.clone(), progress: Arc::new(Mutex::new(progress)) }
    }
}

impl GovernorClock for Ticker {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let step = u64::try_from(now.millis_since(progress.last)).unwrap_or_default();
        progress.last = now;
        progress.millis = progress.millis.saturating_add(step);
        Nanos::from(std::time::Duration::from_millis(progress.millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::DAY_MS;

    #[test]
    fn whatever_hands_out_tokens_counts_as_a_log_in() {
        for path in [
            "/api/v1/sessions/wechat-mini",
            "/api/v1/sessions/refresh",
            "/api/v1/devices",
            "/api/v1/sms-codes",
            "/api/v1/me/phone/sms",
            "/api/v1/me/identities/wechat-service",
            "/admin/v1/sessions",
            "/admin/v1/sessions/refresh",
        ] {
            assert!(is_login(&Method::POST, path), "{path}");
        }
        assert!(!is_login(&Method::DELETE, "/admin/v1/sessions/current"));
        assert!(!is_login(&Method::POST, "/admin/v1/staff"));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let clock = Clock::manual(Timestamp::from_millis(1_772_330_400_000));
        let two = NonZeroU32::new(2).unwrap();
        let limits =
            Limits::new(LimitSettings { login: two, write: two, read: two, events: two, address_factor: two }, &clock);
        let ask = || limits.allow(&Method::GET, "/api/v1/cart", std::iter::once(Asker::User(UserId::new(1))));
        assert!(ask() && ask() && !ask());
        clock.advance(-DAY_MS);
        assert!(!ask(), "setting the clock back is no way around a limit");
        clock.advance(60_000);
        assert!(ask() && ask() && !ask());
        clock.advance(DAY_MS);
        assert!(ask() && ask() && !ask());
    }
}
