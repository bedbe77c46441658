//! SQL on the tables of the service account.

mod codes;
mod followings;
mod pushes;
mod replies;

pub(super) use codes::*;
pub(super) use followings::*;
pub(super) use pushes::*;
pub(super) use replies::*;
