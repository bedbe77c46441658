//! What staff have WeChat do with goods: the library, the shelf of a room, what is being explained, and followers.

use super::desk::{Hand, Mirrored, OfficialDesk, mirrored, own_shelf};
use super::model::{GoodsRowId, OfficialGoods, ShownGoods};
use super::{rules, store};
use crate::catalog::{self, ProductFacts, ProductId};
use crate::entrance::EntranceId;
use crate::kernel::money::Fen;
use crate::live::error::LiveError;
use crate::live::model::RoomId;
use crate::platform::db::Tx;
use crate::platform::wechat::live::{AuditStatus, GoodsDraft, GoodsPrice, LiveTrouble};

/// Longest side of the picture of goods.
const GOODS_SIDE: u32 = 300;
/// Followers told at once.
const FOLLOWERS: i64 = 2_000;
/// Most pages of followers that are told of one room.
const PAGES: usize = 50;

/// A product as WeChat is to show it.
struct Offered {
    facts: ProductFacts,
    price: GoodsPrice,
    known: Option<OfficialGoods>,
}

fn offered(tx: &mut Tx<'_>, entrance: EntranceId, product: ProductId) -> Result<Offered, LiveError> {
    let not_on_sale = || LiveError::ProductNotOnSale(serde_json::json!({ "product_id": product }));
    let facts = catalog::product_facts(tx, product)?.filter(|facts| facts.on_sale).ok_or_else(not_on_sale)?;
    let skus = catalog::sku_facts(tx, &facts.sellable)?;
    let prices: Vec<Fen> = skus.iter().map(|sku| sku.price).collect();
    let price = rules::goods_price(prices.into_iter()).ok_or_else(not_on_sale)?;
    let known = store::goods_of(tx, entrance, product)?;
    Ok(Offered { facts, price, known })
}

impl OfficialDesk {
    /// Hands a product in for the library, or again: one whose review was refused is reviewed anew, of one that passed
    /// only the price changes.
    ///
    /// # Errors
    /// 422 when it is not on sale; 422 when WeChat's rules forbid it; 502 when it cannot be reached.
    pub(super) async fn submit_goods(
        &self,
        entrance: Option<EntranceId>,
        product: ProductId,
    ) -> Result<OfficialGoods, LiveError> {
        let entrance = self.mini_program(entrance)?.entrance.id;
        let client = self.client(entrance)?;
        let offered = self.db.read("live.official_offered", move |tx| offered(tx, entrance, product)).await?;
        let media = self.upload(&client, &offered.facts.picture, GOODS_SIDE).await?;
        let known = offered.known.as_ref().and_then(|goods| Some((goods.goods_id?, goods)));
        // After the review the name may no longer change.
        let name = known.map_or_else(|| rules::goods_name(&offered.facts.title), |(_, goods)| goods.name.clone());
        let url = format!("{}?id={product}", self.product_page);
        let draft = GoodsDraft { cover_media: &media, name: &name, price: offered.price, url: &url };
        let submitted = async {
            let Some((number, goods)) = known else {
                let new = client.add_live_goods(&draft).await?;
                return Ok((new.goods_id, Some(new.audit_id), AuditStatus::Reviewing.number()));
            };
            client.update_live_goods(number, &draft).await?;
            if goods.audit_status == AuditStatus::Passed.number() {
                return Ok((number, goods.audit_id, goods.audit_status));
            }
            let audit = client.audit_live_goods(number).await?;
            Ok((number, Some(audit), AuditStatus::Reviewing.number()))
        };
        let (number, audit_id, audit_status) = submitted.await.map_err(|error| rules::refused(&error))?;
        let price = offered.price;
        let write = move |tx: &mut Tx<'_>| {
            // Somebody may have handed it in at the same moment; then it is that row.
            let row = store::goods_of(tx, entrance, product)?.map(|goods| goods.id);
            let (kind, lowest, highest) = match price {
                GoodsPrice::Fixed(price) => (1, price, None),
                GoodsPrice::Range(from, to) => (2, from, Some(to)),
                GoodsPrice::Discount(before, now) => (3, before, Some(now)),
            };
            let goods = OfficialGoods {
                id: row.unwrap_or_else(|| GoodsRowId::new(tx.next_id())),
                entrance_id: entrance,
                product_id: product,
                goods_id: Some(number),
                audit_id,
                audit_status,
                name: name.clone(),
                price: lowest,
                price_kind: kind,
                second_price: highest,
                url: url.clone(),
                failure: None,
                submitted_at: tx.now(),
                checked_at: None,
            };
            store::put_goods(tx, &goods)?;
            Ok(goods)
        };
        self.db.write("live.official_goods_submitted", write).await
    }

    /// Withdraws the review of a product that is under way.
    ///
    /// # Errors
    /// 404 when it is not in the library; 422 when WeChat's rules forbid it, as for one whose review is over.
    pub(super) async fn withdraw_review(
        &self,
        entrance: Option<EntranceId>,
        product: ProductId,
    ) -> Result<OfficialGoods, LiveError> {
        let (goods, number) = self.in_library(entrance, product).await?;
        let audit = goods.audit_id.ok_or(LiveError::NotMirrored)?;
        let client = self.client(goods.entrance_id)?;
        client.reset_live_goods_audit(number, audit).await.map_err(|error| rules::refused(&error))?;
        let row = goods.id;
        let write = move |tx: &mut Tx<'_>| {
            store::note_review(tx, row, AuditStatus::NotReviewed.number())?;
            store::goods(tx, row)?.ok_or(LiveError::NotMirrored)
        };
        self.db.write("live.official_review_withdrawn", write).await
    }

    /// Takes a product out of the library, and off every shelf of WeChat's.
    ///
    /// # Errors
    /// 404 when it is not there; 422 when WeChat's rules forbid it.
    pub(super) async fn remove_goods(&self, entrance: Option<EntranceId>, product: ProductId) -> Result<(), LiveError> {
        let (goods, number) = self.in_library(entrance, product).await?;
        let removed = self.client(goods.entrance_id)?.delete_live_goods(number).await;
        if let Err(error) = removed
            && LiveTrouble::of(&error) != Some(LiveTrouble::NoSuchGoods)
        {
            return Err(rules::refused(&error));
        }
        self.db.write("live.official_goods_removed", move |tx| Ok(store::forget_goods(tx, goods.id)?)).await
    }

    async fn in_library(
        &self,
        entrance: Option<EntranceId>,
        product: ProductId,
    ) -> Result<(OfficialGoods, i64), LiveError> {
        let entrance = self.mini_program(entrance)?.entrance.id;
        let find = move |tx: &mut Tx<'_>| store::goods_of(tx, entrance, product);
        let goods = self.db.read("live.official_goods", find).await?.ok_or(LiveError::GoodsNotFound)?;
        let number = goods.goods_id.ok_or(LiveError::GoodsNotFound)?;
        Ok((goods, number))
    }

    /// Asks where the review of a product stands.
    ///
    /// # Errors
    /// 422 when WeChat's rules forbid it; 502 when it cannot be reached.
    pub(super) async fn ask_review(&self, id: GoodsRowId) -> Result<(), LiveError> {
        let goods = self.db.read("live.official_goods", move |tx| store::goods(tx, id)).await?;
        let Some((goods, number)) = goods.and_then(|goods| goods.goods_id.map(|number| (goods, number))) else {
            return Ok(());
        };
        let client = self.client(goods.entrance_id)?;
        let told = client.live_goods_in_library(&[number]).await.map_err(|error| rules::refused(&error))?;
        let status = told.first().map_or(AuditStatus::NotReviewed, |goods| goods.audit).number();
        self.db.write("live.official_review", move |tx| Ok(store::note_review(tx, id, status)?)).await
    }

    /// Makes WeChat's shelf of a room what the room's own is, as far as its products passed the review.
    ///
    /// # Errors
    /// 409 when WeChat has no room; 422 when WeChat's rules forbid it; 502 when it cannot be reached.
    pub(super) async fn fill_shelf(&self, id: RoomId, hand: Hand) -> Result<Mirrored, LiveError> {
        let read = move |tx: &mut Tx<'_>| {
            let before = mirrored(tx, id)?;
            let products = own_shelf(tx, id)?;
            let known = store::goods_among(tx, before.official.entrance_id, &products)?;
            let passed = |product: &ProductId| {
                let goods = known.iter().find(|goods| goods.product_id == *product)?;
                let number = goods.goods_id.filter(|_| goods.audit_status == AuditStatus::Passed.number())?;
                Some((goods.id, number))
            };
            let wanted: Vec<(GoodsRowId, i64)> = products.iter().filter_map(passed).collect();
            Ok::<_, LiveError>((before, wanted))
        };
        let (before, wanted) = self.db.read("live.official_shelf", read).await?;
        let number = before.number()?;
        let client = self.client(before.official.entrance_id)?;
        let there: Vec<i64> = before.shelf.iter().filter_map(|(_, goods)| goods.goods_id).collect();
        let order: Vec<i64> = wanted.iter().map(|(_, goods)| *goods).collect();
        let filled = async {
            for gone in there.iter().filter(|goods| !order.contains(goods)) {
                match client.remove_live_room_goods(number, *gone).await {
                    Err(error) if LiveTrouble::of(&error) != Some(LiveTrouble::GoodsNotInRoom) => return Err(error),
                    _ => {}
                }
            }
            if !order.is_empty() {
                client.add_live_room_goods(number, &order).await?;
                client.sort_live_room_goods(number, &order).await?;
            }
            Ok(())
        };
        filled.await.map_err(|error| rules::refused(&error))?;
        let write = move |tx: &mut Tx<'_>| {
            let now = tx.now();
            let on_sale = |row| before.shelf.iter().find(|(shown, _)| shown.goods_row_id == row);
            let shown = wanted.iter().zip(0_i64..).map(|((row, _), position)| ShownGoods {
                room_id: id,
                goods_row_id: *row,
                on_sale: on_sale(*row).is_none_or(|(shown, _)| shown.on_sale),
                position,
                mirrored_at: now,
            });
            store::set_shelf(tx, id, &shown.collect::<Vec<_>>())?;
            hand.note(tx, "live.official_shelf_filled", id)?;
            mirrored(tx, id)
        };
        self.db.write("live.official_shelf_filled", write).await
    }

    /// Shows a product to those who watch at WeChat, as the one being explained.
    ///
    /// # Errors
    /// 422 when WeChat does not show it; 422 when WeChat's rules forbid it, as while nothing is on the air.
    pub(super) async fn explain(&self, id: RoomId, product: ProductId) -> Result<Mirrored, LiveError> {
        let before = self.look(id).await?;
        let (_, goods) = shown_goods(&before, product)?;
        let client = self.client(before.official.entrance_id)?;
        client.push_live_room_goods(before.number()?, goods).await.map_err(|error| rules::refused(&error))?;
        Ok(before)
    }

    /// Puts a product of WeChat's shelf on sale, or takes it off.
    ///
    /// # Errors
    /// As [`explain`](Self::explain).
    pub(super) async fn sell(&self, id: RoomId, product: ProductId, on_sale: bool) -> Result<Mirrored, LiveError> {
        let before = self.look(id).await?;
        let (row, goods) = shown_goods(&before, product)?;
        let client = self.client(before.official.entrance_id)?;
        let sold = client.sell_live_room_goods(before.number()?, goods, on_sale).await;
        sold.map_err(|error| rules::refused(&error))?;
        let write = move |tx: &mut Tx<'_>| {
            store::set_on_sale(tx, id, row, on_sale)?;
            mirrored(tx, id)
        };
        self.db.write("live.official_on_sale", write).await
    }

    /// Has WeChat tell everybody who follows the mini-program's shows of a room; answers how many it was given.
    ///
    /// # Errors
    /// 422 when WeChat's rules forbid it: followers are told of one room a day.
    pub(super) async fn tell_followers(&self, id: RoomId) -> Result<usize, LiveError> {
        let before = self.look(id).await?;
        let number = before.number()?;
        let client = self.client(before.official.entrance_id)?;
        let (mut from, mut everybody) = (0_i64, Vec::new());
        for _ in 0..PAGES {
            let page = client.live_followers(from, FOLLOWERS).await.map_err(|error| rules::refused(&error))?;
            everybody.push(page.followers.into_iter().map(|one| one.openid).collect::<Vec<_>>());
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        let mut told = 0_usize;
        for openids in everybody.iter().filter(|openids| !openids.is_empty()) {
            match client.tell_live_followers(number, openids).await {
                Ok(_) => told = told.saturating_add(openids.len()),
                Err(error) if told == 0 => return Err(rules::refused(&error)),
                // Whoever was told is told; the rest hear of it another day.
                Err(error) => {
                    tracing::warn!(%error, told, "not every follower was told of a room");
                    break;
                }
            }
        }
        Ok(told)
    }
}

fn shown_goods(room: &Mirrored, product: ProductId) -> Result<(GoodsRowId, i64), LiveError> {
    let found = room.shelf.iter().find(|(_, goods)| goods.product_id == product);
    let found = found.and_then(|(shown, goods)| Some((shown.goods_row_id, goods.goods_id?)));
    found.ok_or_else(|| LiveError::NotOnShelf(serde_json::json!({ "product_id": product })))
}
