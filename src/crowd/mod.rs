//! A crowd of simulated shoppers: they come through each other's shares, help, join, claim, browse, buy and share on.
//!
//! It plays against any shop that uses a WeChat simulator, over HTTP alone, and shares no code with the shop, so that a
//! demonstration shows a living share tree and a campaign can be tried before people come. Every decision of a shopper
//! follows from the seed and the shopper's number; what they find (whose share they open, what is sold out) depends on
//! who was quicker, as in life.

mod board;
mod client;
mod life;
mod tally;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use board::Board;
use client::World;
use life::{Life, Odds};

pub use tally::Tally;

/// Why the crowd goes home.
#[derive(Debug, thiserror::Error)]
pub enum CrowdError {
    /// The shop or WeChat cannot be reached.
    #[error("no answer: {0}")]
    Http(#[from] reqwest::Error),
    /// One of them fails or answers what nobody expects.
    #[error("{0}")]
    Unexpected(String),
}

/// Which crowd.
#[derive(Clone, Debug)]
pub struct CrowdSettings {
    /// Where the shop is, such as `http://127.0.0.1:8080`.
    pub shop: String,
    /// Where the simulator of WeChat is.
    pub wechat: String,
    /// How many shoppers come.
    pub shoppers: u64,
    /// How many are there at once.
    pub at_once: usize,
    /// What their decisions are drawn from.
    pub seed: u64,
    /// What they are like.
    pub story: Story,
}

/// What a crowd is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Story {
    /// An ordinary day: half come by themselves, many buy, some share.
    OrdinaryDay,
    /// One activity that spreads through a whole city: nearly all are newcomers who open a share and claim; some join,
    /// some buy.
    DoubleSeventh,
}

/// Lets the crowd come, and answers what it did. `told` hears of the progress about once a second.
///
/// # Errors
/// When the shop or the simulator cannot be reached at all. What single shoppers meet is counted instead.
pub async fn run(settings: &CrowdSettings, mut told: impl FnMut(&Tally, Duration)) -> Result<Tally, CrowdError> {
    let world = World::new(&settings.shop, &settings.wechat)?;
    // One who finds nobody at home tells the others not to come.
    world.newcomer().await?;
    let board = Arc::new(Board::default());
    let odds = Odds::of(settings.story);
    let (begin, mut last) = (Instant::now(), Instant::now());
    let mut whole = Tally::default();
    let mut crowd = stream::iter(0..settings.shoppers)
        .map(|number| Life::new(world.clone(), Arc::clone(&board), odds, settings.seed, number).live())
        .buffer_unordered(settings.at_once.max(1));
    while let Some(one) = crowd.next().await {
        whole.add(&one);
        if last.elapsed() >= Duration::from_secs(1) {
            last = Instant::now();
            told(&whole, begin.elapsed());
        }
    }
    Ok(whole)
}
