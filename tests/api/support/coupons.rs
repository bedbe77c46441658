//! Coupons, as staff write them and shoppers have them.

use serde_json::{Value, json};

use super::buyer::{Buyer, Wish, basket};
use super::shop::{Shop, text};

impl Shop {
    /// What staff would send for ten yuan off from a hundred on, but for these changes.
    pub fn coupon_draft(&self, changes: Value) -> Value {
        let mut draft = json!({
            "title": "满100减10", "way": "claim", "benefit": "amount_off", "amount_fen": 1_000, "threshold_fen": 10_000,
            "valid_days": 30
        });
        for (name, value) in changes.as_object().expect("an object") {
            draft[name] = value.clone();
        }
        draft
    }

    /// An active template; answers its id.
    pub async fn coupon_template(&self, changes: Value) -> String {
        let template = self.staff_post("/coupon-templates", self.coupon_draft(changes)).await;
        let id = text(&template["template_id"]);
        self.staff("POST", &format!("/coupon-templates/{id}/activate"), None).await;
        id
    }

    /// A coupon drop with one kind of coupon, as a draft; answers the campaign's id.
    pub async fn coupon_drop(&self, changes: Value) -> String {
        let plan = self.plan(&json!({"name": "夏日发券", "ends_at": self.clock.now().plus_millis(86_400_000)}));
        let body = json!({"plan": plan, "templates": [self.coupon_draft(changes)]});
        text(&self.staff_post("/coupon-drops", body).await["campaign_id"])
    }

    /// Gives many users a coupon each; answers the gift's id.
    pub async fn gives_many(&self, template_id: &str, user_ids: &[&str]) -> String {
        let path = format!("/admin/v1/coupon-templates/{template_id}/grants");
        let key = format!("{:032x}", rand::random::<u128>());
        let body = json!({"user_ids": user_ids, "reason": "会员日回馈"});
        let token = self.owner_again().await;
        let (status, run) =
            self.call_with("POST", &path, Some(&token), &[("idempotency-key", key.as_str())], Some(body)).await;
        assert_eq!(status, 201, "{run}");
        text(&run["run_id"])
    }

    /// Somebody of the staff gives a user a coupon; answers the status too.
    pub async fn gives_one(&self, token: &str, template_id: &str, user_id: &str) -> (u16, Value) {
        let path = format!("/admin/v1/coupon-templates/{template_id}/coupons");
        let key = format!("{:032x}", rand::random::<u128>());
        let body = json!({"user_id": user_id, "reason": "补偿"});
        self.call_with("POST", &path, Some(token), &[("idempotency-key", key.as_str())], Some(body)).await
    }

    /// Makes one-time codes; answers them as they are printed.
    pub async fn coupon_codes(&self, template_id: &str, size: i64) -> Vec<String> {
        let url = format!("{}/admin/v1/coupon-templates/{template_id}/code-batches", self.base);
        let asked = self.http.post(url).bearer_auth(self.owner_again().await).json(&json!({"size": size}));
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 201);
        let table = answer.text().await.expect("a table");
        table.lines().skip(1).map(str::to_owned).collect()
    }
}

impl Buyer<'_> {
    /// Asks for a coupon of this template.
    pub async fn tries_to_claim(&self, template_id: &str) -> (u16, Value) {
        let key = format!("{:032x}", rand::random::<u128>());
        self.call_with(
            "POST",
            "/coupons/claims",
            &[("idempotency-key", key.as_str())],
            Some(json!({"template_id": template_id})),
        )
        .await
    }

    /// Takes a coupon; answers its id.
    pub async fn claims(&self, template_id: &str) -> String {
        let (status, coupon) = self.tries_to_claim(template_id).await;
        assert_eq!(status, 201, "{coupon}");
        text(&coupon["coupon_id"])
    }

    /// Types a code.
    pub async fn types_code(&self, code: &str) -> (u16, Value) {
        let key = format!("{:032x}", rand::random::<u128>());
        self.call_with("POST", "/coupons/codes", &[("idempotency-key", key.as_str())], Some(json!({"code": code})))
            .await
    }

    /// Where one of their coupons stands.
    pub async fn coupon_state(&self, coupon_id: &str) -> String {
        text(&self.does("GET", &format!("/coupons/{coupon_id}"), None).await["coupon"]["state"])
    }

    /// What these lines cost with these coupons.
    pub async fn quote_with(&self, lines: &[(&str, i64)], coupons: &[&str]) -> (u16, Value) {
        let body = json!({"lines": basket(lines), "province_code": "44", "claims": claims_of(coupons)});
        self.call("POST", "/quotes", Some(body)).await
    }

    /// Sees a price with a coupon and decides to order.
    pub async fn wishes_with(&self, lines: &[(&str, i64)], coupon_id: &str) -> Wish {
        let (status, quote) = self.quote_with(lines, &[coupon_id]).await;
        assert_eq!(status, 200, "{quote}");
        let mut wish = self.wishes_at(lines, &quote);
        wish.body["claims"] = claims_of(&[coupon_id]);
        wish
    }
}

/// Claims of the shop's own coupons.
pub fn claims_of(coupons: &[&str]) -> Value {
    coupons.iter().map(|id| json!({"kind": "coupon", "reference": id})).collect()
}
