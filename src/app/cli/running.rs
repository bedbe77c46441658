//! Commands that run until they are told to stop.

use super::Failure;
use crate::app::config::{self, Config, Mode, Values, catalogue};
use crate::app::{App, server};
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
