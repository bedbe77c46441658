//! From the goods as written to the goods as sold: the category tree flattened, options multiplied into SKUs, bar
//! codes numbered, descriptions laid out.

use std::fmt::Write;

use super::recipe::{Department, Money, OptionValue, Product, Step};
use super::{DemoCategory, DemoError, DemoOption, DemoProduct, DemoShop, DemoSku};
use crate::app::demo::pictures::Colour;
use crate::kernel::money::Fen;

/// Adds a department's categories, parents first.
pub(super) fn department(shop: &mut DemoShop, department: &Department) -> Result<(), DemoError> {
    let colour = colour(&department.code, &department.colour)?;
    let roots = shop.categories.iter().filter(|category| category.parent.is_none()).count();
    shop.categories.push(DemoCategory {
        code: department.code.clone(),
        name: department.name.clone(),
        parent: None,
        position: place(roots),
        icon: department.icon,
        colour,
    });
    for (group_place, group) in department.groups.iter().enumerate() {
        let group_code = format!("{}/{}", department.code, group.code);
        shop.categories.push(DemoCategory {
            code: group_code.clone(),
            name: group.name.clone(),
            parent: Some(department.code.clone()),
            position: place(group_place),
            icon: group.leaves.first().map_or(department.icon, |leaf| leaf.icon),
            colour,
        });
        shop.categories.extend(group.leaves.iter().enumerate().map(|(leaf_place, leaf)| DemoCategory {
            code: format!("{group_code}/{}", leaf.code),
            name: leaf.name.clone(),
            parent: Some(group_code.clone()),
            position: place(leaf_place),
            icon: leaf.icon,
            colour,
        }));
    }
    Ok(())
}

/// Adds a product with all its SKUs.
pub(super) fn product(shop: &mut DemoShop, department: &Department, product: &Product) -> Result<(), DemoError> {
    let category = format!("{}/{}", department.code, product.category);
    if !shop.categories.iter().any(|known| known.code == category) {
        return Err(DemoError::UnknownCategory { product: product.code.clone(), category });
    }
    if !shop.freight_templates.iter().any(|known| known.code == product.freight) {
        return Err(DemoError::UnknownFreight { product: product.code.clone(), template: product.freight.clone() });
    }
    let skus = skus(product, shop.products.len())?;
    let own = product.colour.as_deref().map(|name| colour(&product.code, name)).transpose()?;
    let cover = own.or_else(|| skus.first().map(|sku| sku.colour)).ok_or_else(|| no_colour(&product.code, ""))?;
    shop.products.push(DemoProduct {
        code: product.code.clone(),
        title: product.title.clone(),
        subtitle: product.subtitle.clone(),
        brand: product.brand.clone(),
        category,
        tags: product.tags.clone(),
        description_html: description(department, product),
        options: options(product),
        skus,
        sold: product.shelf.sold,
        freight_template: product.freight.clone(),
        family: product.picture,
        colour: cover,
    });
    Ok(())
}

fn options(product: &Product) -> Vec<DemoOption> {
    let named = |values: &[OptionValue]| values.iter().map(|value| value.name().to_owned()).collect();
    product
        .options
        .iter()
        .map(|option| DemoOption { name: option.name.clone(), values: named(&option.values) })
        .collect()
}

/// All combinations of the options' values, the last option turning fastest.
fn combinations(product: &Product) -> Vec<Vec<&OptionValue>> {
    product.options.iter().fold(vec![Vec::new()], |begun, option| {
        let with_each = |start: &Vec<_>| -> Vec<Vec<_>> {
            option.values.iter().map(|value| start.iter().copied().chain([value]).collect()).collect()
        };
        begun.iter().flat_map(with_each).collect()
    })
}

fn skus(product: &Product, product_place: usize) -> Result<Vec<DemoSku>, DemoError> {
    let mut skus = Vec::new();
    for (sku_place, values) in combinations(product).into_iter().enumerate() {
        let sku = sku(product, &values, (product_place, sku_place))?;
        skus.push(sku);
    }
    for gone in &product.sold_out {
        let sku = skus.iter_mut().find(|sku| sku.values == *gone);
        let unknown = || DemoError::UnknownCombination { product: product.code.clone(), values: gone.clone() };
        sku.ok_or_else(unknown)?.stock = 0;
    }
    Ok(skus)
}

fn sku(product: &Product, values: &[&OptionValue], places: (usize, usize)) -> Result<DemoSku, DemoError> {
    let out_of_range = || DemoError::OutOfRange { product: product.code.clone() };
    let (mut money, mut parcel) = (product.money, product.parcel);
    for step in values.iter().filter_map(|value| value.step()) {
        money = stepped(product.money, money, step).ok_or_else(out_of_range)?;
        parcel.grams = parcel.grams.checked_add(step.weight).ok_or_else(out_of_range)?;
        parcel.cm3 = parcel.cm3.checked_add(step.volume).ok_or_else(out_of_range)?;
    }
    // The colour is the last word of a value: `雾霾蓝`, but also `01 豆沙`.
    let chosen = values.iter().find_map(|value| value.name().split(' ').next_back().and_then(Colour::named));
    let own = product.colour.as_deref().map(|name| colour(&product.code, name)).transpose()?;
    let (_, sku_place) = places;
    let code = format!("{}-{:02}", product.code, place(sku_place));
    Ok(DemoSku {
        stock: stock(product.shelf.stock, &code).ok_or_else(out_of_range)?,
        code,
        values: values.iter().map(|value| value.name().to_owned()).collect(),
        price: Fen::new(money.price),
        market_price: Fen::new(money.market),
        cost: Fen::new(money.cost),
        weight_grams: parcel.grams,
        volume_cm3: parcel.cm3,
        barcode: barcode(places),
        colour: chosen.or(own).ok_or_else(|| no_colour(&product.code, ""))?,
    })
}

/// The amounts after one more step. Market price and cost that the step does not name grow in proportion to the price.
fn stepped(plain: Money, so_far: Money, step: &Step) -> Option<Money> {
    let in_proportion = |amount: i64| step.price.checked_mul(amount)?.checked_div(plain.price);
    let market = step.market.or_else(|| in_proportion(plain.market))?;
    let cost = step.cost.or_else(|| in_proportion(plain.cost))?;
    Some(Money {
        price: so_far.price.checked_add(step.price)?,
        market: so_far.market.checked_add(market)?,
        cost: so_far.cost.checked_add(cost)?,
    })
}

/// Between 60 % and 140 % of the average, so that shelves look used; the SKU's code decides, so it never changes.
fn stock(average: i64, code: &str) -> Option<i64> {
    let mixed = code.bytes().fold(7_i64, |sum, byte| (sum * 31 + i64::from(byte)) % 9973);
    average.checked_mul(60 + mixed % 81)?.checked_div(100)
}

/// An EAN-13: the 69 range of China, an invented company, the product's and the SKU's place, the check digit.
fn barcode((product_place, sku_place): (usize, usize)) -> String {
    let body = format!("6998{:04}{:04}", place(product_place), place(sku_place));
    // Digits in even places, counted from 1, weigh three; the check digit fills the sum up to a multiple of ten.
    let sum: u32 =
        body.chars().filter_map(|digit| digit.to_digit(10)).zip([1, 3].into_iter().cycle()).map(|(d, w)| d * w).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

fn description(department: &Department, product: &Product) -> String {
    let mut html = format!("<h2>{}</h2><p>{}</p>", escaped(&product.subtitle), escaped(&product.story));
    let points: String = product.points.iter().map(|point| format!("<li>{}</li>", escaped(point))).collect();
    let facts = product.facts.iter().map(|(name, fact)| (escaped(name), escaped(fact)));
    let facts: String = facts.map(|(name, fact)| format!("<li><strong>{name}</strong>：{fact}</li>")).collect();
    for (heading, list) in [(&department.reasons, points), (&department.details, facts)] {
        // Writing to a string cannot fail.
        let _ = write!(html, "<h3>{}</h3><ul>{list}</ul>", escaped(heading));
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Counts from 1, as people do.
fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1)
}

fn colour(owner: &str, name: &str) -> Result<Colour, DemoError> {
    Colour::named(name).ok_or_else(|| no_colour(owner, name))
}

fn no_colour(owner: &str, name: &str) -> DemoError {
    DemoError::UnknownColour { owner: owner.to_owned(), colour: name.to_owned() }
}

impl OptionValue {
    fn name(&self) -> &str {
        match self {
            Self::Plain(name) => name,
            Self::Stepped(step) => &step.name,
        }
    }

    fn step(&self) -> Option<&Step> {
        match self {
            Self::Plain(_) => None,
            Self::Stepped(step) => Some(step),
        }
    }
}
