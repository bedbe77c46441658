//! What shoppers ask of the catalogue. Lists and pages come from memory, already serialised.

use actix_web::{HttpResponse, delete, get, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::error::CatalogError;
use super::living::Catalog;
use super::model::{CategoryId, ProductId};
use super::search::{SearchCursor, SearchQuery, Sort};
use super::view::{CategoryView, ProductCard, ProductDetail};
use super::words;
use crate::kernel::page::Cursor;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, MaybeShopper, NoContent, PageQuery, Path, Query, Shopper};

/// Longest search text, in characters.
const MOST_TEXT: usize = 100;

/// One page of products: `{items, next_cursor}`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductPage {
    /// The products.
    pub items: Vec<ProductCard>,
    /// What to send as `cursor` for the next page; null on the last.
    #[schema(example = json!(null))]
    pub next_cursor: Option<String>,
}

/// One page of search results.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchPage {
    /// The products.
    pub items: Vec<ProductCard>,
    /// What to send as `cursor` for the next page; null on the last.
    #[schema(example = json!(null))]
    pub next_cursor: Option<String>,
    /// How many products match on all pages.
    #[schema(example = 12)]
    pub total: usize,
    /// The text searched for instead, when the one given held typos that match nothing.
    #[schema(example = json!(null))]
    pub corrected: Option<String>,
}

/// Which products to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListProducts {
    /// Only products of this category or one below it.
    pub category_id: Option<CategoryId>,
    /// `sales` (default), `newest`, `price_asc` or `price_desc`.
    #[param(pattern = "^(sales|newest|price_asc|price_desc)$", example = "price_asc")]
    pub sort: Option<String>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchProducts {
    /// Chinese, pinyin, initials or Latin text, up to 100 characters; everything when empty.
    #[param(max_length = 100, example = "连衣裙")]
    #[serde(default)]
    pub q: String,
    /// Only products of this category or one below it.
    pub category_id: Option<CategoryId>,
    /// Only from this price.
    #[param(minimum = 0, example = 1000)]
    pub min_price_fen: Option<i64>,
    /// Only up to this price.
    #[param(minimum = 0, example = 99900)]
    pub max_price_fen: Option<i64>,
    /// Only products with all of these tags, separated by commas.
    #[param(example = "新品")]
    pub tags: Option<String>,
    /// Only products in a campaign of this kind.
    #[param(example = "group_buy")]
    pub campaign: Option<String>,
    /// `relevance` (default), `sales`, `newest`, `price_asc` or `price_desc`.
    #[param(pattern = "^(relevance|sales|newest|price_asc|price_desc)$", example = "price_asc")]
    pub sort: Option<String>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// What is being typed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuggestWords {
    /// The beginning of a word, up to 100 characters.
    #[param(max_length = 100, example = "lian")]
    pub q: String,
}

/// Words to offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct WordList {
    /// The words, best first.
    #[schema(example = json!(["连衣裙", "小白鞋"]))]
    pub items: Vec<String>,
}

/// A completion of what is being typed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestionView {
    /// The text to search for.
    #[schema(example = "连衣裙")]
    pub text: String,
    /// How many products mention it.
    #[schema(example = 6)]
    pub count: usize,
}

/// Completions, best first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestionList {
    /// The completions.
    pub items: Vec<SuggestionView>,
}

fn invalid(field: &str) -> CatalogError {
    CatalogError::InvalidSearch(json!({ "field": field }))
}

fn sort_of(name: Option<&str>, default: Sort) -> Result<Sort, CatalogError> {
    name.map_or(Ok(default), |name| Sort::parse(name).ok_or_else(|| invalid("sort")))
}

fn serialised(body: impl Into<web::Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body.into())
}

/// The tree of categories.
#[utoipa::path(tag = "catalog", security(()), responses((status = 200, description = "The categories.", body = [CategoryView])))]
#[get("/categories")]
pub async fn list_categories(catalog: web::Data<Catalog>) -> HttpResponse {
    serialised(catalog.snapshot().category_tree())
}

/// Products, of a category or all.
#[utoipa::path(tag = "catalog", security(()), params(ListProducts),
    responses((status = 200, description = "A page of products.", body = ProductPage)))]
#[get("/products")]
pub async fn list_products(catalog: web::Data<Catalog>, query: Query<ListProducts>) -> ApiResult<HttpResponse> {
    let Query(ListProducts { category_id, sort, cursor, limit }) = query;
    let sort = sort_of(sort.as_deref(), Sort::Sales)?;
    if sort == Sort::Relevance {
        return Err(invalid("sort").into());
    }
    let page = PageQuery { cursor, limit };
    let (after, limit): (Option<Cursor>, i64) = (page.cursor()?, page.limit()?);
    let snapshot = catalog.snapshot();
    if category_id.is_some_and(|id| !snapshot.has_category(id)) {
        return Err(CatalogError::CategoryNotFound.into());
    }
    Ok(serialised(snapshot.page(category_id, sort, after, usize::try_from(limit).unwrap_or_default()).body))
}

/// One product.
#[utoipa::path(tag = "catalog", security(()), params(("id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "The product.", body = ProductDetail)))]
#[get("/products/{id}")]
pub async fn get_product(catalog: web::Data<Catalog>, id: Path<ProductId>) -> ApiResult<HttpResponse> {
    Ok(serialised(catalog.snapshot().detail(id.0).ok_or(CatalogError::ProductNotFound)?))
}

/// Searches products.
#[utoipa::path(tag = "catalog", security((), ("shopper" = [])), params(SearchProducts),
    responses((status = 200, description = "A page of results.", body = SearchPage)))]
#[get("/search")]
pub async fn search_products(
    db: web::Data<Db>,
    catalog: web::Data<Catalog>,
    shopper: MaybeShopper,
    query: Query<SearchProducts>,
) -> ApiResult<HttpResponse> {
    let wanted = search_query(&query.0)?;
    let (word, first_page) = (wanted.text.trim().to_lowercase(), wanted.after.is_none());
    let hits = catalog.search(wanted).await?;
    if first_page && !word.is_empty() {
        let user = shopper.0.map(|shopper| shopper.user_id);
        catalog.tally().count(&word, hits.total > 0, user, db.clock().now());
    }
    let cursor = hits.next.map(SearchCursor::encode);
    let ids = hits.ids.into_iter().map(ProductId::new);
    let found = Some((hits.total, hits.corrected.as_deref()));
    Ok(serialised(catalog.snapshot().cards(ids, cursor.as_deref(), found)))
}

fn search_query(query: &SearchProducts) -> ApiResult<SearchQuery> {
    if query.q.chars().count() > MOST_TEXT {
        return Err(invalid("q").into());
    }
    let negative = |price: Option<i64>| price.is_some_and(|fen| fen < 0);
    if negative(query.min_price_fen) {
        return Err(invalid("min_price_fen").into());
    }
    if negative(query.max_price_fen)
        || query.max_price_fen.zip(query.min_price_fen).is_some_and(|(most, least)| most < least)
    {
        return Err(invalid("max_price_fen").into());
    }
    let tags: Vec<String> =
        query.tags.iter().flat_map(|tags| tags.split(',')).map(|tag| tag.trim().to_owned()).collect();
    if tags.len() > 10 || tags.iter().any(String::is_empty) {
        return Err(invalid("tags").into());
    }
    let after =
        query.cursor.as_deref().map(|text| SearchCursor::decode(text).ok_or_else(|| invalid("cursor"))).transpose()?;
    let limit = PageQuery { cursor: None, limit: query.limit }.limit()?;
    Ok(SearchQuery {
        text: query.q.clone(),
        category: query.category_id.map(CategoryId::get),
        min_price_fen: query.min_price_fen,
        max_price_fen: query.max_price_fen,
        tags,
        campaign: query.campaign.clone(),
        sort: sort_of(query.sort.as_deref(), Sort::Relevance)?,
        after,
        limit: usize::try_from(limit).unwrap_or_default(),
    })
}

/// Completes what is being typed.
#[utoipa::path(tag = "catalog", security(()), params(SuggestWords),
    responses((status = 200, description = "Completions.", body = SuggestionList)))]
#[get("/search/suggestions")]
pub async fn suggest_words(catalog: web::Data<Catalog>, query: Query<SuggestWords>) -> ApiResult<Json<SuggestionList>> {
    if query.0.q.chars().count() > MOST_TEXT {
        return Err(invalid("q").into());
    }
    let found = catalog.index()?.suggest(&query.0.q, 10);
    let items = found.into_iter().map(|found| SuggestionView { text: found.text, count: found.count }).collect();
    Ok(Json(SuggestionList { items }))
}

/// What many people search for.
#[utoipa::path(tag = "catalog", security(()), responses((status = 200, description = "Hot words.", body = WordList)))]
#[get("/search/hot-words")]
pub async fn list_hot_words(db: web::Data<Db>) -> ApiResult<Json<WordList>> {
    let items = db.read("catalog.hot_words", words::hot).await?;
    Ok(Json(WordList { items }))
}

/// What I searched for, last first.
#[utoipa::path(tag = "catalog", security(("shopper" = [])), responses((status = 200, description = "My searches.", body = WordList)))]
#[get("/search/history")]
pub async fn list_my_searches(db: web::Data<Db>, shopper: Shopper) -> ApiResult<Json<WordList>> {
    let items = db.read("catalog.search_history", move |tx| words::history(tx, shopper.user_id)).await?;
    Ok(Json(WordList { items }))
}

/// Forgets what I searched for.
#[utoipa::path(tag = "catalog", security(("shopper" = [])), responses((status = 204, description = "Forgotten.")))]
#[delete("/search/history")]
pub async fn forget_my_searches(db: web::Data<Db>, shopper: Shopper) -> ApiResult<NoContent> {
    db.write("catalog.forget_searches", move |tx| words::forget(tx, shopper.user_id)).await?;
    Ok(NoContent)
}

/// Mounts the shopper's endpoints.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_categories)
        .service(list_products)
        .service(get_product)
        .service(search_products)
        .service(suggest_words)
        .service(list_hot_words)
        .service(list_my_searches)
        .service(forget_my_searches);
}

/// The shopper's endpoints, for the document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_categories,
    list_products,
    get_product,
    search_products,
    suggest_words,
    list_hot_words,
    list_my_searches,
    forget_my_searches
))]
pub struct ShopperApi;
