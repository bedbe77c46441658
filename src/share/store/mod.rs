//! SQL on `share_tokens`, `share_origins` and `share_opens`.

mod books;
mod figures;
mod opens;
mod origins;
mod tokens;

pub(super) use books::*;
pub(super) use figures::Grouping;
pub use figures::{Figures, GroupFigures, Newcomer, RankRow, ShareFilter, TreeLevel};
pub(super) use figures::{brought_by, figures, grouped, levels_below, newcomers, ranking, shares, totals};
pub(super) use opens::*;
pub(super) use origins::*;
pub(super) use tokens::*;
