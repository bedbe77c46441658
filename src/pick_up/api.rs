//! Stores for shoppers, and how a store looks on the wire.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Location, Store, StoreId, StoreState};
use super::service;
use crate::kernel::page::Page;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Query};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_open_stores))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(list_open_stores);
}

/// A place on the map (GCJ-02, as WeChat's maps take it), in millionths of a degree.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationView {
    /// North of the equator.
    #[schema(example = 22_540_000, minimum = -90_000_000, maximum = 90_000_000)]
    pub latitude_microdegrees: i64,
    /// East of Greenwich.
    #[schema(example = 113_950_000, minimum = -180_000_000, maximum = 180_000_000)]
    pub longitude_microdegrees: i64,
}

impl From<LocationView> for Location {
    fn from(place: LocationView) -> Self {
        Self { latitude: place.latitude_microdegrees, longitude: place.longitude_microdegrees }
    }
}

/// Where a store is on the map, if that was written down.
pub(super) fn location_of(store: &Store) -> Option<LocationView> {
    let (latitude_microdegrees, longitude_microdegrees) = store.latitude.zip(store.longitude)?;
    Some(LocationView { latitude_microdegrees, longitude_microdegrees })
}

/// A store that takes orders.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenStoreView {
    /// The store.
    pub store_id: StoreId,
    /// What it is called.
    #[schema(example = "南山旗舰店")]
    pub name: String,
    /// Where it is.
    #[schema(example = "深圳市南山区科技园一路 1 号")]
    pub address: String,
    /// Its phone.
    #[schema(example = "0755-12345678")]
    pub phone: String,
    /// When it is open.
    #[schema(example = "每天 10:00–22:00")]
    pub opening_hours: String,
    /// Where it is on the map; null when that was not written down.
    pub location: Option<LocationView>,
}

impl From<Store> for OpenStoreView {
    fn from(store: Store) -> Self {
        Self {
            store_id: store.id,
            location: location_of(&store),
            name: store.name,
            address: store.address,
            phone: store.phone,
            opening_hours: store.opening_hours,
        }
    }
}

/// Lists the stores where orders can be collected
#[utoipa::path(
    tag = "store",
    security(()),
    params(PageQuery),
    responses((status = 200, description = "A page of open stores.", body = Page<OpenStoreView>))
)]
#[get("/stores")]
pub async fn list_open_stores(db: web::Data<Db>, page: Query<PageQuery>) -> ApiResult<Json<Page<OpenStoreView>>> {
    let (after, limit) = (page.0.cursor()?, page.0.limit()?);
    let open = Some(StoreState::Open);
    let stores = db.read("list_open_stores", move |tx| service::page(tx, open, after, limit)).await?;
    Ok(Json(stores.map(Into::into)))
}
