//! Freight's tables: `freight_templates`, `freight_tariffs`.

use diesel::prelude::*;

use super::model::{Measure, NewTemplate, Tariff, TariffId, Template};
use crate::catalog::FreightTemplateId;
use crate::kernel::money::Fen;
use crate::kernel::page::Cursor;
use crate::kernel::region::Province;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{freight_tariffs, freight_templates};
use crate::platform::db::{DbError, DbResult, Tx};

#[derive(Insertable, Queryable)]
#[diesel(table_name = freight_templates, treat_none_as_default_value = false)]
struct TemplateRow {
    id: FreightTemplateId,
    name: String,
    measure: Measure,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Insertable, Queryable)]
#[diesel(table_name = freight_tariffs, treat_none_as_default_value = false)]
struct TariffRow {
    id: TariffId,
    template_id: FreightTemplateId,
    provinces: String,
    deliverable: bool,
    first_units: i64,
    first_fee_fen: Fen,
    next_units: i64,
    next_fee_fen: Fen,
    free_from_fen: Option<Fen>,
}

impl TariffRow {
    fn tariff(self) -> DbResult<(FreightTemplateId, Tariff)> {
        let unreadable =
            |error: serde_json::Error| DbError::Defect(format!("provinces of tariff {}: {error}", self.id));
        let provinces: Vec<Province> = serde_json::from_str(&self.provinces).map_err(unreadable)?;
        let tariff = Tariff {
            provinces,
            deliverable: self.deliverable,
            first_units: self.first_units,
            first_fee: self.first_fee_fen,
            next_units: self.next_units,
            next_fee: self.next_fee_fen,
            free_from: self.free_from_fen,
        };
        Ok((self.template_id, tariff))
    }
}

/// These templates with their tariffs, by id; those that do not exist are absent.
pub(super) fn templates(tx: &mut Tx<'_>, ids: &[FreightTemplateId]) -> DbResult<Vec<Template>> {
    let named =
        freight_templates::table.filter(freight_templates::id.eq_any(ids.to_vec())).order(freight_templates::id);
    // A basket names few templates, so the statement has few forms; every quote and every order asks this.
    let with_tariffs = named.left_join(freight_tariffs::table).then_order_by(freight_tariffs::id);
    let columns = (freight_templates::all_columns, freight_tariffs::all_columns.nullable());
    let rows: Vec<(TemplateRow, Option<TariffRow>)> = Prepared(with_tariffs.select(columns)).load(tx.conn()?)?;
    let mut templates: Vec<Template> = Vec::new();
    for (row, tariff) in rows {
        if templates.last().is_none_or(|template| template.id != row.id) {
            templates.push(row.into());
        }
        if let (Some(template), Some(tariff)) = (templates.last_mut(), tariff) {
            template.tariffs.push(tariff.tariff()?.1);
        }
    }
    Ok(templates)
}

/// Templates by id, one more than `limit`.
pub(super) fn page(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Vec<Template>> {
    let after = after.map_or(0, |cursor| cursor.id);
    let rows: Vec<TemplateRow> = freight_templates::table
        .filter(freight_templates::id.gt(FreightTemplateId::new(after)))
        .order(freight_templates::id)
        .limit(limit.saturating_add(1))
        .load(tx.conn()?)?;
    with_tariffs(tx, rows)
}

fn with_tariffs(tx: &mut Tx<'_>, rows: Vec<TemplateRow>) -> DbResult<Vec<Template>> {
    let ids: Vec<FreightTemplateId> = rows.iter().map(|row| row.id).collect();
    let theirs = freight_tariffs::table.filter(freight_tariffs::template_id.eq_any(ids)).order(freight_tariffs::id);
    let tariffs: Vec<TariffRow> = Prepared(theirs).load(tx.conn()?)?;
    let mut templates: Vec<Template> = rows.into_iter().map(Template::from).collect();
    for row in tariffs {
        let (template_id, tariff) = row.tariff()?;
        if let Some(template) = templates.iter_mut().find(|template| template.id == template_id) {
            template.tariffs.push(tariff);
        }
    }
    Ok(templates)
}

impl From<TemplateRow> for Template {
    fn from(row: TemplateRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            measure: row.measure,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tariffs: Vec::new(),
        }
    }
}

/// Writes a new template.
pub(super) fn insert(tx: &mut Tx<'_>, id: FreightTemplateId, template: &NewTemplate) -> DbResult<()> {
    let at = tx.now();
    let row = TemplateRow {
        id,
        name: template.name.clone(),
        measure: template.measure,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    diesel::insert_into(freight_templates::table).values(&row).execute(tx.conn()?)?;
    insert_tariffs(tx, id, &template.tariffs)
}

/// Replaces a template that still has this version; `false` when it has another.
pub(super) fn replace(tx: &mut Tx<'_>, id: FreightTemplateId, version: i64, template: &NewTemplate) -> DbResult<bool> {
    let at = tx.now();
    let changed = diesel::update(freight_templates::table)
        .filter(freight_templates::id.eq(id).and(freight_templates::version.eq(version)))
        .set((
            freight_templates::name.eq(&template.name),
            freight_templates::measure.eq(template.measure),
            freight_templates::version.eq(freight_templates::version + 1),
            freight_templates::updated_at.eq(at),
        ))
        .execute(tx.conn()?)?;
    if changed != 1 {
        return Ok(false);
    }
    diesel::delete(freight_tariffs::table.filter(freight_tariffs::template_id.eq(id))).execute(tx.conn()?)?;
    insert_tariffs(tx, id, &template.tariffs)?;
    Ok(true)
}

fn insert_tariffs(tx: &mut Tx<'_>, template_id: FreightTemplateId, tariffs: &[Tariff]) -> DbResult<()> {
    let mut rows = Vec::with_capacity(tariffs.len());
    for tariff in tariffs {
        let provinces = serde_json::to_string(&tariff.provinces).map_err(|error| DbError::Defect(error.to_string()))?;
        rows.push(TariffRow {
            id: TariffId::new(tx.next_id()),
            template_id,
            provinces,
            deliverable: tariff.deliverable,
            first_units: tariff.first_units,
            first_fee_fen: tariff.first_fee,
            next_units: tariff.next_units,
            next_fee_fen: tariff.next_fee,
            free_from_fen: tariff.free_from,
        });
    }
    on_backend!(tx.conn()?, conn => diesel::insert_into(freight_tariffs::table).values(&rows).execute(conn))?;
    Ok(())
}
