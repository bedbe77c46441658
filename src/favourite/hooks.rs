//! What footprints do when somebody logs in.

use super::service;
use crate::identity::LoginListener;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};

/// Brings along what was looked at on the device before the log-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct BringDeviceFootprints;

impl LoginListener for BringDeviceFootprints {
    fn on_login(&self, tx: &mut Tx<'_>, user: UserId, device: Option<DeviceId>) -> DbResult<()> {
        device.map_or(Ok(()), |device| service::bring_along(tx, device, user))
    }
}
