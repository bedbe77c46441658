//! People with more than one account.

use diesel::RunQueryDsl as _;
use hourglass::platform::db::rows::{self, Fields};
use hourglass::platform::db::{DbError, Tx};
use serde_json::{Value, json};

use super::Shop;
use super::buyer::Buyer;
use super::shop::text;

impl Shop {
    /// From now on this buyer's account is one of another entrance, so that it can be the same person as one of the
    /// mini-program's.
    pub async fn came_by_another_entrance(&self, buyer: &Buyer<'_>) {
        let id: i64 = buyer.user_id().await.parse().expect("an id");
        let moving = move |tx: &mut Tx<'_>| {
            diesel::sql_query("DELETE FROM identities WHERE provider = 'wechat_unionid' AND user_id = $1")
                .bind::<diesel::sql_types::BigInt, _>(id)
                .execute(tx.conn()?)?;
            diesel::sql_query(
                "UPDATE identities SET provider = 'wechat_service', app_id = 'wxservice' WHERE user_id = $1",
            )
            .bind::<diesel::sql_types::BigInt, _>(id)
            .execute(tx.conn()?)?;
            Ok::<_, DbError>(())
        };
        self.app.db().write("another_entrance", moving).await.expect("the entrance changes");
    }

    /// Staff make two accounts one; answers the merge.
    pub async fn merges(&self, kept: &str, merged: &str) -> Value {
        let body = json!({"merged_user_id": merged, "reason": "顾客来电确认"});
        self.staff_post(&format!("/users/{kept}/merges"), body).await
    }

    /// Staff take a merge back.
    pub async fn takes_back(&self, merge: &Value) -> Value {
        let path = format!("/account-merges/{}/undo", text(&merge["merge_id"]));
        self.staff_post(&path, json!({"reason": "误合并"})).await
    }

    /// How many rows still name a user as theirs, by table, leaving out what may stay with a merged user.
    pub async fn left_behind(&self, user: &str) -> Vec<(String, usize)> {
        let id: i64 = user.parse().expect("an id");
        let lists: Vec<_> = self.app.accounts().rows().map(|list| (list.table, list.owner)).collect();
        let counting = move |tx: &mut Tx<'_>| {
            let mut found = Vec::new();
            for (table, owner) in lists {
                let at = Fields::from([(owner.to_owned(), Some(id.to_string()))]);
                let count = rows::matching(tx, table, &at)?.len();
                if count > 0 {
                    found.push((format!("{table}.{owner}"), count));
                }
            }
            Ok::<_, DbError>(found)
        };
        self.app.db().read("left_behind", counting).await.expect("rows")
    }
}
