//! What campaigns keep to on either database, also when many want the same.

mod budget;
mod moving;
mod watching;

use super::service::{self, AtDesk};
use super::stage::{PLANNER, origin};
use super::{CampaignKinds, CampaignSettings, Campaigns};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::Db;

fn campaigns() -> Campaigns {
    let settings =
        CampaignSettings { budget_approval_above: Fen::new(1_000_000), page: "pages/campaign/index".to_owned() };
    Campaigns { kinds: CampaignKinds::default(), settings }
}

fn desk() -> AtDesk {
    AtDesk { staff_id: PLANNER, origin: origin() }
}

async fn books(db: &Db) -> Vec<String> {
    db.read("books", service::differences).await.unwrap()
}

async fn takes(db: &Db, id: CampaignId, step: super::rules::Step) -> Result<(), super::CampaignError> {
    db.write("step", move |tx| service::step(tx, &campaigns(), &desk(), id, step, "演练").map(|_| ())).await
}
