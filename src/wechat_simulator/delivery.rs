//! Sending notices: encrypt, sign, post, note the answer, try again by the schedule.

use actix_web::web::Data;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::json;

use super::crypto::{CryptoError, seal, signed_lines};
use super::gate::{SCHEME, SIGNTEST, altered};
use super::keys::KeyKind;
use super::outbox::{Answer, Draft, Notice, NoticeState};
use super::state::{World, locked};

/// How far apart the `reorder` knob throws notices.
const REORDER_MS: i64 = 2_000;
/// Characters of the shop's answers that are kept.
const ANSWER_KEPT: usize = 2_000;

/// How one sending is distorted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Twist {
    /// How often, at the same moment; once when absent.
    pub(super) times: Option<usize>,
    /// One byte of the body is changed after signing.
    pub(super) corrupt_body: bool,
    /// The signature is one of WeChat's deliberate test signatures.
    pub(super) signtest: bool,
    /// Signed by a key nobody knows, under the platform's name.
    pub(super) wrong_key: bool,
    /// A good signature, but of another message.
    pub(super) other_signature: bool,
    /// Another name in `Wechatpay-Serial`.
    pub(super) serial: Option<String>,
    /// The timestamp is this far from now, and the signature fits it.
    pub(super) timestamp_offset_seconds: i64,
    /// Which key signs; by the knobs when absent.
    pub(super) mode: Option<KeyKind>,
}

impl Twist {
    fn name(&self) -> String {
        let mut names = Vec::new();
        for (name, on) in [
            ("corrupt_body", self.corrupt_body),
            ("signtest", self.signtest),
            ("wrong_key", self.wrong_key),
            ("other_signature", self.other_signature),
            ("serial", self.serial.is_some()),
            ("timestamp", self.timestamp_offset_seconds != 0),
        ] {
            if on {
                names.push(name);
            }
        }
        if names.is_empty() { "notice".to_owned() } else { names.join("+") }
    }
}

/// Files a notice. Unless it is withheld, lost or late, its delivery begins at once.
pub(super) fn file(world: &Data<World>, draft: Draft, withheld: bool) -> String {
    let now = world.now();
    let knobs = locked(&world.knobs).settings().notices.clone();
    let state = match (withheld, knobs.lose.happens(&world.dice)) {
        (true, _) => NoticeState::Withheld,
        (false, true) => NoticeState::Lost,
        (false, false) => NoticeState::Pending,
    };
    let scatter = if knobs.reorder { world.dice.below(REORDER_MS) } else { 0 };
    let due_at = now.plus_millis(knobs.delay_ms.saturating_add(scatter));
    let id = format!("EV-{}{}", now.rfc3339_at_offset(8).replace(['-', ':', 'T', '+'], ""), world.dice.digits(10));
    let notice = Notice {
        id: id.clone(),
        url: draft.url,
        event_type: draft.event_type,
        original_type: draft.original_type,
        summary: draft.summary,
        resource: draft.resource,
        created_at: now,
        due_at,
        failed_tries: 0,
        state,
        answers: Vec::new(),
    };
    locked(&world.outbox).add(notice);
    if state == NoticeState::Pending && due_at <= now {
        begin(world, id.clone());
    }
    id
}

/// Begins the delivery of every notice that is due.
pub(super) fn deliver_due(world: &Data<World>) {
    let due = locked(&world.outbox).claimable(world.now());
    for id in due {
        begin(world, id);
    }
}

/// Delivers every pending notice now, due or not, waits also for those under way, and answers them as they are then.
pub(super) async fn flush(world: &Data<World>) -> Vec<Notice> {
    let mut waiting = locked(&world.outbox).pending();
    if locked(&world.knobs).settings().notices.reorder {
        world.dice.shuffle(&mut waiting);
        for id in &waiting {
            claim_and_deliver(world, id).await;
        }
    } else {
        join_all(waiting.iter().map(|id| claim_and_deliver(world, id))).await;
    }
    for id in &waiting {
        wait_until_landed(world, id).await;
    }
    let outbox = locked(&world.outbox);
    waiting.iter().filter_map(|id| outbox.notice(id).cloned()).collect()
}

/// Sends a notice as the tester wants it, and notes the answers.
pub(super) async fn send_twisted(world: &World, notice: &Notice, twist: &Twist) -> Vec<Answer> {
    let times = twist.times.unwrap_or(1).clamp(1, 1_000);
    let answers = join_all((0..times).map(|_| send(world, notice, twist))).await;
    locked(&world.outbox).note(&notice.id, &answers);
    answers
}

fn begin(world: &Data<World>, id: String) {
    let claimed = locked(&world.outbox).claim(&id);
    if let Some(notice) = claimed {
        let world = world.clone();
        tokio::spawn(async move { deliver(&world, notice).await });
    }
}

async fn claim_and_deliver(world: &World, id: &str) {
    let claimed = locked(&world.outbox).claim(id);
    if let Some(notice) = claimed {
        deliver(world, notice).await;
    }
}

async fn wait_until_landed(world: &World, id: &str) {
    loop {
        let landed = world.delivered.notified();
        tokio::pin!(landed);
        // Registered before looking, so that a landing in between is not missed.
        landed.as_mut().enable();
        if !locked(&world.outbox).is_in_flight(id) {
            return;
        }
        landed.await;
    }
}

async fn deliver(world: &World, notice: Notice) {
    // The semaphore is never closed; if it were, delivering without a bound is still right.
    let _permit = world.delivering.acquire().await.ok();
    let knobs = locked(&world.knobs).settings().notices.clone();
    let mut answers = Vec::new();
    if knobs.signtest_first.happens(&world.dice) {
        answers.push(send(world, &notice, &Twist { signtest: true, ..Twist::default() }).await);
    }
    let plain = Twist::default();
    let copies = knobs.duplicate.min(1_000).saturating_add(1);
    answers.extend(join_all((0..copies).map(|_| send(world, &notice, &plain))).await);
    locked(&world.outbox).release(&notice.id, answers, world.now());
    world.delivered.notify_waiters();
}

async fn send(world: &World, notice: &Notice, twist: &Twist) -> Answer {
    let at = world.now();
    let sent = twist.name();
    let request = match dressed(world, notice, twist) {
        Ok(request) => request,
        Err(error) => return Answer { at, sent, status: None, body: error.to_string() },
    };
    match request.send().await {
        Ok(response) => {
            let status = Some(response.status().as_u16());
            let body = response.text().await.unwrap_or_default().chars().take(ANSWER_KEPT).collect();
            Answer { at, sent, status, body }
        }
        Err(error) => Answer { at, sent, status: None, body: error.to_string() },
    }
}

fn dressed(world: &World, notice: &Notice, twist: &Twist) -> Result<reqwest::RequestBuilder, CryptoError> {
    let kind = match twist.mode {
        Some(kind) => kind,
        None => locked(&world.knobs).settings().notices.mode.kind(&world.dice),
    };
    let body = envelope(world, notice)?;
    let timestamp = world.now().seconds().saturating_add(twist.timestamp_offset_seconds).to_string();
    let nonce = world.dice.letters(32);
    let mut message = signed_lines(&[timestamp.as_bytes(), nonce.as_bytes(), body.as_bytes()]);
    if twist.other_signature {
        message.extend_from_slice(b"another message");
    }
    let signature =
        if twist.wrong_key { world.keys.sign_as_stranger(&message)? } else { world.keys.sign(kind, &message)? };
    let signature = if twist.signtest { format!("{SIGNTEST}{signature}") } else { signature };
    let serial = twist.serial.clone().unwrap_or_else(|| world.keys.serial(kind).to_owned());
    let body = if twist.corrupt_body { altered(body.as_bytes()) } else { body.into() };
    Ok(world
        .client
        .post(&notice.url)
        .header("content-type", "application/json")
        .header("accept", "*/*")
        .header("user-agent", "Mozilla/4.0")
        .header("wechatpay-timestamp", timestamp)
        .header("wechatpay-nonce", nonce)
        .header("wechatpay-signature", signature)
        .header("wechatpay-signature-type", SCHEME)
        .header("wechatpay-serial", serial)
        .body(body))
}

fn envelope(world: &World, notice: &Notice) -> Result<String, CryptoError> {
    let nonce = world.dice.letters(12);
    let plain = notice.resource.to_string();
    let api_v3_key = &world.keys.credentials.api_v3_key;
    let ciphertext = seal(api_v3_key, &nonce, &notice.original_type, plain.as_bytes())?;
    let body = json!({
        "id": notice.id,
        "create_time": notice.created_at.rfc3339_at_offset(8),
        "resource_type": "encrypt-resource",
        "event_type": notice.event_type,
        "summary": notice.summary,
        "resource": {
            "original_type": notice.original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": notice.original_type,
            "nonce": nonce,
        },
    });
    Ok(body.to_string())
}
