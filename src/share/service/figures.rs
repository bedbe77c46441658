//! What came of shares, for sharers and for staff.

use std::collections::HashMap;

use crate::identity::{self, Face};
use crate::kernel::id::UserId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::share::error::ShareError;
use crate::share::model::{Share, ShareId};
use crate::share::rules;
use crate::share::store::{self, Grouping};
use crate::share::subject::{SubjectCard, SubjectSources};

pub use crate::share::store::{Figures, GroupFigures, Newcomer, RankRow, ShareFilter, TreeLevel};

/// Most users below one that are counted.
const COUNTED: i64 = 100_000;
/// Most lines of figures by subject.
const SUBJECTS: i64 = 200;

/// A share, what it shows, and what came of it.
#[derive(Clone, Debug)]
pub struct ShareLine {
    /// The share.
    pub share: Share,
    /// What it shows; `None` when it is not shown any more.
    pub card: Option<SubjectCard>,
    /// What came of it.
    pub figures: Figures,
}

/// A user's own share.
///
/// # Errors
/// [`ShareError::TokenNotFound`], also when it is somebody else's, or the database's.
pub fn own_share(tx: &mut Tx<'_>, sharer: UserId, token: &str) -> Result<Share, ShareError> {
    let found = if rules::looks_like_token(token) { store::by_token(tx, token)? } else { None };
    found.filter(|share| share.sharer_id == sharer).ok_or(ShareError::TokenNotFound)
}

/// One of a user's own shares with what came of it.
///
/// # Errors
/// As [`own_share`].
pub fn own_line(
    tx: &mut Tx<'_>,
    sources: &SubjectSources,
    sharer: UserId,
    token: &str,
) -> Result<ShareLine, ShareError> {
    let share = own_share(tx, sharer, token)?;
    let card = sources.describe(tx, &share.subject())?;
    let figures = store::figures(tx, &[share.id])?.remove(&share.id).unwrap_or_default();
    Ok(ShareLine { share, card, figures })
}

/// Shares, newest first, with what they show and what came of them.
///
/// # Errors
/// The database's.
pub fn share_lines(
    tx: &mut Tx<'_>,
    sources: &SubjectSources,
    filter: &ShareFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<ShareLine>> {
    let rows = store::shares(tx, filter, after, limit)?;
    let Page { items, next_cursor } = Page::cut(rows, limit, |share| Cursor { key: 0, id: share.id.get() });
    let ids: Vec<ShareId> = items.iter().map(|share| share.id).collect();
    let mut figures = store::figures(tx, &ids)?;
    let mut cards = HashMap::new();
    let mut lines = Vec::with_capacity(items.len());
    for share in items {
        let subject = share.subject();
        let card = match cards.get(&subject) {
            Some(card) => Option::clone(card),
            None => {
                let card = sources.describe(tx, &subject)?;
                cards.insert(subject, card.clone());
                card
            }
        };
        let figures = figures.remove(&share.id).unwrap_or_default();
        lines.push(ShareLine { share, card, figures });
    }
    Ok(Page { items: lines, next_cursor })
}

/// What came of all that a user ever shared, and of how many shares.
///
/// # Errors
/// The database's.
pub fn own_totals(tx: &mut Tx<'_>, sharer: UserId) -> DbResult<(i64, Figures)> {
    store::totals(tx, sharer)
}

/// Whom a user brought, the latest first, and the faces of those whom the page names.
///
/// # Errors
/// The database's.
pub fn newcomers(
    tx: &mut Tx<'_>,
    inviter: UserId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<(Page<Newcomer>, HashMap<UserId, Face>)> {
    let rows = store::newcomers(tx, inviter, after, limit)?;
    let page = Page::cut(rows, limit, |newcomer| Cursor { key: 0, id: newcomer.user.get() });
    let users: Vec<UserId> = page.items.iter().map(|newcomer| newcomer.user).collect();
    Ok((page, identity::faces(tx, &users)?))
}

/// A user in the tree of who brought whom.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Who brought them.
    pub inviter: Option<UserId>,
    /// How many steps they are away from somebody who came by themselves.
    pub depth: i64,
    /// How many users stand below them, by distance, the nearest first.
    pub levels: Vec<TreeLevel>,
    /// Whether those are all; a larger tree is not counted to its end.
    pub counted_all: bool,
    /// Those they brought themselves, the latest first.
    pub children: Page<Newcomer>,
    /// How many each of those brought in turn.
    pub grandchildren: HashMap<UserId, i64>,
    /// The nicknames of all who are named.
    pub nicknames: HashMap<UserId, String>,
}

/// Whom a user brought, directly and through others.
///
/// # Errors
/// [`ShareError::UserNotFound`], or the database's.
pub fn tree(tx: &mut Tx<'_>, user: UserId, after: Option<Cursor>, limit: i64) -> Result<Tree, ShareError> {
    let origin = store::origin(tx, user)?;
    let levels = store::levels_below(tx, user, COUNTED)?;
    let rows = store::newcomers(tx, user, after, limit)?;
    let children = Page::cut(rows, limit, |newcomer| Cursor { key: 0, id: newcomer.user.get() });
    let ids: Vec<UserId> = children.items.iter().map(|child| child.user).collect();
    let grandchildren = store::brought_by(tx, &ids)?;
    let inviter = origin.as_ref().and_then(|origin| origin.inviter_id);
    let named: Vec<UserId> = ids.into_iter().chain([user]).chain(inviter).collect();
    let nicknames = identity::nicknames(tx, &named)?;
    if !nicknames.contains_key(&user) {
        return Err(ShareError::UserNotFound);
    }
    let counted: i64 = levels.iter().map(|level| level.users).sum();
    Ok(Tree {
        inviter,
        depth: origin.map_or(0, |origin| origin.depth),
        counted_all: counted < COUNTED,
        levels,
        children,
        grandchildren,
        nicknames,
    })
}

/// What came of the shares made in a period, by channel.
///
/// # Errors
/// The database's.
pub fn by_channel(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> DbResult<Vec<GroupFigures>> {
    store::grouped(tx, Grouping::Channel, from, until, SUBJECTS)
}

/// What came of the shares made in a period, by subject: those that brought most first, at most 200.
///
/// # Errors
/// The database's.
pub fn by_subject(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> DbResult<Vec<GroupFigures>> {
    store::grouped(tx, Grouping::Subject, from, until, SUBJECTS)
}

/// What came of the shares made in a period in each group chat that WeChat proved: those that brought most first, at
/// most 200.
///
/// # Errors
/// The database's.
pub fn by_chat(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> DbResult<Vec<GroupFigures>> {
    store::grouped(tx, Grouping::Chat, from, until, SUBJECTS)
}

/// Sharers by whom their shares of a period brought, and their nicknames.
///
/// # Errors
/// The database's.
pub fn top_sharers(
    tx: &mut Tx<'_>,
    from: Timestamp,
    until: Timestamp,
    limit: i64,
) -> DbResult<(Vec<RankRow>, HashMap<UserId, String>)> {
    let rows = store::ranking(tx, from, until, limit)?;
    let users: Vec<UserId> = rows.iter().map(|row| row.sharer).collect();
    let nicknames = identity::nicknames(tx, &users)?;
    Ok((rows, nicknames))
}
