//! What the service says of itself: the log on standard error and figures for Prometheus.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use super::config::LogConfig;

/// Upper bounds of the time classes, in seconds: from what memory answers in to what a client gives up at.
const SECONDS: [f64; 14] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

static FIGURES: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts the log. Called once, by the command line; tests leave the log silent.
pub fn start_log(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Starting twice can only happen within one process of tests; the first log stands.
    let _started = if config.readable {
        builder.with_ansi(false).compact().try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
}

/// The figures of this process; collecting begins with the first call.
pub fn figures() -> &'static PrometheusHandle {
    FIGURES.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("figures are collected by another recorder; /metrics stays empty");
        }
        handle
    })
}
