//! The demonstration shop: its goods and the pictures drawn for them, and the command that opens it beside a WeChat of
//! its own.

mod campaigns;
pub mod command;
pub mod goods;
mod guide;
mod keepsake;
pub mod pictures;
mod rooms;
mod stocking;
