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
use super::super::store::{self, Counted, Stretch};
use super::desk::{AtDesk, reason_of};
use super::moving::{Cause, advance};
use super::{Change, log, log_and_audit};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::{MINUTE_MS, SECOND_MS, Timestamp};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// Alerts shown to staff.
const ALERTS_SHOWN: i64 = 50;
/// How long after it happened an action may be committed: longer than any transaction lasts.
const LATE_MS: i64 = MINUTE_MS;

/// What a look at a campaign found, before anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Finding {
    seen: Lately,
    /// Whether a rule is to fire.
    pub(in crate::campaign) alarming: bool,
}

/// Looks whether a rule is to fire, and changes nothing. In a rush this counts a great many actions, which must not hold
/// up those who act.
pub(in crate::campaign) fn look(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Option<Finding>> {
    let Some(campaign) = store::find(tx, id)?.filter(|campaign| campaign.row.state == CampaignState::Running) else {
        return Ok(None);
    };
    let Some(watch) = store::watch(tx, id)? else { return Ok(None) };
    let mut finding = Finding { seen: lately(tx, id)?, alarming: false };
    let mut eye = Eye::on(&campaign, &watch);
    for rule in store::risk_rules(tx, id)? {
        finding.alarming = eye.alarm(tx, &rule)?.is_some();
        if finding.alarming {
            break;
        }
    }
    Ok(Some(finding))
}

/// Notes that everything up to a finding was looked at and nothing is to fire.
pub(in crate::campaign) fn found_nothing(tx: &mut Tx<'_>, id: CampaignId, finding: Finding) -> DbResult<()> {
    store::checked(tx, id, finding.seen.from, finding.seen.actions)
}

/// How much happened lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lately {
    from: Timestamp,
    actions: i64,
}

/// Counts what happened lately, which tells at the next look whether anything came since: also something that happened
/// before this look and is committed after it.
fn lately(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Lately> {
    let from = tx.now().plus_millis(-LATE_MS);
    let actions = store::count_actions(tx, &Stretch { campaign: id, from, after: 0 })?.actions;
    Ok(Lately { from, actions })
}

/// Looks a running campaign over: every rule whose figure lies above its threshold fires, once in its window.
pub(in crate::campaign) fn look_over(tx: &mut Tx<'_>, kinds: &CampaignKinds, id: CampaignId) -> DbResult<()> {
    let Some(campaign) = store::find(tx, id)?.filter(|campaign| campaign.row.state == CampaignState::Running) else {
        return Ok(());
    };
    let Some(watch) = store::watch(tx, id)? else { return Ok(()) };
    let seen = lately(tx, id)?;
    let mut row = campaign.row.clone();
    let mut eye = Eye::on(&campaign, &watch);
    for rule in store::risk_rules(tx, id)? {
        if let Some(figure) = eye.alarm(tx, &rule)? {
            row = fire(tx, kinds, row, &rule, &figure)?;
        }
        if row.state != CampaignState::Running {
            break;
        }
    }
    store::checked(tx, id, seen.from, seen.actions)
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

/// Looks at one campaign at one moment. Rules with windows of the same length share what is counted.
struct Eye<'a> {
    campaign: &'a Campaign,
    watch: &'a Watch,
    counted: Vec<(Timestamp, Counted)>,
}

impl<'a> Eye<'a> {
    const fn on(campaign: &'a Campaign, watch: &'a Watch) -> Self {
        Self { campaign, watch, counted: Vec::new() }
    }

    fn counted(&mut self, tx: &mut Tx<'_>, stretch: &Stretch) -> DbResult<Counted> {
        if let Some((_, counted)) = self.counted.iter().find(|(from, _)| *from == stretch.from) {
            return Ok(*counted);
        }
        let counted = store::count_actions(tx, stretch)?;
        self.counted.push((stretch.from, counted));
        Ok(counted)
    }

    /// The figure of a rule; `None` when too little happened to say anything.
    fn figure(&mut self, tx: &mut Tx<'_>, rule: &RiskRule) -> DbResult<Option<Figure>> {
        let from = from_when(tx, self.watch, rule);
        let stretch = Stretch { campaign: self.watch.campaign_id, from, after: self.watch.since_id };
        let counted = self.counted(tx, &stretch)?;
        if counted.actions < rule.least {
            return Ok(None);
        }
        let granted = match rule.rule {
            RiskKind::SpendRate => store::granted_since(tx, self.watch.campaign_id, from)?,
            _ => Fen::ZERO,
        };
        let seen = Seen {
            actions: counted.actions,
            fresh: counted.fresh,
            busiest: store::busiest(tx, &stretch, rule.rule)?,
            granted,
        };
        let Campaign { row, budget } = self.campaign;
        let length_ms = row.ends_at.millis_since(row.starts_at);
        Ok(rules::figure(rule, &seen, Pace { budget: budget.budget, length_ms }))
    }

    /// The figure of a rule that is to fire now: it lies above the threshold, and the rule has not fired in its window.
    fn alarm(&mut self, tx: &mut Tx<'_>, rule: &RiskRule) -> DbResult<Option<Figure>> {
        if fired_lately(tx, self.watch, rule)? {
            return Ok(None);
        }
        Ok(self.figure(tx, rule)?.filter(|figure| rules::fires(rule, figure)))
    }
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
    let mut eye = watch.as_ref().map(|watch| Eye::on(&campaign, watch));
    let mut rules = Vec::new();
    for rule in store::risk_rules(tx, id)? {
        let figure = match &mut eye {
            Some(eye) => eye.figure(tx, &rule)?,
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
