//! What a product and a category must look like, and how a product's state moves.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::error::CatalogError;
use super::model::{
    CategoryDraft, CategoryId, CategoryRow, Product, ProductDraft, ProductOption, ProductRow, ProductState, Schedule,
    SkuDraft,
};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// The highest price of one piece: a hundred million yuan less one fen keeps every total within 64 bits.
pub const MAX_PRICE: Fen = Fen::new(100_000_000_000);
const MAX_MEASURE: i64 = 1_000_000_000;
const MAX_SKUS: usize = 200;

/// What may happen to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductMove {
    /// It is put on sale.
    PutOnSale,
    /// It is taken off sale.
    TakeOffSale,
}

/// Where a move leads.
///
/// # Errors
/// When the move is not one from this state.
pub fn next(state: ProductState, step: ProductMove) -> Result<ProductState, CatalogError> {
    match (state, step) {
        (ProductState::Draft | ProductState::OffSale, ProductMove::PutOnSale) => Ok(ProductState::OnSale),
        (ProductState::OnSale, ProductMove::TakeOffSale) => Ok(ProductState::OffSale),
        (ProductState::OnSale, ProductMove::PutOnSale)
        | (ProductState::Draft | ProductState::OffSale, ProductMove::TakeOffSale) => Err(CatalogError::IllegalMove),
    }
}

/// Whether a product is for sale at `now`: its plan counts even before the sweep that carries it out came by.
pub fn is_on_sale(
    state: ProductState,
    on_sale_at: Option<Timestamp>,
    off_sale_at: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let begun = state == ProductState::OnSale || on_sale_at.is_some_and(|at| at <= now);
    begun && off_sale_at.is_none_or(|at| now < at)
}

fn wrong<T>(field: &str, reason: &str) -> Result<T, CatalogError> {
    Err(CatalogError::InvalidDraft(json!({ "field": field, "reason": reason })))
}

fn check_text(field: &str, text: &str, least: usize, most: usize) -> Result<(), CatalogError> {
    let length = text.chars().count();
    if !(least..=most).contains(&length) {
        return wrong(field, &format!("{least} to {most} characters are allowed"));
    }
    if text.chars().any(|sign| sign.is_control()) || text.trim() != text {
        return wrong(field, "control characters and spaces at either end are not allowed");
    }
    Ok(())
}

/// Whether a text is a key of the picture store: never a path or an address from the client.
fn check_picture(field: &str, key: &str) -> Result<(), CatalogError> {
    let stem = key.strip_suffix(".png").or_else(|| key.strip_suffix(".jpg")).unwrap_or_default();
    let fits =
        !stem.is_empty() && key.len() <= 120 && !stem.starts_with('/') && !stem.ends_with('/') && !stem.contains("//");
    let plain = stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'/');
    if fits && plain { Ok(()) } else { wrong(field, "this is not the key of an uploaded picture") }
}

/// Checks a category's own fields.
///
/// # Errors
/// With the field that does not fit.
pub fn check_category(draft: &CategoryDraft) -> Result<(), CatalogError> {
    check_text("name", &draft.name, 1, 20)?;
    if let Some(icon) = &draft.icon {
        check_picture("icon", icon)?;
    }
    if (0..=1_000_000).contains(&draft.position) { Ok(()) } else { wrong("position", "0 to 1000000 is allowed") }
}

/// The categories from the top down to `id`, itself included; empty when there is no such category.
pub fn path_of(id: CategoryId, categories: &HashMap<CategoryId, CategoryRow>) -> Vec<CategoryId> {
    let mut path = Vec::new();
    let mut step = Some(id);
    while let Some(at) = step {
        // A circle cannot be stored, but a loop that cannot end is worse than a wrong path.
        if path.contains(&at) {
            break;
        }
        let Some(row) = categories.get(&at) else { break };
        path.push(at);
        step = row.parent_id;
    }
    path.reverse();
    path
}

/// The same by a table of parents alone.
pub fn path_through(id: CategoryId, parents: &HashMap<CategoryId, Option<CategoryId>>) -> Vec<CategoryId> {
    let mut path = Vec::new();
    let mut step = Some(id);
    while let Some(at) = step.filter(|at| !path.contains(at)) {
        path.push(at);
        step = parents.get(&at).copied().flatten();
    }
    path.reverse();
    path
}

/// Checks that `id` may hang below `parent`.
///
/// # Errors
/// When the parent does not exist or hangs below `id`.
pub fn check_parent(
    id: Option<CategoryId>,
    parent: Option<CategoryId>,
    categories: &HashMap<CategoryId, CategoryRow>,
) -> Result<(), CatalogError> {
    let Some(parent) = parent else { return Ok(()) };
    let path = path_of(parent, categories);
    if path.is_empty() {
        return Err(CatalogError::UnknownCategory);
    }
    if id.is_some_and(|id| path.contains(&id)) { Err(CatalogError::CategoryCircle) } else { Ok(()) }
}

/// Checks everything about a product that needs no database.
///
/// # Errors
/// With the field that does not fit.
pub fn check_product(draft: &ProductDraft) -> Result<(), CatalogError> {
    check_text("title", &draft.title, 1, 60)?;
    check_text("subtitle", &draft.subtitle, 0, 100)?;
    check_text("brand", &draft.brand, 0, 40)?;
    if draft.tags.len() > 10 {
        return wrong("tags", "at most 10 are allowed");
    }
    for tag in &draft.tags {
        check_text("tags", tag, 1, 12)?;
    }
    if !draft.cover.is_empty() {
        check_picture("cover", &draft.cover)?;
    }
    if draft.gallery.len() > 10 {
        return wrong("gallery", "at most 10 are allowed");
    }
    for key in &draft.gallery {
        check_picture("gallery", key)?;
    }
    if let Some(video) = &draft.video
        && !(video.starts_with("https://") && video.len() <= 500 && video.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        return wrong("video", "an https address of at most 500 characters is allowed");
    }
    if draft.description.chars().count() > 50_000 {
        return wrong("description", "at most 50000 characters are allowed");
    }
    check_options(&draft.options)?;
    check_skus(&draft.skus, &draft.options)
}

fn check_options(options: &[ProductOption]) -> Result<(), CatalogError> {
    if options.len() > 4 {
        return wrong("options", "at most 4 are allowed");
    }
    let mut names = HashSet::new();
    for option in options {
        check_text("options.name", &option.name, 1, 20)?;
        let values: HashSet<&String> = option.values.iter().collect();
        if option.values.is_empty() || option.values.len() > 40 || values.len() != option.values.len() {
            return wrong("options.values", "1 to 40 different values are needed");
        }
        for value in &option.values {
            check_text("options.values", value, 1, 30)?;
        }
        if !names.insert(&option.name) {
            return wrong("options.name", "two options have the same name");
        }
    }
    Ok(())
}

fn check_skus(skus: &[SkuDraft], options: &[ProductOption]) -> Result<(), CatalogError> {
    if skus.is_empty() || skus.len() > MAX_SKUS {
        return wrong("skus", "1 to 200 are needed");
    }
    let mut codes = HashSet::new();
    let mut combinations = HashSet::new();
    for sku in skus {
        check_sku(sku, options)?;
        if !codes.insert(&sku.code) {
            return wrong("skus.code", "two SKUs have the same code");
        }
        if !combinations.insert(&sku.option_values) {
            return wrong("skus.option_values", "two SKUs have the same option values");
        }
    }
    Ok(())
}

fn check_sku(sku: &SkuDraft, options: &[ProductOption]) -> Result<(), CatalogError> {
    check_text("skus.code", &sku.code, 1, 40)?;
    let known = sku.option_values.len() == options.len()
        && sku.option_values.iter().zip(options).all(|(value, option)| option.values.contains(value));
    if !known {
        return wrong("skus.option_values", "one value of each option is needed, in the order of the options");
    }
    let price = |fen: Fen| (Fen::ZERO..=MAX_PRICE).contains(&fen);
    if !price(sku.price_fen) {
        return wrong("skus.price_fen", "0 to 100000000000 is allowed");
    }
    if sku.market_price_fen.is_some_and(|market| !price(market) || market < sku.price_fen) {
        return wrong("skus.market_price_fen", "it may not be below the price");
    }
    if sku.cost_fen.is_some_and(|cost| !price(cost)) {
        return wrong("skus.cost_fen", "0 to 100000000000 is allowed");
    }
    if !(0..=MAX_MEASURE).contains(&sku.weight_grams) || !(0..=MAX_MEASURE).contains(&sku.volume_cm3) {
        return wrong("skus.weight_grams", "weight and volume may be 0 to 1000000000");
    }
    if let Some(barcode) = &sku.barcode {
        check_text("skus.barcode", barcode, 1, 20)?;
    }
    sku.picture.as_deref().map_or(Ok(()), |key| check_picture("skus.picture", key))
}

/// Checks that a product has what it needs to be sold.
///
/// # Errors
/// With what is missing.
pub fn check_ready(row: &ProductRow, sellable_skus: usize) -> Result<(), CatalogError> {
    let missing: Vec<&str> = [(row.cover.is_empty(), "cover"), (sellable_skus == 0, "a sellable SKU")]
        .into_iter()
        .filter_map(|(lacks, what)| lacks.then_some(what))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(CatalogError::NotReady(json!({ "missing": missing }))) }
}

/// Checks a plan.
///
/// # Errors
/// When it ends before it begins or lies in the past.
pub fn check_schedule(schedule: &Schedule, now: Timestamp) -> Result<(), CatalogError> {
    if schedule.on_sale_at.is_some_and(|at| at <= now) || schedule.off_sale_at.is_some_and(|at| at <= now) {
        return wrong("on_sale_at", "a plan must lie in the future");
    }
    match (schedule.on_sale_at, schedule.off_sale_at) {
        (Some(on), Some(off)) if off <= on => wrong("off_sale_at", "it must come after on_sale_at"),
        _ => Ok(()),
    }
}

/// The lowest price among the SKUs that may be bought, if any may.
pub fn lowest_price(product: &Product) -> Option<Fen> {
    product.skus.iter().filter(|sku| sku.sellable).map(|sku| sku.price_fen).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(code: &str, values: &[&str]) -> SkuDraft {
        SkuDraft {
            code: code.to_owned(),
            option_values: values.iter().map(|value| (*value).to_owned()).collect(),
            price_fen: Fen::new(100),
            market_price_fen: None,
            cost_fen: None,
            weight_grams: 1,
            volume_cm3: 1,
            barcode: None,
            picture: None,
            sellable: true,
        }
    }

    fn draft() -> ProductDraft {
        ProductDraft {
            kind: None,
            category_id: CategoryId::new(1),
            freight_template_id: super::super::model::FreightTemplateId::new(1),
            title: "连衣裙".to_owned(),
            subtitle: String::new(),
            brand: String::new(),
            tags: vec![],
            cover: "ab/01.png".to_owned(),
            gallery: vec![],
            video: None,
            description: String::new(),
            options: vec![ProductOption { name: "尺码".to_owned(), values: vec!["S".to_owned(), "M".to_owned()] }],
            skus: vec![sku("A", &["S"]), sku("B", &["M"])],
        }
    }

    #[test]
    fn a_sound_product_passes_and_each_flaw_is_named() {
        assert!(check_product(&draft()).is_ok());
        type Spoil = fn(&mut ProductDraft);
        let flaws: [(&str, Spoil); 9] = [
            ("title", |draft| draft.title.clear()),
            ("title", |draft| draft.title = "\u{7}bell".to_owned()),
            ("cover", |draft| draft.cover = "../etc/passwd".to_owned()),
            ("video", |draft| draft.video = Some("http://example.com/a.mp4".to_owned())),
            ("skus.option_values", |draft| draft.skus[1].option_values = vec!["S".to_owned()]),
            ("skus.option_values", |draft| draft.skus[1].option_values = vec!["XXL".to_owned()]),
            ("skus.code", |draft| draft.skus[1].code = "A".to_owned()),
            ("skus.price_fen", |draft| draft.skus[0].price_fen = Fen::new(-1)),
            ("skus.market_price_fen", |draft| draft.skus[0].market_price_fen = Some(Fen::new(99))),
        ];
        for (field, spoil) in flaws {
            let mut spoiled = draft();
            spoil(&mut spoiled);
            match check_product(&spoiled) {
                Err(CatalogError::InvalidDraft(details)) => assert_eq!(details["field"], field),
                other => panic!("{field}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_product_moves_only_between_sale_and_off_sale() {
        use ProductState::{Draft, OffSale, OnSale};
        assert!(matches!(next(Draft, ProductMove::PutOnSale), Ok(OnSale)));
        assert!(matches!(next(OffSale, ProductMove::PutOnSale), Ok(OnSale)));
        assert!(matches!(next(OnSale, ProductMove::TakeOffSale), Ok(OffSale)));
        assert!(next(OnSale, ProductMove::PutOnSale).is_err());
        assert!(next(Draft, ProductMove::TakeOffSale).is_err());
    }

    #[test]
    fn a_category_cannot_hang_below_itself() {
        let row = |id: i64, parent: Option<i64>| CategoryRow {
            id: CategoryId::new(id),
            parent_id: parent.map(CategoryId::new),
            name: String::new(),
            icon: None,
            position: 0,
            shown: true,
        };
        let tree: HashMap<_, _> =
            [row(1, None), row(2, Some(1)), row(3, Some(2))].into_iter().map(|row| (row.id, row)).collect();
        let id = CategoryId::new;
        assert_eq!(path_of(id(3), &tree), vec![id(1), id(2), id(3)]);
        assert!(matches!(check_parent(Some(id(1)), Some(id(3)), &tree), Err(CatalogError::CategoryCircle)));
        assert!(matches!(check_parent(Some(id(1)), Some(id(9)), &tree), Err(CatalogError::UnknownCategory)));
        assert!(check_parent(Some(id(3)), Some(id(1)), &tree).is_ok());
    }

    #[test]
    fn a_plan_counts_to_the_millisecond() {
        let at = Timestamp::from_millis;
        assert!(!is_on_sale(ProductState::Draft, Some(at(10)), None, at(9)));
        assert!(is_on_sale(ProductState::Draft, Some(at(10)), None, at(10)));
        assert!(is_on_sale(ProductState::OnSale, None, Some(at(10)), at(9)));
        assert!(!is_on_sale(ProductState::OnSale, None, Some(at(10)), at(10)));
    }
}
