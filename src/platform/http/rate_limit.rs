//! Rate limits per user, device, staff member and address, in groups of routes, by crate `governor` (the generic cell
//! rate algorithm, a few dozen bytes per asker).

use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::http::Method;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::kernel::id::{DeviceId, StaffId, UserId};
use crate::kernel::time::Clock;

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
    /// Logging in and registering devices, for each asker.
    pub login: NonZeroU32,
    /// Whatever changes something, for each user, device or member of staff.
    pub write: NonZeroU32,
    /// Whatever only looks, for each user, device or member of staff.
    pub read: NonZeroU32,
    /// How many times more an address may do of either, since many people share one.
    pub address_factor: NonZeroU32,
}

type Limiter = RateLimiter<Asker, DashMapStateStore<Asker>, Ticker, NoOpMiddleware<Nanos>>;

/// The limits in force.
pub struct Limits {
    login: Limiter,
    write: Limiter,
    read: Limiter,
    write_address: Limiter,
    read_address: Limiter,
}

impl Limits {
    /// Limits counted by `clock`.
    pub fn new(settings: LimitSettings, clock: &Clock) -> Self {
        let limiter = |per_minute: NonZeroU32| {
            RateLimiter::new(Quota::per_minute(per_minute), DashMapStateStore::default(), Ticker(clock.clone()))
        };
        let shared = |per_minute: NonZeroU32| per_minute.saturating_mul(settings.address_factor);
        Self {
            login: limiter(settings.login),
            write: limiter(settings.write),
            read: limiter(settings.read),
            write_address: limiter(shared(settings.write)),
            read_address: limiter(shared(settings.read)),
        }
    }

    /// Whether all askers of a request may make it now; counts it for each.
    pub fn allow(&self, method: &Method, path: &str, mut askers: impl Iterator<Item = Asker>) -> bool {
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
        for limiter in [&self.login, &self.write, &self.read, &self.write_address, &self.read_address] {
            limiter.retain_recent();
        }
    }
}

/// Probes, metrics and WeChat's own notices are never refused: a lost notice costs more than a served one.
fn is_exempt(path: &str) -> bool {
    path.starts_with("/health/") || path.starts_with("/hooks/") || path == "/metrics"
}

fn is_login(method: &Method, path: &str) -> bool {
    method == Method::POST
        && (path.starts_with("/api/v1/sessions") || path == "/api/v1/devices" || path == "/admin/v1/sessions")
}

/// The service's own clock, as `governor` wants it.
#[derive(Debug, Clone)]
struct Ticker(Clock);

impl GovernorClock for Ticker {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.now().millis()).unwrap_or_default();
        Nanos::from(std::time::Duration::from_millis(millis))
    }
}
