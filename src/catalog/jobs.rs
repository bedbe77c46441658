//! Background work of the catalogue: plans that come due, and pieces sold.

use serde::Deserialize;

use super::model::ProductId;
use super::{living, service, store};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};
use crate::platform::jobs::Sweep;

/// Puts products on sale and takes them off when their plan says so.
#[derive(Debug)]
pub struct CarryOutPlans;

impl Sweep for CarryOutPlans {
    fn name(&self) -> &'static str {
        "catalog.carry_out_plans"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due_products(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::carry_out_plan(tx, ProductId::new(id))?;
        store::forget_changes_before(tx, living::changes_kept_from(tx.now())).map(|_| ())
    }
}

/// Counts pieces sold when an order is paid.
#[derive(Debug)]
pub struct CountSold;

/// What counting needs of `order.paid`, version 1.
#[derive(Deserialize)]
struct PaidOrder {
    order: PaidFacts,
}

#[derive(Deserialize)]
struct PaidFacts {
    lines: Vec<PaidLine>,
}

#[derive(Deserialize)]
struct PaidLine {
    product_id: ProductId,
    quantity: i64,
}

impl Subscriber for CountSold {
    fn name(&self) -> &'static str {
        "catalog.count_sold"
    }

    fn wants(&self, event_name: &str) -> bool {
        event_name == "order.paid"
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        let paid: PaidOrder =
            serde_json::from_str(&event.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        let mut lines = paid.order.lines;
        // One order of rows for all, so that two deliveries cannot wait for each other in a circle.
        lines.sort_by_key(|line| line.product_id);
        lines.iter().try_for_each(|line| store::add_sold(tx, line.product_id, line.quantity))
    }
}
