//! Hourglass: a social-commerce backend for WeChat mini-programs, in one binary.

pub mod catalog;
pub mod kernel;
pub mod payment;
pub mod platform;
pub mod pricing;
pub mod stock;
