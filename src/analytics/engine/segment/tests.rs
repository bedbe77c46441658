//! What goes into a segment comes out again.

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::*;
use crate::analytics::engine::calendar::Zone;
use crate::analytics::engine::event::{Event, Flags, Value};
use crate::analytics::engine::people::People;

fn events(seed: u64, rows: usize, distinct: usize) -> Vec<Event> {
    let mut random = SmallRng::seed_from_u64(seed);
    let start = Zone::default().start_of(20_000);
    let event = |seq: usize| {
        let mut properties = BTreeMap::new();
        for name in ["$page", "count", "yes", "mixed", "very odd name, with \"marks\"", "tags"] {
            let value = match (name, random.random_range(0..3)) {
                (_, 0) => continue,
                ("count", _) => Value::Number(f64::from(random.random_range(-5..2_000))),
                ("yes", _) => Value::Bool(random.random()),
                ("tags", _) => Value::List(vec!["红".into(), "b".into()]),
                ("mixed", 1) => Value::Number(1.0),
                _ => Value::Text(format!("第{}页", random.random_range(0..distinct))),
            };
            properties.insert(name.to_owned(), value);
        }
        Event {
            seq: i64::try_from(seq).unwrap(),
            event_id: Uuid::from_u128(random.random()),
            name: format!("event{}", random.random_range(0..distinct.min(40))),
            subject: random.random_range(0..50),
            session: random.random::<bool>().then(|| format!("s{}", random.random_range(0..distinct))),
            at: start + random.random_range(0..86_400_000),
            received: start + random.random_range(0..86_400_000),
            flags: Flags::from_bits(random.random_range(0..128)),
            properties,
        }
    };
    (0..rows).map(event).collect()
}

fn sealing<'a>(zone: &'a Zone, people: &'a People) -> Sealing<'a> {
    Sealing { day: 20_000, zone, people }
}

#[test]
fn a_segment_gives_back_every_event_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, people) = (Zone::default(), People::new([(3, 1), (40, 2)]));
    for (seed, rows, distinct) in [(1, 1, 1), (2, 7, 2), (3, 700, 5), (4, 5_000, 300), (5, 30_000, 1_000_000)] {
        let mut expected = events(seed, rows, distinct);
        let path = folder.path().join(format!("{seed}.parquet"));
        let info = write(&path, sealing(&zone, &people), expected.clone()).unwrap();
        let segment = Segment::open(&path).unwrap();
        expected.sort_by_key(|event| (people.of(event.subject), event.at, event.seq));
        assert_eq!(segment.events().unwrap(), expected, "seed {seed}");
        let mut told = Vec::new();
        let took = segment.each(|event| {
            told.push(event);
            Ok(())
        });
        assert!(took.is_ok() && told == expected, "one by one, seed {seed}: {took:?}");
        assert_eq!(segment.facts(), &info.facts);
        assert_eq!(info.facts.counts.iter().map(|name| name.count).sum::<u64>(), info.facts.rows);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), info.bytes);
        assert!(segment.intact(&info.sha256).unwrap());
    }
}

#[test]
fn events_of_another_day_and_damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (zone, people) = (Zone::default(), People::apart());
    let path = folder.path().join("day.parquet");
    let mut wrong = events(1, 3, 3);
    wrong[1].at += 86_400_000;
    assert!(write(&path, sealing(&zone, &people), wrong).is_err());
    let info = write(&path, sealing(&zone, &people), events(1, 3_000, 3)).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        bytes[at] ^= 0x55;
        std::fs::write(&path, &bytes).unwrap();
        // Whatever is damaged, reading must end in an answer or a refusal, and the checksum must tell.
        if let Ok(segment) = Segment::open(&path) {
            let _ = segment.events();
            assert!(!segment.intact(&info.sha256).unwrap());
        }
        bytes[at] ^= 0x55;
    }
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Segment::open(&path).is_err());
}
