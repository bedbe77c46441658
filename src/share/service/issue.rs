//! Handing a page on.

use crate::kernel::id::UserId;
use crate::platform::db::{DbError, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::secrets::random_bytes;
use crate::share::error::ShareError;
use crate::share::events::{CREATED, ShareCreated, ShareFacts};
use crate::share::model::{CHAIN_MS, Channel, Origin, Share, ShareId, SubjectKind};
use crate::share::rules;
use crate::share::store;
use crate::share::subject::{SubjectCard, SubjectSources};

/// What a user is about to hand on.
#[derive(Clone, Debug)]
pub struct NewShare {
    /// Who.
    pub sharer: UserId,
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Which one.
    pub reference: String,
    /// How.
    pub channel: Channel,
    /// The token through which they came, if the client knows.
    pub parent: Option<String>,
}

/// Makes a token for what a user is about to hand on; answers it with what the card shows.
///
/// # Errors
/// [`ShareError::SubjectInvalid`], [`ShareError::SubjectNotFound`], or the database's.
pub fn issue(tx: &mut Tx<'_>, sources: &SubjectSources, new: &NewShare) -> Result<(Share, SubjectCard), ShareError> {
    let subject = rules::subject(new.kind, &new.reference)?;
    let card = sources.describe(tx, &subject)?.ok_or(ShareError::SubjectNotFound)?;
    let parent = parent(tx, new)?;
    // Whoever shares has come somehow. From here on nobody can be taken to have brought them, so that the depth of
    // those whom this token will bring is settled too.
    let came_by_themselves = Origin {
        user_id: new.sharer,
        inviter_id: None,
        token_id: None,
        channel: None,
        campaign_id: None,
        depth: 0,
        at: tx.now(),
    };
    store::insert_origin(tx, &came_by_themselves)?;
    let share = Share {
        id: ShareId::new(tx.next_id()),
        token: fresh_token()?,
        sharer_id: new.sharer,
        subject_kind: subject.kind,
        subject_ref: subject.reference,
        channel: new.channel,
        campaign_id: card.campaign,
        parent_id: parent.as_ref().map(|parent| parent.id),
        depth: parent.as_ref().map_or(0, |parent| parent.depth.saturating_add(1)),
        created_at: tx.now(),
    };
    store::insert_token(tx, &share)?;
    let payload = ShareCreated { share: ShareFacts::of(&share), parent_id: share.parent_id };
    events::record(tx, &NewEvent { name: CREATED, version: 1, user: Some(share.sharer_id), payload: &payload })?;
    Ok((share, card))
}

/// The token from which the sharer goes on: the one the client names, if they really came through it, or else the one
/// they came through last. A wrong one is passed over, since nobody's share should fail for where they came from.
fn parent(tx: &mut Tx<'_>, new: &NewShare) -> Result<Option<Share>, ShareError> {
    if let Some(token) = new.parent.as_deref().filter(|token| rules::looks_like_token(token))
        && let Some(named) = store::by_token(tx, token)?
        && store::has_opened(tx, new.sharer, named.id)?
    {
        return Ok(Some(named));
    }
    let since = tx.now().plus_millis(-CHAIN_MS);
    Ok(store::last_touch(tx, new.sharer, since)?.map(|(share, _)| share))
}

fn fresh_token() -> Result<String, DbError> {
    let bytes = random_bytes::<{ rules::TOKEN_BYTES }>().map_err(|error| DbError::Defect(error.to_string()))?;
    rules::token_of(&bytes).ok_or_else(|| DbError::Defect("too little randomness for a token".to_owned()))
}
