//! Deadlines of orders, and telling WeChat how goods travel.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::model::{Delivery, OrderLine, Parcel, Shipment};
use super::rules::{all_carried, masked_phone};
use super::service::{self, Orders, UploadFacts};
use super::store::{self, DueBy};
use crate::kernel::id::OrderId;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::jobs::{ClaimedJob, JobFailure, JobHandler, Sweep};
use crate::platform::wechat::{
    DeliveryMode, Logistics, Parcel as WechatParcel, ShippedPayment, ShippingInfo, WechatClient,
};

/// The kind of job that tells WeChat of an order's parcels.
pub const SHIPPING_UPLOAD: &str = "order.shipping_upload";

/// Closes orders that nobody paid in time.
#[derive(Clone, Debug)]
pub struct CloseUnpaid(pub Orders);

impl Sweep for CloseUnpaid {
    fn name(&self) -> &'static str {
        "order.close_unpaid"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due(tx, DueBy::Closing, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::close_overdue(tx, &self.0, OrderId::new(id))
    }
}

/// Takes orders as received some time after they were shipped.
#[derive(Clone, Debug)]
pub struct ReceiveByItself(pub Orders);

impl Sweep for ReceiveByItself {
    fn name(&self) -> &'static str {
        "order.receive"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due(tx, DueBy::Receipt, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::receive_overdue(tx, &self.0, OrderId::new(id))
    }
}

/// Completes orders when the time for after-sale is over.
#[derive(Clone, Debug)]
pub struct Complete(pub Orders);

impl Sweep for Complete {
    fn name(&self) -> &'static str {
        "order.complete"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due(tx, DueBy::Completion, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::complete_overdue(tx, &self.0, OrderId::new(id))
    }
}

/// Which order's parcels WeChat is to be told of.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct ShippingUpload {
    /// The order.
    pub(super) order_id: OrderId,
}

/// Tells WeChat how the goods of an order travel, so that the merchant is paid out.
#[derive(Clone)]
pub struct UploadShipping {
    db: Db,
    wechat: WechatClient,
}

impl UploadShipping {
    /// Reads orders from `db` and tells `wechat`.
    pub const fn new(db: Db, wechat: WechatClient) -> Self {
        Self { db, wechat }
    }

    async fn upload(&self, job: &ClaimedJob) -> Result<(), JobFailure> {
        let wanted: ShippingUpload =
            serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
        let id = wanted.order_id;
        let facts = self.db.read("order.to_upload", move |tx| service::to_upload(tx, id)).await?;
        let Some(facts) = facts else { return Ok(()) };
        let told: Vec<Shipment> = news(&facts).map(|parcel| parcel.shipment.clone()).collect();
        let info = shipping_info(&facts, &self.db);
        self.wechat.upload_shipping_info(&info).await.map_err(|error| {
            if error.retryable() { JobFailure::Retry(error.to_string()) } else { JobFailure::Dead(error.to_string()) }
        })?;
        self.db.write("order.uploaded", move |tx| service::uploaded(tx, &told)).await?;
        Ok(())
    }
}

impl JobHandler for UploadShipping {
    fn kind(&self) -> &'static str {
        SHIPPING_UPLOAD
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(self.upload(job))
    }
}

fn news(facts: &UploadFacts) -> impl Iterator<Item = &Parcel> {
    facts.parcels.iter().filter(|parcel| parcel.shipment.uploaded_at.is_none())
}

/// One parcel that holds everything is a unified delivery; anything else is split, and the last report says so. What is
/// collected or virtual leaves in one go and with nobody's number.
fn shipping_info(facts: &UploadFacts, db: &Db) -> ShippingInfo {
    let all_delivered = all_carried(&facts.lines);
    let unified = facts.order.delivery != Delivery::Parcel || (all_delivered && facts.parcels.len() == 1);
    let contact = masked_phone(&facts.order.receiver_phone);
    let (logistics, carried) = match facts.order.delivery {
        Delivery::Parcel => (Logistics::Express, true),
        Delivery::PickUp => (Logistics::SelfPickUp, false),
        Delivery::Virtual => (Logistics::Virtual, false),
    };
    let parcel = |parcel: &Parcel| WechatParcel {
        tracking_no: carried.then(|| parcel.shipment.tracking_no.clone()),
        express_company: carried.then(|| parcel.shipment.carrier_code.clone()),
        item_desc: content_of(parcel, &facts.lines),
        receiver_contact: carried.then(|| contact.clone()),
        consignor_contact: None,
    };
    ShippingInfo {
        payment: ShippedPayment::Transaction { transaction_id: facts.transaction.transaction_id.clone() },
        logistics,
        delivery_mode: if unified { DeliveryMode::Unified } else { DeliveryMode::Split { all_delivered } },
        parcels: news(facts).map(parcel).collect(),
        upload_time: db.clock().now(),
        payer_openid: facts.payer_openid.clone(),
    }
}

fn content_of(parcel: &Parcel, lines: &[OrderLine]) -> String {
    let named = parcel.lines.iter().filter_map(|part| {
        let line = lines.iter().find(|line| line.id == part.line_id)?;
        Some(format!("{} {}×{}", line.title, line.option_text, part.quantity))
    });
    named.collect::<Vec<_>>().join("；")
}
