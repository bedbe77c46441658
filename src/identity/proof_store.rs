//! All SQL on codes sent by SMS and on what browsers take along to WeChat.

use diesel::prelude::*;

use super::model::{OauthStateId, SmsCodeId};
use super::rules::{SMS_CODE_TRIES, SMS_DAY_SENDS, SMS_PAUSE_MS};
use crate::entrance::EntranceId;
use crate::kernel::day::Day;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{oauth_states, sms_codes};
use crate::platform::db::{DbResult, Tx};

/// The newest code of a number, and how many it got on its day.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = sms_codes, treat_none_as_default_value = false)]
pub(super) struct SmsCode {
    pub(super) phone_hash: String,
    pub(super) code_id: SmsCodeId,
    pub(super) code_hash: String,
    pub(super) sealed_phone: String,
    pub(super) sealed_code: Option<String>,
    pub(super) tries: i64,
    pub(super) day: Day,
    pub(super) day_sends: i64,
    pub(super) requested_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

/// What of a number's row becomes that of its new code.
#[derive(AsChangeset)]
#[diesel(table_name = sms_codes, treat_none_as_null = true)]
struct NewestCode<'a> {
    code_id: SmsCodeId,
    code_hash: &'a str,
    sealed_phone: &'a str,
    sealed_code: Option<&'a str>,
    tries: i64,
    day: Day,
    requested_at: Timestamp,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

/// Makes this the number's code, if the number may have another one now; false when it may not. Of requests at the same
/// moment one gets through: each of the three ways in is a single guarded statement.
pub(super) fn issue_sms_code(tx: &mut Tx<'_>, code: &SmsCode) -> DbResult<bool> {
    let newest = NewestCode {
        code_id: code.code_id,
        code_hash: &code.code_hash,
        sealed_phone: &code.sealed_phone,
        sealed_code: code.sealed_code.as_deref(),
        tries: 0,
        day: code.day,
        requested_at: code.requested_at,
        expires_at: code.expires_at,
        used_at: None,
    };
    let rested = code.requested_at.plus_millis(-SMS_PAUSE_MS);
    let own = || sms_codes::table.find(code.phone_hash.as_str()).filter(sms_codes::requested_at.le(rested));
    let today = own().filter(sms_codes::day.eq(code.day)).filter(sms_codes::day_sends.lt(SMS_DAY_SENDS));
    let again = diesel::update(today).set((&newest, sms_codes::day_sends.eq(sms_codes::day_sends + 1)));
    if Prepared(again).execute(tx.conn()?)? == 1 {
        return Ok(true);
    }
    let other_day = own().filter(sms_codes::day.ne(code.day));
    let anew = diesel::update(other_day).set((&newest, sms_codes::day_sends.eq(1)));
    if Prepared(anew).execute(tx.conn()?)? == 1 {
        return Ok(true);
    }
    let first = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(sms_codes::table).values(code).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(first == 1)
}

/// On which day the number got its last code, how many it got then, and when the last.
pub(super) fn sms_sends(tx: &mut Tx<'_>, phone_hash: &str) -> DbResult<Option<(Day, i64, Timestamp)>> {
    let row = sms_codes::table
        .find(phone_hash)
        .select((sms_codes::day, sms_codes::day_sends, sms_codes::requested_at))
        .first(tx.conn()?)
        .optional()?;
    Ok(row)
}

/// Counts a try of the number's code, and answers the code's hash to compare with; nothing when there is no code that may
/// be tried.
pub(super) fn count_sms_try(tx: &mut Tx<'_>, phone_hash: &str) -> DbResult<Option<(SmsCodeId, String)>> {
    let now = tx.now();
    let alive = sms_codes::table
        .find(phone_hash)
        .filter(sms_codes::used_at.is_null())
        .filter(sms_codes::tries.lt(SMS_CODE_TRIES))
        .filter(sms_codes::expires_at.gt(now));
    let counted = diesel::update(alive)
        .set(sms_codes::tries.eq(sms_codes::tries + 1))
        .returning((sms_codes::code_id, sms_codes::code_hash));
    Ok(Prepared(counted).get_result(tx.conn()?).optional()?)
}

/// Uses a code up; false when it was used before.
pub(super) fn use_sms_code(tx: &mut Tx<'_>, id: SmsCodeId) -> DbResult<bool> {
    let now = tx.now();
    let unused = sms_codes::table.filter(sms_codes::code_id.eq(id)).filter(sms_codes::used_at.is_null());
    let used =
        diesel::update(unused).set((sms_codes::used_at.eq(Some(now)), sms_codes::sealed_code.eq(None::<String>)));
    Ok(Prepared(used).execute(tx.conn()?)? == 1)
}

/// Number and code, sealed, while the code is to be sent.
pub(super) fn sealed_sms(tx: &mut Tx<'_>, id: SmsCodeId) -> DbResult<Option<(String, String)>> {
    let now = tx.now();
    let row: Option<(String, Option<String>)> = sms_codes::table
        .filter(sms_codes::code_id.eq(id))
        .filter(sms_codes::used_at.is_null())
        .filter(sms_codes::expires_at.gt(now))
        .select((sms_codes::sealed_phone, sms_codes::sealed_code))
        .first(tx.conn()?)
        .optional()?;
    Ok(row.and_then(|(phone, code)| code.map(|code| (phone, code))))
}

pub(super) fn forget_sealed_code(tx: &mut Tx<'_>, id: SmsCodeId) -> DbResult<()> {
    let sent = sms_codes::table.filter(sms_codes::code_id.eq(id));
    diesel::update(sent).set(sms_codes::sealed_code.eq(None::<String>)).execute(tx.conn()?)?;
    Ok(())
}

/// Codes asked for before `moment`.
pub(super) fn sms_codes_before(tx: &mut Tx<'_>, moment: Timestamp, limit: i64) -> DbResult<Vec<i64>> {
    let old = sms_codes::table.filter(sms_codes::requested_at.lt(moment)).order(sms_codes::requested_at);
    Ok(old.select(sms_codes::code_id).limit(limit).load::<i64>(tx.conn()?)?)
}

/// Forgets a code, unless its number got another one meanwhile.
pub(super) fn forget_sms_code(tx: &mut Tx<'_>, id: SmsCodeId) -> DbResult<()> {
    diesel::delete(sms_codes::table.filter(sms_codes::code_id.eq(id))).execute(tx.conn()?)?;
    Ok(())
}

/// What a browser takes along to WeChat.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = oauth_states, treat_none_as_default_value = false)]
pub(super) struct OauthState {
    pub(super) id: OauthStateId,
    pub(super) state_hash: String,
    pub(super) entrance_id: EntranceId,
    pub(super) bound_to: String,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

pub(super) fn insert_oauth_state(tx: &mut Tx<'_>, state: &OauthState) -> DbResult<()> {
    Prepared(diesel::insert_into(oauth_states::table).values(state)).execute(tx.conn()?)?;
    Ok(())
}

/// Uses a state of one of these bearers up, and answers its entrance; nothing when there is none that may be used.
pub(super) fn use_oauth_state(tx: &mut Tx<'_>, hash: &str, bearers: &[String]) -> DbResult<Option<EntranceId>> {
    let now = tx.now();
    let usable = oauth_states::table
        .filter(oauth_states::state_hash.eq(hash))
        .filter(oauth_states::used_at.is_null())
        .filter(oauth_states::expires_at.gt(now))
        .filter(oauth_states::bound_to.eq_any(bearers.to_vec()));
    let used = diesel::update(usable).set(oauth_states::used_at.eq(Some(now))).returning(oauth_states::entrance_id);
    Ok(used.get_result(tx.conn()?).optional()?)
}

/// States that can no longer be used.
pub(super) fn expired_oauth_states(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let expired = oauth_states::table.filter(oauth_states::expires_at.le(now)).order(oauth_states::expires_at);
    Ok(expired.select(oauth_states::id).limit(limit).load::<i64>(tx.conn()?)?)
}

pub(super) fn forget_oauth_state(tx: &mut Tx<'_>, id: OauthStateId) -> DbResult<()> {
    diesel::delete(oauth_states::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}
