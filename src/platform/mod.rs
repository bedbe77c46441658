//! The shared floor between the kernel and the capabilities: what the shop needs of the world outside.
//!
//! Nothing here names a capability of the shop.

pub mod storage;
pub mod wechat;
