//! What rooms came to.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::ProductId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::model::{Minute, RoomId};
use crate::live::service::reporting::{self, Report};
use crate::live::store::figures::ProductRow;
use crate::live::views::LiveRoomView;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, Path, Staff};
use crate::staff::permission::LiveRead;

/// One minute of a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveMinuteView {
    /// Its beginning.
    pub minute: Timestamp,
    /// Stays that began in it.
    #[schema(example = 12)]
    pub joined: i64,
    /// Most viewers at one time in it, as seen whenever somebody came.
    #[schema(example = 240)]
    pub peak: i64,
    /// Comments.
    #[schema(example = 35)]
    pub comments: i64,
    /// Likes.
    #[schema(example = 410)]
    pub likes: i64,
    /// Shares of the room.
    #[schema(example = 3)]
    pub shares: i64,
    /// Products looked at.
    #[schema(example = 18)]
    pub clicks: i64,
    /// Orders from the room that were paid.
    #[schema(example = 4)]
    pub orders: i64,
    /// What was paid for the room's lines.
    #[schema(example = 39_600)]
    pub revenue_fen: Fen,
}

impl From<Minute> for LiveMinuteView {
    fn from(minute: Minute) -> Self {
        Self {
            minute: minute.minute,
            joined: minute.joined,
            peak: minute.peak,
            comments: minute.comments,
            likes: minute.likes,
            shares: minute.shares,
            clicks: minute.clicks,
            orders: minute.orders,
            revenue_fen: Fen::new(minute.revenue_fen),
        }
    }
}

/// One product of a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveProductReportView {
    /// The product.
    pub product_id: ProductId,
    /// Its title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// How often viewers looked at it.
    #[schema(example = 120)]
    pub clicks: i64,
    /// How often it was explained.
    #[schema(example = 2)]
    pub explained: i64,
    /// Orders with it from the room.
    #[schema(example = 14)]
    pub placed_orders: i64,
    /// Those that were paid.
    #[schema(example = 11)]
    pub orders: i64,
    /// Who paid, each once.
    #[schema(example = 11)]
    pub buyers: i64,
    /// Pieces paid for.
    #[schema(example = 13)]
    pub pieces: i64,
    /// What was paid for them, freight apart, refunds not taken off.
    #[schema(example = 128_700)]
    pub revenue_fen: Fen,
}

impl From<(ProductRow, String)> for LiveProductReportView {
    fn from((row, title): (ProductRow, String)) -> Self {
        Self {
            product_id: row.product_id,
            title,
            clicks: row.clicks,
            explained: row.explained,
            placed_orders: row.placed_orders,
            orders: row.orders,
            buyers: row.buyers,
            pieces: row.pieces,
            revenue_fen: Fen::new(row.revenue_fen),
        }
    }
}

/// What a room came to. A line of an order counts as paid when it ever was.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveReportView {
    /// The room.
    pub room: LiveRoomView,
    /// Different viewers.
    #[schema(example = 1830)]
    pub viewers: i64,
    /// Stays.
    #[schema(example = 2412)]
    pub visits: i64,
    /// Most viewers at one time.
    #[schema(example = 640)]
    pub peak_viewers: i64,
    /// How long a viewer watched on average, in milliseconds.
    #[schema(example = 412_000)]
    pub average_watch_ms: i64,
    /// Comments.
    #[schema(example = 980)]
    pub comments: i64,
    /// Likes.
    #[schema(example = 20_400)]
    pub likes: i64,
    /// Shares of the room.
    #[schema(example = 87)]
    pub shares: i64,
    /// Products looked at.
    #[schema(example = 3_110)]
    pub clicks: i64,
    /// Who asked to be told of the start.
    #[schema(example = 410)]
    pub reminders: i64,
    /// Who was told.
    #[schema(example = 395)]
    pub reminders_sent: i64,
    /// Orders from the room.
    #[schema(example = 160)]
    pub placed_orders: i64,
    /// Those that were paid.
    #[schema(example = 141)]
    pub orders: i64,
    /// Who paid, each once.
    #[schema(example = 133)]
    pub buyers: i64,
    /// Pieces paid for.
    #[schema(example = 176)]
    pub pieces: i64,
    /// What was paid for the room's lines, freight apart.
    #[schema(example = 1_742_400)]
    pub revenue_fen: Fen,
    /// What of that was refunded with whole orders.
    #[schema(example = 19_800)]
    pub refunded_fen: Fen,
    /// Buyers among a thousand viewers.
    #[schema(example = 72)]
    pub conversion_permille: i64,
    /// Minute by minute; those in which nothing happened are absent.
    pub minutes: Vec<LiveMinuteView>,
    /// Product by product, in the shelf's order; what was taken off comes last.
    pub products: Vec<LiveProductReportView>,
}

impl From<Report> for LiveReportView {
    fn from(report: Report) -> Self {
        let totals = report.totals;
        Self {
            room: LiveRoomView::from(&report.room),
            viewers: totals.viewers,
            visits: totals.visits,
            peak_viewers: report.room.peak_viewers,
            average_watch_ms: report.average_watch_ms(),
            comments: totals.comments,
            likes: report.room.likes,
            shares: totals.shares,
            clicks: totals.clicks,
            reminders: report.reminders.0,
            reminders_sent: report.reminders.1,
            placed_orders: totals.placed_orders,
            orders: totals.orders,
            buyers: totals.buyers,
            pieces: totals.pieces,
            revenue_fen: Fen::new(totals.revenue_fen),
            refunded_fen: Fen::new(totals.refunded_fen),
            conversion_permille: report.conversion_permille(),
            minutes: report.minutes.into_iter().map(LiveMinuteView::from).collect(),
            products: report.products.into_iter().map(LiveProductReportView::from).collect(),
        }
    }
}

/// Shows what a room came to
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The report.", body = LiveReportView))
)]
#[get("/live-rooms/{id}/report")]
pub async fn show_live_report(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
) -> ApiResult<Json<LiveReportView>> {
    let id = id.0;
    let report = db.read("show_live_report", move |tx| reporting::report(tx, id)).await?;
    Ok(Json(LiveReportView::from(report)))
}

/// Exports the minutes of a room as a table
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/live-rooms/{id}/report/minutes")]
pub async fn export_live_minutes(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
) -> ApiResult<HttpResponse> {
    let id = id.0;
    let table = db.read("export_live_minutes", move |tx| reporting::minutes_table(tx, id)).await?;
    Ok(table.download("live-minutes.csv"))
}

/// Exports the products of a room as a table
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/live-rooms/{id}/report/products")]
pub async fn export_live_products(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
) -> ApiResult<HttpResponse> {
    let id = id.0;
    let table = db.read("export_live_products", move |tx| reporting::products_table(tx, id)).await?;
    Ok(table.download("live-products.csv"))
}
