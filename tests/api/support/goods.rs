//! Goods that differ from the usual ones.

use serde_json::{Value, json};

use super::shop::{Shop, text};

impl Shop {
    /// What staff would send to add a product with one SKU, with these fields in place of the usual ones.
    pub fn draft(&self, changes: &Value) -> Value {
        let number = self.number();
        let mut draft = json!({
            "category_id": self.category_id, "freight_template_id": self.freight_template_id,
            "title": format!("针织衫 {number}"), "cover": "pictures/ab/0123.png",
            "skus": [{"code": format!("SKU-{number}"), "price_fen": 5_000, "weight_grams": 300}]
        });
        for (name, value) in changes.as_object().expect("an object") {
            draft[name] = value.clone();
        }
        draft
    }

    /// Adds a product without putting it on sale; answers its record.
    pub async fn drafts(&self, changes: &Value) -> Value {
        self.staff_post("/products", self.draft(changes)).await
    }

    /// Puts a product on sale.
    pub async fn puts_on_sale(&self, product_id: &str) {
        self.staff("POST", &format!("/products/{product_id}/on-sale"), None).await;
    }

    /// Changes the price of a product with one SKU.
    pub async fn prices(&self, product_id: &str, price_fen: i64) {
        let record = self.staff("GET", &format!("/products/{product_id}"), None).await;
        let mut skus = record["skus"].clone();
        skus[0]["price_fen"] = json!(price_fen);
        self.edits(product_id, &json!({"skus": skus_of_draft(&skus)})).await;
    }

    /// Changes these fields of a product; answers its record.
    pub async fn edits(&self, product_id: &str, changes: &Value) -> Value {
        let edit = self.edit(product_id, changes).await;
        self.staff("PUT", &format!("/products/{product_id}"), Some(edit)).await
    }

    /// What staff would send to change these fields of a product as it is now.
    pub async fn edit(&self, product_id: &str, changes: &Value) -> Value {
        let record = self.staff("GET", &format!("/products/{product_id}"), None).await;
        let mut product = json!({
            "category_id": record["summary"]["category_id"], "title": record["summary"]["title"],
            "freight_template_id": record["freight_template_id"], "cover": record["cover"],
            "description": record["description"], "skus": skus_of_draft(&record["skus"])
        });
        for (name, value) in changes.as_object().expect("an object") {
            product[name] = value.clone();
        }
        json!({"version": record["summary"]["version"], "product": product})
    }

    /// A freight template that costs nothing anywhere; answers its id.
    pub async fn free_freight(&self) -> String {
        let free = json!({"name": "包邮", "measure": "piece", "tariffs": [{
            "provinces": [], "deliverable": true, "first_units": 1, "first_fee_fen": 0,
            "next_units": 1, "next_fee_fen": 0, "free_from_fen": null
        }]});
        text(&self.staff_post("/freight-templates", free).await["id"])
    }
}

fn skus_of_draft(skus: &Value) -> Value {
    let mut skus = skus.clone();
    for sku in skus.as_array_mut().expect("SKUs") {
        sku.as_object_mut().expect("a SKU").remove("id");
    }
    skus
}
