//! Hourglass: a social-commerce backend for WeChat mini-programs, in one binary.

pub mod app;
pub mod catalog;
pub mod identity;
pub mod kernel;
pub mod platform;
pub mod staff;
