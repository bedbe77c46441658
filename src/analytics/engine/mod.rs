//! The engine of analytics.
//!
//! Pure: it knows files and numbers, and neither database, HTTP nor the wall clock; times are arguments. Events are
//! sealed by day into [`segment`]s; a [`dataset`] is segments, the tail that is not sealed yet, and what the host knows
//! about people; every analysis is a definition that is asked of a dataset ([`analysis`]).

pub mod activity;
pub mod analysis;
pub mod attribution;
pub mod audience;
pub mod calendar;
pub mod counts;
pub mod dataset;
pub mod effect;
pub mod event;
pub mod figures;
pub mod filter;
pub mod flaw;
pub mod funnel;
pub mod hourglass;
pub mod pages;
pub mod paths;
pub mod people;
pub mod quality;
pub mod retention;
pub mod rfm;
pub mod scan;
pub mod segment;
pub mod sessions;
pub mod shares;

#[cfg(test)]
mod testing;
