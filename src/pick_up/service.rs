//! What can be done with stores.

use serde_json::{Value, json};

use super::error::PickUpError;
use super::model::{MAX_STORE_STAFF, MAX_STORES, Store, StoreDraft, StoreId, StoreState};
use super::{rules, store};
use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// A member of staff at work, and from where.
#[derive(Debug, Clone)]
pub(super) struct AtDesk {
    pub(super) staff_id: StaffId,
    pub(super) origin: Origin,
}

/// A store with those who belong to it.
#[derive(Debug, Clone)]
pub(super) struct StoreFile {
    pub(super) store: Store,
    pub(super) staff: Vec<StaffId>,
}

/// A store, open or closed.
///
/// # Errors
/// When the database fails.
pub fn find(tx: &mut Tx<'_>, id: StoreId) -> DbResult<Option<Store>> {
    store::find(tx, id)
}

/// Whether a member of staff may hand out at a store, if they may hand out at all: they belong to it, or to none.
///
/// # Errors
/// When the database fails.
pub fn may_hand_out_at(tx: &mut Tx<'_>, staff: StaffId, id: StoreId) -> DbResult<bool> {
    let theirs = store::stores_of(tx, staff)?;
    Ok(theirs.is_empty() || theirs.contains(&id))
}

/// Adds an open store.
///
/// # Errors
/// 422 when a field breaks its rule or there are as many stores as a shop may have.
pub fn add(tx: &mut Tx<'_>, draft: &StoreDraft) -> Result<Store, PickUpError> {
    let draft = rules::checked(draft).map_err(PickUpError::InvalidField)?;
    if store::count(tx)? >= MAX_STORES {
        return Err(PickUpError::TooMany);
    }
    let now = tx.now();
    let added = Store {
        id: StoreId::new(tx.next_id()),
        name: draft.name,
        address: draft.address,
        phone: draft.phone,
        opening_hours: draft.opening_hours,
        latitude: draft.location.map(|place| place.latitude),
        longitude: draft.location.map(|place| place.longitude),
        state: StoreState::Open,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(tx, &added)?;
    Ok(added)
}

pub(super) fn add_by_staff(tx: &mut Tx<'_>, desk: &AtDesk, draft: &StoreDraft) -> Result<StoreFile, PickUpError> {
    let added = add(tx, draft)?;
    write_down(tx, desk, "store.create", added.id, (None, facts(&added)))?;
    Ok(StoreFile { store: added, staff: Vec::new() })
}

/// Stores by id: open ones for shoppers, all for staff.
pub(super) fn page(
    tx: &mut Tx<'_>,
    state: Option<StoreState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Store>> {
    let rows = store::page(tx, state, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |store| Cursor { key: 0, id: store.id.get() }))
}

pub(super) fn file(tx: &mut Tx<'_>, id: StoreId) -> Result<StoreFile, PickUpError> {
    let store = store::find(tx, id)?.ok_or(PickUpError::NotFound)?;
    Ok(StoreFile { staff: store::staff_of(tx, id)?, store })
}

/// Replaces what is written about a store that staff read at `version`.
pub(super) fn change(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: StoreId,
    version: i64,
    draft: &StoreDraft,
) -> Result<StoreFile, PickUpError> {
    let draft = rules::checked(draft).map_err(PickUpError::InvalidField)?;
    let before = store::find(tx, id)?.ok_or(PickUpError::NotFound)?;
    if !store::change(tx, id, version, &draft)? {
        return Err(PickUpError::Changed(json!({ "version": before.version })));
    }
    let after = file(tx, id)?;
    write_down(tx, desk, "store.change", id, (Some(facts(&before)), facts(&after.store)))?;
    Ok(after)
}

/// Opens or closes a store; the second time nothing happens.
pub(super) fn set_state(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: StoreId,
    state: StoreState,
) -> Result<StoreFile, PickUpError> {
    let before = store::find(tx, id)?.ok_or(PickUpError::NotFound)?;
    if store::set_state(tx, id, state)? {
        let (old, new) = (json!({ "state": before.state }), json!({ "state": state }));
        write_down(tx, desk, "store.state", id, (Some(old), new))?;
    }
    file(tx, id)
}

/// Lets exactly these members of staff belong to a store.
pub(super) fn replace_staff(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: StoreId,
    staff: &[StaffId],
) -> Result<StoreFile, PickUpError> {
    let mut members = staff.to_vec();
    members.sort_unstable();
    members.dedup();
    if members.len() > MAX_STORE_STAFF || members.len() != staff.len() {
        return Err(PickUpError::TooManyStaff);
    }
    // Without the lock two lists written at once would become one that nobody wrote.
    if !store::lock(tx, id)? {
        return Err(PickUpError::NotFound);
    }
    let before = file(tx, id)?;
    tx.attempt(|tx| store::replace_staff(tx, id, &members)).map_err(|error| match error {
        DbError::ForeignKey(_) => PickUpError::StaffNotFound,
        other => other.into(),
    })?;
    let (old, new) = (json!({ "staff_ids": before.staff }), json!({ "staff_ids": members }));
    write_down(tx, desk, "store.staff", id, (Some(old), new))?;
    file(tx, id)
}

fn facts(store: &Store) -> Value {
    json!({
        "name": store.name, "address": store.address, "phone": store.phone, "opening_hours": store.opening_hours,
        "latitude": store.latitude, "longitude": store.longitude, "state": store.state,
    })
}

fn write_down(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    action: &str,
    id: StoreId,
    (before, after): (Option<Value>, Value),
) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: desk.staff_id,
            action,
            subject_kind: "store",
            subject_id: Some(id.get()),
            reason: None,
            before,
            after: Some(after),
            origin: &desk.origin,
        },
    )
}
