//! The figures, from one walk through everybody's events of today and yesterday.

use serde::Serialize;
use utoipa::ToSchema;

use crate::analytics::engine::analysis::{Table, Tabular};
use crate::analytics::engine::calendar::{Period, Range};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{CAMPAIGN, SHARE};
use crate::analytics::engine::figures::whole;
use crate::analytics::engine::filter::Pick;
use crate::analytics::engine::flaw::Result;
use crate::analytics::engine::scan::{Ask, Full, History, Key};
use crate::analytics::engine::sessions::{self, GAP_MS, Rule};
use crate::kernel::time::{MINUTE_MS, Timestamp};

/// Whoever had an event so short a time ago is there now.
const ONLINE_MS: i64 = 5 * MINUTE_MS;

/// What orders, money and new users are counted by, each at its place.
const TRUSTED: [&str; 3] = ["order_placed", "order_paid", "user_registered"];
const PLACED: u32 = 1;
const PAID: u32 = 2;
const REGISTERED: u32 = 4;

/// Figures of a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverviewFigures {
    /// Visits that began in it.
    #[schema(example = 310)]
    pub visits: u64,
    /// How many different people were there.
    #[schema(example = 280)]
    pub visitors: u64,
    /// Orders that were placed.
    #[schema(example = 24)]
    pub orders_placed: u64,
    /// Orders that were paid.
    #[schema(example = 19)]
    pub orders_paid: u64,
    /// What was paid for them, before refunds, in fen.
    #[schema(example = 189_000)]
    pub revenue_fen: i64,
    /// Users who registered.
    #[schema(example = 41)]
    pub new_users: u64,
}

/// The same stretch of both days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OverviewBucket {
    /// How long after midnight it begins, in hours and minutes.
    #[schema(example = "08:30", max_length = 5)]
    pub from: String,
    /// Today; null when it has not begun.
    pub today: Option<OverviewFigures>,
    /// Yesterday; null when that day had no such hour, which happens where clocks change.
    pub yesterday: Option<OverviewFigures>,
}

/// The shop at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Overview {
    /// The moment that it shows.
    pub as_of: Timestamp,
    /// How many people had an event in the last five minutes.
    #[schema(example = 17)]
    pub online: u64,
    /// Today so far.
    pub today: OverviewFigures,
    /// Yesterday until the same time of day.
    pub yesterday_until_now: OverviewFigures,
    /// The whole of yesterday.
    pub yesterday: OverviewFigures,
    /// Both days from midnight on, side by side.
    pub by_time: Vec<OverviewBucket>,
}

impl OverviewFigures {
    fn add(&mut self, other: &Self) {
        self.visits += other.visits;
        self.visitors += other.visitors;
        self.orders_placed += other.orders_placed;
        self.orders_paid += other.orders_paid;
        self.revenue_fen = self.revenue_fen.saturating_add(other.revenue_fen);
        self.new_users += other.new_users;
    }

    fn take(&mut self, row: &Full) {
        self.orders_placed += u64::from(row.step.mask & PLACED != 0);
        self.new_users += u64::from(row.step.mask & REGISTERED != 0);
        if row.step.mask & PAID != 0 {
            self.orders_paid += 1;
            self.revenue_fen = self.revenue_fen.saturating_add(whole(row.number).unwrap_or(0));
        }
    }

    fn cells(&self) -> [String; 6] {
        let counts = [self.visits, self.visitors, self.orders_placed, self.orders_paid].map(|count| count.to_string());
        let [visits, visitors, placed, paid] = counts;
        [visits, visitors, placed, paid, self.revenue_fen.to_string(), self.new_users.to_string()]
    }
}

impl Tabular for Overview {
    fn table(&self) -> Table {
        let heads = ["day", "from", "visits", "visitors", "orders_placed", "orders_paid", "revenue_fen", "new_users"];
        let mut table = Table::new(&[heads.as_slice(), &["online"]].concat());
        let mut row = |day: &str, from: &str, figures: &OverviewFigures, online: String| {
            let head = [day.to_owned(), from.to_owned()];
            table.row(head.into_iter().chain(figures.cells()).chain([online]));
        };
        row("today", "", &self.today, self.online.to_string());
        row("yesterday_until_now", "", &self.yesterday_until_now, String::new());
        row("yesterday", "", &self.yesterday, String::new());
        for bucket in &self.by_time {
            for (day, figures) in [("today", &bucket.today), ("yesterday", &bucket.yesterday)] {
                if let Some(figures) = figures {
                    row(day, &bucket.from, figures, String::new());
                }
            }
        }
        table
    }
}

/// Which moments are meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    yesterday: i64,
    today: i64,
    tomorrow: i64,
    now: i64,
    width: i64,
}

/// Where a moment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    is_today: bool,
    /// Whether that time of day has come today.
    has_come: bool,
    bucket: usize,
}

/// One thread's counts.
#[derive(Clone, Debug)]
struct Counts {
    online: u64,
    today: OverviewFigures,
    yesterday_until_now: OverviewFigures,
    yesterday: OverviewFigures,
    /// Of today and of yesterday.
    buckets: [Vec<OverviewFigures>; 2],
}

impl Plan {
    /// The two days that end with the dataset's moment, by minutes or hours.
    pub(super) fn of(data: &Dataset, bucket: Period) -> Self {
        let day = data.zone.day_of(data.now);
        Self {
            yesterday: data.zone.start_of(day - 1),
            today: data.zone.start_of(day),
            tomorrow: data.zone.start_of(day + 1),
            now: data.now,
            width: bucket.least_ms(),
        }
    }

    fn place(&self, at: i64) -> Option<Place> {
        let is_today = at >= self.today;
        let since = at - if is_today { self.today } else { self.yesterday };
        let bucket = usize::try_from(since.div_euclid(self.width)).ok()?;
        Some(Place { is_today, has_come: since <= self.now - self.today, bucket })
    }

    fn lengths(&self) -> [usize; 2] {
        let buckets = |from: i64, to: i64| usize::try_from((to - from + self.width - 1) / self.width).unwrap_or(0);
        [buckets(self.today, self.tomorrow), buckets(self.yesterday, self.today)]
    }

    /// Counts.
    pub(super) fn answer(&self, data: &Dataset) -> Result<Overview> {
        // A visit that began before midnight shows by what came less than a gap before the day.
        let range = Range { from: self.yesterday - GAP_MS, to: self.now + 1 };
        let mut ask = Ask::new(range, TRUSTED.map(Pick::named).to_vec());
        ask.all = true;
        ask.number = Some("total_fen".to_owned());
        let history = History::read(data, &ask.keys(vec![Key::property(SHARE), Key::property(CAMPAIGN)]))?;
        let parts = history.fold(|| Counts::none(self.lengths()), |counts, _, rows: &[Full]| counts.take(self, rows));
        let mut all = Counts::none(self.lengths());
        parts.iter().for_each(|part| all.add(part));
        Ok(self.told(all))
    }

    fn told(&self, counts: Counts) -> Overview {
        let [today, yesterday] = counts.buckets;
        let begun = (self.now - self.today) / self.width;
        let bucket = |at: usize| {
            let number = i64::try_from(at).unwrap_or(i64::MAX);
            let minutes = number.saturating_mul(self.width) / MINUTE_MS;
            OverviewBucket {
                from: format!("{:02}:{:02}", minutes / 60, minutes % 60),
                today: today.get(at).copied().filter(|_| number <= begun),
                yesterday: yesterday.get(at).copied(),
            }
        };
        Overview {
            as_of: Timestamp::from_millis(self.now),
            online: counts.online,
            today: counts.today,
            yesterday_until_now: counts.yesterday_until_now,
            yesterday: counts.yesterday,
            by_time: (0..today.len().max(yesterday.len())).map(bucket).collect(),
        }
    }
}

impl Counts {
    fn none([today, yesterday]: [usize; 2]) -> Self {
        let buckets = [today, yesterday].map(|length| vec![OverviewFigures::default(); length]);
        let [today, yesterday_until_now, yesterday] = [OverviewFigures::default(); 3];
        Self { online: 0, today, yesterday_until_now, yesterday, buckets }
    }

    /// Everywhere a moment counts: in its days, and in its bucket.
    fn at(&mut self, place: Place, mut count: impl FnMut(&mut OverviewFigures)) {
        let [today, yesterday] = &mut self.buckets;
        let buckets = if place.is_today {
            count(&mut self.today);
            today
        } else {
            count(&mut self.yesterday);
            if place.has_come {
                count(&mut self.yesterday_until_now);
            }
            yesterday
        };
        if let Some(bucket) = buckets.get_mut(place.bucket) {
            count(bucket);
        }
    }

    /// Counts one person's events, which are in order.
    fn take(&mut self, plan: &Plan, rows: &[Full]) {
        self.online += u64::from(rows.last().is_some_and(|row| plan.now - row.step.at < ONLINE_MS));
        let mut begins = 0;
        for length in sessions::lengths(Rule::default(), rows) {
            if let Some(place) = rows.get(begins).and_then(|row| plan.place(row.step.at)) {
                self.at(place, |figures| figures.visits += 1);
            }
            begins += length;
        }
        let mut last: Option<Place> = None;
        for row in rows {
            let Some(place) = plan.place(row.step.at) else { continue };
            self.at(place, |figures| figures.take(row));
            self.meet(place, last);
            last = Some(place);
        }
    }

    /// Counts somebody as a visitor wherever their last event was not.
    fn meet(&mut self, place: Place, last: Option<Place>) {
        let before = last.filter(|last| last.is_today == place.is_today);
        let [today, yesterday] = &mut self.buckets;
        let buckets = if place.is_today { today } else { yesterday };
        if before.is_none_or(|before| before.bucket != place.bucket)
            && let Some(bucket) = buckets.get_mut(place.bucket)
        {
            bucket.visitors += 1;
        }
        if before.is_some() {
            return;
        }
        if place.is_today {
            self.today.visitors += 1;
        } else {
            self.yesterday.visitors += 1;
            // Whoever came at all by that time came first by that time.
            self.yesterday_until_now.visitors += u64::from(place.has_come);
        }
    }

    fn add(&mut self, other: &Self) {
        self.online += other.online;
        self.today.add(&other.today);
        self.yesterday_until_now.add(&other.yesterday_until_now);
        self.yesterday.add(&other.yesterday);
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.add(theirs));
        }
    }
}
