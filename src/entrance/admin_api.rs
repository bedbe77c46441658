//! Entrances for staff. Secrets come in and never go out: views say which are set, and since when.

use actix_web::{get, post, put, web};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::door::Entrances;
use super::model::{
    Entrance, EntranceDraft, EntranceId, EntranceOrigin, EntranceState, NewEntrance, NewSecrets, Platform,
};
use super::service::{self, AtDesk, EntranceKeys};
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{EntranceRead, EntranceWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_entrances,
    show_entrance,
    create_entrance,
    change_entrance,
    write_entrance_secrets,
    enable_entrance,
    disable_entrance
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_entrances)
        .service(show_entrance)
        .service(create_entrance)
        .service(change_entrance)
        .service(write_entrance_secrets)
        .service(enable_entrance)
        .service(disable_entrance);
}

/// A secret in a body, which nothing prints.
#[derive(Debug)]
struct Hidden(SecretString);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Hidden {
    fn into_inner(self) -> SecretString {
        self.0
    }
}

/// A new entrance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEntrance {
    /// On what kind of application people come.
    platform: Platform,
    /// Its app id there: 1–64 letters, digits, hyphens or underscores.
    #[schema(example = "wx5f3c9a1b7d2e4068", min_length = 1, max_length = 64)]
    app_id: String,
    /// What staff call it, 1–60 characters.
    #[schema(example = "服务号", min_length = 1, max_length = 60)]
    name: String,
    /// The account of WeChat's Open Platform it is bound to; empty for the shop's only one, or none. Two entrances
    /// recognise one person by unionid only when they carry the same text here.
    #[serde(default)]
    #[schema(example = "", max_length = 64)]
    open_platform: String,
    /// The account's original id, by which messages are addressed.
    #[serde(default)]
    #[schema(example = "gh_5f3c9a1b7d2e", max_length = 32)]
    original_id: Option<String>,
    /// The application's secret, 8–256 visible characters; for Alipay the RSA private key as PEM.
    #[schema(value_type = String, example = "5f3c9a1b7d2e40685f3c9a1b7d2e4068", min_length = 8, max_length = 8192)]
    secret: Hidden,
    /// The token that signs messages, 3–32 letters or digits.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 3, max_length = 32)]
    message_token: Option<Hidden>,
    /// The key that seals messages, exactly 43 letters or digits.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 43, max_length = 43)]
    message_aes_key: Option<Hidden>,
}

/// What is written about an entrance, in place of what was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEntrance {
    /// The version that was read; if it has changed since, nothing is replaced.
    #[schema(example = 1)]
    version: i64,
    /// What staff call it, 1–60 characters.
    #[schema(example = "服务号", min_length = 1, max_length = 60)]
    name: String,
    /// The account of WeChat's Open Platform it is bound to; identities proven before keep the one they were proven under.
    #[serde(default)]
    #[schema(example = "", max_length = 64)]
    open_platform: String,
    /// The account's original id, by which messages are addressed.
    #[serde(default)]
    #[schema(example = "gh_5f3c9a1b7d2e", max_length = 32)]
    original_id: Option<String>,
}

/// Secrets to write; an absent one stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteEntranceSecrets {
    /// The application's secret, 8–256 visible characters; for Alipay the RSA private key as PEM.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "5f3c9a1b7d2e40685f3c9a1b7d2e4068", min_length = 8, max_length = 8192)]
    secret: Option<Hidden>,
    /// The token that signs messages, 3–32 letters or digits; null forgets it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 3, max_length = 32)]
    message_token: Option<Option<Hidden>>,
    /// The key that seals messages, exactly 43 letters or digits; null forgets it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = json!(null), min_length = 43, max_length = 43)]
    message_aes_key: Option<Option<Hidden>>,
}

/// Tells an absent field (`None`) from one that was sent: a null is then a value of its own type, or refused.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// An entrance as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntranceView {
    /// The entrance.
    pub entrance_id: EntranceId,
    /// On what kind of application people come.
    pub platform: Platform,
    /// Its app id there.
    #[schema(example = "wx5f3c9a1b7d2e4068")]
    pub app_id: String,
    /// What staff call it.
    #[schema(example = "服务号")]
    pub name: String,
    /// The account of WeChat's Open Platform it is bound to; empty for the shop's only one, or none.
    #[schema(example = "")]
    pub open_platform: String,
    /// The account's original id.
    #[schema(example = "gh_5f3c9a1b7d2e")]
    pub original_id: Option<String>,
    /// Who says that there is this entrance. That of the configuration keeps its secret there.
    pub origin: EntranceOrigin,
    /// Whether people may come in.
    pub state: EntranceState,
    /// When its secret was last written; null when the configuration keeps it, or nobody wrote one.
    pub secret_set_at: Option<Timestamp>,
    /// When the token that signs messages was last written; null when there is none.
    pub message_token_set_at: Option<Timestamp>,
    /// When the key that seals messages was last written; null when there is none.
    pub message_aes_key_set_at: Option<Timestamp>,
    /// Rises with every change.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Entrance> for EntranceView {
    fn from(entrance: Entrance) -> Self {
        Self {
            entrance_id: entrance.id,
            platform: entrance.platform,
            app_id: entrance.app_id,
            name: entrance.name,
            open_platform: entrance.open_platform,
            original_id: entrance.original_id,
            origin: entrance.origin,
            state: entrance.state,
            secret_set_at: entrance.secret_set_at,
            message_token_set_at: entrance.message_token_set_at,
            message_aes_key_set_at: entrance.message_aes_key_set_at,
            version: entrance.version,
            created_at: entrance.created_at,
            updated_at: entrance.updated_at,
        }
    }
}

/// Which entrances to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntranceQuery {
    /// Only those on this platform.
    platform: Option<Platform>,
    /// Only those in this state.
    state: Option<EntranceState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// Lists entrances
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.read"))),
    params(EntranceQuery),
    responses((status = 200, description = "A page of entrances.", body = Page<EntranceView>))
)]
#[get("/entrances")]
pub async fn list_entrances(
    db: web::Data<Db>,
    _staff: Staff<EntranceRead>,
    query: Query<EntranceQuery>,
) -> ApiResult<Json<Page<EntranceView>>> {
    let Query(EntranceQuery { platform, state, cursor, limit }) = query;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let found = db.read("list_entrances", move |tx| service::page(tx, (platform, state), after, limit)).await?;
    Ok(Json(found.map(Into::into)))
}

/// Shows an entrance
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.read"))),
    params(("entrance_id" = EntranceId, Path, description = "The entrance.")),
    responses((status = 200, description = "The entrance.", body = EntranceView))
)]
#[get("/entrances/{entrance_id}")]
pub async fn show_entrance(
    db: web::Data<Db>,
    _staff: Staff<EntranceRead>,
    path: Path<EntranceId>,
) -> ApiResult<Json<EntranceView>> {
    let Path(id) = path;
    let found = db.read("show_entrance", move |tx| service::find(tx, id)).await?;
    Ok(Json(found.into()))
}

/// Adds an entrance
///
/// It is enabled at once.
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.write"))),
    request_body = CreateEntrance,
    responses((status = 201, description = "The entrance.", body = EntranceView))
)]
#[post("/entrances")]
pub async fn create_entrance(
    db: web::Data<Db>,
    keys: web::Data<EntranceKeys>,
    entrances: web::Data<Entrances>,
    staff: Staff<EntranceWrite>,
    body: Json<CreateEntrance>,
) -> ApiResult<Created<EntranceView>> {
    let (Json(body), desk) = (body, desk(&staff));
    let new = NewEntrance {
        platform: body.platform,
        app_id: body.app_id,
        draft: EntranceDraft { name: body.name, open_platform: body.open_platform, original_id: body.original_id },
        secrets: NewSecrets {
            secret: Some(body.secret.into_inner()),
            message_token: body.message_token.map(|token| Some(token.into_inner())),
            message_aes_key: body.message_aes_key.map(|key| Some(key.into_inner())),
        },
    };
    let added = db.write("create_entrance", move |tx| service::add(tx, &keys, &desk, &new)).await?;
    entrances.renew_at_once().await;
    Ok(Created(added.into()))
}

/// Changes what is written about an entrance
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.write"))),
    params(("entrance_id" = EntranceId, Path, description = "The entrance.")),
    request_body = ChangeEntrance,
    responses((status = 200, description = "The entrance after it.", body = EntranceView))
)]
#[put("/entrances/{entrance_id}")]
pub async fn change_entrance(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    staff: Staff<EntranceWrite>,
    path: Path<EntranceId>,
    body: Json<ChangeEntrance>,
) -> ApiResult<Json<EntranceView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let ChangeEntrance { version, name, open_platform, original_id } = body;
    let draft = EntranceDraft { name, open_platform, original_id };
    let changed = db.write("change_entrance", move |tx| service::change(tx, &desk, id, version, &draft)).await?;
    entrances.renew_at_once().await;
    Ok(Json(changed.into()))
}

/// Writes new secrets of an entrance in place of the old ones
///
/// Nobody can read them afterwards. The secret of the configuration's own entrance is changed there.
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.write"))),
    params(("entrance_id" = EntranceId, Path, description = "The entrance.")),
    request_body = WriteEntranceSecrets,
    responses((status = 200, description = "The entrance after it.", body = EntranceView))
)]
#[put("/entrances/{entrance_id}/secrets")]
pub async fn write_entrance_secrets(
    db: web::Data<Db>,
    keys: web::Data<EntranceKeys>,
    entrances: web::Data<Entrances>,
    staff: Staff<EntranceWrite>,
    path: Path<EntranceId>,
    body: Json<WriteEntranceSecrets>,
) -> ApiResult<Json<EntranceView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let WriteEntranceSecrets { secret, message_token, message_aes_key } = body;
    let secrets = NewSecrets {
        secret: secret.map(Hidden::into_inner),
        message_token: message_token.map(|token| token.map(Hidden::into_inner)),
        message_aes_key: message_aes_key.map(|key| key.map(Hidden::into_inner)),
    };
    let write = move |tx: &mut crate::platform::db::Tx<'_>| service::write_secrets(tx, &keys, &desk, id, &secrets);
    let changed = db.write("write_entrance_secrets", write).await?;
    entrances.renew_at_once().await;
    Ok(Json(changed.into()))
}

/// Lets people come in again
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.write"))),
    params(("entrance_id" = EntranceId, Path, description = "The entrance.")),
    responses((status = 200, description = "The entrance after it.", body = EntranceView))
)]
#[post("/entrances/{entrance_id}/enable")]
pub async fn enable_entrance(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    staff: Staff<EntranceWrite>,
    path: Path<EntranceId>,
) -> ApiResult<Json<EntranceView>> {
    set_state(&db, &entrances, &staff, path, EntranceState::Enabled).await
}

/// Lets nobody in any more
///
/// Whoever is logged in stays so; messages to the entrance are no longer taken.
#[utoipa::path(
    tag = "entrance",
    security(("staff" = [])),
    extensions(("x-permission" = json!("entrance.write"))),
    params(("entrance_id" = EntranceId, Path, description = "The entrance.")),
    responses((status = 200, description = "The entrance after it.", body = EntranceView))
)]
#[post("/entrances/{entrance_id}/disable")]
pub async fn disable_entrance(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    staff: Staff<EntranceWrite>,
    path: Path<EntranceId>,
) -> ApiResult<Json<EntranceView>> {
    set_state(&db, &entrances, &staff, path, EntranceState::Disabled).await
}

async fn set_state(
    db: &Db,
    entrances: &Entrances,
    staff: &Staff<EntranceWrite>,
    Path(id): Path<EntranceId>,
    state: EntranceState,
) -> ApiResult<Json<EntranceView>> {
    let desk = desk(staff);
    let after = db.write("set_entrance_state", move |tx| service::set_state(tx, &desk, id, state)).await?;
    entrances.renew_at_once().await;
    Ok(Json(after.into()))
}
