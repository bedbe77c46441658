//! Coming through a token.

use crate::identity;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::share::error::ShareError;
use crate::share::events::{ACQUIRED, OPENED, ShareAcquired, ShareFacts, ShareOpened};
use crate::share::model::{Edge, Open, OpenId, Origin, SAME_VISIT_MS, Share, Visitor};
use crate::share::rules::{self, Arrival};
use crate::share::store;

/// Who says that they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comer {
    /// A user, on a device if it registered.
    User(UserId, Option<DeviceId>),
    /// A device on which nobody is logged in.
    Device(DeviceId),
}

/// What a client reports when a page was opened through a token.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The token, as it came.
    pub token: String,
    /// Who came.
    pub comer: Comer,
    /// WeChat's number for where it was opened.
    pub scene: Option<i64>,
    /// WeChat's id of the group chat it was opened in, proven.
    pub group_id: Option<String>,
}

crate::stored_enum! {
    /// What was made of an open.
    pub enum Counted {
        /// The sharer brought this user.
        Acquisition = "acquisition",
        /// Somebody came who had been here before, or had been brought by another.
        Spread = "spread",
        /// It will be known when somebody logs in on the device.
        Anonymous = "anonymous",
        /// The same visitor came through the same token a moment ago.
        Repeated = "repeated",
        /// The sharer themselves, or their own device: it counts for nothing.
        OwnShare = "own_share",
        /// WeChat's crawler or its test traffic: it counts for nothing.
        Machine = "machine",
    }
}

impl From<Edge> for Counted {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Acquisition => Self::Acquisition,
            Edge::Spread => Self::Spread,
            Edge::Anonymous => Self::Anonymous,
        }
    }
}

/// An open, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The token's share.
    pub share: Share,
    /// What was made of it.
    pub counted: Counted,
}

/// Counts an open.
///
/// # Errors
/// [`ShareError::TokenNotFound`], [`ShareError::SceneInvalid`], or the database's.
pub fn open(tx: &mut Tx<'_>, opening: &Opening) -> Result<Arrived, ShareError> {
    let scene = rules::scene(opening.scene)?;
    if !rules::looks_like_token(&opening.token) {
        return Err(ShareError::TokenNotFound);
    }
    let share = store::by_token(tx, &opening.token)?.ok_or(ShareError::TokenNotFound)?;
    if rules::is_machine(scene) {
        return Ok(Arrived { share, counted: Counted::Machine });
    }
    let visitor = visitor(tx, opening.comer)?;
    if is_own(tx, &share, opening.comer, visitor)? {
        return Ok(Arrived { share, counted: Counted::OwnShare });
    }
    let group = opening.group_id.as_deref();
    let before = tx.now().plus_millis(-SAME_VISIT_MS);
    let edge = if store::count_again(tx, share.id, visitor, before, group)? {
        // Whatever the first open was, this one brings nobody.
        match visitor {
            Visitor::User(_) => Edge::Spread,
            Visitor::Device(_) => Edge::Anonymous,
        }
    } else {
        match first_open(tx, &share, visitor, scene, group)? {
            Some(edge) => edge,
            None => {
                // The page may learn of the group only after it told of the open.
                if let Some(group) = group {
                    store::note_group(tx, share.id, visitor, group)?;
                }
                return Ok(Arrived { share, counted: Counted::Repeated });
            }
        }
    };
    let (user, device) = match visitor {
        Visitor::User(user) => (Some(user), None),
        Visitor::Device(device) => (None, Some(device)),
    };
    let depth = share.depth.saturating_add(1);
    let group_id = opening.group_id.clone();
    let payload = ShareOpened { share: ShareFacts::of(&share), user, device, edge, depth, scene, group_id };
    events::record(tx, &NewEvent { name: OPENED, version: 1, user, payload: &payload })?;
    Ok(Arrived { share, counted: edge.into() })
}

/// Who it is that came. Whoever comes on a device that somebody has logged in on is taken to be that user.
fn visitor(tx: &mut Tx<'_>, comer: Comer) -> DbResult<Visitor> {
    match comer {
        Comer::User(user, _) => Ok(Visitor::User(user)),
        // The lock keeps a log-in on this device from passing by unseen.
        Comer::Device(device) => {
            let first = identity::hold_device(tx, device)?;
            Ok(first.map_or(Visitor::Device(device), Visitor::User))
        }
    }
}

/// Whether this is the sharer themselves. A device on which they ever logged in is theirs, whoever holds it now:
/// otherwise one person with two accounts on one telephone would bring themselves.
fn is_own(tx: &mut Tx<'_>, share: &Share, comer: Comer, visitor: Visitor) -> DbResult<bool> {
    if visitor == Visitor::User(share.sharer_id) {
        return Ok(true);
    }
    match comer {
        Comer::User(_, None) => Ok(false),
        Comer::User(_, Some(device)) | Comer::Device(device) => identity::has_logged_in_on(tx, share.sharer_id, device),
    }
}

/// Writes a visitor's first open of a token; `None` when it was written before.
fn first_open(
    tx: &mut Tx<'_>,
    share: &Share,
    visitor: Visitor,
    scene: Option<i64>,
    group: Option<&str>,
) -> DbResult<Option<Edge>> {
    let (now, id) = (tx.now(), OpenId::new(tx.next_id()));
    let (user_id, device_id, edge) = match visitor {
        Visitor::User(user) => (Some(user), None, edge_to(tx, share, user, now)?),
        Visitor::Device(device) => (None, Some(device), Edge::Anonymous),
    };
    let row = Open {
        id,
        token_id: share.id,
        user_id,
        device_id,
        edge,
        opens: 1,
        scene,
        group_id: group.map(str::to_owned),
        first_opened_at: now,
        last_opened_at: now,
    };
    Ok(store::insert_open(tx, &row)?.then_some(edge))
}

/// What an open at this moment makes of the two users, settling how the visitor came if that was open. Of several opens
/// at once one settles it, and the others find it settled.
pub(super) fn edge_to(tx: &mut Tx<'_>, share: &Share, user: UserId, at: Timestamp) -> DbResult<Edge> {
    if store::origin(tx, user)?.is_some() {
        return Ok(Edge::Spread);
    }
    let first_seen = identity::first_seen(tx, user)?.unwrap_or_default();
    let inviter = store::origin(tx, share.sharer_id)?;
    let arrival = Arrival { sharer: share.sharer_id, visitor: user, first_seen, at };
    let inviter = inviter.filter(|_| rules::brings(arrival));
    let origin = Origin {
        user_id: user,
        inviter_id: inviter.as_ref().map(|inviter| inviter.user_id),
        token_id: inviter.as_ref().map(|_| share.id),
        channel: inviter.as_ref().map(|_| share.channel),
        campaign_id: inviter.as_ref().and(share.campaign_id),
        depth: inviter.as_ref().map_or(0, |inviter| inviter.depth.saturating_add(1)),
        at,
    };
    let settled = store::insert_origin(tx, &origin)?;
    if inviter.is_none() || !settled {
        return Ok(Edge::Spread);
    }
    let payload = ShareAcquired { share: ShareFacts::of(share), user, depth: origin.depth };
    events::record(tx, &NewEvent { name: ACQUIRED, version: 1, user: Some(user), payload: &payload })?;
    Ok(Edge::Acquisition)
}
