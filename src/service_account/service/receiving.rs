//! Taking a message in: once, with everything that follows from it, and with its answer.

use super::following::{self, Told};
use crate::entrance::{Entrance, Platform};
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::wechat::push::PassiveReply;
use crate::service_account::error::ServiceAccountError;
use crate::service_account::events::{
    CODE_SCANNED, CodeScanned, MESSAGE_RECEIVED, MessageReceived, TEMPLATE_SETTLED, TemplateSettled,
};
use crate::service_account::model::{
    CodeScan, FollowingChange, Push, PushId, PushKind, ReplyContent, ScanId, ScanOutcome, ServiceCode,
};
use crate::service_account::rules::{self, Destination, Said};
use crate::service_account::store;
use crate::share::{self, SubjectCard, SubjectSources};

/// What taking a message in needs beside it.
#[derive(Clone)]
pub(in crate::service_account) struct House {
    /// To whom it came.
    pub(in crate::service_account) entrance: Entrance,
    /// What codes may lead to.
    pub(in crate::service_account) sources: SubjectSources,
    /// The mini-program that answers lead into.
    pub(in crate::service_account) mini_program: Option<String>,
    /// Where clients go that cannot open it.
    pub(in crate::service_account) web_address: String,
}

impl House {
    fn destination(&self) -> Option<Destination<'_>> {
        let web_address = self.web_address.as_str();
        self.mini_program.as_deref().map(|app_id| Destination { app_id, web_address })
    }
}

/// A code that was scanned, with what it leads to now.
struct Scanned {
    code: ServiceCode,
    card: Option<SubjectCard>,
}

/// Takes a message in and says what to answer, before it is sealed; nothing when there is nothing to say. A message that
/// came before changes nothing and is answered as it was then.
///
/// # Errors
/// [`ServiceAccountError::NotBelieved`] when another message came under the same signature, or the database's.
pub(in crate::service_account) fn receive(
    tx: &mut Tx<'_>,
    house: &House,
    said: &Said,
    nonce_key: &str,
) -> Result<Option<String>, ServiceAccountError> {
    let entrance = house.entrance.id;
    if let Some(before) = store::push_by_key(tx, entrance, &said.dedup_key)? {
        return Ok(before.reply);
    }
    let is_service_account = house.entrance.platform == Platform::WechatService;
    let scanned = if is_service_account { scanned(tx, house, said)? } else { None };
    let reply = if is_service_account { answer(tx, house, said, scanned.as_ref())? } else { None };
    let reply = reply.map(|reply| reply.xml(&said.openid, &said.to, tx.now()));
    let push = Push {
        id: PushId::new(tx.next_id()),
        entrance_id: entrance,
        dedup_key: said.dedup_key.clone(),
        nonce_key: nonce_key.to_owned(),
        openid: said.openid.clone(),
        kind: said.kind,
        words: said.words.clone(),
        reply: reply.clone(),
        sent_at: said.sent_at,
        received_at: tx.now(),
    };
    if !store::insert_push(tx, &push)? {
        // The same message at this very moment, or another one under a signature that was seen.
        let twin = store::push_by_key(tx, entrance, &said.dedup_key)?;
        return twin.map(|twin| twin.reply).ok_or(ServiceAccountError::NotBelieved);
    }
    if is_service_account {
        apply(tx, house, said, scanned, reply.is_some())?;
    }
    Ok(reply)
}

fn scanned(tx: &mut Tx<'_>, house: &House, said: &Said) -> DbResult<Option<Scanned>> {
    let Some(scene) = said.scene() else { return Ok(None) };
    let Some(code) = store::code_by_scene(tx, house.entrance.id, scene)? else { return Ok(None) };
    let subject = match &code.share_token {
        Some(token) => share::find(tx, token)?.map(|share| share.subject()),
        None => code.subject(),
    };
    let card = match subject {
        Some(subject) => house.sources.describe(tx, &subject)?,
        None => None,
    };
    Ok(Some(Scanned { code, card }))
}

/// The answer: what a scanned code leads to, or else what staff wrote for the occasion.
fn answer(
    tx: &mut Tx<'_>,
    house: &House,
    said: &Said,
    scanned: Option<&Scanned>,
) -> Result<Option<PassiveReply>, ServiceAccountError> {
    if let Some(Scanned { code, card: Some(card) }) = scanned {
        let path = match &code.share_token {
            Some(token) => share::path_with_token(&card.path, token),
            None => card.path.clone(),
        };
        return Ok(Some(rules::link(&card.title, &path, house.destination())));
    }
    if !matches!(said.kind, PushKind::Text | PushKind::Click | PushKind::Subscribe) {
        return Ok(None);
    }
    let replies = store::replies_of(tx, house.entrance.id)?;
    let Some(chosen) = rules::choose(&replies, said) else { return Ok(None) };
    let content: ReplyContent = super::replying::content_of(chosen)?;
    Ok(Some(rules::rendered(&content, house.destination())))
}

fn apply(
    tx: &mut Tx<'_>,
    house: &House,
    said: &Said,
    scanned: Option<Scanned>,
    answered: bool,
) -> Result<(), ServiceAccountError> {
    match said.kind {
        PushKind::Subscribe | PushKind::Scan => {
            let code = scanned.as_ref().map(|scanned| scanned.code.id);
            // Only the code by which the following began is the code through which they came.
            let through = code.filter(|_| said.kind == PushKind::Subscribe);
            let told = following::hear(tx, &house.entrance, said, FollowingChange::Followed, through)?;
            match scanned {
                Some(scanned) => note_scan(tx, &told, said, scanned),
                None => Ok(()),
            }
        }
        PushKind::Unsubscribe => {
            following::hear(tx, &house.entrance, said, FollowingChange::Unfollowed, None)?;
            Ok(())
        }
        PushKind::Click | PushKind::View | PushKind::Text => {
            let told = following::hear(tx, &house.entrance, said, FollowingChange::Followed, None)?;
            let menu_key = (said.kind == PushKind::Click).then(|| said.words.clone());
            let payload = MessageReceived {
                entrance_id: house.entrance.id,
                following_id: told.following.id,
                user: told.following.user_id,
                kind: said.kind,
                menu_key,
                answered,
            };
            let user = told.following.user_id;
            events::record(tx, &NewEvent { name: MESSAGE_RECEIVED, version: 1, user, payload: &payload })?;
            Ok(())
        }
        PushKind::TemplateSent => {
            let known = store::following(tx, house.entrance.id, &said.openid)?;
            let user = known.and_then(|following| following.user_id);
            let payload = TemplateSettled {
                entrance_id: house.entrance.id,
                user,
                message_id: said.message_id.clone(),
                status: said.words.clone(),
            };
            events::record(tx, &NewEvent { name: TEMPLATE_SETTLED, version: 1, user, payload: &payload })?;
            Ok(())
        }
        PushKind::Other => Ok(()),
    }
}

fn note_scan(tx: &mut Tx<'_>, told: &Told, said: &Said, scanned: Scanned) -> Result<(), ServiceAccountError> {
    let Scanned { code, card } = scanned;
    let (subject, following) = (code.subject(), &told.following);
    let outcome = if code.share_token.is_some() { ScanOutcome::Waiting } else { ScanOutcome::NoShare };
    let scan = CodeScan {
        id: ScanId::new(tx.next_id()),
        code_id: code.id,
        following_id: following.id,
        followed: told.changed && said.kind == PushKind::Subscribe,
        outcome,
        at: said.sent_at,
        recorded_at: tx.now(),
    };
    store::insert_scan(tx, &scan)?;
    let campaign: Option<CampaignId> = card.and_then(|card| card.campaign);
    let payload = CodeScanned {
        code_id: code.id,
        entrance_id: code.entrance_id,
        following_id: following.id,
        user: following.user_id,
        followed: scan.followed,
        share_token: code.share_token,
        subject,
        campaign,
    };
    let user = following.user_id;
    events::record(tx, &NewEvent { name: CODE_SCANNED, version: 1, user, payload: &payload })?;
    match user {
        Some(user) => following::open_waiting(tx, following.id, user),
        None => Ok(()),
    }
}
