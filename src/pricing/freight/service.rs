//! What can be done with freight templates.

use serde_json::json;

use super::error::FreightError;
use super::model::{NewTemplate, Template};
use super::{rules, store};
use crate::catalog::FreightTemplateId;
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, Tx};

/// These templates with their tariffs, by id; those that do not exist are absent. Two statements.
///
/// # Errors
/// When the database fails.
pub fn templates(tx: &mut Tx<'_>, ids: &[FreightTemplateId]) -> DbResult<Vec<Template>> {
    store::templates(tx, ids)
}

/// One template.
///
/// # Errors
/// When there is none.
pub fn template(tx: &mut Tx<'_>, id: FreightTemplateId) -> Result<Template, FreightError> {
    store::templates(tx, &[id])?.pop().ok_or(FreightError::TemplateNotFound)
}

/// Templates by id.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Page<Template>> {
    let rows = store::page(tx, after, limit)?;
    Ok(Page::cut(rows, limit, |template| Cursor { key: 0, id: template.id.get() }))
}

/// Writes a new template.
///
/// # Errors
/// When its tariffs make no sense.
pub fn create(tx: &mut Tx<'_>, template: NewTemplate) -> Result<Template, FreightError> {
    let checked = rules::checked(template)?;
    let id = FreightTemplateId::new(tx.next_id());
    store::insert(tx, id, &checked)?;
    self::template(tx, id)
}

/// Replaces a template that staff read at `version`; answers it before and after.
///
/// # Errors
/// When there is none, its tariffs make no sense, or somebody changed it meanwhile.
pub fn update(
    tx: &mut Tx<'_>,
    id: FreightTemplateId,
    version: i64,
    change: NewTemplate,
) -> Result<(Template, Template), FreightError> {
    let checked = rules::checked(change)?;
    let before = template(tx, id)?;
    if !store::replace(tx, id, version, &checked)? {
        return Err(FreightError::TemplateChanged(json!({ "version": before.version })));
    }
    Ok((before, template(tx, id)?))
}
