//! The catalogue: what staff write and what shoppers then see, find and page through.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::crowd::at_once;
use crate::support::shop::{BEGIN, text};

const MINUTE: i64 = 60_000;

/// A shopper's look at the shop without a log-in.
async fn looks(shop: &Shop, path: &str) -> (u16, Value) {
    shop.call("GET", &format!("/api/v1{path}"), None, None).await
}

/// The status of a product's page once the catalogue was renewed.
async fn page_status(shop: &Shop, id: &str) -> u16 {
    shop.renew_catalog().await;
    looks(shop, &format!("/products/{id}")).await.0
}

/// The titles and prices on all pages of a list, two to a page.
async fn leafs_through(shop: &Shop, path: &str) -> Vec<(String, i64)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let (status, page) = looks(shop, &format!("{path}&limit=2{cursor}")).await;
        assert_eq!(status, 200, "{path}: {page}");
        for item in page["items"].as_array().expect("items") {
            all.push((text(&item["title"]), item["price_fen"].as_i64().expect("a price")));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("{path} has no end");
}

/// Puts a product with this title and price on sale.
async fn sells(shop: &Shop, title: &str, price_fen: i64, more: Value) -> Value {
    let mut draft = json!({"title": title, "skus": [{"code": format!("C-{}", shop.number()), "price_fen": price_fen, "weight_grams": 1}]});
    for (name, value) in more.as_object().expect("an object") {
        draft[name] = value.clone();
    }
    let product = shop.drafts(&draft).await;
    shop.puts_on_sale(&text(&product["summary"]["id"])).await;
    product
}

/// A small picture in this format.
fn picture(format: image::ImageFormat) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(40, 30, |x, y| {
        image::Rgb([x, y, 90].map(|shade| u8::try_from(shade).expect("a small picture")))
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// Uploads bytes as a picture.
async fn uploads(shop: &Shop, token: Option<&str>, bytes: Vec<u8>) -> (u16, Value) {
    let mut request = shop.http.post(format!("{}/admin/v1/pictures", shop.base)).body(bytes);
    request = request.header("content-type", "application/octet-stream");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

on_both_databases! {
    async fn a_product_is_seen_while_it_is_on_sale_and_not_before_or_after(shop: &Shop) {
        let product = shop.drafts(&json!({"title": "亚麻衬衫"})).await;
        let id = text(&product["summary"]["id"]);
        assert_eq!(product["summary"]["state"], "draft");
        assert_eq!(page_status(shop, &id).await, 404);
        shop.puts_on_sale(&id).await;
        assert_eq!(page_status(shop, &id).await, 200);
        let (_, found) = looks(shop, "/search?q=亚麻衬衫").await;
        assert_eq!(found["items"][0]["id"], json!(id), "{found}");
        let (status, body) = shop.call("POST", &format!("/admin/v1/products/{id}/on-sale"), Some(&shop.owner), None).await;
        assert_eq!((status, &body["code"]), (409, &json!("catalog.illegal_move")), "{body}");
        shop.staff("POST", &format!("/products/{id}/off-sale"), None).await;
        assert_eq!(page_status(shop, &id).await, 404);
        let (_, found) = looks(shop, "/search?q=亚麻衬衫").await;
        assert_eq!(found["total"], 0, "{found}");
        let (_, listed) = looks(shop, "/products").await;
        assert_eq!(listed["items"], json!([]));

        let bare = shop.drafts(&json!({"cover": ""})).await;
        let path = format!("/admin/v1/products/{}/on-sale", text(&bare["summary"]["id"]));
        let (status, body) = shop.call("POST", &path, Some(&shop.owner), None).await;
        assert_eq!((status, &body["code"]), (422, &json!("catalog.not_ready")), "{body}");
    }

    async fn of_two_edits_of_one_version_one_is_outdated(shop: &Shop) {
        let product = shop.product(5_000, 0).await;
        let id = text(&product["summary"]["id"]);
        let path = format!("/admin/v1/products/{id}");
        let (one, two) = (shop.edit(&id, &json!({"title": "甲"})).await, shop.edit(&id, &json!({"title": "乙"})).await);
        let answers = at_once(2, [one.clone(), two].map(|edit| shop.call("PUT", &path, Some(&shop.owner), Some(edit)))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{answers:?}");
        let (_, edited) = answers.iter().find(|(status, _)| *status == 200).expect("one edit");
        assert!(edited["summary"]["version"].as_i64() > one["version"].as_i64(), "{edited}");
        let (_, refused) = answers.iter().find(|(status, _)| *status == 409).expect("one refusal");
        assert_eq!(refused["code"], "catalog.outdated");
        shop.renew_catalog().await;
        assert_eq!(looks(shop, &format!("/products/{id}")).await.1["title"], edited["summary"]["title"]);
    }

    async fn a_plan_puts_a_product_on_sale_and_takes_it_off(shop: &Shop) {
        let product = shop.drafts(&json!({})).await;
        let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        shop.receive(&sku, 5).await;
        let at = |minutes: i64| json!(BEGIN.plus_millis(minutes * MINUTE));
        let schedule = format!("/products/{id}/schedule");
        for (on, off) in [(at(-1), Value::Null), (at(20), at(10)), (at(10), at(10))] {
            let body = json!({"on_sale_at": on, "off_sale_at": off});
            let (status, refused) = shop.call("PUT", &format!("/admin/v1{schedule}"), Some(&shop.owner), Some(body)).await;
            assert_eq!((status, &refused["code"]), (422, &json!("catalog.invalid_draft")), "{refused}");
        }
        shop.staff("PUT", &schedule, Some(json!({"on_sale_at": at(5), "off_sale_at": at(10)}))).await;
        let buyer = shop.buyer().await;
        let quote = json!({"lines": [{"sku_id": sku, "quantity": 1}]});
        shop.later(5 * MINUTE - 1).await;
        assert_eq!((page_status(shop, &id).await, buyer.call("POST", "/quotes", Some(quote.clone())).await.0), (404, 422));
        // Buying follows the clock even before the sweep came by.
        shop.clock.advance(1);
        assert_eq!(buyer.call("POST", "/quotes", Some(quote.clone())).await.0, 200);
        shop.settle().await;
        assert_eq!(page_status(shop, &id).await, 200);
        shop.clock.advance(5 * MINUTE);
        assert_eq!(buyer.call("POST", "/quotes", Some(quote.clone())).await.0, 422);
        shop.settle().await;
        assert_eq!(page_status(shop, &id).await, 404);
        let record = shop.staff("GET", &format!("/products/{id}"), None).await;
        assert_eq!(record["summary"]["state"], "off_sale", "{record}");
    }

    async fn a_description_keeps_its_text_and_loses_what_could_run(shop: &Shop) {
        let nasty = "<p onclick=\"steal()\">轻盈</p><script>alert(1)</script><img src=x onerror=alert(2)><a href=\"javascript:alert(3)\">点我</a><iframe src=\"https://evil.example\"></iframe>";
        let product = sells(shop, "雪纺裙", 1_000, json!({"description": nasty})).await;
        let id = text(&product["summary"]["id"]);
        shop.renew_catalog().await;
        let (_, page) = looks(shop, &format!("/products/{id}")).await;
        let edited = shop.edits(&id, &json!({"description": nasty})).await;
        for shown in [text(&page["description"]), text(&edited["description"])] {
            assert!(shown.contains("<p>轻盈</p>") && shown.contains("点我"), "{shown}");
            for trouble in ["script", "alert", "onclick", "onerror", "iframe", "steal"] {
                assert!(!shown.contains(trouble), "{trouble} in {shown}");
            }
        }
    }

    async fn search_sorts_filters_and_pages_without_repeating(shop: &Shop) {
        let shoes = shop.staff_post("/categories", json!({"parent_id": shop.category_id, "name": "鞋", "icon": null, "position": 2, "shown": true})).await;
        for (number, price) in [300, 100, 500, 200, 400, 100, 300].into_iter().enumerate() {
            let more = if number % 2 == 0 { json!({"tags": ["新品"]}) } else { json!({"category_id": shoes["id"]}) };
            sells(shop, &format!("帆布鞋 {number}"), price, more).await;
        }
        sells(shop, "连衣裙", 900, json!({})).await;
        shop.renew_catalog().await;
        for (sort, list) in [("price_asc", "/search?q=帆布鞋&sort=price_asc"), ("price_asc", "/products?sort=price_asc"),
            ("price_desc", "/search?q=帆布鞋&sort=price_desc"), ("price_desc", "/products?sort=price_desc"),
            ("", "/search?q=帆布鞋&sort=sales"), ("", "/products?sort=newest"), ("", "/products?sort=sales"), ("", "/search?q=帆布鞋&sort=newest"), ("", "/search?q=帆布鞋")] {
            let found = leafs_through(shop, list).await;
            let titles: HashSet<&String> = found.iter().map(|(title, _)| title).collect();
            let expected = if list.starts_with("/products") { 8 } else { 7 };
            assert_eq!((found.len(), titles.len()), (expected, expected), "{list}: {found:?}");
            let prices: Vec<i64> = found.iter().map(|(_, price)| *price).collect();
            let mut sorted = prices.clone();
            sorted.sort_unstable();
            if sort == "price_desc" {
                sorted.reverse();
            }
            assert!(sort.is_empty() || prices == sorted, "{list}: {prices:?}");
        }
        for (filter, expected) in [("tags=新品", 4), ("min_price_fen=300", 4), ("max_price_fen=200", 3), ("min_price_fen=200&max_price_fen=300", 3)] {
            let found = leafs_through(shop, &format!("/search?q=帆布鞋&{filter}")).await;
            assert_eq!(found.len(), expected, "{filter}: {found:?}");
        }
        let below = leafs_through(shop, &format!("/search?q=帆布鞋&category_id={}", text(&shoes["id"]))).await;
        let above = leafs_through(shop, &format!("/search?q=帆布鞋&category_id={}", shop.category_id)).await;
        assert_eq!((below.len(), above.len()), (3, 7));
        for wrong in ["sort=cheapest", "min_price_fen=-1", "min_price_fen=5&max_price_fen=4", "cursor=nonsense", "limit=0", "limit=101", "colour=red"] {
            let (status, body) = looks(shop, &format!("/search?q=帆布鞋&{wrong}")).await;
            assert_eq!(status, 422, "{wrong}: {body}");
        }
    }

    async fn typing_is_completed_with_what_is_on_sale(shop: &Shop) {
        sells(shop, "连衣裙", 900, json!({})).await;
        shop.drafts(&json!({"title": "连帽卫衣"})).await;
        shop.renew_catalog().await;
        for typed in ["连", "lian", "lyq"] {
            let (status, found) = looks(shop, &format!("/search/suggestions?q={typed}")).await;
            let offered: Vec<String> = found["items"].as_array().expect("items").iter().map(|item| text(&item["text"])).collect();
            assert_eq!(status, 200);
            assert!(offered.iter().any(|word| word.contains("连衣裙")), "{typed}: {offered:?}");
            assert!(!offered.iter().any(|word| word.contains("卫衣")), "{typed}: {offered:?}");
        }
    }

    async fn categories_never_hang_below_themselves(shop: &Shop) {
        let category = |parent: Value, name: &str| json!({"parent_id": parent, "name": name, "icon": null, "position": 1, "shown": true});
        let top = shop.staff_post("/categories", category(Value::Null, "上")).await["id"].clone();
        let middle = shop.staff_post("/categories", category(top.clone(), "中")).await["id"].clone();
        let low = shop.staff_post("/categories", category(middle.clone(), "下")).await["id"].clone();
        let put = |id: &Value, parent: &Value, name: &str| {
            let (path, body) = (format!("/admin/v1/categories/{}", text(id)), category(parent.clone(), name));
            async move { shop.call("PUT", &path, Some(&shop.owner), Some(body)).await }
        };
        for parent in [&top, &middle, &low] {
            let (status, body) = put(&top, parent, "上").await;
            assert_eq!((status, &body["code"]), (422, &json!("catalog.category_circle")), "{body}");
        }
        for _ in 0..10 {
            // Either move alone is fine; both together would be a circle.
            let (one, two) = futures_util::future::join(put(&top, &low, "上"), put(&middle, &Value::Null, "中")).await;
            assert!(one.0 < 500 && two.0 == 204, "{one:?} {two:?}");
            put(&top, &Value::Null, "上").await;
            put(&middle, &top, "中").await;
            let free = shop.staff_post("/categories", category(Value::Null, "甲")).await["id"].clone();
            let other = shop.staff_post("/categories", category(Value::Null, "乙")).await["id"].clone();
            let (one, two) = futures_util::future::join(put(&free, &other, "甲"), put(&other, &free, "乙")).await;
            let mut statuses = [one.0, two.0];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 422], "{one:?} {two:?}");
        }
        let (status, body) = shop.call("DELETE", &format!("/admin/v1/categories/{}", text(&middle)), Some(&shop.owner), None).await;
        assert_eq!((status, &body["code"]), (409, &json!("catalog.category_in_use")), "{body}");
    }

    async fn a_picture_is_written_anew_and_served(shop: &Shop) {
        let (status, stored) = uploads(shop, Some(&shop.owner), picture(image::ImageFormat::Png)).await;
        assert_eq!((status, &stored["width"], &stored["height"]), (201, &json!(40), &json!(30)), "{stored}");
        let served = shop.http.get(format!("{}{}", shop.base, text(&stored["path"]))).send().await.expect("an answer");
        assert_eq!((served.status().as_u16(), served.headers()["x-content-type-options"].to_str().ok()), (200, Some("nosniff")));
        assert!(served.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("image/")));
        let shown = image::load_from_memory(&served.bytes().await.expect("bytes")).expect("a picture");
        assert_eq!((shown.width(), shown.height()), (40, 30));
        let product = sells(shop, "帆布包", 1_000, json!({"cover": stored["key"]})).await;
        assert_eq!(product["summary"]["cover"], stored["path"]);

        assert_eq!(uploads(shop, None, picture(image::ImageFormat::Png)).await.0, 401);
        let mut hidden = picture(image::ImageFormat::Png);
        hidden.extend_from_slice(b"<script>alert(1)</script>");
        let (status, clean) = uploads(shop, Some(&shop.owner), hidden).await;
        if status == 201 {
            let served = shop.http.get(format!("{}{}", shop.base, text(&clean["path"]))).send().await.expect("an answer");
            let bytes = served.bytes().await.expect("bytes");
            assert!(!bytes.windows(6).any(|window| window == b"script"), "what was hidden behind the picture is served");
        }
        for bytes in [b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), Vec::new(), picture(image::ImageFormat::Png)[..60].to_vec()] {
            let (status, body) = uploads(shop, Some(&shop.owner), bytes).await;
            assert_eq!((status, &body["code"]), (422, &json!("catalog.picture_refused")), "{body}");
        }
        for key in ["../hourglass.db", "%2e%2e/hourglass.db", "pictures/none.png"] {
            let served = shop.http.get(format!("{}/files/{key}", shop.base)).send().await.expect("an answer");
            assert_eq!(served.status().as_u16(), 404, "{key}");
        }
    }
}
