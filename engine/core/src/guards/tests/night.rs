//! Quiet hours to the minute, in the contact's zone, around midnight and both changes of the clock.

use super::*;
use ReasonCode as R;

fn utc(text: &str) -> Time {
    Time::parse(&format!("{text}Z")).unwrap()
}

/// Asks at `now` (UTC); where it holds, until when (UTC).
fn until(hours: &str, zone: &str, own: Option<&str>, now: &str) -> Option<String> {
    let mut it = situation();
    it.policy.quiet_hours = vec![quiet(hours, zone)];
    it.now = utc(now);
    it.expires_at = Time(it.now.0 + span("30d").0);
    if let Some(own) = own {
        it.contact.fields.insert("zone".into(), own.into());
    }
    match it.verdict() {
        Verdict::Go => None,
        Verdict::Hold { until, reason: R::QuietHours } => {
            assert_eq!(it.rule_at(until).verdict, Verdict::Go, "the end of the wait is free");
            Some(until.to_string().trim_end_matches('Z').to_owned())
        }
        other => panic!("{other:?}"),
    }
}

fn fixed(hours: &str, now: &str, want: Option<&str>) {
    assert_eq!(until(hours, "Europe/Berlin", None, now).as_deref(), want, "{hours} at {now}");
}

#[test]
fn over_midnight_and_on_one_day_to_the_minute() {
    let night = "21:00-08:00";
    // Berlin is one hour ahead in winter.
    fixed(night, "2026-01-10T19:59:59.999999", None);
    fixed(night, "2026-01-10T20:00:00", Some("2026-01-11T07:00:00"));
    fixed(night, "2026-01-10T23:30:00", Some("2026-01-11T07:00:00"));
    fixed(night, "2026-01-11T06:59:59.999999", Some("2026-01-11T07:00:00"));
    fixed(night, "2026-01-11T07:00:00", None);
    let noon = "12:00-13:30";
    fixed(noon, "2026-01-10T10:59:59", None);
    fixed(noon, "2026-01-10T11:00:00", Some("2026-01-10T12:30:00"));
    fixed(noon, "2026-01-10T12:30:00", None);
    fixed("21:00-24:00", "2026-01-10T22:59:00", Some("2026-01-10T23:00:00"));
    fixed("21:00-24:00", "2026-01-10T23:00:00", None);
    fixed("00:00-08:00", "2026-01-10T23:00:00", Some("2026-01-11T07:00:00"));
}

#[test]
fn the_end_of_the_year_and_of_february() {
    fixed("21:00-08:00", "2025-12-31T22:00:00", Some("2026-01-01T07:00:00"));
    fixed("21:00-08:00", "2028-02-28T22:00:00", Some("2028-02-29T07:00:00"));
}

/// 29 March 2026, 02:00 → 03:00 in Berlin (01:00 UTC).
#[test]
fn spring_forward() {
    fixed("21:00-08:00", "2026-03-28T22:00:00", Some("2026-03-29T06:00:00"));
    // The end lies in the hour that does not exist: the night is over when the clock jumps.
    fixed("21:00-02:30", "2026-03-28T22:00:00", Some("2026-03-29T01:00:00"));
    fixed("21:00-02:00", "2026-03-28T22:00:00", Some("2026-03-29T01:00:00"));
    fixed("21:00-03:00", "2026-03-28T22:00:00", Some("2026-03-29T01:00:00"));
    // The beginning lies in it: silent as soon as the clock has jumped.
    fixed("02:30-05:00", "2026-03-29T00:59:59", None);
    fixed("02:30-05:00", "2026-03-29T01:00:00", Some("2026-03-29T03:00:00"));
    // All of it lies there: no silence that night.
    fixed("02:10-02:50", "2026-03-29T00:59:59", None);
    fixed("02:10-02:50", "2026-03-29T01:00:00", None);
}

/// 25 October 2026, 03:00 → 02:00 in Berlin (01:00 UTC).
#[test]
fn fall_back() {
    fixed("21:00-08:00", "2026-10-24T22:00:00", Some("2026-10-25T07:00:00"));
    // The end comes twice. After the first one it is free, and silent again in the second hour.
    fixed("21:00-02:30", "2026-10-24T22:00:00", Some("2026-10-25T00:30:00"));
    fixed("21:00-02:30", "2026-10-25T00:45:00", None);
    fixed("21:00-02:30", "2026-10-25T01:10:00", Some("2026-10-25T01:30:00"));
    // A silence that would end after the clock went back lasts an hour longer.
    fixed("01:00-03:00", "2026-10-24T23:30:00", Some("2026-10-25T02:00:00"));
    // It ends exactly when the clock goes back, and is not over: 02:00 comes again.
    fixed("02:15-03:00", "2026-10-25T00:20:00", Some("2026-10-25T01:00:00"));
    fixed("02:15-03:00", "2026-10-25T01:14:59", None);
    fixed("02:15-03:00", "2026-10-25T01:15:00", Some("2026-10-25T02:00:00"));
}

#[test]
fn the_contact_s_own_zone_counts_and_a_fallback_where_it_is_not_known() {
    let at = |own| until("21:00-08:00", "contact", own, "2026-01-10T20:30:00");
    assert_eq!(at(Some("Europe/Berlin")).as_deref(), Some("2026-01-11T07:00:00"));
    assert_eq!(at(Some("europe/berlin")).as_deref(), Some("2026-01-11T07:00:00"));
    assert_eq!(at(Some("UTC")), None);
    assert_eq!(at(Some("America/New_York")), None);
    assert_eq!(at(Some("Asia/Kolkata")).as_deref(), Some("2026-01-11T02:30:00"));
    for unknown in [None, Some(""), Some("Mars/Base"), Some("../../etc/passwd"), Some("Etc/Unknown"), Some("CET-1CEST")]
    {
        assert_eq!(at(unknown).as_deref(), Some("2026-01-11T07:00:00"), "{unknown:?}");
    }
    let utc_at_last = until("21:00-08:00", "No/Where", None, "2026-01-10T21:30:00");
    assert_eq!(utc_at_last.as_deref(), Some("2026-01-11T08:00:00"));
}

#[test]
fn odd_zones() {
    // Half an hour of daylight saving: 02:00 → 02:30 on 4 October 2026 (15:30 UTC the day before).
    let howe = |now| until("21:00-02:15", "Australia/Lord_Howe", None, now);
    assert_eq!(howe("2026-10-03T12:00:00").as_deref(), Some("2026-10-03T15:30:00"));
    // Samoa left out 30 December 2011 altogether.
    let apia = |now| until("21:00-08:00", "Pacific/Apia", None, now);
    assert_eq!(apia("2011-12-30T08:00:00").as_deref(), Some("2011-12-30T18:00:00"));
}

#[test]
fn the_receipt_says_whose_clock() {
    let mut it = situation();
    it.policy.quiet_hours = vec![quiet("21:00-08:00", "contact")];
    it.now = utc("2026-01-10T20:30:00");
    let detail = it.rule().checks.pop().unwrap().detail;
    assert_eq!(detail, "21:30 is inside 21:00-08:00 Europe/Berlin (contact's zone unknown)");
}
