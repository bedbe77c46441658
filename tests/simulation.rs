//! A seeded simulation: random shoppers, staff, jumps of the clock and trouble with WeChat against a simple model.
//!
//! One generator decides every step, one after the other, so that a seed tells the same story each time; only what the
//! shop itself draws (how large a cut or a portion is) is left to it. The real
//! service answers over HTTP beside the WeChat simulator; its clock moves only when a story moves it. After every step
//! all of the shop's own checks of its books run, and the tables are compared with what the model expects. At the end
//! time passes until nothing waits any more, and WeChat's book must say what the model says.
//!
//! `SIMULATION_SEEDS` says how many seeds are tried (180 without it), `SIMULATION_SEED` names the only one, whose steps
//! are printed. A story that fails prints its seed, its steps and how to hear it again.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a simulation that meets the unexpected has to stop and tell"
)]

#[macro_use]
#[path = "api/support/mod.rs"]
#[allow(dead_code, unused_macros, reason = "the tests of the API need more of it")]
mod support;

#[path = "simulation/back_office.rs"]
mod back_office;
#[path = "simulation/campaigning.rs"]
mod campaigning;
#[path = "simulation/checks.rs"]
mod checks;
#[path = "simulation/ending.rs"]
mod ending;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/orders.rs"]
mod orders;
#[path = "simulation/snapshot.rs"]
mod snapshot;
#[path = "simulation/stage.rs"]
mod stage;
#[path = "simulation/story.rs"]
mod story;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::RunQueryDsl as _;
use hourglass::platform::db::{DbError, Tx};
use stage::{Kind, Stage};
use story::{Story, Tale};

/// Stories told at once.
const AT_ONCE: usize = 2;
/// Seeds tried when nobody says how many, on the embedded database; PostgreSQL hears every tenth.
const SEEDS: u64 = 180;

fn variable(name: &str) -> Option<u64> {
    let said = std::env::var(name).ok()?;
    Some(said.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Tells the story of a seed; whether there is a place to tell it in, or how it failed.
fn tell(seed: u64, kind: Kind, tale: &Tale) -> Result<bool, ()> {
    let telling = AssertUnwindSafe(|| {
        actix_web::rt::System::new().block_on(async {
            let stage = Stage::get();
            let Some(shop) = stage.opens(&kind).await else { return false };
            Story::begins(stage, &shop, seed, tale.clone()).await.is_told().await;
            true
        })
    });
    catch_unwind(telling).map_err(drop)
}

/// Tells every story from 1 to `seeds`, or the one that was asked for.
fn tell_all(kind: Kind, seeds: u64) {
    let only = variable("SIMULATION_SEED");
    let (first, last) = only.map_or((1, seeds), |seed| (seed, seed));
    let (next, failed) = (AtomicU64::new(first), std::sync::Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last {
                        break;
                    }
                    let tale = Tale::default();
                    let told = tell(seed, kind, &tale);
                    if told.is_err() || only.is_some() {
                        println!("the story of seed {seed} ({kind:?}):");
                        for (number, line) in tale.lines().iter().enumerate() {
                            println!("{number:4} {line}");
                        }
                    }
                    if told.is_err() {
                        println!("hear it again: SIMULATION_SEED={seed} cargo test --test simulation -- --nocapture");
                        failed.lock().expect("nobody panics here").push(seed);
                    }
                    if told == Ok(false) {
                        break;
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics here");
    assert!(failed.is_empty(), "these seeds failed: {failed:?}");
}

#[test]
fn every_story_ends_well_on_sqlite() {
    tell_all(Kind::Embedded, variable("SIMULATION_SEEDS").unwrap_or(SEEDS));
}

#[test]
fn every_story_ends_well_on_postgres() {
    tell_all(Kind::Postgres, variable("SIMULATION_SEEDS").unwrap_or(SEEDS).div_ceil(10));
}

/// A figure changed behind the shop's back, and the same put right again.
const PLANTS: &[(&str, &str)] = &[
    (
        "UPDATE stock_items SET on_hand = on_hand + 1, received = received + 1",
        "UPDATE stock_items SET on_hand = on_hand - 1, received = received - 1",
    ),
    (
        "UPDATE orders SET total_fen = total_fen + 1, freight_fen = freight_fen + 1",
        "UPDATE orders SET total_fen = total_fen - 1, freight_fen = freight_fen - 1",
    ),
    ("UPDATE campaign_budgets SET spent_fen = spent_fen + 1", "UPDATE campaign_budgets SET spent_fen = spent_fen - 1"),
];

async fn plants(shop: &support::Shop, sql: &'static str) {
    let planting = move |tx: &mut Tx<'_>| Ok::<_, DbError>(diesel::sql_query(sql).execute(tx.conn()?)?);
    let planted = shop.app.db().write("plant", planting).await.expect("it can be planted");
    assert!(planted > 0, "nothing was changed by {sql}");
}

#[test]
fn the_model_notices_a_wrong_figure_by_itself() {
    actix_web::rt::System::new().block_on(async {
        let stage = Stage::get();
        let shop = stage.opens(&Kind::Embedded).await.expect("the embedded database is always there");
        let mut story = Story::begins(stage, &shop, 1, Tale::default()).await;
        story.is_told().await;
        for (plant, undo) in PLANTS {
            plants(&shop, plant).await;
            let complaints = story.complaints().await;
            let own = complaints.iter().filter(|line| !line.starts_with("the books"));
            assert!(own.count() > 0, "the model did not notice {plant}: {complaints:?}");
            plants(&shop, undo).await;
            let complaints = story.complaints().await;
            assert!(complaints.is_empty(), "all is well again: {complaints:?}");
        }
    });
}
