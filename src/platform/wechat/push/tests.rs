//! Against the published vectors, and against what somebody else might send.

use proptest::prelude::*;

use super::*;
use crate::platform::wechat::test_server::vectors;

fn field<'a>(vector: &'a serde_json::Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn moment(vector: &serde_json::Value) -> Timestamp {
    Timestamp::from_millis(field(vector, "timestamp").parse::<i64>().unwrap() * SECOND_MS)
}

fn plain_keys() -> PushKeys {
    PushKeys::new("wxba5fad812f8e6fb9", &"AAAAA".into(), None).unwrap()
}

fn sealed_keys() -> PushKeys {
    let vector = &vectors()["push_encrypted"];
    let aes = SecretString::from(field(vector, "encoding_aes_key"));
    PushKeys::new(field(vector, "appid"), &field(vector, "token").into(), Some(&aes)).unwrap()
}

fn query(vector: &serde_json::Value) -> PushQuery {
    let optional = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
    PushQuery {
        signature: optional("signature"),
        timestamp: optional("timestamp"),
        nonce: optional("nonce"),
        echostr: optional("echostr"),
        encrypt_type: if vector["encrypt"].is_string() { "aes".to_owned() } else { String::new() },
        msg_signature: optional("msg_signature"),
    }
}

fn envelope(sealed: &str) -> Vec<u8> {
    serde_json::json!({"ToUserName": "gh_97417a04a28d", "Encrypt": sealed}).to_string().into_bytes()
}

#[test]
fn an_address_is_checked_as_published() {
    let vector = &vectors()["push_url_verify"];
    let (keys, query, now) = (plain_keys(), query(vector), moment(vector));
    assert_eq!(keys.check_address(&query, now), Ok(()));
    let forged = PushQuery { signature: "0".repeat(40), ..query.clone() };
    assert_eq!(keys.check_address(&forged, now), Err(PushRefusal::BadSignature));
    let short = PushQuery { signature: query.signature[..39].to_owned(), ..query.clone() };
    assert_eq!(keys.check_address(&short, now), Err(PushRefusal::BadSignature));
    for away in [-MAX_SKEW_MS - 1_000, MAX_SKEW_MS + 1_000] {
        assert_eq!(keys.check_address(&query, now.plus_millis(away)), Err(PushRefusal::Stale), "{away}");
    }
    let timeless = PushQuery { timestamp: "now".to_owned(), ..query };
    assert_eq!(keys.check_address(&timeless, now), Err(PushRefusal::Stale));
}

#[test]
fn a_plain_message_is_proven_as_published() {
    let vector = &vectors()["push_plain"];
    let (keys, query, now) = (plain_keys(), query(vector), moment(vector));
    let body = br#"{"ToUserName":"gh_97417a04a28d","MsgType":"event","CreateTime":1714037059,"ErrorCode":"0"}"#;
    let pushed = keys.open(&query, body, now).unwrap();
    assert_eq!((pushed.format, pushed.sealed), (PushFormat::Json, false));
    assert_eq!(pushed.message.text("CreateTime").as_deref(), Some("1714037059"), "a number");
    assert_eq!(pushed.message.text("ErrorCode").as_deref(), Some("0"), "a text");
    assert_eq!(pushed.message.text("Event"), None);
    let sealed_only = sealed_keys().open(&query, body, now);
    assert_eq!(sealed_only, Err(PushRefusal::WrongMode), "an account with a key takes no plain message");
}

#[test]
fn a_sealed_message_opens_as_published() {
    let vector = &vectors()["push_encrypted"];
    let (keys, query, now) = (sealed_keys(), query(vector), moment(vector));
    let body = envelope(field(vector, "encrypt"));
    let pushed = keys.open(&query, &body, now).unwrap();
    let (expected, _) = PushMessage::read(field(vector, "msg").as_bytes()).unwrap();
    assert_eq!((pushed.message, pushed.sealed), (expected, true));
    assert_eq!(plain_keys().open(&query, &body, now), Err(PushRefusal::WrongMode), "without a key");

    let by_the_other = PushQuery { msg_signature: query.signature.clone(), ..query.clone() };
    assert_eq!(keys.open(&by_the_other, &body, now), Err(PushRefusal::BadSignature), "it covers no message");
    let altered = field(vector, "encrypt").replacen("qdx1", "qdx2", 1);
    assert_eq!(keys.open(&query, &envelope(&altered), now), Err(PushRefusal::BadSignature));
    let foreign = PushKeys { app_id: "wx0000000000000000".to_owned(), ..sealed_keys() };
    assert_eq!(foreign.open(&query, &body, now), Err(PushRefusal::ForeignApp));
    assert_eq!(keys.open(&query, b"{}", now), Err(PushRefusal::Malformed));
}

#[test]
fn a_message_is_sealed_byte_for_byte_as_published() {
    let made = &vectors()["push_encrypted"];
    let prefix: [u8; PREFIX] = field(made, "random16").as_bytes().try_into().unwrap();
    let (timestamp, nonce) = (field(made, "timestamp"), field(made, "nonce"));
    let (sealed, signature) = sealed_keys().sealed_with(&prefix, field(made, "msg"), timestamp, nonce).unwrap();
    assert_eq!((sealed.as_str(), signature.as_str()), (field(made, "encrypt"), field(made, "msg_signature")));

    let answer = &vectors()["push_reply"];
    let prefix: [u8; PREFIX] = field(answer, "random16").as_bytes().try_into().unwrap();
    let (timestamp, nonce) = (field(answer, "timestamp"), field(answer, "nonce"));
    let (sealed, signature) = sealed_keys().sealed_with(&prefix, field(answer, "msg"), timestamp, nonce).unwrap();
    assert_eq!((sealed.as_str(), signature.as_str()), (field(answer, "encrypt"), field(answer, "msg_signature")));
}

#[test]
fn padding_that_is_none_is_not_stripped() {
    assert_eq!(without_padding(&[7; 32]), Some(&[7; 25][..]), "more of them than seven, and still seven are cut");
    for wrong in [&[][..], &[0; 32], &[33; 64], &[1, 2, 3, 2], &[5, 5]] {
        assert_eq!(without_padding(wrong).map(<[u8]>::len), None, "{wrong:?}");
    }
    assert_eq!(without_padding(&[9, 9, 2, 2]), Some(&[9, 9][..]));
}

#[test]
fn a_key_is_taken_as_the_console_draws_it() {
    let keys = |aes: &str| PushKeys::new("wx", &"token".into(), Some(&SecretString::from(aes)));
    // The last of 43 characters carries two bits more than fit 32 bytes; the console sets them as it likes.
    assert!(keys("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFZ").is_ok());
    for wrong in ["", "abc", &"A".repeat(42), &"A".repeat(44), &"%".repeat(43), &"中".repeat(43)] {
        assert_eq!(keys(wrong).err(), Some(PushSetupError::AesKey), "{wrong}");
    }
    assert_eq!(PushKeys::new("wx", &"".into(), None).err(), Some(PushSetupError::Token));
    assert!(!format!("{:?}", sealed_keys()).contains("AAAAA"), "secrets are not printed");
}

#[test]
fn xml_is_read_as_wechat_writes_it() {
    let text = "<xml>\n<ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[o<1]]></FromUserName>\
                <CreateTime>1714112445</CreateTime><MsgType><![CDATA[text]]></MsgType>\
                <Content>&lt;你 &#x597d;&amp;</Content><Nothing/>\
                <ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType></ScanCodeInfo>\
                <List><Id>1</Id></List><List><Id>2</Id></List></xml>\n";
    let (message, format) = PushMessage::read(text.as_bytes()).unwrap();
    assert_eq!(format, PushFormat::Xml);
    for (name, expected) in [
        ("ToUserName", "gh_1"),
        ("FromUserName", "o<1"),
        ("CreateTime", "1714112445"),
        ("Content", "<你 好&"),
        ("Nothing", ""),
    ] {
        assert_eq!(message.text(name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(message.text("ScanCodeInfo"), None, "it holds fields");
    assert_eq!(message.text("List"), None, "there are two");
}

#[test]
fn xml_with_anything_else_in_it_is_no_message() {
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(9), "</a>".repeat(9));
    let broad = format!("<xml>{}</xml>", "<a/>".repeat(501));
    let huge = format!("<xml><a>{}</a></xml>", "a".repeat(65 * 1_024));
    for text in [
        "",
        "success",
        "<xml>",
        "<xml></yml>",
        "<html><a>1</a></html>",
        "<xml></xml><xml></xml>",
        "words <xml></xml>",
        "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><Content>&a;</Content></xml>",
        "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml/>",
        "<xml><Content>&a;</Content></xml>",
        "<?php echo 1 ?><xml></xml>",
        "{\"a\": 1",
        "[1]",
        &deep,
        &broad,
        &huge,
    ] {
        let shown: String = text.chars().take(80).collect();
        assert_eq!(PushMessage::read(text.as_bytes()), Err(PushRefusal::Malformed), "{shown}");
    }
    assert_eq!(PushMessage::read(b"<xml><a>\xff\xfe</a></xml>"), Err(PushRefusal::Malformed));
}

#[test]
fn a_link_and_a_card_hold_whatever_they_are_given() {
    let hostile = "\"><script>]]>&</a>\u{0}";
    let link = PassiveReply::mini_program_link(hostile, "wx1", "pages/index/index?a=1&b=2", "https://shop.example/");
    let PassiveReply::Text(words) = &link else { panic!("a link is words") };
    assert!(!words.contains("<script") && words.matches("</a>").count() == 1, "{words}");
    let card = PassiveReply::News(NewsCard {
        title: hostile.to_owned(),
        description: "一\n二".to_owned(),
        picture_url: None,
        url: "https://shop.example/?a=1&b=2".to_owned(),
    });
    for reply in [link, card, PassiveReply::Text(hostile.to_owned())] {
        let xml = reply.xml("o1", "gh_1", Timestamp::from_millis(1_714_112_445_999));
        let (message, _) = PushMessage::read(xml.as_bytes()).unwrap();
        assert_eq!(message.text("CreateTime").as_deref(), Some("1714112445"));
        assert_eq!(message.text("ToUserName").as_deref(), Some("o1"));
        if let PassiveReply::Text(words) = &reply {
            assert_eq!(message.text("Content"), Some(words.replace('\u{0}', "")));
        }
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again(reply in ".{0,400}", nonce in "[0-9]{1,10}", xml: bool) {
        let keys = sealed_keys();
        let now = Timestamp::from_millis(1_714_112_445_000);
        let format = if xml { PushFormat::Xml } else { PushFormat::Json };
        let fields = serde_json::json!({"Content": reply}).to_string();
        let envelope = keys.seal(&fields, format, &nonce, now).unwrap();
        let (read, written) = PushMessage::read(envelope.as_bytes()).unwrap();
        prop_assert_eq!(written, format);
        let query = PushQuery {
            timestamp: read.text("TimeStamp").unwrap(),
            nonce: read.text("Nonce").unwrap(),
            msg_signature: read.text("MsgSignature").unwrap(),
            encrypt_type: "aes".to_owned(),
            ..PushQuery::default()
        };
        let pushed = keys.open(&query, envelope.as_bytes(), now).unwrap();
        prop_assert_eq!(pushed.message.text("Content"), Some(reply));
    }

    #[test]
    fn no_bytes_make_it_fall_over(body: Vec<u8>, text in ".{0,200}") {
        let _message = PushMessage::read(&body);
        let _sealed = open_sealed(sealed_keys().aes_key.as_ref().unwrap(), "wx", &text);
        let _plain = without_padding(&body);
    }
}
