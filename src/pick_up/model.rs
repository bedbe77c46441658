//! The words of stores.

use diesel::prelude::*;

use crate::kernel::time::Timestamp;
use crate::platform::db::schema;

crate::typed_id! {
    /// A store where orders are collected.
    StoreId,
}

/// Most stores of a shop.
pub const MAX_STORES: i64 = 1_000;
/// Most members of staff who belong to one store.
pub const MAX_STORE_STAFF: usize = 200;

crate::stored_enum! {
    /// Whether a store takes orders.
    pub enum StoreState {
        /// It does.
        Open = "open",
        /// It takes no new ones; what was bought for it before is still handed out there.
        Closed = "closed",
    }
}

/// A store.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::stores, treat_none_as_default_value = false)]
pub struct Store {
    /// The store.
    pub id: StoreId,
    /// What it is called.
    pub name: String,
    /// Where it is, as people read it.
    pub address: String,
    /// Its phone.
    pub phone: String,
    /// When it is open, as people read it.
    pub opening_hours: String,
    /// How far north of the equator, in millionths of a degree.
    pub latitude: Option<i64>,
    /// How far east of Greenwich, in millionths of a degree.
    pub longitude: Option<i64>,
    /// Whether it takes orders.
    pub state: StoreState,
    /// Rises with every change.
    pub version: i64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A place on the map, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// North of the equator.
    pub latitude: i64,
    /// East of Greenwich.
    pub longitude: i64,
}

/// What staff write about a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreDraft {
    /// What it is called, 1–60 characters.
    pub name: String,
    /// Where it is, 1–200 characters.
    pub address: String,
    /// Its phone, 5–20 digits, hyphens or spaces.
    pub phone: String,
    /// When it is open, 1–100 characters.
    pub opening_hours: String,
    /// Where it is on the map.
    pub location: Option<Location>,
}
