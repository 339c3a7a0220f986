//! How one row finds its leaf in a tree of at most 64 leaves, after QuickScorer (Lucchese et al. 2015): a node that sends
//! the row right rules out the leaves on its left, and the first leaf that no node rules out is the row's.
//!
//! Sixteen nodes are asked at a time: the bytes that they ask for are gathered into one vector and compared at once. The
//! answers, a bit each, are cut into pieces of a few bits, and a table per piece says which leaves they leave.

use super::forest::{Forest, bytes};
use super::lower::StaticData;
use super::plan::{CHUNK, Plan, Question, Tree};

/// Answers of one piece: a table has two to the power of it entries.
const PIECE: usize = 6;
/// Leaves of such a tree.
const MAX_LEAVES: usize = 64;

/// Tables of one tree.
pub struct Masks {
    /// Who is asked what, 16 nodes each: the number of the byte, and the signed number above which the row goes right.
    pub groups: Vec<Vec<(u64, i8)>>,
    /// By piece: how far down its first answer lies, how many it has, and the address of its table.
    pub pieces: Vec<(usize, usize, u64)>,
    /// Whether masks have 8 bytes rather than 4.
    pub wide: bool,
}

impl Masks {
    /// Writes the tables of a tree, if it is small enough.
    pub fn tables(tree: &Tree<'_>, plan: &Plan<'_>, lanes: &[u64], data: &mut StaticData) -> Option<Masks> {
        let leaves = tree.leaves.len();
        if tree.walked || !(2..=MAX_LEAVES).contains(&leaves) {
            return None;
        }
        let wide = leaves > 32;
        let mut nodes: Vec<((u64, i8), u64)> = Vec::new();
        ruled_out(tree, 0, &mut |at, left| {
            if let Some(question) = &tree.questions[at] {
                nodes.push((asked(question, plan, lanes), left));
            }
        });
        // Neighbours ask for the same bytes or for near ones, so few vectors hold what sixteen of them need.
        nodes.sort_by_key(|(asked, _)| *asked);
        let groups = nodes.chunks(16).map(|nodes| nodes.iter().map(|(asked, _)| *asked).collect()).collect();
        let mut pieces = Vec::new();
        for (piece, nodes) in nodes.chunks(PIECE).enumerate() {
            let entry = |answers: usize| {
                let right = nodes.iter().enumerate().filter(|(bit, _)| answers >> bit & 1 == 1);
                right.fold(u64::MAX, |mask, (_, (_, left))| mask & !left)
            };
            let width = if wide { 8 } else { 4 };
            let table: Vec<u8> =
                (0..1 << nodes.len()).flat_map(|answers| entry(answers).to_le_bytes()[..width].to_vec()).collect();
            data.reserve(0, 16);
            pieces.push((piece * PIECE, nodes.len(), bytes(table.into_iter(), data)));
        }
        Some(Masks { groups, pieces, wide })
    }

    /// By how many bits an answer is moved to address an entry.
    pub fn scale(&self) -> usize {
        if self.wide { 3 } else { 2 }
    }
}

/// The byte of a row that a question is about, and the number above which the row goes right.
fn asked(question: &Question, plan: &Plan<'_>, lanes: &[u64]) -> (u64, i8) {
    match question {
        Question::AtMost { column, rank } => {
            (lanes[*column] + (rank / CHUNK) as u64, ((rank % CHUNK) as i32 - 128) as i8)
        }
        Question::In { test, .. } => (lanes[plan.columns.len()] + *test as u64, 0),
    }
}

/// Tells for each inner node below one which leaves lie on its left; returns all leaves below it.
fn ruled_out(tree: &Tree<'_>, at: usize, tell: &mut impl FnMut(usize, u64)) -> u64 {
    let Some(split) = &tree.nodes[at].split else { return 1 << tree.places[at] };
    let left = ruled_out(tree, split.left, tell);
    let right = ruled_out(tree, split.right, tell);
    tell(at, left);
    left | right
}

/// The number of a byte of one row that a question is about, and the number above which the row goes right.
pub fn byte(question: &Question, plan: &Plan<'_>, forest: &Forest) -> (u64, i8) {
    asked(question, plan, &forest.lanes)
}
