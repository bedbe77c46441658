//! Rooms of WeChat's own live service of mini-programs, mirrored.
//!
//! A room whose source is `wechat` shows WeChat's picture. Staff have it made and changed at WeChat, hand products in for
//! the library of live goods, and put them on its shelf; what WeChat makes of it comes back: where the room stands, what the
//! review of goods said, which goods it shows, and its recordings.
//!
//! * `live_official_rooms`: the room at WeChat, its number once there is one, and when it is looked at next
//!   (`mirror_due_at`; never again once it is over and its recording is known, or has not come for two hours).
//! * `live_official_goods`: products in WeChat's library, one row for each mini-program; the review by WeChat's numbers: 0 not
//!   reviewed, 1 under way, 2 passed, 3 refused.
//! * `live_official_shelf`: which of them WeChat shows in which room.
//!
//! WeChat is never called inside a transaction: staff's calls are made between two of them, and what is looked at again and
//! again is a job, born by a sweep ([`RoomsToMirror`], [`GoodsToMirror`]). A room that WeChat may have made although no answer
//! came is looked for by its name and time before another is asked for.
//!
//! WeChat's states become the room's: live, paused (an anchor who is lost too), ended (also when WeChat closed it), and
//! cancelled for one that never started.

mod admin_api;
mod desk;
mod goods_desk;
mod jobs;
mod model;
mod pictures;
mod rules;
mod store;
mod views;

pub use admin_api::{StaffApi, staff_routes};
pub use desk::OfficialDesk;
pub use jobs::{GoodsToMirror, MirrorGoods, MirrorRoom, RoomsToMirror};
