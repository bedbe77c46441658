//! Hourglass: a social-commerce backend for WeChat mini-programs, in one binary.

pub mod app;
pub mod kernel;
