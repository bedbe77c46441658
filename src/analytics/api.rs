//! The endpoint that the shop's own clients send events to.

use std::collections::BTreeMap;

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, post, web};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::AnalyticsError;
use super::intake::Intake;
use super::model::{
    AGENT, Accepted, Admission, Batch, CAMPAIGN, DEVICE, ENTRANCE, Flags, Incoming, MAX_BATCH, NETWORK, PAGE,
    Properties, PropertyValue, SCENE, SHARE, SLOT, SubjectKey,
};
use super::{events, rules};
use crate::kernel::network::network_of;
use crate::kernel::time::Timestamp;
use crate::platform::http::auth::MaybeDevice;
use crate::platform::http::{ApiResult, Json, Origin, Visitor};

/// What the request itself tells about its events.
#[derive(Clone, Debug, Default)]
pub(super) struct Sender {
    pub(super) network: Option<String>,
    pub(super) agent: Option<String>,
}

impl Sender {
    /// Of this request.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        Self { network: network_of(&Origin::of(request).address), agent: agent.map(rules::fitting) }
    }

    /// Adds it to what an event carries, unless the event says so itself.
    pub(super) fn carry(&self, properties: &mut Properties) {
        for (name, fact) in [(NETWORK, &self.network), (AGENT, &self.agent)] {
            if let Some(fact) = fact.as_deref().filter(|fact| !fact.is_empty()) {
                properties.entry(name.to_owned()).or_insert_with(|| PropertyValue::from(fact));
            }
        }
    }

    /// What it says about whoever sent it.
    pub(super) fn flags(&self) -> Flags {
        if self.agent.as_deref().is_some_and(rules::is_machine) { Flags::BOT } else { Flags::NONE }
    }
}

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(record_events))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(record_events);
}

/// One event.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientEvent {
    /// A new UUID for each event and the same for each try of it: an event counts once.
    #[schema(format = "uuid", example = "0190a0f4-7d3c-7cc0-8d5e-3f1c9a7e6b0d")]
    event_id: String,
    /// What happened: a letter, then letters, digits and `_`. Names of the shop's own events are refused.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z][A-Za-z0-9_]*$", example = "page_viewed")]
    name: String,
    /// When, by the client's clock.
    occurred_at: Timestamp,
    /// The visit it belongs to: any text the client makes for one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = "5f1c9a7e6b0d")]
    session: Option<String>,
    /// The token of the share that the visit came through.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = json!(null))]
    share: Option<String>,
    /// WeChat's number for where the visit began.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 999_999, example = 1007)]
    scene: Option<i64>,
    /// The entrance that the visit came in by.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = "wechat_mini")]
    entrance: Option<String>,
    /// The path of the page.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = "pages/product/index")]
    page: Option<String>,
    /// The campaign or advertisement that the visit came through.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = json!(null))]
    campaign: Option<String>,
    /// The place in a page, such as an advertisement's.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = json!(null))]
    slot: Option<String>,
    /// What else it says: at most 60 properties, each a text of at most 1,024 bytes, a number, yes or no, or a list of at
    /// most 50 texts. Names are made as that of an event. Clients' events never make a figure of money.
    #[serde(default)]
    #[schema(example = json!({"product_id": "184467440737095516", "position": 3}))]
    properties: BTreeMap<String, PropertyValue>,
}

/// Some events.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordEvents {
    /// When the batch was sent, by the client's clock: what the clock is wrong by is taken off every event.
    sent_at: Timestamp,
    /// 1 to 100 events.
    events: Vec<ClientEvent>,
}

/// Takes events in
///
/// All of them or, when one is malformed, none. What was answered with 200 is kept, whatever happens next; an event that
/// comes again counts once. When too much waits already the answer is 503, and the same batch may be sent again.
#[utoipa::path(
    tag = "analytics",
    security(("shopper" = []), ("device" = [])),
    request_body = RecordEvents,
    responses((status = 200, description = "What became of them.", body = Accepted))
)]
#[post("/events")]
pub async fn record_events(
    intake: web::Data<Intake>,
    visitor: Visitor,
    device: MaybeDevice,
    request: HttpRequest,
    body: Json<RecordEvents>,
) -> ApiResult<Json<Accepted>> {
    let received = intake.now();
    let Json(RecordEvents { sent_at, events }) = body;
    if !(1..=MAX_BATCH).contains(&events.len()) {
        return Err(AnalyticsError::BatchOutOfRange.into());
    }
    let (subject, device) = match visitor {
        Visitor::User(shopper) => (SubjectKey::User(shopper.user_id), shopper.device_id.or(device.0)),
        Visitor::Device(device) => (SubjectKey::Device(device), Some(device)),
    };
    let sender = Sender::of(&request);
    let incoming = |(index, event): (usize, ClientEvent)| {
        let mut event = incoming(event, sent_at, subject.clone()).map_err(|flaw| {
            let details = json!({ "index": index, "field": flaw.field, "reason": flaw.reason });
            AnalyticsError::EventInvalid(details)
        })?;
        if let Some(device) = device {
            event.properties.insert(DEVICE.to_owned(), PropertyValue::Text(device.to_string()));
        }
        sender.carry(&mut event.properties);
        event.flags = sender.flags();
        Ok(event)
    };
    let events = events.into_iter().enumerate().map(incoming).collect::<Result<Vec<_>, AnalyticsError>>()?;
    let batch = Batch { received, admission: Admission::Whole, events };
    Ok(Json(intake.take_in(batch).await?))
}

fn incoming(event: ClientEvent, sent_at: Timestamp, subject: SubjectKey) -> Result<Incoming, rules::Flaw> {
    let wrong = |field: &str, reason: &'static str| rules::Flaw { field: field.to_owned(), reason };
    rules::check(&event.name, &event.properties)?;
    if events::is_the_shops(&event.name) {
        return Err(wrong("name", "the shop itself speaks of this"));
    }
    let event_id = Uuid::try_parse(&event.event_id).map_err(|_| wrong("event_id", "a UUID"))?;
    if event.scene.is_some_and(|scene| !(0..=999_999).contains(&scene)) {
        return Err(wrong("scene", "0 to 999,999"));
    }
    let fact = |field: &'static str, fact: &Option<String>| match fact {
        Some(text) if !rules::is_fact(text) => Err(wrong(field, "one line of 1 to 256 characters")),
        _ => Ok(()),
    };
    fact("session", &event.session)?;
    let scene = event.scene.map(|scene| scene.to_string());
    let facts = [
        ("share", SHARE, event.share),
        ("scene", SCENE, scene),
        ("entrance", ENTRANCE, event.entrance),
        ("page", PAGE, event.page),
        ("campaign", CAMPAIGN, event.campaign),
        ("slot", SLOT, event.slot),
    ];
    let mut properties = event.properties;
    for (field, name, text) in facts {
        fact(field, &text)?;
        if let Some(text) = text {
            properties.insert(name.to_owned(), PropertyValue::Text(text));
        }
    }
    Ok(Incoming {
        event_id,
        name: event.name,
        subject,
        same_as: Vec::new(),
        session: event.session,
        at: Some(event.occurred_at),
        sent_at: Some(sent_at),
        flags: Flags::NONE,
        properties,
    })
}
