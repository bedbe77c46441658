//! Use cases of staff administration against a database.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use totp_rs::{Builder, Secret};

use super::*;
use crate::kernel::id::StaffId;
use crate::kernel::time::{Clock, MINUTE_MS};
use crate::platform::db::{Db, DbError, Tx, scratch};
use crate::platform::http::{Origin, Permission as _, Revocations};
use crate::staff::approval::{self, ActionError, ApprovalHandler, ApprovalHandlers, Decider, NewApproval, Verdict};
use crate::staff::audit::{self, AuditFilter};
use crate::staff::error::StaffError;
use crate::staff::model::{Approval, ApprovalId, ApprovalState, RoleId};
use crate::staff::passwords::{Passwords, hash_password};
use crate::staff::permission;
use crate::staff::rules::{LOCK_MS, MAX_FAILURES};

const PASSWORD: &str = "correct horse";

struct Office {
    db: Db,
    clock: Clock,
    passwords: Passwords,
    revocations: Revocations,
}

fn keys() -> StaffKeys {
    StaffKeys::new(&[3; 32]).unwrap()
}

fn origin() -> Origin {
    Origin { address: "203.0.113.7".to_owned(), request_id: "r1".to_owned() }
}

fn deed(staff: StaffId) -> Deed {
    Deed { staff, origin: origin() }
}

impl Office {
    async fn open() -> (Self, StaffId) {
        let (db, clock) = scratch::open();
        let office = Self { db, clock, passwords: Passwords::new().unwrap(), revocations: Revocations::default() };
        let owner = office.owner("alice").await;
        (office, owner)
    }

    async fn owner(&self, username: &'static str) -> StaffId {
        let password = hash_password(&PASSWORD.into(), username).unwrap();
        let new = NewOwner { username: username.to_owned(), display_name: username.to_owned(), password };
        self.db.write("owner", move |tx| create_owner(tx, &new)).await.unwrap()
    }

    async fn role(&self, name: &'static str) -> RoleId {
        let roles = self.db.read("roles", list_roles).await.unwrap();
        roles.into_iter().find(|card| card.role.name == name).unwrap().role.id
    }

    async fn hire(&self, by: StaffId, username: &'static str, roles: Vec<RoleId>) -> Result<StaffId, StaffError> {
        let password = hash_password(&PASSWORD.into(), username)?;
        let new = NewAccountSpec { username: username.to_owned(), display_name: username.to_owned(), password, roles };
        let card = self.db.write("hire", move |tx| create_account(tx, &deed(by), &new)).await?;
        Ok(card.account.id)
    }

    async fn log_in(
        &self,
        username: &'static str,
        password: &'static str,
        code: Option<String>,
    ) -> Result<StaffLogin, StaffError> {
        let attempt = self.db.write("begin", move |tx| begin_login(tx, username)).await?;
        let verified = self.passwords.check(attempt, password.into()).await?;
        self.db.write("finish", move |tx| finish_login(tx, &keys(), &verified, code.as_deref())).await
    }
}

#[tokio::test]
async fn an_owner_logs_in_with_every_permission() {
    let (office, owner) = Office::open().await;
    let login = office.log_in("  ALICE ", PASSWORD, None).await.unwrap();
    assert_eq!(login.account.id, owner);
    assert_eq!(login.permissions.len(), permission::ALL.len());
    office.db.write("again", ensure_built_in_roles).await.unwrap();
    let password = hash_password(&PASSWORD.into(), "alice").unwrap();
    let twin = NewOwner { username: "Alice".to_owned(), display_name: "x".to_owned(), password };
    let refusal = office.db.write("owner", move |tx| create_owner(tx, &twin)).await.unwrap_err();
    assert!(matches!(refusal, StaffError::UsernameTaken));
}

#[tokio::test]
async fn five_failures_lock_the_account_even_against_the_right_password_until_the_lock_runs_out() {
    let (office, _owner) = Office::open().await;
    for _ in 0..MAX_FAILURES {
        assert!(matches!(office.log_in("alice", "wrong horse", None).await, Err(StaffError::InvalidCredentials)));
    }
    assert!(matches!(office.log_in("alice", PASSWORD, None).await, Err(StaffError::Locked(_))));
    assert!(matches!(office.log_in("nobody", PASSWORD, None).await, Err(StaffError::InvalidCredentials)));
    office.clock.advance(LOCK_MS);
    assert!(office.log_in("alice", PASSWORD, None).await.is_ok());
}

#[tokio::test]
async fn a_success_forgives_earlier_failures_and_attempts_at_once_guess_no_more_often() {
    let (office, _owner) = Office::open().await;
    for _ in 0..3 {
        for _ in 0..MAX_FAILURES - 1 {
            assert!(office.log_in("alice", "wrong horse", None).await.is_err());
        }
        assert!(office.log_in("alice", PASSWORD, None).await.is_ok());
    }
    let guesses = (0..12).map(|_| office.db.write("begin", |tx| begin_login(tx, "alice")));
    let counted = futures_util::future::join_all(guesses).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(i64::try_from(counted).unwrap(), MAX_FAILURES);
}

#[tokio::test]
async fn the_second_factor_is_demanded_once_confirmed_and_each_code_works_once() {
    let (office, owner) = Office::open().await;
    let attempt = office.db.write("begin", |tx| begin_login(tx, "alice")).await.unwrap();
    let verified = office.passwords.check(attempt, PASSWORD.into()).await.unwrap();
    let enrolment = office.db.write("start", move |tx| start_totp(tx, &keys(), &verified)).await.unwrap();
    let code = |enrolment: &SecretString| code_at(enrolment, &office.clock);
    let first = code(&enrolment.secret);
    let confirm = first.clone();
    office.db.write("confirm", move |tx| confirm_totp(tx, &keys(), &deed(owner), &confirm)).await.unwrap();
    assert!(matches!(office.log_in("alice", PASSWORD, None).await, Err(StaffError::TotpRequired)));
    assert!(matches!(office.log_in("alice", PASSWORD, Some(first)).await, Err(StaffError::TotpInvalid)));
    office.clock.advance(MINUTE_MS);
    let fresh = code(&enrolment.secret);
    assert!(office.log_in("alice", PASSWORD, Some(fresh.clone())).await.is_ok());
    assert!(matches!(office.log_in("alice", PASSWORD, Some(fresh)).await, Err(StaffError::TotpInvalid)));
    let revocations = office.revocations.clone();
    office.db.write("reset", move |tx| reset_totp(tx, &revocations, &deed(owner), owner)).await.unwrap();
    assert!(office.log_in("alice", PASSWORD, None).await.is_ok());
}

/// What an authenticator app shows for a base-32 secret.
fn code_at(secret: &SecretString, clock: &Clock) -> String {
    let mut bits = Vec::new();
    for character in secret.expose_secret().bytes() {
        let value = if character.is_ascii_uppercase() { character - b'A' } else { character - b'2' + 26 };
        bits.extend((0..5).rev().map(|shift| (value >> shift) & 1));
    }
    let bytes: Vec<u8> = bits.chunks(8).map(|byte| byte.iter().fold(0, |byte, bit| (byte << 1) | bit)).collect();
    let totp = Builder::new().with_secret(Secret::new_stack(bytes.try_into().unwrap())).build().unwrap();
    totp.generate(u64::try_from(clock.now().seconds()).unwrap()).to_string()
}

#[tokio::test]
async fn changing_roles_ends_log_ins_and_a_refresh_reads_permissions_anew() {
    let (office, owner) = Office::open().await;
    let (warehouse, analyst) = (office.role("warehouse").await, office.role("analyst").await);
    let bob = office.hire(owner, "bobby", vec![warehouse]).await.unwrap();
    let login = office.log_in("bobby", PASSWORD, None).await.unwrap();
    assert!(login.permissions.contains(&permission::OrderShip::NAME));
    let revocations = office.revocations.clone();
    office.db.write("roles", move |tx| set_roles(tx, &revocations, &deed(owner), bob, &[analyst])).await.unwrap();
    assert!(office.revocations.contains(login.session));
    let login = office.log_in("bobby", PASSWORD, None).await.unwrap();
    assert!(!login.permissions.contains(&permission::OrderShip::NAME));
    let (revocations, text) = (office.revocations.clone(), login.refresh.expose().to_owned());
    let renewed = office.db.write("refresh", move |tx| refresh(tx, &revocations, &text)).await.unwrap();
    assert!(matches!(renewed, Refreshed::Renewed(_)));
    let (revocations, text) = (office.revocations.clone(), login.refresh.expose().to_owned());
    let reused = office.db.write("refresh", move |tx| refresh(tx, &revocations, &text)).await.unwrap();
    assert!(matches!(reused, Refreshed::Reused));
    assert!(office.revocations.contains(login.session));
}

#[tokio::test]
async fn the_last_owner_can_be_neither_disabled_nor_demoted() {
    let (office, owner) = Office::open().await;
    let analyst = office.role("analyst").await;
    let revocations = office.revocations.clone();
    let refusal =
        office.db.write("disable", move |tx| disable_account(tx, &revocations, &deed(owner), owner, "x")).await;
    assert!(matches!(refusal, Err(StaffError::LastOwner)));
    let revocations = office.revocations.clone();
    let refusal =
        office.db.write("demote", move |tx| set_roles(tx, &revocations, &deed(owner), owner, &[analyst])).await;
    assert!(matches!(refusal, Err(StaffError::LastOwner)));
}

#[tokio::test]
async fn of_two_owners_who_disable_each_other_at_once_one_remains() {
    let (office, alice) = Office::open().await;
    let carol = office.owner("carol").await;
    let disable = |by: StaffId, whom: StaffId| {
        let revocations = office.revocations.clone();
        office.db.write("disable", move |tx| disable_account(tx, &revocations, &deed(by), whom, "x"))
    };
    let (one, other) = tokio::join!(disable(alice, carol), disable(carol, alice));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|done| **done).count(), 1);
}

#[tokio::test]
async fn nobody_gives_or_touches_what_they_do_not_hold() {
    let (office, owner) = Office::open().await;
    let spec = NewRoleSpec {
        name: "hr".to_owned(),
        title: "人事".to_owned(),
        permissions: vec!["staff.read".to_owned(), "staff.write".to_owned()],
    };
    let hr = office.db.write("role", move |tx| create_role(tx, &deed(owner), &spec)).await.unwrap().role.id;
    let dave = office.hire(owner, "dave", vec![hr]).await.unwrap();
    let boss = office.role("owner").await;
    assert!(matches!(office.hire(dave, "eve", vec![boss]).await, Err(StaffError::BeyondAuthority)));
    assert!(office.hire(dave, "frank", vec![hr]).await.is_ok());
    let password = hash_password(&PASSWORD.into(), "alice").unwrap();
    let revocations = office.revocations.clone();
    let refusal =
        office.db.write("reset", move |tx| reset_password(tx, &revocations, &deed(dave), owner, &password)).await;
    assert!(matches!(refusal, Err(StaffError::BeyondAuthority)));
    let greedy = vec!["staff.read".to_owned(), "order.refund".to_owned()];
    let revocations = office.revocations.clone();
    let refusal =
        office.db.write("role", move |tx| replace_role(tx, &revocations, &deed(dave), hr, "人事", &greedy)).await;
    assert!(matches!(refusal, Err(StaffError::BeyondAuthority)));
    let refusal = office.db.write("remove", move |tx| remove_role(tx, &deed(owner), hr)).await;
    assert!(matches!(refusal, Err(StaffError::RoleInUse)));
    let refusal = office.db.write("remove", move |tx| remove_role(tx, &deed(owner), boss)).await;
    assert!(matches!(refusal, Err(StaffError::RoleBuiltIn)));
}

#[tokio::test]
async fn a_changed_password_ends_the_other_log_ins_and_voids_checks_of_the_old_one() {
    let (office, owner) = Office::open().await;
    let (here, there) =
        (office.log_in("alice", PASSWORD, None).await.unwrap(), office.log_in("alice", PASSWORD, None).await.unwrap());
    let attempt = office.db.write("begin", |tx| begin_login(tx, "alice")).await.unwrap();
    let verified = office.passwords.check(attempt, PASSWORD.into()).await.unwrap();
    let (late, current) = (verified.clone(), here.session);
    let new = hash_password(&"staple tray 77".into(), "alice").unwrap();
    let revocations = office.revocations.clone();
    let work = move |tx: &mut Tx<'_>| change_own_password(tx, &revocations, &deed(owner), &verified, current, &new);
    office.db.write("change", work).await.unwrap();
    assert!(office.revocations.contains(there.session));
    assert!(!office.revocations.contains(here.session));
    let refusal = office.db.write("finish", move |tx| finish_login(tx, &keys(), &late, None)).await;
    assert!(matches!(refusal, Err(StaffError::InvalidCredentials)));
    assert!(office.log_in("alice", "staple tray 77", None).await.is_ok());
}

struct Refund;

impl ApprovalHandler for Refund {
    fn action(&self) -> &'static str {
        "order.refund"
    }

    fn permission(&self) -> &'static str {
        permission::OrderRefundApprove::NAME
    }

    fn execute(&self, _tx: &mut Tx<'_>, approval: &Approval, _by: &Decider) -> Result<(), ActionError> {
        if approval.subject_id == 13 {
            Err(ActionError::of(DbError::Unavailable("no luck".to_owned())))
        } else {
            Ok(())
        }
    }
}

async fn ask(office: &Office, by: StaffId, subject_id: i64) -> Result<ApprovalId, StaffError> {
    let work = move |tx: &mut Tx<'_>| {
        let (payload, origin) = (json!({ "amount_fen": 128_000 }), origin());
        let new = NewApproval {
            action: "order.refund",
            subject_id,
            payload,
            reason: "质量问题",
            requested_by: by,
            origin: &origin,
        };
        approval::request(tx, &new)
    };
    office.db.write("ask", work).await
}

async fn decide(office: &Office, by: StaffId, id: ApprovalId, verdict: Verdict) -> Result<Approval, StaffError> {
    let handlers = ApprovalHandlers::new(vec![Arc::new(Refund)]);
    let by = Decider { staff_id: by, origin: origin() };
    office.db.write("decide", move |tx| approval::decide(tx, &handlers, id, &by, &verdict)).await
}

#[tokio::test]
async fn an_action_above_a_limit_takes_a_second_person_with_its_permission() {
    let (office, alice) = Office::open().await;
    let carol = office.owner("carol").await;
    let clerk = office.hire(alice, "clerk", vec![office.role("customer_service").await]).await.unwrap();
    let id = ask(&office, alice, 7).await.unwrap();
    assert!(matches!(ask(&office, carol, 7).await, Err(StaffError::ApprovalWaiting)));
    assert!(matches!(decide(&office, alice, id, Verdict::Approve).await, Err(StaffError::ApprovalOwn)));
    assert!(matches!(decide(&office, clerk, id, Verdict::Approve).await, Err(StaffError::BeyondAuthority)));
    let approval = decide(&office, carol, id, Verdict::Approve).await.unwrap();
    assert_eq!((approval.state, approval.decided_by), (ApprovalState::Approved, Some(carol)));
    let late = decide(&office, carol, id, Verdict::Reject("late".to_owned())).await;
    assert!(matches!(late, Err(StaffError::ApprovalDecided)));
    assert!(ask(&office, alice, 7).await.is_ok());
}

#[tokio::test]
async fn an_approved_action_that_fails_leaves_its_approval_waiting() {
    let (office, alice) = Office::open().await;
    let carol = office.owner("carol").await;
    let id = ask(&office, alice, 13).await.unwrap();
    assert!(matches!(decide(&office, carol, id, Verdict::Approve).await, Err(StaffError::Action(_))));
    let waiting =
        office.db.read("list", |tx| approval::list(tx, Some(ApprovalState::Waiting), None, None, 20)).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(decide(&office, carol, id, Verdict::Reject("不退".to_owned())).await.is_ok());
}

#[tokio::test]
async fn every_deed_is_in_the_audit_log() {
    let (office, alice) = Office::open().await;
    let bob = office.hire(alice, "bobby", vec![office.role("analyst").await]).await.unwrap();
    let revocations = office.revocations.clone();
    office
        .db
        .write("disable", move |tx| disable_account(tx, &revocations, &deed(alice), bob, " 已离职 "))
        .await
        .unwrap();
    assert!(matches!(office.log_in("bobby", PASSWORD, None).await, Err(StaffError::AccountDisabled)));
    office.db.write("enable", move |tx| enable_account(tx, &deed(alice), bob, "回来了")).await.unwrap();
    let filter =
        AuditFilter { subject_kind: Some("staff".to_owned()), subject_id: Some(bob.get()), ..AuditFilter::default() };
    let entries = office.db.read("audit", move |tx| audit::list(tx, &filter, None, 20)).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["staff.enable", "staff.disable", "staff.create"]);
    assert_eq!(entries[1].reason.as_deref(), Some("已离职"));
    assert_eq!(entries[1].before.as_deref(), Some(r#"{"state":"active"}"#));
}
