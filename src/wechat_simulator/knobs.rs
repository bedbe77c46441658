//! Trouble on demand: rules about requests by path, and about notices, replies and refunds.

use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::keys::KeyKind;
use super::refunds::{RefundStatus, RefundTreatment};
use crate::kernel::time::Timestamp;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// Answered with `status` and `code`, nothing done.
    Refuse,
    /// Held up for `delay_ms` of real time, then served.
    DelayMs,
    /// The connection is cut, nothing done.
    Lose,
    /// Served, then the connection is cut without an answer.
    LoseAnswer,
    /// Served, then answered 500 (or errcode -1).
    ErrorAfter,
    /// Served, then answered 429 (or errcode 45011).
    #[serde(rename = "429_after")]
    TooManyAfter,
    /// Served, with a signature over something else.
    CorruptReplySignature,
    /// Served, with one byte of the body changed after signing.
    CorruptReplyBody,
    /// Served, with one of WeChat's deliberately wrong signatures.
    SigntestReply,
}

/// One rule. Rules are tried in order; a rule that fires uses up one of its `times`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// The beginning of the paths it is about.
    pub(super) path_prefix: String,
    /// Only this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    /// What happens.
    pub(super) action: Action,
    /// Status of a refusal (default 429, or 200 on the account host).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    /// Code of a refusal; on the account host a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    /// How long a delay lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delay_ms: Option<u64>,
    /// How many matching requests pass unharmed before it fires for the first time.
    #[serde(default)]
    pub(super) after: u64,
    /// How often it fires; without end when absent.
    #[serde(default)]
    pub(super) times: Option<u64>,
    /// Share of matching requests it fires for, 0–1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<f64>,
    /// Fixes which requests those are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<u64>,
}

/// How likely something is: never, always, or a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Chance {
    /// Never or always.
    Flag(bool),
    /// A share, 0–1.
    Share(f64),
}

impl Default for Chance {
    fn default() -> Self {
        Self::Flag(false)
    }
}

impl Chance {
    /// Tosses the coin.
    pub(super) fn happens(self, dice: &Dice) -> bool {
        match self {
            Self::Flag(always) => always,
            Self::Share(share) => dice.happens(share),
        }
    }
}

/// Which key signs notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NoticeMode {
    /// The WeChat Pay public key.
    #[default]
    PublicKey,
    /// The platform certificate.
    Certificate,
    /// Either, by chance, as during a merchant's switch from one to the other.
    Alternate,
}

/// Which key signs replies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReplyMode {
    /// The one named in the request's `Wechatpay-Serial`; the certificate when none is.
    #[default]
    ByRequest,
    /// Always the WeChat Pay public key.
    PublicKey,
    /// Always the platform certificate.
    Certificate,
}

/// Trouble with notices.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NoticeKnobs {
    /// New notices that never arrive.
    pub(super) lose: Chance,
    /// How much later, by the simulator's clock, new notices are sent.
    pub(super) delay_ms: i64,
    /// How many extra copies are sent at the same moment.
    pub(super) duplicate: usize,
    /// New notices wait a random time of up to two seconds (by the clock), and a flush sends in random order.
    pub(super) reorder: bool,
    /// A wrongly signed copy goes ahead of the right one.
    pub(super) signtest_first: Chance,
    /// Which key signs.
    pub(super) mode: NoticeMode,
}

/// How replies are signed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReplyKnobs {
    /// Which key signs.
    pub(super) mode: ReplyMode,
}

/// What becomes of a refund once it is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundEnd {
    /// Succeeds at once.
    #[default]
    Success,
    /// Becomes abnormal at once.
    Abnormal,
    /// Is closed at once.
    Closed,
    /// Stays in process until `/_sim/refunds/{out_refund_no}/settle`.
    Hold,
}

/// The status in the first answer to a refund call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundAnswer {
    /// PROCESSING, as the real service does, whatever has become of it already.
    #[default]
    Processing,
    /// The refund's true status.
    Settled,
}

/// How refunds are treated.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RefundKnobs {
    /// What becomes of them.
    pub(super) end: RefundEnd,
    /// What the first answer says.
    pub(super) answer: RefundAnswer,
    /// Seconds between two refunds of one order. WeChat documents sixty; off unless asked for.
    pub(super) gap_seconds: i64,
}

impl RefundKnobs {
    /// The same in the ledger's words.
    pub(super) fn treatment(&self) -> RefundTreatment {
        let settles = match self.end {
            RefundEnd::Success => Some(RefundStatus::Success),
            RefundEnd::Abnormal => Some(RefundStatus::Abnormal),
            RefundEnd::Closed => Some(RefundStatus::Closed),
            RefundEnd::Hold => None,
        };
        RefundTreatment { settles, gap_seconds: self.gap_seconds }
    }
}

/// Trouble with pushed messages, added to what a single one is sent with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PushKnobs {
    /// New messages that never arrive.
    pub(super) lose: Chance,
    /// How much later, by the simulator's clock, new messages are sent.
    pub(super) delay_ms: i64,
    /// How many extra copies are sent at the same moment.
    pub(super) duplicate: usize,
    /// Messages signed with another token.
    pub(super) wrong_signature: Chance,
}

/// Trouble with text messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SmsKnobs {
    /// Every message is refused with this code.
    pub(super) refuse: Option<String>,
}

/// What becomes of goods that rooms are to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Review {
    /// They pass at once.
    #[default]
    Pass,
    /// They are refused at once.
    Refuse,
    /// They wait until `/_sim/live/goods/{number}`.
    Hold,
}

/// How the live service treats what it is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LiveKnobs {
    /// What becomes of goods.
    pub(super) review: Review,
    /// WeChat numbers of anchors who have not proven who they are.
    pub(super) unverified_anchors: Vec<String>,
}

/// Who sits before the pages where people agree to log in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OauthKnobs {
    /// Visitors of a service account's page see a snapshot of it, behind which nobody is.
    pub(super) snapshot_user: bool,
    /// Nobody agrees.
    pub(super) refuse: bool,
}

/// The document of `PUT /_sim/knobs`; what is left out goes back to no trouble.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct KnobSettings {
    /// Rules about requests.
    pub(super) rules: Vec<Rule>,
    /// Trouble with notices.
    pub(super) notices: NoticeKnobs,
    /// How replies are signed.
    pub(super) replies: ReplyKnobs,
    /// How refunds are treated.
    pub(super) refunds: RefundKnobs,
    /// Who agrees to log in.
    pub(super) oauth: OauthKnobs,
    /// Trouble with pushed messages.
    pub(super) pushes: PushKnobs,
    /// Trouble with text messages.
    pub(super) sms: SmsKnobs,
    /// How the live service treats what it is asked.
    pub(super) live: LiveKnobs,
}

/// What happens to a request instead of serving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// The connection is cut.
    Lose,
    /// Refused with a status and a code.
    Refuse(Option<u16>, Option<String>),
}

/// What happens to the answer of a served request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// The connection is cut.
    Lose,
    /// 500.
    Error,
    /// 429.
    TooMany,
}

/// How the reply's signature is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoilt {
    /// The signature is over something else.
    Signature,
    /// The body is changed after signing.
    Body,
    /// A deliberate test signature.
    Signtest,
}

/// Everything decided about one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Held up this long.
    pub(super) delay_ms: u64,
    /// Not served.
    pub(super) instead: Option<Instead>,
    /// Served, the answer replaced.
    pub(super) afterwards: Option<Afterwards>,
    /// Served, the answer spoilt.
    pub(super) spoilt: Option<Spoilt>,
}

struct LiveRule {
    passed: u64,
    fired: u64,
    dice: Option<Dice>,
}

/// The knobs as they stand.
#[derive(Default)]
pub(super) struct Knobs {
    settings: KnobSettings,
    live: Vec<LiveRule>,
}

impl Knobs {
    /// Replaces all settings; counts begin anew.
    pub(super) fn set(&mut self, settings: KnobSettings) {
        let seeded = |seed| Dice::new(Some(seed), Timestamp::from_millis(0));
        self.live =
            settings.rules.iter().map(|rule| LiveRule { passed: 0, fired: 0, dice: rule.seed.map(seeded) }).collect();
        self.settings = settings;
    }

    /// The settings as they were put.
    pub(super) fn settings(&self) -> &KnobSettings {
        &self.settings
    }

    /// How often each rule fired.
    pub(super) fn fired(&self) -> Vec<u64> {
        self.live.iter().map(|live| live.fired).collect()
    }

    /// Decides about one request.
    pub(super) fn draw(&mut self, method: &str, path: &str, dice: &Dice) -> Verdict {
        let mut verdict = Verdict::default();
        for (rule, live) in self.settings.rules.iter().zip(&mut self.live) {
            let concerned = path.starts_with(&rule.path_prefix)
                && rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.times.is_none_or(|times| live.fired < times)
                && verdict.has_room_for(rule.action);
            if concerned && live.passed < rule.after {
                live.passed = live.passed.saturating_add(1);
                continue;
            }
            let lucky = rule.probability.is_none_or(|share| live.dice.as_ref().unwrap_or(dice).happens(share));
            if concerned && lucky {
                live.fired = live.fired.saturating_add(1);
                verdict.apply(rule);
            }
        }
        verdict
    }
}

impl Verdict {
    fn has_room_for(&self, action: Action) -> bool {
        match action {
            Action::DelayMs => true,
            Action::Refuse | Action::Lose => self.instead.is_none() && self.afterwards.is_none(),
            Action::LoseAnswer | Action::ErrorAfter | Action::TooManyAfter => {
                self.instead.is_none() && self.afterwards.is_none()
            }
            Action::CorruptReplySignature | Action::CorruptReplyBody | Action::SigntestReply => self.spoilt.is_none(),
        }
    }

    fn apply(&mut self, rule: &Rule) {
        match rule.action {
            Action::Refuse => self.instead = Some(Instead::Refuse(rule.status, rule.code.clone())),
            Action::DelayMs => self.delay_ms = self.delay_ms.saturating_add(rule.delay_ms.unwrap_or(0)),
            Action::Lose => self.instead = Some(Instead::Lose),
            Action::LoseAnswer => self.afterwards = Some(Afterwards::Lose),
            Action::ErrorAfter => self.afterwards = Some(Afterwards::Error),
            Action::TooManyAfter => self.afterwards = Some(Afterwards::TooMany),
            Action::CorruptReplySignature => self.spoilt = Some(Spoilt::Signature),
            Action::CorruptReplyBody => self.spoilt = Some(Spoilt::Body),
            Action::SigntestReply => self.spoilt = Some(Spoilt::Signtest),
        }
    }
}

impl ReplyMode {
    /// The key for a reply, given whether the request named the public key.
    pub(super) const fn kind(self, public_key_named: bool) -> KeyKind {
        match self {
            Self::PublicKey => KeyKind::PublicKey,
            Self::ByRequest if public_key_named => KeyKind::PublicKey,
            Self::Certificate | Self::ByRequest => KeyKind::Certificate,
        }
    }
}

impl NoticeMode {
    /// The key for a notice.
    pub(super) fn kind(self, dice: &Dice) -> KeyKind {
        match self {
            Self::PublicKey => KeyKind::PublicKey,
            Self::Certificate => KeyKind::Certificate,
            Self::Alternate if dice.happens(0.5) => KeyKind::PublicKey,
            Self::Alternate => KeyKind::Certificate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knobs(document: &str) -> Knobs {
        let mut knobs = Knobs::default();
        knobs.set(serde_json::from_str(document).unwrap());
        knobs
    }

    fn dice() -> Dice {
        Dice::new(Some(1), Timestamp::from_millis(0))
    }

    #[test]
    fn a_rule_fires_as_often_as_told_and_only_on_its_path() {
        let mut knobs = knobs(
            r#"{"rules":[{"path_prefix":"/v3/refund","action":"429_after","times":2},
                         {"path_prefix":"/v3","method":"post","action":"delay_ms","delay_ms":5}]}"#,
        );
        let dice = dice();
        assert_eq!(knobs.draw("GET", "/v3/certificates", &dice), Verdict::default());
        for _ in 0..2 {
            let verdict = knobs.draw("POST", "/v3/refund/domestic/refunds", &dice);
            assert_eq!((verdict.afterwards, verdict.delay_ms), (Some(Afterwards::TooMany), 5));
        }
        assert_eq!(knobs.draw("POST", "/v3/refund/domestic/refunds", &dice).afterwards, None);
        assert_eq!(knobs.fired(), [2, 3]);
    }

    #[test]
    fn a_rule_waits_for_its_turn() {
        let mut knobs = knobs(r#"{"rules":[{"path_prefix":"/v3","action":"lose","after":2,"times":1}]}"#);
        let dice = dice();
        let lost: Vec<bool> = (0..5).map(|_| knobs.draw("GET", "/v3/pay", &dice).instead.is_some()).collect();
        assert_eq!(lost, [false, false, true, false, false]);
    }

    #[test]
    fn a_seeded_share_repeats_itself() {
        let document = r#"{"rules":[{"path_prefix":"/","action":"lose","probability":0.5,"seed":9}]}"#;
        let run = || {
            let mut knobs = knobs(document);
            let dice = Dice::new(None, Timestamp::from_millis(0));
            (0..40).map(|_| knobs.draw("GET", "/", &dice).instead.is_some()).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert!(first.contains(&true) && first.contains(&false));
    }

    #[test]
    fn an_unknown_knob_is_refused() {
        assert!(serde_json::from_str::<KnobSettings>(r#"{"notices":{"loose":true}}"#).is_err());
        let share: KnobSettings = serde_json::from_str(r#"{"notices":{"lose":0.25,"signtest_first":true}}"#).unwrap();
        assert_eq!(share.notices.lose, Chance::Share(0.25));
        assert_eq!(share.notices.signtest_first, Chance::Flag(true));
    }
}
