//! The composition root: puts the capabilities together; nobody uses it.
//!
//! [`cli`] reads the command line, [`config`] the settings; [`wiring`] builds everything once into an [`App`], which
//! [`routes`] mounts, [`server`] serves and tests drive.

mod accounts;
pub mod books;
pub mod cli;
pub mod config;
pub mod demo;
mod figures;
pub mod openapi;
pub mod operations;
pub mod printing;
mod promotions;
mod routes;
pub mod server;
pub mod telemetry;
#[cfg(test)]
mod tests;
pub mod undelivered;
mod wiring;

pub use wiring::{App, StartError};
