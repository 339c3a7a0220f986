//! What a column of a tensor is: a function of one input.
//!
//! Steps such as casts and scalings are kept one by one, with the precision that each has. All of them are monotone, so
//! a comparison at their end is one of the input with a number that a search finds exactly.

use super::super::single::{largest_below, largest_up_to};
use super::proto::Element;
use crate::node::Test;
use std::rc::Rc;

/// Steps of a column; more make reading slow and no pipeline better.
pub(super) const MAX_STEPS: usize = 16;

/// A column of a tensor.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// The model's input that it comes from.
    pub(super) input: usize,
    /// Its element type.
    pub(super) element: Element,
    pub(super) form: Form,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A text as it comes.
    Text,
    /// A number after some steps.
    Number(Vec<Step>),
    /// A number for each known code, in ascending order, and one for all others and for none.
    Table { known: Rc<[(u32, f64)]>, other: f64 },
}

/// One operation on a number. In 32 bits, its operands and its result are 32-bit floats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) operation: Operation,
    pub(super) single: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    /// Nothing but the rounding.
    Cast,
    Add(f64),
    Subtract(f64),
    Multiply(f64),
    Divide(f64),
    /// In place of none.
    Fill(f64),
}

impl Step {
    /// `x` is NaN where there is no value.
    pub(super) fn apply(self, x: f64) -> f64 {
        let Step { operation, single } = self;
        if let (Operation::Fill(with), true) = (operation, x.is_nan()) {
            return with;
        }
        if single {
            let x = x as f32;
            return f64::from(match operation {
                Operation::Cast | Operation::Fill(_) => x,
                Operation::Add(y) => x + y as f32,
                Operation::Subtract(y) => x - y as f32,
                Operation::Multiply(y) => x * y as f32,
                Operation::Divide(y) => x / y as f32,
            });
        }
        match operation {
            Operation::Cast | Operation::Fill(_) => x,
            Operation::Add(y) => x + y,
            Operation::Subtract(y) => x - y,
            Operation::Multiply(y) => x * y,
            Operation::Divide(y) => x / y,
        }
    }

    /// Whether larger values become smaller.
    fn falls(self) -> bool {
        matches!(self.operation, Operation::Multiply(y) | Operation::Divide(y) if y < 0.0)
    }
}

/// How a split compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    Unequal,
}

impl Mode {
    pub(super) fn of(text: &str) -> Option<Mode> {
        Some(match text {
            "BRANCH_LEQ" => Mode::AtMost,
            "BRANCH_LT" => Mode::Below,
            "BRANCH_GTE" => Mode::AtLeast,
            "BRANCH_GT" => Mode::Above,
            "BRANCH_EQ" => Mode::Equal,
            "BRANCH_NEQ" => Mode::Unequal,
            _ => return None,
        })
    }

    fn holds(self, x: f64, than: f64) -> bool {
        match self {
            Mode::AtMost => x <= than,
            Mode::Below => x < than,
            Mode::AtLeast => x >= than,
            Mode::Above => x > than,
            Mode::Equal => x == than,
            Mode::Unequal => x != than,
        }
    }
}

/// A comparison as our trees make it.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// All rows take one way.
    Always(bool),
    /// Who passes `test` takes the way `then`, others the other one; rows without a value take `missing`.
    Test { test: Test, then: bool, missing: bool },
    /// Who is at most the second but not at most the first takes the way `inside`, others the other one; rows without a
    /// value take `missing`.
    Between { below: f64, up_to: f64, inside: bool, missing: bool },
}

impl Column {
    /// How much there is to copy.
    pub(super) fn size(&self) -> usize {
        1 + match &self.form {
            Form::Text => 0,
            Form::Number(steps) => steps.len(),
            Form::Table { known, .. } => known.len(),
        }
    }

    /// The value for a number, NaN for none.
    pub(super) fn at(&self, x: f64) -> f64 {
        match &self.form {
            Form::Number(steps) => steps.iter().fold(x, |x, step| step.apply(x)),
            Form::Text | Form::Table { .. } => f64::NAN,
        }
    }

    /// The column after one more step.
    pub(super) fn then(&self, step: Step) -> Column {
        let mut column = self.clone();
        match &mut column.form {
            // Rounding twice is rounding once.
            Form::Number(steps)
                if matches!(step.operation, Operation::Cast) && steps.last().is_some_and(|last| last.single) => {}
            Form::Number(steps) => steps.push(step),
            Form::Table { known, other } => {
                *known = known.iter().map(|(code, value)| (*code, step.apply(*value))).collect();
                *other = step.apply(*other);
            }
            Form::Text => {}
        }
        column.element = if step.single { Element::Single } else { Element::Double };
        column
    }

    /// What `value mode than` asks the input; `none` is whether a value that is NaN passes anyway.
    pub(super) fn question(&self, mode: Mode, than: f64, none: bool) -> Question {
        let passes = |x: f64| mode.holds(x, than) || (none && x.is_nan());
        match &self.form {
            Form::Table { known, other } => {
                let missing = passes(*other);
                let differ = known.iter().filter(|(_, value)| passes(*value) != missing).map(|(code, _)| *code);
                let differ: Vec<u32> = differ.collect();
                if differ.is_empty() {
                    return Question::Always(missing);
                }
                Question::Test { test: Test::In(differ), then: !missing, missing }
            }
            Form::Number(steps) => {
                let (falls, missing) =
                    (steps.iter().fold(false, |falls, step| falls ^ step.falls()), passes(self.at(f64::NAN)));
                self.number(mode, than, falls, missing)
            }
            Form::Text => Question::Always(false),
        }
    }

    fn number(&self, mode: Mode, than: f64, falls: bool, missing: bool) -> Question {
        let at = |mode| self.largest(mode, than, falls);
        // Of a falling function those inputs pass `value < than` that are above the last one with `value >= than`.
        let (up_to, below) = if falls { (Mode::AtLeast, Mode::Above) } else { (Mode::AtMost, Mode::Below) };
        match mode {
            Mode::Equal | Mode::Unequal => {
                let inside = mode == Mode::Equal;
                Question::Between { below: at(below), up_to: at(up_to), inside, missing }
            }
            _ => {
                let low = matches!(mode, Mode::AtMost | Mode::Below) != falls;
                let mode_of_low = match mode {
                    _ if low => mode,
                    Mode::AtMost => Mode::Above,
                    Mode::Below => Mode::AtLeast,
                    Mode::AtLeast => Mode::Below,
                    _ => Mode::AtMost,
                };
                Question::Test { test: Test::AtMost(at(mode_of_low)), then: low, missing }
            }
        }
    }

    /// The largest number that passes; all below it pass as well. `f64::MIN` where none does.
    fn largest(&self, mode: Mode, than: f64, falls: bool) -> f64 {
        let Form::Number(steps) = &self.form else { return f64::MIN };
        let plain = steps.iter().all(|step| matches!(step.operation, Operation::Cast | Operation::Fill(_)));
        if plain && !falls {
            let single = steps.iter().any(|step| step.single);
            return match (single, mode) {
                (true, Mode::AtMost) => largest_up_to(floor(than)),
                // What is below a number is below the next float from it on.
                (true, _) => largest_below(-floor(-than)),
                (false, Mode::AtMost) => than.clamp(f64::MIN, f64::MAX),
                (false, _) => than.next_down().clamp(f64::MIN, f64::MAX),
            };
        }
        let passes = |x: f64| mode.holds(self.at(x), than);
        let (mut low, mut high) = (order(f64::MIN), order(f64::MAX));
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if passes(value(middle)) { low = middle } else { high = middle - 1 }
        }
        value(low)
    }
}

/// The largest `f32` that is at most `x`.
fn floor(x: f64) -> f32 {
    let near = x as f32;
    if f64::from(near) > x { near.next_down() } else { near }
}

/// The place of a number among all numbers, and back. Unsigned, so that differences do not overflow.
fn order(x: f64) -> u64 {
    let bits = x.to_bits();
    if x.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

fn value(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 { place & !(1 << 63) } else { !place })
}

#[cfg(test)]
mod tests;
