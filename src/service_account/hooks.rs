//! What the service account does when somebody logs in, or proves another id while they are.

use super::service;
use crate::entrance::Entrances;
use crate::identity::LoginListener;
use crate::identity::events::USER_IDENTITY_LINKED;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};

/// Lets what a user follows be theirs, and tells the codes they scanned as opens.
#[derive(Clone)]
pub struct JoinFollowings(pub Entrances);

impl LoginListener for JoinFollowings {
    fn on_login(&self, tx: &mut Tx<'_>, user: UserId, _device: Option<DeviceId>) -> DbResult<()> {
        service::join_user(tx, &self.0, user)
    }
}

impl Subscriber for JoinFollowings {
    fn name(&self) -> &'static str {
        "service_account.join_followings"
    }

    fn wants(&self, event_name: &str) -> bool {
        event_name == USER_IDENTITY_LINKED
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        event.user.map_or(Ok(()), |user| service::join_user(tx, &self.0, user))
    }
}
