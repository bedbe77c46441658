//! All SQL on the tables of payment.

pub(super) mod attempts;
pub(super) mod books;
pub(super) mod ledger;
pub(super) mod notices;
pub(super) mod payments;
pub(super) mod refunds;
pub(super) mod reviews;

use crate::platform::db::Conn;

/// The backend of the multi-connection.
type Backend = <Conn as diesel::Connection>::Backend;

/// The columns of a row type; `as_select` does not exist for the multi-connection.
fn columns<R: diesel::Selectable<Backend>>() -> R::SelectExpression {
    R::construct_selection()
}
