//! The words of freight.

use serde::{Deserialize, Serialize};

use crate::catalog::FreightTemplateId;
use crate::kernel::money::Fen;
use crate::kernel::region::Province;
use crate::kernel::time::Timestamp;

crate::typed_id! {
    /// One tariff of a template.
    TariffId,
}

/// Most characters of a template's name.
pub const MAX_NAME: usize = 60;
/// Most units a tariff's step may have: pieces, grams or cubic centimetres.
pub const MAX_UNITS: i64 = 1_000_000_000;
/// Highest fee of a step, and highest threshold for free freight.
pub const MAX_FEE: Fen = Fen::new(100_000_000);

crate::stored_enum! {
    /// What a template counts.
    pub enum Measure {
        /// Pieces.
        Piece = "piece",
        /// Grams.
        Weight = "weight",
        /// Cubic centimetres.
        Volume = "volume",
    }
}

/// What it costs to send to some provinces, or everywhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// The provinces it is for; empty for everywhere else.
    #[schema(example = json!(["54", "65"]))]
    pub provinces: Vec<Province>,
    /// Whether anything is delivered there. When not, the numbers below mean nothing.
    pub deliverable: bool,
    /// Units covered by the first fee: pieces, grams or cubic centimetres.
    #[schema(example = 1000)]
    pub first_units: i64,
    /// What the first units cost.
    #[serde(rename = "first_fee_fen")]
    #[schema(example = 800)]
    pub first_fee: Fen,
    /// Units of each further step; a started step counts whole.
    #[schema(example = 1000)]
    pub next_units: i64,
    /// What each further step costs.
    #[serde(rename = "next_fee_fen")]
    #[schema(example = 200)]
    pub next_fee: Fen,
    /// Free from this amount of goods on, after discounts; null for never.
    #[serde(rename = "free_from_fen")]
    #[schema(example = 9900)]
    pub free_from: Option<Fen>,
}

/// A template with its tariffs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The template.
    pub id: FreightTemplateId,
    /// How staff call it.
    pub name: String,
    /// What it counts.
    pub measure: Measure,
    /// Rises with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The tariffs; exactly one is for everywhere else.
    pub tariffs: Vec<Tariff>,
}

/// A template as staff give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTemplate {
    /// How staff call it.
    pub name: String,
    /// What it counts.
    pub measure: Measure,
    /// The tariffs; exactly one is for everywhere else.
    pub tariffs: Vec<Tariff>,
}
