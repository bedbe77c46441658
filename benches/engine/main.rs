//! Seals a made-up month of a shop and asks it the questions of the speed goals, reading from disk every time.
//!
//! `cargo bench --bench engine -- <folder> <millions of events> <days>` seals once and then measures; answers and times
//! go to `<folder>/ours.json`, with which `benches/engine/compare.py` compares other engines over the same files.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark tells its figures")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark may fail loudly")]
#![allow(clippy::as_conversions, clippy::float_arithmetic, clippy::panic, reason = "made-up data and times")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hourglass::analytics::engine::analysis::Analysis as _;
use hourglass::analytics::engine::audience::{Alone, Audience, Compare, Condition, Window};
use hourglass::analytics::engine::calendar::{Period, Range, Zone};
use hourglass::analytics::engine::counts;
use hourglass::analytics::engine::dataset::Dataset;
use hourglass::analytics::engine::event::{Event, Flags, Value};
use hourglass::analytics::engine::filter::{Op, Pick};
use hourglass::analytics::engine::funnel::Funnel;
use hourglass::analytics::engine::paths::Paths;
use hourglass::analytics::engine::people::People;
use hourglass::analytics::engine::retention::Retention;
use hourglass::analytics::engine::segment::{Sealing, Segment, write};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const USERS: u32 = 200_000;
const DAY: i64 = 86_400_000;
const RUNS: usize = 5;

const NAMES: [(&str, u32); 10] = [
    ("page_view", 30),
    ("view_product", 26),
    ("app_show", 14),
    ("app_hide", 8),
    ("search", 6),
    ("add_cart", 6),
    ("share", 4),
    ("checkout", 3),
    ("pay", 2),
    ("favourite", 1),
];
const PAGES: [&str; 8] = [
    "pages/home/index",
    "pages/product/detail",
    "pages/cart/index",
    "pages/order/list",
    "pages/group/wall",
    "pages/bargain/detail",
    "pages/mine/index",
    "pages/live/room",
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some(folder) = words.first().map(PathBuf::from) else {
        // `cargo test --benches` comes by without a folder and has nothing to measure.
        return;
    };
    let millions: f64 = words.get(1).map_or(10.0, |word| word.parse().unwrap());
    let days: i64 = words.get(2).map_or(30, |word| word.parse().unwrap());
    let zone = Zone::default();
    let first = zone.day_of(1_767_542_400_000);
    std::fs::create_dir_all(&folder).unwrap();
    let begin = Instant::now();
    let events = (millions * 1e6 / days as f64) as usize;
    let (mut bytes, mut rows, mut made) = (0, 0, false);
    let mut segments = Vec::new();
    for day in 0..days {
        let path = folder.join(format!("day-{day:03}.parquet"));
        if !path.exists() {
            seal(&path, &zone, first + day, events);
            made = true;
        }
        let segment = Segment::open(&path).unwrap();
        bytes += std::fs::metadata(&path).unwrap().len();
        rows += segment.facts().rows;
        segments.push(segment);
    }
    println!("{rows} events, {:.1} bytes an event", bytes as f64 / rows as f64);
    if made {
        println!("made and sealed in {:.1} s", begin.elapsed().as_secs_f64());
    }
    let range = Range { from: zone.start_of(first), to: zone.start_of(first + days) };
    for workers in [1, 2] {
        let data = Dataset { segments: segments.clone(), workers, ..Dataset::empty(zone.clone(), range.to + 40 * DAY) };
        let told = measure(&data, range);
        let json = json!({ "rows": rows, "bytes": bytes, "from": range.from, "days": days, "questions": told });
        std::fs::write(folder.join("ours.json"), serde_json::to_string(&json).unwrap()).unwrap();
    }
    println!("most memory: {}", peak());
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned()
}

fn measure(data: &Dataset, range: Range) -> BTreeMap<&'static str, Json> {
    let mut told = BTreeMap::new();
    let mut take = |name: &'static str, question: &dyn Fn() -> Json| {
        let mut best = f64::MAX;
        let mut answer = Json::Null;
        for _ in 0..RUNS {
            let begin = Instant::now();
            answer = question();
            best = best.min(begin.elapsed().as_secs_f64());
        }
        println!("{} threads, {name}: {:.1} ms", data.workers, best * 1e3);
        told.insert(name, json!({ "seconds": best, "answer": answer }));
    };
    let funnel: Funnel = asked(json!({
        "range": range, "window_ms": DAY,
        "steps": [{ "event": "view_product" }, { "event": "add_cart" }, { "event": "checkout" }, { "event": "pay" }],
    }));
    take("funnel", &|| json!(funnel.answer(data).unwrap().steps.iter().map(|step| step.reached).collect::<Vec<_>>()));
    let retention: Retention = asked(json!({
        "range": range, "period": "day", "after": 30,
        "start": { "event": "app_show" }, "return": { "event": "view_product" },
    }));
    take("retention", &|| {
        let answer = retention.answer(data).unwrap();
        json!(answer.cohorts.into_iter().map(|cohort| (cohort.size, cohort.back)).collect::<Vec<_>>())
    });
    let paths: Paths = asked(json!({ "range": range }));
    take("paths", &|| {
        let answer = paths.answer(data).unwrap();
        json!(answer.edges.into_iter().map(|edge| (edge.position, edge.from, edge.to, edge.times)).collect::<Vec<_>>())
    });
    let audience = Audience { as_of: range.to, condition: condition() };
    take("segment", &|| json!(audience.members(data, &Alone).unwrap().len()));
    let pick = Pick::named("view_product");
    take("counts", &|| {
        let days = counts::by_day(data, range, &pick).unwrap().unwrap();
        json!(days.into_iter().map(|(_, count)| count).collect::<Vec<_>>())
    });
    let read: counts::Counts =
        asked(json!({ "range": range, "event": { "event": "view_product" }, "bucket": Period::Day }));
    take("counts and people", &|| {
        let answer = read.answer(data).unwrap();
        let figures = answer.series.into_iter().flat_map(|series| series.buckets).filter_map(|bucket| bucket.figures);
        json!(figures.map(|figures| (figures.total, figures.uniques)).collect::<Vec<_>>())
    });
    told
}

fn asked<T: serde::de::DeserializeOwned>(definition: Json) -> T {
    serde_json::from_value(definition).unwrap()
}

/// Looked at three products in a week, paid 100 yuan or more at once within the month, and shared nothing for 14 days.
fn condition() -> Condition {
    let ago = |days| Window::Ago { from_days: days, to_days: 0 };
    let paid = Pick::named("pay").and("price_fen", Op::Gte, vec![Value::Number(10_000.0)]);
    Condition::And(vec![
        Condition::Did { event: Pick::named("view_product"), compare: Compare::Gte, times: 3, window: ago(7) },
        Condition::Did { event: paid, compare: Compare::Gte, times: 1, window: ago(30) },
        Condition::DidNot { event: Pick::named("share"), window: ago(14) },
    ])
}

/// One day of visits: a user comes, and does a few things some seconds or minutes apart.
fn seal(path: &Path, zone: &Zone, day: i64, events: usize) {
    let mut random = SmallRng::seed_from_u64(day as u64);
    let (from, to) = (zone.start_of(day), zone.start_of(day + 1));
    let mut all: Vec<Event> = Vec::with_capacity(events);
    while all.len() < events {
        // Some come far more often than others.
        let chance: f64 = random.random();
        let user = (chance * chance * f64::from(USERS)) as u32;
        let mut at = random.random_range(from..to);
        let scene = [1001, 1007, 1008, 1035, 1044, 1154][random.random_range(0..6)].to_string();
        let entrance = ["mini", "mini", "mini", "h5", "app"][random.random_range(0..5)];
        let network = ["wifi", "4g", "5g"][random.random_range(0..3)];
        let product = random.random_range(0..2_000_u32);
        for _ in 0..random.random_range(2..11) {
            if at < to && all.len() < events {
                all.push(one(&mut random, user, at, (&scene, entrance, network), product));
            }
            at += random.random_range(800..120_000_i64);
        }
    }
    all.sort_by_key(|event| event.at);
    for (place, event) in all.iter_mut().enumerate() {
        event.seq = day * 100_000_000 + place as i64;
    }
    let people = People::apart();
    write(path, Sealing { day, zone, people: &people }, all).unwrap();
}

fn one(
    random: &mut SmallRng,
    subject: u32,
    at: i64,
    (scene, entrance, network): (&str, &str, &str),
    product: u32,
) -> Event {
    let mut chance = random.random_range(0..100);
    let chosen = NAMES.iter().find(|(_, weight)| {
        let here = chance < *weight;
        chance = chance.saturating_sub(*weight);
        here
    });
    let name = chosen.map_or("page_view", |(name, _)| name);
    let mut properties = BTreeMap::new();
    let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    set("$scene", scene.into());
    set("$entrance", entrance.into());
    set("$network", network.into());
    set("$page", PAGES[random.random_range(0..PAGES.len())].into());
    if name != "app_show" && name != "app_hide" {
        set("product_id", format!("70812345{product:08}").as_str().into());
        set("price_fen", f64::from(product % 200 * 100 + 990).into());
    }
    Event {
        seq: 0,
        event_id: Uuid::from_u128(random.random()),
        name: name.to_owned(),
        subject,
        session: None,
        at,
        received: at + random.random_range(50..5_000),
        flags: if name == "pay" { Flags::TRUSTED } else { Flags::NONE },
        properties,
    }
}
