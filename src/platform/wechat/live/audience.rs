//! People who asked WeChat to tell them of shows.

use serde::Deserialize;

use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::error::WechatError;

/// Followers of one page at most.
const MAX_PAGE: i64 = 2_000;
/// People told at once at most.
const MAX_TOLD: usize = 2_000;

/// One who follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFollower {
    /// Who.
    pub openid: String,
    /// In which room they began to.
    pub room_id: i64,
    /// Since when.
    pub since: Timestamp,
}

/// A page of followers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFollowerPage {
    /// Those of the page.
    pub followers: Vec<LiveFollower>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<i64>,
}

#[derive(Deserialize)]
struct FollowersReply {
    #[serde(default)]
    followers: Vec<FollowerEntry>,
    #[serde(default)]
    page_break: i64,
}

#[derive(Deserialize)]
struct FollowerEntry {
    openid: String,
    #[serde(default)]
    room_id: i64,
    #[serde(default)]
    subscribe_time: i64,
}

#[derive(Deserialize)]
struct MessageReply {
    message_id: String,
}

impl WechatClient {
    /// Followers who want to be told of every show, from this place on (0 at first), at most 2,000.
    pub async fn live_followers(&self, from: i64, limit: i64) -> Result<LiveFollowerPage, WechatError> {
        let body = serde_json::json!({ "limit": limit.clamp(1, MAX_PAGE), "page_break": from });
        let told: FollowersReply = self.post("live_followers", "/wxa/business/get_wxa_followers", &body).await?;
        let read = |entry: FollowerEntry| LiveFollower {
            openid: entry.openid,
            room_id: entry.room_id,
            since: Timestamp::from_millis(entry.subscribe_time.saturating_mul(SECOND_MS)),
        };
        let followers: Vec<LiveFollower> = told.followers.into_iter().map(read).collect();
        let next = (told.page_break > 0 && !followers.is_empty()).then_some(told.page_break);
        Ok(LiveFollowerPage { followers, next })
    }

    /// Tells followers of a room, 1 to 2,000 at once; one room a day. Answers the number of the message, which WeChat's
    /// later event repeats.
    ///
    /// Refusals worth a branch: [`LiveTrouble::FollowersTold`](super::LiveTrouble::FollowersTold).
    pub async fn tell_live_followers(&self, room_id: i64, openids: &[String]) -> Result<String, WechatError> {
        const CALL: &str = "live_push_message";
        if openids.is_empty() || openids.len() > MAX_TOLD {
            return Err(WechatError::invalid(CALL, "openids"));
        }
        let body = serde_json::json!({ "room_id": room_id, "user_openid": openids });
        let told: MessageReply = self.post(CALL, "/wxa/business/push_message", &body).await?;
        Ok(told.message_id)
    }
}
