//! All SQL on the tables of coupons.

mod books;
mod codes;
mod coupons;
mod figures;
mod grants;
mod limits;
mod templates;
mod uses;

pub(super) use books::{chain_breaks, counts_wrong, live_uses, moves, over_own_limit, uses_wrong};
pub(super) use codes::{
    BatchFigures, agree_to_batch, batches_of, count_try, find_batch, forget_tries, forgive_try, has_tries_before,
    insert_batch, insert_codes, redeem, redeemed_of, template_of_code, tries_of, void_batch,
};
pub(super) use coupons::{
    CouponFilter, Shelf, ShelfCounts, due, export, find, find_with_template, granted, held_of, history_of, insert,
    insert_first, insert_history, on_shelf, search, shelf_counts, transition,
};
pub(super) use figures::{TemplateFigures, figures_of};
pub(super) use grants::{
    RunProgress, agree_to_run, find_run, finish_run, insert_run, insert_targets, progress_of, run_under, runs_of,
    settle_target, waiting_targets,
};
pub(super) use limits::{
    Given, add_listed, count_listed, give_alone, listed_for, set_limits, take_from_allotment, take_own, user_counts,
};
pub(super) use templates::{
    ONE_SHARED_CODE, TemplateFilter, by_shared_code, find_template, for_registration, insert_template, move_template,
    of_campaign, offered, rewrite, search_templates, template_of, touch,
};
pub(super) use uses::{ONE_OF_FAMILY, ONE_USE, insert_use, move_use, uses_of_coupon, uses_of_order};
