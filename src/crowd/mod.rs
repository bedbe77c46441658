//! A crowd of simulated shoppers: they come through each other's shares, help, join, claim, browse, buy and share on.
//!
//! It plays against any shop that uses a WeChat simulator, over HTTP alone, and shares no code with the shop, so that a
//! demonstration shows a living share tree and a campaign can be tried before people come. Every decision of a shopper
//! follows from the seed and the shopper's number; what they find (whose share they open, what is sold out) depends on
//! who was quicker, as in life.

mod board;
mod client;
mod desk;
mod life;
mod tally;
mod times;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use board::Board;
use client::World;
use desk::Desk;
use life::{Life, Odds};

pub use desk::{Accounts, Owner};
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
    /// Who prepares the shop for them and looks at its books afterwards; nobody does when absent.
    pub owner: Option<Owner>,
    /// The process of the shop on this machine, if its processor time is to be told.
    pub shop_process: Option<u32>,
}

/// What a crowd did, and what came of it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// What it did.
    pub tally: Tally,
    /// How long it stayed.
    pub lasted: Duration,
    /// Where its time went, a line for each kind of request.
    pub times: String,
    /// Processor time that the crowd itself took, where that is known.
    pub own_processor_time: Option<Duration>,
    /// Processor time that the shop took meanwhile, if asked for and known.
    pub shop_processor_time: Option<Duration>,
    /// What the owner found afterwards.
    pub accounts: Option<Accounts>,
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
pub async fn run(settings: &CrowdSettings, told: impl FnMut(&Tally, Duration)) -> Result<Visit, CrowdError> {
    let world = World::new(&settings.shop, &settings.wechat)?;
    // One who finds nobody at home tells the others not to come.
    world.newcomer().await?;
    let mut prepared = None;
    if let Some(owner) = &settings.owner {
        let desk = Desk::open(&world, owner).await?;
        let stage = desk.prepare(&world, settings.shoppers).await?;
        prepared = Some((desk, stage));
    }
    let shop = settings.shop_process.map(|process| process.to_string());
    let spent = || (times::processor_time("self"), shop.as_deref().and_then(times::processor_time));
    let (begin, before) = (Instant::now(), spent());
    let tally = come(settings, &world, told).await;
    let (lasted, after) = (begin.elapsed(), spent());
    let accounts = match prepared {
        Some((desk, stage)) => Some(desk.again(&world).await?.close(&stage).await?),
        None => None,
    };
    let between = |after: Option<Duration>, before| Some(after?.saturating_sub(before?));
    Ok(Visit {
        tally,
        lasted,
        times: world.times().to_string(),
        own_processor_time: between(after.0, before.0),
        shop_processor_time: between(after.1, before.1),
        accounts,
    })
}

async fn come(settings: &CrowdSettings, world: &World, mut told: impl FnMut(&Tally, Duration)) -> Tally {
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
    whole
}
