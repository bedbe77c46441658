//! What carts record, version 1 of each.

use serde::{Deserialize, Serialize};

use super::model::CartOwner;
use crate::catalog::SkuId;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// `cart.line_added`: pieces were put in.
pub const LINE_ADDED: &str = "cart.line_added";
/// `cart.line_changed`: a line has another quantity.
pub const LINE_CHANGED: &str = "cart.line_changed";
/// `cart.lines_removed`: lines were taken out by hand, not by ordering them.
pub const LINES_REMOVED: &str = "cart.lines_removed";

/// What became of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLineFacts {
    /// Whose cart, when they are known.
    pub user_id: Option<UserId>,
    /// The device, before anybody logged in on it.
    pub device_id: Option<DeviceId>,
    /// What.
    pub sku_id: SkuId,
    /// How many pieces were put in, or the line has now.
    pub quantity: i64,
}

/// Lines that were taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLinesRemoved {
    /// Whose cart, when they are known.
    pub user_id: Option<UserId>,
    /// The device, before anybody logged in on it.
    pub device_id: Option<DeviceId>,
    /// What.
    pub sku_ids: Vec<SkuId>,
}

const fn parts(owner: CartOwner) -> (Option<UserId>, Option<DeviceId>) {
    match owner {
        CartOwner::User(user) => (Some(user), None),
        CartOwner::Device(device) => (None, Some(device)),
    }
}

/// Records what became of one line.
pub(super) fn record_line(
    tx: &mut Tx<'_>,
    name: &'static str,
    owner: CartOwner,
    sku_id: SkuId,
    quantity: i64,
) -> DbResult<()> {
    let (user_id, device_id) = parts(owner);
    let payload = CartLineFacts { user_id, device_id, sku_id, quantity };
    events::record(tx, &NewEvent { name, version: 1, user: user_id, payload: &payload }).map(|_| ())
}

/// Records that lines were taken out.
pub(super) fn record_removal(tx: &mut Tx<'_>, owner: CartOwner, skus: &[SkuId]) -> DbResult<()> {
    if skus.is_empty() {
        return Ok(());
    }
    let (user_id, device_id) = parts(owner);
    let payload = CartLinesRemoved { user_id, device_id, sku_ids: skus.to_vec() };
    events::record(tx, &NewEvent { name: LINES_REMOVED, version: 1, user: user_id, payload: &payload }).map(|_| ())
}
