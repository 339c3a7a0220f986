//! Guard: the stage `limited` sends at most so many in any 24 h.

use super::{Answer, Ask};
use crate::action::ReasonCode;
use crate::policy::Stage;
use crate::time::{Span, Time};

pub(super) fn check(ask: &Ask<'_>, at: Time) -> Option<Answer> {
    if ask.stage.stage != Stage::Limited {
        return None;
    }
    let Some(sent) = ask.workflow_sent else {
        return Some(Answer::pass(ReasonCode::PerDay, "counted when it is sent"));
    };
    let (day, max) = (Span::days(1), ask.stage.limits.per_day as usize);
    let recent: Vec<Time> = sent.iter().copied().filter(|time| *time > at - day).collect();
    let answer = if recent.len() < max {
        Answer::pass(ReasonCode::PerDay, "below the stage's daily limit")
    } else if max == 0 {
        Answer::never(ReasonCode::PerDay, "the stage allows none a day")
    } else {
        Answer::wait(ReasonCode::PerDay, recent[recent.len() - max] + day, "the stage's daily limit is reached")
    };
    Some(answer.counted(recent.len() as f64, max as f64))
}
