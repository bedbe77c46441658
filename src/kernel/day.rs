//! Calendar days of the shop: what a daily limit and a report by day mean by a day.
//!
//! A moment belongs to a day only in a zone; the shop has one, Asia/Shanghai unless it says otherwise.

use std::fmt;
use std::str::FromStr;

use diesel::{AsExpression, FromSqlRow};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::time::Timestamp;

/// The shop's zone by default.
const USUAL_ZONE: &str = "Asia/Shanghai";

/// A time zone with the rules by which its clocks change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that IANA name, such as `Asia/Shanghai`; `None` when there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or(USUAL_ZONE)
    }

    /// The day that `moment` belongs to here.
    pub fn day_of(&self, moment: Timestamp) -> Day {
        let moment = jiff::Timestamp::from_millisecond(moment.millis()).unwrap_or_default();
        Day::of(self.0.to_datetime(moment).date())
    }

    /// The hour of the day at `moment` here, 0 to 23.
    pub fn hour_of(&self, moment: Timestamp) -> i64 {
        let moment = jiff::Timestamp::from_millisecond(moment.millis()).unwrap_or_default();
        i64::from(self.0.to_datetime(moment).hour())
    }

    /// The first moment of `day` here; of the last day a calendar can name, when it lies beyond it.
    pub fn start_of(&self, day: Day) -> Timestamp {
        let midnight = day.date().to_zoned(self.0.clone());
        Timestamp::from_millis(midnight.map_or(0, |moment| moment.timestamp().as_millisecond()))
    }
}

impl Default for Zone {
    fn default() -> Self {
        // China has kept UTC+8 without change since 1991, so the offset says the same for every day of this shop.
        Self::named(USUAL_ZONE).unwrap_or_else(|| Self(TimeZone::fixed(jiff::tz::offset(8))))
    }
}

/// A day of the calendar, stored as the days since 1970-01-01. `2026-01-31` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Day(i64);

crate::stored_as_bigint!(Day);

impl Day {
    /// The day that is so many days after 1970-01-01.
    pub const fn new(days: i64) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The day `days` later, or earlier when negative.
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    fn of(date: Date) -> Self {
        let since = date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days());
        Self(i64::from(since))
    }

    fn date(self) -> Date {
        let days = i32::try_from(self.0).unwrap_or(i32::MAX);
        let span = jiff::Span::new().try_days(days).unwrap_or_default();
        Date::constant(1970, 1, 1).saturating_add(span)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(out)
    }
}

/// A text that is no day.
#[derive(Debug, thiserror::Error)]
#[error("expected a day, such as 2026-01-31")]
pub struct NotADay;

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = if plain { text.parse::<Date>().ok() } else { None };
        date.map(Self::of).ok_or(NotADay)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
        let object = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .examples([serde_json::json!("2026-01-31")])
            .build();
        utoipa::openapi::RefOr::T(Schema::Object(object))
    }
}

impl utoipa::ToSchema for Day {}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn an_evening_in_utc_is_the_next_day_in_shanghai() {
        let day = Zone::default().day_of(moment("2024-03-01T16:30:00Z"));
        assert_eq!(day.to_string(), "2024-03-02");
        assert_eq!(Zone::default().hour_of(moment("2024-03-01T16:30:00Z")), 0);
        assert_eq!(Zone::default().start_of(day), moment("2024-03-02T00:00:00+08:00"));
    }

    #[test]
    fn a_day_of_a_changing_clock_begins_at_its_own_midnight() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let day: Day = "2024-03-31".parse().unwrap();
        assert_eq!(zone.start_of(day.plus(1)).millis_since(zone.start_of(day)), 23 * 3_600_000);
    }

    #[test]
    fn every_day_reads_back_as_it_was_printed_and_nothing_else_is_a_day() {
        for days in [-700_000, -1, 0, 1, 59, 20_000, 2_900_000] {
            let day = Day::new(days);
            assert_eq!(day.to_string().parse::<Day>().unwrap(), day);
        }
        for text in ["", "2024-02-30", "20240301", "2024-03-01T00:00", "+02024-03-1", "-2024-03-01"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_is_none() {
        assert_eq!(Zone::named("Asia/Atlantis"), None);
    }
}
