//! Events and a server that is killed again and again: what was answered is kept, and nothing counts twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use hourglass::analytics::intake::tail;
use hourglass::kernel::time::Clock;
use hourglass::platform::db::faults::Faults;
use hourglass::platform::db::{Db, DbSettings};
use serde_json::Value;

use crate::support::telling::{batch, event};
use crate::support::town::{Ask, Town, until};

const TELLERS: usize = 4;
const KILLS: usize = 5;
const BATCHES_A_KILL: usize = 12;

async fn survives_being_killed(town: &Town) {
    let server = town.serve("0", &town.base).await;
    let shoppers = join_all((0..TELLERS).map(|_| town.shopper())).await;
    let (told, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let telling = join_all(shoppers.iter().map(|(token, _)| {
        let (told, over) = (&told, &over);
        async move {
            let mut ids = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let now = Clock::wall().now();
                let events: Vec<Value> = (0..50).map(|_| event("page_viewed", now)).collect();
                // Sent until it is answered, with what a lost answer leaves open decided by the ids.
                town.insist(Ask::post("/api/v1/events", batch(now, &events)).by(token)).await;
                ids.extend(events.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()));
                told.fetch_add(1, Ordering::Relaxed);
            }
            ids
        }
    }));
    let reaches = async |wanted: usize| {
        until("tellers get on", async || (told.load(Ordering::Relaxed) >= wanted).then_some(())).await;
    };
    let killing = async {
        let mut server = server;
        for killed in 1..=KILLS {
            reaches(killed * BATCHES_A_KILL).await;
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..20_000))).await;
            drop(server);
            server = town.serve("0", &town.base).await;
        }
        reaches((KILLS + 1) * BATCHES_A_KILL).await;
        over.store(true, Ordering::Relaxed);
        server
    };
    let (ids, _server) = join(telling, killing).await;
    let db = Db::open(DbSettings::for_url(&town.url).unwrap(), Clock::wall(), 9, Faults::none()).unwrap();
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for event in db.read("tail", tail).await.unwrap().into_iter().filter(|event| event.name == "page_viewed") {
        *kept.entry(event.event_id.to_string()).or_default() += 1;
    }
    let expected: usize = ids.iter().map(Vec::len).sum();
    assert!(kept.values().all(|times| *times == 1), "an event was kept twice");
    assert_eq!(kept.len(), expected, "what was answered, and nothing else, is kept");
    assert!(ids.iter().flatten().all(|id| kept.contains_key(id)));
    let owner = town.owner().await;
    let names = town.insist(Ask::get("/admin/v1/analytics/event-names?limit=100").by(&owner)).await;
    let name = names["items"].as_array().unwrap().iter().find(|name| name["name"] == "page_viewed").unwrap().clone();
    let counted = town
        .insist(Ask::get(&format!("/admin/v1/analytics/event-names/{}", name["id"].as_str().unwrap())).by(&owner))
        .await;
    let counted: u64 = counted["days"].as_array().unwrap().iter().filter_map(|day| day["events"].as_u64()).sum();
    assert_eq!(counted, expected as u64, "the registry counts what is kept");
}

#[actix_web::test]
async fn events_outlive_a_server_killed_again_and_again_on_sqlite() {
    survives_being_killed(&Town::on_sqlite().await).await;
}

#[actix_web::test]
async fn events_outlive_a_server_killed_again_and_again_on_postgres() {
    if let Some(town) = Town::on_postgres().await {
        survives_being_killed(&town).await;
    }
}
