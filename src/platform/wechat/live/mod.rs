//! WeChat's own live service of mini-programs: rooms, the library of goods, followers.
//!
//! Everything is a method of [`WechatClient`](super::WechatClient). Prices go out in yuan with two decimals and come back
//! in yuan from the library, but in fen with rooms; here they are always [`Fen`](crate::kernel::money::Fen). Pictures are
//! named by media ids, which [`upload_image`](super::WechatClient::upload_image) makes and which live three days.
//!
//! Refusals that say something about the room, the goods or the anchor are [`LiveTrouble`]; the rest stay what they are.

mod audience;
mod goods;
mod media;
mod money;
mod rooms;
#[cfg(test)]
mod tests;
mod trouble;

pub use audience::{LiveFollower, LiveFollowerPage};
pub use goods::{ApprovedGoods, AuditStatus, GoodsDraft, GoodsInLibrary, GoodsPrice, SubmittedGoods};
pub use media::UploadedImage;
pub use rooms::{
    CreatedRoom, LiveReplay, LiveRoomDraft, LiveRoomInfo, LiveRoomPage, LiveStatus, LiveSwitches, RoomGoods, SharedCode,
};
pub use trouble::LiveTrouble;
