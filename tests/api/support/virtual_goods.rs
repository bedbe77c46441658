//! Virtual goods: staff load codes and write grants, buyers need no address.

use serde_json::{Value, json};

use super::buyer::{Buyer, Wish, basket};
use super::shop::{Shop, text};

impl Shop {
    /// A virtual product on sale of this kind, 10.00 yuan a piece; answers its SKU.
    pub async fn virtual_sku(&self, kind: &str) -> String {
        let product = self.drafts(&json!({"kind": kind, "title": format!("虚拟商品 {}", self.number())})).await;
        let sku = text(&product["skus"][0]["id"]);
        self.prices(&text(&product["summary"]["id"]), 1_000).await;
        self.puts_on_sale(&text(&product["summary"]["id"])).await;
        sku
    }

    /// A SKU sold by codes, with so many of them in its pool.
    pub async fn code_sku(&self, codes: usize) -> String {
        let sku = self.virtual_sku("virtual_code").await;
        if codes > 0 {
            let text: Vec<String> = (1..=codes).map(|number| format!("CODE-{sku}-{number:04}")).collect();
            self.loads(&sku, &text.join("\n")).await;
        }
        sku
    }

    /// Loads codes into a pool.
    pub async fn loads(&self, sku: &str, codes: &str) -> Value {
        self.staff_post(&format!("/skus/{sku}/codes"), json!({"text": codes, "reason": "供应商第一批"})).await
    }

    /// A SKU that grants access, with so many pieces in stock.
    pub async fn access_sku(&self, stock: i64) -> String {
        let sku = self.virtual_sku("virtual_access").await;
        let grant = json!({"name": "音频课", "instructions": "打开链接收听", "link": "https://shop.example/course"});
        self.staff("PUT", &format!("/skus/{sku}/access-grant"), Some(grant)).await;
        self.receive(&sku, stock).await;
        sku
    }
}

impl Buyer<'_> {
    /// Sees a price without naming a province and decides to order without an address.
    pub async fn wishes_virtual(&self, lines: &[(&str, i64)]) -> Wish {
        let quote = self.does("POST", "/quotes", Some(json!({"lines": basket(lines)}))).await;
        let mut wish = self.wishes_at(lines, &quote);
        wish.body.as_object_mut().expect("an object").remove("address_id");
        wish
    }

    /// Buys virtual goods; answers the order's id.
    pub async fn buys_virtual(&self, lines: &[(&str, i64)]) -> String {
        let (status, order) = self.sends(&self.wishes_virtual(lines).await).await;
        assert_eq!(status, 201, "{order}");
        let order_id = text(&order["order_id"]);
        let prepay_id = self.begins_to_pay(&order_id).await;
        self.shop.pay(&prepay_id).await;
        order_id
    }

    /// The codes of their order.
    pub async fn codes(&self, order_id: &str) -> Vec<String> {
        let goods = self.does("GET", &format!("/orders/{order_id}/virtual-goods"), None).await;
        goods["codes"].as_array().expect("codes").iter().map(|code| text(&code["code"])).collect()
    }
}
