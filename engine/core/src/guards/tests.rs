//! Every guard in a table, the arbiter's joint answers, and its laws against a brute-force oracle.

mod joint;
mod laws;
mod night;
mod table;

use super::{Ask, Ruling, Sent, Verdict, arbitrate};
use crate::action::{Channel, ReasonCode};
use crate::arm::{Arm, Assignment};
use crate::contact::Contact;
use crate::policy::{Cap, Kill, Policy, QuietHours, Stage, StageLimits, StageState, ZoneChoice};
use crate::schema::Schema;
use crate::testkit::{at, reachable, schema, span};
use crate::time::Time;

/// All that is asked about one action; by default nothing stands against it.
#[derive(Debug)]
struct Situation {
    contact: Contact,
    schema: Schema,
    policy: Policy,
    stage: StageState,
    assignment: Assignment,
    channel: Channel,
    purpose: &'static str,
    expires_at: Time,
    kill: Option<Kill>,
    sent: Option<Vec<Sent>>,
    workflow_sent: Option<Vec<Time>>,
    excluded: Option<&'static str>,
    assignee: Option<&'static str>,
    assigned: Option<Vec<(Channel, Time)>>,
    now: Time,
}

fn situation() -> Situation {
    Situation {
        contact: reachable("c"),
        schema: schema(),
        policy: Policy::default(),
        stage: StageState { stage: Stage::Full, limits: StageLimits { share: 0.4, holdout: 0.5, per_day: 2 } },
        assignment: Assignment { arm: Arm::Treated, global_bucket: 0.5, holdout_bucket: 0.7, holdout: 0.1 },
        channel: Channel::Email,
        purpose: "marketing",
        expires_at: at("30d"),
        kill: None,
        sent: Some(vec![]),
        workflow_sent: Some(vec![]),
        excluded: None,
        assignee: None,
        assigned: Some(vec![]),
        now: at("0h"),
    }
}

impl Situation {
    fn rule_at(&self, now: Time) -> Ruling {
        let ask = Ask {
            contact: &self.contact,
            schema: &self.schema,
            policy: &self.policy,
            workflow: "w",
            stage: &self.stage,
            assignment: &self.assignment,
            channel: self.channel,
            purpose: self.purpose,
            expires_at: self.expires_at,
            kill: self.kill.as_ref(),
            sent: self.sent.as_deref(),
            workflow_sent: self.workflow_sent.as_deref(),
            excluded: self.excluded,
            assignee: self.assignee,
            assigned: self.assigned.as_deref(),
            words: true,
        };
        arbitrate(&ask, now)
    }

    fn rule(&self) -> Ruling {
        self.rule_at(self.now)
    }

    fn verdict(&self) -> Verdict {
        self.rule().verdict
    }
}

/// A situation that `set` changed; what the arbiter says of it.
fn check(set: impl FnOnce(&mut Situation), want: Verdict) -> Ruling {
    let mut situation = situation();
    set(&mut situation);
    let ruling = situation.rule();
    assert_eq!(ruling.verdict, want, "{:#?}", ruling.checks);
    ruling
}

fn never(reasons: &[ReasonCode]) -> Verdict {
    Verdict::Never { reasons: reasons.to_vec() }
}

fn hold(until: &str, reason: ReasonCode) -> Verdict {
    Verdict::Hold { until: at(until), reason }
}

fn sent(offset: &str) -> Sent {
    Sent { channel: Channel::Email, purpose: "marketing".into(), at: at(offset) }
}

fn cap(max: u32, window: &str, gap: Option<&str>) -> Cap {
    Cap {
        id: "weekly".into(),
        channels: vec![Channel::Email, Channel::Nudge],
        max,
        window: span(window),
        gap: gap.map(span),
        exempt: vec!["transactional".into()],
    }
}

/// `21:00-08:00`.
fn quiet(hours: &str, zone: &str) -> QuietHours {
    let minute = |text: &str| text[..2].parse::<u16>().unwrap() * 60 + text[3..].parse::<u16>().unwrap();
    let (from, to) = hours.split_once('-').unwrap();
    let zone = if zone == "contact" { ZoneChoice::Contact } else { ZoneChoice::Fixed(zone.into()) };
    QuietHours {
        channels: vec![Channel::Email, Channel::Nudge],
        from_minute: minute(from),
        to_minute: minute(to),
        zone,
        zone_if_unknown: "Europe/Berlin".into(),
    }
}
