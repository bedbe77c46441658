//! Users, their identities, devices, log-ins and addresses as they are stored.

use diesel::prelude::*;

use crate::kernel::id::{DeviceId, SessionId, StaffId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{
    account_merge_flags, account_merge_rows, account_merges, addresses, identities, identity_conflicts, login_sessions,
    users,
};
use crate::{stored_enum, typed_id};

typed_id! {
    /// One proof of a user.
    IdentityId,
    /// One delivery address.
    AddressId,
    /// Two proofs that could not be brought together without a person's decision.
    ConflictId,
    /// One code sent by SMS.
    SmsCodeId,
    /// One way to WeChat and back.
    OauthStateId,
    /// Two users who became one.
    MergeId,
}

stored_enum! {
    /// Whether a user may use the shop.
    pub enum UserState {
        /// They may.
        Active = "active",
        /// Staff locked them out; their log-ins have ended.
        Blocked = "blocked",
    }
}

stored_enum! {
    /// Who vouches for an identity. A new provider is a new word here and an adapter, never a new column.
    pub enum Provider {
        /// A WeChat mini-program: an openid within its app id.
        WechatMini = "wechat_mini",
        /// A WeChat service account: an openid within its app id.
        WechatService = "wechat_service",
        /// WeChat's login in a native app: an openid within its app id.
        WechatApp = "wechat_app",
        /// WeChat's QR code on a website: an openid within its app id.
        WechatWeb = "wechat_web",
        /// The person across all apps of one Open Platform account, which stands in the place of the app id; empty for the
        /// shop's only one.
        WechatUnionid = "wechat_unionid",
        /// A phone number: a keyed hash of it.
        Phone = "phone",
        /// An Alipay mini-program.
        AlipayMini = "alipay_mini",
        /// A Douyin mini-program.
        DouyinMini = "douyin_mini",
        /// A Baidu mini-program.
        BaiduMini = "baidu_mini",
        /// A QQ mini-program.
        QqMini = "qq_mini",
    }
}

stored_enum! {
    /// Why two proofs were not brought together.
    pub enum ConflictReason {
        /// Both are known, of different users that could be merged, were it not for a person's decision: staff declared
        /// them to be two persons, or the number of a phone would change hands without its owner.
        MergeWaiting = "merge_waiting",
        /// One user would hold two values of a key that has one, such as two phones.
        TwoValues = "two_values",
    }
}

/// What proves a user: unique across the shop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proof {
    /// Who vouches for it.
    pub provider: Provider,
    /// The client application it holds in; empty for what holds everywhere.
    pub app_id: String,
    /// The user's name there; for phones a keyed hash.
    pub subject: String,
}

/// One person.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Whether they may use the shop.
    pub state: UserState,
    /// The name other shoppers see.
    pub nickname: String,
    /// Their picture, when they chose one.
    pub avatar: Option<String>,
    /// When they first came.
    pub created_at: Timestamp,
    /// When they or staff last changed something here.
    pub updated_at: Timestamp,
}

/// One proof as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = identities, treat_none_as_default_value = false)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is.
    pub user_id: UserId,
    /// Who vouches for it.
    pub provider: Provider,
    /// The client application it holds in; empty for what holds everywhere.
    pub app_id: String,
    /// The user's name there; for phones a keyed hash.
    pub subject: String,
    /// For phones the number, sealed.
    pub sealed: Option<String>,
    /// For phones what may be shown, such as `138****1234`.
    pub masked: Option<String>,
    /// When it was first proven.
    pub created_at: Timestamp,
}

impl Identity {
    /// The proof without whose it is.
    pub fn proof(&self) -> Proof {
        Proof { provider: self.provider, app_id: self.app_id.clone(), subject: self.subject.clone() }
    }
}

/// Two proofs that wait for staff.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = identity_conflicts, treat_none_as_default_value = false)]
pub struct Conflict {
    /// Its id.
    pub id: ConflictId,
    /// The user the request went on as.
    pub kept_user_id: UserId,
    /// The other user, when the proof had one.
    pub other_user_id: Option<UserId>,
    /// Of the proof that could not be attached: who vouches for it.
    pub provider: Provider,
    /// Its client application.
    pub app_id: String,
    /// Its subject.
    pub subject: String,
    /// Why it could not.
    pub reason: ConflictReason,
    /// When it was first found.
    pub created_at: Timestamp,
    /// What staff decided.
    pub decision: Option<ConflictDecision>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Who.
    pub decided_by: Option<StaffId>,
}

/// One log-in: a family of refresh tokens.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = login_sessions, treat_none_as_default_value = false)]
pub struct LoginSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// On which device.
    pub device_id: Option<DeviceId>,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When it ended, when it has.
    pub revoked_at: Option<Timestamp>,
    /// Why it ended.
    pub revoke_reason: Option<String>,
}

/// A delivery address.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = addresses, treat_none_as_default_value = false)]
pub struct Address {
    /// Its id.
    pub id: AddressId,
    /// Whose it is.
    pub user_id: UserId,
    /// Who receives.
    pub receiver_name: String,
    /// Their phone.
    pub receiver_phone: String,
    /// The province's two digits of GB/T 2260.
    pub province_code: String,
    /// The province's name.
    pub province: String,
    /// The city.
    pub city: String,
    /// The district or county.
    pub district: String,
    /// Street, house, room.
    pub detail: String,
    /// Whether it is offered first.
    pub is_default: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was removed; orders keep their own copy.
    pub removed_at: Option<Timestamp>,
}

stored_enum! {
    /// Why two users became one.
    pub enum MergeCause {
        /// A request proved ids of both.
        Proof = "proof",
        /// Staff decided it.
        Staff = "staff",
    }
}

stored_enum! {
    /// What a merge did to a row.
    pub enum RowDeed {
        /// Columns of it hold something else.
        Changed = "changed",
        /// It is gone.
        Removed = "removed",
        /// It is new.
        Added = "added",
    }
}

stored_enum! {
    /// What staff decided about two proofs that could not be brought together.
    pub enum ConflictDecision {
        /// The two users became one.
        Merged = "merged",
        /// They are two persons.
        KeptApart = "kept_apart",
        /// They are two persons, and the phone number of one is the other's by now.
        HandedOver = "handed_over",
    }
}

/// Two users who became one.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_merges, treat_none_as_default_value = false)]
pub struct Merge {
    /// Its id.
    pub id: MergeId,
    /// Who stays.
    pub kept_user_id: UserId,
    /// Who became part of them.
    pub merged_user_id: UserId,
    /// Why.
    pub cause: MergeCause,
    /// Who vouched for the proof that brought it to light, when one did.
    pub provider: Option<Provider>,
    /// The client application of that proof.
    pub app_id: Option<String>,
    /// Who decided it, when staff did.
    pub staff_id: Option<StaffId>,
    /// Why they did.
    pub reason: Option<String>,
    /// When.
    pub merged_at: Timestamp,
    /// Until when it can be taken back.
    pub undoable_until: Timestamp,
    /// When what was written for the merged user meanwhile is brought along; `None` when that is over.
    pub follow_at: Option<Timestamp>,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
    /// By whom.
    pub undone_by: Option<StaffId>,
    /// Why.
    pub undo_reason: Option<String>,
    /// How many rows had changed again, so that taking it back left them as they were.
    pub left_alone: Option<i64>,
}

/// What a merge did to one row.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_merge_rows, treat_none_as_default_value = false)]
pub struct MergeRow {
    /// Which merge.
    pub merge_id: MergeId,
    /// Its place in the order of what was done, from 1.
    pub number: i64,
    /// Of which table.
    pub table_name: String,
    /// What was done.
    pub deed: RowDeed,
    /// What names the row, as JSON.
    pub row_key: String,
    /// What the columns concerned held before, as JSON.
    pub before: Option<String>,
    /// What they hold after, as JSON.
    pub after: Option<String>,
}

/// Something a merge brought together that one person may have only once.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_merge_flags, treat_none_as_default_value = false)]
pub struct MergeFlag {
    /// Which merge.
    pub merge_id: MergeId,
    /// Its place among the flags of the merge, from 1.
    pub number: i64,
    /// What it is, such as `coupon.had_twice`.
    pub code: String,
    /// The table of the row.
    pub table_name: String,
    /// What names the row, as JSON.
    pub row_key: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// When staff settled it.
    pub settled_at: Option<Timestamp>,
    /// Who.
    pub settled_by: Option<StaffId>,
    /// What they did about it.
    pub note: Option<String>,
}
