//! The tables of social coupons: `social_coupons`, `packets`, `packet_portions`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{OWN_PORTION, Packet, PacketId, PacketState, Portion, SocialCoupon};
use super::rules::Pick;
use crate::coupon::{CouponId, CouponTemplateId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::{self, Prepared};
use crate::platform::db::schema::{packet_portions, packets, social_coupons};
use crate::platform::db::{Constraint, DbResult, Tx, columns};

/// Nobody has two portions of a packet.
pub(super) const ONE_EACH: Constraint =
    Constraint { index: "packet_portions_friend", columns: "packet_portions.packet_id, packet_portions.claimed_by" };

/// Writes the rules of a draft.
pub(super) fn insert_rules(tx: &mut Tx<'_>, rules: &SocialCoupon) -> DbResult<()> {
    diesel::insert_into(social_coupons::table).values(rules).execute(tx.conn()?)?;
    Ok(())
}

/// Takes the rules of a draft away.
pub(super) fn delete_rules(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    diesel::delete(social_coupons::table.find(campaign)).execute(tx.conn()?)?;
    Ok(())
}

/// Notes what portions become from now on.
pub(super) fn set_template(tx: &mut Tx<'_>, campaign: CampaignId, template: CouponTemplateId) -> DbResult<()> {
    diesel::update(social_coupons::table.find(campaign))
        .set(social_coupons::template_id.eq(template))
        .execute(tx.conn()?)?;
    Ok(())
}

/// The rules of a social coupon.
pub(super) fn rules(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Option<SocialCoupon>> {
    let query = social_coupons::table.find(campaign).select(columns::<SocialCoupon>());
    Ok(Prepared(query).get_result(tx.conn()?).optional()?)
}

/// Writes a packet with its portions.
pub(super) fn insert(tx: &mut Tx<'_>, packet: &Packet, portions: &[Portion]) -> DbResult<()> {
    Prepared(diesel::insert_into(packets::table).values(packet)).execute(tx.conn()?)?;
    on_backend!(tx.conn()?, conn => diesel::insert_into(packet_portions::table).values(portions).execute(conn))?;
    Ok(())
}

/// A packet by what is passed on.
pub(super) fn by_code(tx: &mut Tx<'_>, code: &str) -> DbResult<Option<Packet>> {
    let query = packets::table.filter(packets::code.eq(code)).select(columns::<Packet>());
    Ok(Prepared(query).get_result(tx.conn()?).optional()?)
}

/// A packet.
pub(super) fn by_id(tx: &mut Tx<'_>, id: PacketId) -> DbResult<Option<Packet>> {
    Ok(packets::table.find(id).select(columns::<Packet>()).first(tx.conn()?).optional()?)
}

/// The packet an order made.
pub(super) fn by_order(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Option<Packet>> {
    let query = packets::table.filter(packets::order_id.eq(order)).select(columns::<Packet>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// A payer's packets, newest first, one more than `limit`.
pub(super) fn of_user(tx: &mut Tx<'_>, user: UserId, before: Option<Cursor>, limit: i64) -> DbResult<Vec<Packet>> {
    let before = PacketId::new(before.map_or(i64::MAX, |cursor| cursor.id));
    Ok(packets::table
        .filter(packets::user_id.eq(user).and(packets::id.lt(before)))
        .order(packets::id.desc())
        .limit(limit.saturating_add(1))
        .select(columns::<Packet>())
        .load(tx.conn()?)?)
}

/// Which packets of a campaign staff look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketFilter {
    pub(super) campaign: CampaignId,
    pub(super) parent: Option<PacketId>,
    pub(super) generation: Option<i64>,
    pub(super) state: Option<PacketState>,
}

/// Packets of a campaign, newest first, one more than `limit`.
pub(super) fn list(tx: &mut Tx<'_>, filter: PacketFilter, before: Option<Cursor>, limit: i64) -> DbResult<Vec<Packet>> {
    let before = PacketId::new(before.map_or(i64::MAX, |cursor| cursor.id));
    let mut query =
        packets::table.filter(packets::campaign_id.eq(filter.campaign).and(packets::id.lt(before))).into_boxed();
    if let Some(parent) = filter.parent {
        query = query.filter(packets::parent_id.eq(parent));
    }
    if let Some(generation) = filter.generation {
        query = query.filter(packets::generation.eq(generation));
    }
    if let Some(state) = filter.state {
        query = query.filter(packets::state.eq(state));
    }
    Ok(query.order(packets::id.desc()).limit(limit.saturating_add(1)).select(columns::<Packet>()).load(tx.conn()?)?)
}

/// How many packets descend directly from each of these.
pub(super) fn children(tx: &mut Tx<'_>, parents: &[PacketId]) -> DbResult<Vec<(PacketId, i64)>> {
    let rows: Vec<(Option<PacketId>, i64)> = packets::table
        .filter(packets::parent_id.eq_any(parents.to_vec()))
        .group_by(packets::parent_id)
        .select((packets::parent_id, diesel::dsl::count_star()))
        .load(tx.conn()?)?;
    Ok(rows.into_iter().filter_map(|(parent, count)| Some((parent?, count))).collect())
}

#[derive(QueryableByName)]
struct PayerRow {
    #[diesel(sql_type = BigInt)]
    user_id: UserId,
}

/// Who paid for the ancestors of a packet.
pub(super) fn ancestors_payers(tx: &mut Tx<'_>, packet: &Packet) -> DbResult<Vec<UserId>> {
    let Some(parent) = packet.parent_id else { return Ok(Vec::new()) };
    const SQL: &str = "
        WITH RECURSIVE chain (id, parent_id, user_id) AS (
            SELECT id, parent_id, user_id FROM packets WHERE id = $1
            UNION ALL
            SELECT p.id, p.parent_id, p.user_id FROM packets p JOIN chain c ON p.id = c.parent_id
        ) SELECT user_id FROM chain";
    let rows: Vec<PayerRow> = diesel::sql_query(SQL).bind::<BigInt, _>(parent).load(tx.conn()?)?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// The portions of a packet, by number.
pub(super) fn portions(tx: &mut Tx<'_>, packet: PacketId) -> DbResult<Vec<Portion>> {
    let query = packet_portions::table
        .filter(packet_portions::packet_id.eq(packet))
        .order(packet_portions::no)
        .select(columns::<Portion>());
    Ok(query.load(tx.conn()?)?)
}

/// Claimed portions of a campaign with their packets, in the order of both, one more than `limit`.
pub(super) fn claimed_of(tx: &mut Tx<'_>, campaign: CampaignId, limit: i64) -> DbResult<Vec<(Packet, Portion)>> {
    Ok(packet_portions::table
        .inner_join(packets::table)
        .filter(packets::campaign_id.eq(campaign).and(packet_portions::claimed_by.is_not_null()))
        .order((packet_portions::packet_id, packet_portions::no))
        .limit(limit.saturating_add(1))
        .select((columns::<Packet>(), columns::<Portion>()))
        .load(tx.conn()?)?)
}

/// The portion of a packet that somebody has.
pub(super) fn portion_of(tx: &mut Tx<'_>, packet: PacketId, user: UserId) -> DbResult<Option<Portion>> {
    let query = packet_portions::table
        .filter(packet_portions::packet_id.eq(packet).and(packet_portions::claimed_by.eq(user)))
        .select(columns::<Portion>())
        .limit(1);
    Ok(Prepared(query).get_result(tx.conn()?).optional()?)
}

/// Whose portion of a packet is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// That of one more friend.
    Friends,
    /// The payer's own.
    Own,
}

/// Counts a claimed portion in an open packet, and what it is worth; answers the packet as it is then, or nothing when
/// there is no room or no time, or the payer had their own before.
pub(super) fn count_claim(tx: &mut Tx<'_>, packet: PacketId, whose: Whose, amount: Fen) -> DbResult<Option<Packet>> {
    let now = tx.now();
    let worth = packets::claimed_fen.eq(packets::claimed_fen + amount);
    let open =
        packets::table.find(packet).filter(packets::state.eq(PacketState::Open).and(packets::expires_at.gt(now)));
    let counted = match whose {
        Whose::Friends => Prepared(
            diesel::update(open.filter(packets::claimed.lt(packets::portions - 1_i64)))
                .set((packets::claimed.eq(packets::claimed + 1_i64), worth))
                .returning(columns::<Packet>()),
        )
        .get_result(tx.conn()?),
        Whose::Own => Prepared(
            diesel::update(open.filter(packets::own_claimed.eq(false)))
                .set((packets::own_claimed.eq(true), worth))
                .returning(columns::<Packet>()),
        )
        .get_result(tx.conn()?),
    };
    Ok(counted.optional()?)
}

#[derive(QueryableByName)]
struct Picked {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = BigInt)]
    amount_fen: Fen,
}

/// Which portion is picked of those left to friends, and what it is worth. On PostgreSQL nobody else can pick it until
/// the end of the transaction; friends of the same moment pass over each other's instead of waiting.
pub(super) fn pick(tx: &mut Tx<'_>, packet: PacketId, pick: Pick) -> DbResult<Option<(i64, Fen)>> {
    let conn = tx.conn()?;
    let order = match pick {
        Pick::Next => "no",
        Pick::Largest => "amount_fen DESC, no",
        Pick::Smallest => "amount_fen, no",
    };
    let sql = format!(
        "SELECT no, amount_fen FROM packet_portions WHERE packet_id = $1 AND no <> {OWN_PORTION} \
         AND claimed_by IS NULL ORDER BY {order} LIMIT 1{}",
        dialect::skip_locked(conn)
    );
    let picked: Option<Picked> =
        Prepared(diesel::sql_query(sql).bind::<BigInt, _>(packet)).get_result(conn).optional()?;
    Ok(picked.map(|picked| (picked.no, picked.amount_fen)))
}

/// A portion that somebody gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) packet: PacketId,
    pub(super) no: i64,
    pub(super) user: UserId,
    pub(super) coupon: CouponId,
    pub(super) newcomer: bool,
    pub(super) acquired: bool,
}

/// Gives a portion that nobody has; false when somebody has it.
pub(super) fn claim(tx: &mut Tx<'_>, claim: &Claim) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(packet_portions::table.find((claim.packet, claim.no)))
        .filter(packet_portions::claimed_by.is_null())
        .set((
            packet_portions::claimed_by.eq(claim.user),
            packet_portions::claimed_at.eq(now),
            packet_portions::coupon_id.eq(claim.coupon),
            packet_portions::newcomer.eq(claim.newcomer),
            packet_portions::acquired.eq(claim.acquired),
        ));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// Moves an open packet to where it ends; `None` when it was not open any more. What nobody claimed counts as returned.
pub(super) fn settle(tx: &mut Tx<'_>, packet: PacketId, to: PacketState) -> DbResult<Option<Packet>> {
    let now = tx.now();
    let update = diesel::update(packets::table.find(packet))
        .filter(packets::state.eq(PacketState::Open))
        .set((
            packets::state.eq(to),
            packets::settled_at.eq(now),
            packets::returned_fen.eq(packets::face_fen - packets::claimed_fen),
        ))
        .returning(columns::<Packet>());
    Ok(Prepared(update).get_result(tx.conn()?).optional()?)
}

/// Open packets whose time is over, earliest first.
pub(super) fn due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> DbResult<Vec<PacketId>> {
    Ok(packets::table
        .filter(packets::state.eq(PacketState::Open.spelt_out()).and(packets::expires_at.le(now)))
        .order(packets::expires_at)
        .limit(limit)
        .select(packets::id)
        .load(tx.conn()?)?)
}

/// The packet somebody claimed from last before `until`, in one campaign.
pub(super) fn came_through(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    user: UserId,
    until: Timestamp,
) -> DbResult<Option<Packet>> {
    let query = packet_portions::table
        .inner_join(packets::table)
        .filter(
            packet_portions::claimed_by
                .eq(user)
                .and(packet_portions::no.ne(OWN_PORTION))
                .and(packet_portions::claimed_at.le(until))
                .and(packets::campaign_id.eq(campaign)),
        )
        .order(packet_portions::claimed_at.desc())
        .limit(1)
        .select(columns::<Packet>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// Notes the first order of somebody who claimed friends' portions, on every one of them that has none yet.
pub(super) fn note_order(
    tx: &mut Tx<'_>,
    user: UserId,
    order: OrderId,
    total: Fen,
    paid_at: Timestamp,
) -> DbResult<()> {
    let update = diesel::update(packet_portions::table)
        .filter(
            packet_portions::claimed_by
                .eq(user)
                .and(packet_portions::no.ne(OWN_PORTION))
                .and(packet_portions::order_id.is_null())
                .and(packet_portions::claimed_at.le(paid_at)),
        )
        .set((packet_portions::order_id.eq(order), packet_portions::order_fen.eq(total)));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// What one generation of packets did.
#[derive(QueryableByName, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GenerationRow {
    #[diesel(sql_type = BigInt)]
    pub(super) generation: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) packets: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) face_fen: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) claimed_fen: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) returned_fen: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) claims: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) newcomers: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) acquired: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) orders: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) revenue_fen: i64,
}

/// What each generation of a campaign's packets did. An order counts once, with the latest portion claimed before it.
pub(super) fn generations(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<GenerationRow>> {
    const SQL: &str = "
        WITH own AS (
            SELECT id, generation, face_fen, claimed_fen, returned_fen FROM packets WHERE campaign_id = $1
        ), friends AS (
            SELECT o.generation, r.newcomer, r.acquired, r.order_id, r.order_fen,
                   ROW_NUMBER() OVER (PARTITION BY r.order_id ORDER BY r.claimed_at DESC, r.packet_id DESC) AS place
            FROM packet_portions r JOIN own o ON o.id = r.packet_id
            WHERE r.no <> 0 AND r.claimed_by IS NOT NULL
        ), people AS (
            SELECT generation, COUNT(*) AS claims,
                   CAST(SUM(CASE WHEN newcomer THEN 1 ELSE 0 END) AS BIGINT) AS newcomers,
                   CAST(SUM(CASE WHEN acquired THEN 1 ELSE 0 END) AS BIGINT) AS acquired,
                   CAST(SUM(CASE WHEN order_id IS NOT NULL AND place = 1 THEN 1 ELSE 0 END) AS BIGINT) AS orders,
                   CAST(SUM(CASE WHEN order_id IS NOT NULL AND place = 1 THEN order_fen ELSE 0 END) AS BIGINT)
                       AS revenue_fen
            FROM friends GROUP BY generation
        ), money AS (
            SELECT generation, COUNT(*) AS packets, CAST(SUM(face_fen) AS BIGINT) AS face_fen,
                   CAST(SUM(claimed_fen) AS BIGINT) AS claimed_fen, CAST(SUM(returned_fen) AS BIGINT) AS returned_fen
            FROM own GROUP BY generation
        )
        SELECT m.generation, m.packets, m.face_fen, m.claimed_fen, m.returned_fen,
               COALESCE(p.claims, 0) AS claims, COALESCE(p.newcomers, 0) AS newcomers,
               COALESCE(p.acquired, 0) AS acquired, COALESCE(p.orders, 0) AS orders,
               COALESCE(p.revenue_fen, 0) AS revenue_fen
        FROM money m LEFT JOIN people p ON p.generation = m.generation
        ORDER BY m.generation";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(campaign).load(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct DifferenceRow {
    #[diesel(sql_type = Text)]
    rule: String,
    #[diesel(sql_type = BigInt)]
    packet_id: PacketId,
    #[diesel(sql_type = BigInt)]
    recorded: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// Every place where packets and their portions disagree, at most a thousand.
pub(super) fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    const SQL: &str = "
        WITH sums AS (
            SELECT packet_id, COUNT(*) AS portions, CAST(SUM(amount_fen) AS BIGINT) AS face,
                   CAST(SUM(CASE WHEN claimed_by IS NOT NULL AND no <> 0 THEN 1 ELSE 0 END) AS BIGINT) AS friends,
                   CAST(SUM(CASE WHEN claimed_by IS NOT NULL AND no = 0 THEN 1 ELSE 0 END) AS BIGINT) AS own,
                   CAST(SUM(CASE WHEN claimed_by IS NOT NULL THEN amount_fen ELSE 0 END) AS BIGINT) AS claimed
            FROM packet_portions GROUP BY packet_id
        )
        SELECT rule, packet_id, recorded, counted FROM (
            SELECT 'portions sum to the face' AS rule, p.id AS packet_id, p.face_fen AS recorded, s.face AS counted
            FROM packets p JOIN sums s ON s.packet_id = p.id
            UNION ALL
            SELECT 'as many portions as promised', p.id, p.portions, s.portions
            FROM packets p JOIN sums s ON s.packet_id = p.id
            UNION ALL
            SELECT 'claimed = friends who have one', p.id, p.claimed, s.friends
            FROM packets p JOIN sums s ON s.packet_id = p.id
            UNION ALL
            SELECT 'the own portion is noted', p.id, CASE WHEN p.own_claimed THEN 1 ELSE 0 END, s.own
            FROM packets p JOIN sums s ON s.packet_id = p.id
            UNION ALL
            SELECT 'claimed_fen = what they are worth', p.id, p.claimed_fen, s.claimed
            FROM packets p JOIN sums s ON s.packet_id = p.id
            UNION ALL
            SELECT 'a settled packet returned the rest', p.id, p.returned_fen, p.face_fen - p.claimed_fen
            FROM packets p WHERE p.state <> 'open'
            UNION ALL
            SELECT 'an open packet returned nothing', p.id, p.returned_fen, 0 FROM packets p WHERE p.state = 'open'
            UNION ALL
            SELECT 'a child is one generation further', c.id, c.generation, p.generation + 1
            FROM packets c JOIN packets p ON p.id = c.parent_id
        ) AS checks
        WHERE recorded <> counted ORDER BY packet_id, rule LIMIT 1000";
    let rows: Vec<DifferenceRow> = diesel::sql_query(SQL).load(tx.conn()?)?;
    let tell = |row: DifferenceRow| {
        format!("packet {}: {}: {} against {}", row.packet_id, row.rule, row.recorded, row.counted)
    };
    Ok(rows.into_iter().map(tell).collect())
}

/// Portions that a user claimed of packets of their own as if they were a friend.
pub(super) fn own_portions_as_friend(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<(PacketId, i64)>> {
    let own = packet_portions::table
        .inner_join(packets::table)
        .filter(packet_portions::claimed_by.eq(user))
        .filter(packets::user_id.eq(user))
        .filter(packet_portions::no.ne(OWN_PORTION));
    let order = (packet_portions::packet_id, packet_portions::no);
    Ok(own.order(order).select(order).load(tx.conn()?)?)
}
