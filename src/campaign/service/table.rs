//! A report as a table for a spreadsheet: in all, by day, by channel.

use super::report::{DayFigures, Report, Sums};
use crate::kernel::money::Fen;
use crate::platform::db::DbResult;
use crate::platform::http::Table;

/// The heads of the columns. Cells that a row has no figure for are empty.
const HEADS: [&str; 13] = [
    "part",
    "key",
    "participants",
    "newcomers",
    "new_users",
    "orders_placed",
    "orders_paid",
    "newcomer_orders",
    "revenue_yuan",
    "refunded_yuan",
    "net_revenue_yuan",
    "cost_on_orders_yuan",
    "spent_yuan",
];

/// The report as a table.
///
/// # Errors
/// When it cannot be written, which memory alone could cause.
pub(in crate::campaign) fn table(report: &Report) -> DbResult<Table> {
    let whole = whole_row("total", report.campaign.row.id.to_string(), &report.total);
    let days = report.by_day.iter().map(|(day, figures)| whole_row("day", day.to_string(), figures));
    let channels = report.by_channel.iter().map(|(channel, sums)| {
        let key = channel.map_or("none", |channel| channel.as_str()).to_owned();
        row("channel", key, sums, None)
    });
    Table::of(HEADS, std::iter::once(whole).chain(days).chain(channels))
}

fn whole_row(part: &str, key: String, figures: &DayFigures) -> [String; 13] {
    row(part, key, &figures.sums, Some((figures.participants, figures.newcomers, figures.spent)))
}

fn row(part: &str, key: String, sums: &Sums, of_day: Option<(i64, i64, Fen)>) -> [String; 13] {
    let (participants, newcomers, spent) = match of_day {
        Some((participants, newcomers, spent)) => (participants.to_string(), newcomers.to_string(), spent.to_yuan()),
        None => Default::default(),
    };
    [
        part.to_owned(),
        key,
        participants,
        newcomers,
        sums.new_users.to_string(),
        sums.placed.to_string(),
        sums.paid.to_string(),
        sums.newcomer_orders.to_string(),
        sums.revenue.to_yuan(),
        sums.refunded.to_yuan(),
        sums.net_revenue().to_yuan(),
        sums.order_cost.to_yuan(),
        spent,
    ]
}
