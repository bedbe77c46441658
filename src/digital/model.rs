//! The words of virtual goods.

use diesel::prelude::*;

use crate::catalog::SkuId;
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::time::Timestamp;
use crate::order::OrderLineId;
use crate::platform::db::schema;

crate::typed_id! {
    /// One load of codes into a pool.
    LoadId,
    /// One code of a pool.
    CodeId,
}

/// Most codes of one load.
pub const MAX_LOAD: usize = 5_000;
/// Most characters of a code.
pub const MAX_CODE_CHARS: usize = 200;
/// Most characters of a reason.
pub const MAX_REASON_CHARS: usize = 200;

crate::stored_enum! {
    /// What became of a code.
    pub enum CodeState {
        /// Nobody has it yet.
        Free = "free",
        /// A buyer has it. Final.
        Delivered = "delivered",
        /// Staff took it out of the pool. Final.
        Withdrawn = "withdrawn",
    }
}

/// One load of codes into a pool.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::digital_loads, treat_none_as_default_value = false)]
pub struct Load {
    /// The load.
    pub id: LoadId,
    /// The pool.
    pub sku_id: SkuId,
    /// How many codes.
    pub codes: i64,
    /// Where they come from, in words.
    pub reason: String,
    /// Who loaded them; absent when the shop itself did, as in a demonstration.
    pub staff_id: Option<StaffId>,
    /// When.
    pub loaded_at: Timestamp,
}

/// One code of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::digital_codes, treat_none_as_default_value = false)]
pub struct Code {
    /// The code.
    pub id: CodeId,
    /// The pool.
    pub sku_id: SkuId,
    /// With which load it came.
    pub load_id: LoadId,
    /// Finds the same code again without opening it.
    pub fingerprint: String,
    /// The code, sealed for this row.
    pub sealed: String,
    /// What became of it.
    pub state: CodeState,
    /// To which order it was delivered.
    pub order_id: Option<OrderId>,
    /// To which line of it.
    pub line_id: Option<OrderLineId>,
    /// To which piece of the line, from 1.
    pub unit: Option<i64>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

/// What buyers of a SKU are granted.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::access_grants, treat_none_as_default_value = false)]
pub struct Grant {
    /// The SKU.
    pub sku_id: SkuId,
    /// What it is called.
    pub name: String,
    /// What the buyer reads.
    pub instructions: String,
    /// Where it leads; absent when words are enough.
    pub link: Option<String>,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// What is written about a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    /// What it is called, 1–60 characters.
    pub name: String,
    /// What the buyer reads, 1–1000 characters.
    pub instructions: String,
    /// Where it leads, `https://…`; absent when words are enough.
    pub link: Option<String>,
}

/// What the buyer of a line was granted, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::access_deliveries, treat_none_as_default_value = false)]
pub struct AccessDelivery {
    /// The line.
    pub line_id: OrderLineId,
    /// Its order.
    pub order_id: OrderId,
    /// The SKU.
    pub sku_id: SkuId,
    /// What it is called.
    pub name: String,
    /// What the buyer reads.
    pub instructions: String,
    /// Where it leads.
    pub link: Option<String>,
    /// When it was delivered.
    pub delivered_at: Timestamp,
}
