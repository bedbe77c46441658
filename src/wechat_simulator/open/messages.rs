//! Subscribe messages of mini-programs. A person agrees to a template so often, and each message uses one agreement.

use std::collections::HashMap;

use actix_web::web::{Bytes, Data};
use serde::Serialize;
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, admit, answer, read_body};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::state::{World, locked};

/// Most characters of a field by the type its name begins with.
const LIMITS: [(&str, usize); 8] = [
    ("thing", 20),
    ("character_string", 32),
    ("number", 32),
    ("letter", 32),
    ("symbol", 5),
    ("phrase", 5),
    ("name", 20),
    ("car_number", 8),
];

/// A message that was sent.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct SubscribeMessage {
    /// WeChat's number.
    pub(in crate::wechat_simulator) msgid: i64,
    /// The mini-program it came from.
    pub(in crate::wechat_simulator) app_id: String,
    /// The whole request.
    pub(in crate::wechat_simulator) request: Value,
}

/// What people agreed to and what they were sent.
#[derive(Default)]
pub(in crate::wechat_simulator) struct Subscriptions {
    /// How many messages of a template a person still agrees to, by openid and template.
    agreed: HashMap<(String, String), i64>,
    /// What was sent.
    pub(in crate::wechat_simulator) messages: Vec<SubscribeMessage>,
}

impl Subscriptions {
    /// A person agrees to so many more messages of a template; answers how many that makes.
    pub(in crate::wechat_simulator) fn agree(&mut self, openid: &str, template: &str, times: i64) -> i64 {
        let left = self.agreed.entry((openid.to_owned(), template.to_owned())).or_default();
        *left = left.saturating_add(times);
        *left
    }

    fn knows(&self, template: &str) -> bool {
        self.agreed.keys().any(|(_, known)| known == template)
    }

    fn use_one(&mut self, openid: &str, template: &str) -> bool {
        match self.agreed.get_mut(&(openid.to_owned(), template.to_owned())) {
            Some(left) if *left > 0 => {
                *left = left.saturating_sub(1);
                true
            }
            _ => false,
        }
    }
}

/// `POST /cgi-bin/message/subscribe/send`.
pub(super) async fn send_subscribe(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let known = locked(&world.people).known(&app, text("touser"));
    let known = known.ok_or_else(|| OpenRefusal::new(40003, "invalid openid"))?;
    let mut subscriptions = locked(&world.subscriptions);
    // A template exists in here once somebody agreed to it.
    if !subscriptions.knows(text("template_id")) {
        return Err(OpenRefusal::new(40037, "invalid template_id"));
    }
    check_data(body.get("data"))?;
    let states = ["", "developer", "trial", "formal"];
    if !states.contains(&text("miniprogram_state")) {
        return Err(OpenRefusal::new(47003, "argument invalid! miniprogram_state"));
    }
    if !subscriptions.use_one(&known.openid, text("template_id")) {
        return Err(OpenRefusal::new(43101, "user refuse to accept the msg"));
    }
    let msgid = world.dice.below(i64::MAX / 4).saturating_add(1);
    subscriptions.messages.push(SubscribeMessage { msgid, app_id: app.app_id.clone(), request: body });
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid })))
}

fn check_data(data: Option<&Value>) -> Result<(), OpenRefusal> {
    let data = data.and_then(Value::as_object).filter(|data| !data.is_empty());
    let data = data.ok_or_else(|| OpenRefusal::new(47003, "argument invalid! data"))?;
    for (name, field) in data {
        let value = field.get("value").and_then(Value::as_str).unwrap_or_default();
        let kind = name.trim_end_matches(|one: char| one.is_ascii_digit());
        let most = LIMITS.iter().find(|(known, _)| *known == kind).map_or(64, |(_, most)| *most);
        if value.is_empty() || value.chars().any(char::is_control) || value.chars().count() > most {
            return Err(OpenRefusal::new(47003, "argument invalid! data"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_agreement_is_good_for_one_message() {
        let mut subscriptions = Subscriptions::default();
        assert_eq!(subscriptions.agree("o1", "t", 2), 2);
        assert!(subscriptions.use_one("o1", "t") && subscriptions.use_one("o1", "t"));
        assert!(!subscriptions.use_one("o1", "t") && !subscriptions.use_one("o2", "t"));
    }

    #[test]
    fn a_field_longer_than_its_type_allows_is_refused() {
        assert!(check_data(Some(&json!({ "thing1": { "value": "直".repeat(20) } }))).is_ok());
        assert!(check_data(Some(&json!({ "thing1": { "value": "直".repeat(21) } }))).is_err());
        assert!(check_data(Some(&json!({ "phrase2": { "value": "已经开播啦吗" } }))).is_err());
        assert!(check_data(Some(&json!({}))).is_err());
    }
}
