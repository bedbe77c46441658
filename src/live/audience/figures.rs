//! What is counted of sockets, for Prometheus.

/// Somebody has come in.
pub(super) fn came() {
    metrics::gauge!("hourglass_live_sockets").increment(1.0);
}

/// Somebody has gone.
pub(super) fn went() {
    metrics::gauge!("hourglass_live_sockets").decrement(1.0);
}

/// So many sockets were sent one frame.
pub(super) fn told(sockets: usize) {
    if sockets > 0 {
        metrics::counter!("hourglass_live_frames_total").increment(u64::try_from(sockets).unwrap_or_default());
    }
}

/// A reader was so slow that frames were skipped.
pub(super) fn skipped() {
    metrics::counter!("hourglass_live_skips_total").increment(1);
}

/// A socket was closed for this reason.
pub(super) fn closed(why: &'static str) {
    metrics::counter!("hourglass_live_closings_total", "reason" => why).increment(1);
}
