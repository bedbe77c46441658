//! Favourites and footprints: what shoppers keep in mind, shown as it is now.

use diesel::RunQueryDsl as _;
use hourglass::platform::db::DbError;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::crowd::at_once;
use crate::support::shop::text;

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// A product and its only SKU.
async fn goods(shop: &Shop, price_fen: i64, stock: i64) -> (String, String) {
    let product = shop.product(price_fen, stock).await;
    (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]))
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap_or_else(|| panic!("a page: {page}"));
    items.iter().map(|item| text(&item["product"]["product_id"])).collect()
}

fn seen(products: &[&str]) -> Option<Value> {
    let products: Vec<Value> = products.iter().map(|id| json!({"product_id": id})).collect();
    Some(json!({"products": products}))
}

async fn liked(shop: &Shop, product_id: &str) -> Value {
    shop.staff("GET", &format!("/favourites?product_id={product_id}"), None).await["items"].clone()
}

on_both_databases! {
    async fn a_favourite_is_marked_once_however_often_somebody_taps(shop: &Shop) {
        let (id, _) = goods(shop, 9_900, 5).await;
        let (buyer, other) = (shop.buyer().await, shop.buyer().await);
        let body = Some(json!({"product_id": id}));
        let taps = at_once(30, (0..30).map(|_| buyer.call("POST", "/favourites", body.clone()))).await;
        assert!(taps.iter().all(|(status, favourite)| *status == 201 && favourite["product"]["price_fen"] == 9_900), "{taps:?}");
        assert_eq!(ids(&buyer.does("GET", "/favourites", None).await), std::slice::from_ref(&id));
        other.does("POST", "/favourites", body).await;
        assert_eq!(liked(shop, &id).await[0]["favourites"], 2);
        assert_eq!(buyer.does("GET", &format!("/favourites/{id}"), None).await["product"]["availability"], "available");

        let path = format!("/favourites/{id}");
        let gone = at_once(10, (0..10).map(|_| buyer.call("DELETE", &path, None))).await;
        assert_eq!(gone.iter().filter(|(status, _)| *status == 204).count(), 1, "{gone:?}");
        assert!(gone.iter().all(|(status, _)| [204, 404].contains(status)), "{gone:?}");
        assert_eq!(buyer.call("GET", &format!("/favourites/{id}"), None).await.0, 404);
        assert_eq!(liked(shop, &id).await[0]["favourites"], 1);
        other.does("DELETE", &format!("/favourites/{id}"), None).await;
        assert_eq!(liked(shop, &id).await, json!([]));
    }

    async fn a_list_takes_a_thousand_however_many_hearts_are_tapped_at_once(shop: &Shop) {
        const ROOM: i64 = 2;
        let (pattern, _) = goods(shop, 9_900, 5).await;
        let buyer = shop.buyer().await;
        let user: i64 = buyer.user_id().await.parse().unwrap();
        let pattern: i64 = pattern.parse().unwrap();
        // Products like the first one, and marks on all but a few of them.
        let products = format!(
            "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1012) \
             INSERT INTO products (id, kind, category_id, freight_template_id, title, subtitle, brand, tags, cover, gallery, video, \
             description, options, state, on_sale_at, off_sale_at, sold, listed_at, version, created_at, updated_at) \
             SELECT number, kind, category_id, freight_template_id, title, subtitle, brand, tags, cover, gallery, video, description, \
             options, state, on_sale_at, off_sale_at, sold, listed_at, version, created_at, updated_at \
             FROM products, numbers WHERE id = {pattern}"
        );
        let marks = format!(
            "INSERT INTO favourites (user_id, product_id, created_at) SELECT {user}, id, 1 FROM products WHERE id <= {}",
            1_000 - ROOM
        );
        let writing = shop.app.db().write("marks", move |tx| {
            for sql in [&products, &marks] {
                diesel::sql_query(sql).execute(tx.conn()?)?;
            }
            Ok::<_, DbError>(())
        });
        writing.await.unwrap();
        let wanted: Vec<i64> = (1_000 - ROOM + 1..=1_012).collect();
        // Each of them is tapped twice, which is the same as once.
        let twice = wanted.iter().flat_map(|id| [id, id]);
        let taps = twice.map(|id| buyer.call("POST", "/favourites", Some(json!({"product_id": id.to_string()}))));
        let taps = at_once(2 * wanted.len(), taps).await;
        let marked = taps.iter().filter(|(status, _)| *status == 201).count();
        let refused = taps.iter().filter(|(_, refused)| refused["code"] == "favourite.too_many").count();
        assert_eq!((marked, refused), (4, 24), "{taps:?}");
        let count = shop.app.db().read("count", move |tx| {
            let counting = "SELECT COUNT(*) AS number FROM favourites WHERE user_id = $1";
            let counting = diesel::sql_query(counting).bind::<diesel::sql_types::BigInt, _>(user);
            Ok::<_, DbError>(counting.get_result::<Counted>(tx.conn()?)?.number)
        });
        assert_eq!(count.await.unwrap(), 1_000);
    }

    async fn favourites_show_what_they_cost_and_whether_they_can_be_bought_now(shop: &Shop) {
        let (cheaper, _) = goods(shop, 9_900, 5).await;
        let (sold_out, sku) = goods(shop, 1_000, 1).await;
        let (gone, _) = goods(shop, 2_000, 5).await;
        let buyer = shop.buyer().await;
        for id in [&cheaper, &sold_out, &gone] {
            buyer.does("POST", "/favourites", Some(json!({"product_id": id}))).await;
            shop.clock.advance(1_000);
        }
        shop.prices(&cheaper, 8_800).await;
        buyer.orders(&[(&sku, 1)]).await;
        shop.staff("POST", &format!("/products/{gone}/off-sale"), None).await;
        let page = buyer.does("GET", "/favourites", None).await;
        assert_eq!(ids(&page), [gone.clone(), sold_out.clone(), cheaper.clone()], "latest first");
        let shown: Vec<(&Value, &Value)> = page["items"].as_array().unwrap().iter()
            .map(|item| (&item["product"]["availability"], &item["product"]["price_fen"])).collect();
        assert_eq!(shown, [(&json!("off_sale"), &json!(2_000)), (&json!("sold_out"), &json!(1_000)), (&json!("available"), &json!(8_800))]);
        let (status, refused) = buyer.call("POST", "/favourites", Some(json!({"product_id": "1"}))).await;
        assert_eq!((status, &refused["code"]), (422, &json!("favourite.product_not_found")), "{refused}");

        let first = buyer.does("GET", "/favourites?limit=2", None).await;
        let next = first["next_cursor"].as_str().expect("more follow");
        let second = buyer.does("GET", &format!("/favourites?limit=2&cursor={next}"), None).await;
        assert_eq!((ids(&first).len(), ids(&second)), (2, vec![cheaper]));
        let most = shop.staff("GET", "/favourites?limit=1", None).await;
        let next = most["next_cursor"].as_str().expect("more follow");
        let rest = shop.staff("GET", &format!("/favourites?cursor={next}"), None).await;
        assert_eq!(rest["items"].as_array().map(Vec::len), Some(2), "{rest}");
    }

    async fn footprints_keep_the_last_hundred_products_latest_first(shop: &Shop) {
        let mut products = Vec::new();
        for _ in 0..103 {
            products.push(goods(shop, 1_000, 0).await.0);
        }
        let buyer = shop.buyer().await;
        for some in products.chunks(40) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            buyer.does("POST", "/footprints", seen(&some)).await;
            shop.clock.advance(60_000);
        }
        let page = buyer.does("GET", "/footprints?limit=100", None).await;
        let expected: Vec<String> = products.iter().rev().take(100).cloned().collect();
        assert_eq!((ids(&page), &page["next_cursor"]), (expected, &Value::Null));

        buyer.does("POST", "/footprints", seen(&[&products[50], &products[50]])).await;
        let page = buyer.does("GET", "/footprints?limit=100", None).await;
        assert_eq!((ids(&page).len(), &ids(&page)[0]), (100, &products[50]), "seen again, it moves to the front");

        let long_ago = json!({"products": [{"product_id": products[50], "seen_at": "2026-02-28T00:00:00Z"}]});
        buyer.does("POST", "/footprints", Some(long_ago)).await;
        let again = buyer.does("GET", "/footprints?limit=100", None).await;
        assert_eq!(again, page, "an earlier moment told late changes nothing");
        for wrong in [json!({"products": []}), json!({"products": vec![json!({"product_id": "1"}); 101]})] {
            let (status, refused) = buyer.call("POST", "/footprints", Some(wrong)).await;
            assert_eq!((status, &refused["code"]), (422, &json!("favourite.footprints_out_of_range")), "{refused}");
        }
        buyer.does("DELETE", "/footprints", None).await;
        assert_eq!(ids(&buyer.does("GET", "/footprints", None).await), Vec::<String>::new());
    }

    async fn two_reports_at_once_leave_each_product_once(shop: &Shop) {
        let mut products = Vec::new();
        for _ in 0..12 {
            products.push(goods(shop, 1_000, 1).await.0);
        }
        let buyer = shop.buyer().await;
        let forwards: Vec<&str> = products.iter().map(String::as_str).collect();
        let backwards: Vec<&str> = products.iter().rev().map(String::as_str).collect();
        let bodies = (0..20).map(|turn| seen(if turn % 2 == 0 { &forwards } else { &backwards }));
        let told = at_once(20, bodies.map(|body| buyer.call("POST", "/footprints", body))).await;
        assert!(told.iter().all(|(status, _)| *status == 204), "{told:?}");
        let mut left = ids(&buyer.does("GET", "/footprints?limit=100", None).await);
        left.sort();
        let mut all = products.clone();
        all.sort();
        assert_eq!(left, all);
    }

    async fn what_a_device_looked_at_comes_along_at_the_log_in(shop: &Shop) {
        let (first, _) = goods(shop, 1_000, 1).await;
        let (second, _) = goods(shop, 1_000, 1).await;
        let (third, _) = goods(shop, 1_000, 1).await;
        let (off_sale, _) = goods(shop, 1_000, 1).await;
        shop.staff("POST", &format!("/products/{off_sale}/off-sale"), None).await;
        let login = shop.wechat("POST", "/login", Some(json!({}))).await;
        let openid = login["openid"].clone();
        let log_in = async |js_code: &Value, device: Option<&str>| {
            let headers: Vec<(&str, &str)> = device.map(|token| ("x-device-token", token)).into_iter().collect();
            let body = json!({"js_code": js_code});
            let (status, body) = shop.call_with("POST", "/api/v1/sessions/wechat-mini", None, &headers, Some(body)).await;
            assert_eq!(status, 201, "{body}");
            text(&body["access_token"])
        };
        let token = log_in(&login["js_code"], None).await;
        let (status, _) = shop.call("POST", "/api/v1/footprints", Some(&token), seen(&[&first, &second])).await;
        assert_eq!(status, 204);

        let (_, device) = shop.call("POST", "/api/v1/devices", None, None).await;
        let device = text(&device["device_token"]);
        let headers = [("x-device-token", device.as_str())];
        shop.clock.advance(60_000);
        let (status, _) = shop.call_with("POST", "/api/v1/footprints", None, &headers, seen(&[&first, &third, &off_sale])).await;
        assert_eq!(status, 204);
        let (_, before) = shop.call_with("GET", "/api/v1/footprints", None, &headers, None).await;
        assert_eq!(ids(&before), [third.clone(), first.clone()], "what is not on sale leaves none");

        let again = shop.wechat("POST", "/login", Some(json!({"openid": openid}))).await;
        let token = log_in(&again["js_code"], Some(&device)).await;
        let (_, mine) = shop.call("GET", "/api/v1/footprints", Some(&token), None).await;
        assert_eq!(ids(&mine), [third, first, second]);
        let (_, left) = shop.call_with("GET", "/api/v1/footprints", None, &headers, None).await;
        assert_eq!(ids(&left), Vec::<String>::new(), "the device has none any more");
        assert_eq!(shop.call("GET", "/api/v1/footprints", None, None).await.0, 401);
    }
}
