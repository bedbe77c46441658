//! The way to other entrances.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::official::{APP_ID, ORIGINAL_ID, Official, stand_in};
use crate::support::shop::text;

const DAY_MS: i64 = 24 * 60 * 60_000;

fn step<'a>(steps: &'a Value, name: &str) -> &'a Value {
    let found = steps["items"].as_array().unwrap().iter().find(|step| step["step"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {steps}"))
}

on_both_databases! {
    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn everybody_is_shown_what_they_lack_and_the_way_to_it(shop: &Shop) {
        let official = Official::of(shop, false).await;
        let app = json!({"platform": "wechat_app", "app_id": "wxfedcba9876543210", "name": "APP", "secret": "5f3c9a1b7d2e4068"});
        shop.staff_post("/entrances", app).await;
        let product = text(&shop.product(5_000, 5).await["summary"]["id"]);
        let buyer = official.comes_in("o-mini-a").await;
        let share = buyer.shares_thing("product", &product, "friend").await;
        let steps = buyer.does("GET", &format!("/me/entrances?share_token={share}"), None).await;
        let done = |steps: &Value| -> Vec<(String, bool)> {
            steps["items"].as_array().unwrap().iter().map(|step| (text(&step["step"]), step["done"] == true)).collect()
        };
        let expected = [("unionid", false), ("phone", false), ("follow", false), ("mini_program", true), ("app", false)];
        assert_eq!(done(&steps), expected.map(|(step, done)| (step.to_owned(), done)), "{steps}");
        let follow = step(&steps, "follow");
        assert_eq!(follow["ways"][0], json!({"kind": "official_account", "app_id": APP_ID, "original_id": ORIGINAL_ID}));
        assert_eq!(follow["brings"], json!(["order_messages"]));
        let launch = &step(&steps, "app")["ways"][0];
        let parameter = format!("page=pages%2Fproduct%2Findex%3Fid%3D{product}%26share%3D{share}&share={share}");
        assert_eq!(launch, &json!({"kind": "launch_app", "app_id": "wxfedcba9876543210", "app_parameter": parameter}));
        let path = format!("pages/product/index?id={product}&share={share}");
        assert_eq!(step(&steps, "mini_program")["ways"][0]["path"], path);
        let home = buyer.does("GET", "/me/entrances", None).await;
        assert_eq!(step(&home, "mini_program")["ways"][0]["path"], "pages/index/index");

        official.tells("o-a", "u-a");
        let buyer = official.comes_in("o-mini-a.u-a").await;
        official.follows("o-a", None).await;
        shop.settle().await;
        let steps = buyer.does("GET", "/me/entrances", None).await;
        for name in ["unionid", "follow"] {
            assert_eq!(step(&steps, name)["done"], true, "{name}: {steps}");
        }
        let (status, refused) = buyer.call("GET", "/me/entrances?share_token=nobodys", None).await;
        assert_eq!((status, &refused["code"]), (404, &json!("share.token_not_found")));
        shop.staff("POST", &format!("/products/{product}/off-sale"), None).await;
        let (status, refused) = buyer.call("GET", &format!("/me/entrances?share_token={share}"), None).await;
        assert_eq!((status, &refused["code"]), (404, &json!("guidance.subject_not_found")));
    }

    with [("HOURGLASS_WECHAT_API_URL", stand_in().as_str())]
    async fn a_link_carries_the_token_and_is_made_once_a_month(shop: &Shop) {
        let official = Official::of(shop, false).await;
        let mut buyer = official.comes_in("o-mini-a").await;
        let share = buyer.shares().await;
        let wish = |form: &str| Some(json!({"form": form, "share_token": share}));
        let link = buyer.does("POST", "/me/entrances/links", wish("url_link")).await;
        assert_eq!((&link["link"], &link["query"]), (&json!("https://wxaurl.cn/1"), &json!(format!("share={share}"))), "{link}");
        let asked = official.known().links.clone();
        let target = json!({"path": "pages/index/index", "query": format!("share={share}"), "env_version": "release", "expire_type": 1, "expire_interval": 30});
        assert_eq!(asked, [target]);
        assert_eq!(buyer.does("POST", "/me/entrances/links", wish("url_link")).await["link"], "https://wxaurl.cn/1");
        let scheme = buyer.does("POST", "/me/entrances/links", wish("scheme")).await;
        assert_eq!(scheme["link"], "weixin://dl/business/?t=2", "{scheme}");
        let home = buyer.does("POST", "/me/entrances/links", Some(json!({"form": "url_link"}))).await;
        assert_eq!((&home["link"], &home["query"]), (&json!("https://wxaurl.cn/3"), &json!("")));

        shop.clock.advance(29 * DAY_MS + 1);
        buyer.token = official.comes_in("o-mini-a").await.token;
        assert_eq!(buyer.does("POST", "/me/entrances/links", wish("url_link")).await["link"], "https://wxaurl.cn/4", "a day before its end");
        official.known().trouble = Some(json!({"errcode": 40165, "errmsg": "invalid weapp pagepath"}));
        let (status, refused) = buyer.call("POST", "/me/entrances/links", wish("scheme")).await;
        assert_eq!((status, &refused["code"]), (409, &json!("guidance.page_not_released")));
        official.known().trouble = Some(json!({"errcode": 45009, "errmsg": "reach max api daily quota limit"}));
        let (status, refused) = buyer.call("POST", "/me/entrances/links", wish("scheme")).await;
        assert_eq!((status, &refused["code"]), (503, &json!("guidance.link_unavailable")));
        shop.clock.advance(31 * DAY_MS);
        shop.settle().await;
        assert_eq!(shop.holdings()["guide_links"].0, 0, "what has ended is forgotten");
    }
}
