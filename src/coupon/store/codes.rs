//! One-time codes, and how often somebody tried wrong ones.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::coupon::model::{CodeBatch, CodeBatchId, CouponTemplateId};
use crate::kernel::id::UserId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{coupon_code_batches as batches, coupon_code_tries as tries, coupon_codes as codes};
use crate::platform::db::{DbResult, Tx, columns};

/// Codes written by one statement.
const AT_ONCE: usize = 1_000;

pub(in crate::coupon) fn insert_batch(tx: &mut Tx<'_>, batch: &CodeBatch) -> DbResult<()> {
    diesel::insert_into(batches::table).values(batch).execute(tx.conn()?)?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = codes, treat_none_as_default_value = false)]
struct CodeRow<'a> {
    code_hash: &'a str,
    batch_id: CodeBatchId,
}

/// Writes the hashes of a batch's codes; answers how many were new, since chance may repeat one.
pub(in crate::coupon) fn insert_codes(tx: &mut Tx<'_>, batch: CodeBatchId, hashes: &[String]) -> DbResult<usize> {
    let mut written = 0_usize;
    for part in hashes.chunks(AT_ONCE) {
        let rows: Vec<CodeRow<'_>> = part.iter().map(|code_hash| CodeRow { code_hash, batch_id: batch }).collect();
        written = written.saturating_add(on_backend!(tx.conn()?, conn => {
            diesel::insert_into(codes::table).values(&rows).on_conflict_do_nothing().execute(conn)
        })?);
    }
    Ok(written)
}

/// What a one-time code is good for, unless its batch is void or not agreed to; and who redeemed it.
pub(in crate::coupon) fn template_of_code(
    tx: &mut Tx<'_>,
    hash: &str,
) -> DbResult<Option<(CouponTemplateId, Option<UserId>)>> {
    let found = codes::table
        .inner_join(batches::table)
        .filter(codes::code_hash.eq(hash))
        .filter(batches::agreed_at.is_not_null())
        .filter(batches::voided_at.is_null().or(codes::redeemed_at.is_not_null()))
        .select((batches::template_id, codes::redeemed_by));
    Ok(found.first(tx.conn()?).optional()?)
}

/// Redeems a code; false when somebody did before.
pub(in crate::coupon) fn redeem(tx: &mut Tx<'_>, hash: &str, user: UserId) -> DbResult<bool> {
    let now = tx.now();
    let unused = codes::table.find(hash).filter(codes::redeemed_at.is_null());
    let redeeming = diesel::update(unused).set((codes::redeemed_by.eq(Some(user)), codes::redeemed_at.eq(Some(now))));
    Ok(redeeming.execute(tx.conn()?)? == 1)
}

pub(in crate::coupon) fn find_batch(tx: &mut Tx<'_>, id: CodeBatchId) -> DbResult<Option<CodeBatch>> {
    Ok(batches::table.find(id).select(columns::<CodeBatch>()).first(tx.conn()?).optional()?)
}

/// Makes the codes of a batch good; false when they are already, or void.
pub(in crate::coupon) fn agree_to_batch(tx: &mut Tx<'_>, id: CodeBatchId) -> DbResult<bool> {
    let now = tx.now();
    let waiting = batches::table.find(id).filter(batches::agreed_at.is_null()).filter(batches::voided_at.is_null());
    Ok(diesel::update(waiting).set(batches::agreed_at.eq(Some(now))).execute(tx.conn()?)? == 1)
}

/// Makes the unused codes of a batch worthless; false when they are already.
pub(in crate::coupon) fn void_batch(tx: &mut Tx<'_>, id: CodeBatchId) -> DbResult<bool> {
    let now = tx.now();
    let living = batches::table.find(id).filter(batches::voided_at.is_null());
    Ok(diesel::update(living).set(batches::voided_at.eq(Some(now))).execute(tx.conn()?)? == 1)
}

/// A template's batches, newest first.
pub(in crate::coupon) fn batches_of(
    tx: &mut Tx<'_>,
    template: CouponTemplateId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<CodeBatch>> {
    let mut query = batches::table
        .filter(batches::template_id.eq(template))
        .select(columns::<CodeBatch>())
        .order(batches::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(batches::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// A batch and how many of its codes were redeemed.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct BatchFigures {
    pub(in crate::coupon) batch: CodeBatch,
    pub(in crate::coupon) redeemed: i64,
}

/// How many codes of each of these batches were redeemed; batches without any are absent.
pub(in crate::coupon) fn redeemed_of(tx: &mut Tx<'_>, ids: &[CodeBatchId]) -> DbResult<Vec<(CodeBatchId, i64)>> {
    let redeemed = codes::table.filter(codes::batch_id.eq_any(ids.to_vec())).filter(codes::redeemed_at.is_not_null());
    let counted = redeemed.group_by(codes::batch_id).select((codes::batch_id, diesel::dsl::count_star()));
    Ok(counted.load(tx.conn()?)?)
}

/// Counts one more try of somebody, beginning anew when the last count is older than `since`; false when they had as
/// many as they may.
pub(in crate::coupon) fn count_try(tx: &mut Tx<'_>, subject: &str, since: Timestamp, most: i64) -> DbResult<bool> {
    let now = tx.now();
    let counting = diesel::sql_query(
        "INSERT INTO coupon_code_tries (subject, since, tries) VALUES ($1, $2, 1) ON CONFLICT (subject) DO UPDATE SET \
         tries = CASE WHEN coupon_code_tries.since <= $3 THEN 1 ELSE coupon_code_tries.tries + 1 END, \
         since = CASE WHEN coupon_code_tries.since <= $4 THEN excluded.since ELSE coupon_code_tries.since END \
         WHERE coupon_code_tries.since <= $5 OR coupon_code_tries.tries < $6",
    )
    .bind::<Text, _>(subject)
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(since)
    .bind::<BigInt, _>(most);
    Ok(Prepared(counting).execute(tx.conn()?)? == 1)
}

/// Takes back a try that was right.
pub(in crate::coupon) fn forgive_try(tx: &mut Tx<'_>, subject: &str) -> DbResult<()> {
    let counted = tries::table.find(subject).filter(tries::tries.gt(0));
    diesel::update(counted).set(tries::tries.eq(tries::tries - 1)).execute(tx.conn()?)?;
    Ok(())
}

/// How often somebody tried since a moment that is still remembered, and from when on.
pub(in crate::coupon) fn tries_of(tx: &mut Tx<'_>, subject: &str) -> DbResult<Option<(Timestamp, i64)>> {
    Ok(tries::table.find(subject).select((tries::since, tries::tries)).first(tx.conn()?).optional()?)
}

/// Whether there are tries from before this moment.
pub(in crate::coupon) fn has_tries_before(tx: &mut Tx<'_>, moment: Timestamp) -> DbResult<bool> {
    let old = tries::table.filter(tries::since.lt(moment)).select(tries::since);
    Ok(old.first::<Timestamp>(tx.conn()?).optional()?.is_some())
}

/// Forgets tries from before this moment.
pub(in crate::coupon) fn forget_tries(tx: &mut Tx<'_>, before: Timestamp) -> DbResult<()> {
    diesel::delete(tries::table.filter(tries::since.lt(before))).execute(tx.conn()?)?;
    Ok(())
}
