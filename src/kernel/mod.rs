//! Pure values every other floor may use: money, chance, time, ids, networks, pages, provinces. No input or output here.

pub mod day;
pub mod id;
pub mod money;
pub mod network;
pub mod page;
pub mod partition;
pub mod region;
pub mod retry;
pub mod time;
