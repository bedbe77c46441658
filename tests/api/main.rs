//! The service as its users meet it: a real server, real HTTP, the WeChat simulator beside it, both databases.
//!
//! The clock stands still until a test moves it, and background work is done when a test says so. Every test ends with
//! the books.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the verbs of a test are not product code: a test that meets the unexpected has to stop"
)]

#[macro_use]
mod support;

mod access;
mod analytics_effect;
mod analytics_export;
mod analytics_history;
mod analytics_intake;
mod analytics_killed;
mod analytics_overview;
mod analytics_people;
mod analytics_reports;
mod analytics_saved;
mod analytics_segments;
mod analytics_server_events;
mod bargain;
mod campaigns;
mod cart;
mod catalog;
mod contract;
mod coupons;
mod differences;
mod entrances;
mod faults;
mod favourites;
mod fens;
mod flash_sale;
mod group_buy;
mod group_late;
mod group_races;
mod guidance;
mod input;
mod live;
mod live_audience;
mod live_killed;
mod live_official;
mod live_stream;
mod log_in_codes;
mod log_ins;
mod merging;
mod migrations;
mod nights;
mod notices;
mod order_life;
mod order_races;
mod orders;
mod outages;
mod payment;
mod pick_up;
mod processes;
mod purchase;
mod service_account;
mod share;
mod shipping;
mod social_coupon;
mod statements;
mod stock;
mod undelivered;
mod virtual_goods;
mod visitors;
mod wires;
mod wires_live;
