//! What a plan may say.

use serde::Serialize;

use crate::campaign::model::{MAX_BUDGET, MAX_HOLDOUT_PERMILLE, MAX_LENGTH_MS, MAX_REASON, Plan};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// Most new users that staff may expect.
const MAX_NEW_USERS: i64 = 1_000_000_000;
/// Highest amount that staff may expect: ten billion yuan.
const MAX_EXPECTED: Fen = Fen::new(1_000_000_000_000);
/// The furthest beginning, in milliseconds from now.
const MAX_AHEAD_MS: i64 = 2 * MAX_LENGTH_MS;

/// A field of a plan that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::campaign) struct Flaw {
    /// Which field.
    pub field: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

/// The plan with its texts trimmed.
///
/// # Errors
/// Every field that breaks its rule.
pub(in crate::campaign) fn checked(plan: &Plan, now: Timestamp) -> Result<Plan, Vec<Flaw>> {
    let mut plan = plan.clone();
    for text in [&mut plan.name, &mut plan.occasion, &mut plan.intro] {
        *text = text.trim().to_owned();
    }
    for text in [&mut plan.card.title, &mut plan.card.picture, &mut plan.card.path] {
        *text = text.trim().to_owned();
    }
    let money = |amount: Fen, most: Fen| amount >= Fen::ZERO && amount <= most;
    let length = plan.ends_at.millis_since(plan.starts_at);
    let cap = plan.daily_cap_fen;
    let rules = [
        (is_text(&plan.name, 1, 60), "plan.name", "1 to 60 characters"),
        (is_text(&plan.occasion, 0, 100), "plan.occasion", "at most 100 characters"),
        (is_text(&plan.intro, 0, 2_000), "plan.intro", "at most 2000 characters"),
        (is_text(&plan.card.title, 1, 60), "plan.card.title", "1 to 60 characters"),
        (is_reference(&plan.card.picture, 500), "plan.card.picture", "at most 500 characters, without spaces"),
        (is_reference(&plan.card.path, 200), "plan.card.path", "at most 200 characters, without spaces"),
        (plan.ends_at > now, "plan.ends_at", "in the future"),
        (length > 0 && length <= MAX_LENGTH_MS, "plan.ends_at", "after the beginning, within 366 days"),
        (plan.starts_at.millis_since(now) <= MAX_AHEAD_MS, "plan.starts_at", "within two years"),
        (money(plan.budget_fen, MAX_BUDGET), "plan.budget_fen", "0 to 1000000000"),
        (cap.is_none_or(|cap| money(cap, plan.budget_fen)), "plan.daily_cap_fen", "0 to the budget"),
        (money(plan.expected.cost_fen, MAX_EXPECTED), "plan.expected.cost_fen", "0 to 1000000000000"),
        (money(plan.expected.revenue_fen, MAX_EXPECTED), "plan.expected.revenue_fen", "0 to 1000000000000"),
        ((0..=MAX_NEW_USERS).contains(&plan.expected.new_users), "plan.expected.new_users", "0 to 1000000000"),
        (plan.margin_permille.is_none_or(|part| (0..=1_000).contains(&part)), "plan.margin_permille", "0 to 1000"),
        ((0..=MAX_HOLDOUT_PERMILLE).contains(&plan.holdout_permille), "plan.holdout_permille", "0 to 500"),
    ];
    let flaws: Vec<Flaw> =
        rules.into_iter().filter(|(good, ..)| !good).map(|(_, field, rule)| Flaw { field, rule }).collect();
    if flaws.is_empty() { Ok(plan) } else { Err(flaws) }
}

fn is_text(text: &str, least: usize, most: usize) -> bool {
    let visible = |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    (least..=most).contains(&text.chars().count()) && text.chars().all(visible)
}

/// An address of a picture or a page: nothing that could break out of it.
fn is_reference(text: &str, most: usize) -> bool {
    let plain =
        |character: char| !character.is_control() && !character.is_whitespace() && !"\"'<>\\`".contains(character);
    text.chars().count() <= most && text.chars().all(plain)
}

/// A reason in staff's words: 1 to 200 characters.
pub(in crate::campaign) fn checked_reason(text: &str) -> Option<&str> {
    checked_text(text, MAX_REASON)
}

/// A text of 1 to `most` characters, without spaces around it.
pub(in crate::campaign) fn checked_text(text: &str, most: usize) -> Option<&str> {
    let text = text.trim();
    is_text(text, 1, most).then_some(text)
}
