//! The service as its users meet it: a real server, real HTTP, the WeChat simulator beside it, both databases.
//!
//! The clock stands still until a test moves it, and background work is done when a test says so. Every test ends with
//! the books.

#[macro_use]
mod support;

mod access;
mod contract;
mod input;
mod migrations;
mod purchase;
