//! What of a user's is kept with coupons.

use crate::identity::assets::{add_up, number, says_the_same, set_number};
use crate::identity::{AccountAsset, Clash, Edit, UserRows};
use crate::kernel::id::UserId;
use crate::platform::db::rows::Fields;

/// The wallet of a user, and how much of each coupon they had.
#[derive(Clone, Copy, Debug, Default)]
pub struct CouponAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "coupons",
        clash: Clash::Edited(Edit { edit: from_elsewhere, flag: Some("coupon.had_twice") }),
        moments: &[("created_at", "coupon.issued")],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "coupon_user_counts",
        clash: Clash::Joins { same: &["template_id"], join: add_counts, sums: &["issued", "by_merge"] },
        ..UserRows::PLAIN
    },
    UserRows {
        table: "coupon_template_users",
        clash: Clash::Joins { same: &["template_id"], join: says_the_same, sums: &[] },
        ..UserRows::PLAIN
    },
    UserRows { table: "coupon_codes", owner: "redeemed_by", withheld: &["code_hash"], ..UserRows::PLAIN },
    UserRows { table: "coupon_grant_targets", clash: Clash::Stays("coupon.granted_twice"), ..UserRows::PLAIN },
];

/// One source gives one coupon; the second one says through which account it came.
fn from_elsewhere(coupon: &mut Fields, of: UserId) {
    let source = coupon.get("source_ref").cloned().flatten().unwrap_or_default();
    coupon.insert("source_ref".to_owned(), Some(format!("{source}~{of}")));
}

/// Both had some of the same template: what the other account brought does not break the limit of one.
fn add_counts(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    add_up(kept, gone, "issued");
    let brought = number(kept, "by_merge")?.saturating_add(number(gone, "issued")?);
    set_number(kept, "by_merge", brought);
    if number(kept, "day") == number(gone, "day") {
        add_up(kept, gone, "issued_today");
    } else if number(gone, "day") > number(kept, "day") {
        kept.insert("day".to_owned(), gone.get("day").cloned().flatten());
        kept.insert("issued_today".to_owned(), gone.get("issued_today").cloned().flatten());
    }
    Some("coupon.limit_joined")
}

impl AccountAsset for CouponAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
