//! A crowd of simulated shoppers, and the owner who prepares the shop for it.

use hourglass::crowd::{self, CrowdSettings, Owner, Story, Visit};
use serde_json::json;

use crate::support::Shop;
use crate::support::shop::{PASSWORD, text};

/// Lets this many people come, prepared for by the owner; what goes on beside requests goes on meanwhile.
async fn visit(shop: &Shop, shoppers: u64) -> Result<Visit, crowd::CrowdError> {
    let owner = Some(Owner { username: "owner".to_owned(), password: PASSWORD.to_owned() });
    let settings = CrowdSettings {
        shop: shop.base.clone(),
        wechat: shop.simulator.base_url(),
        shoppers,
        at_once: 4,
        seed: 7,
        story: Story::DoubleSeventh,
        owner,
        shop_process: None,
    };
    shop.renew_catalog().await;
    let mut visiting = std::pin::pin!(crowd::run(&settings, |_, _| {}));
    loop {
        tokio::select! {
            visit = &mut visiting => return visit,
            () = shop.settle() => {}
        }
    }
}

async fn state(shop: &Shop, campaign: &str) -> String {
    text(&shop.staff("GET", &format!("/campaigns/{campaign}"), None).await["state"])
}

on_both_databases! {
    with [("HOURGLASS_BUDGET_APPROVAL_ABOVE_FEN", "1000000")]
    async fn a_crowd_finds_enough_for_everybody_and_leaves_the_shop_as_it_was(shop: &Shop) {
        let own = shop.group_buy(json!({})).await;
        // The packets of so many are worth more than one member of staff may agree to.
        let visit = visit(shop, 260).await.unwrap();
        assert_eq!(visit.tally.failures(), 0, "{}", visit.tally);
        assert_eq!(visit.tally.count("came"), 260);
        assert!(visit.tally.count("took a coupon") > 0, "{}", visit.tally);
        let accounts = visit.accounts.unwrap();
        assert_eq!(accounts.differences, Vec::<String>::new());
        assert_eq!(accounts.campaigns.len(), 3);
        assert_eq!(state(shop, &own.campaign).await, "running", "it rested while the crowd was there");
        let budgets = shop.staff("GET", "/campaigns?kind=social_coupon", None).await;
        assert_eq!(budgets["items"][0]["budget_fen"], 260 * 4_000, "{budgets}");
        let staff = shop.staff("GET", "/staff", None).await;
        let states: Vec<String> = staff["items"].as_array().unwrap().iter().map(|one| text(&one["state"])).collect();
        assert_eq!(states, ["disabled", "active"], "whoever agreed to the budget is gone again: {staff}");
    }

    // The owner, whoever looks whether somebody is at home, and the owner again may log in; the second owner may not.
    with [("HOURGLASS_BUDGET_APPROVAL_ABOVE_FEN", "1000000"), ("HOURGLASS_LIMIT_LOGIN", "3")]
    async fn what_rests_for_a_crowd_goes_on_when_it_cannot_be_prepared_for(shop: &Shop) {
        let own = shop.group_buy(json!({})).await;
        let failed = visit(shop, 260).await.unwrap_err().to_string();
        assert!(failed.starts_with("/admin/v1/sessions answered 429"), "{failed}");
        let log = shop.staff("GET", &format!("/campaigns/{}/changes", own.campaign), None).await;
        let steps: Vec<String> = log["items"].as_array().unwrap().iter().map(|row| text(&row["to_state"])).collect();
        assert_eq!(&steps[..2], ["running", "paused"], "{log}");
        assert_eq!(state(shop, &own.campaign).await, "running");
    }
}
