//! Commands that run until they are told to stop.

use std::time::Duration;

use clap::Args;

use super::Failure;
use crate::app::config::{self, Config, Mode, Values, catalogue};
use crate::app::{App, printing, server};
use crate::crowd::{self, CrowdSettings, Story, Tally};
use crate::kernel::time::Clock;
use crate::platform::db::faults::Faults;

/// Serves. The address is taken first, so that in development WeChat's notices can be told to come to it.
pub(super) async fn serve(mut values: Values) -> Result<(), Failure> {
    let address = config::listen_address(&values)?;
    let listener =
        server::listen(address).map_err(|error| Failure::Io(format!("{address} cannot be used: {error}")))?;
    let bound = listener.local_addr().map_err(|error| Failure::Io(error.to_string()))?;
    if config::mode(&values)? == Mode::Development {
        values.suggest(catalogue::PUBLIC_URL, format!("http://{bound}"));
    }
    let app = App::start(Config::of(&values)?, Clock::wall(), Faults::none()).await?;
    let ready = move || tracing::info!(address = %bound, "serving");
    server::serve(app, listener, ready).await.map_err(|error| Failure::Io(error.to_string()))
}

/// Does background work only.
pub(super) async fn work(values: &Values) -> Result<(), Failure> {
    let app = App::start(Config::of(values)?, Clock::wall(), Faults::none()).await?;
    tracing::info!("working");
    server::work(app).await.map_err(|error| Failure::Io(error.to_string()))
}

/// Which crowd comes where.
#[derive(Debug, Args)]
pub(super) struct CrowdArguments {
    /// Where the shop is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    shop: String,
    /// Where the simulator of WeChat that the shop uses is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    wechat: String,
    /// How many shoppers come.
    #[arg(long, default_value_t = 1_000)]
    shoppers: u64,
    /// How many are there at once.
    #[arg(long, default_value_t = 32)]
    at_once: usize,
    /// What their decisions are drawn from; made up and printed when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// What they are like.
    #[arg(long, value_enum, default_value_t = Story::OrdinaryDay)]
    story: Story,
}

/// Lets a crowd come and says what it did.
pub(super) async fn crowd(arguments: CrowdArguments) -> Result<(), Failure> {
    let CrowdArguments { shop, wechat, shoppers, at_once, seed, story } = arguments;
    let seed = seed.unwrap_or_else(rand::random);
    printing::line(&format!("seed {seed}"));
    let settings = CrowdSettings { shop, wechat, shoppers, at_once, seed, story };
    let told = |tally: &Tally, since: Duration| {
        printing::line(&format!(
            "{:>5} s  {:>8} came  {:>7} paid",
            since.as_secs(),
            tally.count("came"),
            tally.count("paid")
        ));
    };
    let tally = crowd::run(&settings, told).await?;
    printing::line(tally.to_string().trim_end());
    if tally.failures() > 0 { Err(Failure::Io(format!("{} shoppers met a failure", tally.failures()))) } else { Ok(()) }
}
