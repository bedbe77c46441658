//! Claims about bargains, tried in the house itself; those that need orders are tried over HTTP.

mod crowds;
mod helping;
mod ranking;
mod stage;
