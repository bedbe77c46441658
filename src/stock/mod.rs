//! Stock: how many pieces of each SKU there are, set aside, and sold.

mod error;
mod model;
mod service;

pub use error::StockError;
pub use model::{HoldState, MAX_COUNT, Movement, MovementId, MovementKind, StockItem, StockLine};
pub use service::{available, differences, hold, release, return_sold, sell};
