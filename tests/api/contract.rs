//! The document and the service say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::support::Shop;
use crate::support::document::Document;
use crate::support::shop::{PASSWORD, text};

#[actix_web::test]
async fn every_operation_is_described_whole() {
    let shop = Shop::on_sqlite().await;
    let document = Document::of(&shop).await;
    assert!(document.operations.len() > 80, "{}", document.operations.len());
    let mut ids = BTreeSet::new();
    for operation in &document.operations {
        let (id, written) = (&operation.id, &operation.written);
        assert!(ids.insert(id.clone()), "two operations are called {id}");
        let snake = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        assert!(id.contains('_') && id.chars().all(snake), "{id} is no verb_noun");
        assert_eq!(written["tags"].as_array().map(Vec::len), Some(1), "{id} has one tag");
        assert!(written["security"].is_array(), "{id} says nothing of who may");
        assert!(written["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{id} has no summary");
        let answers = written["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with(['1', '2', '3'])), "{id} never succeeds");
        assert!(answers.keys().any(|status| status.starts_with('4') || status.starts_with('5')), "{id} never fails");
        let mut expected = vec!["503"];
        if !operation.is_open() {
            expected.push("401");
        }
        if written["x-permission"].as_str().is_some_and(|permission| permission != "any") {
            expected.push("403");
        }
        if operation.body().is_some() {
            expected.extend(["400", "413", "415", "422"]);
        }
        if operation.parameters("query").next().is_some() {
            expected.push("422");
        }
        if operation.path.starts_with("/api/") || operation.path.starts_with("/admin/") {
            expected.push("429");
        }
        for status in expected {
            assert!(answers.contains_key(status), "{id} does not say that it may answer {status}");
        }
        for (status, answer) in answers {
            for (kind, medium) in answer["content"].as_object().into_iter().flatten() {
                assert!(
                    medium.get("example").is_some() || medium.get("examples").is_some(),
                    "{id} {status} {kind} has no example"
                );
                assert!(medium.get("schema").is_some(), "{id} {status} {kind} has no schema");
            }
        }
        for (kind, medium) in written["requestBody"]["content"].as_object().into_iter().flatten() {
            assert!(medium.get("example").is_some(), "{id}: the body {kind} has no example");
        }
        let named: BTreeSet<&str> =
            operation.parameters("path").filter_map(|parameter| parameter["name"].as_str()).collect();
        let in_path: BTreeSet<&str> =
            operation.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        assert_eq!(named, in_path, "{id}: the names in its path");
    }
}

#[actix_web::test]
async fn every_example_fits_its_schema() {
    let shop = Shop::on_sqlite().await;
    let document = Document::of(&shop).await;
    let mut wrong = Vec::new();
    for operation in &document.operations {
        let mut media: Vec<(String, &Value)> = Vec::new();
        let body = operation.written["requestBody"]["content"].as_object().into_iter().flatten();
        media.extend(body.map(|(kind, medium)| (format!("{} body {kind}", operation.id), medium)));
        for (status, answer) in operation.written["responses"].as_object().unwrap() {
            let content = answer["content"].as_object().into_iter().flatten();
            media.extend(content.map(|(kind, medium)| (format!("{} {status} {kind}", operation.id), medium)));
        }
        for (place, medium) in media.into_iter().filter(|(place, _)| place.ends_with("application/json")) {
            wrong.extend(misfits(&document, &medium["schema"], &medium["example"], &place));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_refusal_has_its_own_code_and_words_in_both_languages() {
    let errors = hourglass::app::openapi::errors().expect("no code is used twice");
    let errors = errors.as_object().unwrap();
    assert!(errors.len() > 60, "{}", errors.len());
    for (code, entry) in errors {
        let well_formed = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(code.split('.').count() == 2 && code.split('.').all(well_formed), "{code}");
        assert!(entry["status"].as_u64().is_some_and(|status| (400..600).contains(&status)), "{code}: {entry}");
        let zh = entry["zh"].as_str().unwrap_or_default();
        assert!(zh.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)), "{code}: {zh}");
        let en = entry["en"].as_str().unwrap_or_default();
        assert!(en.is_ascii() && en.ends_with('.'), "{code}: {en}");
    }
}

#[test]
fn the_committed_files_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(hourglass::app::openapi::FOLDER);
    hourglass::app::openapi::check(&folder).expect("run `hourglass openapi` and commit what it writes");
}

/// What of `value` does not fit `schema`, each with its place.
fn misfits(document: &Document, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let schema = document.resolved(schema);
    let mut wrong = Vec::new();
    for choice in ["oneOf", "anyOf"] {
        let Some(parts) = schema[choice].as_array() else { continue };
        let tried: Vec<Vec<String>> = parts.iter().map(|part| misfits(document, part, value, place)).collect();
        if !tried.iter().any(Vec::is_empty) {
            wrong.push(format!("{place}: fits no choice: {}", tried.concat().join("; ")));
        }
        return wrong;
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return misfits(document, &united(document, parts), value, place);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => return wrong,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !(kinds.contains(&kind) || kind == "integer" && kinds.contains(&"number")) {
        return vec![format!("{place}: is {kind}, not {kinds:?}")];
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        wrong.push(format!("{place}: {value} is not in the list"));
    }
    match value {
        Value::Object(fields) => wrong.extend(misfits_of_object(document, schema, fields, place)),
        Value::Array(items) if schema.get("items").is_some() => {
            let each = items.iter().enumerate();
            wrong.extend(
                each.flat_map(|(at, item)| misfits(document, &schema["items"], item, &format!("{place}[{at}]"))),
            );
        }
        Value::Number(number) => {
            let bound = |name: &str| schema[name].as_f64().zip(number.as_f64());
            if bound("minimum").is_some_and(|(least, number)| number < least)
                || bound("maximum").is_some_and(|(most, number)| number > most)
            {
                wrong.push(format!("{place}: {number} is out of range"));
            }
        }
        Value::String(text) => {
            let time = schema["format"] == "date-time";
            if time && !(text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T') {
                wrong.push(format!("{place}: {text} is no moment"));
            }
            let length = text.chars().count() as u64;
            if schema["minLength"].as_u64().is_some_and(|least| length < least)
                || schema["maxLength"].as_u64().is_some_and(|most| length > most)
            {
                wrong.push(format!("{place}: {text} has the wrong length"));
            }
        }
        _ => {}
    }
    wrong
}

fn misfits_of_object(document: &Document, schema: &Value, fields: &Map<String, Value>, place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let empty = Map::new();
    let known = schema["properties"].as_object().unwrap_or(&empty);
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            wrong.push(format!("{place}: {name} is missing"));
        }
    }
    for (name, value) in fields {
        let place = format!("{place}.{name}");
        match known.get(name) {
            Some(schema) => wrong.extend(misfits(document, schema, value, &place)),
            None => match schema.get("additionalProperties") {
                Some(Value::Object(other)) => {
                    wrong.extend(misfits(document, &Value::Object(other.clone()), value, &place))
                }
                Some(Value::Bool(true)) => {}
                _ if schema.get("properties").is_none() => {}
                _ => wrong.push(format!("{place}: the document does not know it")),
            },
        }
    }
    wrong
}

/// One schema that says what all parts say.
fn united(document: &Document, parts: &[Value]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in parts {
        let part = document.resolved(part);
        let inner = part["allOf"].as_array().map(|parts| united(document, parts));
        let part = inner.as_ref().unwrap_or(part);
        if part.get("properties").is_none() {
            return part.clone();
        }
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// Goes through the shop as a shopper and as staff, looking at everything on the way.
async fn walk(shop: &Shop, document: &Document) {
    let product = shop.product(9_900, 10).await;
    let (sku, product_id) = (text(&product["skus"][0]["id"]), text(&product["summary"]["id"]));
    shop.renew_catalog().await;
    let buyer = shop.buyer().await;
    buyer.does("PATCH", "/me", Some(json!({"nickname": "阿明"}))).await;
    buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 2}))).await;
    buyer.does("GET", "/search?q=lyq", None).await;
    let paid = buyer.buys(&[(&sku, 2)]).await;
    let pending = buyer.orders(&[(&sku, 1)]).await;
    let given_back = buyer.buys(&[(&sku, 1)]).await;
    buyer.does("POST", &format!("/orders/{given_back}/refund"), Some(json!({"reason": "不想要了"}))).await;
    shop.settle().await;
    buyer.does("POST", &format!("/orders/{pending}/cancel"), Some(json!({"reason": "拍错了"}))).await;
    shop.staff("PUT", &format!("/orders/{paid}/note"), Some(json!({"note": "老客户"}))).await;
    let parcel = json!({"carrier_code": "SF", "tracking_no": "SF1234567890123"});
    shop.staff_post(&format!("/orders/{paid}/shipments"), parcel).await;
    shop.settle().await;
    let share = buyer.shares_thing("product", &product_id, "poster").await;
    shop.buyer().await.opens(&share).await;
    buyer.does("POST", &format!("/shares/{share}/code"), None).await;
    buyer.does("POST", &format!("/shares/{share}/poster"), Some(json!({"code": "web", "with_nickname": true}))).await;
    buyer.does("POST", "/favourites", Some(json!({"product_id": product_id}))).await;
    let template = shop.coupon_template(json!({})).await;
    let coupon = buyer.claims(&template).await;
    let drop = shop.coupon_drop(json!({})).await;
    let user_id = text(&buyer.does("GET", "/me", None).await["user_id"]);
    let grant = shop.gives_many(&shop.coupon_template(json!({"way": "grant"})).await, &[user_id.as_str()]).await;
    let store = shop.store("南山旗舰店").await;
    let collected = buyer.buys_to_collect(&store, &[(&sku, 1)]).await;
    let (codes, access) = (shop.code_sku(2).await, shop.access_sku(2).await);
    shop.entrance("wechat_web").await;
    let entrance = shop.entrance("wechat_service").await;
    look_at_everything(
        shop,
        document,
        &buyer.token,
        &[
            ("order", &paid),
            ("sku", &sku),
            ("address", &buyer.address_id),
            ("product", &product_id),
            ("share", &share),
            ("coupon", &coupon),
            ("template", &template),
            ("drop", &drop),
            ("grant", &grant),
            ("store", &store),
            ("collected", &collected),
            ("codes", &codes),
            ("access", &access),
            ("entrance", &entrance),
        ],
    )
    .await;
    buyer.does("POST", &format!("/orders/{paid}/receipt"), None).await;
    let (_, renewed) =
        shop.call("POST", "/api/v1/sessions/refresh", None, Some(json!({"refresh_token": buyer.refresh_token}))).await;
    shop.call("DELETE", "/api/v1/sessions/current", Some(&text(&renewed["access_token"])), None).await;
    shop.call("POST", "/admin/v1/sessions", None, Some(json!({"username": "owner", "password": PASSWORD}))).await;
    shop.call("POST", "/admin/v1/sessions", None, Some(json!({"username": "owner", "password": "wrong password"})))
        .await;
}

/// Whether a path leads to something of which the walk makes none: one campaign of some kind or what belongs to one,
/// accounts that became one, what belongs to a service account, segments of people, saved questions, or the picture of a live room.
/// They have claims of their own.
fn is_not_walked(path: &str) -> bool {
    let rooms = [
        "/campaigns/{",
        "bargain",
        "/flash-sales/",
        "/group-buys/",
        "/social-coupons/",
        "/packets/",
        "/packet",
        "/account-merges/",
        "/hooks/wechat/push/",
        "/service-codes/",
        "/service-followers/",
        "/service-replies/",
        "/analytics/saved-questions/",
        "/analytics/segments/",
        "/live-rooms/{id}/official",
        "/live-rooms/{id}/push-address",
        "/live-rooms/{id}/play-addresses",
        "/analytics/exports/",
    ];
    path.contains('{') && rooms.iter().any(|room| path.contains(room))
}

/// A live room with a recording; answers its id.
async fn a_show_to_watch_again(shop: &Shop) -> String {
    let now = shop.clock.now();
    let draft =
        json!({"title": "直播", "anchor_name": "小麦", "starts_at": now, "ends_at": now.plus_millis(3_600_000)});
    let id = text(&shop.staff_post("/live-rooms", draft).await["room"]["id"]);
    let product = text(&shop.product(5_000, 5).await["summary"]["id"]);
    shop.staff_post(&format!("/live-rooms/{id}/shelf"), json!({"product_ids": [product]})).await;
    shop.staff_post(&format!("/live-rooms/{id}/start"), json!({"reason": "开播"})).await;
    shop.staff("PUT", &format!("/live-rooms/{id}/explaining"), Some(json!({"product_id": product}))).await;
    shop.staff_post(&format!("/live-rooms/{id}/end"), json!({"reason": "下播"})).await;
    let recording = json!({"media_url": "https://vod.example.com/show.m3u8"});
    shop.staff_post(&format!("/live-rooms/{id}/replays"), recording).await;
    shop.staff("POST", &format!("/live-rooms/{id}/show-replay"), None).await;
    id
}

/// Every GET there is, with ids of things that exist where they are known, as whoever may.
async fn look_at_everything(shop: &Shop, document: &Document, shopper: &str, ids: &[(&str, &str)]) {
    let user_id = text(&shop.call("GET", "/api/v1/me", Some(shopper), None).await.1["user_id"]);
    let own = text(&shop.staff("GET", "/me", None).await["staff_id"]);
    shop.tells_of(Some(shopper), None, "page_viewed").await;
    let event_name = text(&shop.event_name("page_viewed").await["id"]);
    let show = a_show_to_watch_again(shop).await;
    for operation in document.operations.iter().filter(|operation| operation.method == "GET") {
        let id = match operation.path.as_str() {
            path if path.contains("/live-rooms/") && !is_not_walked(path) => &show,
            path if path.contains("/pick-up-code") => ids[10].1,
            path if path.contains("/skus/{sku_id}/codes") => ids[11].1,
            path if path.contains("/access-grant") => ids[12].1,
            path if path.contains("/entrances/") => ids[13].1,
            path if path.contains("/orders/") => ids[0].1,
            path if path.contains("/stock/") => ids[1].1,
            path if path.contains("/addresses/") => ids[2].1,
            path if path.contains("/products/") || path.contains("/favourites/") => ids[3].1,
            path if path.contains("/freight-templates/") => &shop.freight_template_id,
            path if path.contains("/shares/") => ids[4].1,
            path if path.contains("/coupons/{") => ids[5].1,
            path if path.contains("/coupon-templates/") => ids[6].1,
            path if path.contains("/coupon-drops/") => ids[7].1,
            path if path.contains("/coupon-grants/") => ids[8].1,
            path if path.contains("/stores/") => ids[9].1,
            path if path.contains("/users/") || path.contains("/share-trees/") => &user_id,
            path if path.contains("/staff/") => &own,
            path if path.contains("/event-names/") => &event_name,
            path if path.contains("/ready-made/") => "purchase",
            _ => "1",
        };
        let token = if operation.path.starts_with("/admin/") { &shop.owner } else { shopper };
        let mut query: Vec<String> = Vec::new();
        for parameter in operation.parameters("query").filter(|parameter| parameter["required"] == true) {
            let example = parameter["example"].as_str().map_or_else(|| parameter["example"].to_string(), str::to_owned);
            query.push(format!("{}={example}", parameter["name"].as_str().unwrap()));
        }
        let path = format!("{}?{}", operation.path_with(id), query.join("&"));
        let (status, answer) = shop.call("GET", path.trim_end_matches('?'), Some(token), None).await;
        // A 404 has its shape too.
        let absent = status == 404 && is_not_walked(&operation.path);
        // This shop has no project key, so that no tracker is let in.
        let shut = status == 401 && operation.path.starts_with("/hooks/sensors/");
        // Nor has it a media engine or a room of WeChat's.
        let without = ["show_push_address", "show_play_addresses", "show_official_room"];
        let lacking = status == 409 && without.contains(&operation.id.as_str());
        // What is opened as a WebSocket is not answered otherwise.
        let upgrade = operation.path.ends_with("/stream") && answer["code"] == "live.socket_needed";
        let expected = operation.path.starts_with("/files/") || status < 300 || absent || shut || upgrade || lacking;
        assert!(expected, "{}: {status} {answer}", operation.id);
    }
}

on_both_databases! {
    async fn every_answer_of_a_walk_fits_the_document(shop: &Shop) {
        let document = Document::of(shop).await;
        shop.listens();
        walk(shop, &document).await;
        let heard = shop.heard();
        let mut wrong = BTreeMap::new();
        let mut reached = BTreeSet::new();
        for answer in heard.iter().filter(|answer| !answer.path.starts_with("/openapi")) {
            let Some(operation) = document.reached(&answer.method, &answer.path) else {
                panic!("{} {} is not in the document", answer.method, answer.path);
            };
            reached.insert(operation.id.clone());
            let place = format!("{} {}", operation.id, answer.status);
            let Some(described) = operation.written["responses"].get(answer.status.to_string()) else {
                wrong.insert(place.clone(), format!("{place} is not in the document: {}", answer.body));
                continue;
            };
            match described.pointer("/content/application~1json/schema") {
                Some(schema) => {
                    let found = misfits(&document, schema, &answer.body, &place);
                    if !found.is_empty() {
                        wrong.insert(place, found.join("\n"));
                    }
                }
                None => assert!(answer.body.is_null() || described.get("content").is_some(), "{place}: {}", answer.body),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.into_values().collect::<Vec<_>>().join("\n"));
        assert!(reached.len() > 55, "the walk is too short: {reached:?}");
    }
}
