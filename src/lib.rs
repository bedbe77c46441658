//! Hourglass: a social-commerce backend for WeChat mini-programs, in one binary.

// The list of tables that may appear in one query is expanded one table at a time, and there are more than 128.
#![recursion_limit = "256"]

pub mod analytics;
pub mod app;
pub mod bargain;
pub mod campaign;
pub mod cart;
pub mod catalog;
pub mod coupon;
pub mod crowd;
pub mod digital;
pub mod entrance;
pub mod favourite;
pub mod flash_sale;
pub mod group_buy;
pub mod guidance;
pub mod identity;
pub mod kernel;
pub mod live;
pub mod order;
pub mod payment;
pub mod pick_up;
pub mod platform;
pub mod pricing;
pub mod service_account;
pub mod share;
pub mod social_coupon;
pub mod staff;
pub mod stock;
pub mod wechat_simulator;
