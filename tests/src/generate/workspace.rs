//! The files of a made-up shop's workspace: five workflows that its events touch, and any number that wait for others.

use std::fs;
use std::io;
use std::path::Path;

/// The workflows that the shop's events match, in the order in which a smaller shop takes them.
pub const MATCHING: [(&str, &str); 5] =
    [("rescue", RESCUE), ("cart", CART), ("thanks", THANKS), ("browse", BROWSE), ("support", SUPPORT)];

const EVENT_FIELDS: &str = "{ amount: number, minutes: number, channel: text, item: text }";
const EVENTS: [&str; 6] = ["page_viewed", "searched", "cart_changed", "order_paid", "trial_checked", "support_asked"];

const WORKSPACE: &str = "workspace: shop
zone: Europe/Berlin
currency: EUR
contact:
  email:       { type: email, personal: true }
  plan:        { type: text, one_of: [trial, basic, pro] }
  zone:        { type: zone }
  tenure_days: { type: number }
  mrr:         { type: money }
purposes: [marketing]
mail:
  from: shop@shop.invalid
policy:
  caps:
    - { id: weekly, channels: [email, nudge], max: 3, window: 7d, gap: 12h }
  quiet_hours:
    - { channels: [email, nudge], hours: 21:00-08:00, zone: contact, zone_if_unknown: Europe/Berlin, then: hold }
";

/// The one that asks the model.
const RESCUE: &str = "workflow: rescue
title: Look after trials
owner: bench@shop.invalid
purpose: marketing
priority: 70
start:
  event: shop.trial_checked
features:
  events_7d:   { count: shop.*, window: 7d }
  events_30d:  { count: shop.*, window: 30d }
  pace:        { ratio: shop.*, window: 7d, against: 14d..7d, never: 1 }
  spend_30d:   { sum: shop.*, of: amount, window: 30d }
  largest_30d: { max: shop.*, of: amount, window: 30d, never: 0 }
scores:
  churn:
    plugin: churn
    inputs: [feature.events_7d, feature.events_30d, feature.pace, feature.spend_30d, feature.largest_30d, contact.tenure_days]
    if_unavailable: hold
steps:
  - choose: risk
    first:
      - case: call
        when: score.churn >= 0.8 && (contact.mrr ?? eur(0)) > eur(100)
        do:
          - task: call-owner
            title: \"Call: {{ feature.events_7d | round }} visits this week\"
            assignee: success
            due: 2d
            expires: 7d
      - case: tips
        when: score.churn >= 0.5
        do:
          - email: tips
            template: rescue/tips
            expires: 2d
          - wait: came-back
            event: shop.page_viewed
            up_to: 10h
            if_seen: stop
            if_not: continue
          - nudge: checklist
            template: rescue/checklist
            expires: 2d
    else: stop
goal: { event: shop.order_paid, window: 3d, value: event.amount }
experiment: { unit: contact, holdout: 10% }
";

const CART: &str = "workflow: cart
title: Remind of a cart
owner: bench@shop.invalid
purpose: marketing
priority: 50
start:
  event: shop.cart_changed
features:
  channels_30d: { distinct: shop.*, of: channel, window: 30d }
  minutes_7d:   { average: shop.*, of: minutes, window: 7d, never: 0 }
steps:
  - wait: order
    event: [shop.order_paid, shop.page_viewed]
    up_to: 6h
    if_seen: stop
    if_not: continue
  - choose: how
    first:
      - case: mail
        when: feature.channels_30d >= 3 && feature.minutes_7d > 30
        do:
          - email: cart-mail
            template: cart/mail
            expires: 1d
    else:
      - nudge: cart-nudge
        template: cart/nudge
        expires: 1d
leave_when:
  - event: shop.order_paid
goal: { event: shop.order_paid, window: 1d }
";

const THANKS: &str = "workflow: thanks
title: Say thank you
owner: bench@shop.invalid
purpose: marketing
priority: 30
start:
  event: shop.order_paid
features:
  spend_30d: { sum: shop.*, of: amount, window: 30d }
steps:
  - choose: size
    first:
      - case: large
        when: feature.spend_30d >= 2000
        do:
          - task: letter
            title: \"Write a letter for {{ entry.amount }} EUR\"
            assignee: desk
            due: 3d
            expires: 7d
    else: continue
  - wait: a-while
    for: 2h
  - nudge: thank-you
    template: thanks/thank-you
    expires: 1d
";

/// A rule of three conditions on nearly every second event.
const BROWSE: &str = "workflow: browse
title: Help those who look around for long
owner: bench@shop.invalid
purpose: marketing
priority: 20
start:
  event: shop.page_viewed
  when: feature.events_7d >= 10 && contact.plan == \"trial\" && event.minutes > 50
features:
  events_7d: { count: shop.*, window: 7d }
steps:
  - nudge: guide
    template: browse/guide
    expires: 1d
";

const SUPPORT: &str = "workflow: support
title: Ask whether it helped
owner: bench@shop.invalid
purpose: marketing
priority: 40
start:
  event: shop.support_asked
features:
  quiet: { days_since: shop.*, never: 999 }
steps:
  - wait: office-hours
    until: 09:00-17:00 MON-FRI
  - choose: still-quiet
    first:
      - case: quiet
        when: feature.quiet > 0.25
        do:
          - task: ask
            title: Ask whether it helped
            assignee: support
            due: 1d
            expires: 3d
    else: stop
";

const TEMPLATES: [(&str, &str); 7] = [
    ("rescue/tips.txt", "subject: Three tips for you\n\nYou came {{ feature.events_7d | round }} times this week.\n"),
    ("rescue/checklist.txt", "You are on {{ contact.plan }}: see the checklist.\n"),
    ("cart/mail.txt", "subject: Your cart\n\nYour cart is worth {{ entry.amount }} EUR.\n"),
    ("cart/nudge.txt", "Your cart waits: {{ entry.item }}.\n"),
    ("thanks/thank-you.txt", "Thank you for {{ entry.item }}.\n"),
    ("browse/guide.txt", "Here is a guide.\n"),
    ("idle/note.txt", "Number {{ entry.number }}.\n"),
];

/// Writes a workspace with the first `matching` of [`MATCHING`] and `idle` workflows whose events never come, each with
/// features of its own. The model is not among it.
///
/// # Errors
/// What the file system says.
pub fn write_workspace(dir: &Path, matching: usize, idle: usize) -> io::Result<()> {
    let write = |path: String, text: &str| {
        let path = dir.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)
    };
    let shop = EVENTS.iter().map(|name| format!("  shop.{name}: {EVENT_FIELDS}\n"));
    let other = (0..idle).map(|number| format!("  idle.t{number:04}: {{ number: number }}\n"));
    let events: String = shop.chain(other).collect();
    write("staunch.yaml".into(), &WORKSPACE.replace("purposes:", &format!("events:\n{events}purposes:")))?;
    for (name, text) in MATCHING.iter().take(matching) {
        write(format!("workflows/{name}.yaml"), text)?;
    }
    for number in 0..idle {
        write(format!("workflows/idle-{number:04}.yaml"), &idle_workflow(number))?;
    }
    let used = |path: &str| {
        let folder = path.split('/').next().unwrap_or_default();
        MATCHING.iter().take(matching).any(|(name, _)| *name == folder) || (folder == "idle" && idle > 0)
    };
    for (path, text) in TEMPLATES.iter().filter(|(path, _)| used(path)) {
        write(format!("templates/{path}"), text)?;
    }
    Ok(())
}

fn idle_workflow(number: usize) -> String {
    format!(
        "workflow: idle-{number:04}
title: Waits for what never comes
owner: bench@shop.invalid
purpose: marketing
priority: 10
start:
  event: idle.t{number:04}
  when: feature.seen < 3 && feature.total < 100
features:
  seen:  {{ count: idle.t{number:04}, window: 7d }}
  total: {{ sum: idle.t{number:04}, of: number, window: 30d }}
steps:
  - nudge: note
    template: idle/note
    expires: 1d
"
    )
}
