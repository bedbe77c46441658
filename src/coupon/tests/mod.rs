//! Coupons against either database.

mod comparing;
mod granting;
mod shop;
mod stacking;
mod using;
