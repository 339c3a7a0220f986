//! The events of a made-up shop as lines of CloudEvents, about 250 bytes each, in order of time.

use super::Shape;
use super::rng::Rng;
use staunch_core::Time;
use std::io::{self, Write};

/// 2026-03-02T00:00:00Z, a Monday.
const START: Time = Time(1_772_409_600_000_000);
const HOUR: f64 = 3_600e6;
/// Milliseconds between two introductions.
const APART: i64 = 1_000;

/// Types with their shares of a thousand events. The first two only feed features; the first may start `browse`.
const KINDS: [(&str, u64); 6] = [
    ("shop.page_viewed", 450),
    ("shop.searched", 305),
    ("shop.cart_changed", 88),
    ("shop.order_paid", 66),
    ("shop.trial_checked", 60),
    ("shop.support_asked", 31),
];

const CHANNELS: [&str; 4] = ["web", "app", "mail", "store"];
const ZONES: [&str; 4] = ["Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo"];
const PLANS: [&str; 3] = ["trial", "basic", "pro"];

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Lines.
    pub lines: u64,
    /// Bytes, line ends included.
    pub bytes: u64,
}

impl Written {
    fn line(&mut self, to: &mut dyn Write, line: &str) -> io::Result<()> {
        to.write_all(line.as_bytes())?;
        to.write_all(b"\n")?;
        self.lines += 1;
        self.bytes += line.len() as u64 + 1;
        Ok(())
    }
}

/// Writes the introductions of all contacts, and behind them the events of the shop where `all` is set. The first
/// [`Shape::introductions`] lines are the same either way: a measurement of them alone is what to subtract.
///
/// # Errors
/// What the writer says.
pub fn write_events(shape: &Shape, all: bool, to: &mut dyn Write) -> io::Result<Written> {
    let mut written = Written::default();
    let mut rng = Rng::new(shape.seed);
    for contact in 0..shape.contacts {
        for line in introduction(&mut rng, contact) {
            written.line(to, &line)?;
        }
    }
    if all {
        let from = START.0 + shape.introductions() as i64 * APART;
        let step = shape.hours_between * HOUR / shape.contacts as f64;
        for number in 0..shape.events {
            // Whole milliseconds, as most senders write; equal ones are in the order of their ids then.
            let time = Time((from + (number as f64 * step) as i64) / 1_000 * 1_000);
            written.line(to, &event(&mut rng, shape, number, time))?;
        }
    }
    Ok(written)
}

fn introduction(rng: &mut Rng, contact: u64) -> [String; 2] {
    let plan = PLANS[rng.below(3) as usize];
    let zone = ZONES[rng.below(4) as usize];
    let (tenure, mrr) = (rng.below(1_000), rng.below(20) * 10);
    let fields = format!(
        r#"{{"email":"c{contact:07}@customers.invalid","plan":"{plan}","zone":"{zone}","tenure_days":{tenure},"mrr":"{mrr} EUR"}}"#
    );
    let granted = rng.below(5) > 0;
    let consent = format!(r#"{{"purpose":"marketing","granted":{granted}}}"#);
    let at = START.0 + contact as i64 * 2 * APART;
    [("contact.updated", fields, at), ("consent.changed", consent, at + APART)]
        .map(|(kind, data, at)| line(rng, contact * 2, kind, Time(at), contact, &data))
}

fn event(rng: &mut Rng, shape: &Shape, number: u64, time: Time) -> String {
    let mut draw = rng.below(1_000);
    let kind = KINDS.iter().find(|(_, share)| {
        let hit = draw < *share;
        draw = draw.saturating_sub(*share);
        hit
    });
    let kind = kind.unwrap_or(&KINDS[0]).0;
    let contact = rng.below(shape.contacts);
    let channel = CHANNELS[rng.below(4) as usize];
    // Most amounts are small, some are large: cents of a square.
    let amount = (rng.unit() * rng.unit() * 20_000.0).round() / 100.0;
    let (minutes, item) = (rng.below(600) as f64 / 10.0, rng.below(5_000));
    let data = format!(r#"{{"amount":{amount},"minutes":{minutes},"channel":"{channel}","item":"sku-{item:05}"}}"#);
    line(rng, shape.introductions() + number, kind, time, contact, &data)
}

/// A line. The number stands in front of the id, so that equal times keep the order of the file.
fn line(rng: &mut Rng, number: u64, kind: &str, time: Time, contact: u64, data: &str) -> String {
    let id = format!("{number:08x}-{:016x}", rng.bits());
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/shop/eu-1","type":"{kind}","time":"{time}","subject":"c{contact:07}","datacontenttype":"application/json","data":{data}}}"#
    )
}
