//! Limits: how many coupons there may be, a user may have, staff may give away alone, and who may have them. Counted by
//! guarded statements only.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::coupon::model::{CouponSettings, CouponTemplate, CouponTemplateId, UserCount};
use crate::kernel::day::Day;
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::money::Fen;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    coupon_allotments as allotments, coupon_template_users as listed, coupon_user_counts as counts,
};
use crate::platform::db::{DbResult, Tx, columns};

/// Counts one more coupon of this user; false when they had as many as one may have.
pub(in crate::coupon) fn take_own(
    tx: &mut Tx<'_>,
    template: &CouponTemplate,
    user: UserId,
    day: Day,
) -> DbResult<bool> {
    let counting = diesel::sql_query(
        "INSERT INTO coupon_user_counts (template_id, user_id, issued, day, issued_today) VALUES ($1, $2, 1, $3, 1) \
         ON CONFLICT (template_id, user_id) DO UPDATE SET issued = coupon_user_counts.issued + 1, \
         issued_today = CASE WHEN coupon_user_counts.day = excluded.day THEN coupon_user_counts.issued_today + 1 ELSE 1 END, \
         day = excluded.day WHERE coupon_user_counts.issued < $4 \
         AND (coupon_user_counts.day <> excluded.day OR coupon_user_counts.issued_today < $5)",
    )
    .bind::<BigInt, _>(template.id)
    .bind::<BigInt, _>(user)
    .bind::<BigInt, _>(day)
    .bind::<BigInt, _>(template.per_user_limit)
    .bind::<BigInt, _>(template.per_user_daily_limit.unwrap_or(i64::MAX));
    Ok(Prepared(counting).execute(tx.conn()?)? == 1)
}

/// Counts one more coupon of this template; false when there are as many as there may be, ever or on this day. Call it
/// last before the commit: this row is contended.
pub(in crate::coupon) fn take_from_allotment(tx: &mut Tx<'_>, template: CouponTemplateId, day: Day) -> DbResult<bool> {
    let counting = diesel::sql_query(
        "UPDATE coupon_allotments SET issued = issued + 1, \
         issued_today = CASE WHEN day = $1 THEN issued_today + 1 ELSE 1 END, day = $2 \
         WHERE template_id = $3 AND (total_limit IS NULL OR issued < total_limit) \
         AND (daily_limit IS NULL OR day <> $4 OR issued_today < daily_limit)",
    )
    .bind::<BigInt, _>(day)
    .bind::<BigInt, _>(day)
    .bind::<BigInt, _>(template)
    .bind::<BigInt, _>(day);
    Ok(Prepared(counting).execute(tx.conn()?)? == 1)
}

/// What a member of staff gives away without a second one.
#[derive(Clone, Copy, Debug)]
pub(in crate::coupon) struct Given {
    pub(in crate::coupon) staff: StaffId,
    pub(in crate::coupon) day: Day,
    pub(in crate::coupon) coupons: i64,
    pub(in crate::coupon) worth: Fen,
}

/// Counts what a member of staff gives away alone, which itself keeps within the limits; false when it does not together
/// with what they gave away alone on the same day.
pub(in crate::coupon) fn give_alone(tx: &mut Tx<'_>, given: &Given, most: &CouponSettings) -> DbResult<bool> {
    let counting = diesel::sql_query(
        "INSERT INTO coupon_staff_days (staff_id, day, coupons, worth_fen) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (staff_id) DO UPDATE SET day = excluded.day, coupons = excluded.coupons + \
         CASE WHEN coupon_staff_days.day = excluded.day THEN coupon_staff_days.coupons ELSE 0 END, \
         worth_fen = excluded.worth_fen + \
         CASE WHEN coupon_staff_days.day = excluded.day THEN coupon_staff_days.worth_fen ELSE 0 END \
         WHERE coupon_staff_days.day <> excluded.day OR (coupon_staff_days.coupons + excluded.coupons <= $5 \
         AND coupon_staff_days.worth_fen + excluded.worth_fen <= $6)",
    )
    .bind::<BigInt, _>(given.staff)
    .bind::<BigInt, _>(given.day)
    .bind::<BigInt, _>(given.coupons)
    .bind::<BigInt, _>(given.worth)
    .bind::<BigInt, _>(most.approval_above_count)
    .bind::<BigInt, _>(most.approval_above);
    Ok(Prepared(counting).execute(tx.conn()?)? == 1)
}

/// Sets how many coupons there may be; false when there are more already.
pub(in crate::coupon) fn set_limits(
    tx: &mut Tx<'_>,
    template: CouponTemplateId,
    (total, daily): (Option<i64>, Option<i64>),
    day: Day,
) -> DbResult<bool> {
    // A day that is over has no limit any more.
    let over = allotments::table.filter(allotments::template_id.eq(template)).filter(allotments::day.ne(day));
    diesel::update(over).set((allotments::day.eq(day), allotments::issued_today.eq(0_i64))).execute(tx.conn()?)?;
    let enough = allotments::table
        .filter(allotments::template_id.eq(template))
        .filter(allotments::issued.le(total.unwrap_or(i64::MAX)))
        .filter(allotments::issued_today.le(daily.unwrap_or(i64::MAX)));
    let setting = diesel::update(enough).set((allotments::total_limit.eq(total), allotments::daily_limit.eq(daily)));
    Ok(setting.execute(tx.conn()?)? == 1)
}

/// How many of these templates' coupons a user had.
pub(in crate::coupon) fn user_counts(
    tx: &mut Tx<'_>,
    user: UserId,
    templates: &[CouponTemplateId],
) -> DbResult<Vec<UserCount>> {
    let query = counts::table.filter(counts::user_id.eq(user)).filter(counts::template_id.eq_any(templates.to_vec()));
    Ok(query.select(columns::<UserCount>()).load(tx.conn()?)?)
}

#[derive(Insertable)]
#[diesel(table_name = listed, treat_none_as_default_value = false)]
struct ListedRow {
    template_id: CouponTemplateId,
    user_id: UserId,
}

/// Puts users on a template's list.
pub(in crate::coupon) fn add_listed(tx: &mut Tx<'_>, template: CouponTemplateId, users: &[UserId]) -> DbResult<usize> {
    let row = |user: &UserId| ListedRow { template_id: template, user_id: *user };
    let rows: Vec<ListedRow> = users.iter().map(row).collect();
    Ok(on_backend!(tx.conn()?, conn => {
        diesel::insert_into(listed::table).values(&rows).on_conflict_do_nothing().execute(conn)
    })?)
}

/// Those of these templates on whose list a user is.
pub(in crate::coupon) fn listed_for(
    tx: &mut Tx<'_>,
    user: UserId,
    templates: &[CouponTemplateId],
) -> DbResult<Vec<CouponTemplateId>> {
    let query = listed::table.filter(listed::user_id.eq(user)).filter(listed::template_id.eq_any(templates.to_vec()));
    Ok(query.select(listed::template_id).load(tx.conn()?)?)
}

/// How many users are on a template's list.
pub(in crate::coupon) fn count_listed(tx: &mut Tx<'_>, template: CouponTemplateId) -> DbResult<i64> {
    Ok(listed::table.filter(listed::template_id.eq(template)).count().get_result(tx.conn()?)?)
}
