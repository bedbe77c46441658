//! The demonstration shop: its goods and the pictures drawn for them, independent of any database.

pub mod goods;
pub mod pictures;
