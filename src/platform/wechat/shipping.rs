//! Shipping info: WeChat pays the merchant out only after it has been told how the goods travel.

use serde::{Deserialize, Serialize};

use crate::kernel::time::Timestamp;
use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::error::{WechatError, WechatErrorKind};

const CALL: &str = "upload_shipping_info";
/// WeChat shows at most this many characters of a parcel's content.
const MAX_DESCRIPTION_CHARS: usize = 120;
/// Most parcels of one upload.
const MAX_PARCELS: usize = 15;

/// How one payment is fulfilled.
#[derive(Debug, Clone)]
pub struct ShippingInfo {
    /// The payment the goods were bought with.
    pub payment: ShippedPayment,
    /// How they travel.
    pub logistics: Logistics,
    /// In one go or in several.
    pub delivery_mode: DeliveryMode,
    /// 1–15 parcels; exactly one when the delivery is unified.
    pub parcels: Vec<Parcel>,
    /// When this was decided. It must rise from one upload for a payment to the next.
    pub upload_time: Timestamp,
    /// The openid of the payer.
    pub payer_openid: String,
}

/// The payment goods belong to.
#[derive(Debug, Clone)]
pub enum ShippedPayment {
    /// By WeChat's number.
    Transaction {
        /// WeChat's number of the payment.
        transaction_id: String,
    },
    /// By our number.
    Trade {
        /// The merchant number.
        mch_id: String,
        /// Our number of the payment.
        out_trade_no: String,
    },
}

/// How goods reach the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logistics {
    /// By a carrier, with a tracking number.
    Express,
    /// By a courier of the city.
    LocalDelivery,
    /// Nothing is carried: vouchers, services.
    Virtual,
    /// The buyer collects them.
    SelfPickUp,
}

/// Whether a payment is fulfilled in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMode {
    /// Everything at once.
    Unified,
    /// In several parcels, each reported when it leaves; express only.
    Split {
        /// Whether this report completes the delivery.
        all_delivered: bool,
    },
}

/// One parcel.
#[derive(Debug, Clone, Default)]
pub struct Parcel {
    /// The carrier's number; required for express.
    pub tracking_no: Option<String>,
    /// WeChat's code of the carrier; required for express.
    pub express_company: Option<String>,
    /// What is inside; cut to 120 characters.
    pub item_desc: String,
    /// The receiver's phone, masked but for the last four digits; some carriers ask for it.
    pub receiver_contact: Option<String>,
    /// The sender's phone, masked but for the last four digits.
    pub consignor_contact: Option<String>,
}

#[derive(Serialize)]
struct UploadBody<'a> {
    order_key: OrderKey<'a>,
    logistics_type: u8,
    delivery_mode: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_all_delivered: Option<bool>,
    shipping_list: Vec<ShippingEntry<'a>>,
    upload_time: String,
    payer: Payer<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OrderKey<'a> {
    Trade { order_number_type: u8, mchid: &'a str, out_trade_no: &'a str },
    Transaction { order_number_type: u8, transaction_id: &'a str },
}

#[derive(Serialize)]
struct ShippingEntry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    express_company: Option<&'a str>,
    item_desc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Contact<'a>>,
}

#[derive(Serialize)]
struct Contact<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    consignor_contact: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver_contact: Option<&'a str>,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

#[derive(Deserialize)]
struct Nothing {}

impl WechatClient {
    /// Tells WeChat how a payment is fulfilled. Telling the same twice is success (`10060023`); a payment so fresh
    /// that the shipping service does not know it yet (`10060001`) is a failure worth repeating.
    pub async fn upload_shipping_info(&self, info: &ShippingInfo) -> Result<(), WechatError> {
        let body = upload_body(info)?;
        let outcome: Result<Nothing, _> = self.post(CALL, "/wxa/sec/order/upload_shipping_info", &body).await;
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => match error.code() {
                Some("10060023") => Ok(()),
                Some("10060001") => Err(error.passing()),
                Some(code @ ("10060012" | "10060019")) => {
                    Err(WechatError::new(CALL, WechatErrorKind::Busy { code: code.to_owned() }))
                }
                _ => Err(error),
            },
        }
    }
}

fn upload_body(info: &ShippingInfo) -> Result<UploadBody<'_>, WechatError> {
    let express = info.logistics == Logistics::Express;
    let unified = info.delivery_mode == DeliveryMode::Unified;
    let parcels = info.parcels.len();
    if parcels == 0 || parcels > MAX_PARCELS || (unified && parcels != 1) {
        return Err(WechatError::invalid(CALL, "parcels"));
    }
    if !unified && !express {
        return Err(WechatError::invalid(CALL, "delivery_mode"));
    }
    let traceable = |parcel: &Parcel| parcel.tracking_no.is_some() && parcel.express_company.is_some();
    if express && !info.parcels.iter().all(traceable) {
        return Err(WechatError::invalid(CALL, "tracking_no"));
    }
    Ok(UploadBody {
        order_key: match &info.payment {
            ShippedPayment::Trade { mch_id, out_trade_no } => {
                OrderKey::Trade { order_number_type: 1, mchid: mch_id, out_trade_no }
            }
            ShippedPayment::Transaction { transaction_id } => {
                OrderKey::Transaction { order_number_type: 2, transaction_id }
            }
        },
        logistics_type: match info.logistics {
            Logistics::Express => 1,
            Logistics::LocalDelivery => 2,
            Logistics::Virtual => 3,
            Logistics::SelfPickUp => 4,
        },
        delivery_mode: if unified { 1 } else { 2 },
        is_all_delivered: match info.delivery_mode {
            DeliveryMode::Unified => None,
            DeliveryMode::Split { all_delivered } => Some(all_delivered),
        },
        shipping_list: info.parcels.iter().map(shipping_entry).collect(),
        upload_time: rfc3339_with_millis(info.upload_time),
        payer: Payer { openid: &info.payer_openid },
    })
}

fn shipping_entry(parcel: &Parcel) -> ShippingEntry<'_> {
    let contact = (parcel.receiver_contact.is_some() || parcel.consignor_contact.is_some()).then_some(Contact {
        consignor_contact: parcel.consignor_contact.as_deref(),
        receiver_contact: parcel.receiver_contact.as_deref(),
    });
    ShippingEntry {
        tracking_no: parcel.tracking_no.as_deref(),
        express_company: parcel.express_company.as_deref(),
        item_desc: parcel.item_desc.chars().take(MAX_DESCRIPTION_CHARS).collect(),
        contact,
    }
}

/// WeChat prints and expects milliseconds here, at the offset of Beijing.
fn rfc3339_with_millis(moment: Timestamp) -> String {
    let whole = moment.rfc3339_at_offset(8);
    let millis = moment.millis().rem_euclid(1_000);
    match whole.strip_suffix("+08:00") {
        Some(date_and_time) => format!("{date_and_time}.{millis:03}+08:00"),
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel() -> Parcel {
        Parcel {
            tracking_no: Some("SF123".to_owned()),
            express_company: Some("SF".to_owned()),
            item_desc: "茶".repeat(130),
            receiver_contact: Some("189****1234".to_owned()),
            consignor_contact: None,
        }
    }

    fn info() -> ShippingInfo {
        ShippingInfo {
            payment: ShippedPayment::Trade { mch_id: "1900007291".to_owned(), out_trade_no: "T00001".to_owned() },
            logistics: Logistics::Express,
            delivery_mode: DeliveryMode::Unified,
            parcels: vec![parcel()],
            upload_time: Timestamp::from_millis(1_704_081_600_007),
            payer_openid: "o1".to_owned(),
        }
    }

    #[test]
    fn an_upload_is_written_as_wechat_documents_it() {
        let json = serde_json::to_value(upload_body(&info()).unwrap()).unwrap();
        let expected = serde_json::json!({
            "order_key": {"order_number_type": 1, "mchid": "1900007291", "out_trade_no": "T00001"},
            "logistics_type": 1,
            "delivery_mode": 1,
            "shipping_list": [{
                "tracking_no": "SF123", "express_company": "SF", "item_desc": "茶".repeat(120),
                "contact": {"receiver_contact": "189****1234"},
            }],
            "upload_time": "2024-01-01T12:00:00.007+08:00",
            "payer": {"openid": "o1"},
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn an_upload_that_wechat_would_refuse_is_not_sent() {
        let two = ShippingInfo { parcels: vec![parcel(), parcel()], ..info() };
        assert!(upload_body(&two).is_err());
        let untraceable = ShippingInfo { parcels: vec![Parcel::default()], ..info() };
        assert!(upload_body(&untraceable).is_err());
        let split_pick_up = ShippingInfo {
            logistics: Logistics::SelfPickUp,
            delivery_mode: DeliveryMode::Split { all_delivered: true },
            ..info()
        };
        assert!(upload_body(&split_pick_up).is_err());
        let split = ShippingInfo {
            delivery_mode: DeliveryMode::Split { all_delivered: false },
            parcels: vec![parcel(), parcel()],
            payment: ShippedPayment::Transaction { transaction_id: "42".to_owned() },
            ..info()
        };
        let json = serde_json::to_value(upload_body(&split).unwrap()).unwrap();
        assert_eq!(json["is_all_delivered"], false);
        assert_eq!(json["order_key"], serde_json::json!({"order_number_type": 2, "transaction_id": "42"}));
    }
}
