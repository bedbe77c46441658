//! Claims about addresses, who they let in, and what engines say.

use super::adapters::{CssTrouble, read_css, read_nginx_rtmp, read_srs};
use super::*;
use crate::kernel::time::{MINUTE_MS, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn keys(main: &str, backup: Option<&str>) -> Keys {
    Keys { main: main.into(), backup: backup.map(Into::into) }
}

fn settings() -> StreamSettings {
    StreamSettings {
        push_host: "push.example".to_owned(),
        play_host: "play.example:1936".to_owned(),
        play_url: "https://play.example".to_owned(),
        app: "live".to_owned(),
        hash: UrlHash::Md5,
        push_keys: keys("push-key", Some("older-push-key")),
        play_keys: keys("play-key", None),
        push_life_ms: 60 * MINUTE_MS,
        play_life_ms: 10 * MINUTE_MS,
        play_validity_ms: MINUTE_MS,
        formats: PlayFormat::ALL.to_vec(),
        hooks: HookGate::default(),
        callback_key: Some("callback-key".into()),
    }
}

fn params_of(address: &str) -> Params {
    Params::read(address.split_once('?').unwrap().1)
}

#[test]
fn the_published_vector_is_met() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/wechat-test-vectors.json")).unwrap();
    let vector = &vectors["tx_secret"];
    let text = |name: &str| vector[name].as_str().unwrap();
    let settings = StreamSettings { push_keys: keys(text("key"), None), ..settings() };
    let query = format!("txSecret={}&txTime={}", text("txSecret"), text("txTime"));
    let before = Timestamp::from_millis(1_592_613_000_000 - 1);
    let publish = |now| settings.authorise(Intent::Publish, ("live", text("stream")), &Params::read(&query), now);
    assert_eq!(publish(before), Ok(Pass { viewer: None }));
    assert_eq!(publish(before.plus_millis(1)), Err(StreamRefusal::Expired), "0x5eed5888 is 2020-06-20 00:30:00 UTC");
    let upper = query.replace("5eed5888", "5EED5888");
    let upper = settings.authorise(Intent::Publish, ("live", text("stream")), &Params::read(&upper), before);
    assert_eq!(upper, Err(StreamRefusal::WrongSignature), "the text that stands in the address is hashed");
}

#[test]
fn addresses_are_written_as_the_engines_expect_them() {
    let settings = settings();
    let push = settings.push_address("room1", "abc", NOW);
    assert_eq!(push.server, "rtmp://push.example/live");
    assert_eq!(push.ends_at, NOW.plus_millis(60 * MINUTE_MS));
    let end = format!("{:X}", push.ends_at.seconds());
    assert!(
        push.key.starts_with("room1?txSecret=") && push.key.ends_with(&format!("&txTime={end}&pass=abc")),
        "{}",
        push.key
    );
    assert_eq!(push.url(), format!("rtmp://push.example/live/{}", push.key));
    let play = settings.play_addresses("room1", "u7", NOW);
    let starts: Vec<&str> = play.iter().map(|address| address.url.split('?').next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "rtmp://play.example:1936/live/room1",
            "https://play.example/live/room1.flv",
            "https://play.example/live/room1.m3u8",
            "webrtc://play.example:1936/live/room1",
        ]
    );
    let queries: std::collections::BTreeSet<&str> =
        play.iter().map(|address| address.url.split('?').nth(1).unwrap()).collect();
    assert_eq!(queries.len(), 1, "one signature for all forms: the hashed name has no extension");
    let few = StreamSettings { formats: vec![PlayFormat::Rtmp], ..settings };
    assert_eq!(few.play_addresses("room1", "u7", NOW).len(), 1);
}

#[test]
fn sha_256_signs_and_is_believed_where_it_is_chosen_and_nowhere_else() {
    let chosen = StreamSettings { hash: UrlHash::Sha256, ..settings() };
    let address = chosen.push_address("room1", "abc", NOW).key;
    let params = params_of(&address);
    assert_eq!(params.get("txSecret").map(str::len), Some(64));
    assert!(chosen.authorise(Intent::Publish, ("live", "room1"), &params, NOW).is_ok());
    let other = settings().authorise(Intent::Publish, ("live", "room1"), &params, NOW);
    assert_eq!(other, Err(StreamRefusal::WrongSignature));
}

/// Who publishes what with which arguments, and why not.
#[test]
fn publishing_takes_a_true_address_for_this_stream_until_its_end() {
    let settings = settings();
    let good = params_of(&settings.push_address("room1", "abc", NOW).key);
    let end = NOW.plus_millis(60 * MINUTE_MS);
    let older = StreamSettings { push_keys: keys("older-push-key", None), ..settings.clone() };
    let older = params_of(&older.push_address("room1", "abc", NOW).key);
    let foreign = StreamSettings { push_keys: keys("play-key", None), ..settings.clone() };
    let foreign = params_of(&foreign.push_address("room1", "abc", NOW).key);
    let without_end = Params::read(&format!("txSecret={}", good.get("txSecret").unwrap()));
    let longer = Params::read(&format!("txSecret={}&txTime=7FFFFFFF", good.get("txSecret").unwrap()));
    let pass = Ok(Pass { viewer: None });
    let cases = [
        ("as it was made", "live", "room1", &good, NOW, pass.clone()),
        ("in its last moment", "live", "room1", &good, end.plus_millis(-1), pass.clone()),
        ("when it is over", "live", "room1", &good, end, Err(StreamRefusal::Expired)),
        ("under the key before", "live", "room1", &older, NOW, pass),
        ("under the key of playing", "live", "room1", &foreign, NOW, Err(StreamRefusal::WrongSignature)),
        ("to another stream", "live", "room2", &good, NOW, Err(StreamRefusal::WrongSignature)),
        ("in another application", "vod", "room1", &good, NOW, Err(StreamRefusal::WrongApp)),
        ("without an end", "live", "room1", &without_end, NOW, Err(StreamRefusal::Unsigned)),
        ("with a later end", "live", "room1", &longer, NOW, Err(StreamRefusal::WrongSignature)),
        ("without anything", "live", "room1", &Params::default(), NOW, Err(StreamRefusal::Unsigned)),
    ];
    for (name, app, stream, params, now, expected) in cases {
        assert_eq!(settings.authorise(Intent::Publish, (app, stream), params, now), expected, "{name}");
    }
    assert_eq!(settings.recognise(Intent::Publish, ("live", "room1"), &good), Ok(Pass { viewer: None }));
}

#[test]
fn an_end_that_is_no_number_is_no_signature_even_when_it_is_signed() {
    for end in ["", "soon", "+5EED5888", "-1", "00000000000000001", " 5EED5888"] {
        let secret = UrlHash::Md5.secret(&"push-key".into(), "room1", end);
        let params = Params::read(&format!("txSecret={secret}&txTime={}", end.replace('+', "%2B").replace(' ', "%20")));
        let refused = settings().authorise(Intent::Publish, ("live", "room1"), &params, NOW);
        assert_eq!(refused, Err(StreamRefusal::Unsigned), "{end:?}");
    }
}

#[test]
fn playing_takes_an_address_that_says_who_watches() {
    let settings = settings();
    let url = settings.play_addresses("room1", "u7", NOW)[0].url.clone();
    let play = |query: &str, now| settings.authorise(Intent::Play, ("live", "room1"), &Params::read(query), now);
    let query = url.split_once('?').unwrap().1;
    assert_eq!(play(query, NOW), Ok(Pass { viewer: Some("u7".to_owned()) }));
    let last = NOW.plus_millis(11 * MINUTE_MS - 1);
    assert!(play(query, last).is_ok(), "the validity of the domain comes on top");
    assert_eq!(play(query, last.plus_millis(1)), Err(StreamRefusal::Expired));
    let unnamed = query.split("&viewer=").next().unwrap();
    assert_eq!(play(unnamed, NOW), Err(StreamRefusal::NoViewer));
    assert_eq!(play(&query.replace("viewer=u7-", "viewer=u8-"), NOW), Err(StreamRefusal::NoViewer));
    assert_eq!(play(&format!("{unnamed}&viewer=u7"), NOW), Err(StreamRefusal::NoViewer));
    let second = format!("viewer=u8-00&{query}");
    assert_eq!(play(&second, NOW), Err(StreamRefusal::NoViewer), "only the first of a name counts");
    let pushed = settings.push_address("room1", "abc", NOW).key;
    assert_eq!(play(pushed.split_once('?').unwrap().1, NOW), Err(StreamRefusal::WrongSignature));
    let later = settings.play_addresses("room1", "u7", NOW.plus_millis(1000))[0].url.clone();
    let seal = later.rsplit('-').next().unwrap();
    assert_eq!(play(&format!("{unnamed}&viewer=u7-{seal}"), NOW), Err(StreamRefusal::NoViewer), "of another address");
}

fn srs(action: &str, more: serde_json::Value) -> StreamEvent {
    let mut body = serde_json::json!({
        "server_id": "vid-1", "action": action, "client_id": "c-1", "ip": "192.0.2.1", "vhost": "__defaultVhost__",
        "app": "live", "stream": "room1", "param": "?txSecret=a%2Bb&txTime=5EED5888",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    read_srs(body.to_string().as_bytes()).unwrap()
}

#[test]
fn what_srs_says_is_read() {
    let none = serde_json::json!({});
    let publish = srs("on_publish", none.clone());
    assert_eq!((publish.app.as_str(), publish.stream.as_str(), publish.client.as_str()), ("live", "room1", "c-1"));
    assert_eq!((publish.params.get("txSecret"), publish.params.get("txTime")), (Some("a+b"), Some("5EED5888")));
    for (action, deed) in [
        ("on_connect", StreamDeed::Connect),
        ("on_publish", StreamDeed::Publish),
        ("on_unpublish", StreamDeed::Unpublish),
        ("on_play", StreamDeed::Play),
        ("on_stop", StreamDeed::Stop),
        ("on_dvr", StreamDeed::Recorded),
        ("on_hls", StreamDeed::Other),
    ] {
        assert_eq!(srs(action, none.clone()).deed, deed, "{action}");
    }
    let older = srs("on_play", serde_json::json!({"client_id": 107, "param": "", "tcUrl": "rtmp://h/live?txTime=1"}));
    assert_eq!((older.client.as_str(), older.params.get("txTime")), ("107", Some("1")));
    let file =
        |cwd: &str, file: &str| srs("on_dvr", serde_json::json!({"cwd": cwd, "file": file})).recording.unwrap().file;
    assert_eq!(file("/usr/local/srs", "./objs/live/room1.flv"), "/usr/local/srs/objs/live/room1.flv");
    assert_eq!(file("/usr/local/srs", "/data/room1.flv"), "/data/room1.flv");
    for nonsense in ["", "[]", "{}", r#"{"action": 3}"#] {
        assert_eq!(read_srs(nonsense.as_bytes()), None, "{nonsense}");
    }
}

#[test]
fn what_nginx_says_is_read_and_a_client_cannot_speak_for_it() {
    let read = |body: &str| read_nginx_rtmp(body.as_bytes()).unwrap();
    let whole = "app=live&flashver=FMLE/3.0&swfurl=&tcurl=rtmp://h:1935/live&pageurl=&addr=192.0.2.1&clientid=9\
                 &call=publish&name=room1&type=live&txSecret=abc&txTime=5EED5888";
    let publish = read(whole);
    assert_eq!((publish.deed, publish.stream.as_str(), publish.client.as_str()), (StreamDeed::Publish, "room1", "9"));
    assert_eq!((publish.params.get("txSecret"), publish.params.get("addr")), (Some("abc"), None));
    let forged = read(&format!("{whole}&call=publish_done&name=room2&app=other&clientid=1"));
    assert_eq!((forged.deed, forged.stream.as_str(), forged.app.as_str()), (StreamDeed::Publish, "room1", "live"));
    for (call, deed) in [
        ("connect", StreamDeed::Connect),
        ("publish_done", StreamDeed::Unpublish),
        ("play", StreamDeed::Play),
        ("play_done", StreamDeed::Stop),
        ("update_publish", StreamDeed::KeepPublishing),
        ("update_play", StreamDeed::KeepPlaying),
        ("done", StreamDeed::Other),
    ] {
        assert_eq!(read(&format!("app=live&call={call}&name=room1")).deed, deed, "{call}");
    }
    let recorded = read("app=live&call=record_done&name=room1&path=/var/rec/room1-1.flv").recording.unwrap();
    assert_eq!(recorded.file, "/var/rec/room1-1.flv");
    for nonsense in [&b""[..], b"app=live", b"\xff\xfe"] {
        assert_eq!(read_nginx_rtmp(nonsense), None);
    }
}

#[test]
fn a_callback_of_css_is_believed_until_its_end_when_it_is_signed() {
    let until = NOW.seconds();
    // md5("callback-key1790000000")
    let sign = super::signing::md5_hex(format!("callback-key{until}").as_bytes());
    let body = |event_type: i64, sign: &str, t: i64| {
        serde_json::json!({
            "event_type": event_type, "t": t, "sign": sign, "stream_id": "room1", "channel_id": "room1",
            "appname": "live", "sequence": "6674468118806626493", "stream_param": "txSecret=a&txTime=b",
            "video_url": "http://1.vod2.myqcloud.com/a/f0.mp4", "duration": 1800, "start_time": 1_789_990_000,
        })
        .to_string()
    };
    let read = |settings: &StreamSettings, body: &str, now| read_css(settings, body.as_bytes(), now);
    let settings = settings();
    let publish = read(&settings, &body(1, &sign, until), NOW).unwrap();
    assert_eq!((publish.deed, publish.app.as_str(), publish.stream.as_str()), (StreamDeed::Publish, "live", "room1"));
    assert_eq!((publish.client.as_str(), publish.recording), ("6674468118806626493", None));
    assert_eq!(read(&settings, &body(0, &sign, until), NOW).unwrap().deed, StreamDeed::Unpublish);
    let recording = read(&settings, &body(100, &sign, until), NOW).unwrap().recording.unwrap();
    assert_eq!(
        (recording.file.as_str(), recording.duration_ms),
        ("http://1.vod2.myqcloud.com/a/f0.mp4", Some(1_800_000))
    );
    assert_eq!(recording.began_at, Some(Timestamp::from_millis(1_789_990_000_000)));
    assert_eq!(read(&settings, &body(332, &sign, until), NOW).unwrap().deed, StreamDeed::Other);

    let doubt = Err(CssTrouble::NotBelieved);
    assert_eq!(read(&settings, &body(1, &sign, until + 1), NOW), doubt, "another end than the signed one");
    assert_eq!(read(&settings, &body(1, &sign, until), NOW.plus_millis(1000)), doubt, "over");
    assert_eq!(read(&StreamSettings { callback_key: None, ..settings.clone() }, &body(1, &sign, until), NOW), doubt);
    assert_eq!(read(&settings, "{}", NOW), Err(CssTrouble::Malformed));
}

#[test]
fn only_an_engine_that_shows_all_that_is_asked_is_let_in() {
    let address = |text: &str| text.parse().unwrap();
    let neither = HookGate::default();
    let secret = HookGate { secret: Some("hook-secret".into()), addresses: Vec::new() };
    let listed = HookGate { secret: None, addresses: vec![address("127.0.0.1")] };
    let both = HookGate { secret: Some("hook-secret".into()), addresses: vec![address("127.0.0.1")] };
    let (good, bad) = (Some("hook-secret"), Some("hook-secre7"));
    for (gate, shown, from, expected) in [
        (&neither, good, "127.0.0.1", false),
        (&secret, good, "192.0.2.9", true),
        (&secret, good, "unknown", true),
        (&secret, bad, "127.0.0.1", false),
        (&secret, None, "127.0.0.1", false),
        (&listed, None, "127.0.0.1", true),
        (&listed, None, "::ffff:127.0.0.1", true),
        (&listed, None, "192.0.2.9", false),
        (&listed, None, "unknown", false),
        (&both, good, "127.0.0.1", true),
        (&both, good, "192.0.2.9", false),
        (&both, None, "127.0.0.1", false),
    ] {
        assert_eq!(gate.admits(shown, from), expected, "{gate:?} {shown:?} {from}");
    }
}
