//! Pure decisions: what a message says, which answer fits, and what staff may write down.

use serde_json::{Value, json};

use super::model::{CODE_FRESH_MS, CODE_LIFE_SECONDS, CodeKind, MAX_NAME, MAX_TEXT, Matching, Occasion, PushKind};
use super::model::{ReplyContent, ReplyDraft, ReplyRow, ServiceCode};
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::platform::secrets::token_hash;
use crate::platform::wechat::push::{NewsCard, PassiveReply, PushMessage, PushQuery};

/// What WeChat puts before a scene when the scan began the following.
const SCENE_PREFIX: &str = "qrscene_";
/// Most bytes of an answer.
const MAX_TEXT_BYTES: usize = 2_048;
/// Most characters of an address.
const MAX_URL: usize = 512;
/// Most characters of the page of a mini-program.
const MAX_PATH: usize = 256;
/// Most characters of the words under a headline.
const MAX_DESCRIPTION: usize = 120;
/// Most characters that are kept of what somebody wrote.
const MAX_WORDS: usize = 2_048;
/// Most characters of an openid.
const MAX_OPENID: usize = 64;

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// Of which kind.
    pub(super) kind: PushKind,
    /// To which account, by its original id.
    pub(super) to: String,
    /// Who it is about.
    pub(super) openid: String,
    /// What was written, the key of the menu, the scene, or what became of a template message.
    pub(super) words: String,
    /// WeChat's number of the template message.
    pub(super) message_id: String,
    /// What makes it the same message when it comes again.
    pub(super) dedup_key: String,
    /// WeChat's moment of it.
    pub(super) sent_at: Timestamp,
}

impl Said {
    /// The scene of the code that was scanned.
    pub(super) fn scene(&self) -> Option<&str> {
        let scanned = matches!(self.kind, PushKind::Subscribe | PushKind::Scan);
        Some(self.words.as_str()).filter(|scene| scanned && !scene.is_empty())
    }
}

/// Reads a message; `None` when it does not say who, to whom and when.
pub(super) fn read(message: &PushMessage) -> Option<Said> {
    let text = |name: &str| message.text(name).unwrap_or_default();
    let (to, openid) = (text("ToUserName"), text("FromUserName"));
    let seconds: i64 = text("CreateTime").parse().ok().filter(|seconds| (0..=MAX_SECONDS).contains(seconds))?;
    let kind_word = text("MsgType");
    let speakable =
        |id: &str| !id.is_empty() && id.len() <= MAX_OPENID && id.bytes().all(|byte| byte.is_ascii_graphic());
    if kind_word.is_empty() || !speakable(&openid) || !speakable(&to) {
        return None;
    }
    let event = if kind_word == "event" { text("Event") } else { String::new() };
    let key = text("EventKey");
    let (kind, words) = match (kind_word.as_str(), event.as_str()) {
        ("text", _) => (PushKind::Text, text("Content")),
        ("event", "subscribe") => (PushKind::Subscribe, key.strip_prefix(SCENE_PREFIX).unwrap_or_default().to_owned()),
        ("event", "unsubscribe") => (PushKind::Unsubscribe, String::new()),
        ("event", "SCAN") => (PushKind::Scan, key.clone()),
        ("event", "CLICK") => (PushKind::Click, key.clone()),
        ("event", "VIEW") => (PushKind::View, key.clone()),
        ("event", "TEMPLATESENDJOBFINISH") => (PushKind::TemplateSent, text("Status")),
        ("event", _) => (PushKind::Other, event.clone()),
        _ => (PushKind::Other, kind_word.clone()),
    };
    let message_id = if kind == PushKind::TemplateSent { text("MsgID") } else { String::new() };
    let dedup_key = match text("MsgId") {
        id if !id.is_empty() => format!("message:{}", token_hash(&id)),
        // Several template messages to one person may end in one second; their numbers tell them apart.
        _ => format!("event:{}", token_hash(&format!("{openid}\n{seconds}\n{event}\n{key}\n{}", text("MsgID")))),
    };
    let words = words.chars().take(MAX_WORDS).filter(|character| *character != '\0').collect();
    let sent_at = Timestamp::from_millis(seconds.saturating_mul(SECOND_MS));
    Some(Said { kind, to, openid, words, message_id, dedup_key, sent_at })
}

/// The last second that is taken for a moment: the end of the year 9999.
const MAX_SECONDS: i64 = 253_402_300_799;

/// What a signature was drawn for. WeChat draws a nonce for each message, so one that comes again under other words was
/// taken from somewhere.
pub(super) fn nonce_key(query: &PushQuery) -> String {
    format!("{}.{}", query.timestamp, query.nonce)
}

/// The answer that fits: of those for these words, or this key, the exact ones first and then those that are part of
/// it, each in the order of staff; else the default. `replies` come in that order.
pub(super) fn choose<'a>(replies: &'a [ReplyRow], said: &Said) -> Option<&'a ReplyRow> {
    let given = |occasion: Occasion| replies.iter().filter(move |reply| reply.enabled && reply.occasion == occasion);
    let written = said.words.trim().to_lowercase();
    let is = |reply: &&ReplyRow, matching: Matching, fits: fn(&str, &str) -> bool| {
        let words = reply.words.as_deref().unwrap_or_default().to_lowercase();
        reply.matching == Some(matching) && fits(&written, &words)
    };
    match said.kind {
        PushKind::Text => given(Occasion::Keyword)
            .find(|reply| is(reply, Matching::Exact, |written, words| written == words))
            .or_else(|| {
                given(Occasion::Keyword)
                    .find(|reply| is(reply, Matching::Contains, |written, words| written.contains(words)))
            })
            .or_else(|| given(Occasion::Default).next()),
        PushKind::Click => given(Occasion::Menu).find(|reply| reply.words.as_deref() == Some(said.words.as_str())),
        PushKind::Subscribe => given(Occasion::Welcome).next(),
        _ => None,
    }
}

/// The mini-program that answers lead into, and where clients go that cannot open it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'a> {
    /// The mini-program's app id.
    pub(super) app_id: &'a str,
    /// A web address.
    pub(super) web_address: &'a str,
}

/// An answer as WeChat takes it. Without a mini-program its words remain.
pub(super) fn rendered(content: &ReplyContent, destination: Option<Destination<'_>>) -> PassiveReply {
    match content {
        ReplyContent::Text { text } => PassiveReply::Text(text.clone()),
        ReplyContent::News { title, description, url, picture_url } => PassiveReply::News(NewsCard {
            title: title.clone(),
            description: description.clone(),
            picture_url: picture_url.clone(),
            url: url.clone(),
        }),
        ReplyContent::MiniProgram { text, path } => link(text, path, destination),
    }
}

/// Words that open a page of the mini-program.
pub(super) fn link(words: &str, path: &str, destination: Option<Destination<'_>>) -> PassiveReply {
    match destination {
        Some(to) => PassiveReply::mini_program_link(words, to.app_id, path, to.web_address),
        None => PassiveReply::Text(words.to_owned()),
    }
}

/// Whether a code has to be made, or made anew: WeChat never made it, or it ends within a day.
pub(super) fn needs_making(code: &ServiceCode, now: Timestamp) -> bool {
    let ends_soon = |at: Timestamp| at.millis_since(now) < CODE_FRESH_MS;
    code.ticket.is_none() || code.expires_at.is_some_and(ends_soon)
}

/// How long WeChat is asked to let a code live, in seconds.
pub(super) const fn life_of(kind: CodeKind) -> Option<i64> {
    match kind {
        CodeKind::Temporary => Some(CODE_LIFE_SECONDS),
        CodeKind::Permanent => None,
    }
}

/// A name as it is kept.
///
/// # Errors
/// What is wrong with it.
pub(super) fn name(name: &str) -> Result<String, Value> {
    words("name", name, MAX_NAME)
}

/// An answer as it is kept.
///
/// # Errors
/// Which field breaks which rule.
pub(super) fn reply(draft: &ReplyDraft) -> Result<ReplyDraft, Value> {
    let matches = draft.occasion == Occasion::Keyword;
    if draft.matching.is_some() != matches {
        return Err(flaw("matching", "exactly for keywords"));
    }
    let takes_words = matches || draft.occasion == Occasion::Menu;
    if draft.words.is_some() != takes_words {
        return Err(flaw("words", "exactly for keywords and menus"));
    }
    let kept = draft.words.as_deref().map(|text| words("words", text, MAX_NAME)).transpose()?;
    Ok(ReplyDraft { words: kept, content: content(&draft.content)?, ..draft.clone() })
}

fn content(content: &ReplyContent) -> Result<ReplyContent, Value> {
    match content {
        ReplyContent::Text { text } => {
            let text = lines("content.text", text, MAX_TEXT)?;
            if text.len() > MAX_TEXT_BYTES {
                return Err(flaw("content.text", "at most 2048 bytes"));
            }
            Ok(ReplyContent::Text { text })
        }
        ReplyContent::News { title, description, url, picture_url } => {
            let description = match description.trim() {
                "" => String::new(),
                some => lines("content.description", some, MAX_DESCRIPTION)?,
            };
            Ok(ReplyContent::News {
                title: words("content.title", title, MAX_NAME)?,
                description,
                url: address("content.url", url)?,
                picture_url: picture_url.as_deref().map(|url| address("content.picture_url", url)).transpose()?,
            })
        }
        ReplyContent::MiniProgram { text, path } => {
            let fits = !path.is_empty()
                && path.len() <= MAX_PATH
                && !path.starts_with('/')
                && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
                && !path.contains("://");
            if !fits {
                return Err(flaw("content.path", "a page of the mini-program, such as pages/index/index"));
            }
            Ok(ReplyContent::MiniProgram { text: words("content.text", text, MAX_NAME)?, path: path.clone() })
        }
    }
}

fn flaw(field: &str, rule: &str) -> Value {
    json!({ "field": field, "rule": rule })
}

fn lines(field: &str, text: &str, most: usize) -> Result<String, Value> {
    let text = text.trim();
    if !(1..=most).contains(&text.chars().count()) {
        return Err(flaw(field, &format!("1 to {most} characters")));
    }
    if text.chars().any(|character| character.is_control() && character != '\n') {
        return Err(flaw(field, "no control characters but line ends"));
    }
    Ok(text.to_owned())
}

fn words(field: &str, text: &str, most: usize) -> Result<String, Value> {
    let text = lines(field, text, most)?;
    if text.contains('\n') { Err(flaw(field, "one line")) } else { Ok(text) }
}

fn address(field: &str, text: &str) -> Result<String, Value> {
    let fits = text.len() <= MAX_URL
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && reqwest::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if fits { Ok(text.to_owned()) } else { Err(flaw(field, "an https address of at most 512 characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entrance::EntranceId;
    use crate::service_account::model::ReplyId;

    fn message(fields: &str) -> PushMessage {
        let xml = format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1714112445</CreateTime>\
             {fields}</xml>"
        );
        PushMessage::read(xml.as_bytes()).unwrap().0
    }

    fn event(word: &str, rest: &str) -> Said {
        read(&message(&format!("<MsgType>event</MsgType><Event>{word}</Event>{rest}"))).unwrap()
    }

    fn written(words: &str) -> Said {
        read(&message(&format!("<MsgType>text</MsgType><Content>{words}</Content><MsgId>1</MsgId>"))).unwrap()
    }

    #[test]
    fn a_scene_comes_with_and_without_its_prefix() {
        let followed = event("subscribe", "<EventKey>qrscene_abc</EventKey><Ticket>t</Ticket>");
        assert_eq!((followed.kind, followed.scene()), (PushKind::Subscribe, Some("abc")));
        let scanned = event("SCAN", "<EventKey>qrscene_abc</EventKey>");
        assert_eq!(scanned.scene(), Some("qrscene_abc"), "a scan's scene has no prefix to take away");
        assert_eq!(event("subscribe", "").scene(), None);
        assert_eq!(event("subscribe", "<EventKey>last_trade_no_1</EventKey>").scene(), None);
        assert_eq!(event("CLICK", "<EventKey>abc</EventKey>").scene(), None, "a menu is no code");
        assert_eq!(followed.sent_at, Timestamp::from_millis(1_714_112_445_000));
    }

    #[test]
    fn the_same_message_has_the_same_key_and_another_has_another() {
        assert_eq!(written("a").dedup_key, written("b").dedup_key, "WeChat's number decides");
        assert_eq!(
            event("SCAN", "<EventKey>a</EventKey>").dedup_key,
            event("SCAN", "<EventKey>a</EventKey>").dedup_key
        );
        assert_ne!(
            event("SCAN", "<EventKey>a</EventKey>").dedup_key,
            event("SCAN", "<EventKey>b</EventKey>").dedup_key
        );
        assert_ne!(event("SCAN", "").dedup_key, event("subscribe", "").dedup_key);
        let sent = |id: u8| event("TEMPLATESENDJOBFINISH", &format!("<MsgID>{id}</MsgID><Status>success</Status>"));
        assert_ne!(sent(1).dedup_key, sent(2).dedup_key);
        assert_eq!((sent(1).words.as_str(), sent(1).message_id.as_str()), ("success", "1"));
    }

    #[test]
    fn what_does_not_say_who_to_whom_and_when_is_no_message() {
        for fields in [
            "<ToUserName>gh_1</ToUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>",
            "<FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>",
            "<ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><MsgType>text</MsgType>",
            "<ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>",
            "<ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>-1</CreateTime><MsgType>text</MsgType>",
            "<ToUserName>gh_1</ToUserName><FromUserName>中文</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>",
            "<ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>9223372036854775807</CreateTime><MsgType>text</MsgType>",
        ] {
            let (message, _) = PushMessage::read(format!("<xml>{fields}</xml>").as_bytes()).unwrap();
            assert_eq!(read(&message), None, "{fields}");
        }
        assert_eq!(event("LOCATION", "").kind, PushKind::Other, "what nobody acts on is still a message");
    }

    fn row(occasion: Occasion, matching: Option<Matching>, words: Option<&str>, position: i64) -> ReplyRow {
        ReplyRow {
            id: ReplyId::new(position),
            entrance_id: EntranceId::new(1),
            occasion,
            matching,
            words: words.map(str::to_owned),
            content: String::new(),
            position,
            enabled: true,
            version: 1,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    #[test]
    fn the_exact_answer_goes_before_one_that_is_contained_and_both_before_the_default() {
        let mut replies = [
            row(Occasion::Default, None, None, 1),
            row(Occasion::Keyword, Some(Matching::Contains), Some("客服"), 2),
            row(Occasion::Keyword, Some(Matching::Contains), Some("人工客服"), 3),
            row(Occasion::Keyword, Some(Matching::Exact), Some("Hello"), 4),
            row(Occasion::Menu, None, Some("orders"), 5),
            row(Occasion::Welcome, None, None, 6),
        ];
        let given = |replies: &[ReplyRow], said: &Said| choose(replies, said).map(|reply| reply.position);
        assert_eq!(given(&replies, &written(" hELLO ")), Some(4), "neither blanks nor capitals matter");
        assert_eq!(given(&replies, &written("hello 你好")), Some(1), "exact is exact");
        assert_eq!(given(&replies, &written("我要人工客服")), Some(2), "the first of two that fit");
        assert_eq!(given(&replies, &event("CLICK", "<EventKey>orders</EventKey>")), Some(5));
        assert_eq!(given(&replies, &event("CLICK", "<EventKey>Orders</EventKey>")), None, "a menu has no default");
        assert_eq!(given(&replies, &event("subscribe", "")), Some(6));
        assert_eq!(given(&replies, &event("SCAN", "<EventKey>orders</EventKey>")), None);
        replies[3].enabled = false;
        assert_eq!(given(&replies, &written("hello")), Some(1));
    }

    fn draft(occasion: Occasion, content: ReplyContent) -> ReplyDraft {
        let takes_words = matches!(occasion, Occasion::Keyword | Occasion::Menu);
        let words = takes_words.then(|| " 词 ".to_owned());
        let matching = (occasion == Occasion::Keyword).then_some(Matching::Exact);
        ReplyDraft { occasion, matching, words, content, enabled: true }
    }

    fn text(text: &str) -> ReplyContent {
        ReplyContent::Text { text: text.to_owned() }
    }

    #[test]
    fn an_answer_is_kept_only_when_wechat_would_take_it() {
        let kept = reply(&draft(Occasion::Keyword, text(" 第一行\n第二行 "))).unwrap();
        assert_eq!((kept.words.as_deref(), kept.content), (Some("词"), text("第一行\n第二行")));
        let news = |url: &str| ReplyContent::News {
            title: "题".to_owned(),
            description: String::new(),
            url: url.to_owned(),
            picture_url: None,
        };
        let page = |path: &str| ReplyContent::MiniProgram { text: "看".to_owned(), path: path.to_owned() };
        assert!(reply(&draft(Occasion::Welcome, news("https://shop.example/a?b=1"))).is_ok());
        assert!(reply(&draft(Occasion::Default, page("pages/index/index?a=1"))).is_ok());
        for wrong in [
            text(""),
            text(" "),
            text("\u{7}"),
            text(&"长".repeat(601)),
            text(&"😀".repeat(600)),
            news("http://shop.example/"),
            news("javascript:alert(1)"),
            news("https://"),
            page("/pages/index/index"),
            page("https://shop.example/"),
            page("pages/a#b"),
            page(""),
        ] {
            assert!(reply(&draft(Occasion::Welcome, wrong.clone())).is_err(), "{wrong:?}");
        }
        let without_words = ReplyDraft { words: None, ..draft(Occasion::Keyword, text("a")) };
        let with_words = ReplyDraft { words: Some("a".to_owned()), ..draft(Occasion::Welcome, text("a")) };
        let matching_menu = ReplyDraft { matching: Some(Matching::Exact), ..draft(Occasion::Menu, text("a")) };
        for wrong in [without_words, with_words, matching_menu] {
            assert!(reply(&wrong).is_err(), "{wrong:?}");
        }
    }
}
