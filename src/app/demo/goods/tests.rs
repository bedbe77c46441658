//! The embedded goods are a whole, consistent shop.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::app::demo::pictures::product_picture;

fn shop() -> DemoShop {
    load().unwrap()
}

/// Provinces of GB/T 2260, by their first two digits.
const PROVINCES: [&str; 34] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
];

#[test]
fn the_shop_is_large_enough_to_look_like_one() {
    let shop = shop();
    let skus: usize = shop.products.iter().map(|product| product.skus.len()).sum();
    assert!(shop.products.len() >= 72, "{} products", shop.products.len());
    assert!(skus >= 240, "{skus} SKUs");
    assert!(shop.categories.iter().filter(|category| category.parent.is_none()).count() >= 8);
    let leaves = shop.categories.iter().filter(|category| category.code.split('/').count() == 3).count();
    assert!(leaves >= 24, "{leaves} leaves");
}

#[test]
fn categories_form_trees_of_three_levels_with_parents_first() {
    let shop = shop();
    let mut depths: HashMap<&str, usize> = HashMap::new();
    for category in &shop.categories {
        // A parent that comes first can only be an ancestor, so there is no circle.
        let depth = category.parent.as_deref().map_or(1, |parent| depths[parent] + 1);
        assert!(depth <= 3, "{} is too deep", category.code);
        assert!(depths.insert(&category.code, depth).is_none(), "{} twice", category.code);
    }
    for product in &shop.products {
        assert_eq!(depths[product.category.as_str()], 3, "{} is not in a leaf", product.code);
    }
    for leaf in shop.categories.iter().filter(|category| depths[category.code.as_str()] == 3) {
        assert!(shop.products.iter().any(|product| product.category == leaf.code), "{} is empty", leaf.code);
    }
}

#[test]
fn codes_and_bar_codes_are_unique() {
    let shop = shop();
    let mut products = HashSet::new();
    let mut skus = HashSet::new();
    let mut barcodes = HashSet::new();
    for product in &shop.products {
        assert!(products.insert(&product.code), "{} twice", product.code);
        for sku in &product.skus {
            assert!(skus.insert(&sku.code), "{} twice", sku.code);
            assert!(barcodes.insert(&sku.barcode), "{} twice", sku.barcode);
        }
    }
}

#[test]
fn bar_codes_are_valid_ean_13_of_china() {
    for sku in shop().products.iter().flat_map(|product| &product.skus) {
        let digits: Vec<u32> = sku.barcode.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
        assert_eq!(digits.len(), 13, "{}", sku.barcode);
        assert!(sku.barcode.starts_with("69"));
        let odd: u32 = digits.iter().step_by(2).sum();
        let even: u32 = digits.iter().skip(1).step_by(2).sum();
        assert_eq!((odd + 3 * even) % 10, 0, "{}", sku.barcode);
    }
}

#[test]
fn every_sku_earns_something_and_weighs_something() {
    for product in &shop().products {
        assert!(product.sold > 0);
        for sku in &product.skus {
            assert!(sku.cost > Fen::ZERO, "{} costs nothing", sku.code);
            assert!(sku.price >= sku.cost, "{} is sold at a loss", sku.code);
            assert!(sku.market_price >= sku.price, "{} costs more than on the market", sku.code);
            assert!(sku.weight_grams > 0 && sku.volume_cm3 > 0, "{} has no body", sku.code);
            assert!(sku.stock >= 0);
            assert_eq!(sku.values.len(), product.options.len());
        }
    }
}

#[test]
fn some_skus_are_sold_out_but_no_product_is() {
    let shop = shop();
    assert!(shop.products.iter().any(|product| product.skus.iter().any(|sku| sku.stock == 0)));
    assert!(shop.products.iter().all(|product| product.skus.iter().any(|sku| sku.stock > 0)));
}

#[test]
fn skus_of_a_product_are_all_its_combinations_once() {
    for product in &shop().products {
        let expected: usize = product.options.iter().map(|option| option.values.len()).product();
        let distinct: HashSet<_> = product.skus.iter().map(|sku| &sku.values).collect();
        assert_eq!((product.skus.len(), distinct.len()), (expected, expected), "{}", product.code);
    }
}

#[test]
fn values_of_colour_options_are_in_the_palette() {
    for product in &shop().products {
        for option in product.options.iter().filter(|option| option.name.contains("颜色")) {
            for value in &option.values {
                assert!(Colour::named(value).is_some(), "{}: {value}", product.code);
            }
        }
    }
}

#[test]
fn a_larger_pack_raises_price_market_price_and_cost_in_proportion() {
    let shop = shop();
    let product = shop.products.iter().find(|product| product.code == "FD02").unwrap();
    let [small, large] = product.skus.as_slice() else { panic!("FD02 has two packs") };
    assert_eq!((small.price, small.market_price, small.cost), (Fen::new(2990), Fen::new(4590), Fen::new(1300)));
    assert_eq!((large.price, large.market_price, large.cost), (Fen::new(4790), Fen::new(7353), Fen::new(2082)));
    assert_eq!((large.weight_grams, large.volume_cm3), (4650, 14600));
}

#[test]
fn freight_templates_name_real_provinces_and_one_tariff_for_everywhere_else() {
    let shop = shop();
    assert_eq!(shop.freight_templates.len(), 4);
    for template in &shop.freight_templates {
        assert_eq!(
            template.tariffs.iter().filter(|tariff| tariff.provinces.is_empty()).count(),
            1,
            "{}",
            template.code
        );
        let tariffs = template.tariffs.iter().flat_map(|tariff| &tariff.provinces);
        let named: Vec<_> = tariffs.clone().chain(&template.undeliverable).collect();
        assert!(named.iter().all(|province| PROVINCES.contains(&province.as_str())), "{}", template.code);
        let distinct: HashSet<_> = named.iter().collect();
        assert_eq!(distinct.len(), named.len(), "{} names a province twice", template.code);
        for tariff in &template.tariffs {
            assert!(tariff.first > 0 && tariff.more > 0 && tariff.first_fee > Fen::ZERO && tariff.more_fee > Fen::ZERO);
        }
        for free in &template.free {
            assert!(free.provinces.iter().all(|province| PROVINCES.contains(&province.as_str())));
            assert!(free.amount.is_some() != free.pieces.is_some(), "{}: one threshold each", template.code);
        }
        assert!(shop.products.iter().any(|product| product.freight_template == template.code), "{}", template.code);
    }
}

#[test]
fn descriptions_survive_the_sanitiser_unchanged() {
    for product in &shop().products {
        let clean = ammonia::clean(&product.description_html);
        assert_eq!(clean, product.description_html, "{}", product.code);
        assert!(clean.contains("<h3>") && clean.contains("<li>"));
    }
}

#[test]
fn a_key_that_nobody_knows_is_refused() {
    let text = include_str!("freight.toml").replace("undeliverable", "undelivered");
    assert!(toml::from_str::<recipe::FreightFile>(&text).is_err());
}

#[test]
fn a_gallery_shows_one_product_in_three_views_and_skus_of_a_colour_share_a_picture() {
    for product in &shop().products {
        let gallery = product.gallery();
        let views: HashSet<_> = gallery.iter().map(|picture| picture.view).collect();
        assert_eq!((gallery.len(), views.len()), (3, 3));
        assert_eq!(gallery[0].view, View::Whole);
        let pictures: HashSet<_> = product.skus.iter().map(|sku| product.sku_picture(sku)).collect();
        let colours: HashSet<_> = product.skus.iter().map(|sku| sku.colour).collect();
        assert_eq!(pictures.len(), colours.len(), "{}", product.code);
    }
}

#[test]
fn every_product_has_a_small_picture_of_the_right_size() {
    // The views take turns, which is enough to draw every product and every family without drawing for minutes.
    let mut families = HashSet::new();
    for (turn, product) in shop().products.iter().enumerate() {
        let bytes = product_picture(&product.gallery()[turn % 3]).unwrap();
        assert!(bytes.len() <= 40 * 1024, "{} takes {} bytes", product.code, bytes.len());
        let drawn = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (600, 600), "{}", product.code);
        families.insert(product.family);
    }
    let unused: Vec<_> = Family::ALL.iter().filter(|family| !families.contains(family)).collect();
    assert!(unused.is_empty(), "nothing shows {unused:?}");
}
