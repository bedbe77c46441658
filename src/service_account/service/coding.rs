//! Making codes. A code is written down first, then WeChat is asked for it with no transaction open, then it is written
//! down that WeChat made it: whatever happens between, a scan finds the code it belongs to.

use std::sync::Arc;

use serde_json::json;

use super::AtDesk;
use crate::entrance::{EntranceId, Entrances, OpenEntrance, Platform, WechatClients};
use crate::kernel::id::UserId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::SECOND_MS;
use crate::platform::db::{Db, DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::secrets::random_bytes;
use crate::platform::wechat::{NewSceneCode, SceneCode};
use crate::service_account::error::{ServiceAccountError, of_wechat};
use crate::service_account::events::{CODE_MADE, CodeMade};
use crate::service_account::model::{CodeId, CodeKind, ServiceCode};
use crate::service_account::rules;
use crate::service_account::store::{self, ScanFigures};
use crate::share::{self, ShareError, SubjectKind, SubjectSources};
use crate::staff::audit::{self, AuditEntry};

/// Random bytes of a scene that staff's codes carry.
const SCENE_BYTES: usize = 12;

/// Makes codes of service accounts. Cloning shares it.
#[derive(Clone)]
pub struct CodeDesk(Arc<Inner>);

struct Inner {
    db: Db,
    entrances: Entrances,
    clients: WechatClients,
    sources: SubjectSources,
}

/// A code that staff wish for.
#[derive(Clone, Debug)]
pub(in crate::service_account) struct NewCode {
    pub(in crate::service_account) entrance_id: EntranceId,
    pub(in crate::service_account) name: String,
    pub(in crate::service_account) kind: CodeKind,
    pub(in crate::service_account) subject: Option<(SubjectKind, String)>,
}

/// A code with how often it was scanned.
pub(in crate::service_account) struct CodeFile {
    pub(in crate::service_account) code: ServiceCode,
    pub(in crate::service_account) figures: ScanFigures,
}

impl CodeDesk {
    /// A desk that asks these clients.
    pub fn new(db: Db, entrances: Entrances, clients: WechatClients, sources: SubjectSources) -> Self {
        Self(Arc::new(Inner { db, entrances, clients, sources }))
    }

    /// The code of a user's own share in a service account, or in the oldest one. It is made once a month.
    ///
    /// # Errors
    /// [`ServiceAccountError::EntranceNotFound`], that there is no such share, [`ServiceAccountError::CodeUnavailable`],
    /// or the database's.
    pub async fn of_share(
        &self,
        user: UserId,
        token: &str,
        entrance: Option<EntranceId>,
    ) -> Result<ServiceCode, ServiceAccountError> {
        let open = self.service_account(entrance)?;
        let (id, token) = (open.entrance.id, token.to_owned());
        let begun = move |tx: &mut Tx<'_>| begin_for_share(tx, id, user, &token);
        let code = self.0.db.write("service_account.share_code", begun).await?;
        self.make(&open, code).await
    }

    /// A code that staff wish for.
    ///
    /// # Errors
    /// As [`of_share`](Self::of_share), and when the name or the subject is none.
    pub(in crate::service_account) async fn for_staff(
        &self,
        desk: AtDesk,
        new: NewCode,
    ) -> Result<ServiceCode, ServiceAccountError> {
        let open = self.service_account(Some(new.entrance_id))?;
        let sources = self.0.sources.clone();
        let begun = move |tx: &mut Tx<'_>| begin_for_staff(tx, &sources, &desk, &new);
        let code = self.0.db.write("service_account.staff_code", begun).await?;
        self.make(&open, code).await
    }

    /// Has WeChat make a code of staff's that it did not make, or that ends soon.
    ///
    /// # Errors
    /// As [`of_share`](Self::of_share).
    pub(in crate::service_account) async fn make_again(&self, id: CodeId) -> Result<ServiceCode, ServiceAccountError> {
        let found = self.0.db.read("service_account.code", move |tx| code_of_staff(tx, id)).await?;
        let open = self.service_account(Some(found.entrance_id))?;
        self.make(&open, found).await
    }

    fn service_account(&self, id: Option<EntranceId>) -> Result<Arc<OpenEntrance>, ServiceAccountError> {
        let found = match id {
            Some(id) => self.0.entrances.by_id(id),
            None => self.0.entrances.default_of(Platform::WechatService),
        };
        let fits = found.filter(|open| open.entrance.platform == Platform::WechatService);
        fits.ok_or(ServiceAccountError::EntranceNotFound)
    }

    async fn make(&self, open: &OpenEntrance, code: ServiceCode) -> Result<ServiceCode, ServiceAccountError> {
        if !rules::needs_making(&code, self.0.db.clock().now()) {
            return Ok(code);
        }
        let client = self.0.clients.client_of(open);
        let wish = NewSceneCode { scene: &code.scene, life_seconds: rules::life_of(code.kind) };
        let made = client.scene_code(&wish).await.map_err(|error| of_wechat(&error))?;
        let id = code.id;
        self.0.db.write("service_account.code_made", move |tx| note_made(tx, id, &made)).await
    }
}

fn begin_for_share(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
    user: UserId,
    token: &str,
) -> Result<ServiceCode, ServiceAccountError> {
    let share = share::find(tx, token)?.filter(|share| share.sharer_id == user).ok_or(ShareError::TokenNotFound)?;
    if let Some(known) = store::code_by_scene(tx, entrance, &share.token)? {
        return Ok(known);
    }
    let code = ServiceCode {
        scene: share.token.clone(),
        kind: CodeKind::Temporary,
        share_token: Some(share.token.clone()),
        user_id: Some(user),
        ..blank(tx, entrance)
    };
    if store::insert_code(tx, &code)? {
        return Ok(code);
    }
    store::code_by_scene(tx, entrance, &share.token)?.ok_or(ServiceAccountError::CodeNotFound)
}

fn begin_for_staff(
    tx: &mut Tx<'_>,
    sources: &SubjectSources,
    desk: &AtDesk,
    new: &NewCode,
) -> Result<ServiceCode, ServiceAccountError> {
    let name = rules::name(&new.name).map_err(ServiceAccountError::InvalidField)?;
    let subject = match &new.subject {
        Some((kind, reference)) => Some(share::subject(*kind, reference)?),
        None => None,
    };
    if let Some(subject) = &subject
        && sources.describe(tx, subject)?.is_none()
    {
        return Err(ServiceAccountError::SubjectNotFound);
    }
    let bytes = random_bytes::<SCENE_BYTES>().map_err(|error| DbError::Defect(error.to_string()))?;
    let code = ServiceCode {
        scene: hex::encode(bytes),
        name,
        kind: new.kind,
        subject_kind: subject.as_ref().map(|subject| subject.kind),
        subject_ref: subject.map(|subject| subject.reference),
        ..blank(tx, new.entrance_id)
    };
    if !store::insert_code(tx, &code)? {
        return Err(DbError::Conflict("a scene was drawn twice".to_owned()).into());
    }
    let entry = AuditEntry {
        staff_id: desk.staff_id,
        action: "service_code.create",
        subject_kind: "service_code",
        subject_id: Some(code.id.get()),
        reason: None,
        before: None,
        after: Some(json!({
            "entrance_id": code.entrance_id, "name": code.name, "kind": code.kind, "subject": code.subject()
        })),
        origin: &desk.origin,
    };
    audit::record(tx, &entry)?;
    Ok(code)
}

fn blank(tx: &Tx<'_>, entrance_id: EntranceId) -> ServiceCode {
    ServiceCode {
        id: CodeId::new(tx.next_id()),
        entrance_id,
        scene: String::new(),
        name: String::new(),
        kind: CodeKind::Temporary,
        share_token: None,
        subject_kind: None,
        subject_ref: None,
        user_id: None,
        ticket: None,
        url: None,
        expires_at: None,
        created_at: tx.now(),
        made_at: None,
    }
}

fn note_made(tx: &mut Tx<'_>, id: CodeId, made: &SceneCode) -> Result<ServiceCode, ServiceAccountError> {
    let before = store::code(tx, id)?.ok_or(ServiceAccountError::CodeNotFound)?;
    let life = made.expire_seconds.or(rules::life_of(before.kind)).filter(|_| before.kind == CodeKind::Temporary);
    let expires_at = life.map(|seconds| tx.now().plus_millis(seconds.saturating_mul(SECOND_MS)));
    store::code_made(tx, id, (&made.ticket, &made.url), expires_at)?;
    let payload = CodeMade {
        code_id: id,
        entrance_id: before.entrance_id,
        share_token: before.share_token.clone(),
        subject: before.subject(),
    };
    events::record(tx, &NewEvent { name: CODE_MADE, version: 1, user: before.user_id, payload: &payload })?;
    store::code(tx, id)?.ok_or(ServiceAccountError::CodeNotFound)
}

/// A user's own code.
pub(in crate::service_account) fn own_code(
    tx: &mut Tx<'_>,
    user: UserId,
    id: CodeId,
) -> Result<ServiceCode, ServiceAccountError> {
    let found = store::code(tx, id)?.filter(|code| code.user_id == Some(user));
    found.ok_or(ServiceAccountError::CodeNotFound)
}

fn code_of_staff(tx: &mut Tx<'_>, id: CodeId) -> Result<ServiceCode, ServiceAccountError> {
    store::code(tx, id)?.filter(|code| code.user_id.is_none()).ok_or(ServiceAccountError::CodeNotFound)
}

/// A code of staff's with how often it was scanned.
pub(in crate::service_account) fn code_file(tx: &mut Tx<'_>, id: CodeId) -> Result<CodeFile, ServiceAccountError> {
    let code = code_of_staff(tx, id)?;
    Ok(CodeFile { figures: store::scan_figures(tx, id)?, code })
}

/// Codes that staff made, latest first.
pub(in crate::service_account) fn code_page(
    tx: &mut Tx<'_>,
    entrance: Option<EntranceId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<ServiceCode>> {
    let rows = store::codes_of_staff(tx, entrance, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id.get() }))
}
