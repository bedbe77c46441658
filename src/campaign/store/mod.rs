//! SQL on the tables of campaigns.

mod audience;
mod books;
mod budget;
mod campaigns;
mod listing;
mod orders;
mod report;
mod risk;
mod taking_part;

pub(super) use audience::*;
pub(super) use books::*;
pub(super) use budget::*;
pub(super) use campaigns::*;
pub(super) use listing::*;
pub(super) use orders::*;
pub(super) use report::*;
pub(super) use risk::*;
pub(super) use taking_part::*;
