//! Pure values every other floor may use: money, time, ids, pages. No input or output here.

pub mod id;
pub mod money;
pub mod page;
pub mod time;
