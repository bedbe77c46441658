//! The client of WeChat: login, phone numbers, codes, shipping info and WeChat Pay v3.
//!
//! * [`WechatClient`] speaks to `api.weixin.qq.com` (errors arrive as HTTP 200 with an `errcode`) and owns the access
//!   token. [`pay::PayClient`] speaks to `api.mch.weixin.qq.com` (errors arrive as HTTP statuses; every message is
//!   signed in both directions). Both come from one [`WechatSettings`] and share one connection pool.
//! * Every failure is a [`WechatError`] that says two things a caller must know before it does anything else: whether
//!   trying again makes sense, and whether WeChat may have carried the call out although no answer arrived.
//! * Replies are parsed leniently (unknown fields are ignored, unknown states are kept as text) and checked strictly:
//!   a paid reply whose signature does not verify is no reply.
//! * Nothing here writes bodies, tokens, codes, phone numbers or openids to the log.
//!
//! What the client of a mini-program hands over encrypted ([`open_data`]) is proven by its session key, and then still
//! checked for whom and when it was made.
//!
//! What WeChat tells the shop of by itself arrives as [`push`]. Its live service is [`live`].
//!
//! Deliberately absent: the optional encryption layer of `api.weixin.qq.com`.

mod client;
mod codes;
mod error;
mod links;
pub mod live;
mod oauth;
mod official;
mod open_data;
pub mod pay;
pub mod push;
mod settings;
mod shipping;
pub mod signing;
mod subscribe;
#[cfg(test)]
pub(super) mod test_server;
mod token;
mod transport;

pub use client::{PhoneInfo, Session, WechatClient};
pub use codes::{EnvVersion, UnlimitedCode};
pub use error::{WechatError, WechatErrorKind};
pub use links::{LinkTarget, MAX_LINK_DAYS};
pub use oauth::{OauthGrant, OauthProfile};
pub use official::{Follower, NewSceneCode, SceneCode};
pub use open_data::{OpenDataRefusal, Sealed, group_id};
pub use settings::{PaySettings, PlatformKeySource, WechatSettings, WechatSetupError};
pub use shipping::{DeliveryMode, Logistics, Parcel, ShippedPayment, ShippingInfo};
pub use subscribe::{MAX_THING, SubscribeMessage, thing};
