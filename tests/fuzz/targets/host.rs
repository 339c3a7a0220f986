//! Any bytes as a component: through inspection, compiler, `describe`, rows and checks of the answers. Nothing panics and
//! nothing hangs; what is loaded answers each row with a checked score or a failure with a code.
//!
//! Bytes are a component, or changes to one of a list: the hostile corpus of the host's tests, and compiled models.

#![no_main]

#[path = "../../../engine/scoring/tests/scoring/corpus.rs"]
mod corpus;
#[path = "../../../engine/scoring/tests/scoring/guest.rs"]
mod guest;

use libfuzzer_sys::fuzz_target;
use staunch_core::value::Value;
use staunch_models::compile::{compile, is_ours};
use staunch_models::{Model, sample};
use staunch_scoring::{InputKind, Plugin, Sandbox};
use std::sync::{Arc, LazyLock};

static SANDBOX: LazyLock<Arc<Sandbox>> = LazyLock::new(|| Arc::new(Sandbox::trusting(is_ours).expect("a sandbox")));

/// What changes are made to. Large ones would only slow everything down.
static COMPONENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let sample = |seed| {
        [
            compile(&Model::Trees(sample::trees(seed, 3, 2, 2))).expect("trees that compile"),
            compile(&Model::Trees(sample::rich(seed, 3, 2, 2))).expect("trees that compile"),
            compile(&Model::Linear(sample::linear(seed, 3))).expect("a linear model that compiles"),
        ]
    };
    let hostile = corpus::corpus().into_iter().map(|(_, component, _)| component);
    let logistic = guest::compiled(guest::model(2));
    let all = hostile.chain((0..4).flat_map(sample)).chain([logistic]);
    all.filter(|component| (9..40_000).contains(&component.len())).collect()
});

/// The component that some bytes stand for: themselves, or changes to one of the list, each its place and a new byte.
fn component(data: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = data.split_first()?;
    if data.starts_with(b"\0asm") {
        return Some(data.to_vec());
    }
    let mut component = COMPONENTS[usize::from(*first) % COMPONENTS.len()].clone();
    for change in rest.chunks_exact(4) {
        // The beginning stays, so that there is always something to change.
        let at = 8 + usize::from(u16::from_le_bytes([change[0], change[1]])) % (component.len() - 7);
        match change[2] % 4 {
            0 => component.truncate(at),
            1 => component.insert(at, change[3]),
            2 if at < component.len() => drop(component.remove(at)),
            _ => component.iter_mut().skip(at).take(1).for_each(|byte| *byte = change[3]),
        }
    }
    Some(component)
}

// Making the list takes longer than one input may.
fuzz_target!(init: { LazyLock::force(&COMPONENTS); }, |data: &[u8]| {
    let Some(component) = component(data) else { return };
    let plugin = match Plugin::load(&SANDBOX, "fuzzed", &component) {
        Ok(plugin) => plugin,
        Err(problem) => {
            assert!(problem.code.starts_with("ST30") && !problem.message.is_empty() && !problem.help.is_empty());
            return;
        }
    };
    let value = |kind: InputKind, n: usize| match (n % 3, kind) {
        (0, _) => None,
        (_, InputKind::Number) => Some(Value::Number(n as f64 - 4.0)),
        (_, InputKind::Text) => Some(Value::Text(format!("c{n}"))),
    };
    let inputs = &plugin.manifest().inputs;
    let row = |n: usize| inputs.iter().map(|input| (input.name.clone(), value(input.kind, n))).collect::<Vec<_>>();
    let rows: Vec<_> = (0..9).map(row).collect();
    let rows: Vec<_> = rows.iter().map(Vec::as_slice).collect();
    let answers = plugin.answers(&rows);
    assert_eq!(answers.len(), rows.len());
    for answer in answers {
        match answer {
            Ok(answer) => {
                assert!(answer.value.is_finite() && answer.reasons.len() <= 16);
                assert!(answer.reasons.iter().all(|reason| reason.contribution.is_finite()));
                let range = plugin.manifest().range.as_ref();
                assert!(range.is_none_or(|range| (range.low..=range.high).contains(&answer.value)));
            }
            Err(failure) => assert!(failure.code.starts_with("ST30"), "{failure}"),
        }
    }
    plugin.plain_answers(&rows[..1]);
    let usage = plugin.usage();
    assert!(usage.calls > 0 && usage.inputs.len() == inputs.len());
});
