//! Rooms to watch, and staff who keep order in them.

use hourglass::kernel::time::{Clock, HOUR_MS, Timestamp};
use serde_json::{Value, json};

use super::shop::{Shop, text};
use super::town::{Ask, Town};

/// A show of two hours that begins now.
fn plan(now: Timestamp) -> Value {
    json!({
        "title": "七夕新品首发", "anchor_name": "小麦", "starts_at": now.plus_millis(1_000),
        "ends_at": now.plus_millis(2 * HOUR_MS)
    })
}

impl Shop {
    /// A room that is on the air.
    pub async fn room_on_air(&self) -> String {
        let room = text(&self.staff_post("/live-rooms", plan(self.clock.now())).await["room"]["id"]);
        self.staff_post(&format!("/live-rooms/{room}/start"), json!({"reason": "主播到位"})).await;
        room
    }

    /// Mutes or bans somebody in a room; answers the sanction.
    pub async fn sanctions(&self, room: &str, user: &str, kind: &str) -> String {
        let verdict = json!({"user_id": user, "kind": kind, "reason": "刷屏"});
        text(&self.staff_post(&format!("/live-rooms/{room}/sanctions"), verdict).await["id"])
    }

    /// Takes that back.
    pub async fn lifts(&self, room: &str, sanction: &str) {
        self.staff("DELETE", &format!("/live-rooms/{room}/sanctions/{sanction}"), None).await;
    }
}

impl Town {
    /// A room that is on the air.
    pub async fn room_on_air(&self, owner: &str) -> String {
        let planned = self.insist(Ask::post("/admin/v1/live-rooms", plan(Clock::wall().now())).by(owner)).await;
        let room = text(&planned["room"]["id"]);
        let start = format!("/admin/v1/live-rooms/{room}/start");
        self.insist(Ask::post(&start, json!({"reason": "主播到位"})).by(owner)).await;
        room
    }
}
