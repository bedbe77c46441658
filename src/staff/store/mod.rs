//! All SQL on the tables of staff.

pub(super) mod accounts;
pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod roles;
pub(super) mod sessions;
