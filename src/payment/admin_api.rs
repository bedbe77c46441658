//! Endpoints of payment for staff.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::payment::error::PaymentError;
use crate::payment::model::{
    Account, Attempt, AttemptId, AttemptState, Entry, EntryId, NoticeId, NoticeRow, PaymentId, PaymentState,
    PostingKind, Refund, RefundCause, RefundId, RefundState, Review, ReviewId, ReviewKind, ReviewState, TradeType,
};
use crate::payment::service::{
    Resolution, Retry, Standing, list_ledger, list_notices, list_refunds, list_reviews, resolve_review, retry_refund,
    standing,
};
use crate::payment::store::ledger::LedgerFilter;
use crate::payment::store::refunds::RefundFilter;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission;

/// Longest reason and resolution, in characters.
const MAX_TEXT_CHARS: usize = 500;

/// The payment of an order with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentDetailsView {
    /// Its id.
    pub id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// Who owes it.
    pub user_id: UserId,
    /// What is to be paid.
    pub amount_fen: Fen,
    /// Where it stands.
    pub state: PaymentState,
    /// From when it can no longer be paid.
    pub expires_at: Timestamp,
    /// When it was paid, by the provider's clock.
    pub paid_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The tries at paying it, oldest first.
    pub attempts: Vec<AttemptView>,
    /// What went back, oldest first.
    pub refunds: Vec<RefundView>,
}

/// One try at paying.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptView {
    /// Its id.
    pub id: AttemptId,
    /// The provider.
    #[schema(example = "wechat")]
    pub provider: String,
    /// Where the shopper pays.
    pub trade_type: TradeType,
    /// Our number of it at the provider.
    pub out_trade_no: String,
    /// How much is to be paid.
    pub amount_fen: Fen,
    /// Where it stands.
    pub state: AttemptState,
    /// Whether its money pays the order.
    pub kept: bool,
    /// The provider's number of the money.
    pub transaction_id: Option<String>,
    /// The money that came.
    pub paid_fen: Fen,
    /// The money given back or promised back.
    pub refunded_fen: Fen,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the money came, by the provider's clock.
    pub succeeded_at: Option<Timestamp>,
    /// When the provider was last asked about it.
    pub asked_at: Option<Timestamp>,
    /// When the provider is asked next; null when there is nothing left to ask.
    pub next_query_at: Option<Timestamp>,
}

/// Money given back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView {
    /// Its id.
    pub id: RefundId,
    /// The order.
    pub order_id: OrderId,
    /// Our number of it at the provider.
    pub out_refund_no: String,
    /// How much.
    pub amount_fen: Fen,
    /// Why.
    pub cause: RefundCause,
    /// What the payer reads.
    pub reason: String,
    /// Where it stands.
    pub state: RefundState,
    /// The provider's number of it.
    pub provider_refund_id: Option<String>,
    /// What went wrong last.
    pub failure: Option<String>,
    /// Who decided it; null when a rule did.
    pub staff_id: Option<StaffId>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it ended, well or badly.
    pub settled_at: Option<Timestamp>,
    /// When the provider is asked next; null when there is nothing left to ask.
    pub next_query_at: Option<Timestamp>,
}

/// A case for a person to look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentReviewView {
    /// Its id.
    pub id: ReviewId,
    /// What is odd.
    pub kind: ReviewKind,
    /// What it is about, in the provider's or our numbers.
    pub reference: String,
    /// The facts.
    #[schema(value_type = Object, example = json!({"mismatches": ["amount"], "amount_fen": 1}))]
    pub details: serde_json::Value,
    /// Whether it was looked at.
    pub state: ReviewState,
    /// When it was found.
    pub created_at: Timestamp,
    /// When it was dealt with.
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    pub resolved_by: Option<StaffId>,
    /// How.
    pub resolution: Option<String>,
}

/// A notice of a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentNoticeView {
    /// Its id.
    pub id: NoticeId,
    /// Whose notice.
    #[schema(example = "wechat")]
    pub provider: String,
    /// The provider's id of it.
    pub notice_id: String,
    /// What it says happened.
    #[schema(example = "TRANSACTION.SUCCESS")]
    pub event_type: String,
    /// What applying it did; null while it waits.
    #[schema(example = "kept")]
    pub outcome: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
}

/// One line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerEntryView {
    /// Its id.
    pub id: EntryId,
    /// The posting it belongs to; the lines of one sum to zero.
    #[schema(value_type = String, example = "184467440737095516")]
    pub posting_id: EntryId,
    /// The account.
    pub account: Account,
    /// What it records.
    pub kind: PostingKind,
    /// The order.
    pub order_id: Option<OrderId>,
    /// Our number of the attempt or of the refund.
    pub reference: String,
    /// Why.
    pub reason: String,
    /// How much; positive is a debit.
    pub amount_fen: Fen,
    /// When it was written.
    pub at: Timestamp,
}

/// Why a refund is tried again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryRefund {
    /// For the audit log, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, example = "商户余额已充值")]
    pub reason: String,
}

/// What was done about a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveReview {
    /// In words, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, example = "已线下退款给用户")]
    pub resolution: String,
}

/// Which refunds, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RefundsQuery {
    /// Only in this state.
    pub state: Option<RefundState>,
    /// Only for this cause.
    pub cause: Option<RefundCause>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Which cases, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewsQuery {
    /// Only in this state.
    pub state: Option<ReviewState>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Which notices, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// Only those received at or after this moment.
    pub since: Option<Timestamp>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Which lines of the ledger, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Only of this order.
    pub order_id: Option<OrderId>,
    /// Only on this account.
    pub account: Option<Account>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            id: attempt.id,
            provider: attempt.provider,
            trade_type: attempt.trade_type,
            out_trade_no: attempt.out_trade_no,
            amount_fen: attempt.amount,
            state: attempt.state,
            kept: attempt.kept,
            transaction_id: attempt.transaction_id,
            paid_fen: attempt.paid,
            refunded_fen: attempt.refunded,
            created_at: attempt.created_at,
            succeeded_at: attempt.succeeded_at,
            asked_at: attempt.asked_at,
            next_query_at: attempt.next_query_at,
        }
    }
}

impl From<(Refund, OrderId)> for RefundView {
    fn from((refund, order_id): (Refund, OrderId)) -> Self {
        Self {
            id: refund.id,
            order_id,
            out_refund_no: refund.out_refund_no,
            amount_fen: refund.amount,
            cause: refund.cause,
            reason: refund.reason,
            state: refund.state,
            provider_refund_id: refund.provider_refund_id,
            failure: refund.failure,
            staff_id: refund.staff_id,
            created_at: refund.created_at,
            settled_at: refund.settled_at,
            next_query_at: refund.next_query_at,
        }
    }
}

impl From<Standing> for PaymentDetailsView {
    fn from(standing: Standing) -> Self {
        let payment = standing.payment;
        let order_id = payment.order_id;
        Self {
            id: payment.id,
            order_id,
            user_id: payment.user_id,
            amount_fen: payment.amount,
            state: payment.state,
            expires_at: payment.expires_at,
            paid_at: payment.paid_at,
            created_at: payment.created_at,
            attempts: standing.attempts.into_iter().map(AttemptView::from).collect(),
            refunds: standing.refunds.into_iter().map(|refund| (refund, order_id).into()).collect(),
        }
    }
}

impl From<Review> for PaymentReviewView {
    fn from(review: Review) -> Self {
        Self {
            id: review.id,
            kind: review.kind,
            reference: review.reference,
            details: serde_json::from_str(&review.details).unwrap_or_default(),
            state: review.state,
            created_at: review.created_at,
            resolved_at: review.resolved_at,
            resolved_by: review.resolved_by,
            resolution: review.resolution,
        }
    }
}

impl From<NoticeRow> for PaymentNoticeView {
    fn from(notice: NoticeRow) -> Self {
        Self {
            id: notice.id,
            provider: notice.provider,
            notice_id: notice.notice_id,
            event_type: notice.event_type,
            outcome: notice.outcome,
            received_at: notice.received_at,
            applied_at: notice.applied_at,
        }
    }
}

impl From<Entry> for LedgerEntryView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            posting_id: EntryId::new(entry.posting_id),
            account: entry.account,
            kind: entry.kind,
            order_id: entry.order_id,
            reference: entry.reference,
            reason: entry.reason,
            amount_fen: entry.amount,
            at: entry.at,
        }
    }
}

fn text(text: &str) -> Result<String, PaymentError> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_TEXT_CHARS;
    if fits { Ok(text.to_owned()) } else { Err(PaymentError::ReasonInvalid) }
}

/// The payment of an order with its attempts and refunds.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("payment.read"))),
    params(("id" = OrderId, Path, description = "The order")),
    responses((status = 200, description = "The payment.", body = PaymentDetailsView))
)]
#[get("/orders/{id}/payment")]
pub async fn get_order_payment(
    db: web::Data<Db>,
    _staff: Staff<permission::PaymentRead>,
    order: Path<OrderId>,
) -> ApiResult<Json<PaymentDetailsView>> {
    let found = db.read("payment.details", move |tx| standing(tx, order.0)).await?;
    Ok(Json(found.into()))
}

/// Refunds, newest first.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("payment.read"))),
    params(RefundsQuery),
    responses((status = 200, description = "One page of refunds.", body = Page<RefundView>))
)]
#[get("/refunds")]
pub async fn list_payment_refunds(
    db: web::Data<Db>,
    _staff: Staff<permission::PaymentRead>,
    query: Query<RefundsQuery>,
) -> ApiResult<Json<Page<RefundView>>> {
    let Query(query) = query;
    let filter = RefundFilter { state: query.state, cause: query.cause };
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("payment.refunds", move |tx| list_refunds(tx, filter, after, limit)).await?;
    Ok(Json(page.map(RefundView::from)))
}

/// Tries a refund again that the provider refused, closed or could not deliver.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("order.refund"))),
    params(("id" = RefundId, Path, description = "The refund")), request_body = RetryRefund,
    responses((status = 200, description = "The refund, on its way again.", body = RefundView))
)]
#[post("/refunds/{id}/retry")]
pub async fn retry_payment_refund(
    db: web::Data<Db>,
    staff: Staff<permission::OrderRefund>,
    refund: Path<RefundId>,
    body: Json<RetryRefund>,
) -> ApiResult<Json<RefundView>> {
    let reason = text(&body.reason)?;
    let retry = Retry { refund_id: refund.0, staff_id: staff.staff_id, reason, origin: staff.origin };
    let refund = db.write("payment.retry_refund", move |tx| retry_refund(tx, &retry)).await?;
    Ok(Json(refund.into()))
}

/// Cases for a person to look at, newest first.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("payment.review"))),
    params(ReviewsQuery),
    responses((status = 200, description = "One page of cases.", body = Page<PaymentReviewView>))
)]
#[get("/payment-reviews")]
pub async fn list_payment_reviews(
    db: web::Data<Db>,
    _staff: Staff<permission::PaymentReview>,
    query: Query<ReviewsQuery>,
) -> ApiResult<Json<Page<PaymentReviewView>>> {
    let Query(query) = query;
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("payment.reviews", move |tx| list_reviews(tx, query.state, after, limit)).await?;
    Ok(Json(page.map(PaymentReviewView::from)))
}

/// Closes a case, saying what was done about it.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("payment.review"))),
    params(("id" = ReviewId, Path, description = "The case")), request_body = ResolveReview,
    responses((status = 200, description = "The case, closed.", body = PaymentReviewView))
)]
#[post("/payment-reviews/{id}/resolve")]
pub async fn resolve_payment_review(
    db: web::Data<Db>,
    staff: Staff<permission::PaymentReview>,
    review: Path<ReviewId>,
    body: Json<ResolveReview>,
) -> ApiResult<Json<PaymentReviewView>> {
    let resolution = text(&body.resolution)?;
    let resolution = Resolution { review_id: review.0, staff_id: staff.staff_id, resolution, origin: staff.origin };
    let review = db.write("payment.resolve_review", move |tx| resolve_review(tx, &resolution)).await?;
    Ok(Json(review.into()))
}

/// Notices of providers, newest first.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("payment.read"))),
    params(NoticesQuery),
    responses((status = 200, description = "One page of notices.", body = Page<PaymentNoticeView>))
)]
#[get("/payment-notices")]
pub async fn list_payment_notices(
    db: web::Data<Db>,
    _staff: Staff<permission::PaymentRead>,
    query: Query<NoticesQuery>,
) -> ApiResult<Json<Page<PaymentNoticeView>>> {
    let Query(query) = query;
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("payment.notices", move |tx| list_notices(tx, query.since, after, limit)).await?;
    Ok(Json(page.map(PaymentNoticeView::from)))
}

/// Lines of the ledger of money, newest first.
#[utoipa::path(
    tag = "payment", security(("staff" = [])), extensions(("x-permission" = json!("books.read"))),
    params(LedgerQuery),
    responses((status = 200, description = "One page of lines.", body = Page<LedgerEntryView>))
)]
#[get("/ledger")]
pub async fn list_ledger_entries(
    db: web::Data<Db>,
    _staff: Staff<permission::BooksRead>,
    query: Query<LedgerQuery>,
) -> ApiResult<Json<Page<LedgerEntryView>>> {
    let Query(query) = query;
    let filter = LedgerFilter { order_id: query.order_id, account: query.account };
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("payment.ledger", move |tx| list_ledger(tx, filter, after, limit)).await?;
    Ok(Json(page.map(LedgerEntryView::from)))
}

/// Mounts the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(get_order_payment)
        .service(list_payment_refunds)
        .service(retry_payment_refund)
        .service(list_payment_reviews)
        .service(resolve_payment_review)
        .service(list_payment_notices)
        .service(list_ledger_entries);
}

/// The endpoints for staff, for the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    get_order_payment,
    list_payment_refunds,
    retry_payment_refund,
    list_payment_reviews,
    resolve_payment_review,
    list_payment_notices,
    list_ledger_entries
))]
pub struct AdminApi;
