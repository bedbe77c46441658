//! What real SDKs sent, read again.

use serde_json::json;

use super::{body, posthog, sensors};
use crate::analytics::model::{AGENT, DEVICE, OPENID, PAGE, PropertyValue, SCENE, SHARE, SubjectKey};
use crate::kernel::time::Timestamp;

#[test]
fn bodies_are_unpacked_as_the_sdks_pack_them() {
    // base64 of [{"a":1}], with and without padding, escaped and not.
    for body in [
        "data_list=W3siYSI6MX1d",
        "data_list=W3siYSI6MX1d&gzip=0",
        "x=1&data_list=W3siYSI6MX1d",
        "data=eyJhIjoxfQ%3D%3D",
        "data=eyJhIjoxfQ",
    ] {
        assert_eq!(body::sensors_objects(body), Some(vec![json!({"a": 1})]), "{body}");
    }
    // gzip of the same.
    let packed = "H4sIAAAAAAACA4uuVkpUsjKsjQUAfXPL8gkAAAA=";
    assert_eq!(body::packed_objects(packed), Some(vec![json!({"a": 1})]));
    for broken in [
        "",
        "data_list=",
        "data_list=%",
        "data_list=%zz",
        "data_list=!!!!",
        "data_list=W10",
        "data=MQ==",
        "data_list=H4sI",
    ] {
        let read = body::sensors_objects(broken);
        assert!(read.is_none() || read == Some(Vec::new()), "{broken}: {read:?}");
    }
}

#[test]
fn a_launch_told_by_sensors_analytics_is_read() {
    let object = json!({
        "distinct_id": "1763798400000-1234-0a1b2c3d-5678", "type": "track", "event": "$MPLaunch", "time": 1_763_798_400_000_i64,
        "_flush_time": 1_763_798_406_000_i64, "_track_id": 123_456_789,
        "identities": {"$identity_mp_id": "1763798400000-1234-0a1b2c3d-5678", "$identity_mp_wx1_openid": "oABC"},
        "anonymous_id": "1763798400000-1234-0a1b2c3d-5678",
        "lib": {"$lib": "MiniProgram", "$lib_method": "code", "$lib_version": "1.22.7"},
        "properties": {
            "$scene": "wx-1007", "$url_path": "pages/index", "$url_query": "id=1&share=tok123", "$network_type": "wifi",
            "$latest_scene": "未取到值", "$is_first_time": true, "$screen_width": 375, "$lib": "MiniProgram", "plan": {"a": 1}
        }
    });
    let event = sensors::incoming(&object).unwrap();
    assert_eq!((event.name.as_str(), &event.same_as), ("$MPLaunch", &Vec::new()));
    assert_eq!(event.subject, SubjectKey::LoggedIn("1763798400000-1234-0a1b2c3d-5678".to_owned()));
    assert_eq!(event.at, Some(Timestamp::from_millis(1_763_798_400_000)));
    assert_eq!(event.sent_at, Some(Timestamp::from_millis(1_763_798_406_000)));
    let text = |name: &str| match event.properties.get(name) {
        Some(PropertyValue::Text(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(
        (text(SCENE), text(PAGE), text(SHARE)),
        ("1007".to_owned(), "pages/index".to_owned(), "tok123".to_owned())
    );
    assert_eq!((text(OPENID), text(DEVICE)), ("oABC".to_owned(), "1763798400000-1234-0a1b2c3d-5678".to_owned()));
    assert_eq!((text(AGENT), text("network_type")), ("sensors MiniProgram 1.22.7".to_owned(), "wifi".to_owned()));
    assert_eq!(text("plan"), "{\"a\":1}");
    assert!(!event.properties.contains_key("latest_scene"), "what is not known is not told");
    assert_eq!(event.properties.get("is_first_time"), Some(&PropertyValue::Flag(true)));

    let mut later = object.clone();
    later["_flush_time"] = json!(1_763_798_499_000_i64);
    assert_eq!(sensors::incoming(&later).unwrap().event_id, event.event_id, "a second try is the same event");
    later["_track_id"] = json!(987_654_321);
    assert_ne!(sensors::incoming(&later).unwrap().event_id, event.event_id);
}

#[test]
fn signing_up_and_binding_say_who_is_the_same() {
    let signup = json!({
        "type": "track_signup", "event": "$SignUp", "distinct_id": "42", "login_id": "42", "original_id": "anon-1",
        "anonymous_id": "anon-1", "time": 1, "_flush_time": 2, "properties": {}
    });
    let event = sensors::incoming(&signup).unwrap();
    assert_eq!(event.subject, SubjectKey::LoggedIn("42".to_owned()));
    assert!(event.same_as.iter().all(|other| *other == SubjectKey::Tracker("anon-1".to_owned())));
    let bind = json!({
        "type": "track_id_bind", "event": "$BindID", "distinct_id": "anon-1", "time": 1, "properties": {},
        "identities": {"$identity_mp_id": "anon-1", "$identity_mp_unionid": "u1", "$identity_login_id": "42"}
    });
    let event = sensors::incoming(&bind).unwrap();
    for same in [SubjectKey::Tracker("$identity_mp_unionid:u1".to_owned()), SubjectKey::LoggedIn("42".to_owned())] {
        assert!(event.same_as.contains(&same), "{:?}", event.same_as);
    }
    let unbind = json!({"type": "track_id_unbind", "event": "$UnbindID", "distinct_id": "a", "identities": {"$identity_mp_unionid": "u1"}, "properties": {}});
    assert_eq!(sensors::incoming(&unbind).unwrap().same_as, Vec::new());
}

#[test]
fn every_kind_of_sensors_object_is_an_event_and_nonsense_is_none() {
    let kinds = [
        "profile_set",
        "profile_set_once",
        "profile_increment",
        "profile_append",
        "profile_unset",
        "profile_delete",
        "item_set",
        "item_delete",
    ];
    for kind in kinds {
        let object = json!({"type": kind, "distinct_id": "a", "time": 1, "properties": {"level": 3}});
        assert_eq!(sensors::incoming(&object).unwrap().name, format!("${kind}"));
    }
    for object in [
        json!({}),
        json!(1),
        json!({"type": "track", "distinct_id": "a"}),
        json!({"type": "track", "event": "x"}),
        json!({"type": "other", "event": "x", "distinct_id": "a"}),
        json!({"type": "track", "event": "a\nb", "distinct_id": "a"}),
        json!({"type": "track", "event": "x", "distinct_id": "a".repeat(129)}),
    ] {
        assert_eq!(sensors::incoming(&object), None, "{object}");
    }
}

#[test]
fn what_posthog_tells_is_read() {
    let told = json!({
        "api_key": "k", "sent_at": "2026-03-01T02:00:05.000Z",
        "batch": [{
            "event": "Product Viewed", "distinct_id": "u-1", "uuid": "0190a0f4-7d3c-7cc0-8d5e-3f1c9a7e6b0d", "timestamp": "2026-03-01T02:00:00.000Z",
            "properties": {"$lib": "posthog-node", "$lib_version": "5.70.0", "price": 12.5, "$session_id": "s1", "$pathname": "/p",
                "$set": {"plan": "pro"}, "$set_once": {"first": "x"}, "$geoip_disable": true}
        }]
    });
    let read = body::posthog(told.to_string().as_bytes()).unwrap();
    assert_eq!((read.api_key.as_str(), read.events.len()), ("k", 1));
    let event = posthog::incoming(&read.events[0], read.sent_at).unwrap();
    assert_eq!(event.event_id.to_string(), "0190a0f4-7d3c-7cc0-8d5e-3f1c9a7e6b0d");
    assert_eq!((event.name.as_str(), event.session.as_deref()), ("Product Viewed", Some("s1")));
    assert_eq!(event.properties.get("set_plan"), Some(&PropertyValue::from("pro")));
    assert_eq!(event.properties.get("set_once_first"), Some(&PropertyValue::from("x")));
    assert_eq!(event.properties.get(PAGE), Some(&PropertyValue::from("/p")));
    assert_eq!(event.properties.get(AGENT), Some(&PropertyValue::from("posthog-node 5.70.0")));
    let alias =
        json!({"event": "$create_alias", "distinct_id": "u-1", "properties": {"distinct_id": "u-1", "alias": "old"}});
    assert_eq!(posthog::incoming(&alias, None).unwrap().same_as, [SubjectKey::LoggedIn("old".to_owned())]);
    let identify = json!({"event": "$identify", "distinct_id": "u-1", "properties": {"$anon_distinct_id": "anon"}});
    assert_eq!(posthog::incoming(&identify, None).unwrap().same_as, [SubjectKey::LoggedIn("anon".to_owned())]);
    for nonsense in [json!({}), json!({"event": "x"}), json!({"event": "", "distinct_id": "a"}), json!([])] {
        assert_eq!(posthog::incoming(&nonsense, None), None, "{nonsense}");
    }
    assert!(body::posthog(b"{\"batch\": 7}").is_none() && body::posthog(b"nonsense").is_none());
}
