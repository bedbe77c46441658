//! What every capability stands on: the database, HTTP, background work, events, WeChat, other people's log-ins, text
//! messages, live streams, files, codes to scan. It names no capability.

pub mod db;
pub mod events;
pub mod http;
pub mod jobs;
pub mod live_stream;
pub mod outbound;
pub mod qr;
pub mod secrets;
pub mod sign_in;
pub mod sms;
pub mod storage;
pub mod typed_code;
pub mod wechat;
