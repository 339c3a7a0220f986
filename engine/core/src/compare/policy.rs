//! A policy as sheets.

use super::words::{self, clock, percent};
use super::{Part, Sheet};
use crate::policy::Policy;

pub(super) fn sheets(policy: &Policy) -> Vec<Sheet> {
    let sheet = |kind: &str, id: &str| Sheet::new(Part::Policy, format!("{kind} {id}").trim_end().to_owned());
    let mut all = Vec::new();
    all.extend(policy.caps.iter().map(|cap| {
        let exempt = (!cap.exempt.is_empty()).then(|| cap.exempt.join(", "));
        let sheet = sheet("cap", &cap.id).key("channels", words::channels(&cap.channels)).key("max", cap.max);
        sheet.key("window", words::span(cap.window)).maybe("gap", cap.gap).maybe("exempt", exempt)
    }));
    for quiet in &policy.quiet_hours {
        // Quiet hours have no id: the channels are what they are about.
        let hours = format!("{}-{}", clock(quiet.from_minute), clock(quiet.to_minute));
        let sheet = sheet("quiet_hours", &words::channels(&quiet.channels)).key("hours", hours);
        all.push(sheet.key("zone", words::zone(&quiet.zone)).key("zone_if_unknown", &quiet.zone_if_unknown));
    }
    let never = [("audiences", &policy.never.audiences), ("countries_outside", &policy.never.countries_outside)];
    let never = never.into_iter().filter(|(_, names)| !names.is_empty());
    all.extend(never.map(|(key, names)| sheet("never", key).key("is", names.join(", "))));
    all.extend(policy.capacity.iter().map(|one| {
        let sheet = sheet("capacity", &one.id).key("channels", words::channels(&one.channels)).key("max", one.max);
        sheet.key("window", words::span(one.window))
    }));
    all.extend(policy.budgets.iter().map(|one| {
        let sheet = sheet("budget", &one.id).key("channels", words::channels(&one.channels)).key("max", one.max);
        sheet.key("window", words::span(one.window))
    }));
    if policy.global_holdout > 0.0 {
        all.push(sheet("holdout", "").key("global", percent(policy.global_holdout)));
    }
    all
}
