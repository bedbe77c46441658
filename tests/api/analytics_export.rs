//! What leaves for the merchant's own warehouse: days as Parquet files, and events on their way to ClickHouse.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use hourglass::kernel::time::{DAY_MS, MINUTE_MS};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;
use crate::support::warehouse::Warehouse;

/// The day on which every test begins.
const TODAY: &str = "2026-03-01";

/// A row by the names of its columns; an empty cell is not there.
type Row = HashMap<String, String>;

impl Shop {
    /// A day of a table as the owner has it.
    async fn exported(&self, table: &str, day: &str) -> Vec<Row> {
        let path = format!("{}/admin/v1/analytics/exports/{table}/{day}", self.base);
        let answer = self.http.get(path).bearer_auth(self.owner_again().await).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{table}");
        let named = answer.headers()["content-disposition"].to_str().expect("a text").to_owned();
        assert_eq!(named, format!("attachment; filename=\"{table}-{day}.parquet\""));
        rows(answer.bytes().await.expect("a file"))
    }
}

fn rows(file: Bytes) -> Vec<Row> {
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let cell = |field: &Field| match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::TimestampMillis(at) => Some(at.to_string()),
        other => Some(other.to_string()),
    };
    let row = |row: parquet::record::Row| {
        row.get_column_iter().filter_map(|(name, field)| Some((name.clone(), cell(field)?))).collect()
    };
    reader.get_row_iter(None).expect("rows").map(|found| row(found.expect("a row"))).collect()
}

fn told<'a>(row: &'a Row, names: &[&str]) -> Vec<&'a str> {
    names.iter().map(|name| row.get(*name).map_or("-", String::as_str)).collect()
}

fn named(rows: &[Row], name: &str) -> Vec<Row> {
    rows.iter().filter(|row| row["name"] == name).cloned().collect()
}

on_both_databases! {
    async fn a_day_leaves_as_files(shop: &Shop) {
        let product = shop.product(5_000, 20).await;
        let (product_id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let sharer = shop.buyer().await;
        let token = sharer.shares_thing("product", &product_id, "friend").await;
        shop.later(MINUTE_MS).await;
        let buyer = shop.buyer().await;
        buyer.opens(&token).await;
        shop.settle().await;
        shop.app.seal_events().await.expect("sealed");
        shop.later(MINUTE_MS).await;
        let order = buyer.buys(&[(&sku, 2)]).await;
        let refunded = sharer.buys(&[(&sku, 1)]).await;
        shop.settle().await;
        sharer.does("POST", &format!("/orders/{refunded}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        shop.tells_of(None, Some(&shop.device().await.token), "page_seen").await;
        let (buyer_id, sharer_id) = (buyer.user_id().await, sharer.user_id().await);
        let total = shop.order(&order).await["price"]["total_fen"].to_string();

        let events = shop.exported("events", TODAY).await;
        let ids: BTreeSet<&String> = events.iter().map(|row| &row["event_id"]).collect();
        assert_eq!(ids.len(), events.len(), "sealed or not, each is there once");
        let paid = named(&events, "order_paid").into_iter().find(|row| row["user_id"] == buyer_id).expect("paid");
        assert_eq!(told(&paid, &["trusted", "left_out", "session"]), ["true", "false", "-"]);
        let said: Value = serde_json::from_str(&paid["properties"]).expect("JSON");
        assert_eq!((text(&said["order_id"]), said["total_fen"].to_string()), (order.clone(), total.clone()));
        let opened = named(&events, "share_opened");
        assert_eq!(told(&opened[0], &["user_id"]), [buyer_id.as_str()]);
        assert_eq!(told(&named(&events, "page_seen")[0], &["user_id", "trusted"]), ["-", "false"]);

        let orders = shop.exported("orders", TODAY).await;
        let of = |id: &str| orders.iter().find(|row| row["order_id"] == id).expect("an order").clone();
        let columns = ["user_id", "total_fen", "paid_fen", "refunded_fen", "share_token", "closed_at"];
        assert_eq!(told(&of(&order), &columns), [&buyer_id, &total, &total, "0", &token, "-"]);
        let gone = of(&refunded);
        assert_eq!((orders.len(), &gone["refunded_fen"]), (2, &gone["paid_fen"]));
        let lines = shop.exported("order_lines", TODAY).await;
        let line = lines.iter().find(|row| row["order_id"] == order).expect("a line");
        assert_eq!(told(line, &["user_id", "sku_id", "product_id", "quantity"]), [&buyer_id, &sku, &product_id, "2"]);
        let users = shop.exported("users", TODAY).await;
        let known = |id: &str| users.iter().find(|row| row["user_id"] == id).expect("a user").clone();
        assert_eq!(told(&known(&buyer_id), &["sharer_id", "left_out"]), [sharer_id.as_str(), "false"]);
        assert_eq!(told(&known(&sharer_id), &["sharer_id"]), ["-"]);
        let shares = shop.exported("shares", TODAY).await;
        let columns = ["user_id", "subject_kind", "subject_ref", "channel"];
        assert_eq!(told(&shares[0], &columns), [sharer_id.as_str(), "product", &product_id, "friend"]);

        assert_eq!(shop.exported("orders", "2026-02-28").await, Vec::<Row>::new());
        let audited = shop.staff("GET", "/audit?subject_kind=analytics_export", None).await;
        assert_eq!(audited["items"].as_array().expect("entries").len(), 6, "{audited}");
        assert_eq!(audited["items"][0]["after"], json!({"table": "orders", "day": "2026-02-28", "rows": 0}), "{audited}");
        let path = "/admin/v1/analytics/exports/orders/2026-03-02";
        let (status, answer) = shop.call("GET", path, Some(&shop.owner), None).await;
        assert_eq!((status, text(&answer["code"])), (422, "analytics.export_day_not_begun".to_owned()), "{answer}");
        let (status, _) = shop.call("GET", "/admin/v1/analytics/exports/passwords/2026-03-01", Some(&shop.owner), None).await;
        assert_eq!(status, 404);
    }

    with [
        ("HOURGLASS_ANALYTICS_CLICKHOUSE_URL", Warehouse::open().as_str()),
        ("HOURGLASS_ANALYTICS_CLICKHOUSE_USER", "writer"),
        ("HOURGLASS_ANALYTICS_CLICKHOUSE_PASSWORD", "of the shop"),
        ("HOURGLASS_ANALYTICS_CLICKHOUSE_TABLE", "shop.events"),
    ]
    async fn every_sealed_event_goes_to_clickhouse_once(shop: &Shop) {
        let url = shop.app.config().analytics.stream.as_ref().expect("a warehouse").url.clone();
        let warehouse = Warehouse::at(&url);
        let sku = shop.sku(5_000, 20).await;
        let buyer = shop.buyer().await;
        let buyer_id = buyer.user_id().await;
        buyer.buys(&[(&sku, 1)]).await;
        shop.settle().await;
        let first = shop.app.seal_events().await.expect("sealed");
        assert_eq!(shop.app.stream_events().await.expect("nothing"), 0, "an older event may still be on its way");
        shop.later(11 * MINUTE_MS).await;
        warehouse.fails(1);
        shop.app.stream_events().await.expect_err("refused");

        // What comes meanwhile is no part of the batch that is tried again.
        shop.buyer().await;
        shop.settle().await;
        let second = shop.app.seal_events().await.expect("sealed");
        shop.later(11 * MINUTE_MS).await;
        assert_eq!(shop.app.stream_events().await.expect("sent"), first as u64);
        let inserts = warehouse.inserts();
        assert_eq!(inserts.len(), 2);
        assert_eq!((&inserts[0].rows, &inserts[0].query), (&inserts[1].rows, &inserts[1].query));
        assert_eq!(inserts[0].query["query"], "INSERT INTO shop.events FORMAT JSONEachRow");
        assert_eq!((inserts[0].headers["x-clickhouse-user"].as_str(), inserts[0].headers["x-clickhouse-key"].as_str()), ("writer", "of the shop"));
        let sent = shop.app.stream_events().await.expect("sent");
        assert!(second > 0 && sent >= second as u64, "{second} were sealed, {sent} were sent");
        shop.app.stream_events().await.expect("nothing is left");
        let inserts = warehouse.inserts();
        assert_ne!(inserts[1].query["insert_deduplication_token"], inserts[2].query["insert_deduplication_token"]);
        let rows: Vec<&Value> = inserts[1..].iter().flat_map(|insert| &insert.rows).collect();
        let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["event_id"])).collect();
        assert_eq!((ids.len(), rows.len()), (first + second, first + second), "each once");
        let paid = rows.iter().find(|row| row["name"] == "order_paid").expect("paid");
        assert_eq!((text(&paid["user_id"]), &paid["trusted"]), (buyer_id, &json!(true)), "{paid}");

        // The next day's go too, and no other again.
        shop.later(DAY_MS).await;
        shop.app.seal_events().await.expect("sealed");
        shop.later(11 * MINUTE_MS).await;
        while shop.app.stream_events().await.expect("sent") > 0 {}
        let rows: Vec<Value> = warehouse.inserts()[1..].iter().flat_map(|insert| insert.rows.clone()).collect();
        let ids: BTreeSet<String> = rows.iter().map(|row| text(&row["event_id"])).collect();
        assert_eq!(ids.len(), rows.len(), "each once");
    }
}
