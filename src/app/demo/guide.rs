//! What the demonstration says once it is open: where things are, and the lines that buy something end to end.

use super::keepsake::OWNER;

/// Where the demonstration is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) base_url: String,
    pub(super) simulator_url: String,
    pub(super) database_url: String,
    pub(super) owner_password: String,
}

impl Place {
    /// Where the document is read.
    pub(super) fn docs_url(&self) -> String {
        format!("{}/docs/", self.base_url)
    }

    /// One line of JSON, for programs.
    pub(super) fn json(&self) -> String {
        let staff = serde_json::json!({ "username": OWNER, "password": self.owner_password });
        let place = serde_json::json!({
            "base_url": self.base_url,
            "simulator_url": self.simulator_url,
            "docs_url": self.docs_url(),
            "staff": staff,
            "database_url": self.database_url,
        });
        place.to_string()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        GUIDE
            .replace("{base}", &self.base_url)
            .replace("{simulator}", &self.simulator_url)
            .replace("{docs}", &self.docs_url())
            .replace("{database}", &self.database_url)
            .replace("{owner}", OWNER)
            .replace("{password}", &self.owner_password)
    }
}

const GUIDE: &str = r#"
The shop is open.
  API         {base}
  Reference   {docs}
  WeChat      {simulator} (simulated; people act under /_sim)
  Database    {database}
  Back office {owner} / {password}

Buy something from another terminal:

B={base} W={simulator} J='content-type: application/json'
pick() { grep -oE "\"$1\":\"?[^\",}]*" | head -n 1 | sed -E 's/^"[a-z_]+":"?//'; }
# Log in: the simulator plays the phone.
CODE=$(curl -s -X POST $W/_sim/login | pick js_code)
A="authorization: Bearer $(curl -s $B/api/v1/sessions/wechat-mini -H "$J" -d "{\"js_code\":\"$CODE\"}" | pick access_token)"
# Find a dress by its initials, put it into the cart.
PRODUCT=$(curl -s "$B/api/v1/search?q=lyq" | pick id)
SKU=$(curl -s $B/api/v1/products/$PRODUCT | grep -o '"skus":.*' | pick id)
curl -s $B/api/v1/cart/lines -H "$A" -H "$J" -d "{\"sku_id\":\"$SKU\",\"quantity\":1}"; echo
# Ask the price, place the order.
ADDRESS=$(curl -s $B/api/v1/addresses -H "$A" -H "$J" -d '{"receiver_name":"张三","receiver_phone":"13800001234","province_code":"44","city":"深圳市","district":"南山区","detail":"科技园一路 1 号 101 室"}' | pick address_id)
QUOTE=$(curl -s $B/api/v1/quotes -H "$A" -H "$J" -d "{\"lines\":[{\"sku_id\":\"$SKU\",\"quantity\":1}],\"province_code\":\"44\"}")
EXPECTED="{\"total_fen\":$(echo "$QUOTE" | pick total_fen),\"digest\":\"$(echo "$QUOTE" | pick digest)\"}"
ORDER=$(curl -s $B/api/v1/orders -H "$A" -H "$J" -H "Idempotency-Key: demo-$(date +%s)" -d "{\"from_cart\":true,\"address_id\":\"$ADDRESS\",\"expected\":$EXPECTED}" | pick order_id)
# Pay in the simulator; WeChat's notice makes it paid here.
PREPAY=$(curl -s $B/api/v1/orders/$ORDER/payments -H "$A" -H "$J" -d '{"trade_type":"jsapi"}' | grep -oE 'prepay_id=[^"]+' | cut -d = -f 2)
curl -s $W/_sim/pay -d "{\"prepay_id\":\"$PREPAY\"}"; echo
sleep 1; curl -s $B/api/v1/orders/$ORDER -H "$A" | pick state
# Ship it as staff, receive it as the buyer, look at the books.
S="authorization: Bearer $(curl -s $B/admin/v1/sessions -H "$J" -d '{"username":"{owner}","password":"{password}"}' | pick access_token)"
curl -s $B/admin/v1/orders/$ORDER/shipments -H "$S" -H "$J" -d '{"carrier_code":"SF","tracking_no":"SF1234567890123"}'; echo
curl -s -X POST $B/api/v1/orders/$ORDER/receipt -H "$A"; echo
curl -s $B/api/v1/orders/$ORDER -H "$A" | pick state
curl -s $B/admin/v1/books -H "$S"; echo
"#;
