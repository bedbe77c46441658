//! Writing answers: the few messages that may be sent back at once, and the envelope of sealed ones.

use serde_json::json;

use super::PushFormat;
use crate::kernel::time::Timestamp;

/// A message that answers another at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassiveReply {
    /// Words. WeChat shows links in it, also such as open a mini-program ([`mini_program_link`](Self::mini_program_link)).
    Text(String),
    /// A card that opens a web page.
    News(NewsCard),
}

/// A card that opens a web page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsCard {
    /// Its headline.
    pub title: String,
    /// The words under it.
    pub description: String,
    /// Where its picture is, if it has one.
    pub picture_url: Option<String>,
    /// What it opens.
    pub url: String,
}

impl PassiveReply {
    /// Words that open a page of a mini-program. A client that cannot do so opens `fallback_url`. A card of its own is
    /// not among the messages that WeChat takes as an answer.
    pub fn mini_program_link(words: &str, app_id: &str, path: &str, fallback_url: &str) -> Self {
        Self::Text(format!(
            "<a href=\"{}\" data-miniprogram-appid=\"{}\" data-miniprogram-path=\"{}\">{}</a>",
            attribute(fallback_url),
            attribute(app_id),
            attribute(path),
            attribute(words),
        ))
    }

    /// The XML of this message to `openid` from the account `original_id`.
    pub fn xml(&self, openid: &str, original_id: &str, now: Timestamp) -> String {
        let (kind, content) = match self {
            Self::Text(words) => ("text", format!("<Content>{}</Content>", cdata(words))),
            Self::News(card) => ("news", card.xml()),
        };
        format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime>\
             <MsgType>{}</MsgType>{content}</xml>",
            cdata(openid),
            cdata(original_id),
            now.seconds(),
            cdata(kind),
        )
    }
}

impl NewsCard {
    fn xml(&self) -> String {
        let picture = self.picture_url.as_deref().unwrap_or_default();
        format!(
            "<ArticleCount>1</ArticleCount><Articles><item><Title>{}</Title><Description>{}</Description>\
             <PicUrl>{}</PicUrl><Url>{}</Url></item></Articles>",
            cdata(&self.title),
            cdata(&self.description),
            cdata(picture),
            cdata(&self.url),
        )
    }
}

impl PushFormat {
    /// What a sealed answer is sent in.
    pub(super) fn envelope(self, sealed: &str, signature: &str, timestamp: &str, nonce: &str) -> String {
        match self {
            Self::Xml => format!(
                "<xml><Encrypt>{}</Encrypt><MsgSignature>{}</MsgSignature><TimeStamp>{timestamp}</TimeStamp>\
                 <Nonce>{}</Nonce></xml>",
                cdata(sealed),
                cdata(signature),
                cdata(nonce),
            ),
            Self::Json => {
                let seconds: i64 = timestamp.parse().unwrap_or_default();
                json!({"Encrypt": sealed, "MsgSignature": signature, "TimeStamp": seconds, "Nonce": nonce}).to_string()
            }
        }
    }
}

/// Text as character data: what would end it is cut in two, and what XML cannot hold is left out.
fn cdata(text: &str) -> String {
    let writable: String = text.chars().filter(|character| is_writable(*character)).collect();
    format!("<![CDATA[{}]]>", writable.replace("]]>", "]]]]><![CDATA[>"))
}

fn is_writable(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Text inside a link, so that it cannot end the link or its attribute.
fn attribute(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
