//! The pages of group buys that are opened most.

use serde_json::{Value, json};

use super::super::pages::page;
use super::crew::{Crew, Phone, everybody};
use super::{Stage, patiently, text};

/// Groups on the wall.
const GROUPS: usize = 30;
/// Who joined each of them beside its leader; one seat stays free.
const MEMBERS: usize = 3;

/// Measures a group's page and the wall, as those see them who open a share before they log in, and as somebody sees
/// them who has.
pub fn measure(stage: &Stage<'_>) {
    let group = furnish(stage);
    let viewer = Crew::come_in(stage.service, stage.simulator, 1).people.remove(0);
    let path = format!("/api/v1/group-buys/groups/{group}");
    let wall = "/api/v1/group-buys/groups?limit=20";
    for (who, headers) in [("", ""), (", logged in", viewer.headers.as_str())] {
        page(stage.run, &format!("group page{who}"), stage.service, &path, headers);
        page(stage.run, &format!("wall of 20 groups{who}"), stage.service, wall, headers);
    }
}

/// Groups of five that one seat is free in; answers one of them.
fn furnish(stage: &Stage<'_>) -> String {
    let (product, sku) = (&stage.fixture.products[13], &stage.fixture.skus[13]);
    let rules = json!({
        "product_id": product, "sizes": [MEMBERS + 2], "lifetime_minutes": 1_440, "per_user": 1_000,
        "skus": [{"sku_id": sku, "prices_fen": [8_800]}],
    });
    let (campaign, _) = stage.desk.runs(stage.service, "group-buys", ("五人团", json!({ "rules": rules })));
    let lines = json!([{"sku_id": sku, "quantity": 1}]);
    let claim = |reference: &str| -> Value { json!([{"kind": "group_buy", "reference": reference}]) };
    let groups = everybody(stage.service, stage.simulator, GROUPS, async |phone: &mut Phone, _| {
        let leader = phone.newcomer().await;
        let order = phone.order(&leader, &lines, &claim(&format!("new:{campaign}"))).await;
        phone.pay(&leader, &text(&order, "/order_id")).await;
        let id = text(&order, "/gates/0/source_ref");
        let path = format!("/api/v1/group-buys/groups/{id}");
        patiently(async || phone.look(&path, "").await).await;
        for _ in 0..MEMBERS {
            let friend = phone.newcomer().await;
            phone.order(&friend, &lines, &claim(&id)).await;
        }
        id
    });
    groups[0].clone()
}
