//! Codes and their scans.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::entrance::EntranceId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::schema::{code_scans as scans, service_codes as codes};
use crate::platform::db::{DbResult, Tx, columns};
use crate::service_account::model::{CodeId, CodeScan, FollowingId, ScanId, ScanOutcome, ServiceCode};

/// The code of a scene.
pub(in crate::service_account) fn code_by_scene(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
    scene: &str,
) -> DbResult<Option<ServiceCode>> {
    let found = codes::table.filter(codes::entrance_id.eq(entrance)).filter(codes::scene.eq(scene));
    Ok(found.select(columns::<ServiceCode>()).first(tx.conn()?).optional()?)
}

/// One code.
pub(in crate::service_account) fn code(tx: &mut Tx<'_>, id: CodeId) -> DbResult<Option<ServiceCode>> {
    Ok(codes::table.find(id).select(columns::<ServiceCode>()).first(tx.conn()?).optional()?)
}

/// Writes a code down; false when its scene is taken.
pub(in crate::service_account) fn insert_code(tx: &mut Tx<'_>, code: &ServiceCode) -> DbResult<bool> {
    let written = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(codes::table).values(code).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(written == 1)
}

/// Notes that WeChat made a code, or made it anew.
pub(in crate::service_account) fn code_made(
    tx: &mut Tx<'_>,
    id: CodeId,
    (ticket, url): (&str, &str),
    expires_at: Option<Timestamp>,
) -> DbResult<()> {
    let now = tx.now();
    diesel::update(codes::table.find(id))
        .set((
            codes::ticket.eq(Some(ticket)),
            codes::url.eq(Some(url)),
            codes::expires_at.eq(expires_at),
            codes::made_at.eq(Some(now)),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Codes that staff made, latest first.
pub(in crate::service_account) fn codes_of_staff(
    tx: &mut Tx<'_>,
    entrance: Option<EntranceId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<ServiceCode>> {
    let before = CodeId::new(after.map_or(i64::MAX, |cursor| cursor.id));
    let mut query = codes::table
        .select(columns::<ServiceCode>())
        .filter(codes::user_id.is_null())
        .filter(codes::id.lt(before))
        .order(codes::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(entrance) = entrance {
        query = query.filter(codes::entrance_id.eq(entrance));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Notes a scan.
pub(in crate::service_account) fn insert_scan(tx: &mut Tx<'_>, scan: &CodeScan) -> DbResult<()> {
    diesel::insert_into(scans::table).values(scan).execute(tx.conn()?)?;
    Ok(())
}

/// What a follower scanned before it was known which user they are, the earliest first, with the share of each.
pub(in crate::service_account) fn waiting_scans(
    tx: &mut Tx<'_>,
    following: FollowingId,
    limit: i64,
) -> DbResult<Vec<(ScanId, Option<String>)>> {
    Ok(scans::table
        .inner_join(codes::table)
        .filter(scans::following_id.eq(following))
        .filter(scans::outcome.eq(ScanOutcome::Waiting))
        .order(scans::id)
        .limit(limit)
        .select((scans::id, codes::share_token))
        .load(tx.conn()?)?)
}

/// Notes that a scan was told as an open; false when it was before.
pub(in crate::service_account) fn scan_opened(tx: &mut Tx<'_>, id: ScanId) -> DbResult<bool> {
    let waiting = scans::table.find(id).filter(scans::outcome.eq(ScanOutcome::Waiting));
    Ok(diesel::update(waiting).set(scans::outcome.eq(ScanOutcome::Opened)).execute(tx.conn()?)? == 1)
}

/// How often a code was scanned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub(in crate::service_account) struct ScanFigures {
    /// Scans in all.
    #[diesel(sql_type = BigInt)]
    pub(in crate::service_account) scans: i64,
    /// People who scanned it.
    #[diesel(sql_type = BigInt)]
    pub(in crate::service_account) people: i64,
    /// How many began to follow by it.
    #[diesel(sql_type = BigInt)]
    pub(in crate::service_account) followed: i64,
}

/// How often a code was scanned.
pub(in crate::service_account) fn scan_figures(tx: &mut Tx<'_>, code: CodeId) -> DbResult<ScanFigures> {
    let counted = diesel::sql_query(
        "SELECT COUNT(*) AS scans, COUNT(DISTINCT following_id) AS people, \
         CAST(COALESCE(SUM(CASE WHEN followed THEN 1 ELSE 0 END), 0) AS BIGINT) AS followed \
         FROM code_scans WHERE code_id = $1",
    );
    Ok(counted.bind::<BigInt, _>(code).get_result(tx.conn()?)?)
}
