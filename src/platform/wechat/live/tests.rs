//! Claims about what goes over the wire to the live service.

use serde_json::json;

use super::*;
use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::platform::wechat::test_server::{Answer, START, Seen, TestServer, clock, settings};
use crate::platform::wechat::{WechatClient, WechatErrorKind};

fn draft() -> LiveRoomDraft<'static> {
    LiveRoomDraft {
        name: "春茶上新",
        cover_media: "M1",
        share_media: "M2",
        feeds_media: "M3",
        starts_at: START.plus_millis(HOUR_MS),
        ends_at: START.plus_millis(2 * HOUR_MS),
        anchor_name: "小李",
        anchor_wechat: "xiaoli",
        published: true,
        feeds_public: false,
        switches: LiveSwitches { replay_closed: true, ..LiveSwitches::default() },
    }
}

fn goods() -> GoodsDraft<'static> {
    let price = GoodsPrice::Discount(Fen::new(1_990), Fen::new(990));
    GoodsDraft { cover_media: "M4", name: "龙井", price, url: "pages/product/index?id=7" }
}

/// A server that hands out a token and answers everything else so.
fn server(answer: impl Fn(&Seen) -> serde_json::Value + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |seen| {
        if seen.path_and_query == "/cgi-bin/stable_token" {
            return Answer::json(json!({"access_token": "T", "expires_in": 7200}));
        }
        Answer::json(answer(seen))
    })
}

fn client(server: &TestServer) -> WechatClient {
    WechatClient::new(settings(&server.url), clock()).unwrap()
}

#[actix_web::test]
async fn a_room_is_asked_for_as_wechat_documents_it() {
    let server = server(|_| json!({"errcode": 0, "roomId": 33}));
    let made = client(&server).create_live_room(&draft(), START).await.unwrap();
    assert_eq!(made, CreatedRoom::Made(33));
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.path_and_query, "/wxaapi/broadcast/room/create?access_token=T");
    let expected = json!({
        "name": "春茶上新", "coverImg": "M1", "shareImg": "M2", "feedsImg": "M3", "startTime": 1_704_085_200,
        "endTime": 1_704_088_800, "anchorName": "小李", "anchorWechat": "xiaoli", "type": 1, "isFeedsPublic": 0,
        "closeLike": 0, "closeGoods": 0, "closeComment": 0, "closeReplay": 1, "closeShare": 0, "closeKf": 0,
    });
    assert_eq!(seen.json(), expected);
    client(&server).edit_live_room(33, &draft(), START).await.unwrap();
    assert_eq!(server.seen().pop().unwrap().json()["id"], 33);
}

#[actix_web::test]
async fn an_anchor_who_is_not_proven_is_told_where_to_prove_it() {
    let server = server(|_| json!({"errcode": 300_036, "errmsg": "no", "qrcode_url": "https://q/1"}));
    let made = client(&server).create_live_room(&draft(), START).await.unwrap();
    assert_eq!(made, CreatedRoom::AnchorUnverified { qr_code_url: "https://q/1".to_owned() });
}

#[actix_web::test]
async fn what_breaks_the_rules_is_not_sent() {
    let server = server(|_| json!({"errcode": 0}));
    let client = client(&server);
    let long = "茶".repeat(18);
    for (field, wrong) in [
        ("name", LiveRoomDraft { name: "茶茶", ..draft() }),
        ("name", LiveRoomDraft { name: &long, ..draft() }),
        ("anchor_name", LiveRoomDraft { anchor_name: "李", ..draft() }),
        ("anchor_wechat", LiveRoomDraft { anchor_wechat: "", ..draft() }),
        ("starts_at", LiveRoomDraft { starts_at: START.plus_millis(10 * MINUTE_MS - 1), ..draft() }),
        ("ends_at", LiveRoomDraft { ends_at: START.plus_millis(HOUR_MS + 30 * MINUTE_MS - 1), ..draft() }),
        ("ends_at", LiveRoomDraft { ends_at: START.plus_millis(26 * HOUR_MS), ..draft() }),
        ("media", LiveRoomDraft { feeds_media: "", ..draft() }),
    ] {
        let error = client.create_live_room(&wrong, START).await.unwrap_err();
        assert_eq!(error.kind(), &WechatErrorKind::Invalid { field }, "{wrong:?}");
    }
    let name = "茶".repeat(15);
    for (field, wrong) in [
        ("name", GoodsDraft { name: &name, ..goods() }),
        ("cover_media", GoodsDraft { cover_media: "", ..goods() }),
        ("url", GoodsDraft { url: "/pages/a", ..goods() }),
        ("price", GoodsDraft { price: GoodsPrice::Fixed(Fen::ZERO), ..goods() }),
    ] {
        let error = client.add_live_goods(&wrong).await.unwrap_err();
        assert_eq!(error.kind(), &WechatErrorKind::Invalid { field }, "{wrong:?}");
    }
    assert!(client.live_goods_in_library(&[]).await.is_err());
    assert!(client.add_live_room_goods(1, &[]).await.is_err());
    assert!(client.tell_live_followers(1, &[]).await.is_err());
    assert!(client.upload_image(b"").await.is_err());
    assert!(server.seen().is_empty());
}

#[actix_web::test]
async fn goods_cost_yuan_on_the_way_out_and_fen_in_rooms() {
    let server = server(|seen| match seen.path_and_query.split('?').next().unwrap() {
        "/wxaapi/broadcast/goods/add" => json!({"errcode": 0, "goodsId": 7, "auditId": 8}),
        "/wxaapi/broadcast/goods/getapproved" => json!({"errcode": 0, "total": 1, "goods": [
            {"goodsId": 7, "name": "龙井", "price": 19.9, "price2": 9.9, "priceType": 3, "url": "p"}]}),
        _ => json!({"errcode": 0, "total": 1, "room_info": [{
            "name": "春茶上新", "roomid": 33, "live_status": 101, "start_time": 1_704_085_200, "end_time": 1_704_088_800,
            "anchor_name": "小李", "goods": [{"goods_id": 7, "name": "龙井", "price": 1990, "price2": 990, "price_type": 3}],
        }]}),
    });
    let client = client(&server);
    let submitted = client.add_live_goods(&goods()).await.unwrap();
    assert_eq!(submitted, SubmittedGoods { goods_id: 7, audit_id: 8 });
    let body = server.seen().pop().unwrap().body;
    assert!(body.contains(r#""price":19.90,"price2":9.90"#), "{body}");
    let approved = client.live_goods_by_status(AuditStatus::Passed, 0, 30).await.unwrap();
    assert_eq!(approved[0].price, GoodsPrice::Discount(Fen::new(1_990), Fen::new(990)));
    let asked = server.seen().pop().unwrap();
    assert_eq!(asked.path_and_query, "/wxaapi/broadcast/goods/getapproved?offset=0&limit=30&status=2&access_token=T");
    let rooms = client.live_rooms(0, 10).await.unwrap();
    assert_eq!((rooms.total, rooms.rooms[0].status), (1, LiveStatus::Live));
    assert_eq!(rooms.rooms[0].goods[0].price, Fen::new(1_990));
    assert_eq!(rooms.rooms[0].starts_at, Timestamp::from_millis(1_704_085_200_000));
}

#[actix_web::test]
async fn no_room_yet_is_an_empty_page() {
    let server = server(|_| json!({"errcode": 1, "errmsg": "empty"}));
    assert_eq!(client(&server).live_rooms(0, 10).await.unwrap(), LiveRoomPage::default());
    assert!(client(&server).live_replays(3).await.is_err(), "for a room it is a refusal");
}

#[actix_web::test]
async fn refusals_about_rooms_and_goods_have_words() {
    for (code, trouble) in [
        (200_002, LiveTrouble::Arguments),
        (300_002, LiveTrouble::NameLength),
        (300_021, LiveTrouble::ReviewRefused),
        (300_022, LiveTrouble::NoSuchRoom),
        (300_023, LiveTrouble::StateForbids),
        (300_024, LiveTrouble::NoSuchGoods),
        (300_025, LiveTrouble::GoodsNotApproved),
        (300_028, LiveTrouble::NameIllegal),
        (300_031, LiveTrouble::Picture),
        (300_032, LiveTrouble::Picture),
        (300_036, LiveTrouble::AnchorUnverified),
        (300_047, LiveTrouble::ShowingGoods),
        (300_052, LiveTrouble::GoodsOffSale),
        (300_053, LiveTrouble::GoodsNotInRoom),
        (9_410_005, LiveTrouble::FollowersTold),
        (9_410_006, LiveTrouble::FollowersTold),
    ] {
        let server = server(move |_| json!({"errcode": code, "errmsg": "no"}));
        let error = client(&server).delete_live_room(1).await.unwrap_err();
        assert_eq!(LiveTrouble::of(&error), Some(trouble), "{code}");
    }
    let server = server(|_| json!({"errcode": -1, "errmsg": "busy"}));
    assert_eq!(LiveTrouble::of(&client(&server).delete_live_room(1).await.unwrap_err()), None);
}

#[test]
fn each_status_has_its_number() {
    for number in 100..110 {
        assert_eq!(LiveStatus::of(number).number(), number);
    }
    assert!((0..4).all(|number| AuditStatus::of(number).map(AuditStatus::number) == Some(number)));
    assert_eq!(AuditStatus::of(4), None);
}
