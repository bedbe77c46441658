//! Commands that run until they are told to stop.

use std::time::Duration;

use clap::Args;

use super::Failure;
use crate::app::config::{self, Config, Mode, Values, catalogue};
use crate::app::{App, printing, server};
use crate::crowd::{self, CrowdSettings, Owner, Story, Tally, Visit};
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

/// Differences in the books that are shown.
const DIFFERENCES_SHOWN: usize = 20;

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
    /// The owner of the shop, who prepares it for so many shoppers and looks at its books afterwards.
    #[arg(long, default_value = "owner")]
    owner: String,
    /// The owner's password; without it nothing is prepared and the books stay shut.
    #[arg(long)]
    owner_password: Option<String>,
    /// The process of the shop, if it runs on this machine and its processor time is to be shown.
    #[arg(long, value_name = "PID")]
    shop_process: Option<u32>,
}

/// Lets a crowd come and says what it did.
pub(super) async fn crowd(arguments: CrowdArguments) -> Result<(), Failure> {
    let CrowdArguments { shop, wechat, shoppers, at_once, seed, story, owner, owner_password, shop_process } =
        arguments;
    let seed = seed.unwrap_or_else(rand::random);
    printing::line(&format!("seed {seed}"));
    let owner = owner_password.map(|password| Owner { username: owner, password });
    let settings = CrowdSettings { shop, wechat, shoppers, at_once, seed, story, owner, shop_process };
    let told = |tally: &Tally, since: Duration| {
        printing::line(&format!(
            "{:>5} s  {:>8} came  {:>7} claimed  {:>7} paid",
            since.as_secs(),
            tally.count("came"),
            tally.count("claimed a portion"),
            tally.count("paid")
        ));
    };
    let visit = crowd::run(&settings, told).await?;
    tell(&visit);
    let differences = visit.accounts.as_ref().map_or(0, |accounts| accounts.differences.len());
    if visit.tally.failures() > 0 || differences > 0 {
        let failures = visit.tally.failures();
        return Err(Failure::Io(format!(
            "{failures} shoppers met a failure, and the books differ in {differences} places"
        )));
    }
    Ok(())
}

/// Says what a crowd did, where the time went, and what came of it.
fn tell(visit: &Visit) {
    printing::line(visit.tally.to_string().trim_end());
    printing::line(&format!("\nshares of the time waited for answers, over {} s:", visit.lasted.as_secs()));
    printing::line(visit.times.trim_end());
    let times = [("the crowd", visit.own_processor_time), ("the shop", visit.shop_processor_time)];
    for (whose, time) in times {
        if let Some(time) = time {
            printing::line(&format!("processor time of {whose}: {} s", time.as_secs()));
        }
    }
    let Some(accounts) = &visit.accounts else { return };
    for (name, figures) in &accounts.campaigns {
        printing::line(&format!("{name}: {figures}"));
    }
    for line in accounts.differences.iter().take(DIFFERENCES_SHOWN) {
        printing::line(&format!("the books differ: {line}"));
    }
    if accounts.differences.is_empty() {
        printing::line("the books balance");
    }
}
