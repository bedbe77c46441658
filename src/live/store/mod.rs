//! The tables of live rooms.

pub(super) mod comments;
pub(super) mod drops;
pub(super) mod figures;
pub(super) mod prices;
pub(super) mod reminders;
pub(super) mod rooms;
pub(super) mod sanctions;
pub(super) mod shelf;
pub(super) mod signals;
pub(super) mod visits;
