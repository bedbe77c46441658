//! What of a user's campaigns keep.

use crate::identity::assets::{add_up, keep_earlier, number, says_the_same, set_number};
use crate::identity::{AccountAsset, Clash, UserRows};
use crate::platform::db::rows::Fields;

/// Who took part in what, how often, and with which orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct CampaignAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "campaign_uses",
        clash: Clash::Joins { same: &["campaign_id", "what", "day"], join: add_uses, sums: &["used"] },
        ..UserRows::PLAIN
    },
    UserRows {
        table: "campaign_participants",
        clash: Clash::Joins { same: &["campaign_id"], join: first_part, sums: &[] },
        moments: &[("at", "campaign.took_part")],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "campaign_audience",
        clash: Clash::Joins { same: &["campaign_id"], join: says_the_same, sums: &[] },
        ..UserRows::PLAIN
    },
    UserRows {
        table: "campaign_actions",
        moments: &[("at", "campaign.acted")],
        withheld: &["inviter_id", "network"],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "campaign_actions",
        owner: "inviter_id",
        // Whom they invited is the friend's to ask for.
        withheld: &["user_id", "device_id", "network"],
        ..UserRows::PLAIN
    },
    UserRows { table: "campaign_orders", withheld: &["inviter_id"], ..UserRows::PLAIN },
    UserRows {
        table: "campaign_orders",
        owner: "inviter_id",
        withheld: &["user_id", "order_id", "total_fen", "refunded_fen"],
        ..UserRows::PLAIN
    },
    UserRows { table: "campaign_outcomes", ..UserRows::PLAIN },
];

/// Both counts together may pass what one may have; the rule holds again from there, and staff look at it.
fn add_uses(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    add_up(kept, gone, "used");
    let (used, most) = (number(kept, "used")?, number(kept, "most")?);
    if used <= most {
        return None;
    }
    set_number(kept, "most", used);
    Some("campaign.limit_passed")
}

fn first_part(kept: &mut Fields, gone: &Fields) -> Option<&'static str> {
    if number(gone, "at") < number(kept, "at") {
        keep_earlier(kept, gone, "at");
        kept.insert("day".to_owned(), gone.get("day").cloned().flatten());
    }
    None
}

impl AccountAsset for CampaignAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
