//! All SQL on what mirrors WeChat.

use diesel::prelude::*;

use super::model::{GoodsRowId, OfficialGoods, OfficialRoom, ShownGoods};
use crate::catalog::ProductId;
use crate::entrance::EntranceId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::live::model::{RoomId, RoomSource, RoomState};
use crate::platform::db::schema::{live_official_goods, live_official_rooms, live_official_shelf, live_rooms};
use crate::platform::db::{DbResult, Tx, columns};

/// What mirrors a room.
pub(super) fn room(tx: &mut Tx<'_>, id: RoomId) -> DbResult<Option<OfficialRoom>> {
    Ok(live_official_rooms::table.find(id).select(columns::<OfficialRoom>()).first(tx.conn()?).optional()?)
}

/// Says whose picture a planned room is to show; false when it is not planned any more.
pub(super) fn set_source(tx: &mut Tx<'_>, id: RoomId, source: RoomSource) -> DbResult<bool> {
    let update = diesel::update(live_rooms::table.find(id))
        .filter(live_rooms::state.eq(RoomState::Planned))
        .set(live_rooms::source.eq(source));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Begins to mirror a room, or says anew who its anchor is.
pub(super) fn put_room(tx: &mut Tx<'_>, id: RoomId, entrance: EntranceId, anchor_wechat: &str) -> DbResult<()> {
    let update = diesel::update(live_official_rooms::table.find(id))
        .set(live_official_rooms::anchor_wechat.eq(anchor_wechat.to_owned()));
    if update.execute(tx.conn()?)? == 1 {
        return Ok(());
    }
    let room = OfficialRoom {
        room_id: id,
        entrance_id: entrance,
        room_number: None,
        status: None,
        anchor_wechat: anchor_wechat.to_owned(),
        cover_media: None,
        share_media: None,
        feeds_media: None,
        qr_code_url: None,
        push_address: None,
        share_code_url: None,
        page_path: None,
        failure: None,
        mirrored_at: None,
        mirror_due_at: None,
    };
    diesel::insert_into(live_official_rooms::table).values(&room).execute(tx.conn()?)?;
    Ok(())
}

/// Keeps the media id under which WeChat keeps the room's picture for three days.
pub(super) fn set_media(tx: &mut Tx<'_>, id: RoomId, media_id: &str) -> DbResult<()> {
    let media = Some(media_id.to_owned());
    diesel::update(live_official_rooms::table.find(id))
        .set((
            live_official_rooms::cover_media.eq(media.clone()),
            live_official_rooms::share_media.eq(media.clone()),
            live_official_rooms::feeds_media.eq(media),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Writes down why WeChat did not do what was asked; the room is looked at soon.
pub(super) fn note_room_failure(tx: &mut Tx<'_>, id: RoomId, failure: &str) -> DbResult<()> {
    diesel::update(live_official_rooms::table.find(id))
        .set(live_official_rooms::failure.eq(failure.to_owned()))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Writes down that WeChat has the room, or why it does not yet.
pub(super) fn note_made(tx: &mut Tx<'_>, id: RoomId, number: Option<i64>, qr_code_url: Option<&str>) -> DbResult<()> {
    let now = tx.now();
    diesel::update(live_official_rooms::table.find(id))
        .set((
            live_official_rooms::room_number.eq(number),
            live_official_rooms::qr_code_url.eq(qr_code_url.map(str::to_owned)),
            live_official_rooms::failure.eq(None::<String>),
            live_official_rooms::mirror_due_at.eq(number.map(|_| now)),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// What a look at WeChat's room brought.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// WeChat's number of where it stands.
    pub(super) status: Option<i64>,
    /// Where it is published to.
    pub(super) push_address: Option<String>,
    /// The picture of its code, and the page that it opens.
    pub(super) code: Option<(String, String)>,
    /// When to look again.
    pub(super) next: Option<Timestamp>,
}

/// Writes down what a look brought. What it did not bring stays.
pub(super) fn note_look(tx: &mut Tx<'_>, before: &OfficialRoom, look: &Look) -> DbResult<()> {
    let now = tx.now();
    let (code, page) = look.code.clone().map_or((None, None), |(code, page)| (Some(code), Some(page)));
    diesel::update(live_official_rooms::table.find(before.room_id))
        .set((
            live_official_rooms::status.eq(look.status.or(before.status)),
            live_official_rooms::push_address.eq(look.push_address.clone().or_else(|| before.push_address.clone())),
            live_official_rooms::share_code_url.eq(code.or_else(|| before.share_code_url.clone())),
            live_official_rooms::page_path.eq(page.or_else(|| before.page_path.clone())),
            live_official_rooms::mirrored_at.eq(now),
            live_official_rooms::mirror_due_at.eq(look.next),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Rooms that are to be looked at by this moment, the longest due first.
pub(super) fn rooms_due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> DbResult<Vec<RoomId>> {
    Ok(live_official_rooms::table
        .filter(live_official_rooms::mirror_due_at.le(now))
        .order(live_official_rooms::mirror_due_at)
        .limit(limit)
        .select(live_official_rooms::room_id)
        .load(tx.conn()?)?)
}

/// Puts the next look off, so that it is asked for once; false when somebody else did.
pub(super) fn put_off(tx: &mut Tx<'_>, id: RoomId, until: Timestamp) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_official_rooms::table.find(id))
        .filter(live_official_rooms::mirror_due_at.le(now))
        .set(live_official_rooms::mirror_due_at.eq(until));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Forgets what mirrored a room.
pub(super) fn forget_room(tx: &mut Tx<'_>, id: RoomId) -> DbResult<()> {
    set_shelf(tx, id, &[])?;
    diesel::delete(live_official_rooms::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}

/// Writes what WeChat shows in a room.
pub(super) fn set_shelf(tx: &mut Tx<'_>, id: RoomId, shown: &[ShownGoods]) -> DbResult<()> {
    let of_room = live_official_shelf::table.filter(live_official_shelf::room_id.eq(id));
    diesel::delete(of_room).execute(tx.conn()?)?;
    for goods in shown {
        diesel::insert_into(live_official_shelf::table).values(goods).execute(tx.conn()?)?;
    }
    Ok(())
}

/// What WeChat shows in a room, in its order.
pub(super) fn shelf(tx: &mut Tx<'_>, id: RoomId) -> DbResult<Vec<(ShownGoods, OfficialGoods)>> {
    Ok(live_official_shelf::table
        .inner_join(live_official_goods::table)
        .filter(live_official_shelf::room_id.eq(id))
        .order(live_official_shelf::position)
        .select((columns::<ShownGoods>(), columns::<OfficialGoods>()))
        .load(tx.conn()?)?)
}

/// Says whether goods can be bought in a room.
pub(super) fn set_on_sale(tx: &mut Tx<'_>, id: RoomId, goods: GoodsRowId, on_sale: bool) -> DbResult<()> {
    diesel::update(live_official_shelf::table.find((id, goods)))
        .set(live_official_shelf::on_sale.eq(on_sale))
        .execute(tx.conn()?)?;
    Ok(())
}

/// A product in the library of a mini-program.
pub(super) fn goods_of(tx: &mut Tx<'_>, entrance: EntranceId, product: ProductId) -> DbResult<Option<OfficialGoods>> {
    let query = live_official_goods::table
        .filter(live_official_goods::entrance_id.eq(entrance).and(live_official_goods::product_id.eq(product)))
        .select(columns::<OfficialGoods>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// A row of the library.
pub(super) fn goods(tx: &mut Tx<'_>, id: GoodsRowId) -> DbResult<Option<OfficialGoods>> {
    Ok(live_official_goods::table.find(id).select(columns::<OfficialGoods>()).first(tx.conn()?).optional()?)
}

/// These products in the library of a mini-program.
pub(super) fn goods_among(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
    products: &[ProductId],
) -> DbResult<Vec<OfficialGoods>> {
    Ok(live_official_goods::table
        .filter(live_official_goods::entrance_id.eq(entrance))
        .filter(live_official_goods::product_id.eq_any(products.to_vec()))
        .select(columns::<OfficialGoods>())
        .load(tx.conn()?)?)
}

/// The rows of these of WeChat's numbers.
pub(super) fn goods_numbered(tx: &mut Tx<'_>, entrance: EntranceId, numbers: &[i64]) -> DbResult<Vec<OfficialGoods>> {
    Ok(live_official_goods::table
        .filter(live_official_goods::entrance_id.eq(entrance))
        .filter(live_official_goods::goods_id.eq_any(numbers.iter().copied().map(Some).collect::<Vec<_>>()))
        .select(columns::<OfficialGoods>())
        .load(tx.conn()?)?)
}

/// The library, newest first, one more than `limit`.
pub(super) fn library(tx: &mut Tx<'_>, before: Option<Cursor>, limit: i64) -> DbResult<Vec<OfficialGoods>> {
    let before = GoodsRowId::new(before.map_or(i64::MAX, |cursor| cursor.id));
    Ok(live_official_goods::table
        .filter(live_official_goods::id.lt(before))
        .order(live_official_goods::id.desc())
        .limit(limit.saturating_add(1))
        .select(columns::<OfficialGoods>())
        .load(tx.conn()?)?)
}

/// Writes a row of the library, for the first time or anew.
pub(super) fn put_goods(tx: &mut Tx<'_>, goods: &OfficialGoods) -> DbResult<()> {
    let update = diesel::update(live_official_goods::table.find(goods.id)).set((
        live_official_goods::goods_id.eq(goods.goods_id),
        live_official_goods::audit_id.eq(goods.audit_id),
        live_official_goods::audit_status.eq(goods.audit_status),
        live_official_goods::name.eq(&goods.name),
        live_official_goods::price_fen.eq(goods.price),
        live_official_goods::price_kind.eq(goods.price_kind),
        live_official_goods::second_price_fen.eq(goods.second_price),
        live_official_goods::url.eq(&goods.url),
        live_official_goods::failure.eq(&goods.failure),
        live_official_goods::submitted_at.eq(goods.submitted_at),
        live_official_goods::checked_at.eq(goods.checked_at),
    ));
    if update.execute(tx.conn()?)? == 0 {
        diesel::insert_into(live_official_goods::table).values(goods).execute(tx.conn()?)?;
    }
    Ok(())
}

/// Writes where a review stands.
pub(super) fn note_review(tx: &mut Tx<'_>, id: GoodsRowId, status: i64) -> DbResult<()> {
    let now = tx.now();
    diesel::update(live_official_goods::table.find(id))
        .set((live_official_goods::audit_status.eq(status), live_official_goods::checked_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Rows whose review is under way and was last asked about, or handed in, before this moment.
pub(super) fn reviews_due(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<GoodsRowId>> {
    let asked = live_official_goods::checked_at.is_null().or(live_official_goods::checked_at.le(before));
    Ok(live_official_goods::table
        .filter(live_official_goods::audit_status.eq(1).and(live_official_goods::submitted_at.le(before)))
        .filter(asked)
        .order(live_official_goods::id)
        .limit(limit)
        .select(live_official_goods::id)
        .load(tx.conn()?)?)
}

/// Takes goods out of the library and off every shelf.
pub(super) fn forget_goods(tx: &mut Tx<'_>, id: GoodsRowId) -> DbResult<()> {
    let shown = live_official_shelf::table.filter(live_official_shelf::goods_row_id.eq(id));
    diesel::delete(shown).execute(tx.conn()?)?;
    diesel::delete(live_official_goods::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}
