//! Goods in a room.

use actix_web::web::{Bytes, Data};
use serde_json::Value;

use super::goods::PASSED;
use super::rooms::{LIVE, Room, Shown};
use super::{Live, number_of, state_forbids, wrong_arguments};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::open::{OpenAnswer, OpenRefusal, Parameters, admit, done, read_body};
use crate::wechat_simulator::state::{World, locked};

/// Goods of one call at most.
const MOST: usize = 200;

fn not_in_room() -> OpenRefusal {
    OpenRefusal::new(300_053, "goods not in room")
}

fn numbers(list: Option<&Value>, of: impl Fn(&Value) -> Option<i64>) -> Result<Vec<i64>, OpenRefusal> {
    let list = list.and_then(Value::as_array).filter(|list| (1..=MOST).contains(&list.len()));
    let numbers: Option<Vec<i64>> = list.ok_or_else(wrong_arguments)?.iter().map(of).collect();
    numbers.ok_or_else(wrong_arguments)
}

impl Live {
    /// The room of a request whose shelf may change.
    fn open_room(&mut self, app_id: &str, body: &Value) -> Result<&mut Room, OpenRefusal> {
        let room = self.room(app_id, number_of(body, "roomId"))?;
        if room.is_open() { Ok(room) } else { Err(state_forbids()) }
    }
}

impl Room {
    fn shown_goods(&mut self, goods_id: Option<i64>) -> Result<&mut Shown, OpenRefusal> {
        self.goods.iter_mut().find(|shown| Some(shown.goods_id) == goods_id).ok_or_else(not_in_room)
    }
}

/// `POST /wxaapi/broadcast/room/addgoods`.
pub(super) async fn add(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let ids = numbers(body.get("ids"), Value::as_i64)?;
    let mut live = locked(&world.live);
    live.age(world.now());
    live.open_room(&app.app_id, &body)?;
    for id in &ids {
        if live.goods(&app.app_id, Some(*id))?.audit != PASSED {
            return Err(OpenRefusal::new(300_025, "goods not approved"));
        }
    }
    let room = live.open_room(&app.app_id, &body)?;
    for goods_id in ids {
        if !room.goods.iter().any(|shown| shown.goods_id == goods_id) {
            room.goods.push(Shown { goods_id, on_sale: true });
        }
    }
    Ok(done())
}

/// `POST /wxaapi/broadcast/goods/deleteInRoom`.
pub(super) async fn remove(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let goods_id = number_of(&body, "goodsId");
    let mut live = locked(&world.live);
    live.age(world.now());
    let room = live.open_room(&app.app_id, &body)?;
    room.shown_goods(goods_id)?;
    room.goods.retain(|shown| Some(shown.goods_id) != goods_id);
    if room.pushed == goods_id {
        room.pushed = None;
    }
    Ok(done())
}

/// `POST /wxaapi/broadcast/goods/push`.
pub(super) async fn push(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let goods_id = number_of(&body, "goodsId");
    let mut live = locked(&world.live);
    live.age(world.now());
    let room = live.open_room(&app.app_id, &body)?;
    if room.status != LIVE {
        return Err(state_forbids());
    }
    if !room.shown_goods(goods_id)?.on_sale {
        return Err(OpenRefusal::new(300_052, "goods off sale"));
    }
    room.pushed = goods_id;
    Ok(done())
}

/// `POST /wxaapi/broadcast/goods/onsale`.
pub(super) async fn sell(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let on_sale = number_of(&body, "onSale").filter(|flag| matches!(flag, 0 | 1)).ok_or_else(wrong_arguments)?;
    let mut live = locked(&world.live);
    live.age(world.now());
    let room = live.open_room(&app.app_id, &body)?;
    room.shown_goods(number_of(&body, "goodsId"))?.on_sale = on_sale == 1;
    Ok(done())
}

/// `POST /wxaapi/broadcast/goods/sort`: all goods of the room, in their new order.
pub(super) async fn sort(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let order = numbers(body.get("goods"), |entry| number_of(entry, "goodsId"))?;
    let mut live = locked(&world.live);
    live.age(world.now());
    let room = live.open_room(&app.app_id, &body)?;
    if order.len() != room.goods.len() {
        return Err(wrong_arguments());
    }
    let sorted: Result<Vec<Shown>, OpenRefusal> =
        order.iter().map(|id| room.shown_goods(Some(*id)).map(|shown| shown.clone())).collect();
    room.goods = sorted?;
    Ok(done())
}
