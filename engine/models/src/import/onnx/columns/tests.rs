//! Questions to inputs are those to columns, on random steps.

use super::*;
use proptest::prelude::*;

fn operation() -> impl Strategy<Value = Operation> {
    let factor = prop_oneof![-3.0..-0.01f64, 0.01..3.0f64];
    prop_oneof![
        Just(Operation::Cast),
        (-9.0..9.0f64).prop_map(Operation::Add),
        (-9.0..9.0f64).prop_map(Operation::Subtract),
        factor.clone().prop_map(Operation::Multiply),
        factor.prop_map(Operation::Divide),
        (-9.0..9.0f64).prop_map(Operation::Fill),
    ]
}

fn answer(question: &Question, x: Option<f64>) -> bool {
    match question {
        Question::Always(way) => *way,
        Question::Test { missing, .. } | Question::Between { missing, .. } if x.is_none() => *missing,
        Question::Test { test: Test::AtMost(at), then, .. } => (x.unwrap() <= *at) == *then,
        Question::Test { test: Test::In(codes), then, .. } => codes.contains(&(x.unwrap() as u32)) == *then,
        Question::Between { below, up_to, inside, .. } => {
            let x = x.unwrap();
            (x <= *up_to && x > *below) == *inside
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn questions_to_inputs_are_those_to_columns(
        steps in prop::collection::vec((operation(), any::<bool>()), 0..4),
        mode in 0usize..6, than in -9.0..9.0f64, whole in any::<bool>(), none in any::<bool>(), x in -20.0..20.0f64,
    ) {
        let mode = [Mode::AtMost, Mode::Below, Mode::AtLeast, Mode::Above, Mode::Equal, Mode::Unequal][mode];
        let than = if whole { than.round() } else { than };
        let steps = steps.into_iter().map(|(operation, single)| Step { operation, single }).collect();
        let column = Column { input: 0, element: Element::Single, form: Form::Number(steps) };
        let question = column.question(mode, than, none);
        let passes = |x: f64| { let y = column.at(x); mode.holds(y, than) || (none && y.is_nan()) };
        prop_assert_eq!(answer(&question, None), passes(f64::NAN));
        let edges = match question {
            Question::Test { test: Test::AtMost(at), .. } => vec![at],
            Question::Between { below, up_to, .. } => vec![below, up_to],
            _ => vec![],
        };
        let near = edges.into_iter().flat_map(|at| [at.next_down(), at, at.next_up()]).filter(|x| x.is_finite());
        for x in near.chain([x, x.round(), than, 0.0]) {
            prop_assert_eq!(answer(&question, Some(x)), passes(x), "{}", x);
        }
    }
}
