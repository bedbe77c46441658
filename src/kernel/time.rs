//! Time: the only place that reads the wall clock.
//!
//! Everything else receives a [`Clock`], so tests can move time by hand and two processes that share a database
//! can be given the same moment. Calendars (the shop's zone, in `day`) come from `jiff`, whose rules are built
//! in, so that they do not depend on what is installed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use diesel::{AsExpression, FromSqlRow};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Milliseconds in a second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A moment in UTC, in milliseconds since 1970-01-01T00:00:00Z. RFC 3339 with `Z` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Timestamp(i64);

crate::stored_as_bigint!(Timestamp);

impl Timestamp {
    /// Wraps milliseconds since the epoch, as stored in the database.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }

    /// This moment plus `millis` (which may be negative); stays at the ends of the range instead of wrapping.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339 with any offset, as WeChat and clients send it. `None` when it is not a time.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Self(moment.as_millisecond()))
    }

    /// RFC 3339 at a fixed offset in hours, as WeChat prints its times (`+08:00`).
    pub fn rfc3339_at_offset(self, hours: i8) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        let zoned = moment.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(hours)));
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        write!(out, "{moment:.3}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_rfc3339(&text)
            .ok_or_else(|| D::Error::custom("expected a time in RFC 3339, such as 2026-01-31T08:00:00Z"))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
        let object = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2026-01-31T08:00:00.000Z")])
            .build();
        utoipa::openapi::RefOr::T(Schema::Object(object))
    }
}

impl utoipa::ToSchema for Timestamp {}

/// A half-open span of time `[from, to)`; an absent end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First moment inside; `None` when it has always been open.
    pub from: Option<Timestamp>,
    /// First moment no longer inside; `None` when it never ends.
    pub to: Option<Timestamp>,
}

impl Window {
    /// Whether `moment` lies inside.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.to.is_none_or(|to| moment < to)
    }
}

/// Where "now" comes from. Cloning shares the source.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Wall,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn wall() -> Self {
        Self(Source::Wall)
    }

    /// A clock that stands still until it is told to move.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.millis()))))
    }

    /// The present moment of this clock.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Wall => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Manual(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// Whether this clock only moves when told to.
    pub const fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// Moves a manual clock by `millis` (negative goes back). The machine's clock cannot be moved and ignores it.
    pub fn advance(&self, millis: i64) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_rfc_3339_with_z_and_reads_any_offset() {
        let moment = Timestamp::from_millis(1_704_081_600_000);
        assert_eq!(moment.to_string(), "2024-01-01T04:00:00.000Z");
        assert_eq!(Timestamp::parse_rfc3339("2024-01-01T12:00:00+08:00"), Some(moment));
        assert_eq!(moment.rfc3339_at_offset(8), "2024-01-01T12:00:00+08:00");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn a_window_is_closed_at_its_start_and_open_at_its_end() {
        let window = Window { from: Some(Timestamp::from_millis(10)), to: Some(Timestamp::from_millis(20)) };
        assert!(!window.contains(Timestamp::from_millis(9)));
        assert!(window.contains(Timestamp::from_millis(10)));
        assert!(window.contains(Timestamp::from_millis(19)));
        assert!(!window.contains(Timestamp::from_millis(20)));
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_millis(5));
        let twin = clock.clone();
        clock.advance(10);
        assert_eq!(twin.now(), Timestamp::from_millis(15));
    }
}
