//! What the shop answered to a push, and whether WeChat would have taken it.

use serde_json::{Map, Value};

use super::crypto::{MessageKey, signature};
use super::xml;
use super::{PushFormat, PushMode, PushTarget};
use crate::wechat_simulator::apps::OpenApp;

/// Longest text of a reply, in bytes.
const TEXT_MOST: usize = 2_048;
/// Most cards of a reply to a text; to anything else one is shown.
const CARDS_MOST: usize = 8;

/// A reply that WeChat would show, or the reason why it would not.
pub(super) type Verdict = Result<Option<Value>, String>;

/// Judges an answer with status 200. `Ok(None)` is the bare acknowledgement.
pub(super) fn judge(app: &OpenApp, target: &PushTarget, openid: &str, body: &str) -> Verdict {
    let body = body.trim();
    if body.is_empty() || body == "success" {
        return Ok(None);
    }
    let fields = read(target.format, body)?;
    let fields = match (target.mode, fields.contains_key("Encrypt")) {
        (PushMode::Plain, true) => return Err("sealed although the mode is plain".to_owned()),
        (PushMode::Secure, false) => return Err("not sealed although the mode is secure".to_owned()),
        (_, true) => opened(app, target.format, &fields)?,
        (_, false) => fields,
    };
    if target.format == PushFormat::Xml {
        check(app, openid, &fields)?;
    }
    Ok(Some(Value::Object(fields)))
}

fn read(format: PushFormat, body: &str) -> Result<Map<String, Value>, String> {
    let read = match format {
        PushFormat::Xml => xml::read(body),
        PushFormat::Json => serde_json::from_str(body).ok(),
    };
    read.ok_or_else(|| "neither success nor empty nor a message".to_owned())
}

fn opened(app: &OpenApp, format: PushFormat, fields: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    // The time may stand there as a number or as a text.
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("{name} is missing")),
    };
    let (sealed, signed) = (text("Encrypt")?, text("MsgSignature")?);
    let (timestamp, nonce) = (text("TimeStamp")?, text("Nonce")?);
    if signature(&[&app.message_token, &timestamp, &nonce, &sealed]) != signed {
        return Err("MsgSignature is wrong".to_owned());
    }
    let key = MessageKey::read(&app.message_aes_key).ok_or("the key is unusable")?;
    let (message, app_id) = key.open(&sealed).ok_or("Encrypt cannot be opened")?;
    if app_id != app.app_id {
        return Err("sealed for another application".to_owned());
    }
    read(format, &message)
}

fn check(app: &OpenApp, openid: &str, fields: &Map<String, Value>) -> Result<(), String> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("ToUserName") != openid || text("FromUserName") != app.original_id {
        return Err("ToUserName and FromUserName must be those of the push, the other way round".to_owned());
    }
    if text("CreateTime").parse::<i64>().is_err() {
        return Err("CreateTime is no number".to_owned());
    }
    match text("MsgType") {
        "text" if (1..=TEXT_MOST).contains(&text("Content").len()) => Ok(()),
        "text" => Err("Content is empty or too long".to_owned()),
        "image" | "voice" | "video" | "music" | "transfer_customer_service" => Ok(()),
        "news" => check_cards(text("ArticleCount"), fields.get("Articles")),
        other => Err(format!("there is no MsgType {other:?}")),
    }
}

fn check_cards(count: &str, articles: Option<&Value>) -> Result<(), String> {
    let items: Vec<&Value> = match articles.and_then(|articles| articles.get("item")) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item) => vec![item],
        None => Vec::new(),
    };
    let titled = |item: &&Value| item.get("Title").and_then(Value::as_str).is_some_and(|title| !title.is_empty());
    let fits = (1..=CARDS_MOST).contains(&items.len()) && count == items.len().to_string();
    if fits && items.iter().all(titled) { Ok(()) } else { Err("ArticleCount and Articles do not fit".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::Timestamp;
    use crate::wechat_simulator::apps::AppKind;
    use crate::wechat_simulator::dice::Dice;

    fn app() -> OpenApp {
        let dice = Dice::new(Some(1), Timestamp::from_millis(0));
        OpenApp::new(AppKind::Service, "wxS".to_owned(), String::new(), &dice)
    }

    fn target(mode: PushMode) -> PushTarget {
        PushTarget { url: "http://shop".to_owned(), mode, format: PushFormat::Xml }
    }

    fn reply(app: &OpenApp, kind: &str) -> String {
        let from = &app.original_id;
        format!(
            "<xml><ToUserName>o1</ToUserName><FromUserName>{from}</FromUserName><CreateTime>1</CreateTime>{kind}</xml>"
        )
    }

    fn sealed(app: &OpenApp, for_app: &str, message: &str) -> String {
        let key = MessageKey::read(&app.message_aes_key).unwrap();
        let encrypt = key.seal([1; 16], message, for_app).unwrap();
        let signed = signature(&[&app.message_token, "1", "n", &encrypt]);
        format!(
            "<xml><Encrypt>{encrypt}</Encrypt><MsgSignature>{signed}</MsgSignature><TimeStamp>1</TimeStamp><Nonce>n</Nonce></xml>"
        )
    }

    const TEXT: &str = "<MsgType>text</MsgType><Content>hello</Content>";

    #[test]
    fn good_answers_are_taken_in_their_mode() {
        let app = app();
        for body in ["", "success", " success\n"] {
            assert_eq!(judge(&app, &target(PushMode::Secure), "o1", body), Ok(None));
        }
        let plain = reply(&app, TEXT);
        let shown = judge(&app, &target(PushMode::Plain), "o1", &plain).unwrap().unwrap();
        assert_eq!(shown["Content"], "hello");
        let secure = sealed(&app, "wxS", &plain);
        for mode in [PushMode::Secure, PushMode::Compatible] {
            assert_eq!(judge(&app, &target(mode), "o1", &secure).unwrap().unwrap(), shown);
        }
        let card =
            "<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles><item><Title>t</Title></item></Articles>";
        assert!(judge(&app, &target(PushMode::Plain), "o1", &reply(&app, card)).is_ok());
    }

    #[test]
    fn bad_answers_are_refused_with_a_reason() {
        let app = app();
        let good = reply(&app, TEXT);
        let refused = |mode, body: &str| judge(&app, &target(mode), "o1", body).unwrap_err();
        assert!(refused(PushMode::Plain, "{\"ok\":true}").contains("neither"));
        assert!(refused(PushMode::Secure, &good).contains("not sealed"));
        assert!(refused(PushMode::Plain, &sealed(&app, "wxS", &good)).contains("sealed although"));
        assert!(refused(PushMode::Secure, &sealed(&app, "wxB", &good)).contains("another application"));
        let forged = sealed(&app, "wxS", &good).replace("<Nonce>n", "<Nonce>m");
        assert!(refused(PushMode::Secure, &forged).contains("MsgSignature"));
        assert!(refused(PushMode::Plain, &good.replace("o1", "o2")).contains("ToUserName"));
        assert!(refused(PushMode::Plain, &reply(&app, "<MsgType>text</MsgType>")).contains("Content"));
        assert!(refused(PushMode::Plain, &reply(&app, "<MsgType>song</MsgType>")).contains("MsgType"));
        let cards =
            "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles><item><Title>t</Title></item></Articles>";
        assert!(refused(PushMode::Plain, &reply(&app, cards)).contains("ArticleCount"));
    }
}
