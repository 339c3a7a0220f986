//! Constants of the method, written by `examples/study.rs`, which says what they are.

use crate::WEEK;

/// How many events of a person count as much as everybody's profile.
pub const STRENGTH: f64 = 12.99;
/// The share of an event that the hours before and behind it get.
pub const HOUR_LEAK: f64 = 0.4;
/// The share of an event that the same hour of the days before and behind it gets.
pub const DAY_LEAK: f64 = 0.00;
/// Gain in log-likelihood per held-out order over everybody's profile alone, in nats, with its 95 % interval.
pub(crate) const GAIN_OVER_POPULATION: (f64, f64, f64) = (0.0333, 0.0216, 0.0450);
/// Gain in log-likelihood per held-out order over the person's own counts alone, in nats, with its 95 % interval.
pub(crate) const GAIN_OVER_PERSON: (f64, f64, f64) = (0.1344, 0.1219, 0.1472);

/// Everybody's profile: shares of the hours of a week, Monday 00:00 first.
#[rustfmt::skip]
pub const POPULATION: [f64; WEEK] = {
    const PARTS: [f64; WEEK] = [
        3080., 1824., 1201., 843., 911., 1364., 3232., 5365., 6443., 6331., 5812., 5912., 6203., 6230., 6599., 6464., 5697., 6804., 8139., 8164., 7636., 7373., 6603., 4940.,
        3367., 1996., 1211., 809., 806., 1273., 3404., 6078., 7344., 7067., 6473., 6451., 6767., 6713., 7120., 6758., 5541., 6930., 8824., 9194., 8746., 8855., 8129., 6436.,
        4185., 2489., 1560., 1048., 961., 1342., 3553., 6424., 7676., 7346., 6775., 6846., 7076., 7015., 7255., 6879., 5679., 7178., 8919., 9531., 9134., 9265., 8833., 7218.,
        5040., 3228., 2123., 1462., 1239., 1454., 3520., 6213., 7365., 7069., 6623., 6642., 6926., 6843., 7218., 6762., 5491., 6895., 8683., 9433., 9213., 9368., 9112., 8228.,
        6327., 4204., 2748., 1840., 1451., 1465., 3341., 5840., 7011., 6885., 6479., 6641., 6849., 6832., 7355., 6838., 5707., 7200., 9038., 9877., 9401., 9370., 9759., 9790.,
        9125., 7853., 6463., 4841., 3101., 1491., 1630., 2376., 3629., 5247., 6426., 7403., 7914., 8051., 7877., 7920., 6917., 7820., 9149., 9724., 8808., 8725., 9505., 9998.,
        9179., 8294., 6743., 5128., 3267., 1474., 1400., 1809., 2750., 4154., 5725., 6716., 7295., 7288., 7306., 6934., 6433., 6891., 7417., 7088., 6452., 6159., 5569., 4488.,
    ];
    let (mut sum, mut at) = (0.0, 0);
    while at < WEEK {
        sum += PARTS[at];
        at += 1;
    }
    let (mut shares, mut at) = (PARTS, 0);
    while at < WEEK {
        shares[at] /= sum;
        at += 1;
    }
    shares
};
