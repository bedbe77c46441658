//! What leaves for the merchant's own warehouse: a day of events, or of the shop's orders, lines, users and shares, as a
//! Parquet file ([`api`]); and every sealed event to ClickHouse, over HTTP ([`stream`]).
//!
//! Both name users instead of the numbers that events carry, as who is who stands at that moment, and no personal data
//! beside. The tables of the shop are made of its own events, so they tell of the same facts as every figure.
//!
//! Owns `analytics_streams`.

mod api;
mod rows;
mod sheet;
mod store;
mod stream;
mod tables;

pub use self::api::{ExportApi, Exports, export_routes};
pub use self::stream::{StreamError, StreamSettings, Streamer};
