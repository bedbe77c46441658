//! Whoever events are about: a dense number for each, and whose they are.
//!
//! Events carry the number alone and are never rewritten. Who is who is asked when events are read ([`super::roll`]): a device is its first
//! user's, a tracker's name is what its identify calls joined it to, and users who became one are one, by what identity
//! says at that moment. So history follows the person, and a merge that is taken back takes back nothing else.

use diesel::prelude::*;

use super::roll::{ERASURES, UNNUMBERED};
use super::store;
use crate::analytics::model::{Flags, SubjectKey, SubjectKind};
use crate::identity;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{analytics_erased_subjects as erased, analytics_subjects as subjects};
use crate::platform::db::{DbError, DbResult, Tx, columns};

/// The counter of subjects.
const COUNTER: &str = "subjects";
/// The most a number may be.
const MOST: i64 = 4_294_967_295;
/// Longest chain of names that became one.
const LONGEST_CHAIN: usize = 64;
/// Subjects numbered by one statement.
const NUMBERED_AT_ONCE: usize = 1_000;
/// Claims of devices numbered at once.
const CLAIMS_AT_ONCE: i64 = 500;
/// What the shop itself is called among subjects.
const SHOP: &str = "shop";

/// A subject as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = subjects, treat_none_as_default_value = false)]
pub(in crate::analytics) struct SubjectRow {
    pub(in crate::analytics) number: i64,
    pub(in crate::analytics) kind: SubjectKind,
    pub(in crate::analytics) reference: String,
    pub(in crate::analytics) user_id: Option<UserId>,
    pub(in crate::analytics) joined_to: Option<i64>,
    pub(in crate::analytics) marks: Flags,
    pub(in crate::analytics) entrance: Option<String>,
    pub(in crate::analytics) first_seen_at: Timestamp,
    pub(in crate::analytics) revision: i64,
}

fn find(tx: &mut Tx<'_>, kind: SubjectKind, reference: &str) -> DbResult<Option<SubjectRow>> {
    let found = subjects::table.filter(subjects::kind.eq(kind)).filter(subjects::reference.eq(reference));
    Ok(found.select(columns::<SubjectRow>()).first(tx.conn()?).optional()?)
}

fn by_number(tx: &mut Tx<'_>, number: i64) -> DbResult<Option<SubjectRow>> {
    Ok(subjects::table.find(number).select(columns::<SubjectRow>()).first(tx.conn()?).optional()?)
}

/// The subject that a key means; it is numbered when it is new.
pub(in crate::analytics) fn resolve(tx: &mut Tx<'_>, key: &SubjectKey) -> DbResult<SubjectRow> {
    match key {
        SubjectKey::User(user) => numbered(tx, SubjectKind::User, &user.to_string(), |_| Ok(Some(*user))),
        SubjectKey::Device(device) => {
            let of_device = |tx: &mut Tx<'_>| identity::hold_device(tx, *device);
            numbered(tx, SubjectKind::Device, &device.to_string(), of_device)
        }
        SubjectKey::Tracker(name) => numbered(tx, SubjectKind::Tracker, name, |_| Ok(None)),
        SubjectKey::LoggedIn(name) => match known_user(tx, name)? {
            Some(user) => numbered(tx, SubjectKind::User, &user.to_string(), |_| Ok(Some(user))),
            None => numbered(tx, SubjectKind::Tracker, name, |_| Ok(None)),
        },
        SubjectKey::Shop => numbered(tx, SubjectKind::Shop, SHOP, |_| Ok(None)),
    }
}

/// Numbers as many people of a made-up history, one after the other; says the first number, or nothing when those of this
/// seed are there already.
pub(in crate::analytics) fn number_made_up(tx: &mut Tx<'_>, seed: u64, people: u32) -> DbResult<Option<u32>> {
    let name = |place: u32| format!("made-up-{seed}-{place}");
    if find(tx, SubjectKind::Tracker, &name(0))?.is_some() {
        return Ok(None);
    }
    let Some(last) = store::count_up(tx, COUNTER, i64::from(people), MOST)? else { return Ok(None) };
    let (first, now) = (last - i64::from(people) + 1, tx.now());
    let row = |place: u32| SubjectRow {
        number: first + i64::from(place),
        kind: SubjectKind::Tracker,
        reference: name(place),
        user_id: None,
        joined_to: None,
        marks: Flags::NONE,
        entrance: None,
        first_seen_at: now,
        revision: first + i64::from(place),
    };
    let places: Vec<u32> = (0..people).collect();
    for some in places.chunks(NUMBERED_AT_ONCE) {
        let rows: Vec<SubjectRow> = some.iter().map(|place| row(*place)).collect();
        crate::on_backend!(tx.conn()?, conn => diesel::insert_into(subjects::table).values(&rows).execute(conn))?;
    }
    Ok(u32::try_from(first).ok())
}

fn known_user(tx: &mut Tx<'_>, name: &str) -> DbResult<Option<UserId>> {
    let Ok(user) = name.parse::<UserId>() else { return Ok(None) };
    Ok(identity::known_users(tx, &[user])?.first().copied())
}

/// The next number of the counter, for a new subject or for a change of one.
fn next_number(tx: &mut Tx<'_>) -> DbResult<i64> {
    let full = || DbError::Defect("there are as many subjects as numbers".to_owned());
    store::count_up(tx, COUNTER, 1, MOST)?.ok_or_else(full)
}

fn numbered(
    tx: &mut Tx<'_>,
    kind: SubjectKind,
    reference: &str,
    owner: impl FnOnce(&mut Tx<'_>) -> DbResult<Option<UserId>>,
) -> DbResult<SubjectRow> {
    if let Some(row) = find(tx, kind, reference)? {
        return Ok(row);
    }
    let user_id = owner(tx)?;
    let number = next_number(tx)?;
    let row = SubjectRow {
        number,
        kind,
        reference: reference.to_owned(),
        user_id,
        joined_to: None,
        marks: if kind == SubjectKind::Shop { Flags::STAFF } else { Flags::NONE },
        entrance: None,
        first_seen_at: tx.now(),
        revision: number,
    };
    let added = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(subjects::table).values(&row).on_conflict_do_nothing().execute(conn)
    })?;
    if added == 1 {
        return Ok(row);
    }
    // A twin was faster and has another number.
    let gone = || DbError::Conflict("a subject came and went".to_owned());
    find(tx, kind, reference)?.ok_or_else(gone)
}

/// Where the chain of names that became one ends.
fn root(tx: &mut Tx<'_>, mut row: SubjectRow) -> DbResult<SubjectRow> {
    for _ in 0..LONGEST_CHAIN {
        let Some(next) = row.joined_to else { break };
        let Some(above) = by_number(tx, next)? else { break };
        row = above;
    }
    Ok(row)
}

/// Makes two subjects one person by the word of a tracker; false when each is a user of their own already, which no
/// tracker can change.
pub(in crate::analytics) fn join(tx: &mut Tx<'_>, one: &SubjectKey, other: &SubjectKey) -> DbResult<bool> {
    let (one, other) = (resolve(tx, one)?, resolve(tx, other)?);
    let (one, other) = (root(tx, one)?, root(tx, other)?);
    if one.number == other.number {
        return Ok(true);
    }
    let (older, younger) = if one.number < other.number { (one, other) } else { (other, one) };
    let user = match (older.user_id, younger.user_id) {
        (Some(older), Some(younger)) if older != younger => return Ok(false),
        (older, younger) => older.or(younger),
    };
    let revision = next_number(tx)?;
    diesel::update(subjects::table.find(older.number))
        .set((subjects::user_id.eq(user), subjects::revision.eq(revision)))
        .execute(tx.conn()?)?;
    diesel::update(subjects::table.find(younger.number))
        .set((subjects::user_id.eq(user), subjects::joined_to.eq(Some(older.number)), subjects::revision.eq(revision)))
        .execute(tx.conn()?)?;
    Ok(true)
}

/// Gives the anonymous past of a device to its first user. This is part of a log-in, which must not wait for whoever
/// numbers subjects: the change is numbered by [`number_claims`], and until then it is [`UNNUMBERED`].
pub(in crate::analytics) fn claim_device(tx: &mut Tx<'_>, device: DeviceId, user: UserId) -> DbResult<()> {
    let unclaimed = subjects::table
        .filter(subjects::kind.eq(SubjectKind::Device))
        .filter(subjects::reference.eq(device.to_string()))
        .filter(subjects::user_id.is_null());
    diesel::update(unclaimed)
        .set((subjects::user_id.eq(Some(user)), subjects::revision.eq(UNNUMBERED)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Numbers claims of devices that log-ins left without a number.
pub(in crate::analytics) fn number_claims(tx: &mut Tx<'_>) -> DbResult<()> {
    let waiting = subjects::table.filter(subjects::revision.eq(UNNUMBERED)).limit(CLAIMS_AT_ONCE);
    let waiting: Vec<i64> = waiting.select(subjects::number).load(tx.conn()?)?;
    if !waiting.is_empty() {
        let revision = next_number(tx)?;
        diesel::update(subjects::table.filter(subjects::number.eq_any(waiting)))
            .set(subjects::revision.eq(revision))
            .execute(tx.conn()?)?;
    }
    Ok(())
}

/// Remembers through which entrance a subject last came in.
pub(in crate::analytics) fn note_entrance(tx: &mut Tx<'_>, number: i64, entrance: &str) -> DbResult<()> {
    let other = subjects::table.find(number);
    diesel::update(other).set(subjects::entrance.eq(Some(entrance))).execute(tx.conn()?)?;
    Ok(())
}

/// Says of a user's own subject what is known about them: `set` without `cleared`.
pub(in crate::analytics) fn mark(tx: &mut Tx<'_>, user: UserId, set: Flags, cleared: Flags) -> DbResult<Flags> {
    let row = resolve(tx, &SubjectKey::User(user))?;
    let marks = row.marks.without(cleared).with(set);
    if marks != row.marks {
        let revision = next_number(tx)?;
        diesel::update(subjects::table.find(row.number))
            .set((subjects::marks.eq(marks), subjects::revision.eq(revision)))
            .execute(tx.conn()?)?;
    }
    Ok(marks)
}

/// Forgets everything that was a user's: the numbers stay behind as numbers of nobody, whose events are passed over.
pub(in crate::analytics) fn erase(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    let mut gone: Vec<i64> =
        subjects::table.filter(subjects::user_id.eq(Some(user))).select(subjects::number).load(tx.conn()?)?;
    let mut looked = 0;
    while let Some(number) = gone.get(looked).copied() {
        looked += 1;
        let joined = subjects::table.filter(subjects::joined_to.eq(Some(number))).select(subjects::number);
        let joined: Vec<i64> = joined.load(tx.conn()?)?;
        gone.extend(joined.into_iter().filter(|joined| !gone.contains(joined)).collect::<Vec<_>>());
    }
    if !gone.is_empty() {
        store::count_up(tx, ERASURES, 1, i64::MAX)?;
    }
    let now = tx.now();
    // Whoever joined is younger than whom they joined, and goes first.
    gone.sort_unstable_by(|one, other| other.cmp(one));
    for number in gone {
        store::remove_of(tx, number)?;
        diesel::delete(subjects::table.find(number)).execute(tx.conn()?)?;
        let row = (erased::number.eq(number), erased::erased_at.eq(now));
        diesel::insert_into(erased::table).values(row).execute(tx.conn()?)?;
    }
    Ok(())
}

/// Numbers whose person asked to be forgotten, and since when; their events leave the sealed files when those are written
/// anew.
///
/// # Errors
/// The database's.
pub fn erased(tx: &mut Tx<'_>) -> DbResult<Vec<(u32, Timestamp)>> {
    let rows: Vec<(i64, Timestamp)> = erased::table.select((erased::number, erased::erased_at)).load(tx.conn()?)?;
    Ok(rows.into_iter().filter_map(|(number, at)| Some((u32::try_from(number).ok()?, at))).collect())
}

/// Forgets numbers whose events are nowhere any more: those that were erased up to a moment.
///
/// # Errors
/// The database's.
pub fn forget_erased(tx: &mut Tx<'_>, until: Timestamp) -> DbResult<()> {
    diesel::delete(erased::table.filter(erased::erased_at.le(until))).execute(tx.conn()?)?;
    Ok(())
}
