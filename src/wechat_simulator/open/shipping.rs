//! What the shop reports about shipping, and the order as the shipping side sees it.

use actix_web::web::{Bytes, Data};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, admit, answer, done, read_body};
use crate::kernel::time::Timestamp;
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::ledger::{Ledger, Trade};
use crate::wechat_simulator::refunds::RefundStatus;
use crate::wechat_simulator::state::{World, locked};

/// Parcels one order may have.
const MOST_PARCELS: usize = 15;
const ITEM_DESC_MOST: usize = 120;
const EXPRESS: i64 = 1;
const UNIFIED: i64 = 1;
const SPLIT: i64 = 2;

/// Carriers by the codes of `get_delivery_list`.
pub(super) const CARRIERS: [(&str, &str); 12] = [
    ("SF", "顺丰速运"),
    ("ZTO", "中通快递"),
    ("YTO", "圆通速递"),
    ("YD", "韵达速递"),
    ("STO", "申通快递"),
    ("JTSD", "极兔速递"),
    ("JD", "京东快递"),
    ("EMS", "EMS"),
    ("YZPY", "邮政快递包裹"),
    ("DBL", "德邦快递"),
    ("HTKY", "百世快递"),
    ("CNSD", "菜鸟速递"),
];

/// The shipping of one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::wechat_simulator) struct Shipping {
    /// 1 express, 2 local delivery, 3 virtual, 4 self pick-up.
    pub(in crate::wechat_simulator) logistics_type: i64,
    /// 1 unified, 2 split.
    pub(in crate::wechat_simulator) delivery_mode: i64,
    /// Whether everything is on its way.
    pub(in crate::wechat_simulator) finished: bool,
    /// How often shipping was finished.
    pub(in crate::wechat_simulator) finished_count: u32,
    /// The parcels as reported.
    pub(in crate::wechat_simulator) parcels: Vec<Value>,
    /// The shop's own moment; must increase.
    pub(in crate::wechat_simulator) upload_time: Timestamp,
}

struct Report {
    logistics_type: i64,
    delivery_mode: i64,
    all_delivered: bool,
    parcels: Vec<Value>,
    upload_time: Timestamp,
    openid: String,
}

enum OrderKey {
    Merchant { mchid: String, out_trade_no: String },
    Transaction(String),
}

/// `POST /wxa/sec/order/upload_shipping_info`.
pub(super) async fn upload_shipping_info(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let key = read_key(body.get("order_key").unwrap_or(&Value::Null))?;
    let report = read_report(&body)?;
    locked(&world.ledger).ship(&world.mch_id, &key, report)?;
    Ok(done())
}

/// `POST /wxa/sec/order/get_order`.
pub(super) async fn get_order(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let text = |name: &str| text_at(&body, name).map(str::to_owned);
    let key = match (text("transaction_id"), text("merchant_id"), text("merchant_trade_no")) {
        (Some(id), _, _) => OrderKey::Transaction(id),
        (None, Some(mchid), Some(out_trade_no)) => OrderKey::Merchant { mchid, out_trade_no },
        _ => return Err(OpenRefusal::new(10060014, "参数错误")),
    };
    let ledger = locked(&world.ledger);
    let number = ledger.paid_number(&world.mch_id, &key).ok_or_else(unknown_payment)?;
    let trade = ledger.trade(&number).ok_or_else(unknown_payment)?;
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "order": described(&world, trade) })))
}

fn described(world: &World, trade: &Trade) -> Value {
    let payment = trade.payment.as_ref();
    let refunded = trade.refunded_fen(|status| status == RefundStatus::Success);
    let paid = payment.map_or(0, |payment| payment.paid_fen);
    let shipped = trade.shipping.as_ref().is_some_and(|shipping| shipping.finished);
    let order_state = match (refunded >= paid, shipped) {
        (true, _) => 5,
        (false, true) => 2,
        (false, false) => 1,
    };
    let shipping = trade.shipping.as_ref().map_or_else(
        || json!({ "finish_shipping": false, "finish_shipping_count": 0, "shipping_list": [] }),
        |shipping| {
            json!({
                "delivery_mode": shipping.delivery_mode,
                "logistics_type": shipping.logistics_type,
                "finish_shipping": shipping.finished,
                "finish_shipping_count": shipping.finished_count,
                "goods_desc": shipping.parcels.first().and_then(|parcel| parcel.get("item_desc")),
                "shipping_list": shipping.parcels,
            })
        },
    );
    json!({
        "transaction_id": payment.map(|payment| payment.transaction_id.as_str()),
        "merchant_id": world.mch_id,
        "sub_merchant_id": "",
        "merchant_trade_no": trade.out_trade_no,
        "description": trade.description,
        "paid_amount": paid,
        "openid": payment.map(|payment| payment.openid.as_str()),
        "trade_create_time": trade.created_at.seconds(),
        "pay_time": payment.map(|payment| payment.success_time.seconds()),
        "order_state": order_state,
        "in_complaint": false,
        "shipping": shipping,
    })
}

fn unknown_payment() -> OpenRefusal {
    OpenRefusal::new(10060001, "支付单不存在")
}

fn text_at<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn read_key(key: &Value) -> Result<OrderKey, OpenRefusal> {
    let text = |name: &str| text_at(key, name).map(str::to_owned);
    match key.get("order_number_type").and_then(Value::as_i64) {
        Some(1) => Ok(OrderKey::Merchant {
            mchid: text("mchid").ok_or_else(|| OpenRefusal::new(268485196, "商户侧单号形式下mchid字段不能为空"))?,
            out_trade_no: text("out_trade_no")
                .ok_or_else(|| OpenRefusal::new(268485197, "商户侧单号形式下out_trade_no字段不能为空"))?,
        }),
        Some(2) => text("transaction_id")
            .map(OrderKey::Transaction)
            .ok_or_else(|| OpenRefusal::new(268485195, "微信支付单号形式下transaction_id字段不能为空")),
        _ => Err(OpenRefusal::new(268485194, "订单单号类型非法")),
    }
}

fn read_report(body: &Value) -> Result<Report, OpenRefusal> {
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let logistics_type = number("logistics_type").filter(|kind| (1..=4).contains(kind));
    let logistics_type = logistics_type.ok_or_else(|| OpenRefusal::new(10060005, "物流类型有误"))?;
    let delivery_mode = number("delivery_mode").filter(|mode| [UNIFIED, SPLIT].contains(mode));
    let delivery_mode = delivery_mode.ok_or_else(|| OpenRefusal::new(268485224, "发货模式非法"))?;
    if delivery_mode == SPLIT && logistics_type != EXPRESS {
        return Err(OpenRefusal::new(10060006, "非快递发货时不允许分拆发货"));
    }
    let all_delivered = body.get("is_all_delivered").and_then(Value::as_bool);
    if delivery_mode == SPLIT && all_delivered.is_none() {
        return Err(OpenRefusal::new(10060007, "分拆发货模式下必须填写is_all_delivered字段"));
    }
    let parcels = body.get("shipping_list").and_then(Value::as_array).cloned().unwrap_or_default();
    if delivery_mode == UNIFIED && parcels.len() != 1 {
        return Err(OpenRefusal::new(268485228, "统一发货模式下，物流信息列表长度必须为1"));
    }
    if parcels.is_empty() {
        return Err(OpenRefusal::new(10060014, "参数错误"));
    }
    if parcels.len() > MOST_PARCELS {
        return Err(OpenRefusal::new(10060024, "物流信息列表太长"));
    }
    for parcel in &parcels {
        check_parcel(parcel, logistics_type)?;
    }
    let upload_time = text_at(body, "upload_time").and_then(Timestamp::parse_rfc3339);
    let upload_time =
        upload_time.ok_or_else(|| OpenRefusal::new(268485216, "上传时间非法，请按照 RFC 3339 格式填写"))?;
    let openid = body.get("payer").and_then(|payer| text_at(payer, "openid"));
    let openid = openid.ok_or_else(|| OpenRefusal::new(10060014, "参数错误"))?.to_owned();
    let all_delivered = delivery_mode == UNIFIED || all_delivered == Some(true);
    Ok(Report { logistics_type, delivery_mode, all_delivered, parcels, upload_time, openid })
}

fn check_parcel(parcel: &Value, logistics_type: i64) -> Result<(), OpenRefusal> {
    let item_desc =
        text_at(parcel, "item_desc").ok_or_else(|| OpenRefusal::new(10060008, "商品描述item_desc字段不能为空"))?;
    if item_desc.chars().count() > ITEM_DESC_MOST {
        return Err(OpenRefusal::new(10060009, "商品描述item_desc字段太长"));
    }
    if logistics_type != EXPRESS {
        return Ok(());
    }
    let number = text_at(parcel, "tracking_no").ok_or_else(|| OpenRefusal::new(268485226, "物流单号不能为空"))?;
    let carrier =
        text_at(parcel, "express_company").ok_or_else(|| OpenRefusal::new(268485227, "物流公司编码不能为空"))?;
    if carrier.len() > 128 {
        return Err(OpenRefusal::new(10060025, "物流公司编码太长"));
    }
    if number.len() > 128 {
        return Err(OpenRefusal::new(10060026, "物流单号太长"));
    }
    let contact = parcel.get("contact");
    let reachable = contact.is_some_and(|contact| {
        text_at(contact, "consignor_contact").is_some() || text_at(contact, "receiver_contact").is_some()
    });
    if carrier == "SF" && !reachable {
        return Err(OpenRefusal::new(10060014, "参数错误，顺丰快递必须填写联系方式"));
    }
    Ok(())
}

impl Ledger {
    fn paid_number(&self, our_mchid: &str, key: &OrderKey) -> Option<String> {
        let trade = match key {
            OrderKey::Transaction(id) => self.paid_as(id),
            OrderKey::Merchant { mchid, out_trade_no } if mchid == our_mchid => self.trade(out_trade_no),
            OrderKey::Merchant { .. } => None,
        };
        trade.filter(|trade| trade.payment.is_some()).map(|trade| trade.out_trade_no.clone())
    }

    fn ship(&mut self, our_mchid: &str, key: &OrderKey, report: Report) -> Result<(), OpenRefusal> {
        let number = self.paid_number(our_mchid, key).ok_or_else(unknown_payment)?;
        let trade = self.trades.get_mut(&number).ok_or_else(unknown_payment)?;
        let payment = trade.payment.as_ref().ok_or_else(unknown_payment)?;
        if payment.openid != report.openid {
            return Err(OpenRefusal::new(10060031, "该笔支付单不属于openid所指定的用户"));
        }
        if trade.refunded_fen(|status| status == RefundStatus::Success) >= payment.paid_fen {
            return Err(OpenRefusal::new(10060004, "支付单处于不可发货的状态"));
        }
        trade.shipping = Some(shipped(trade.shipping.as_ref(), report)?);
        self.keep(&number);
        Ok(())
    }
}

/// What the order's shipping is after a report. A finished one may be replaced once; the parcels of an unfinished
/// split one add up.
fn shipped(before: Option<&Shipping>, report: Report) -> Result<Shipping, OpenRefusal> {
    let Some(before) = before else {
        return Ok(Shipping {
            logistics_type: report.logistics_type,
            delivery_mode: report.delivery_mode,
            finished: report.all_delivered,
            finished_count: u32::from(report.all_delivered),
            parcels: report.parcels,
            upload_time: report.upload_time,
        });
    };
    let same_way = before.logistics_type == report.logistics_type && before.delivery_mode == report.delivery_mode;
    if same_way && before.finished == report.all_delivered && before.parcels == report.parcels {
        return Err(OpenRefusal::new(10060023, "发货信息未更新"));
    }
    if report.upload_time <= before.upload_time {
        return Err(OpenRefusal::new(268485216, "上传时间非法，必须晚于上一次上传"));
    }
    if before.finished_count >= 2 {
        return Err(OpenRefusal::new(10060003, "支付单已使用重新发货机会"));
    }
    let adds_up = same_way && !before.finished;
    let mut parcels = if adds_up { before.parcels.clone() } else { Vec::new() };
    for parcel in report.parcels {
        if !parcels.contains(&parcel) {
            parcels.push(parcel);
        }
    }
    if parcels.len() > MOST_PARCELS {
        return Err(OpenRefusal::new(10060024, "物流信息列表太长"));
    }
    Ok(Shipping {
        logistics_type: report.logistics_type,
        delivery_mode: report.delivery_mode,
        // Changing the mode of an unfinished one, or reporting on a finished one, is the one re-shipment.
        finished: report.all_delivered,
        finished_count: before.finished_count.saturating_add(u32::from(report.all_delivered || !adds_up)),
        parcels,
        upload_time: report.upload_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(body: Value) -> Result<Report, OpenRefusal> {
        let mut whole = json!({
            "logistics_type": 1, "delivery_mode": 1, "upload_time": "2026-01-01T00:00:00.000+08:00",
            "payer": {"openid": "oA"},
            "shipping_list": [{"tracking_no": "1", "express_company": "ZTO", "item_desc": "tea"}],
        });
        for (name, value) in body.as_object().unwrap() {
            whole[name] = value.clone();
        }
        read_report(&whole)
    }

    fn code(body: Value) -> i64 {
        report(body).err().unwrap().errcode()
    }

    #[test]
    fn wrong_reports_get_their_documented_codes() {
        assert!(report(json!({})).is_ok());
        assert_eq!(code(json!({"logistics_type": 9})), 10060005);
        assert_eq!(code(json!({"delivery_mode": 3})), 268485224);
        assert_eq!(code(json!({"shipping_list": []})), 268485228);
        assert_eq!(code(json!({"shipping_list": [{"express_company": "ZTO", "item_desc": "tea"}]})), 268485226);
        assert_eq!(code(json!({"shipping_list": [{"tracking_no": "1", "item_desc": "tea"}]})), 268485227);
        assert_eq!(code(json!({"shipping_list": [{"tracking_no": "1", "express_company": "ZTO"}]})), 10060008);
        assert_eq!(code(json!({"delivery_mode": 2})), 10060007);
        assert_eq!(code(json!({"delivery_mode": 2, "logistics_type": 3})), 10060006);
        assert_eq!(code(json!({"upload_time": "today"})), 268485216);
    }

    #[test]
    fn a_finished_order_may_be_shipped_again_once() {
        let first = shipped(None, report(json!({})).unwrap()).unwrap();
        assert!(first.finished);
        assert_eq!(shipped(Some(&first), report(json!({})).unwrap()).unwrap_err().errcode(), 10060023);
        let other = |number: &str, day: &str| {
            report(json!({
                "upload_time": format!("2026-01-{day}T00:00:00+08:00"),
                "shipping_list": [{"tracking_no": number, "express_company": "ZTO", "item_desc": "tea"}],
            }))
            .unwrap()
        };
        assert_eq!(shipped(Some(&first), other("2", "01")).unwrap_err().errcode(), 268485216);
        let second = shipped(Some(&first), other("2", "02")).unwrap();
        assert_eq!(second.finished_count, 2);
        assert_eq!(shipped(Some(&second), other("3", "03")).unwrap_err().errcode(), 10060003);
    }

    #[test]
    fn split_parcels_add_up_until_all_are_delivered() {
        let part = |number: &str, day: &str, all: bool| {
            report(json!({
                "delivery_mode": 2, "is_all_delivered": all,
                "upload_time": format!("2026-01-{day}T00:00:00+08:00"),
                "shipping_list": [{"tracking_no": number, "express_company": "ZTO", "item_desc": "tea"}],
            }))
            .unwrap()
        };
        let first = shipped(None, part("1", "01", false)).unwrap();
        assert!(!first.finished);
        let second = shipped(Some(&first), part("2", "02", true)).unwrap();
        assert_eq!((second.finished, second.parcels.len(), second.finished_count), (true, 2, 1));
    }
}
