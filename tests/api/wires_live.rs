//! Claims about the client of WeChat's live service, against the simulator, which shares no code with it.

use hourglass::kernel::money::Fen;
use hourglass::kernel::time::{Clock, DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use hourglass::platform::wechat::live::{
    AuditStatus, CreatedRoom, GoodsDraft, GoodsInLibrary, GoodsPrice, LiveRoomDraft, LiveStatus, LiveSwitches,
    LiveTrouble,
};
use hourglass::platform::wechat::{WechatClient, WechatError, WechatSettings};
use hourglass::wechat_simulator::{self, Simulator, SimulatorSettings};
use serde_json::{Value, json};

use crate::support::shop::BEGIN;

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

/// A simulator with the client that a shop would have, and nothing else.
struct Studio {
    clock: Clock,
    simulator: Simulator,
    wechat: WechatClient,
}

impl Studio {
    async fn open() -> Self {
        let clock = Clock::manual(BEGIN);
        let settings = SimulatorSettings { clock: clock.clone(), ..SimulatorSettings::default() };
        let simulator = wechat_simulator::start(settings).await.unwrap();
        let settings = WechatSettings {
            api_url: simulator.base_url(),
            pay_url: simulator.base_url(),
            app_id: simulator.credentials.app_id.clone(),
            app_secret: simulator.credentials.app_secret.clone().into(),
            mobile_app_id: None,
            pay: None,
            request_timeout_ms: 20_000,
        };
        let wechat = WechatClient::new(settings, clock.clone()).unwrap();
        Self { clock, simulator, wechat }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sim(&self, method: &str, path: &str, body: Value) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/_sim{path}", self.simulator.base_url());
        let answer = http.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    async fn picture(&self) -> String {
        self.wechat.upload_image(PICTURE).await.unwrap().media_id
    }

    async fn room(&self) -> i64 {
        let cover = self.picture().await;
        match self.wechat.create_live_room(&draft(&cover, self.now()), self.now()).await.unwrap() {
            CreatedRoom::Made(room) => room,
            CreatedRoom::AnchorUnverified { .. } => panic!("the anchor is known"),
        }
    }

    async fn goods(&self) -> i64 {
        let cover = self.picture().await;
        self.wechat.add_live_goods(&goods(&cover)).await.unwrap().goods_id
    }

    async fn moves(&self, room: i64, status: LiveStatus) {
        self.sim("POST", &format!("/live/rooms/{room}"), json!({"status": status.number()})).await;
    }

    async fn status(&self, room: i64) -> LiveStatus {
        let page = self.wechat.live_rooms(0, 100).await.unwrap();
        page.rooms.iter().find(|known| known.room_id == room).unwrap().status
    }

    async fn audit(&self, goods: i64) -> AuditStatus {
        self.wechat.live_goods_in_library(&[goods]).await.unwrap()[0].audit
    }
}

fn draft(cover: &str, now: Timestamp) -> LiveRoomDraft<'_> {
    LiveRoomDraft {
        name: "春茶上新",
        cover_media: cover,
        share_media: cover,
        feeds_media: cover,
        starts_at: now.plus_millis(HOUR_MS),
        ends_at: now.plus_millis(2 * HOUR_MS),
        anchor_name: "小李",
        anchor_wechat: "xiaoli",
        published: true,
        feeds_public: true,
        switches: LiveSwitches::default(),
    }
}

fn goods(cover: &str) -> GoodsDraft<'_> {
    let price = GoodsPrice::Range(Fen::new(1_990), Fen::new(2_905));
    GoodsDraft { cover_media: cover, name: "明前龙井", price, url: "pages/product/index?id=7" }
}

fn trouble<T: std::fmt::Debug>(outcome: Result<T, WechatError>) -> Option<LiveTrouble> {
    LiveTrouble::of(&outcome.unwrap_err())
}

#[actix_web::test]
async fn a_room_lives_through_its_show_and_leaves_a_recording() {
    let studio = Studio::open().await;
    let wechat = &studio.wechat;
    assert_eq!(wechat.live_rooms(0, 10).await.unwrap().total, 0);
    let room = studio.room().await;
    let other = studio.room().await;
    let page = wechat.live_rooms(0, 1).await.unwrap();
    assert_eq!((page.total, page.rooms.len(), page.rooms[0].room_id), (2, 1, other), "newest first");
    let found = &wechat.live_rooms(1, 1).await.unwrap().rooms[0];
    assert_eq!((found.room_id, found.name.as_str(), found.anchor_name.as_str()), (room, "春茶上新", "小李"));
    assert_eq!((found.status, found.starts_at), (LiveStatus::NotStarted, studio.now().plus_millis(HOUR_MS)));

    let cover = studio.picture().await;
    let renamed = LiveRoomDraft { name: "春茶再上新", ..draft(&cover, studio.now()) };
    wechat.edit_live_room(room, &renamed, studio.now()).await.unwrap();
    let push = wechat.live_push_url(room).await.unwrap();
    assert!(push.starts_with("rtmp://") && push.contains("txSecret=") && push.contains("txTime="), "{push}");
    let code = wechat.live_shared_code(room, Some(r#"{"share":"abc"}"#)).await.unwrap();
    assert!(code.page_path.contains(&format!("room_id={room}&custom_params=%7B")), "{code:?}");
    assert!(code.cdn_url.starts_with("https://") && code.poster_url.starts_with("https://"));

    studio.moves(room, LiveStatus::Live).await;
    assert_eq!(trouble(wechat.edit_live_room(room, &renamed, studio.now()).await), Some(LiveTrouble::StateForbids));
    assert_eq!(trouble(wechat.delete_live_room(room).await), Some(LiveTrouble::StateForbids));
    studio.moves(room, LiveStatus::Paused).await;
    assert_eq!(studio.status(room).await, LiveStatus::Paused);
    studio.moves(room, LiveStatus::Live).await;
    studio.moves(room, LiveStatus::Abnormal).await;
    studio.clock.advance(15 * MINUTE_MS);
    assert_eq!(studio.status(room).await, LiveStatus::Ended, "an anchor who is lost does not come back");
    assert!(wechat.live_replays(room).await.unwrap().is_empty());
    studio.clock.advance(10 * MINUTE_MS);
    let replays = wechat.live_replays(room).await.unwrap();
    assert_eq!(replays.len(), 1);
    assert!(replays[0].expires_at > replays[0].created_at && replays[0].created_at.is_some(), "{replays:?}");

    studio.clock.advance(2 * HOUR_MS);
    assert_eq!(studio.status(other).await, LiveStatus::Expired);
    wechat.delete_live_room(other).await.unwrap();
    assert_eq!(trouble(wechat.delete_live_room(other).await), Some(LiveTrouble::NoSuchRoom));
    studio.simulator.stop().await;
}

#[actix_web::test]
async fn a_room_that_cannot_be_is_refused_with_a_word() {
    let studio = Studio::open().await;
    let cover = studio.picture().await;
    let create = async |draft: LiveRoomDraft<'_>| studio.wechat.create_live_room(&draft, studio.now()).await;
    let illegal = LiveRoomDraft { name: "违禁茶叶", ..draft(&cover, studio.now()) };
    assert_eq!(trouble(create(illegal).await), Some(LiveTrouble::NameIllegal));
    let unknown = LiveRoomDraft { share_media: "nothing", ..draft(&cover, studio.now()) };
    assert_eq!(trouble(create(unknown).await), Some(LiveTrouble::Picture));
    studio.clock.advance(3 * DAY_MS);
    assert_eq!(trouble(create(draft(&cover, studio.now())).await), Some(LiveTrouble::Picture), "kept three days");
    studio.sim("PUT", "/knobs", json!({"live": {"unverified_anchors": ["xiaoli"]}})).await;
    let fresh = studio.picture().await;
    let asked = create(draft(&fresh, studio.now())).await.unwrap();
    assert!(matches!(asked, CreatedRoom::AnchorUnverified { qr_code_url } if qr_code_url.starts_with("https://")));
    let error = studio.wechat.upload_image(b"not a picture").await.unwrap_err();
    assert_eq!(error.code(), Some("40005"));
    studio.simulator.stop().await;
}

#[actix_web::test]
async fn goods_are_reviewed_and_then_shown_in_rooms() {
    let studio = Studio::open().await;
    let wechat = &studio.wechat;
    studio.sim("PUT", "/knobs", json!({"live": {"review": "hold"}})).await;
    let room = studio.room().await;
    let cover = studio.picture().await;
    let submitted = wechat.add_live_goods(&goods(&cover)).await.unwrap();
    let first = submitted.goods_id;
    assert_eq!(studio.audit(first).await, AuditStatus::Reviewing);
    let add = async |goods: i64| wechat.add_live_room_goods(room, &[goods]).await;
    assert_eq!(trouble(add(first).await), Some(LiveTrouble::GoodsNotApproved));
    assert_eq!(trouble(add(999).await), Some(LiveTrouble::NoSuchGoods));
    assert!(wechat.update_live_goods(first, &goods(&cover)).await.is_err(), "nothing changes under review");
    wechat.reset_live_goods_audit(first, submitted.audit_id).await.unwrap();
    assert_eq!(studio.audit(first).await, AuditStatus::NotReviewed);
    let again = wechat.audit_live_goods(first).await.unwrap();
    assert_ne!(again, submitted.audit_id);
    studio.sim("POST", &format!("/live/goods/{first}"), json!({"audit": 3})).await;
    assert_eq!(studio.audit(first).await, AuditStatus::Refused);
    wechat.audit_live_goods(first).await.unwrap();
    studio.sim("POST", &format!("/live/goods/{first}"), json!({"audit": 2})).await;

    let price = GoodsPrice::Discount(Fen::new(2_905), Fen::new(1));
    wechat.update_live_goods(first, &GoodsDraft { price, ..goods(&cover) }).await.unwrap();
    let renamed = GoodsDraft { name: "雨前龙井", ..goods(&cover) };
    assert!(wechat.update_live_goods(first, &renamed).await.is_err(), "after the review only the price changes");
    let approved = wechat.live_goods_by_status(AuditStatus::Passed, 0, 10).await.unwrap();
    assert_eq!((approved[0].goods_id, approved[0].price), (first, price));
    assert_eq!(approved[0].url, "pages/product/index?id=7");

    studio.sim("PUT", "/knobs", json!({})).await;
    let second = studio.goods().await;
    let both = [
        GoodsInLibrary { goods_id: first, audit: AuditStatus::Passed },
        GoodsInLibrary { goods_id: second, audit: AuditStatus::Passed },
    ];
    assert_eq!(wechat.live_goods_in_library(&[second, first, 999]).await.unwrap(), both);
    wechat.add_live_room_goods(room, &[first, second]).await.unwrap();
    wechat.sort_live_room_goods(room, &[second, first]).await.unwrap();
    assert_eq!(trouble(wechat.sort_live_room_goods(room, &[second]).await), Some(LiveTrouble::Arguments));
    assert_eq!(trouble(wechat.push_live_room_goods(room, first).await), Some(LiveTrouble::StateForbids));
    studio.moves(room, LiveStatus::Live).await;
    wechat.sell_live_room_goods(room, first, false).await.unwrap();
    assert_eq!(trouble(wechat.push_live_room_goods(room, first).await), Some(LiveTrouble::GoodsOffSale));
    wechat.push_live_room_goods(room, second).await.unwrap();
    let shown = wechat.live_rooms(0, 1).await.unwrap().rooms.remove(0).goods;
    assert_eq!(shown.iter().map(|goods| goods.goods_id).collect::<Vec<_>>(), [second, first]);
    assert_eq!(shown.iter().map(|goods| goods.price).collect::<Vec<_>>(), [Fen::new(1_990), Fen::new(2_905)]);
    wechat.remove_live_room_goods(room, second).await.unwrap();
    assert_eq!(trouble(wechat.remove_live_room_goods(room, second).await), Some(LiveTrouble::GoodsNotInRoom));
    wechat.delete_live_goods(first).await.unwrap();
    assert!(wechat.live_rooms(0, 1).await.unwrap().rooms[0].goods.is_empty());
    studio.simulator.stop().await;
}

#[actix_web::test]
async fn followers_are_told_of_one_room_a_day() {
    let studio = Studio::open().await;
    let wechat = &studio.wechat;
    let room = studio.room().await;
    let mut openids = Vec::new();
    for _ in 0..3 {
        let told = studio.sim("POST", "/live/follow", json!({"room_id": room})).await;
        openids.push(told["openid"].as_str().unwrap().to_owned());
    }
    let first = wechat.live_followers(0, 2).await.unwrap();
    assert_eq!(first.followers.iter().map(|one| one.openid.as_str()).collect::<Vec<_>>(), openids[..2]);
    assert_eq!((first.followers[0].room_id, first.followers[0].since), (room, studio.now()));
    let rest = wechat.live_followers(first.next.unwrap(), 2).await.unwrap();
    assert_eq!((rest.followers[0].openid.as_str(), rest.next), (openids[2].as_str(), None));
    let stranger = ["oNobody".to_owned()];
    assert_eq!(trouble(wechat.tell_live_followers(room, &stranger).await), Some(LiveTrouble::FollowersTold));
    assert!(!wechat.tell_live_followers(room, &openids).await.unwrap().is_empty());
    assert_eq!(trouble(wechat.tell_live_followers(room, &openids).await), Some(LiveTrouble::FollowersTold));
    studio.clock.advance(DAY_MS);
    assert!(wechat.tell_live_followers(room, &openids).await.is_ok());
    studio.simulator.stop().await;
}
