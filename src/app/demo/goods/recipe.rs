//! The goods as they are written in the TOML files: one file per department, one for freight. Unknown keys are refused,
//! so that a slip of the pen stops the parsing instead of losing a price.

use serde::Deserialize;

use crate::app::demo::pictures::Family;

/// A file of one department: its categories and its products.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DepartmentFile {
    pub department: Department,
    #[serde(rename = "product")]
    pub products: Vec<Product>,
}

/// The root of a category tree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Department {
    pub code: String,
    pub name: String,
    pub icon: Family,
    /// The palette's name for the colour of the department's icons.
    pub colour: String,
    /// The heading above the reasons to buy.
    pub reasons: String,
    /// The heading above the facts.
    pub details: String,
    pub groups: Vec<Group>,
}

/// The middle of the category tree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub code: String,
    pub name: String,
    pub leaves: Vec<Leaf>,
}

/// A category that holds products.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaf {
    pub code: String,
    pub name: String,
    pub icon: Family,
}

/// A product; its SKUs are all the combinations of its options' values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Product {
    pub code: String,
    pub title: String,
    pub subtitle: String,
    pub brand: String,
    /// Group and leaf within the department, as `skirts/dress`.
    pub category: String,
    pub tags: Vec<String>,
    pub picture: Family,
    /// The palette's name for the colour of everything whose options name none.
    pub colour: Option<String>,
    pub freight: String,
    pub money: Money,
    pub parcel: Parcel,
    pub shelf: Shelf,
    pub options: Vec<ProductOption>,
    /// Combinations without stock, each by its values.
    #[serde(default)]
    pub sold_out: Vec<Vec<String>>,
    pub story: String,
    pub points: Vec<String>,
    pub facts: Vec<(String, String)>,
}

/// Amounts in fen of the plainest SKU.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Money {
    pub price: i64,
    pub market: i64,
    pub cost: i64,
}

/// Weight and volume of the plainest SKU, packed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parcel {
    pub grams: i64,
    pub cm3: i64,
}

/// How many lie on the shelf, per SKU on average, and how many have been sold.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shelf {
    pub stock: i64,
    pub sold: i64,
}

/// An option and its values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductOption {
    pub name: String,
    pub values: Vec<OptionValue>,
}

/// A value alone, or a value that changes what the SKU costs or weighs.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OptionValue {
    Plain(String),
    Stepped(Step),
}

/// What a value adds to the plainest SKU.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub name: String,
    #[serde(default)]
    pub price: i64,
    /// In proportion to the price when absent.
    pub market: Option<i64>,
    /// In proportion to the price when absent.
    pub cost: Option<i64>,
    #[serde(default)]
    pub weight: i64,
    #[serde(default)]
    pub volume: i64,
}

/// The file of freight templates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreightFile {
    #[serde(rename = "template")]
    pub templates: Vec<super::DemoFreightTemplate>,
}
