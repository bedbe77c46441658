//! Use cases of orders.

mod approval;
mod books;
mod collect;
mod deliver;
mod desk;
mod export;
mod look;
mod moves;
mod place;
mod refund;
mod reprice;
mod ship;

use serde_json::json;

pub use books::differences;
pub use deliver::{announce_undelivered, deliver_virtual, virtual_lines};
pub use look::{find, gated, is_first_paid, is_newcomer, states};
pub use moves::{close_unpaid, move_gate, open_gate};
pub use refund::{refund_difference, refund_unshipped};

pub use approval::RefundApproval;
pub(super) use collect::{Collected, code_of_user, hand_out, look_up};
pub(super) use desk::{
    AtDesk, RefundDecision, change_tracking, close_by_staff, note_export, push_tracking, refund_by_staff, reprice,
    ship, write_note,
};
pub(super) use export::table;
pub(super) use look::{OrderPage, exported, file_for_staff, file_of_user, page_for_staff, page_of_user};
pub(super) use moves::{cancel, close_overdue, complete_overdue, confirm_receipt, hide, paid, receive_overdue};
pub(super) use place::{Basket, Destination, Expected, PickUpWish, PlaceOrder, Placed, place};
pub(super) use refund::{refund_own, refunded};
pub(super) use ship::{NewParcel, PushedEvent, UploadFacts, to_upload, uploaded};

use super::error::OrderError;
use super::events::OrderFacts;
use super::model::{Actor, HistoryRow, MAX_TEXT_CHARS, Order, OrderHistoryId, OrderSettings, OrderState};
use super::store;
use crate::identity;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::pricing::Offers;

/// What orders need from outside: the offers of campaigns, and how long things may take. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Campaigns, as orders know them.
    pub offers: Offers,
    /// Periods and limits.
    pub settings: OrderSettings,
}

/// Who caused a change, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause<'a> {
    pub(super) actor: Actor,
    pub(super) reason: &'a str,
}

/// Writes what happened to an order without changing its state.
fn note_fact(tx: &mut Tx<'_>, order: &Order, cause: Cause<'_>) -> DbResult<()> {
    note_row(tx, order, Some(order.state), cause)
}

fn note_row(tx: &mut Tx<'_>, order: &Order, from: Option<OrderState>, cause: Cause<'_>) -> DbResult<()> {
    let row = HistoryRow {
        id: OrderHistoryId::new(tx.next_id()),
        order_id: order.id,
        version: order.version,
        from_state: from,
        to_state: order.state,
        actor_kind: cause.actor.kind(),
        actor_id: cause.actor.id(),
        reason: cause.reason.to_owned(),
        at: tx.now(),
    };
    store::insert_history(tx, row)
}

fn record<P: serde::Serialize>(tx: &mut Tx<'_>, name: &'static str, order: &Order, payload: &P) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: Some(order.user_id), payload }).map(|_| ())
}

fn facts_of(tx: &mut Tx<'_>, order: &Order) -> DbResult<OrderFacts> {
    Ok(OrderFacts::of(order, &store::lines_of(tx, order.id)?))
}

/// A text of at least `least` and at most 200 characters, without control characters but for line breaks.
fn checked_text<'a>(field: &str, text: &'a str, least: usize) -> Result<&'a str, OrderError> {
    let text = text.trim();
    let length = text.chars().count();
    let visible = |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    if length < least || length > MAX_TEXT_CHARS {
        let rule = json!({ "field": field, "min_length": least, "max_length": MAX_TEXT_CHARS });
        return Err(OrderError::InvalidField(rule));
    }
    if text.chars().all(visible) { Ok(text) } else { Err(OrderError::field(field, "no control characters")) }
}

/// One line of 1 to `most` characters.
fn checked_line<'a>(field: &str, text: &'a str, most: usize) -> Result<&'a str, OrderError> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let rule = || json!({ "field": field, "min_length": 1, "max_length": most });
    if fits { Ok(text) } else { Err(OrderError::InvalidField(rule())) }
}

/// A phone number as addresses have it: a mobile number, or an area code and a number.
fn checked_phone<'a>(field: &str, text: &'a str) -> Result<&'a str, OrderError> {
    let text = text.trim();
    if identity::rules::is_phone(text) {
        return Ok(text);
    }
    Err(OrderError::field(field, "a mobile number of 11 digits, or area code and number such as 010-12345678"))
}

/// A code of 1 to `most` visible ASCII characters: carrier codes, tracking numbers.
fn checked_code<'a>(field: &str, text: &'a str, most: usize) -> Result<&'a str, OrderError> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(text) } else { Err(OrderError::field(field, "visible ASCII characters, within the length")) }
}
