//! Stock: how many pieces of each SKU there are, set aside, and sold.
//!
//! Owns `stock_items` (the counts), `stock_movements` (the ledger: every change with its reason) and `stock_holds`
//! (what each order has set aside).
//!
//! A hold is `live → released` when its order closes unpaid, `live → sold` when it is paid, `sold → returned` when it is
//! refunded before shipping. Placement adds to `held`; payment takes from `on_hand` and `held` and adds to `sold`.
//!
//! What always holds, by guarded updates and again by constraints: `on_hand ≥ held ≥ 0`,
//! `received − removed = on_hand + sold`, and the counts are the sums of the ledger and of the holds
//! ([`differences`] looks).
//!
//! Decisions. Every change is one `UPDATE` under a guard, never read-add-write, so no parallelism oversells. SKUs are
//! taken in the order of their ids, so that orders never wait for each other in a circle. Holds and movements are
//! written before the counts, because the counts are the contended rows and should be locked briefly; therefore holds
//! refer to SKUs and not to stock items. A SKU without a row has zero pieces: rows are opened by the first receipt.
//!
//! Pieces of a SKU that is sold by codes are its codes: whoever keeps the pool receives and withdraws them through doors
//! of their own, and counting by hand is refused.
//!
//! Deliberately absent: warehouses (one shop, one warehouse) and back orders.

mod admin_api;
mod error;
mod events;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use admin_api::{AdminApi, admin_routes};
pub use error::StockError;
pub use events::{StockCorrected, StockLow, StockReceived};
pub use model::{DEFAULT_LOW_AT, HoldState, Movement, MovementId, MovementKind, StockItem, StockLine};
pub use service::{
    Corrected, Correction, Hold, Receipt, available, correct, counts, differences, item, items, movements, receive,
    receive_codes, release, return_sold, sell, set_low_at, take, withdraw_code, write_hold,
};
