//! Addresses on the wire.

use actix_web::{delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identity::error::IdentityError;
use crate::identity::model::{Address, AddressId};
use crate::identity::rules::AddressDraft;
use crate::identity::service;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Shopper};

/// An address as the front end sends it. The name of the province follows from its code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBody {
    /// Who receives: 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "张三")]
    receiver_name: String,
    /// A mobile number of 11 digits, or area code and number.
    #[schema(example = "13800001234")]
    receiver_phone: String,
    /// The province's two digits of GB/T 2260.
    #[schema(pattern = "^[0-9]{2}$", example = "44")]
    province_code: String,
    /// The city: 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "深圳市")]
    city: String,
    /// The district or county: 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, example = "南山区")]
    district: String,
    /// Street, house, room: 1 to 120 characters.
    #[schema(min_length = 1, max_length = 120, example = "科技园一路 1 号 101 室")]
    detail: String,
    /// Whether it is to be offered first. The first address is, in any case.
    #[serde(default)]
    is_default: bool,
}

impl From<AddressBody> for AddressDraft {
    fn from(body: AddressBody) -> Self {
        Self {
            receiver_name: body.receiver_name,
            receiver_phone: body.receiver_phone,
            province_code: body.province_code,
            city: body.city,
            district: body.district,
            detail: body.detail,
            is_default: body.is_default,
        }
    }
}

/// An address of the logged-in user.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressView {
    /// Its id.
    pub address_id: AddressId,
    /// Who receives.
    #[schema(example = "张三")]
    pub receiver_name: String,
    /// Their phone.
    #[schema(example = "13800001234")]
    pub receiver_phone: String,
    /// The province's two digits of GB/T 2260.
    #[schema(example = "44")]
    pub province_code: String,
    /// The province's name.
    #[schema(example = "广东省")]
    pub province: String,
    /// The city.
    #[schema(example = "深圳市")]
    pub city: String,
    /// The district or county.
    #[schema(example = "南山区")]
    pub district: String,
    /// Street, house, room.
    #[schema(example = "科技园一路 1 号 101 室")]
    pub detail: String,
    /// Whether it is offered first.
    pub is_default: bool,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<Address> for AddressView {
    fn from(address: Address) -> Self {
        Self {
            address_id: address.id,
            receiver_name: address.receiver_name,
            receiver_phone: address.receiver_phone,
            province_code: address.province_code,
            province: address.province,
            city: address.city,
            district: address.district,
            detail: address.detail,
            is_default: address.is_default,
            updated_at: address.updated_at,
        }
    }
}

/// Every address of a user; there are at most twenty.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressList {
    /// The default one first, then the newest.
    pub items: Vec<AddressView>,
}

/// Lists the user's addresses.
#[utoipa::path(tag = "identity", security(("shopper" = [])),
    responses((status = 200, description = "All addresses.", body = AddressList)))]
#[get("/addresses")]
pub async fn list_addresses(db: web::Data<Db>, shopper: Shopper) -> ApiResult<Json<AddressList>> {
    let addresses = db.read("list_addresses", move |tx| service::list_addresses(tx, shopper.user_id)).await?;
    Ok(Json(AddressList { items: addresses.into_iter().map(AddressView::from).collect() }))
}

/// Adds an address.
#[utoipa::path(tag = "identity", security(("shopper" = [])), request_body = AddressBody,
    responses((status = 201, description = "The address.", body = AddressView)))]
#[post("/addresses")]
pub async fn add_address(
    db: web::Data<Db>,
    shopper: Shopper,
    body: Json<AddressBody>,
) -> ApiResult<Created<AddressView>> {
    let draft = AddressDraft::from(body.0);
    let address = db.write("add_address", move |tx| service::add_address(tx, shopper.user_id, &draft)).await?;
    Ok(Created(address.into()))
}

/// Shows one address.
#[utoipa::path(tag = "identity", security(("shopper" = [])), params(("address_id" = AddressId, Path, description = "Which address.")),
    responses((status = 200, description = "The address.", body = AddressView)))]
#[get("/addresses/{address_id}")]
pub async fn show_address(db: web::Data<Db>, shopper: Shopper, path: Path<AddressId>) -> ApiResult<Json<AddressView>> {
    let address = db.read("show_address", move |tx| service::address(tx, shopper.user_id, path.0)).await?;
    Ok(Json(address.ok_or(IdentityError::AddressNotFound)?.into()))
}

/// Replaces an address. The default stays the default until another takes its place.
#[utoipa::path(tag = "identity", security(("shopper" = [])), params(("address_id" = AddressId, Path, description = "Which address.")),
    request_body = AddressBody, responses((status = 200, description = "The address afterwards.", body = AddressView)))]
#[put("/addresses/{address_id}")]
pub async fn change_address(
    db: web::Data<Db>,
    shopper: Shopper,
    path: Path<AddressId>,
    body: Json<AddressBody>,
) -> ApiResult<Json<AddressView>> {
    let (draft, id) = (AddressDraft::from(body.0), path.0);
    let address =
        db.write("change_address", move |tx| service::change_address(tx, shopper.user_id, id, &draft)).await?;
    Ok(Json(address.into()))
}

/// Removes an address; of the others, the newest becomes the default when it was this one.
#[utoipa::path(tag = "identity", security(("shopper" = [])), params(("address_id" = AddressId, Path, description = "Which address.")),
    responses((status = 204, description = "It is gone.")))]
#[delete("/addresses/{address_id}")]
pub async fn remove_address(db: web::Data<Db>, shopper: Shopper, path: Path<AddressId>) -> ApiResult<NoContent> {
    db.write("remove_address", move |tx| service::remove_address(tx, shopper.user_id, path.0)).await?;
    Ok(NoContent)
}
