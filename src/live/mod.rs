//! Live rooms: shows that sell.
//!
//! Owns the tables `live_…`: `live_rooms` and `live_room_changes` (every move); `live_shelf`, `live_prices` with
//! `live_price_buyers` and `live_price_takings` (what orders took of a quota), `live_order_lines` (which lines came from
//! a room); `live_drops` with `live_drop_portions` and `live_drop_claims`; `live_reminders`; `live_comments`,
//! `live_sanctions`, `live_visits` (one row for each stay), `live_minutes` (the curve of the report), `live_signals` (what
//! viewers are to see next); `live_replays` and `live_marks`; `live_publishings` (when which engine took a stream in);
//! `live_official_rooms`, `live_official_goods` and `live_official_shelf` (rooms of WeChat's own live service that are
//! mirrored).
//!
//! A room is `planned → live ⇄ paused → ended ⇄ replay`, or `planned → cancelled`. Staff move it, or the media engine by
//! taking its stream in, or the clock: silence beyond a time of grace pauses it, and a show that never started is
//! cancelled. What an order takes of a live price's quota is `held → sold`, or given back when it is closed or refunded.
//!
//! What always holds, by guarded updates and again by constraints: `0 ≤ taken ≤ quota` of every live price and
//! `0 ≤ claimed ≤ quantity` of every drop; no buyer has more than the limit; comments and signals of a room are numbered
//! without a gap in the order of commits; a comment is said once, however often its client sends it.
//!
//! Decisions. There is one way to place an order: whoever buys from a room claims it,
//! `{"kind": "live", "reference": "<room id>", "sku_id": "<sku id>"}`, and the line carries the room; a live price that holds
//! for it is applied by that claim, and no price of a room is had without it. Everything viewers are to see is a signal,
//! written in the transaction that makes it true, so that a server that was away, or another process, reads on from the
//! number it knows. Likes and viewers are counted, not signalled.

mod account;
mod admin_api;
mod api;
mod audience;
mod error;
pub mod events;
mod hooks;
mod jobs;
mod model;
mod official;
mod rules;
mod service;
mod store;
mod stream;
mod views;

pub use account::LiveAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use audience::{Audience, AudienceApi, audience_routes};
pub use error::LiveError;
pub use hooks::{CountForRooms, LiveOffer, Rooms};
pub use jobs::{CancelMissed, EndDrops, EndLostVisits, ForgetSignals, RemindOfRooms, ReminderSettings, SendReminder};
pub use model::{RoomId, RoomState};
pub use official::{
    GoodsToMirror, MirrorGoods, MirrorRoom, OfficialDesk, RoomsToMirror, StaffApi as OfficialStaffApi,
    staff_routes as official_staff_routes,
};
pub use service::reporting::differences;
pub use stream::{
    HookApi, LosePublishers, PauseSilent, StaffApi as StreamStaffApi, StreamDesk, ViewerApi as StreamViewerApi,
    hook_routes, staff_routes as stream_staff_routes, viewer_routes as stream_viewer_routes,
};
