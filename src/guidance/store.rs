//! SQL on links.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{GuideLink, GuideLinkId, LinkForm};
use crate::entrance::EntranceId;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::guide_links as links;
use crate::platform::db::{DbResult, Tx, columns};

/// The link to a page and query that was made last.
pub(super) fn find(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
    form: LinkForm,
    (page, query): (&str, &str),
) -> DbResult<Option<GuideLink>> {
    let found = links::table
        .filter(links::entrance_id.eq(entrance))
        .filter(links::form.eq(form))
        .filter(links::page.eq(page))
        .filter(links::query.eq(query));
    Ok(found.select(columns::<GuideLink>()).first(tx.conn()?).optional()?)
}

/// Keeps a link in place of the one before it.
pub(super) fn keep(tx: &mut Tx<'_>, link: &GuideLink) -> DbResult<()> {
    diesel::sql_query(
        "INSERT INTO guide_links (id, entrance_id, form, page, query, link, expires_at, made_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (entrance_id, form, page, query) \
         DO UPDATE SET link = excluded.link, expires_at = excluded.expires_at, made_at = excluded.made_at",
    )
    .bind::<BigInt, _>(link.id)
    .bind::<BigInt, _>(link.entrance_id)
    .bind::<Text, _>(link.form)
    .bind::<Text, _>(&link.page)
    .bind::<Text, _>(&link.query)
    .bind::<Text, _>(&link.link)
    .bind::<BigInt, _>(link.expires_at)
    .bind::<BigInt, _>(link.made_at)
    .execute(tx.conn()?)?;
    Ok(())
}

/// Links that have ended.
pub(super) fn ended(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<GuideLinkId>> {
    let now = tx.now();
    let found = links::table.filter(links::expires_at.le(now)).order(links::expires_at).limit(limit);
    Ok(found.select(links::id).load(tx.conn()?)?)
}

/// Forgets a link that has ended.
pub(super) fn forget(tx: &mut Tx<'_>, id: GuideLinkId, now: Timestamp) -> DbResult<()> {
    diesel::delete(links::table.find(id).filter(links::expires_at.le(now))).execute(tx.conn()?)?;
    Ok(())
}
