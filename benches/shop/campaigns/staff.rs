//! What staff do before anything is measured: they plan campaigns and let them run.

use std::time::Duration;

use hourglass::kernel::time::{Clock, DAY_MS};
use hourglass::platform::db::Db;
use hourglass::platform::db::faults::Faults;
use hourglass::staff::{self, NewOwner};
use serde_json::{Value, json};

use super::super::fixture;
use super::super::process::Process;
use super::text;

const OWNER: &str = "owner";
const PASSWORD: &str = "seven sunny afternoons";

/// Gives the shop an owner. Before the service is started, since the embedded database is for one process.
pub fn open_owner(database_url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let password = staff::hash_password(&PASSWORD.to_owned().into(), OWNER).expect("a password");
    let owner = NewOwner { username: OWNER.to_owned(), display_name: "店主".to_owned(), password };
    let settings = fixture::settings(database_url);
    runtime.block_on(async {
        let db = Db::open(settings, Clock::wall(), 11, Faults::none()).expect("the database opens");
        db.write("bench.owner", move |tx| staff::create_owner(tx, &owner)).await.expect("an owner");
    });
}

/// The owner, logged in.
pub struct Desk {
    headers: String,
}

impl Desk {
    /// Logs in.
    pub fn open(service: &Process) -> Self {
        let credentials = json!({"username": OWNER, "password": PASSWORD});
        let (status, session) = service.ask("POST", "/admin/v1/sessions", "", Some(&credentials));
        assert_eq!(status, 201, "{session}");
        Self { headers: format!("authorization: Bearer {}\r\n", text(&session, "/access_token")) }
    }

    /// Plans a show that begins now and puts it on the air; answers the room.
    pub fn puts_on_air(&self, service: &Process) -> String {
        let now = Clock::wall().now();
        let (starts_at, ends_at) = (now.plus_millis(60_000), now.plus_millis(DAY_MS / 12));
        let plan = json!({"title": "直播", "anchor_name": "小麦", "starts_at": starts_at, "ends_at": ends_at});
        let (status, planned) = service.ask("POST", "/admin/v1/live-rooms", &self.headers, Some(&plan));
        assert_eq!(status, 201, "{planned}");
        let room = text(&planned, "/room/id");
        let path = format!("/admin/v1/live-rooms/{room}/start");
        let (status, started) = service.ask("POST", &path, &self.headers, Some(&json!({"reason": "基准"})));
        assert_eq!(status, 200, "{started}");
        room
    }

    /// Plans a campaign of this kind with these rules beside its plan, lets it run, and answers its id and the draft.
    pub fn runs(&self, service: &Process, kind: &str, (name, rules): (&str, Value)) -> (String, Value) {
        let now = Clock::wall().now();
        let mut draft = rules;
        draft["plan"] = json!({
            "name": name, "occasion_kind": "own_event", "audience": "everyone", "budget_fen": 1_000_000_000,
            "starts_at": now, "ends_at": now.plus_millis(7 * DAY_MS), "card": {"title": name},
        });
        let (status, planned) = service.ask("POST", &format!("/admin/v1/{kind}"), &self.headers, Some(&draft));
        assert_eq!(status, 201, "{planned}");
        let id = ["/campaign_id", "/campaign/campaign_id", "/campaign/id"]
            .into_iter()
            .find_map(|pointer| planned.pointer(pointer).and_then(Value::as_str))
            .unwrap_or_else(|| panic!("a campaign: {planned}"))
            .to_owned();
        let path = format!("/admin/v1/campaigns/{id}");
        let reason = json!({"reason": "基准"});
        let (status, answer) = service.ask("POST", &format!("{path}/schedule"), &self.headers, Some(&reason));
        assert!((200..300).contains(&status), "{answer}");
        while service.ask("GET", &path, &self.headers, None).1["state"] != "running" {
            std::thread::sleep(Duration::from_millis(20));
        }
        (id, planned)
    }
}
