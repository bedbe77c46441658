//! Pushed messages: what people do with a service account (or a mini-program) reaches the shop's address, signed, sealed
//! when asked for, at most three times; and what the shop answers is judged as WeChat would.

pub(super) mod crypto;
mod reply;
mod xml;

use std::collections::HashMap;
use std::fmt::Write as _;

use actix_web::web::Data;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::crypto::{MessageKey, signature};
use super::apps::OpenApp;
use super::state::{World, locked};
use crate::kernel::time::{SECOND_MS, Timestamp};

/// Tries in all, when the shop does not answer in time or fails.
const TRIES: usize = 3;
/// Pushes that are remembered for the tester.
const KEPT: usize = 10_000;
/// Characters of the shop's answers that are kept.
const ANSWER_KEPT: usize = 4_000;

/// How messages are protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PushMode {
    /// Signed.
    #[default]
    Plain,
    /// Signed, and both readable and sealed.
    Compatible,
    /// Signed and sealed.
    Secure,
}

/// How messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PushFormat {
    /// XML, the only one of service accounts.
    #[default]
    Xml,
    /// JSON, which mini-programs may choose.
    Json,
}

/// Where an application's messages go.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PushTarget {
    /// The shop's address.
    pub(super) url: String,
    /// How messages are protected.
    pub(super) mode: PushMode,
    /// How messages are written.
    pub(super) format: PushFormat,
}

/// How a sending is distorted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PushTwist {
    /// How many extra copies are sent at the same moment.
    pub(super) duplicate: usize,
    /// How much later, by the simulator's clock, it is sent.
    pub(super) delay_ms: i64,
    /// Kept back until it is sent by hand.
    pub(super) withhold: bool,
    /// Signed with another token.
    pub(super) wrong_signature: bool,
    /// Sealed for another application.
    pub(super) other_app: bool,
    /// One character of the body is changed after signing.
    pub(super) corrupt_body: bool,
    /// The timestamp in the query is this far from now, and the signature fits it.
    pub(super) timestamp_offset_seconds: i64,
}

/// What became of one sending.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Attempt {
    /// When.
    pub(super) at: Timestamp,
    /// The shop's status; absent when there was no answer within five seconds.
    pub(super) status: Option<u16>,
    /// What the shop said, as it said it.
    pub(super) answer: String,
    /// What the person is shown, opened and read; absent when the shop only acknowledged.
    pub(super) reply: Option<Value>,
    /// Why WeChat would tell the person that the account is out of order.
    pub(super) problem: Option<String>,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PushState {
    /// Waits for its time.
    Pending,
    /// Kept back.
    Withheld,
    /// On its way.
    Sending,
    /// The shop answered.
    Delivered,
    /// The shop did not answer, three times.
    Failed,
}

/// One message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Push {
    /// Names it to the tester.
    pub(super) id: String,
    /// The application.
    pub(super) app_id: String,
    /// The person within it.
    pub(super) openid: String,
    /// The message.
    pub(super) message: Map<String, Value>,
    #[serde(skip)]
    fields: Vec<(String, Value)>,
    /// When it is sent.
    pub(super) due_at: Timestamp,
    /// What became of it.
    pub(super) state: PushState,
    /// Every sending.
    pub(super) attempts: Vec<Attempt>,
    #[serde(skip)]
    twist: PushTwist,
}

/// All messages, and where they go.
#[derive(Default)]
pub(super) struct Pushes {
    targets: HashMap<String, PushTarget>,
    pushes: Vec<Push>,
}

impl Pushes {
    /// Says where an application's messages go.
    pub(super) fn aim(&mut self, app_id: &str, target: PushTarget) {
        self.targets.insert(app_id.to_owned(), target);
    }

    /// Where an application's messages go.
    pub(super) fn target(&self, app_id: &str) -> Option<&PushTarget> {
        self.targets.get(app_id)
    }

    /// All messages, oldest first.
    pub(super) fn all(&self) -> &[Push] {
        &self.pushes
    }

    /// One message.
    pub(super) fn get(&self, id: &str) -> Option<&Push> {
        self.pushes.iter().find(|push| push.id == id)
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Push> {
        self.pushes.iter_mut().find(|push| push.id == id)
    }

    fn claim(&mut self, id: &str) -> Option<Push> {
        let push = self.get_mut(id).filter(|push| push.state == PushState::Pending)?;
        push.state = PushState::Sending;
        Some(push.clone())
    }

    fn waiting(&self, until: Option<Timestamp>) -> Vec<String> {
        let due = |push: &&Push| push.state == PushState::Pending && until.is_none_or(|now| push.due_at <= now);
        self.pushes.iter().filter(due).map(|push| push.id.clone()).collect()
    }
}

/// An event or a message of a person, without the fields that every one has.
pub(super) struct Draft {
    /// The person within the application.
    pub(super) openid: String,
    /// `event`, `text`, ….
    pub(super) kind: &'static str,
    /// The rest, in order.
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// Files a message for the application's target. `None` when it has none.
pub(super) fn file(world: &World, app: &OpenApp, draft: Draft, twist: PushTwist) -> Option<String> {
    let now = world.now();
    let knobs = locked(&world.knobs).settings().pushes.clone();
    let mut fields: Vec<(String, Value)> = vec![
        ("ToUserName".to_owned(), json!(app.original_id)),
        ("FromUserName".to_owned(), json!(draft.openid)),
        ("CreateTime".to_owned(), json!(now.seconds())),
        ("MsgType".to_owned(), json!(draft.kind)),
    ];
    fields.extend(draft.fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let mut pushes = locked(&world.pushes);
    pushes.target(&app.app_id)?;
    if pushes.pushes.len() >= KEPT {
        pushes.pushes.remove(0);
    }
    let twist = PushTwist {
        duplicate: twist.duplicate.saturating_add(knobs.duplicate),
        delay_ms: twist.delay_ms.saturating_add(knobs.delay_ms),
        withhold: twist.withhold || knobs.lose.happens(&world.dice),
        wrong_signature: twist.wrong_signature || knobs.wrong_signature.happens(&world.dice),
        ..twist
    };
    let push = Push {
        id: format!("P{}", world.dice.digits(16)),
        app_id: app.app_id.clone(),
        openid: draft.openid,
        message: fields.iter().cloned().collect(),
        fields,
        due_at: now.plus_millis(twist.delay_ms),
        state: if twist.withhold { PushState::Withheld } else { PushState::Pending },
        attempts: Vec::new(),
        twist,
    };
    let id = push.id.clone();
    pushes.pushes.push(push);
    Some(id)
}

/// Sends a filed message now if it is due, and answers it as it is then.
pub(super) async fn deliver_now(world: &Data<World>, id: &str) -> Option<Push> {
    let due = locked(&world.pushes).get(id)?.due_at <= world.now();
    if due {
        claim_and_deliver(world, id).await;
    }
    locked(&world.pushes).get(id).cloned()
}

/// Begins the delivery of everything that is due.
pub(super) fn deliver_due(world: &Data<World>) {
    let due = locked(&world.pushes).waiting(Some(world.now()));
    for id in due {
        let world = world.clone();
        tokio::spawn(async move { claim_and_deliver(&world, &id).await });
    }
}

/// Delivers everything that waits, due or not, and answers it as it is then.
pub(super) async fn flush(world: &Data<World>) -> Vec<Push> {
    let waiting = locked(&world.pushes).waiting(None);
    join_all(waiting.iter().map(|id| claim_and_deliver(world, id))).await;
    let pushes = locked(&world.pushes);
    waiting.iter().filter_map(|id| pushes.get(id).cloned()).collect()
}

/// Sends a message once more, distorted, whatever its state.
pub(super) async fn send_again(world: &Data<World>, id: &str, twist: &PushTwist) -> Option<Vec<Attempt>> {
    let push = locked(&world.pushes).get(id).cloned()?;
    let copies = twist.duplicate.saturating_add(1).min(100);
    let attempts = join_all((0..copies).map(|_| send(world, &push, twist))).await;
    if let Some(push) = locked(&world.pushes).get_mut(id) {
        push.attempts.extend(attempts.iter().cloned());
        push.state = PushState::Delivered;
    }
    Some(attempts)
}

async fn claim_and_deliver(world: &Data<World>, id: &str) {
    let Some(push) = locked(&world.pushes).claim(id) else { return };
    let copies = push.twist.duplicate.saturating_add(1).min(100);
    let sent = join_all((0..copies).map(|_| deliver(world, &push))).await;
    let answered = sent.iter().any(|attempts| attempts.last().is_some_and(|last| last.status.is_some()));
    if let Some(push) = locked(&world.pushes).get_mut(id) {
        push.attempts.extend(sent.into_iter().flatten());
        push.state = if answered { PushState::Delivered } else { PushState::Failed };
    }
}

/// One copy: sent until the shop answers anything but a failure of its own, at most three times.
async fn deliver(world: &World, push: &Push) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for _ in 0..TRIES {
        let attempt = send(world, push, &push.twist).await;
        let again = attempt.status.is_none_or(|status| status >= 500);
        attempts.push(attempt);
        if !again {
            break;
        }
    }
    attempts
}

async fn send(world: &World, push: &Push, twist: &PushTwist) -> Attempt {
    let mut attempt = Attempt { at: world.now(), status: None, answer: String::new(), reply: None, problem: None };
    let app = world.app(&push.app_id);
    let target = locked(&world.pushes).target(&push.app_id).cloned();
    let sealed = app.as_ref().zip(target.as_ref());
    let Some((app, target)) = sealed else {
        attempt.problem = Some("there is no address to push to".to_owned());
        return attempt;
    };
    let Some((url, body)) = letter(world, app, target, push, twist) else {
        attempt.problem = Some("the message could not be sealed".to_owned());
        return attempt;
    };
    let kind = match target.format {
        PushFormat::Xml => "text/xml",
        PushFormat::Json => "application/json",
    };
    let request = world.client.post(url).header("content-type", kind).header("user-agent", "Mozilla/4.0").body(body);
    let answered = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    match answered.await {
        Ok((status, answer)) => {
            attempt.status = Some(status);
            let verdict = if status == 200 {
                reply::judge(app, target, &push.openid, &answer)
            } else {
                Err(format!("status {status}"))
            };
            match verdict {
                Ok(reply) => attempt.reply = reply,
                Err(problem) => attempt.problem = Some(problem),
            }
            attempt.answer = answer.chars().take(ANSWER_KEPT).collect();
        }
        Err(error) if error.is_timeout() => attempt.problem = Some("no answer within five seconds".to_owned()),
        Err(_) => attempt.problem = Some("no answer".to_owned()),
    }
    attempt
}

/// The address with its query, and the body.
fn letter(
    world: &World,
    app: &OpenApp,
    target: &PushTarget,
    push: &Push,
    twist: &PushTwist,
) -> Option<(String, String)> {
    let timestamp = world.now().plus_millis(twist.timestamp_offset_seconds.saturating_mul(SECOND_MS)).seconds();
    let (timestamp, nonce) = (timestamp.to_string(), world.dice.digits(10));
    let other = world.dice.letters(24);
    let token = if twist.wrong_signature { &other } else { &app.message_token };
    let signed = signature(&[token, &timestamp, &nonce]);
    let mark = if target.url.contains('?') { '&' } else { '?' };
    let mut url = format!("{}{mark}signature={signed}&timestamp={timestamp}&nonce={nonce}", target.url);
    // Writing to a string cannot fail.
    let _written = write!(url, "&openid={}", push.openid);
    let mut fields = push.fields.clone();
    if target.mode != PushMode::Plain {
        let app_id = if twist.other_app { "wx0000000000000000" } else { &app.app_id };
        let random = world.dice.letters(16).into_bytes().try_into().ok()?;
        let sealed = MessageKey::read(&app.message_aes_key)?.seal(random, &written(target.format, &fields), app_id)?;
        let signed = signature(&[token, &timestamp, &nonce, &sealed]);
        let _written = write!(url, "&encrypt_type=aes&msg_signature={signed}");
        if target.mode == PushMode::Secure {
            fields.retain(|(name, _)| name == "ToUserName");
        }
        fields.push(("Encrypt".to_owned(), json!(sealed)));
    }
    let body = written(target.format, &fields);
    let body = if twist.corrupt_body { spoilt(&body) } else { body };
    Some((url, body))
}

fn written(format: PushFormat, fields: &[(String, Value)]) -> String {
    match format {
        PushFormat::Xml => xml::write(fields),
        PushFormat::Json => Value::Object(fields.iter().cloned().collect()).to_string(),
    }
}

/// The same text with one character changed: of what is sealed, or else in the middle.
fn spoilt(body: &str) -> String {
    // Behind the name stand the marks of CDATA or of a JSON text, and then at least 64 characters.
    let from = body.find("Encrypt").map_or(body.len() / 2, |at| at.saturating_add(24));
    let mut spoilt = String::with_capacity(body.len());
    let mut done = false;
    for (at, letter) in body.char_indices() {
        let this = !done && at >= from;
        done |= this;
        spoilt.push(if !this {
            letter
        } else if letter == 'A' {
            'B'
        } else {
            'A'
        });
    }
    spoilt
}

/// What the check of an address came to.
#[derive(Serialize)]
pub(super) struct UrlCheck {
    /// Whether WeChat would take the address.
    pub(super) passed: bool,
    /// The shop's status; absent when it did not answer.
    pub(super) status: Option<u16>,
    /// What it said.
    pub(super) answer: String,
}

/// Checks an address as the console does when it is entered: the shop must answer exactly what it was sent.
pub(super) async fn check_url(world: &World, app: &OpenApp, url: &str, twist: &PushTwist) -> UrlCheck {
    let timestamp = world.now().plus_millis(twist.timestamp_offset_seconds.saturating_mul(SECOND_MS)).seconds();
    let (timestamp, nonce, echo) = (timestamp.to_string(), world.dice.digits(10), world.dice.digits(19));
    let other = world.dice.letters(24);
    let token = if twist.wrong_signature { &other } else { &app.message_token };
    let signed = signature(&[token, &timestamp, &nonce]);
    let mark = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{mark}signature={signed}&echostr={echo}&timestamp={timestamp}&nonce={nonce}");
    let answered = async {
        let response = world.client.get(url).send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    match answered.await {
        Ok((status, answer)) => UrlCheck { passed: status == 200 && answer == echo, status: Some(status), answer },
        Err(_) => UrlCheck { passed: false, status: None, answer: String::new() },
    }
}
