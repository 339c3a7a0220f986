//! The protocol of core, store and dispatcher under faults, from a seed: real engines over a real database, on a virtual
//! clock, with every call to the store, the queue and a channel as a place where the schedule turns to somebody else,
//! the call fails, its answer is lost, or the process ends.
//!
//! A failure names its seed; `STAUNCH_SEED=N` plays that one alone, with what happened in it.

mod schedule;
mod turns;
mod world;

use std::thread;

/// Seeds that are played.
const SEEDS: u64 = 200;
/// Played side by side.
const THREADS: u64 = 4;

/// Plays one seed to its end, checks it, and gives what happened with how many actions there were and were done.
fn play(seed: u64) -> schedule::Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(schedule::play(seed))
}

#[test]
fn nothing_is_lost_or_done_twice_whatever_fails() {
    if let Ok(seed) = std::env::var("STAUNCH_SEED") {
        let played = play(seed.parse().unwrap());
        println!("{}", played.trace.join("\n"));
        return;
    }
    let part = |first: u64| {
        thread::spawn(move || {
            (first..SEEDS).step_by(THREADS as usize).map(|seed| (seed, play(seed))).collect::<Vec<_>>()
        })
    };
    let threads: Vec<_> = (0..THREADS).map(part).collect();
    let all: Vec<(u64, schedule::Played)> = threads.into_iter().flat_map(|one| one.join().unwrap()).collect();
    let sum = |what: fn(&schedule::Played) -> usize| all.iter().map(|(_, played)| what(played)).sum::<usize>();
    let (actions, done) = (sum(|one| one.actions), sum(|one| one.done));
    println!(
        "{SEEDS} seeds: {} events, {} deliveries, {actions} actions, {done} done, {} in doubt; {} crashes, {} failed and {} unheard calls, {} pauses, {} calls in all",
        sum(|one| one.events),
        sum(|one| one.deliveries),
        sum(|one| one.in_doubt),
        sum(|one| one.crashes),
        sum(|one| one.failed),
        sum(|one| one.unheard),
        sum(|one| one.paused),
        sum(|one| one.trace.len()),
    );
    assert!(sum(|one| one.crashes) >= SEEDS as usize, "too few crashes to prove anything");
    assert!(done as f64 >= 0.95 * actions as f64, "{done} of {actions} done");
}

#[test]
fn a_seed_plays_the_same_way_again() {
    for seed in [1, 7, 42] {
        assert_eq!(play(seed).trace, play(seed).trace, "seed {seed}");
    }
}
