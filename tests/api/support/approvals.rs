//! What takes two members of staff.

use serde::Serialize;
use serde_json::{Value, json};

use super::shop::{PASSWORD, Shop, text};

impl Shop {
    /// Another owner; answers their token.
    pub async fn second_owner(&self) -> String {
        let roles = self.staff("GET", "/roles", None).await;
        let owner = roles["items"].as_array().expect("roles").iter().find(|role| role["name"] == "owner").cloned();
        let roles = [owner.expect("an owner")["role_id"].clone()];
        let account = json!({"username": "second", "display_name": "二店主", "password": PASSWORD, "roles": roles});
        self.staff_post("/staff", account).await;
        self.log_in_staff("second", PASSWORD).await
    }

    /// The second one agrees to what the first asked for; nobody agrees to their own wish.
    pub async fn agrees(&self, second: &str, subject: impl Serialize) -> (u16, Value) {
        let waiting = self.staff("GET", "/approvals?state=waiting", None).await;
        let subject = json!(subject);
        let found = waiting["items"].as_array().expect("approvals").iter().find(|item| item["subject_id"] == subject);
        let id = text(&found.unwrap_or_else(|| panic!("nothing waits for {subject}: {waiting}"))["approval_id"]);
        let path = format!("/admin/v1/approvals/{id}/approve");
        assert_eq!(self.call("POST", &path, Some(&self.owner), None).await.0, 403, "one's own wish");
        self.call("POST", &path, Some(second), None).await
    }
}
