//! Which partitions a process gives away, and which look as if the server had forgotten them. Pure.
//!
//! A partition has one active consumer; the others wait in line in the order in which they came. So the process that starts
//! first has all of them. Every few seconds each process compares what it has with its share, and goes to the end of the
//! line where it has too much. Nobody talks to anybody: the server names how many consume, and picks who is next.

use std::time::Duration;

/// A partition that has messages, loses none, and gave us none for so long is asked for again.
const STALLED: Duration = Duration::from_secs(30);

/// What a process knows of one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// It sent something since we went in line: it is ours.
    pub ours: bool,
    /// Messages of it that are here and not acknowledged.
    pub held: usize,
    /// Since the last message of it, or since we went in line.
    pub silent: Duration,
    /// Messages ready on the server, now.
    pub ready: u32,
    /// The same at the last look.
    pub ready_before: Option<u32>,
}

/// The partitions that a process gives away, with `workers` of them in all. `turn` is where it begins to choose.
pub(super) fn give_away(views: &[View], workers: u32, turn: usize) -> Vec<usize> {
    let share = views.len().div_ceil(usize::try_from(workers.max(1)).unwrap_or(1));
    let ours = views.iter().filter(|view| view.ours).count();
    let order = (0..views.len()).map(|step| (turn + step) % views.len());
    order.filter(|at| views[*at].ours).take(ours.saturating_sub(share)).collect()
}

/// The partitions that look forgotten. Asking again costs a place in the line, no more.
pub(super) fn stalled(views: &[View]) -> Vec<usize> {
    let looks = |view: &View| {
        view.held == 0
            && view.silent >= STALLED
            && view.ready > 0
            && view.ready_before.is_some_and(|before| view.ready >= before)
    };
    (0..views.len()).filter(|at| looks(&views[*at])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// The server's side: for each partition the line of processes, the active one first.
    struct Server(Vec<VecDeque<u32>>);

    impl Server {
        fn join(&mut self, process: u32) {
            self.0.iter_mut().for_each(|line| line.push_back(process));
        }

        fn leave(&mut self, process: u32) {
            self.0.iter_mut().for_each(|line| line.retain(|one| *one != process));
        }

        fn views(&self, process: u32) -> Vec<View> {
            let ours = |line: &VecDeque<u32>| View { ours: line.front() == Some(&process), ..View::default() };
            self.0.iter().map(ours).collect()
        }

        fn processes(&self) -> Vec<u32> {
            let mut all: Vec<u32> = self.0[0].iter().copied().collect();
            all.sort_unstable();
            all
        }

        /// Every process looks once. Gives how many partitions changed hands.
        fn round(&mut self, round: usize) -> usize {
            let (all, mut moved) = (self.processes(), 0);
            for process in &all {
                let turn = round * 7 + *process as usize * 3;
                for at in give_away(&self.views(*process), all.len() as u32, turn) {
                    self.0[at].pop_front();
                    self.0[at].push_back(*process);
                    moved += 1;
                }
            }
            moved
        }

        fn most(&self) -> usize {
            let load = |process| self.views(process).iter().filter(|view| view.ours).count();
            self.processes().into_iter().map(load).max().unwrap_or(0)
        }
    }

    proptest! {
        /// However processes come and go: after some rounds nobody has more than a share, and then nothing moves.
        #[test]
        fn everybody_gets_a_share_and_then_it_is_quiet(
            partitions in 1usize..33,
            steps in proptest::collection::vec(any::<bool>(), 1..8),
        ) {
            let mut server = Server(vec![VecDeque::new(); partitions]);
            let (mut next, mut round) = (1, 0);
            server.join(0);
            for joins in steps {
                match (joins, server.processes().first().copied()) {
                    (false, Some(first)) if server.processes().len() > 1 => server.leave(first),
                    _ => {
                        server.join(next);
                        next += 1;
                    }
                }
                let share = partitions.div_ceil(server.processes().len());
                let mut rounds = 0;
                while server.round(round) > 0 {
                    (rounds, round) = (rounds + 1, round + 1);
                    prop_assert!(rounds <= 60, "still moving with {} processes", server.processes().len());
                }
                prop_assert!(server.most() <= share, "{} of {share}", server.most());
            }
        }
    }

    #[test]
    fn only_what_stands_still_is_asked_for_again() {
        let still = View { silent: STALLED, ready: 5, ready_before: Some(5), ..View::default() };
        let looks = |view: View| !stalled(&[view]).is_empty();
        assert!(looks(still) && looks(View { ours: true, ready_before: Some(2), ..still }));
        assert!(!looks(View { held: 1, ..still }), "what we hold, we have to answer first");
        assert!(!looks(View { silent: Duration::from_secs(29), ..still }));
        assert!(!looks(View { ready: 0, ready_before: Some(0), ..still }));
        assert!(!looks(View { ready_before: Some(6), ..still }), "somebody works on it");
        assert!(!looks(View { ready_before: None, ..still }));
    }

    #[test]
    fn one_process_keeps_everything() {
        let ours = [View { ours: true, ..View::default() }; 8];
        assert_eq!(give_away(&ours, 1, 3), [] as [usize; 0]);
        assert_eq!(give_away(&ours, 0, 3), [] as [usize; 0]);
        assert_eq!(give_away(&ours, 2, 6), [6, 7, 0, 1]);
        assert_eq!(give_away(&[], 2, 6), [] as [usize; 0]);
    }
}
