//! The library of goods. A review is over as soon as it has begun, in the way that the knobs say, or waits for the tester.

use actix_web::web::{Bytes, Data};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};

use super::{check_name, number_of, state_forbids, text_of, wrong_arguments};
use crate::kernel::time::Timestamp;
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::knobs::Review;
use crate::wechat_simulator::open::{OpenAnswer, OpenRefusal, Parameters, admit, answer, done, given, read_body};
use crate::wechat_simulator::state::{World, locked};

/// The states of a review, by WeChat's numbers.
pub(super) const PASSED: i64 = 2;
const NOT_REVIEWED: i64 = 0;
const REVIEWING: i64 = 1;
const REFUSED: i64 = 3;
/// Most a price may be, in fen.
const MOST_FEN: i64 = 1_000_000_000;
/// Goods asked for at once at most.
const MOST_ASKED: usize = 20;

/// What goods cost, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::wechat_simulator) struct Price {
    /// 1 one price, 2 a range, 3 a discount.
    pub(in crate::wechat_simulator) kind: i64,
    /// The price, the lower end, the price before.
    pub(in crate::wechat_simulator) first: i64,
    /// The upper end, the price now.
    pub(in crate::wechat_simulator) second: Option<i64>,
}

/// What a request says of goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::wechat_simulator) struct AskedGoods {
    pub(in crate::wechat_simulator) name: String,
    pub(in crate::wechat_simulator) cover: String,
    pub(in crate::wechat_simulator) url: String,
    pub(in crate::wechat_simulator) price: Price,
}

/// Goods.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Goods {
    /// Their number.
    pub(in crate::wechat_simulator) number: i64,
    /// Whose they are.
    pub(in crate::wechat_simulator) app_id: String,
    /// The number of the last review.
    pub(in crate::wechat_simulator) audit_id: i64,
    /// Where it stands.
    pub(in crate::wechat_simulator) audit: i64,
    /// What was asked for.
    pub(in crate::wechat_simulator) asked: AskedGoods,
}

impl Goods {
    /// The tester decides about a review that is under way. `false` when none is.
    pub(in crate::wechat_simulator) fn decide(&mut self, audit: i64) -> bool {
        let may = self.audit == REVIEWING && matches!(audit, PASSED | REFUSED);
        if may {
            self.audit = audit;
        }
        may
    }
}

fn first_audit(world: &World) -> i64 {
    match locked(&world.knobs).settings().live.review {
        Review::Pass => PASSED,
        Review::Refuse => REFUSED,
        Review::Hold => REVIEWING,
    }
}

/// An amount of yuan with at most two decimals, in fen.
fn fen_in(info: &Value, name: &str) -> Option<i64> {
    let number = info.get(name).filter(|value| value.is_number())?.to_string();
    let yuan: Decimal = number.parse().ok()?;
    let fen = yuan.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
    let fen = (fen.scale() == 0).then(|| i64::try_from(fen.mantissa()).ok()).flatten()?;
    (1..=MOST_FEN).contains(&fen).then_some(fen)
}

fn yuan(fen: i64) -> Value {
    serde_json::from_str(&Decimal::new(fen, 2).to_string()).unwrap_or_default()
}

fn read_price(info: &Value) -> Result<Price, OpenRefusal> {
    let first = fen_in(info, "price").ok_or_else(wrong_arguments)?;
    let second = fen_in(info, "price2");
    match number_of(info, "priceType") {
        Some(1) => Ok(Price { kind: 1, first, second: None }),
        Some(2) if second.is_some_and(|to| to > first) => Ok(Price { kind: 2, first, second }),
        Some(3) if second.is_some_and(|now| now < first) => Ok(Price { kind: 3, first, second }),
        _ => Err(wrong_arguments()),
    }
}

fn read_goods(world: &World, app_id: &str, body: &Value, now: Timestamp) -> Result<AskedGoods, OpenRefusal> {
    let info = body.get("goodsInfo").filter(|info| info.is_object()).ok_or_else(wrong_arguments)?;
    let (name, cover, url) = (text_of(info, "name"), text_of(info, "coverImgUrl"), text_of(info, "url"));
    check_name(name, 1, 28)?;
    if url.is_empty() || url.starts_with('/') {
        return Err(wrong_arguments());
    }
    if !locked(&world.live).has_media(app_id, cover, now) {
        return Err(OpenRefusal::new(300_031, "invalid picture"));
    }
    Ok(AskedGoods { name: name.to_owned(), cover: cover.to_owned(), url: url.to_owned(), price: read_price(info)? })
}

/// `POST /wxaapi/broadcast/goods/add`.
pub(super) async fn add(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let asked = read_goods(&world, &app.app_id, &read_body(&body)?, world.now())?;
    let audit = first_audit(&world);
    let mut live = locked(&world.live);
    let (number, audit_id) = (live.number(), live.number());
    live.goods.push(Goods { number, app_id: app.app_id.clone(), audit_id, audit, asked });
    Ok(answer(&json!({ "errcode": 0, "goodsId": number, "auditId": audit_id })))
}

/// `POST /wxaapi/broadcast/goods/update`: nothing while it is reviewed, the price alone once it has passed.
pub(super) async fn update(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let asked = read_goods(&world, &app.app_id, &body, world.now())?;
    let mut live = locked(&world.live);
    let goods = live.goods(&app.app_id, body.get("goodsInfo").and_then(|info| number_of(info, "goodsId")))?;
    let same_but_price = goods.asked.name == asked.name && goods.asked.url == asked.url;
    if goods.audit == REVIEWING || (goods.audit == PASSED && !same_but_price) {
        return Err(state_forbids());
    }
    goods.asked = asked;
    Ok(done())
}

fn goods_in(body: &Value) -> Option<i64> {
    number_of(body, "goodsId")
}

/// `POST /wxaapi/broadcast/goods/audit`: a review again.
pub(super) async fn audit(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let outcome = first_audit(&world);
    let mut live = locked(&world.live);
    let audit_id = live.number();
    let goods = live.goods(&app.app_id, goods_in(&body))?;
    if !matches!(goods.audit, NOT_REVIEWED | REFUSED) {
        return Err(state_forbids());
    }
    goods.audit = outcome;
    goods.audit_id = audit_id;
    Ok(answer(&json!({ "errcode": 0, "auditId": audit_id })))
}

/// `POST /wxaapi/broadcast/goods/resetaudit`: withdraws a review.
pub(super) async fn reset_audit(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let mut live = locked(&world.live);
    let goods = live.goods(&app.app_id, goods_in(&body))?;
    if goods.audit != REVIEWING || number_of(&body, "auditId") != Some(goods.audit_id) {
        return Err(state_forbids());
    }
    goods.audit = NOT_REVIEWED;
    Ok(done())
}

/// `POST /wxaapi/broadcast/goods/delete`: out of the library and of every room.
pub(super) async fn delete(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let mut live = locked(&world.live);
    let number = live.goods(&app.app_id, goods_in(&body))?.number;
    live.goods.retain(|goods| goods.number != number);
    for room in &mut live.rooms {
        room.goods.retain(|shown| shown.goods_id != number);
        room.pushed = room.pushed.filter(|pushed| *pushed != number);
    }
    Ok(done())
}

/// `GET /wxaapi/broadcast/goods/getapproved`.
pub(super) async fn by_status(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let number =
        |name: &str| given(&query, name).and_then(|text| text.parse::<usize>().ok()).ok_or_else(wrong_arguments);
    let (offset, limit) = (number("offset")?, number("limit")?);
    let status = given(&query, "status").and_then(|text| text.parse::<i64>().ok());
    let status = status.filter(|status| (NOT_REVIEWED..=REFUSED).contains(status)).ok_or_else(wrong_arguments)?;
    if !(1..=100).contains(&limit) {
        return Err(wrong_arguments());
    }
    let live = locked(&world.live);
    let own: Vec<&Goods> =
        live.goods.iter().filter(|goods| goods.app_id == app.app_id && goods.audit == status).collect();
    let told = own.iter().skip(offset).take(limit).map(|goods| {
        let Price { kind, first, second } = goods.asked.price;
        json!({
            "goodsId": goods.number, "coverImgUrl": format!("http://mmbiz.qpic.cn/simulated/{}", goods.asked.cover),
            "name": goods.asked.name, "price": yuan(first), "price2": second.map(yuan), "priceType": kind,
            "url": goods.asked.url, "thirdPartyTag": 0,
        })
    });
    let told: Vec<Value> = told.collect();
    Ok(answer(&json!({ "errcode": 0, "total": own.len(), "goods": told })))
}

/// `POST /wxa/business/getgoodswarehouse`.
pub(super) async fn in_library(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let asked = body.get("goods_ids").and_then(Value::as_array);
    let asked = asked.filter(|ids| (1..=MOST_ASKED).contains(&ids.len())).ok_or_else(wrong_arguments)?;
    let live = locked(&world.live);
    let wanted = |goods: &&Goods| goods.app_id == app.app_id && asked.contains(&json!(goods.number));
    let told = live.goods.iter().filter(wanted).map(|goods| {
        let Price { kind, first, second } = goods.asked.price;
        json!({
            "goods_id": goods.number, "cover_img_url": format!("http://mmbiz.qpic.cn/simulated/{}", goods.asked.cover),
            "name": goods.asked.name, "url": goods.asked.url, "price_type": kind, "price": yuan(first),
            "price2": second.map(yuan), "audit_status": goods.audit, "third_party_tag": 0,
        })
    });
    let told: Vec<Value> = told.collect();
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "total": told.len(), "goods": told })))
}
