//! The service as its users meet it: a real server, real HTTP, the WeChat simulator beside it, both databases.
//!
//! The clock stands still until a test moves it, and background work is done when a test says so. Every test ends with
//! the books.

#[macro_use]
mod support;

mod access;
mod cart;
mod catalog;
mod contract;
mod faults;
mod input;
mod migrations;
mod notices;
mod order_life;
mod order_races;
mod orders;
mod payment;
mod processes;
mod purchase;
mod stock;
