//! Use cases of identity against a database.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::identity::IdentityAsset;
use crate::identity::error::IdentityError;
use crate::identity::model::{Address, ConflictReason, Provider, UserState};
use crate::identity::rules::{AddressDraft, MAX_ADDRESSES, ToldFace, read_phone};
use crate::kernel::id::SessionId;
use crate::kernel::time::MINUTE_MS;
use crate::platform::db::{Db, scratch};
use crate::platform::http::{Origin, Revocations};
use crate::staff::{self, NewOwner};

fn keys() -> IdentityKeys {
    IdentityKeys::new(&[1; 32], &[2; 32]).unwrap()
}

fn proof(openid: &str, unionid: Option<&str>, device: Option<DeviceId>) -> EntranceLogin {
    let proof = EntranceProof {
        provider: Provider::WechatMini,
        app_id: "wx1".to_owned(),
        openid: openid.to_owned(),
        unionid: unionid.map(|unionid| Unionid { open_platform: String::new(), unionid: unionid.to_owned() }),
        session_key: Some("c2Vzc2lvbiBrZXk=".into()),
        face: ToldFace::default(),
    };
    EntranceLogin { proof, device }
}

fn accounts() -> Accounts {
    Accounts::new(vec![Arc::new(IdentityAsset)], Revocations::default())
}

fn through(provider: Provider, app_id: &str, login: EntranceLogin) -> EntranceLogin {
    EntranceLogin { proof: EntranceProof { provider, app_id: app_id.to_owned(), ..login.proof }, ..login }
}

async fn log_in(db: &Db, login: EntranceLogin) -> Result<Login, IdentityError> {
    db.write("log_in", move |tx| super::log_in(tx, &keys(), &LoginListeners::new(Vec::new(), accounts()), &login)).await
}

async fn renew(db: &Db, revocations: &Revocations, token: &RandomTokenText) -> Result<Option<Login>, IdentityError> {
    let (revocations, token) = (revocations.clone(), token.0.clone());
    let work = move |tx: &mut Tx<'_>| match refresh(tx, &revocations, &token)? {
        Refreshed::Renewed(login) => Ok(Some(login)),
        Refreshed::Reused => Ok::<_, IdentityError>(None),
    };
    db.write("refresh", work).await
}

struct RandomTokenText(String);

fn token(login: &Login) -> RandomTokenText {
    RandomTokenText(login.refresh.expose().to_owned())
}

async fn bind(db: &Db, user: UserId, number: &'static str) -> Result<PhoneBinding, IdentityError> {
    let work =
        move |tx: &mut Tx<'_>| bind_phone(tx, (&keys(), &accounts()), (user, None), &read_phone("86", number).unwrap());
    db.write("bind_phone", work).await
}

fn draft(is_default: bool) -> AddressDraft {
    AddressDraft {
        receiver_name: "张三".to_owned(),
        receiver_phone: "13800001234".to_owned(),
        province_code: "44".to_owned(),
        city: "深圳市".to_owned(),
        district: "南山区".to_owned(),
        detail: "科技园一路 1 号".to_owned(),
        is_default,
    }
}

async fn add(db: &Db, user: UserId, is_default: bool) -> Result<Address, IdentityError> {
    db.write("add_address", move |tx| add_address(tx, user, &draft(is_default))).await
}

async fn owner(db: &Db) -> StaffAct {
    let password = staff::hash_password(&"correct horse".into(), "alice").unwrap();
    let new = NewOwner { username: "alice".to_owned(), display_name: "小爱".to_owned(), password };
    let staff = db.write("owner", move |tx| staff::create_owner(tx, &new)).await.unwrap();
    let origin = Origin { address: "203.0.113.7".to_owned(), request_id: "r1".to_owned() };
    StaffAct { staff, reason: "刷单".to_owned(), origin }
}

#[tokio::test]
async fn logging_in_twice_is_one_user_and_two_log_ins() {
    let (db, _clock) = scratch::open();
    let first = log_in(&db, proof("oA", None, None)).await.unwrap();
    let second = log_in(&db, proof("oA", Some("u"), None)).await.unwrap();
    assert_eq!(first.user.id, second.user.id);
    assert_ne!(first.session, second.session);
    let user = first.user.id;
    let card = db.read("show", move |tx| show_user(tx, user)).await.unwrap();
    let providers: Vec<_> = card.identities.iter().map(|identity| identity.provider).collect();
    assert_eq!(providers, [Provider::WechatMini, Provider::WechatUnionid]);
    assert_eq!(card.sessions, 2);
    let openid = db.read("openid", move |tx| wechat_openid(tx, user, "wx1")).await.unwrap();
    assert_eq!(openid.as_deref(), Some("oA"));
}

#[tokio::test]
async fn sixteen_first_log_ins_at_once_are_one_user() {
    let (db, _clock) = scratch::open();
    let attempts = (0..16).map(|_| log_in(&db, proof("oA", Some("u"), None)));
    let logins = futures_util::future::join_all(attempts).await;
    let users: std::collections::BTreeSet<_> = logins.into_iter().map(|login| login.unwrap().user.id).collect();
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn two_users_who_are_one_person_become_the_one_with_the_stronger_id() {
    let (db, _clock) = scratch::open();
    let weaker = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let other_app = through(Provider::WechatMini, "wx2", proof("oB", Some("u"), None));
    let stronger = log_in(&db, other_app).await.unwrap().user.id;
    for _ in 0..2 {
        assert_eq!(log_in(&db, proof("oA", Some("u"), None)).await.unwrap().user.id, stronger);
    }
    assert_eq!(log_in(&db, proof("oA", None, None)).await.unwrap().user.id, stronger, "the proof followed");
    let merges = db.read("merges", move |tx| list_merges(tx, Some(weaker), false, None, 20)).await.unwrap();
    assert_eq!(merges.len(), 1);
    assert_eq!((merges[0].kept_user_id, merges[0].merged_user_id), (stronger, weaker));
}

#[tokio::test]
async fn a_merge_taken_back_is_not_made_again_by_the_same_proofs() {
    let (db, _clock) = scratch::open();
    let act = owner(&db).await;
    let weaker = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let other_app = through(Provider::WechatMini, "wx2", proof("oB", Some("u"), None));
    let stronger = log_in(&db, other_app).await.unwrap().user.id;
    log_in(&db, proof("oA", Some("u"), None)).await.unwrap();
    let merge = db.read("merges", move |tx| list_merges(tx, None, false, None, 20)).await.unwrap()[0].id;
    db.write("undo", move |tx| undo_merge(tx, &accounts(), merge, &act)).await.unwrap();
    assert_eq!(log_in(&db, proof("oA", None, None)).await.unwrap().user.id, weaker);
    assert_eq!(log_in(&db, proof("oA", Some("u"), None)).await.unwrap().user.id, stronger);
    let conflicts = db.read("conflicts", move |tx| list_conflicts(tx, Some(weaker), None, 20)).await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].reason, ConflictReason::MergeWaiting);
    let perhaps = db.read("same", move |tx| perhaps_the_same(tx, weaker)).await.unwrap();
    assert!(perhaps.is_empty(), "staff said that they are two: {perhaps:?}");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_using_it_twice_ends_the_log_in() {
    let (db, _clock) = scratch::open();
    let revocations = Revocations::default();
    let login = log_in(&db, proof("oA", None, None)).await.unwrap();
    let renewed = renew(&db, &revocations, &token(&login)).await.unwrap().unwrap();
    assert_eq!(renewed.session, login.session);
    assert!(renew(&db, &revocations, &token(&login)).await.unwrap().is_none());
    assert!(revocations.contains(login.session));
    let refusal = renew(&db, &revocations, &token(&renewed)).await.unwrap_err();
    assert!(matches!(refusal, IdentityError::SessionEnded));
    let recent = db.read("recent", |tx| recent_revocations(tx, scratch::START)).await.unwrap();
    assert_eq!(recent, [(login.session, scratch::START)]);
}

#[tokio::test]
async fn of_many_refreshes_at_once_at_most_one_succeeds_and_the_log_in_ends() {
    let (db, _clock) = scratch::open();
    let revocations = Revocations::default();
    let login = log_in(&db, proof("oA", None, None)).await.unwrap();
    let texts: Vec<_> = (0..8).map(|_| token(&login)).collect();
    let outcomes = futures_util::future::join_all(texts.iter().map(|text| renew(&db, &revocations, text))).await;
    assert!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count() <= 1);
    assert!(revocations.contains(login.session));
}

#[tokio::test]
async fn an_expired_or_unknown_refresh_token_is_refused_and_forgotten() {
    let (db, clock) = scratch::open();
    let revocations = Revocations::default();
    let login = log_in(&db, proof("oA", None, None)).await.unwrap();
    clock.advance(REFRESH_TTL_MS);
    for text in [token(&login), RandomTokenText("nonsense".to_owned())] {
        let refusal = renew(&db, &revocations, &text).await.unwrap_err();
        assert!(matches!(refusal, IdentityError::RefreshTokenInvalid));
    }
    use crate::platform::jobs::Sweep as _;
    let sweep = crate::identity::ForgetExpiredTokens;
    let due = db.read("due", move |tx| sweep.due(tx, 10)).await.unwrap();
    assert_eq!(due, [login.session.get()]);
    db.write("settle", move |tx| sweep.settle(tx, due[0])).await.unwrap();
    assert!(db.read("due", move |tx| sweep.due(tx, 10)).await.unwrap().is_empty());
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_log_in() {
    let (db, _clock) = scratch::open();
    let revocations = Revocations::default();
    let one = log_in(&db, proof("oA", None, None)).await.unwrap();
    let other = log_in(&db, proof("oA", None, None)).await.unwrap();
    let (user, shared) = (one.user.id, revocations.clone());
    db.write("out", move |tx| log_out_everywhere(tx, &shared, user)).await.unwrap();
    assert!(revocations.contains(one.session) && revocations.contains(other.session));
    let shared = revocations.clone();
    db.write("out", move |tx| log_out(tx, &shared, SessionId::new(1))).await.unwrap();
}

#[tokio::test]
async fn a_blocked_user_is_logged_out_and_cannot_log_in_until_unblocked() {
    let (db, _clock) = scratch::open();
    let (revocations, act) = (Revocations::default(), owner(&db).await);
    let login = log_in(&db, proof("oA", None, None)).await.unwrap();
    let user = login.user.id;
    let (shared, by) = (revocations.clone(), act.clone());
    let card = db.write("block", move |tx| block_user(tx, &shared, user, &by)).await.unwrap();
    assert_eq!((card.user.state, card.sessions), (UserState::Blocked, 0));
    assert!(revocations.contains(login.session));
    assert!(matches!(log_in(&db, proof("oA", None, None)).await, Err(IdentityError::UserBlocked)));
    assert!(matches!(renew(&db, &revocations, &token(&login)).await, Err(IdentityError::SessionEnded)));
    let (shared, by) = (revocations.clone(), act.clone());
    let again = db.write("block", move |tx| block_user(tx, &shared, user, &by)).await;
    assert!(matches!(again, Err(IdentityError::UserStateUnchanged)));
    db.write("unblock", move |tx| unblock_user(tx, user, &act)).await.unwrap();
    assert!(log_in(&db, proof("oA", None, None)).await.is_ok());
}

#[tokio::test]
async fn a_phone_is_bound_sealed_found_and_revealed() {
    let (db, _clock) = scratch::open();
    let act = owner(&db).await;
    let user = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    for _ in 0..2 {
        let bound = bind(&db, user, "13800001234").await.unwrap();
        assert!(matches!(bound, PhoneBinding::Bound(shown) if shown == "138****1234"));
    }
    assert!(matches!(bind(&db, user, "13900001234").await, Err(IdentityError::OtherPhoneBound)));
    let search = UserSearch { phone: Some("+8613800001234".to_owned()), ..UserSearch::default() };
    let found = db.read("search", move |tx| search_users(tx, &keys(), &search, None, 20)).await.unwrap();
    assert_eq!(found[0].0.id, user);
    assert_eq!(found[0].1.as_deref(), Some("138****1234"));
    let phone = db.write("reveal", move |tx| reveal_phone(tx, &keys(), user, &act)).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&phone), "+8613800001234");
    db.write("unbind", move |tx| unbind_phone(tx, user)).await.unwrap();
    assert!(bind(&db, user, "13900001234").await.is_ok());
}

#[tokio::test]
async fn a_phone_of_another_user_is_refused_and_kept_for_staff() {
    let (db, _clock) = scratch::open();
    let one = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let other = log_in(&db, proof("oB", None, None)).await.unwrap().user.id;
    bind(&db, one, "13800001234").await.unwrap();
    assert!(matches!(bind(&db, other, "13800001234").await.unwrap(), PhoneBinding::Taken));
    let conflicts = db.read("conflicts", |tx| list_conflicts(tx, None, None, 20)).await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].kept_user_id, one);
}

#[tokio::test]
async fn of_two_users_who_bind_one_phone_at_once_one_gets_it() {
    let (db, _clock) = scratch::open();
    let one = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let other = log_in(&db, proof("oB", None, None)).await.unwrap().user.id;
    let (left, right) = tokio::join!(bind(&db, one, "13800001234"), bind(&db, other, "13800001234"));
    let taken = [left.unwrap(), right.unwrap()].iter().filter(|binding| matches!(binding, PhoneBinding::Taken)).count();
    assert_eq!(taken, 1);
}

struct Counting(AtomicUsize);

impl LoginListener for Counting {
    fn on_login(&self, _tx: &mut Tx<'_>, _user: UserId, device: Option<DeviceId>) -> DbResult<()> {
        assert!(device.is_some());
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_device_belongs_to_its_first_user_and_listeners_hear_of_each_log_in() {
    let (db, _clock) = scratch::open();
    let device = db.write("device", register_device).await.unwrap();
    let counting = Arc::new(Counting(AtomicUsize::new(0)));
    for openid in ["oA", "oB"] {
        let listener: Arc<dyn LoginListener> = counting.clone();
        let listeners = LoginListeners::new(vec![listener], Accounts::default());
        let login = proof(openid, None, Some(device));
        db.write("log_in", move |tx| super::log_in(tx, &keys(), &listeners, &login)).await.unwrap();
    }
    assert_eq!(counting.0.load(Ordering::SeqCst), 2);
    let unknown = log_in(&db, proof("oA", None, Some(DeviceId::new(7)))).await.unwrap();
    assert_eq!(unknown.device, None);
}

#[tokio::test]
async fn a_user_with_addresses_has_exactly_one_default() {
    let (db, clock) = scratch::open();
    let user = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let first = add(&db, user, false).await.unwrap();
    assert!(first.is_default);
    clock.advance(MINUTE_MS);
    let second = add(&db, user, true).await.unwrap();
    let third = add(&db, user, false).await.unwrap();
    let defaults = |addresses: Vec<Address>| -> Vec<_> {
        addresses.into_iter().filter(|address| address.is_default).map(|address| address.id).collect()
    };
    let list = || db.read("list", move |tx| list_addresses(tx, user));
    assert_eq!(defaults(list().await.unwrap()), [second.id]);
    db.write("remove", move |tx| remove_address(tx, user, second.id)).await.unwrap();
    assert_eq!(defaults(list().await.unwrap()), [third.id]);
    db.write("change", move |tx| change_address(tx, user, first.id, &draft(true))).await.unwrap();
    db.write("change", move |tx| change_address(tx, user, first.id, &draft(false))).await.unwrap();
    assert_eq!(defaults(list().await.unwrap()), [first.id]);
    let stranger = UserId::new(1);
    assert!(db.read("other", move |tx| address(tx, stranger, first.id)).await.unwrap().is_none());
    let gone = db.write("remove", move |tx| remove_address(tx, user, second.id)).await;
    assert!(matches!(gone, Err(IdentityError::AddressNotFound)));
}

#[tokio::test]
async fn addresses_added_at_once_never_pass_the_limit() {
    let (db, _clock) = scratch::open();
    let user = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let outcomes = futures_util::future::join_all((0..30).map(|_| add(&db, user, true))).await;
    let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(i64::try_from(added).unwrap(), MAX_ADDRESSES);
}

#[tokio::test]
async fn a_profile_changes_only_what_was_sent_and_staff_find_it_by_name() {
    let (db, _clock) = scratch::open();
    let user = log_in(&db, proof("oA", None, None)).await.unwrap().user.id;
    let edit = ProfileEdit { nickname: Some("Ann 100%".to_owned()), avatar: Some(Some("/files/a.png".to_owned())) };
    db.write("edit", move |tx| edit_profile(tx, user, &edit)).await.unwrap();
    let edit = ProfileEdit { nickname: None, avatar: Some(None) };
    let profile = db.write("edit", move |tx| edit_profile(tx, user, &edit)).await.unwrap();
    assert_eq!((profile.user.nickname.as_str(), profile.user.avatar), ("Ann 100%", None));
    for (part, hits) in [("ann", 1), ("100%", 1), ("1_0", 0), ("bob", 0)] {
        let search = UserSearch { nickname: Some(part.to_owned()), ..UserSearch::default() };
        let found = db.read("search", move |tx| search_users(tx, &keys(), &search, None, 20)).await.unwrap();
        assert_eq!(found.len(), hits, "{part}");
    }
}
