//! The front door against a database.

use secrecy::{ExposeSecret as _, SecretString};

use super::model::{EntranceDraft, NewEntrance, NewSecrets};
use super::service::{self, AtDesk};
use super::*;
use crate::platform::db::{Db, scratch};
use crate::platform::http::Origin;
use crate::staff::{self, NewOwner};

const KEY: [u8; 32] = [7; 32];

fn keys() -> EntranceKeys {
    EntranceKeys::new(&KEY).unwrap()
}

fn configured(app_id: &str) -> ConfiguredEntrance {
    ConfiguredEntrance { app_id: app_id.to_owned(), secret: "configured-secret".into() }
}

async fn desk(db: &Db) -> AtDesk {
    let password = staff::hash_password(&"correct horse".into(), "alice").unwrap();
    let new = NewOwner { username: "alice".to_owned(), display_name: "小爱".to_owned(), password };
    let staff_id = db.write("owner", move |tx| staff::create_owner(tx, &new)).await.unwrap();
    AtDesk { staff_id, origin: Origin { address: "203.0.113.7".to_owned(), request_id: "r1".to_owned() } }
}

fn service_account(app_id: &str) -> NewEntrance {
    NewEntrance {
        platform: Platform::WechatService,
        app_id: app_id.to_owned(),
        draft: EntranceDraft { name: "服务号".to_owned(), open_platform: String::new(), original_id: None },
        secrets: NewSecrets {
            secret: Some("0123456789abcdef".into()),
            message_token: Some(Some("token123".into())),
            message_aes_key: None,
        },
    }
}

async fn add(db: &Db, desk: &AtDesk, new: NewEntrance) -> Result<Entrance, EntranceError> {
    let desk = desk.clone();
    db.write("add", move |tx| service::add(tx, &keys(), &desk, &new)).await
}

async fn ensure(db: &Db, app_id: &'static str) {
    db.write("ensure", move |tx| ensure_configured(tx, &configured(app_id))).await.unwrap();
}

#[tokio::test]
async fn the_configured_mini_program_is_an_entrance_from_the_first_start_on_and_its_secret_is_nowhere() {
    let (db, _clock) = scratch::open();
    ensure(&db, "wxfirst").await;
    ensure(&db, "wxfirst").await;
    let entrances = Entrances::open(db.clone(), keys(), configured("wxfirst")).await.unwrap();
    let open = entrances.default_of(Platform::WechatMini).unwrap();
    assert_eq!((open.entrance.app_id.as_str(), open.secret.expose_secret()), ("wxfirst", "configured-secret"));
    assert_eq!(open.entrance.origin, EntranceOrigin::Configuration);
    assert_eq!((&open.entrance.sealed_secret, open.entrance.secret_set_at), (&None, None));
    assert_eq!(entrances.all().len(), 1);
}

#[tokio::test]
async fn another_configuration_leaves_the_former_mini_program_to_the_staff_shut() {
    let (db, _clock) = scratch::open();
    ensure(&db, "wxfirst").await;
    ensure(&db, "wxsecond").await;
    let entrances = Entrances::open(db.clone(), keys(), configured("wxsecond")).await.unwrap();
    assert!(entrances.find(Platform::WechatMini, "wxfirst").is_none());
    assert_eq!(entrances.default_of(Platform::WechatMini).unwrap().entrance.app_id, "wxsecond");
    let former = db.read("page", |tx| service::page(tx, (None, None), None, 10)).await.unwrap();
    let former = former.items.iter().find(|entrance| entrance.app_id == "wxfirst").unwrap();
    assert_eq!((former.origin, former.state), (EntranceOrigin::Staff, EntranceState::Disabled));
    let (desk, id) = (desk(&db).await, former.id);
    let shut = db.write("state", move |tx| service::set_state(tx, &desk, id, EntranceState::Enabled)).await;
    assert!(matches!(shut, Err(EntranceError::NoSecret)));
    ensure(&db, "wxfirst").await;
    let entrances = Entrances::open(db.clone(), keys(), configured("wxfirst")).await.unwrap();
    assert_eq!(entrances.default_of(Platform::WechatMini).unwrap().entrance.id, id);
}

#[tokio::test]
async fn what_staff_wrote_opens_in_memory_with_the_right_key_alone() {
    let (db, _clock) = scratch::open();
    let desk = desk(&db).await;
    let added = add(&db, &desk, service_account("wxservice")).await.unwrap();
    assert!(added.sealed_secret.as_deref().is_some_and(|sealed| !sealed.contains("0123456789abcdef")));
    let entrances = Entrances::open(db.clone(), keys(), configured("wxmini")).await.unwrap();
    let open = entrances.by_id(added.id).unwrap();
    assert_eq!(open.secret.expose_secret(), "0123456789abcdef");
    assert_eq!(open.message_token.as_ref().map(SecretString::expose_secret), Some("token123"));
    assert!(open.message_aes_key.is_none());
    let stranger = EntranceKeys::new(&[8; 32]).unwrap();
    let entrances = Entrances::open(db.clone(), stranger, configured("wxmini")).await.unwrap();
    assert!(entrances.all().is_empty(), "nothing opens under another key");
}

#[tokio::test]
async fn the_oldest_enabled_entrance_is_meant_when_none_is_named_and_a_disabled_one_is_shut() {
    let (db, clock) = scratch::open();
    let desk = desk(&db).await;
    let first = add(&db, &desk, service_account("wxone")).await.unwrap();
    clock.advance(1_000);
    let second = add(&db, &desk, service_account("wxtwo")).await.unwrap();
    let entrances = Entrances::open(db.clone(), keys(), configured("wxmini")).await.unwrap();
    assert_eq!(entrances.default_of(Platform::WechatService).unwrap().entrance.id, first.id);
    let id = first.id;
    let shut = move |tx: &mut crate::platform::db::Tx<'_>| service::set_state(tx, &desk, id, EntranceState::Disabled);
    db.write("state", shut).await.unwrap();
    assert_eq!(entrances.default_of(Platform::WechatService).unwrap().entrance.id, first.id, "not renewed yet");
    entrances.renew().await.unwrap();
    assert_eq!(entrances.default_of(Platform::WechatService).unwrap().entrance.id, second.id);
    assert!(entrances.find(Platform::WechatService, "wxone").is_none());
    assert!(entrances.by_id(first.id).is_none());
    assert!(entrances.default_of(Platform::AlipayMini).is_none());
}

#[tokio::test]
async fn of_many_who_add_one_application_at_once_one_does() {
    let (db, _clock) = scratch::open();
    let desk = desk(&db).await;
    let tries = (0..8).map(|_| add(&db, &desk, service_account("wxone")));
    let outcomes = futures_util::future::join_all(tries).await;
    let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let taken = outcomes.iter().filter(|outcome| matches!(outcome, Err(EntranceError::AppTaken))).count();
    assert_eq!((added, taken), (1, 7));
}
