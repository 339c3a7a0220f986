//! Customers of 2011 cannot react to mails that were never sent, so over many random splits of the same people the 95 %
//! interval of treated minus holdout has to cover zero about 95 times in a hundred.

use crate::Demo;
use staunch_core::arm::{Arm, assign};
use staunch_core::policy::{Stage, StageLimits, StageState};
use staunch_core::stats::{Rate, difference};
use staunch_core::{Span, Time};
use staunch_store::{Exposure, SqliteStore, Store};
use staunch_tests::report;

const SALTS: u32 = 200;
/// As `winback.yaml` has them.
const HOLDOUT: f64 = 0.2;
const GOAL: Span = Span::days(30);

fn arm(salt: &str, contact: &str) -> Arm {
    let full = StageState { stage: Stage::Full, limits: StageLimits::default() };
    assign("retail", salt, contact, HOLDOUT, 0.0, &full).arm
}

/// Every contact's first exposure, the held-out ones included, and the demo's last moment.
fn exposures(demo: &Demo) -> (Vec<Exposure>, Time) {
    let state = demo.dir.join(".staunch");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let exposures = runtime.block_on(async {
        SqliteStore::open(state.join("staunch.db")).await.unwrap().exposures("winback").await.unwrap()
    });
    let end = std::fs::read_to_string(state.join("virtual-clock")).unwrap();
    (exposures, Time::parse(end.trim()).unwrap())
}

fn rates<'a>(exposures: impl Iterator<Item = &'a Exposure>, arm: impl Fn(&Exposure) -> Arm) -> (Rate, Rate) {
    let (mut treated, mut holdout) = (Rate::default(), Rate::default());
    for exposure in exposures {
        let rate = if arm(exposure) == Arm::Holdout { &mut holdout } else { &mut treated };
        rate.of += 1;
        rate.hits += u64::from(exposure.goal_at.is_some());
    }
    (treated, holdout)
}

pub fn check(demo: &Demo) {
    let (all, end) = exposures(demo);
    for exposure in &all {
        assert_eq!(arm("winback", &exposure.contact), exposure.arm, "contact {}", exposure.contact);
    }
    let matured: Vec<&Exposure> = all.iter().filter(|one| one.exposed_at + GOAL <= end).collect();
    assert!(matured.len() > 500, "only {} contacts", matured.len());
    // The demo's own split, counted by other hands than the summary's.
    let (treated, holdout) = rates(matured.iter().copied(), |one| one.arm);
    let goal = &demo.document["goals"][0];
    for (name, rate) in [("treated", treated), ("holdout", holdout)] {
        assert_eq!((goal[name]["hits"].as_u64(), goal[name]["of"].as_u64()), (Some(rate.hits), Some(rate.of)));
    }
    let covers = |salt: u32| {
        let salt = format!("winback-{salt}");
        let (treated, holdout) = rates(matured.iter().copied(), |one| arm(&salt, &one.contact));
        let interval = difference(treated, holdout).unwrap();
        interval.low <= 0.0 && 0.0 <= interval.high
    };
    let covered = (0..SALTS).filter(|salt| covers(*salt)).count();
    let share = covered as f64 / f64::from(SALTS);
    report(
        "salts",
        &serde_json::json!({ "salts": SALTS, "contacts": matured.len(), "covered": covered, "share": share }),
    );
    assert!((0.91..=0.98).contains(&share), "{covered} of {SALTS} intervals cover zero");
}
