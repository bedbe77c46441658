//! All SQL on the tables of group buys.

mod books;
mod groups;
mod rules;
mod seats;

pub(super) use books::{counters_wrong, endings_wrong, quotas_wrong};
pub(super) use groups::{
    campaign_figures, due_groups, find, insert_group, joinable, lead_numbers, listed_groups, lock, save, search,
    take_seat,
};
pub(super) use rules::{
    end_campaign, give_quota, group_with_rules, insert_rules, offer, offers, offers_of, products_rules, replace_rules,
    rules, rules_of, take_quota,
};
pub(super) use seats::{
    SeatTaken, Stamps, advance, advance_all, due_seats, fill_seats, insert_first_seat, insert_seat, latest_of_user,
    live_of_user, live_seats, mark_given_back, of_campaign, of_group, of_order, of_orders, of_user, postpone, seat,
    set_moved_to, settle_done, taken_places,
};
