//! Figures agree with a truth that was known before they were asked.

use hourglass::analytics::history::{self, HistoryPlan, Truth};
use hourglass::kernel::time::HOUR_MS;
use serde_json::{Value, json};

use crate::support::Shop;

impl Shop {
    async fn history(&self, seed: u64) -> Truth {
        println!("seed {seed}");
        let plan = HistoryPlan { people: 400, events: 9_000, days: 10, seed };
        history::tell(self.app.db(), self.app.sealer(), plan).await.expect("a history")
    }

    async fn measures(&self, path: &str, question: Value) -> Value {
        let path = format!("/admin/v1/analytics/{path}");
        let (status, answer) = self.call("POST", &path, Some(&self.owner), Some(question)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

fn numbers(rows: &Value, field: &str) -> Vec<u64> {
    rows.as_array().expect("rows").iter().map(|row| row[field].as_u64().expect("a count")).collect()
}

/// The way of a buyer, as the history tells it.
fn way(truth: &Truth) -> Value {
    let steps = ["product_viewed", "cart_line_added", "order_placed", "order_paid"].map(|name| json!({"event": name}));
    json!({
        "range": {"from": truth.from, "to": truth.to}, "steps": steps, "window_ms": 2 * HOUR_MS,
        "breakdown": {"property": "$scene", "touch": "first", "top": 20},
    })
}

on_both_databases! {
    async fn figures_agree_with_the_truth_of_a_history(shop: &Shop) {
        let truth = shop.history(rand::random()).await;
        let range = json!({"from": truth.from, "to": truth.to});

        let funnel = shop.measures("funnels", way(&truth)).await;
        assert_eq!(numbers(&funnel["steps"], "reached"), truth.funnel);
        assert!(truth.funnel.windows(2).all(|steps| steps[0] > steps[1]) && truth.funnel[3] > 0, "{:?}", truth.funnel);
        for channel in truth.channels.iter().filter(|channel| channel.funnel[0] > 0) {
            let groups = funnel["groups"].as_array().expect("groups");
            let group = groups.iter().find(|group| group["value"] == json!(channel.scene)).expect("the channel");
            assert_eq!(group["reached"], json!(channel.funnel), "{}", channel.scene);
        }

        let paid = json!({"range": range, "event": {"event": "order_paid"}, "bucket": "day", "number": "total_fen"});
        let paid = shop.measures("events", paid).await;
        let buckets = paid["series"][0]["buckets"].as_array().expect("buckets");
        assert_eq!(buckets.len(), truth.days.len());
        for (bucket, day) in buckets.iter().zip(&truth.days) {
            let figures = &bucket["figures"];
            assert_eq!(figures["total"].as_u64(), Some(day.orders), "{bucket}");
            assert_eq!(figures["sum"].as_f64().unwrap_or_default(), day.revenue_fen as f64, "{bucket}");
        }

        let tree = shop.measures("share-tree", json!({"as_of": truth.to, "top": 10_000})).await;
        assert_eq!((tree["sharers"].as_u64(), tree["acquired"].as_u64()), (Some(truth.shares.sharers), Some(truth.shares.acquired)));
        assert_eq!((&tree["by_depth"], &tree["spread"]), (&json!(truth.shares.by_depth), &json!(0)));
        assert_eq!(numbers(&tree["top"], "direct").into_iter().max(), Some(truth.shares.most_brought));
        assert!(truth.shares.by_depth.len() > 2, "some were brought by those who were brought: {:?}", truth.shares);

        let back = json!({
            "range": range, "period": "day", "after": 9, "cohorts": "first_time",
            "start": {"event": "app_opened"}, "return": {"event": "app_opened"},
        });
        let back = shop.measures("retention", back).await;
        for (cohort, day) in back["cohorts"].as_array().expect("cohorts").iter().zip(&truth.days) {
            assert_eq!(cohort["size"].as_u64(), Some(day.newcomers), "{cohort}");
            let came: Vec<u64> = cohort["back"].as_array().expect("days").iter().filter_map(Value::as_u64).collect();
            assert_eq!(came, day.back, "{cohort}");
        }
    }

    async fn a_history_is_told_once(shop: &Shop) {
        let truth = shop.history(7).await;
        assert_eq!(truth.days.iter().map(|day| day.newcomers).sum::<u64>(), 400);
        assert!((9_000..9_400).contains(&truth.events), "{}", truth.events);
        let again = HistoryPlan { people: 10, events: 10, days: 1, seed: 7 };
        assert!(history::tell(shop.app.db(), shop.app.sealer(), again).await.is_err());
        let endless = HistoryPlan { people: 10, events: 10, days: 100, seed: 8 };
        assert!(history::tell(shop.app.db(), shop.app.sealer(), endless).await.is_err());
    }
}
