//! When a device logs in, what came through it becomes a user's.

use super::arrive::edge_to;
use crate::identity;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};
use crate::share::model::{Open, Share};
use crate::share::store::{self, ONE_ROW};

/// Most anonymous opens that one log-in brings along; the next one takes the rest.
const AT_ONCE: i64 = 200;

/// Gives what came through a device, while nobody was known on it, to its first user. The earliest open of a new user
/// decides who brought them; what turns out to be the sharer's own is removed.
///
/// # Errors
/// The database's.
pub fn recognise(tx: &mut Tx<'_>, device: DeviceId) -> DbResult<()> {
    let opens = store::anonymous_opens(tx, device, AT_ONCE)?;
    if opens.is_empty() {
        return Ok(());
    }
    let Some(user) = identity::hold_device(tx, device)? else {
        return Ok(());
    };
    for (open, share) in opens {
        recognise_one(tx, device, user, &open, &share)?;
    }
    Ok(())
}

fn recognise_one(tx: &mut Tx<'_>, device: DeviceId, user: UserId, open: &Open, share: &Share) -> DbResult<()> {
    if share.sharer_id == user || identity::has_logged_in_on(tx, share.sharer_id, device)? {
        return store::remove_open(tx, open.id);
    }
    if store::has_opened(tx, user, share.id)? {
        return store::fold_into(tx, open, user);
    }
    let edge = edge_to(tx, share, user, open.first_opened_at)?;
    match tx.attempt(|tx| store::give_to(tx, open.id, user, edge)) {
        // The same user came through the same token elsewhere, at this very moment.
        Err(error) if error.violates(ONE_ROW) => store::fold_into(tx, open, user),
        outcome => outcome,
    }
}
