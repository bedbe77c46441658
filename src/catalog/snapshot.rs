//! The catalogue in memory: what shoppers see, already serialised, in every order they may ask for.
//!
//! A snapshot is immutable; a change makes a new one that shares whatever did not change, and swaps it in (`arc-swap`).
//! Of each product it keeps the bytes that are answered and what orders the lists, nothing twice: what the search index
//! wants to read is read out of those bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};

use super::model::{CategoryId, CategoryRow, Product, ProductId, ProductState};
use super::rules;
use super::search::{SearchDocument, Sort};
use super::view::{ProductCard, ProductDetail, shown_tree};
use crate::kernel::page::Cursor;

/// What shoppers see, at one revision.
pub struct Snapshot {
    /// The revision of the tables it was made from.
    pub revision: i64,
    categories: HashMap<CategoryId, CategoryRow>,
    category_tree: Bytes,
    products: BTreeMap<ProductId, Arc<Shown>>,
    shelves: HashMap<Option<CategoryId>, Shelf>,
}

/// A product on sale, as kept in memory.
struct Shown {
    card: Bytes,
    detail: Bytes,
    path: Vec<CategoryId>,
    price: i64,
    sold: i64,
    listed_at: i64,
}

/// The words of a product's page.
#[derive(Default, Deserialize)]
struct Words {
    title: String,
    subtitle: String,
    brand: String,
    tags: Vec<String>,
    description: String,
}

/// The products of a category and all below it, in each order; of the whole shop under no category.
#[derive(Default)]
struct Shelf {
    newest: Vec<Place>,
    sales: Vec<Place>,
    cheapest: Vec<Place>,
    dearest: Vec<Place>,
}

/// Sort key and id: the order of a list, ascending.
type Place = (i64, ProductId);

/// The JSON of one page of cards, and how it goes on.
pub struct ListedPage {
    /// `{"items": […], "next_cursor": …}`.
    pub body: Vec<u8>,
}

impl Shown {
    fn of(product: &Product, categories: &HashMap<CategoryId, CategoryRow>) -> Self {
        let path = rules::path_of(product.row.category_id, categories);
        Self {
            card: json(&ProductCard::of(product)),
            detail: json(&ProductDetail::of(product, path.clone())),
            path,
            price: rules::lowest_price(product).unwrap_or_default().get(),
            sold: product.row.sold,
            listed_at: product.row.listed_at.unwrap_or_default().millis(),
        }
    }
}

/// The JSON of a view, in no more memory than it is long.
fn json(view: &impl Serialize) -> Bytes {
    serde_json::to_vec(view).unwrap_or_default().into_boxed_slice().into()
}

/// Whether shoppers see a product at all: on sale, with something to buy, in categories none of which is hidden.
fn is_shown(product: &Product, categories: &HashMap<CategoryId, CategoryRow>) -> bool {
    let path = rules::path_of(product.row.category_id, categories);
    let open = path.iter().all(|id| categories.get(id).is_some_and(|row| row.shown));
    product.row.state == ProductState::OnSale && open && product.skus.iter().any(|sku| sku.sellable)
}

impl Snapshot {
    /// A snapshot of everything.
    pub fn of(revision: i64, categories: HashMap<CategoryId, CategoryRow>, products: Vec<Product>) -> Self {
        let shown = products.into_iter().filter(|product| is_shown(product, &categories));
        let products = shown.map(|product| (product.row.id, Arc::new(Shown::of(&product, &categories)))).collect();
        Self::arranged(revision, categories, products)
    }

    /// This snapshot with some products replaced, or gone when they are no longer shown.
    pub fn with(&self, revision: i64, changed: &[ProductId], fresh: Vec<Product>) -> Self {
        let mut products = self.products.clone();
        for id in changed {
            products.remove(id);
        }
        for product in fresh.into_iter().filter(|product| is_shown(product, &self.categories)) {
            products.insert(product.row.id, Arc::new(Shown::of(&product, &self.categories)));
        }
        Self::arranged(revision, self.categories.clone(), products)
    }

    /// The products of which another number of pieces was sold than is shown.
    pub fn sold_otherwise(&self, counts: &[(ProductId, i64)]) -> Vec<ProductId> {
        let differs = |(id, sold): &&(ProductId, i64)| self.products.get(id).is_some_and(|shown| shown.sold != *sold);
        counts.iter().filter(differs).map(|(id, _)| *id).collect()
    }

    fn arranged(
        revision: i64,
        categories: HashMap<CategoryId, CategoryRow>,
        products: BTreeMap<ProductId, Arc<Shown>>,
    ) -> Self {
        let mut shelves: HashMap<Option<CategoryId>, Shelf> = HashMap::new();
        shelves.insert(None, Shelf::default());
        for (id, shown) in &products {
            let everywhere = std::iter::once(None).chain(shown.path.iter().copied().map(Some));
            for category in everywhere {
                let shelf = shelves.entry(category).or_default();
                shelf.newest.push((-shown.listed_at, *id));
                shelf.sales.push((-shown.sold, *id));
                shelf.cheapest.push((shown.price, *id));
                shelf.dearest.push((-shown.price, *id));
            }
        }
        for shelf in shelves.values_mut() {
            for order in [&mut shelf.newest, &mut shelf.sales, &mut shelf.cheapest, &mut shelf.dearest] {
                order.sort_unstable();
            }
        }
        let category_tree = json(&shown_tree(categories.values()));
        Self { revision, categories, category_tree, products, shelves }
    }

    /// The tree of categories, as JSON.
    pub fn category_tree(&self) -> Bytes {
        self.category_tree.clone()
    }

    /// A product's page, as JSON.
    pub fn detail(&self, id: ProductId) -> Option<Bytes> {
        self.products.get(&id).map(|shown| shown.detail.clone())
    }

    /// Whether shoppers see this product.
    pub fn shows(&self, id: ProductId) -> bool {
        self.products.contains_key(&id)
    }

    /// Whether there is such a category and shoppers see it.
    pub fn has_category(&self, id: CategoryId) -> bool {
        self.categories.get(&id).is_some_and(|row| row.shown)
    }

    /// One page of a category's products, or of all, as JSON.
    pub fn page(&self, category: Option<CategoryId>, sort: Sort, after: Option<Cursor>, limit: usize) -> ListedPage {
        static NOTHING: [Place; 0] = [];
        let order: &[Place] = self.shelves.get(&category).map_or(&NOTHING, |shelf| match sort {
            Sort::Newest => &shelf.newest,
            Sort::Sales | Sort::Relevance => &shelf.sales,
            Sort::PriceAsc => &shelf.cheapest,
            Sort::PriceDesc => &shelf.dearest,
        });
        let seen = after.map_or(0, |cursor| {
            let last = (cursor.key, ProductId::new(cursor.id));
            order.partition_point(|place| *place <= last)
        });
        let rest = order.get(seen..).unwrap_or_default();
        let next = if rest.len() > limit { limit.checked_sub(1).and_then(|last| rest.get(last)) } else { None };
        let cursor = next.map(|(key, id)| Cursor { key: *key, id: id.get() }.encode());
        ListedPage { body: self.cards(rest.iter().take(limit).map(|(_, id)| *id), cursor.as_deref(), None) }
    }

    /// The JSON of a page of these products, those no longer shown left out. `total` and a correction are told only
    /// for searches.
    pub fn cards(
        &self,
        ids: impl Iterator<Item = ProductId>,
        next_cursor: Option<&str>,
        found: Option<(usize, Option<&str>)>,
    ) -> Vec<u8> {
        let mut body = Vec::with_capacity(8 * 1024);
        body.extend_from_slice(b"{\"items\":[");
        let mut first = true;
        for shown in ids.filter_map(|id| self.products.get(&id)) {
            if !first {
                body.push(b',');
            }
            first = false;
            body.extend_from_slice(&shown.card);
        }
        body.extend_from_slice(b"],\"next_cursor\":");
        body.extend(serde_json::to_vec(&next_cursor).unwrap_or_default());
        if let Some((total, corrected)) = found {
            body.extend_from_slice(format!(",\"total\":{total},\"corrected\":").as_bytes());
            body.extend(serde_json::to_vec(&corrected).unwrap_or_default());
        }
        body.push(b'}');
        body
    }

    /// What the search index needs to know of every product, made while it is asked for.
    pub fn all_search_documents(&self) -> impl Iterator<Item = SearchDocument> {
        self.products.iter().map(|(id, shown)| self.search_document(*id, shown))
    }

    /// What the search index needs to know of these products; those no longer shown are missing.
    pub fn search_documents(&self, of: &[ProductId]) -> impl Iterator<Item = SearchDocument> {
        of.iter().filter_map(|id| self.products.get(id).map(|shown| self.search_document(*id, shown)))
    }

    fn search_document(&self, id: ProductId, shown: &Shown) -> SearchDocument {
        // These bytes were written by this process from a struct with the same fields.
        let words: Words = serde_json::from_slice(&shown.detail).unwrap_or_else(|error| {
            tracing::error!(%error, product_id = %id, "a product's page cannot be read; searches do not find its words");
            Words::default()
        });
        let category = shown.path.last().and_then(|id| self.categories.get(id));
        SearchDocument {
            id: id.get(),
            title: words.title,
            subtitle: words.subtitle,
            brand: words.brand,
            category_path: shown.path.iter().map(|id| id.get()).collect(),
            category_name: category.map(|category| category.name.clone()).unwrap_or_default(),
            tags: words.tags,
            min_price_fen: shown.price,
            sales: shown.sold,
            listed_at_ms: shown.listed_at,
            campaign_kinds: Vec::new(),
            text: plain_text(&words.description),
        }
    }
}

/// The words of a description without its markup.
fn plain_text(html: &str) -> String {
    let mut cleaner = ammonia::Builder::empty();
    let spaced = html.replace('<', " <");
    let text = cleaner.url_relative(ammonia::UrlRelative::Deny).clean(&spaced).to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
