//! Group buys: staff plan them, buyers open and join groups.

use diesel::RunQueryDsl as _;
use hourglass::platform::db::{DbError, Tx};
use serde_json::{Value, json};

use super::buyer::{Buyer, Wish, basket};
use super::shop::{Shop, text};

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// A group buy that runs.
pub struct GroupBuy {
    /// The campaign.
    pub campaign: String,
    /// Its only SKU, 100.00 yuan alone.
    pub sku: String,
}

impl Shop {
    /// What staff would send to plan a group buy for this product: three people, 80.00 yuan each, with these rules in
    /// place of the usual ones.
    pub fn group_buy_draft(&self, product: &str, sku: &str, changes: &Value) -> Value {
        let mut rules = json!({
            "product_id": product, "sizes": [3], "lifetime_minutes": 60, "per_user": 1000,
            "skus": [{"sku_id": sku, "prices_fen": [8_000]}]
        });
        for (name, value) in changes.as_object().expect("an object") {
            rules[name] = value.clone();
        }
        if let Some(own) = rules.as_object_mut().and_then(|rules| rules.remove("sku")) {
            for (name, value) in own.as_object().expect("an object") {
                rules["skus"][0][name] = value.clone();
            }
        }
        json!({"plan": self.plan(&json!({"budget_fen": 1_000_000})), "rules": rules})
    }

    /// A group buy that runs, with these rules in place of the usual ones; `sku` changes what its only SKU costs.
    pub async fn group_buy(&self, changes: Value) -> GroupBuy {
        self.group_buy_of(changes, 100_000).await
    }

    /// The same, with so many pieces in stock.
    pub async fn group_buy_of(&self, changes: Value, stock: i64) -> GroupBuy {
        let product = self.product(10_000, stock).await;
        let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let draft = self.group_buy_draft(&id, &sku, &changes);
        let planned = self.staff_post("/group-buys", draft).await;
        let campaign = text(&planned["campaign_id"]);
        self.starts(&campaign).await;
        GroupBuy { campaign, sku }
    }

    /// A group with all its seats, as staff see it.
    pub async fn group(&self, id: &str) -> Value {
        let path = format!("/admin/v1/group-buys/groups/{id}");
        let (status, group) = self.call("GET", &path, Some(&self.owner_again().await), None).await;
        assert_eq!(status, 200, "{group}");
        group
    }

    /// How many seats of a group stand in this state.
    pub async fn seats(&self, group: &str, state: &str) -> usize {
        let file = self.group(group).await;
        file["seats"].as_array().expect("seats").iter().filter(|seat| seat["state"] == state).count()
    }

    /// Staff end a group; answers the status.
    pub async fn ends_group(&self, group: &str) -> u16 {
        let (path, body) = (format!("/admin/v1/group-buys/groups/{group}/expire"), json!({"reason": "质量问题"}));
        self.call("POST", &path, Some(&self.owner_again().await), Some(body)).await.0
    }

    /// Looks something up as the owner, whatever the clock says.
    pub async fn staff_at_any_time(&self, path: &str) -> Value {
        let (status, found) =
            self.call("GET", &format!("/admin/v1{path}"), Some(&self.owner_again().await), None).await;
        assert_eq!(status, 200, "{path}: {found}");
        found
    }

    /// A table that staff download, as text.
    pub async fn table(&self, path: &str) -> String {
        let request = self.http.get(format!("{}/admin/v1{path}", self.base)).bearer_auth(self.owner_again().await);
        request.send().await.expect("an answer").text().await.expect("a table")
    }

    /// What a campaign has given away and not got back.
    pub async fn budget_spent(&self, campaign: &str) -> i64 {
        let id: i64 = campaign.parse().expect("a campaign");
        self.counted("SELECT spent_fen AS number FROM campaign_budgets WHERE campaign_id = $1", id).await
    }

    async fn counted(&self, sql: &'static str, id: i64) -> i64 {
        let counting = move |tx: &mut Tx<'_>| {
            let counted = diesel::sql_query(sql).bind::<diesel::sql_types::BigInt, _>(id);
            let counted: Counted = counted.get_result(tx.conn()?)?;
            Ok::<_, DbError>(counted.number)
        };
        self.app.db().read("count", counting).await.expect("a number")
    }

    /// How many events of this name were recorded.
    pub async fn events(&self, name: &'static str) -> i64 {
        let counting = move |tx: &mut Tx<'_>| {
            let counting = diesel::sql_query("SELECT COUNT(*) AS number FROM outbox_events WHERE name = $1");
            let counted: Counted = counting.bind::<diesel::sql_types::Text, _>(name).get_result(tx.conn()?)?;
            Ok::<_, DbError>(counted.number)
        };
        self.app.db().read("count_events", counting).await.expect("events")
    }
}

impl Buyer<'_> {
    /// Asks what pieces of a SKU cost with a claim; answers the status too.
    pub async fn asks_group_price(&self, sku: &str, quantity: i64, reference: &str) -> (u16, Value) {
        let claims = json!([{"kind": "group_buy", "reference": reference}]);
        let asked = json!({"lines": basket(&[(sku, quantity)]), "province_code": "44", "claims": claims});
        self.call("POST", "/quotes", Some(asked)).await
    }

    /// Sees a group's price and decides to order; the refusal when there is none.
    pub async fn wishes_seat(&self, sku: &str, quantity: i64, reference: &str) -> Result<Wish, (u16, Value)> {
        let (status, quote) = self.asks_group_price(sku, quantity, reference).await;
        if status != 200 {
            return Err((status, quote));
        }
        let mut wish = self.wishes_at(&[(sku, quantity)], &quote);
        wish.body["claims"] = json!([{"kind": "group_buy", "reference": reference}]);
        Ok(wish)
    }

    /// Orders one piece with this claim; answers what came of it.
    pub async fn tries_seat(&self, sku: &str, reference: &str) -> (u16, Value) {
        match self.wishes_seat(sku, 1, reference).await {
            Ok(wish) => self.sends(&wish).await,
            Err(refusal) => refusal,
        }
    }

    /// Takes a seat; answers the order and its group.
    pub async fn takes_seat(&self, sku: &str, reference: &str) -> (String, String) {
        let (status, order) = self.tries_seat(sku, reference).await;
        assert_eq!(status, 201, "{order}");
        (text(&order["order_id"]), text(&order["gates"][0]["source_ref"]))
    }

    /// Opens a group and pays; answers the order and the group.
    pub async fn opens_group(&self, buy: &GroupBuy) -> (String, String) {
        let (order, group) = self.takes_seat(&buy.sku, &format!("new:{}", buy.campaign)).await;
        self.pays(&order).await;
        (order, group)
    }

    /// Joins a group and pays; answers the order.
    pub async fn joins_group(&self, buy: &GroupBuy, group: &str) -> String {
        let (order, _) = self.takes_seat(&buy.sku, group).await;
        self.pays(&order).await;
        order
    }

    /// Pays an order, unless it cost nothing.
    pub async fn pays(&self, order: &str) {
        if self.order(order).await["state"] == "pending_payment" {
            let prepay = self.begins_to_pay(order).await;
            self.shop.pay(&prepay).await;
        }
    }

    /// A group's page as they see it.
    pub async fn sees_group(&self, group: &str) -> Value {
        self.does("GET", &format!("/group-buys/groups/{group}"), None).await
    }

    /// Where an order of theirs stands.
    pub async fn order_state(&self, order: &str) -> String {
        text(&self.order(order).await["state"])
    }
}

/// Whether a page lets its viewer do something, and the code of the refusal.
pub fn may(page: &Value, action: &str) -> (bool, String) {
    let actions = page["actions"].as_array().expect("actions");
    let found = actions.iter().find(|found| found["action"] == action).unwrap_or_else(|| panic!("no {action}: {page}"));
    (found["allowed"] == true, found["refusal"]["code"].as_str().unwrap_or_default().to_owned())
}
