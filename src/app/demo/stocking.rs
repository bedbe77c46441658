//! Puts the demonstration's goods on the shelves, through the same services staff use.
//!
//! Pictures come first, since they are kept outside the database; everything else is one transaction, so that a shop
//! whose first start was cut short is empty and not half full.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::goods::{self, DemoCategory, DemoError, DemoFreightTemplate, DemoProduct, DemoShop, FreightMeasure};
use super::pictures::{self, PictureError, PictureSpec};
use crate::catalog::{
    self, CatalogError, CategoryDraft, CategoryId, FreightTemplateId, GoodsKind, ProductDraft, ProductMove,
    ProductOption, SkuDraft,
};
use crate::digital::{self, DigitalError, NewGrant};
use crate::kernel::money::Fen;
use crate::kernel::region::Province;
use crate::pick_up::{self, PickUpError, StoreDraft};
use crate::platform::db::{Db, DbError, DbResult, FromDb, Tx};
use crate::platform::storage::{Storage, StorageError};
use crate::pricing::freight::{self, FreightError, Measure, NewTemplate, Tariff};
use crate::stock::{self, Receipt, StockError, StockLine};

/// Longest picture the demonstration draws, in bytes.
const LARGEST_PICTURE: usize = 4 << 20;
/// Pictures drawn at once.
const AT_ONCE: usize = 4;

/// Why the shelves stay empty.
#[derive(Debug, thiserror::Error)]
pub enum StockingError {
    /// The goods are not what they should be.
    #[error(transparent)]
    Goods(#[from] DemoError),
    /// A picture could not be drawn.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A picture could not be kept.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The catalogue refused something.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Freight refused something.
    #[error(transparent)]
    Freight(#[from] FreightError),
    /// Stock refused something.
    #[error(transparent)]
    Stock(#[from] StockError),
    /// Stores refused something.
    #[error(transparent)]
    PickUp(#[from] PickUpError),
    /// Virtual goods refused something.
    #[error(transparent)]
    Digital(#[from] DigitalError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Something names what is not there.
    #[error("the goods name {0}, which is not there")]
    Missing(String),
}

impl FromDb for StockingError {
    fn db_error(&self) -> Option<&DbError> {
        match self {
            Self::Db(error) => Some(error),
            Self::Catalog(error) => error.db_error(),
            Self::Freight(error) => error.db_error(),
            Self::Stock(error) => error.db_error(),
            Self::PickUp(error) => error.db_error(),
            Self::Digital(error) => error.db_error(),
            _ => None,
        }
    }
}

/// A picture of the demonstration.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Drawing {
    Product(PictureSpec),
    Icon(pictures::Family, pictures::Colour),
}

/// Where each picture is kept.
type Album = HashMap<Drawing, String>;

/// Fills the shelves, unless something stands there already; answers how many products were added.
pub(super) async fn stock_up(db: &Db, storage: &Storage) -> Result<usize, StockingError> {
    if db.read("demo.look", has_categories).await? {
        return Ok(0);
    }
    let shop = Arc::new(goods::load()?);
    let album = Arc::new(draw(&shop, storage).await?);
    let products = shop.products.len();
    db.write("demo.stock_up", move |tx| fill(tx, &shop, &album)).await?;
    Ok(products)
}

fn has_categories(tx: &mut Tx<'_>) -> DbResult<bool> {
    Ok(!catalog::categories(tx)?.is_empty())
}

/// Draws every picture once and keeps it.
async fn draw(shop: &DemoShop, storage: &Storage) -> Result<Album, StockingError> {
    let icons = shop.categories.iter().map(|category| Drawing::Icon(category.icon, category.colour));
    let galleries = shop.products.iter().flat_map(DemoProduct::gallery);
    let skus = shop.products.iter().flat_map(|product| product.skus.iter().map(|sku| product.sku_picture(sku)));
    let drawings: HashSet<Drawing> = icons.chain(galleries.chain(skus).map(Drawing::Product)).collect();
    let keeping = drawings.into_iter().map(|drawing| async move {
        let drawn = drawing.clone();
        let bytes = tokio::task::spawn_blocking(move || match &drawn {
            Drawing::Product(spec) => pictures::product_picture(spec),
            Drawing::Icon(family, colour) => pictures::category_icon(*family, *colour),
        });
        let bytes = bytes.await.map_err(|error| DbError::Defect(error.to_string()))??;
        let stored = storage.put_picture(bytes, LARGEST_PICTURE).await?;
        Ok((drawing, stored.key))
    });
    stream::iter(keeping).buffer_unordered(AT_ONCE).try_collect().await
}

fn fill(tx: &mut Tx<'_>, shop: &DemoShop, album: &Album) -> Result<(), StockingError> {
    // Two demonstrations that start on one database at once: the second finds the first one's shop.
    if has_categories(tx)? {
        return Ok(());
    }
    let mut categories: HashMap<&str, CategoryId> = HashMap::new();
    for category in &shop.categories {
        let id = catalog::add_category(tx, &category_draft(category, &categories, album)?)?;
        categories.insert(&category.code, id);
    }
    let mut templates: HashMap<&str, FreightTemplateId> = HashMap::new();
    for template in &shop.freight_templates {
        let created = freight::create(tx, new_template(template)?)?;
        templates.insert(&template.code, created.id);
    }
    for product in &shop.products {
        let draft = product_draft(product, &categories, &templates, album)?;
        let added = catalog::add_product(tx, &catalog::sanitised(draft))?;
        let id = added.row.id;
        catalog::advance(tx, id, ProductMove::PutOnSale)?;
        catalog::count_sold_before(tx, id, product.sold)?;
        let by_code: HashMap<&str, i64> = product.skus.iter().map(|sku| (sku.code.as_str(), sku.stock)).collect();
        let lines = added.skus.iter().filter_map(|sku| {
            let quantity = by_code.get(sku.code.as_str()).copied().filter(|quantity| *quantity > 0)?;
            Some(StockLine { sku_id: sku.id, quantity })
        });
        let lines: Vec<StockLine> = lines.collect();
        if !lines.is_empty() {
            stock::receive(tx, &Receipt { lines, reason: "开业备货".to_owned(), staff_id: None })?;
        }
    }
    offer_course(tx, shop, &categories, &templates, album)?;
    open_store(tx)
}

/// The one virtual product of the demonstration, beside the earphones it is best heard with.
fn offer_course(
    tx: &mut Tx<'_>,
    shop: &DemoShop,
    categories: &HashMap<&str, CategoryId>,
    templates: &HashMap<&str, FreightTemplateId>,
    album: &Album,
) -> Result<(), StockingError> {
    let earphones = shop.products.iter().find(|product| product.code == "DG01");
    let earphones = earphones.ok_or_else(|| StockingError::Missing("DG01".to_owned()))?;
    let model = product_draft(earphones, categories, templates, album)?;
    let sku = SkuDraft {
        code: "VC01".to_owned(),
        option_values: Vec::new(),
        price_fen: Fen::new(9_900),
        market_price_fen: Some(Fen::new(19_900)),
        cost_fen: None,
        weight_grams: 0,
        volume_cm3: 0,
        barcode: None,
        picture: None,
        sellable: true,
    };
    let draft = ProductDraft {
        kind: Some(GoodsKind::VirtualAccess),
        title: "古典音乐入门音频课".to_owned(),
        subtitle: "三十讲，付款即可收听".to_owned(),
        brand: "声屿".to_owned(),
        tags: vec!["虚拟商品".to_owned()],
        description: "<p>从巴赫到肖邦，每讲十五分钟。付款后在订单里查看收听方式。</p>".to_owned(),
        options: Vec::new(),
        skus: vec![sku],
        ..model
    };
    let added = catalog::add_product(tx, &catalog::sanitised(draft))?;
    for sku in &added.skus {
        let grant = NewGrant {
            name: "古典音乐入门音频课".to_owned(),
            instructions: "打开链接，用下单时的手机号登录即可收听全部三十讲。".to_owned(),
            link: Some("https://shop.example/courses/classical".to_owned()),
        };
        digital::grant_access(tx, sku.id, &grant)?;
        let lines = vec![StockLine { sku_id: sku.id, quantity: 999 }];
        stock::receive(tx, &Receipt { lines, reason: "开业备货".to_owned(), staff_id: None })?;
    }
    catalog::advance(tx, added.row.id, ProductMove::PutOnSale)?;
    Ok(())
}

/// The one store where the demonstration's orders can be collected.
fn open_store(tx: &mut Tx<'_>) -> Result<(), StockingError> {
    let store = StoreDraft {
        name: "南山旗舰店".to_owned(),
        address: "深圳市南山区科技园一路 1 号".to_owned(),
        phone: "0755-12345678".to_owned(),
        opening_hours: "每天 10:00–22:00".to_owned(),
        location: None,
    };
    pick_up::add(tx, &store)?;
    Ok(())
}

fn category_draft(
    category: &DemoCategory,
    known: &HashMap<&str, CategoryId>,
    album: &Album,
) -> Result<CategoryDraft, StockingError> {
    let parent_id = category.parent.as_deref().map(|code| find(known, code)).transpose()?;
    Ok(CategoryDraft {
        parent_id,
        name: category.name.clone(),
        icon: Some(key_of(album, &Drawing::Icon(category.icon, category.colour))?),
        position: category.position,
        shown: true,
    })
}

fn product_draft(
    product: &DemoProduct,
    categories: &HashMap<&str, CategoryId>,
    templates: &HashMap<&str, FreightTemplateId>,
    album: &Album,
) -> Result<ProductDraft, StockingError> {
    let gallery = product.gallery().into_iter().map(|spec| key_of(album, &Drawing::Product(spec)));
    let mut gallery = gallery.collect::<Result<Vec<String>, _>>()?.into_iter();
    let cover = gallery.next().ok_or_else(|| StockingError::Missing(format!("a picture of {}", product.code)))?;
    let sku = |sku: &goods::DemoSku| {
        Ok(SkuDraft {
            code: sku.code.clone(),
            option_values: sku.values.clone(),
            price_fen: sku.price,
            market_price_fen: Some(sku.market_price),
            cost_fen: Some(sku.cost),
            weight_grams: sku.weight_grams,
            volume_cm3: sku.volume_cm3,
            barcode: Some(sku.barcode.clone()),
            picture: Some(key_of(album, &Drawing::Product(product.sku_picture(sku)))?),
            sellable: true,
        })
    };
    let option =
        |option: &goods::DemoOption| ProductOption { name: option.name.clone(), values: option.values.clone() };
    Ok(ProductDraft {
        category_id: find(categories, &product.category)?,
        kind: None,
        freight_template_id: find(templates, &product.freight_template)?,
        title: product.title.clone(),
        subtitle: product.subtitle.clone(),
        brand: product.brand.clone(),
        tags: product.tags.clone(),
        cover,
        gallery: gallery.collect(),
        video: None,
        description: product.description_html.clone(),
        options: product.options.iter().map(option).collect(),
        skus: product.skus.iter().map(sku).collect::<Result<_, StockingError>>()?,
    })
}

fn find<Id: Copy>(known: &HashMap<&str, Id>, code: &str) -> Result<Id, StockingError> {
    known.get(code).copied().ok_or_else(|| StockingError::Missing(code.to_owned()))
}

fn key_of(album: &Album, drawing: &Drawing) -> Result<String, StockingError> {
    album.get(drawing).cloned().ok_or_else(|| StockingError::Missing("a picture".to_owned()))
}

/// What freight to one place costs: which tariff, and from what amount on nothing.
type Terms = (usize, Option<Fen>);

/// The demonstration names tariffs, thresholds and exclusions each with their own provinces; freight wants one tariff
/// for each group of provinces to which the same applies. A threshold in pieces has no counterpart and is left out.
fn new_template(template: &DemoFreightTemplate) -> Result<NewTemplate, StockingError> {
    let missing = |what: &str| StockingError::Missing(format!("{what} of {}", template.code));
    let named = template.tariffs.iter().map(|tariff| &tariff.provinces);
    let named = named.chain(template.free.iter().map(|free| &free.provinces)).flatten();
    let named: HashSet<&String> = named.filter(|province| !template.undeliverable.contains(province)).collect();
    let elsewhere = terms(template, None).ok_or_else(|| missing("a tariff for everywhere else"))?;

    let mut groups: BTreeMap<Terms, Vec<Province>> = BTreeMap::new();
    for code in named {
        let found = terms(template, Some(code)).ok_or_else(|| missing("a tariff"))?;
        if found != elsewhere {
            groups.entry(found).or_default().push(province(code)?);
        }
    }
    let mut tariffs = vec![tariff(template, elsewhere, Vec::new()).ok_or_else(|| missing("a tariff"))?];
    for (found, mut provinces) in groups {
        provinces.sort_unstable();
        tariffs.push(tariff(template, found, provinces).ok_or_else(|| missing("a tariff"))?);
    }
    if !template.undeliverable.is_empty() {
        let provinces = template.undeliverable.iter().map(|code| province(code)).collect::<Result<_, _>>()?;
        let nothing = tariff(template, elsewhere, provinces).ok_or_else(|| missing("a tariff"))?;
        tariffs.push(Tariff { deliverable: false, ..nothing });
    }
    let measure = match template.measure {
        FreightMeasure::Piece => Measure::Piece,
        FreightMeasure::Weight => Measure::Weight,
        FreightMeasure::Volume => Measure::Volume,
    };
    Ok(NewTemplate { name: template.name.clone(), measure, tariffs })
}

/// What applies to a province: what names it, or else what names none.
fn terms(template: &DemoFreightTemplate, province: Option<&String>) -> Option<Terms> {
    let names = |provinces: &[String]| province.is_some_and(|code| provinces.contains(code));
    let own = template.tariffs.iter().position(|tariff| names(&tariff.provinces));
    let tariff = own.or_else(|| template.tariffs.iter().position(|tariff| tariff.provinces.is_empty()))?;
    let own = template.free.iter().find(|free| names(&free.provinces));
    let free = own.or_else(|| template.free.iter().find(|free| free.provinces.is_empty()));
    Some((tariff, free.and_then(|free| free.amount)))
}

fn tariff(template: &DemoFreightTemplate, (place, free_from): Terms, provinces: Vec<Province>) -> Option<Tariff> {
    let found = template.tariffs.get(place)?;
    Some(Tariff {
        provinces,
        deliverable: true,
        first_units: found.first,
        first_fee: found.first_fee,
        next_units: found.more,
        next_fee: found.more_fee,
        free_from,
    })
}

fn province(code: &str) -> Result<Province, StockingError> {
    Province::parse(code).ok_or_else(|| StockingError::Missing(format!("province {code}")))
}
