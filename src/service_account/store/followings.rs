//! Who follows, since when, and how that changed.

use diesel::prelude::*;

use crate::entrance::EntranceId;
use crate::kernel::id::UserId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    code_scans as scans, following_changes as changes, followings, service_pushes as pushes,
};
use crate::platform::db::{DbResult, Tx, columns};
use crate::service_account::model::{
    CodeId, Following, FollowingChange, FollowingChangeId, FollowingChanged, FollowingId, FollowingState, PushKind,
};

/// One person, as an account knows them.
pub(in crate::service_account) fn following(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
    openid: &str,
) -> DbResult<Option<Following>> {
    let found = followings::table.filter(followings::entrance_id.eq(entrance)).filter(followings::openid.eq(openid));
    Ok(found.select(columns::<Following>()).first(tx.conn()?).optional()?)
}

/// One following by its id.
pub(in crate::service_account) fn following_by_id(tx: &mut Tx<'_>, id: FollowingId) -> DbResult<Option<Following>> {
    Ok(followings::table.find(id).select(columns::<Following>()).first(tx.conn()?).optional()?)
}

/// Writes a person down who was not known; false when somebody else just did.
pub(in crate::service_account) fn insert_following(tx: &mut Tx<'_>, following: &Following) -> DbResult<bool> {
    let written = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(followings::table).values(following).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(written == 1)
}

/// A word of WeChat's on whether somebody follows.
#[derive(Clone, Copy, Debug)]
pub(in crate::service_account) struct Word {
    /// Whose.
    pub(in crate::service_account) id: FollowingId,
    /// What it says.
    pub(in crate::service_account) change: FollowingChange,
    /// Through which code they came.
    pub(in crate::service_account) code: Option<CodeId>,
    /// WeChat's moment of it.
    pub(in crate::service_account) at: Timestamp,
}

/// Takes a word, unless it says what was so already, or a newer one was taken before.
pub(in crate::service_account) fn move_following(tx: &mut Tx<'_>, word: Word) -> DbResult<bool> {
    let now = tx.now();
    let row = |state: FollowingState| {
        followings::table.find(word.id).filter(followings::state.eq(state)).filter(followings::told_at.le(word.at))
    };
    let changed = match word.change {
        FollowingChange::Followed => diesel::update(row(FollowingState::Left))
            .set((
                followings::state.eq(FollowingState::Following),
                followings::followed_at.eq(Some(word.at)),
                followings::unfollowed_at.eq(None::<Timestamp>),
                followings::scene.eq(None::<String>),
                followings::code_id.eq(word.code),
                followings::told_at.eq(word.at),
                followings::updated_at.eq(now),
            ))
            .execute(tx.conn()?)?,
        FollowingChange::Unfollowed => diesel::update(row(FollowingState::Following))
            .set((
                followings::state.eq(FollowingState::Left),
                followings::unfollowed_at.eq(Some(word.at)),
                followings::told_at.eq(word.at),
                followings::updated_at.eq(now),
            ))
            .execute(tx.conn()?)?,
    };
    Ok(changed == 1)
}

/// Keeps in mind that somebody began or ceased to follow.
pub(in crate::service_account) fn insert_change(tx: &mut Tx<'_>, word: Word) -> DbResult<()> {
    let row = FollowingChanged {
        id: FollowingChangeId::new(tx.next_id()),
        following_id: word.id,
        change: word.change,
        code_id: word.code,
        at: word.at,
        recorded_at: tx.now(),
    };
    diesel::insert_into(changes::table).values(&row).execute(tx.conn()?)?;
    Ok(())
}

/// What WeChat knew of a follower when it was asked.
pub(in crate::service_account) fn describe_following(
    tx: &mut Tx<'_>,
    id: FollowingId,
    unionid: Option<&str>,
    scene: Option<&str>,
    since: Option<Timestamp>,
) -> DbResult<()> {
    let now = tx.now();
    diesel::update(followings::table.find(id))
        .set((
            unionid.map(|unionid| followings::unionid.eq(unionid)),
            scene.map(|scene| followings::scene.eq(scene)),
            since.map(|since| followings::followed_at.eq(since)),
            followings::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Lets a following be a user's.
pub(in crate::service_account) fn give_following(tx: &mut Tx<'_>, id: FollowingId, user: UserId) -> DbResult<()> {
    let now = tx.now();
    let row = diesel::update(followings::table.find(id));
    row.set((followings::user_id.eq(Some(user)), followings::updated_at.eq(now))).execute(tx.conn()?)?;
    Ok(())
}

/// Those that carry this unionid and are nobody's yet.
pub(in crate::service_account) fn unclaimed(tx: &mut Tx<'_>, unionid: &str) -> DbResult<Vec<Following>> {
    let found = followings::table.filter(followings::unionid.eq(unionid)).filter(followings::user_id.is_null());
    Ok(found.order(followings::id).select(columns::<Following>()).load(tx.conn()?)?)
}

/// What a user follows or followed, the earliest first.
pub(in crate::service_account) fn followings_of(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Following>> {
    let found = followings::table.filter(followings::user_id.eq(user)).order(followings::id);
    Ok(found.select(columns::<Following>()).load(tx.conn()?)?)
}

/// Followers, latest first.
pub(in crate::service_account) fn followers(
    tx: &mut Tx<'_>,
    (entrance, state): (Option<EntranceId>, Option<FollowingState>),
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Following>> {
    let before = FollowingId::new(after.map_or(i64::MAX, |cursor| cursor.id));
    let mut query = followings::table
        .select(columns::<Following>())
        .filter(followings::id.lt(before))
        .order(followings::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(entrance) = entrance {
        query = query.filter(followings::entrance_id.eq(entrance));
    }
    if let Some(state) = state {
        query = query.filter(followings::state.eq(state));
    }
    Ok(query.load(tx.conn()?)?)
}

/// How somebody's following changed, latest first, as far as it fits one page.
pub(in crate::service_account) fn changes_of(
    tx: &mut Tx<'_>,
    id: FollowingId,
    limit: i64,
) -> DbResult<Vec<FollowingChanged>> {
    let found = changes::table.filter(changes::following_id.eq(id)).order(changes::id.desc()).limit(limit);
    Ok(found.select(columns::<FollowingChanged>()).load(tx.conn()?)?)
}

/// What a user wrote to service accounts and tapped in their menus, before a moment, newest first.
pub(in crate::service_account) fn told_by(
    tx: &mut Tx<'_>,
    user: UserId,
    before: Timestamp,
    limit: i64,
) -> DbResult<Vec<(i64, PushKind, Timestamp)>> {
    let theirs = followings::entrance_id.eq(pushes::entrance_id).and(followings::openid.eq(pushes::openid));
    let told = pushes::table
        .inner_join(followings::table.on(theirs))
        .filter(followings::user_id.eq(user))
        .filter(pushes::kind.eq_any(vec![PushKind::Text, PushKind::Click, PushKind::View]))
        .filter(pushes::sent_at.lt(before));
    let newest = told.order(pushes::sent_at.desc()).limit(limit);
    Ok(newest.select((pushes::id, pushes::kind, pushes::sent_at)).load(tx.conn()?)?)
}

/// Forgets what a user did as a follower: how they came and went, what they scanned and wrote.
pub(in crate::service_account) fn forget_deeds(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    let theirs: Vec<Following> =
        followings::table.filter(followings::user_id.eq(user)).select(columns::<Following>()).load(tx.conn()?)?;
    for following in theirs {
        diesel::delete(scans::table.filter(scans::following_id.eq(following.id))).execute(tx.conn()?)?;
        diesel::delete(changes::table.filter(changes::following_id.eq(following.id))).execute(tx.conn()?)?;
        let written = pushes::table.filter(pushes::entrance_id.eq(following.entrance_id));
        diesel::delete(written.filter(pushes::openid.eq(&following.openid))).execute(tx.conn()?)?;
    }
    Ok(())
}
