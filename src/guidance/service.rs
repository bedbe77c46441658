//! What somebody still lacks, and links that lead them on.

use std::sync::Arc;

use super::error::{GuidanceError, of_wechat};
use super::model::{GuideLink, GuideLinkId, Guided, LinkForm};
use super::rules::{self, Going, Known};
use super::store;
use crate::entrance::{Entrances, Platform, WechatClients};
use crate::identity::{self, Identity};
use crate::kernel::id::UserId;
use crate::kernel::time::DAY_MS;
use crate::platform::db::{Db, Tx};
use crate::platform::wechat::{EnvVersion, LinkTarget, MAX_LINK_DAYS};
use crate::service_account;
use crate::share::{self, ShareError, SubjectSources};

/// What ways need to know of the shop.
#[derive(Clone, Debug)]
pub struct GuideSettings {
    /// The page that opens when no share says where to go.
    pub home_page: String,
    /// Which version of the mini-program links open.
    pub env_version: EnvVersion,
}

/// Shows people the way. Cloning shares it.
#[derive(Clone)]
pub struct Guide(Arc<Inner>);

struct Inner {
    db: Db,
    entrances: Entrances,
    clients: WechatClients,
    sources: SubjectSources,
    settings: GuideSettings,
}

impl Guide {
    /// A guide to these entrances.
    pub fn new(
        db: Db,
        entrances: Entrances,
        clients: WechatClients,
        sources: SubjectSources,
        settings: GuideSettings,
    ) -> Self {
        Self(Arc::new(Inner { db, entrances, clients, sources, settings }))
    }

    /// Every step there is for somebody, those they have taken too.
    ///
    /// # Errors
    /// That there is no such share, or that what it leads to is not shown now; or the database's.
    pub(super) async fn steps(&self, user: UserId, share: Option<String>) -> Result<Vec<Guided>, GuidanceError> {
        let inner = Arc::clone(&self.0);
        let look = move |tx: &mut Tx<'_>| {
            let going = going(tx, &inner, share.as_deref())?;
            let follows = service_account::follows(tx, user)?.into_iter().map(|following| following.entrance_id);
            let follows = follows.collect();
            let proofs = identity::identities_of(tx, user)?.iter().map(Identity::proof).collect();
            let known = Known { proofs, follows };
            let entrances: Vec<_> = inner.entrances.all().into_iter().map(|open| open.entrance.clone()).collect();
            Ok::<_, GuidanceError>(rules::steps(&entrances, &known, &going))
        };
        self.0.db.read("guidance.steps", look).await
    }

    /// A link that opens the mini-program from outside: the one kept, or a new one of WeChat's, which is asked with no
    /// transaction open.
    ///
    /// # Errors
    /// As [`steps`](Self::steps), and [`GuidanceError::NoMiniProgram`], [`GuidanceError::PageNotReleased`],
    /// [`GuidanceError::LinkUnavailable`].
    pub(super) async fn link(&self, form: LinkForm, share: Option<String>) -> Result<GuideLink, GuidanceError> {
        let open = self.0.entrances.default_of(Platform::WechatMini).ok_or(GuidanceError::NoMiniProgram)?;
        let (inner, entrance) = (Arc::clone(&self.0), open.entrance.id);
        let look = move |tx: &mut Tx<'_>| {
            let going = going(tx, &inner, share.as_deref())?;
            let kept = store::find(tx, entrance, form, going.parts())?;
            let now = tx.now();
            Ok::<_, GuidanceError>((kept.filter(|kept| rules::is_fresh(kept.expires_at, now)), going))
        };
        let (kept, going) = self.0.db.read("guidance.link", look).await?;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (page, query) = going.parts();
        let target = LinkTarget { page, query, env_version: self.0.settings.env_version, days: MAX_LINK_DAYS };
        let client = self.0.clients.client_of(&open);
        let made = match form {
            LinkForm::UrlLink => client.url_link(&target).await,
            LinkForm::Scheme => client.scheme_link(&target).await,
        };
        let link = made.map_err(|error| of_wechat(&error))?;
        let (page, query) = (page.to_owned(), query.to_owned());
        let keep = move |tx: &mut Tx<'_>| {
            let (id, now) = (GuideLinkId::new(tx.next_id()), tx.now());
            let expires_at = now.plus_millis(MAX_LINK_DAYS.saturating_mul(DAY_MS));
            let (page, query, link) = (page.clone(), query.clone(), link.clone());
            let row = GuideLink { id, entrance_id: entrance, form, page, query, link, expires_at, made_at: now };
            store::keep(tx, &row)?;
            Ok::<_, GuidanceError>(row)
        };
        self.0.db.write("guidance.keep_link", keep).await
    }
}

/// Where a share leads, with its token; home when there is none.
fn going(tx: &mut Tx<'_>, inner: &Inner, token: Option<&str>) -> Result<Going, GuidanceError> {
    let Some(token) = token else {
        return Ok(Going { path: inner.settings.home_page.clone(), share_token: None });
    };
    let share = share::find(tx, token)?.ok_or(ShareError::TokenNotFound)?;
    let card = inner.sources.describe(tx, &share.subject())?.ok_or(GuidanceError::SubjectNotFound)?;
    Ok(Going { path: share::path_with_token(&card.path, &share.token), share_token: Some(share.token) })
}
