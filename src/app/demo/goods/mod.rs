//! What the demonstration shop sells: categories, freight templates and products with all their SKUs.
//!
//! The goods are written by hand in one TOML file per department, embedded in the binary. A product there names its
//! plainest SKU and its options; a value of an option may be a step (a larger pack costs and weighs more), and the
//! combinations of all values become the SKUs. Brands are invented.

mod expand;
mod recipe;

use serde::Deserialize;

use super::pictures::{Colour, Family, PictureSpec, View};
use crate::kernel::money::Fen;

/// The embedded departments, in the order in which the shop shows them.
const DEPARTMENTS: [(&str, &str); 9] = [
    ("women.toml", include_str!("women.toml")),
    ("men.toml", include_str!("men.toml")),
    ("bags.toml", include_str!("bags.toml")),
    ("beauty.toml", include_str!("beauty.toml")),
    ("food.toml", include_str!("food.toml")),
    ("home.toml", include_str!("home.toml")),
    ("digital.toml", include_str!("digital.toml")),
    ("kids.toml", include_str!("kids.toml")),
    ("sport.toml", include_str!("sport.toml")),
];

/// The embedded freight templates.
const FREIGHT: (&str, &str) = ("freight.toml", include_str!("freight.toml"));

/// Why the goods cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file is not the TOML that is expected.
    #[error("{file}: {source}")]
    Malformed {
        /// The file.
        file: &'static str,
        /// What the parser found.
        source: Box<toml::de::Error>,
    },
    /// A product stands in a category that does not exist.
    #[error("product {product}: no category {category}")]
    UnknownCategory {
        /// The product's code.
        product: String,
        /// The category it names.
        category: String,
    },
    /// A product is sent by a freight template that does not exist.
    #[error("product {product}: no freight template {template}")]
    UnknownFreight {
        /// The product's code.
        product: String,
        /// The template it names.
        template: String,
    },
    /// A colour is not in the palette, or a product names none at all.
    #[error("{owner}: no colour {colour:?}")]
    UnknownColour {
        /// The product or department.
        owner: String,
        /// The colour it names; empty when it names none.
        colour: String,
    },
    /// A combination that is said to be sold out is none of the product's SKUs.
    #[error("product {product}: no SKU {values:?} to be sold out")]
    UnknownCombination {
        /// The product's code.
        product: String,
        /// The values it names.
        values: Vec<String>,
    },
    /// An amount leaves the numbers.
    #[error("product {product}: an amount is out of range")]
    OutOfRange {
        /// The product's code.
        product: String,
    },
}

/// Everything the demonstration shop sells.
#[derive(Clone, Debug)]
pub struct DemoShop {
    /// Categories, every parent before its children.
    pub categories: Vec<DemoCategory>,
    /// How goods are sent.
    pub freight_templates: Vec<DemoFreightTemplate>,
    /// What is sold, in the order of the departments.
    pub products: Vec<DemoProduct>,
}

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoCategory {
    /// Its path from the root, as `women/skirts/dress`.
    pub code: String,
    /// What shoppers read.
    pub name: String,
    /// The code of the category above; `None` for a department.
    pub parent: Option<String>,
    /// Its place among its siblings, from 1.
    pub position: i64,
    /// What its icon shows.
    pub icon: Family,
    /// The colour of its icon.
    pub colour: Colour,
}

/// What freight is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreightMeasure {
    /// Pieces.
    Piece,
    /// Grams.
    Weight,
    /// Cubic centimetres.
    Volume,
}

/// How goods are sent and what that costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoFreightTemplate {
    /// By which products name it.
    pub code: String,
    /// What staff read.
    pub name: String,
    /// The unit of `first` and `more` in its tariffs.
    pub measure: FreightMeasure,
    /// What it costs; exactly one tariff names no province and holds wherever no other does.
    pub tariffs: Vec<DemoTariff>,
    /// When it costs nothing.
    pub free: Vec<DemoFreeShipping>,
    /// Provinces to which nothing is sent.
    pub undeliverable: Vec<String>,
}

/// What freight to some provinces costs: a fee for the first units, another for every further lot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoTariff {
    /// Two-digit province codes of GB/T 2260; empty for everywhere else.
    #[serde(default)]
    pub provinces: Vec<String>,
    /// How many units the first fee covers.
    pub first: i64,
    /// The fee for the first units.
    pub first_fee: Fen,
    /// How many units a further lot has.
    pub more: i64,
    /// The fee for every further lot, begun or full.
    pub more_fee: Fen,
}

/// A threshold above which freight is free.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoFreeShipping {
    /// Two-digit province codes of GB/T 2260; empty for everywhere else.
    #[serde(default)]
    pub provinces: Vec<String>,
    /// From goods of this amount on.
    pub amount: Option<Fen>,
    /// From this many pieces on.
    pub pieces: Option<i64>,
}

/// An option and its values, in the order in which they are offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoOption {
    /// What is chosen: 颜色, 尺码, 规格…
    pub name: String,
    /// What there is to choose from.
    pub values: Vec<String>,
}

/// A product.
#[derive(Clone, Debug)]
pub struct DemoProduct {
    /// The shop's own number for it.
    pub code: String,
    /// The name.
    pub title: String,
    /// One line below the name.
    pub subtitle: String,
    /// An invented brand.
    pub brand: String,
    /// The code of a category without children.
    pub category: String,
    /// Labels.
    pub tags: Vec<String>,
    /// The description: `h2`, `h3`, `p`, `ul`, `li` and `strong` only.
    pub description_html: String,
    /// What is to be chosen.
    pub options: Vec<DemoOption>,
    /// One for every combination of the options' values.
    pub skus: Vec<DemoSku>,
    /// How many have been sold before the demonstration begins.
    pub sold: i64,
    /// The code of a freight template.
    pub freight_template: String,
    /// What its pictures show.
    pub family: Family,
    /// The colour of its cover.
    pub colour: Colour,
}

impl DemoProduct {
    /// Its gallery; the first picture is the cover.
    pub fn gallery(&self) -> Vec<PictureSpec> {
        View::ALL.into_iter().map(|view| self.picture(self.colour, view)).collect()
    }

    /// The picture of one of its SKUs; SKUs of one colour share it.
    pub fn sku_picture(&self, sku: &DemoSku) -> PictureSpec {
        self.picture(sku.colour, View::Whole)
    }

    fn picture(&self, colour: Colour, view: View) -> PictureSpec {
        PictureSpec { code: self.code.clone(), family: self.family, colour, view }
    }
}

/// One combination of option values.
#[derive(Clone, Debug)]
pub struct DemoSku {
    /// The product's code and a number.
    pub code: String,
    /// One value for each of the product's options, in their order.
    pub values: Vec<String>,
    /// What it is sold for.
    pub price: Fen,
    /// The struck-out price beside it.
    pub market_price: Fen,
    /// What the shop paid for it.
    pub cost: Fen,
    /// Packed weight.
    pub weight_grams: i64,
    /// Packed volume.
    pub volume_cm3: i64,
    /// An EAN-13 of the 69 range.
    pub barcode: String,
    /// How many there are; 0 is sold out.
    pub stock: i64,
    /// The colour in its picture.
    pub colour: Colour,
}

/// Reads the embedded goods.
///
/// # Errors
/// [`DemoError`] when a file is malformed or names something that does not exist; the embedded files are tested to
/// be free of both.
pub fn load() -> Result<DemoShop, DemoError> {
    let freight: recipe::FreightFile = parse(FREIGHT)?;
    let mut shop = DemoShop { categories: Vec::new(), freight_templates: freight.templates, products: Vec::new() };
    for file in DEPARTMENTS {
        let recipe::DepartmentFile { department, products } = parse(file)?;
        expand::department(&mut shop, &department)?;
        for product in &products {
            expand::product(&mut shop, &department, product)?;
        }
    }
    Ok(shop)
}

fn parse<File: serde::de::DeserializeOwned>((file, text): (&'static str, &'static str)) -> Result<File, DemoError> {
    toml::from_str(text).map_err(|source| DemoError::Malformed { file, source: Box::new(source) })
}

#[cfg(test)]
mod tests;
