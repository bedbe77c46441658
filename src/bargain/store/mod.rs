//! Bargains' tables: `bargain_rules`, `bargain_quotas`, `bargain_prizes`, `bargains`, `bargain_pieces`,
//! `bargain_orders`, `bargain_ranks`, `bargain_awards`.

pub(super) mod bargains;
pub(super) mod books;
pub(super) mod orders;
pub(super) mod pieces;
pub(super) mod ranking;
pub(super) mod rules;
