//! What the cart does when somebody logs in.

use super::service::merge_device_cart;
use crate::identity::LoginListener;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};

/// Brings along what was gathered on the device before the log-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct BringDeviceCart;

impl LoginListener for BringDeviceCart {
    fn on_login(&self, tx: &mut Tx<'_>, user: UserId, device: Option<DeviceId>) -> DbResult<()> {
        device.map_or(Ok(()), |device| merge_device_cart(tx, device, user))
    }
}
