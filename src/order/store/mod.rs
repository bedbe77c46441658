//! All SQL on the tables of orders.

mod books;
mod lines;
mod orders;
mod pick_ups;
mod refunds;
mod search;
mod shipments;

pub(super) use books::{chain_breaks, moves, totals_wrong};
pub(super) use lines::{
    adjustments_of, insert_adjustments, insert_lines, lines_of, lines_of_all, refund_line, refund_whole_lines,
    set_line_price, ship_line, undelivered_of_sku, virtual_lines,
};
pub(super) use orders::{
    NewStamps, defer_close, find, has_paid, has_paid_another, history_of, insert, insert_history, lock, set_hidden,
    set_note, set_price, states, transition,
};
pub(super) use pick_ups::{
    insert_pick_up, issue_pick_up_code, pick_up_by_code, pick_up_of, pick_ups_wrong, verify_pick_up,
};
pub(super) use refunds::{add_refunding, arrive, insert_refund, refunds_of, settle_refund, whole_was_asked};
pub(super) use search::{DueBy, OrderFilter, OrderSort, due, of_user, search};
pub(super) use shipments::{
    ParcelTaken, change_tracking, count_parcels, find_parcel, forget_uploads, gated, gates_of, insert_gate,
    insert_parcel, insert_tracking, mark_uploaded, move_gate, open_gate, parcels_of,
};
