//! A shop of ten thousand products, written through the capabilities themselves.

use hourglass::app::config::Values;
use hourglass::catalog::{self, CategoryDraft, FreightTemplateId, ProductDraft, ProductMove, SkuDraft, SkuId};
use hourglass::kernel::money::Fen;
use hourglass::kernel::time::Clock;
use hourglass::platform::db::faults::Faults;
use hourglass::platform::db::{Db, DbSettings, Tx, migrate_up};
use hourglass::platform::events::Relay;
use hourglass::pricing::freight::{self, Measure, NewTemplate, Tariff};
use hourglass::stock::{self, Receipt, StockLine};

const KINDS: [&str; 12] =
    ["连衣裙", "衬衫", "牛仔裤", "运动鞋", "保温杯", "蓝牙耳机", "坚果礼盒", "面膜", "积木", "台灯", "帐篷", "靠垫"];
const WORDS: [&str; 10] = ["法式", "轻盈", "复古", "高腰", "便携", "降噪", "每日", "补水", "益智", "北欧"];

/// What the benchmark needs to know of the shop.
pub struct Fixture {
    /// Products on sale, as text.
    pub products: Vec<String>,
    /// SKUs with plenty of stock, as text.
    pub skus: Vec<String>,
}

/// Fills an empty database.
pub async fn fill(settings: &DbSettings, products: usize) -> Fixture {
    migrate_up(settings).expect("migrations apply");
    let db = Db::open(settings.clone(), Clock::wall(), 9, Faults::none()).expect("the database opens");
    let (category_id, freight_template_id) = db.write("bench.base", base).await.expect("a category and a template");
    let mut fixture = Fixture { products: Vec::new(), skus: Vec::new() };
    for chunk in (0..products).collect::<Vec<_>>().chunks(50) {
        let numbers = chunk.to_vec();
        let written = db.write("bench.products", move |tx| {
            numbers
                .iter()
                .map(|number| product(tx, category_id, freight_template_id, *number))
                .collect::<Result<Vec<_>, _>>()
        });
        for (product, sku) in written.await.expect("products") {
            fixture.products.push(product.to_string());
            fixture.skus.push(sku.to_string());
        }
    }
    // What nobody wants to hear is out of the way before anything is measured.
    Relay::new(db, Vec::new()).round().await.expect("events are delivered");
    fixture
}

fn base(tx: &mut Tx<'_>) -> Result<(catalog::CategoryId, FreightTemplateId), catalog::CatalogError> {
    let draft = CategoryDraft { parent_id: None, name: "全部".into(), icon: None, position: 1, shown: true };
    let category = catalog::add_category(tx, &draft)?;
    let tariff = Tariff {
        provinces: Vec::new(),
        deliverable: true,
        first_units: 1,
        first_fee: Fen::new(600),
        next_units: 1,
        next_fee: Fen::new(100),
        free_from: Some(Fen::new(9_900)),
    };
    let template = NewTemplate { name: "按件".into(), measure: Measure::Piece, tariffs: vec![tariff] };
    let template = freight::create(tx, template).expect("a template");
    Ok((category, template.id))
}

fn product(
    tx: &mut Tx<'_>,
    category_id: catalog::CategoryId,
    freight_template_id: FreightTemplateId,
    number: usize,
) -> Result<(catalog::ProductId, SkuId), catalog::CatalogError> {
    let (kind, word) = (KINDS[number % KINDS.len()], WORDS[number / KINDS.len() % WORDS.len()]);
    let sku = SkuDraft {
        code: format!("B-{number}"),
        option_values: Vec::new(),
        price_fen: Fen::new(9_900),
        market_price_fen: None,
        cost_fen: None,
        weight_grams: 300,
        volume_cm3: 1_000,
        barcode: None,
        picture: None,
        sellable: true,
    };
    let draft = ProductDraft {
        category_id,
        kind: None,
        freight_template_id,
        title: format!("{word}{kind} {number}"),
        subtitle: "舒适耐用，日常百搭".into(),
        brand: "云裳".into(),
        tags: vec!["新品".into()],
        cover: "pictures/ab/0123.png".into(),
        gallery: Vec::new(),
        video: None,
        description: format!("<p>{word}设计，精选材料，{kind}的日常之选。</p>").repeat(8),
        options: Vec::new(),
        skus: vec![sku],
    };
    let product = catalog::add_product(tx, &draft)?;
    let (id, sku_id) = (product.row.id, product.skus[0].id);
    catalog::advance(tx, id, ProductMove::PutOnSale)?;
    let lines = vec![StockLine { sku_id, quantity: 100_000_000 }];
    stock::receive(tx, &Receipt { lines, reason: "基准".into(), staff_id: None }).expect("stock");
    Ok((id, sku_id))
}

/// The database settings that the service itself would use for this URL.
pub fn settings(url: &str) -> DbSettings {
    let pairs = [("HOURGLASS_MODE", "development"), ("HOURGLASS_DATABASE_URL", url)];
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let values = Values::read(Some(std::path::Path::new("/dev/null")), pairs).expect("settings");
    hourglass::app::config::database(&values).expect("database settings")
}
