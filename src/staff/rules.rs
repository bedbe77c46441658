//! Pure decisions about staff: what may be written down, what the built-in roles may do, who may give what to whom.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::permission::{self as may, ALL};
use crate::kernel::time::{DAY_MS, MINUTE_MS};
use crate::platform::http::Permission as _;

/// Attempts to log in before an account is locked.
pub const MAX_FAILURES: i64 = 5;
/// How long an account stays locked, in milliseconds.
pub const LOCK_MS: i64 = 15 * MINUTE_MS;
/// How long a refresh token of staff lives, in milliseconds. Shorter than a shopper's: the back office moves money.
pub const REFRESH_TTL_MS: i64 = 7 * DAY_MS;
/// Most roles a shop may make.
pub const MAX_ROLES: i64 = 100;
/// Most roles of one account.
pub const MAX_ROLES_PER_ACCOUNT: usize = 20;
/// The name of the role that may do everything.
pub const OWNER: &str = "owner";

const PASSWORD_MIN: usize = 10;
const PASSWORD_MAX: usize = 128;
const PASSWORD_VARIETY: usize = 5;

/// A role the product brings along.
#[derive(Debug, Clone)]
pub struct BuiltInRole {
    /// Its stable name.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it may do.
    pub permissions: Vec<&'static str>,
}

/// What each built-in role may do, but for the owner, who may do everything, and the reader, who may see everything.
const BUILT_IN: &[(&str, &str, &[&str])] = &[
    (
        "operations",
        "运营",
        &[
            may::CatalogRead::NAME,
            may::CatalogWrite::NAME,
            may::StockRead::NAME,
            may::StockWrite::NAME,
            may::FreightRead::NAME,
            may::FreightWrite::NAME,
            may::OrderRead::NAME,
            may::OrderWrite::NAME,
            may::OrderShip::NAME,
            may::OrderHandOut::NAME,
            may::StoreRead::NAME,
            may::StoreWrite::NAME,
            may::DigitalRead::NAME,
            may::DigitalWrite::NAME,
            may::OrderReprice::NAME,
            may::OrderRefund::NAME,
            may::CampaignRead::NAME,
            may::CampaignWrite::NAME,
            may::CampaignRun::NAME,
            may::LiveRead::NAME,
            may::LiveWrite::NAME,
            may::LiveRun::NAME,
            may::LiveModerate::NAME,
            may::CouponRead::NAME,
            may::CouponWrite::NAME,
            may::CouponGrant::NAME,
            may::PaymentRead::NAME,
            may::AnalyticsRead::NAME,
            may::AnalyticsPeople::NAME,
            may::AnalyticsWrite::NAME,
            may::ShareRead::NAME,
            may::ServiceAccountRead::NAME,
            may::ServiceAccountWrite::NAME,
            may::UserRead::NAME,
            may::UserBlock::NAME,
            may::ApprovalRead::NAME,
            may::JobRead::NAME,
            may::JobRetry::NAME,
        ],
    ),
    (
        "campaign",
        "活动",
        &[
            may::CatalogRead::NAME,
            may::StockRead::NAME,
            may::OrderRead::NAME,
            may::CampaignRead::NAME,
            may::CampaignWrite::NAME,
            may::CampaignRun::NAME,
            may::LiveRead::NAME,
            may::LiveWrite::NAME,
            may::LiveRun::NAME,
            may::LiveModerate::NAME,
            may::ShareRead::NAME,
            may::ServiceAccountRead::NAME,
            may::ServiceAccountWrite::NAME,
            may::UserRead::NAME,
            may::ApprovalRead::NAME,
            may::CouponRead::NAME,
            may::CouponWrite::NAME,
        ],
    ),
    ("content", "内容", &[may::CatalogRead::NAME, may::CatalogWrite::NAME]),
    (
        "customer_service",
        "客服",
        &[
            may::CatalogRead::NAME,
            may::StockRead::NAME,
            may::FreightRead::NAME,
            may::OrderRead::NAME,
            may::OrderWrite::NAME,
            may::StoreRead::NAME,
            may::DigitalRead::NAME,
            may::OrderReprice::NAME,
            may::OrderRefund::NAME,
            may::CouponRead::NAME,
            may::CouponGrant::NAME,
            may::LiveRead::NAME,
            may::LiveModerate::NAME,
            may::PaymentRead::NAME,
            may::ServiceAccountRead::NAME,
            may::UserRead::NAME,
            may::UserReveal::NAME,
            may::ApprovalRead::NAME,
        ],
    ),
    (
        "warehouse",
        "仓库",
        &[
            may::CatalogRead::NAME,
            may::StockRead::NAME,
            may::StockWrite::NAME,
            may::FreightRead::NAME,
            may::OrderRead::NAME,
            may::OrderShip::NAME,
        ],
    ),
    ("store_clerk", "门店店员", &[may::OrderHandOut::NAME, may::StoreRead::NAME]),
    (
        "finance",
        "财务",
        &[
            may::OrderRead::NAME,
            may::OrderRefund::NAME,
            may::OrderRefundApprove::NAME,
            may::CampaignRead::NAME,
            may::CampaignBudgetApprove::NAME,
            may::CouponRead::NAME,
            may::CouponGrantApprove::NAME,
            may::PaymentRead::NAME,
            may::PaymentReview::NAME,
            may::BooksRead::NAME,
            may::ApprovalRead::NAME,
            may::ApprovalDecide::NAME,
            may::AuditRead::NAME,
        ],
    ),
    (
        "analyst",
        "分析",
        &[
            may::CatalogRead::NAME,
            may::StockRead::NAME,
            may::OrderRead::NAME,
            may::CampaignRead::NAME,
            may::LiveRead::NAME,
            may::ShareRead::NAME,
            may::BooksRead::NAME,
        ],
    ),
];

/// The roles the product brings along.
pub fn built_in_roles() -> Vec<BuiltInRole> {
    let role =
        |name, title, permissions: &[&'static str]| BuiltInRole { name, title, permissions: permissions.to_vec() };
    let everything: Vec<_> = ALL.iter().map(|permission| permission.name).collect();
    let reading: Vec<_> = everything.iter().copied().filter(|name| name.ends_with(".read")).collect();
    let mut roles = vec![role(OWNER, "店主", &everything)];
    roles.extend(BUILT_IN.iter().map(|(name, title, permissions)| role(name, title, permissions)));
    roles.push(role("read_only", "只读", &reading));
    roles
}

/// Whether somebody who holds `own` may give, take or touch `wanted`: nobody reaches beyond what they hold.
pub fn covers<'a>(own: &BTreeSet<String>, wanted: impl IntoIterator<Item = &'a str>) -> bool {
    wanted.into_iter().all(|name| own.contains(name))
}

fn flaw(field: &str, rule: &str) -> Value {
    json!({ "field": field, "rule": rule })
}

/// A username in the form in which it is stored and compared: lower case, without spaces around it.
pub fn normal_username(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// Checks a new username: 3 to 32 of `a-z 0-9 . _ -`, beginning with a letter.
///
/// # Errors
/// The details of the refusal.
pub fn check_username(text: &str) -> Result<String, Value> {
    let name = normal_username(text);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if (3..=32).contains(&name.len()) && begins && name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(flaw("username", "3 to 32 of a-z, 0-9, '.', '_', '-', beginning with a letter"))
    }
}

/// Checks a new password: 10 to 128 characters, at least five different ones, without the username in it.
///
/// # Errors
/// The details of the refusal; they never repeat the password.
pub fn check_password(password: &str, username: &str) -> Result<(), Value> {
    let count = password.chars().count();
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&count) {
        return Err(flaw("password", "10 to 128 characters"));
    }
    if password.chars().any(char::is_control) {
        return Err(flaw("password", "no control characters"));
    }
    if password.chars().collect::<BTreeSet<_>>().len() < PASSWORD_VARIETY {
        return Err(flaw("password", "at least 5 different characters"));
    }
    if !username.is_empty() && password.to_lowercase().contains(&normal_username(username)) {
        return Err(flaw("password", "must not contain the username"));
    }
    Ok(())
}

/// Checks a name that people read: 1 to 32 characters.
///
/// # Errors
/// The details of the refusal.
pub fn check_title(field: &str, text: &str) -> Result<String, Value> {
    let text = text.trim();
    if (1..=32).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(flaw(field, "1 to 32 characters, none of them control characters"))
    }
}

/// Checks the name of a new role: 2 to 32 of `a-z 0-9 _`, beginning with a letter.
///
/// # Errors
/// The details of the refusal.
pub fn check_role_name(text: &str) -> Result<String, Value> {
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (2..=32).contains(&text.len()) && begins && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(flaw("name", "2 to 32 of a-z, 0-9, '_', beginning with a letter"))
    }
}

/// Checks the permissions of a role: all known, at least one, each once.
///
/// # Errors
/// The details of the refusal.
pub fn check_permissions(names: &[String]) -> Result<Vec<&'static str>, Value> {
    let mut known = BTreeSet::new();
    for name in names {
        let permission = may::find(name).ok_or_else(|| flaw("permissions", "every one must be a known permission"))?;
        known.insert(permission.name);
    }
    if known.is_empty() { Err(flaw("permissions", "at least one")) } else { Ok(known.into_iter().collect()) }
}

/// A reason of 1 to 200 characters, trimmed; `None` when it is neither.
pub fn check_reason(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_owner_may_do_everything_and_a_reader_may_change_nothing() {
        let roles = built_in_roles();
        let of = |name: &str| roles.iter().find(|role| role.name == name).unwrap();
        assert_eq!(of(OWNER).permissions.len(), ALL.len());
        assert!(of("read_only").permissions.iter().all(|name| name.ends_with(".read")));
    }

    #[test]
    fn nobody_who_asks_for_refunds_at_the_desk_may_also_approve_them() {
        for role in built_in_roles().iter().filter(|role| ["operations", "customer_service"].contains(&role.name)) {
            assert!(!role.permissions.contains(&may::OrderRefundApprove::NAME));
        }
    }

    #[test]
    fn nobody_who_gives_coupons_may_also_approve_gifts() {
        for role in built_in_roles().iter().filter(|role| role.name != OWNER) {
            let holds = |name| role.permissions.contains(&name);
            assert!(!(holds(may::CouponGrant::NAME) && holds(may::CouponGrantApprove::NAME)), "{}", role.name);
        }
    }

    #[test]
    fn every_built_in_role_holds_known_permissions_once() {
        for role in built_in_roles() {
            let names: Vec<String> = role.permissions.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(check_permissions(&names).unwrap().len(), role.permissions.len(), "{}", role.name);
            assert!(check_role_name(role.name).is_ok());
        }
    }

    #[test]
    fn nobody_reaches_beyond_what_they_hold() {
        assert!(covers(&set(&["a", "b"]), ["a"]));
        assert!(covers(&set(&[]), []));
        assert!(!covers(&set(&["a"]), ["a", "b"]));
    }

    #[test]
    fn usernames_are_lowered_and_bounded() {
        assert_eq!(check_username(" Alice.01 "), Ok("alice.01".to_owned()));
        for bad in ["", "ab", "1abc", "a b c", "爱丽丝", &"a".repeat(33), "a'or'1"] {
            assert!(check_username(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(check_password("correct horse", "alice").is_ok());
        assert!(check_password("一二三四五六七八九十", "alice").is_ok());
        for bad in ["short", "aaaaaaaaaaaa", "abababababab", "xxAlice-12345", "with\ttabulator", &"a1b2c".repeat(30)] {
            assert!(check_password(bad, "alice").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_role_needs_known_permissions() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(check_permissions(&names(&["order.read", "order.read"])), Ok(vec!["order.read"]));
        assert!(check_permissions(&names(&[])).is_err());
        assert!(check_permissions(&names(&["order.everything"])).is_err());
    }
}
