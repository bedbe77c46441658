//! Use cases of sharing. Each takes the transaction it runs in.

mod arrive;
mod books;
mod figures;
mod group;
mod issue;
mod known;
mod recognise;

pub use arrive::{Arrived, Comer, Counted, Opening, open};
pub use books::differences;
pub use figures::{
    Figures, GroupFigures, RankRow, ShareFilter, ShareLine, Tree, by_channel, by_chat, by_subject, newcomers, own_line,
    own_share, own_totals, share_lines, top_sharers, tree,
};
pub use group::{GroupInfo, GroupProof, prove_group};
pub use issue::{NewShare, issue};
pub use known::{
    acquired_through, acquisition_of, find, has_shared, is_ancestor, last_touch, path_with_token, subject,
};
pub use recognise::recognise;
