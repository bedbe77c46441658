//! Watching campaigns: rules look at what happens and warn staff, or pause the campaign by themselves.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::error::CampaignError;
use super::super::events::{RISK_FIRED, RiskFired};
use super::super::kinds::CampaignKinds;
use super::super::model::{
    Campaign, CampaignRow, CampaignState, RiskAlert, RiskAlertId, RiskEffect, RiskKind, RiskRule, Watch,
};
use super::super::rules::{self, Figure, Pace, Seen, Step};
use super::super::store::{self, Stretch};
use super::desk::{AtDesk, reason_of};
use super::moving::{Cause, advance};
use super::{Change, log, log_and_audit};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// Alerts shown to staff.
const ALERTS_SHOWN: i64 = 50;

/// Looks a running campaign over: every rule whose figure lies above its threshold fires, once in its window.
pub(in crate::campaign) fn look_over(tx: &mut Tx<'_>, kinds: &CampaignKinds, id: CampaignId) -> DbResult<()> {
    let Some(campaign) = store::find(tx, id)?.filter(|campaign| campaign.row.state == CampaignState::Running) else {
        return Ok(());
    };
    let Some(watch) = store::watch(tx, id)? else { return Ok(()) };
    let since = Stretch { campaign: id, from: watch.checked_at, after: watch.checked_id };
    let last = store::count_actions(tx, &since)?.last.max(watch.checked_id);
    let mut row = campaign.row.clone();
    for rule in store::risk_rules(tx, id)? {
        let Some(figure) = figure_of(tx, &campaign, &watch, &rule)? else { continue };
        if rules::fires(&rule, &figure) && !fired_lately(tx, &watch, &rule)? {
            row = fire(tx, kinds, row, &rule, &figure)?;
        }
        if row.state != CampaignState::Running {
            break;
        }
    }
    store::checked(tx, id, last)
}

/// From when on a rule looks: its window, but not before the campaign was last started or resumed.
fn from_when(tx: &Tx<'_>, watch: &Watch, rule: &RiskRule) -> Timestamp {
    let window_ms = rule.window_seconds.saturating_mul(SECOND_MS);
    tx.now().plus_millis(window_ms.saturating_neg()).max(watch.since)
}

fn fired_lately(tx: &mut Tx<'_>, watch: &Watch, rule: &RiskRule) -> DbResult<bool> {
    let from = from_when(tx, watch, rule);
    store::fired_since(tx, watch.campaign_id, rule.rule, from, watch.since_id)
}

fn figure_of(tx: &mut Tx<'_>, campaign: &Campaign, watch: &Watch, rule: &RiskRule) -> DbResult<Option<Figure>> {
    let from = from_when(tx, watch, rule);
    let stretch = Stretch { campaign: watch.campaign_id, from, after: watch.since_id };
    let counted = store::count_actions(tx, &stretch)?;
    let granted = match rule.rule {
        RiskKind::SpendRate => store::granted_since(tx, watch.campaign_id, from)?,
        _ => Fen::ZERO,
    };
    let seen = Seen {
        actions: counted.actions,
        fresh: counted.fresh,
        busiest: store::busiest(tx, &stretch, rule.rule)?,
        granted,
    };
    let length_ms = campaign.row.ends_at.millis_since(campaign.row.starts_at);
    Ok(rules::figure(rule, &seen, Pace { budget: campaign.budget.budget, length_ms }))
}

/// Writes down that a rule fired, tells whoever listens, and pauses the campaign if that is what the rule does.
fn fire(
    tx: &mut Tx<'_>,
    kinds: &CampaignKinds,
    row: CampaignRow,
    rule: &RiskRule,
    figure: &Figure,
) -> DbResult<CampaignRow> {
    let alert = RiskAlert {
        id: RiskAlertId::new(tx.next_id()),
        campaign_id: row.id,
        rule: rule.rule,
        effect: rule.effect,
        figure: figure.value,
        threshold: rule.threshold,
        culprit: figure.culprit.clone(),
        at: tx.now(),
    };
    store::insert_alert(tx, &alert)?;
    let payload = RiskFired {
        campaign_id: row.id,
        kind: row.kind,
        name: row.name.clone(),
        rule: rule.rule,
        effect: rule.effect,
        figure: figure.value,
        threshold: rule.threshold,
        culprit: figure.culprit.clone(),
    };
    events::record(tx, &NewEvent { name: RISK_FIRED, version: 1, user: None, payload: &payload })?;
    let reason = reason_for(rule, figure);
    match rule.effect {
        RiskEffect::Pause => {
            let cause = Cause { staff: None, reason: &reason, conclusions: None };
            advance(tx, kinds, &row, Step::Pause, &cause).map_err(CampaignError::into_db)
        }
        RiskEffect::Warn => warn(tx, &row, &reason).map_err(CampaignError::into_db),
    }
}

fn warn(tx: &mut Tx<'_>, row: &CampaignRow, reason: &str) -> Result<CampaignRow, CampaignError> {
    let warned = store::touch(tx, row)?.ok_or_else(CampaignError::lost_race)?;
    let change =
        Change { action: "risk_warning", from: Some(row.state), staff: None, reason, before: None, after: None };
    log(tx, &warned, &change)?;
    Ok(warned)
}

fn reason_for(rule: &RiskRule, figure: &Figure) -> String {
    let culprit = figure.culprit.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
    format!("{}: {}{culprit}, more than {}", rule.rule, figure.value, rule.threshold)
}

/// How watching a campaign stands.
#[derive(Clone, Debug)]
pub(in crate::campaign) struct RiskState {
    /// Its rules, with what each makes of this moment; `None` when too little happens or the campaign never ran.
    pub(in crate::campaign) rules: Vec<(RiskRule, Option<Figure>)>,
    /// From when on it is watched.
    pub(in crate::campaign) since: Option<Timestamp>,
    /// The latest times rules fired.
    pub(in crate::campaign) alerts: Vec<RiskAlert>,
}

/// How watching a campaign stands.
pub(in crate::campaign) fn risk_state(tx: &mut Tx<'_>, id: CampaignId) -> Result<RiskState, CampaignError> {
    let campaign = store::find(tx, id)?.ok_or(CampaignError::NotFound)?;
    let watch = store::watch(tx, id)?;
    let mut rules = Vec::new();
    for rule in store::risk_rules(tx, id)? {
        let figure = match &watch {
            Some(watch) => figure_of(tx, &campaign, watch, &rule)?,
            None => None,
        };
        rules.push((rule, figure));
    }
    let alerts = store::alerts(tx, id, ALERTS_SHOWN)?;
    Ok(RiskState { rules, since: watch.map(|watch| watch.since), alerts })
}

/// Puts rules in the place of those that watch a campaign.
pub(in crate::campaign) fn change_risk_rules(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CampaignId,
    wanted: &[RiskRule],
    reason: &str,
) -> Result<(), CampaignError> {
    let reason = reason_of(reason)?;
    let kinds: BTreeSet<RiskKind> = wanted.iter().map(|rule| rule.rule).collect();
    if kinds.len() != wanted.len() {
        return Err(CampaignError::field("rules", "each rule at most once"));
    }
    for rule in wanted {
        let fits = (1..=1_000_000).contains(&rule.threshold)
            && (60..=86_400).contains(&rule.window_seconds)
            && (1..=1_000_000).contains(&rule.least);
        if !fits {
            return Err(CampaignError::field(rule.rule.as_str(), "threshold, window_seconds or least out of range"));
        }
    }
    let seen = store::find(tx, id)?.ok_or(CampaignError::NotFound)?.row;
    if matches!(seen.state, CampaignState::Ended | CampaignState::Reviewed) {
        return Err(CampaignError::StateConflict(json!({ "state": seen.state })));
    }
    let before = store::risk_rules(tx, id)?;
    let row = store::touch(tx, &seen)?.ok_or_else(CampaignError::lost_race)?;
    store::replace_risk_rules(tx, id, wanted)?;
    let change = Change {
        action: "risk_rules",
        from: Some(seen.state),
        staff: Some(desk.staff_id),
        reason,
        before: Some(json!(before)),
        after: Some(json!(wanted)),
    };
    Ok(log_and_audit(tx, &row, change, &desk.origin)?)
}
