//! Notices: verified, stored once as they came, applied.

use actix_web::http::header::HeaderMap;
use serde_json::json;

use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::payment::model::{NoticeId, NoticeRow};
use crate::payment::payable::Payable;
use crate::payment::provider::{Notice, Providers, Report};
use crate::payment::service::Cashier;
use crate::payment::service::applying::{Applied, Source, apply_money, apply_refund};
use crate::payment::store;
use crate::payment::store::notices::NewNotice;
use crate::platform::db::{DbError, DbResult, Tx};

/// What the provider is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeAnswer {
    /// It is safe with us.
    Accepted,
    /// It is not proven to come from the provider; nothing was stored.
    NotBelieved,
    /// It could not be applied now; send it again.
    TryAgain,
}

/// A notice as it came, with its content opened.
#[derive(Debug, Clone)]
struct Received {
    provider: String,
    notice: Notice,
    headers: String,
    body: String,
}

impl Cashier {
    /// Receives a notice. The raw notice and everything it changes are written in one transaction; when that fails the
    /// notice alone is written, and a sweep applies it should the provider not send it again.
    pub async fn receive_notice(&self, provider: &str, headers: &HeaderMap, body: &[u8]) -> NoticeAnswer {
        let Some(port) = self.providers.named(provider) else { return NoticeAnswer::NotBelieved };
        let notice = match port.read_notice(headers, body, self.db.clock().now()).await {
            Ok(notice) => notice,
            Err(refused) => {
                tracing::warn!(provider, reason = refused.reason, "a notice is not believed");
                metrics::counter!("hourglass_notices_refused_total", "reason" => refused.reason).increment(1);
                return NoticeAnswer::NotBelieved;
            }
        };
        let received = Received {
            provider: provider.to_owned(),
            notice,
            headers: kept_headers(headers),
            body: String::from_utf8_lossy(body).into_owned(),
        };
        let (cashier, stored) = (self.clone(), received.clone());
        let applied = self.db.write("payment.notice", move |tx| store_and_apply(tx, &cashier, &stored)).await;
        let Err(error) = applied else { return NoticeAnswer::Accepted };
        tracing::warn!(%error, provider, "a notice could not be applied; it is kept for later");
        let kept = self.db.write("payment.keep_notice", move |tx| keep(tx, &received)).await;
        if let Err(error) = kept {
            tracing::warn!(%error, provider, "a notice could not be kept; the provider will send it again");
        }
        NoticeAnswer::TryAgain
    }
}

/// The headers worth keeping: those of the signature.
fn kept_headers(headers: &HeaderMap) -> String {
    let signature = headers.iter().filter(|(name, _)| name.as_str().starts_with("wechatpay-"));
    let pairs = signature.filter_map(|(name, value)| Some((name.as_str().to_owned(), json!(value.to_str().ok()?))));
    serde_json::Value::Object(pairs.collect()).to_string()
}

fn keep(tx: &mut Tx<'_>, received: &Received) -> DbResult<NoticeRow> {
    let new = NewNotice {
        provider: &received.provider,
        notice_id: &received.notice.notice_id,
        event_type: &received.notice.event_type,
        headers: &received.headers,
        body: &received.body,
        plaintext: &received.notice.plaintext,
    };
    store::notices::insert_once(tx, &new)?.ok_or_else(|| super::missing("a notice"))
}

fn store_and_apply(tx: &mut Tx<'_>, cashier: &Cashier, received: &Received) -> DbResult<()> {
    let row = keep(tx, received)?;
    apply_row(tx, &cashier.providers, cashier.payable.as_ref(), &row)
}

/// Applies a notice that is still waiting; for the sweep.
pub fn apply_stored(tx: &mut Tx<'_>, cashier: &Cashier, id: NoticeId) -> DbResult<()> {
    let row = store::notices::by_id(tx, id)?.ok_or_else(|| super::missing("a notice"))?;
    apply_row(tx, &cashier.providers, cashier.payable.as_ref(), &row)
}

fn apply_row(tx: &mut Tx<'_>, providers: &Providers, payable: &dyn Payable, row: &NoticeRow) -> DbResult<()> {
    if row.applied_at.is_some() {
        return Ok(());
    }
    let port = providers.named(&row.provider);
    let port = port.ok_or_else(|| DbError::Defect(format!("payment: no provider {} any more", row.provider)))?;
    let applied = match port.understand(&row.event_type, &row.plaintext) {
        Some(Report::Money(report)) => apply_money(tx, payable, &row.provider, &report, Source::Notice)?,
        Some(Report::Refund(report)) => apply_refund(tx, payable, &row.provider, &report, Source::Notice)?,
        Some(Report::Other) => Applied::Ignored,
        None => {
            let facts = json!({ "provider": row.provider, "event_type": row.event_type });
            let kind = crate::payment::model::ReviewKind::UnreadableNotice;
            super::reviews::open(tx, kind, &row.notice_id, &facts)?;
            Applied::Unreadable
        }
    };
    // A twin that finished first has applied it under the lock this transaction waited for, and all of the above found
    // everything known.
    store::notices::mark_applied(tx, row.id, applied.as_str()).map(drop)
}

/// Notices, newest first.
pub fn list(tx: &mut Tx<'_>, since: Option<Timestamp>, after: Option<Cursor>, limit: i64) -> DbResult<Page<NoticeRow>> {
    let rows = store::notices::list(tx, since, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |notice| Cursor { key: 0, id: notice.id.get() }))
}
