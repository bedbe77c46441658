//! Shares: who passed on what, who came by it, and what came of it (definitions §12).

mod forest;
mod tree;

use serde::{Deserialize, Serialize};

pub use self::forest::{Edge, Forest};
pub use self::tree::{
    KAnswer, KFactor, KFigure, ShareFigure, SharePage, SharePageFigure, SharePages, SharePagesAnswer, ShareTree,
    ShareTreeAnswer, Sharer,
};

/// Somebody passed a page on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = shares::Share)]
pub struct Share {
    /// The token that the passed-on page carries.
    pub token: String,
    /// The subject who shared.
    pub sharer: u32,
    /// When, UTC milliseconds.
    pub at: i64,
    /// The path of the page.
    pub page: String,
    /// What the page is about: a product, an article, a campaign.
    pub topic: String,
}

/// A session began with a share's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = shares::Open)]
pub struct Open {
    /// The token.
    pub token: String,
    /// The subject who opened.
    pub viewer: u32,
    /// When the session began, UTC milliseconds.
    pub at: i64,
}

/// A paid order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = shares::Order)]
pub struct Order {
    /// The subject who bought.
    pub buyer: u32,
    /// When it was paid, UTC milliseconds.
    pub at: i64,
    /// What was paid less what was refunded, in fen.
    pub net_fen: i64,
    /// The token of the share that the order carries.
    pub token: Option<String>,
}

/// Everything that is known about shares. Subjects become persons when a question is answered.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// The shares.
    pub shares: Vec<Share>,
    /// The opens, those of the sharer too.
    pub opens: Vec<Open>,
    /// The paid orders.
    pub orders: Vec<Order>,
    /// When each subject was first seen: the begin of their first session ever, UTC milliseconds.
    pub first_seen: Vec<(u32, i64)>,
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "small numbers of the tests' own")]
mod tests;
