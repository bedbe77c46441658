//! Ordering, asking and closing.

use std::collections::HashMap;

use actix_web::web::{Path, Query};
use actix_web::{HttpResponse, http::StatusCode};
use serde_json::{Value, json};

use super::arguments::{Arguments, Text, check_merchant};
use super::render::transaction;
use super::{Authentic, PayAnswer, PayRefusal, answer};
use crate::kernel::time::Timestamp;
use crate::wechat_simulator::ledger::{NewOrder, Trade, TradeKind};
use crate::wechat_simulator::state::{World, locked};

const LIMIT_PAY: [&str; 4] = ["no_balance", "no_credit", "no_debit", "balance_only"];

/// `POST /v3/pay/transactions/jsapi`.
pub(super) async fn create_jsapi(call: Authentic) -> PayAnswer {
    let prepay_id = create(&call, TradeKind::Jsapi)?;
    Ok(answer(&json!({ "prepay_id": prepay_id })))
}

/// `POST /v3/pay/transactions/app`.
pub(super) async fn create_app(call: Authentic) -> PayAnswer {
    let prepay_id = create(&call, TradeKind::App)?;
    Ok(answer(&json!({ "prepay_id": prepay_id })))
}

/// `POST /v3/pay/transactions/h5`.
pub(super) async fn create_h5(call: Authentic) -> PayAnswer {
    let prepay_id = create(&call, TradeKind::H5)?;
    let package = call.world.dice.digits(10);
    let url = format!("https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={package}");
    Ok(answer(&json!({ "h5_url": url })))
}

/// `POST /v3/pay/transactions/native`.
pub(super) async fn create_native(call: Authentic) -> PayAnswer {
    let prepay_id = create(&call, TradeKind::Native)?;
    let code: String = prepay_id.chars().rev().take(9).collect();
    Ok(answer(&json!({ "code_url": format!("weixin://wxpay/bizpayurl?pr={code}zz") })))
}

fn create(call: &Authentic, kind: TradeKind) -> Result<String, PayRefusal> {
    let world = &call.world;
    let order = read_order(world, Arguments::parse(&call.body)?, kind)?;
    locked(&world.ledger).prepay(order, world.now(), &world.dice)
}

fn read_order(world: &World, body: Arguments, kind: TradeKind) -> Result<NewOrder, PayRefusal> {
    let app_id = body.required_text("/appid", Text::up_to(32))?;
    body.check_merchant(world)?;
    if app_id != world.app_of(kind) {
        return Err(PayRefusal::new(400, "APPID_MCHID_NOT_MATCH", "商户号该产品权限未开通或appid与mchid不匹配"));
    }
    let description = body.required_text("/description", Text::up_to(127))?.to_owned();
    let out_trade_no = body.required_text("/out_trade_no", Text::OUT_TRADE_NO)?.to_owned();
    let notify_url = body.notify_url()?.ok_or_else(|| body.wrong("/notify_url", "the value is required"))?.to_owned();
    let total_fen = body.required_integer("/amount/total", 1)?;
    body.check_currency(false)?;
    let time_expire = match body.text("/time_expire", Text::up_to(64))? {
        Some(text) => {
            let moment = Timestamp::parse_rfc3339(text);
            Some(moment.ok_or_else(|| body.wrong("/time_expire", "the time must be in RFC 3339"))?)
        }
        None => None,
    };
    let attach = body.text("/attach", Text::up_to(128))?.unwrap_or_default().to_owned();
    check_extras(&body)?;
    let payer_openid = read_payer(world, &body, kind)?;
    Ok(NewOrder {
        kind,
        out_trade_no,
        description,
        attach,
        notify_url,
        total_fen,
        payer_openid,
        time_expire,
        request: body.into_value(),
    })
}

fn read_payer(world: &World, body: &Arguments, kind: TradeKind) -> Result<Option<String>, PayRefusal> {
    match kind {
        TradeKind::Jsapi => {
            let openid = body.required_text("/payer/openid", Text::up_to(128))?;
            if locked(&world.people).user(openid).is_none() {
                return Err(body.wrong("/payer/openid", "无效的openid"));
            }
            Ok(Some(openid.to_owned()))
        }
        TradeKind::H5 => {
            body.required_text("/scene_info/payer_client_ip", Text::up_to(45))?;
            body.required_text("/scene_info/h5_info/type", Text::up_to(32))?;
            Ok(None)
        }
        TradeKind::App | TradeKind::Native => Ok(None),
    }
}

fn check_extras(body: &Arguments) -> Result<(), PayRefusal> {
    body.text("/goods_tag", Text::up_to(32))?;
    body.check_flag("/support_fapiao")?;
    body.check_flag("/settle_info/profit_sharing")?;
    body.text("/scene_info/payer_client_ip", Text::up_to(45))?;
    body.text("/scene_info/device_id", Text::up_to(32))?;
    if let Some(limits) = body.at("/limit_pay") {
        let known = |limit: &Value| limit.as_str().is_some_and(|limit| LIMIT_PAY.contains(&limit));
        if !limits.as_array().is_some_and(|limits| limits.iter().all(known)) {
            return Err(body.wrong("/limit_pay", "an unknown way of paying is excluded"));
        }
    }
    let Some(goods) = body.at("/detail/goods_detail") else { return Ok(()) };
    let complete = |line: &Value| {
        line.get("merchant_goods_id").and_then(Value::as_str).is_some_and(|id| !id.is_empty() && id.len() <= 32)
            && line.get("quantity").and_then(Value::as_i64).is_some_and(|quantity| quantity >= 1)
            && line.get("unit_price").and_then(Value::as_i64).is_some_and(|price| price >= 0)
    };
    if !goods.as_array().is_some_and(|lines| !lines.is_empty() && lines.iter().all(complete)) {
        return Err(body.wrong("/detail/goods_detail", "each line needs merchant_goods_id, quantity and unit_price"));
    }
    Ok(())
}

/// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=`.
pub(super) async fn query_by_out_trade_no(
    call: Authentic,
    out_trade_no: Path<String>,
    query: Query<HashMap<String, String>>,
) -> PayAnswer {
    check_query(&call.world, &query)?;
    let ledger = locked(&call.world.ledger);
    shown(&call.world, ledger.trade(&out_trade_no))
}

/// `GET /v3/pay/transactions/id/{transaction_id}?mchid=`.
pub(super) async fn query_by_transaction_id(
    call: Authentic,
    transaction_id: Path<String>,
    query: Query<HashMap<String, String>>,
) -> PayAnswer {
    check_query(&call.world, &query)?;
    let ledger = locked(&call.world.ledger);
    shown(&call.world, ledger.paid_as(&transaction_id))
}

fn check_query(world: &World, query: &HashMap<String, String>) -> Result<(), PayRefusal> {
    let mchid = query.get("mchid").filter(|mchid| !mchid.is_empty());
    let mchid = mchid.ok_or_else(|| PayRefusal::argument("query", "mchid", None, "the value is required"))?;
    check_merchant(world, mchid)
}

fn shown(world: &World, trade: Option<&Trade>) -> PayAnswer {
    let trade = trade.ok_or_else(|| PayRefusal::new(404, "ORDER_NOT_EXIST", "订单不存在"))?;
    Ok(answer(&transaction(world, trade)))
}

/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`.
pub(super) async fn close_order(call: Authentic, out_trade_no: Path<String>) -> PayAnswer {
    Arguments::parse(&call.body)?.check_merchant(&call.world)?;
    locked(&call.world.ledger).close(&out_trade_no, call.world.now())?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}
