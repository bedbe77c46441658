//! A person asks what is kept about them, or to be forgotten.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::identity::admin_api::PersonDataView;
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::service::{self, IdentityKeys};
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, NoContent, Shopper};

/// That the account is really to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseAccount {
    /// `true`, as a sign that the person was told what goes: it cannot be taken back.
    #[schema(example = true)]
    confirm: bool,
}

/// Hands out everything the shop keeps about the logged-in user.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 200, description = "A profile, and rows by table.", body = PersonDataView)))]
#[get("/me/data")]
pub async fn export_my_data(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    keys: web::Data<IdentityKeys>,
    shopper: Shopper,
) -> ApiResult<Json<PersonDataView>> {
    let told = db.read("export_my_data", move |tx| service::export(tx, &accounts, &keys, shopper.user_id)).await?;
    Ok(Json(PersonDataView(told)))
}

/// Erases the logged-in user's account: what tells who they are goes, what the books need stays and is nobody's. It is
/// refused while orders are under way.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = EraseAccount,
    responses((status = 204, description = "Forgotten, and logged out everywhere.")))]
#[post("/me/erasure")]
pub async fn erase_my_account(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    shopper: Shopper,
    body: Json<EraseAccount>,
) -> ApiResult<NoContent> {
    if !body.confirm {
        return Err(IdentityError::NotConfirmed.into());
    }
    db.write("erase_my_account", move |tx| service::erase(tx, &accounts, shopper.user_id, None)).await?;
    Ok(NoContent)
}
