//! What every capability stands on: the database, HTTP, background work, events, WeChat, files. It names no capability.

pub mod db;
pub mod events;
pub mod http;
pub mod jobs;
pub mod secrets;
pub mod storage;
pub mod wechat;
