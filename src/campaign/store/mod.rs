//! SQL on the tables of campaigns.

mod budget;
mod campaigns;
mod orders;
mod taking_part;

pub(super) use budget::*;
pub(super) use campaigns::*;
pub(super) use orders::*;
pub(super) use taking_part::*;
