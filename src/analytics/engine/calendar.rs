//! The shop's calendar: days, weeks that begin on Monday, and months, in the shop's zone.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::flaw::{Flaw, expect};

/// Most buckets of one answer.
pub const MAX_BUCKETS: i64 = 5_000;

/// A half-open span of time, `[from, to)`, in UTC milliseconds; RFC 3339 on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = calendar::Range)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// First moment inside.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub from: i64,
    /// First moment no longer inside.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-08T00:00:00Z")]
    pub to: i64,
}

impl Range {
    /// Whether `at` lies inside.
    pub fn contains(&self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// Checks that it holds something and is not longer than can be counted in `period`s.
    ///
    /// # Errors
    /// `range_backwards`, `range_empty` or `range_too_long`.
    pub fn check(&self, period: Period) -> Result<(), Flaw> {
        expect(self.from <= self.to, "range", "range_backwards")?;
        expect(self.from < self.to, "range", "range_empty")?;
        let length = self.to.saturating_sub(self.from);
        expect(length / period.least_ms() < MAX_BUCKETS && length < 3_700 * 86_400_000, "range", "range_too_long")
    }
}

/// Writes UTC milliseconds as RFC 3339.
pub(crate) fn write_moment<S: Serializer>(at: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let moment = jiff::Timestamp::from_millisecond(*at).unwrap_or_default();
    serializer.collect_str(&format_args!("{moment:.3}"))
}

/// Reads RFC 3339 as UTC milliseconds.
pub(crate) fn read_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let moment = text.parse::<jiff::Timestamp>();
    moment.map(jiff::Timestamp::as_millisecond).map_err(|_| D::Error::custom("expected a time in RFC 3339"))
}

/// What a figure is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = calendar::Period)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of the shop's zone.
    Day,
    /// Weeks, Monday first.
    Week,
    /// Months.
    Month,
}

impl Period {
    /// The shortest that such a period can be, in milliseconds.
    pub const fn least_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 82_800_000,
            Self::Week => 7 * 82_800_000,
            Self::Month => 28 * 82_800_000,
        }
    }

    /// Whether days make it up, so that it can be told from a day alone.
    pub const fn of_days(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month)
    }
}

/// The shop's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of that IANA name; `None` when there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// The day that `at` belongs to, in days since 1970-01-01.
    pub fn day_of(&self, at: i64) -> i64 {
        let moment = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
        number_of(self.0.to_datetime(moment).date())
    }

    /// The first moment of a day.
    pub fn start_of(&self, day: i64) -> i64 {
        date_of(day).to_zoned(self.0.clone()).map_or(0, |moment| moment.timestamp().as_millisecond())
    }

    /// The first moment of the period that `at` lies in.
    pub fn floor(&self, at: i64, period: Period) -> i64 {
        let moment = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
        match period {
            Period::Minute => at - at.rem_euclid(60_000),
            Period::Hour => {
                // Zones lie off by whole minutes, so an hour of the shop need not begin with one of UTC.
                let offset = i64::from(self.0.to_offset(moment).seconds()) * 1_000;
                at - (at + offset).rem_euclid(3_600_000)
            }
            _ => self.start_of(first_day(self.day_of(at), period)),
        }
    }

    /// The first moment of the period after the one that begins at `start`.
    pub fn next(&self, start: i64, period: Period) -> i64 {
        match period {
            Period::Minute => start + 60_000,
            Period::Hour => start + 3_600_000,
            _ => self.start_of(next_day(self.day_of(start), period)),
        }
    }

    /// The periods that `range` touches, the first and the last of which it may cut.
    pub fn buckets(&self, range: Range, period: Period) -> Buckets {
        let mut starts = Vec::new();
        let mut start = self.floor(range.from, period);
        while start < range.to && starts.len() < 200_000 {
            starts.push(start);
            start = self.next(start, period);
        }
        Buckets { starts, end: start }
    }

    /// The name of the period that begins at `start`: `2026-01-31`, or `2026-01-31 08:30` for shorter ones.
    pub fn name(&self, start: i64, period: Period) -> String {
        let civil = self.0.to_datetime(jiff::Timestamp::from_millisecond(start).unwrap_or_default());
        if period.of_days() { civil.date().to_string() } else { civil.strftime("%Y-%m-%d %H:%M").to_string() }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::named("Asia/Shanghai").unwrap_or_else(|| Self(TimeZone::fixed(jiff::tz::offset(8))))
    }
}

/// Periods in order, without gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    starts: Vec<i64>,
    end: i64,
}

impl Buckets {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The beginnings.
    pub fn starts(&self) -> &[i64] {
        &self.starts
    }

    /// The end of the bucket at `place`.
    pub fn end_of(&self, place: usize) -> i64 {
        self.starts.get(place + 1).copied().unwrap_or(self.end)
    }

    /// The bucket of `at`; none outside.
    pub fn of(&self, at: i64) -> Option<usize> {
        if at >= self.end {
            return None;
        }
        self.starts.partition_point(|start| *start <= at).checked_sub(1)
    }

    /// The bucket of `at`, tried first at `hint`, where the last one was found.
    pub fn near(&self, at: i64, hint: usize) -> Option<usize> {
        match self.starts.get(hint) {
            Some(start) if *start <= at && at < self.end_of(hint) => Some(hint),
            _ => self.of(at),
        }
    }
}

fn first_day(day: i64, period: Period) -> i64 {
    let date = date_of(day);
    match period {
        Period::Week => day - i64::from(date.weekday().since(Weekday::Monday)),
        Period::Month => day - i64::from(date.day()) + 1,
        _ => day,
    }
}

fn next_day(day: i64, period: Period) -> i64 {
    match period {
        Period::Week => day + 7,
        Period::Month => day + i64::from(date_of(day).days_in_month()),
        _ => day + 1,
    }
}

fn number_of(date: Date) -> i64 {
    i64::from(date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days()))
}

fn date_of(day: i64) -> Date {
    let span = jiff::Span::new().try_days(i32::try_from(day).unwrap_or(i32::MAX)).unwrap_or_default();
    Date::constant(1970, 1, 1).saturating_add(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn an_evening_in_utc_is_the_next_day_in_shanghai() {
        let zone = Zone::default();
        let moment = at("2024-03-01T16:30:00Z");
        assert_eq!(zone.name(zone.floor(moment, Period::Day), Period::Day), "2024-03-02");
        assert_eq!(zone.day_of(moment), zone.day_of(at("2024-03-02T08:00:00Z")));
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let zone = Zone::default();
        let moment = at("2026-02-15T03:00:00Z");
        assert_eq!(zone.name(zone.floor(moment, Period::Week), Period::Week), "2026-02-09");
        assert_eq!(zone.name(zone.floor(moment, Period::Month), Period::Month), "2026-02-01");
        assert_eq!(zone.name(zone.floor(moment, Period::Hour), Period::Hour), "2026-02-15 11:00");
    }

    #[test]
    fn a_day_on_which_clocks_change_is_one_bucket() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let range = Range { from: at("2026-03-27T23:00:00Z"), to: at("2026-03-30T22:00:00Z") };
        let buckets = zone.buckets(range, Period::Day);
        assert_eq!(buckets.len(), 3);
        assert_eq!(buckets.end_of(1) - buckets.starts()[1], 23 * 3_600_000);
        assert_eq!(buckets.of(range.from), Some(0));
        assert_eq!(buckets.of(range.to - 1), Some(2));
        assert_eq!(buckets.of(range.to), None);
        assert_eq!(buckets.of(range.from - 1), None);
    }

    #[test]
    fn ranges_backwards_empty_and_endless_are_refused() {
        let reason = |from, to| Range { from, to }.check(Period::Minute).map_err(|flaw| flaw.reason);
        assert_eq!(reason(5, 1), Err("range_backwards"));
        assert_eq!(reason(5, 5), Err("range_empty"));
        assert_eq!(reason(0, 60_000 * MAX_BUCKETS), Err("range_too_long"));
        assert_eq!(reason(0, 60_000), Ok(()));
    }
}
