//! The model inside of its component, and the proof by it that a component is what this compiler makes.
//!
//! The section is no part of what runs. It is the last of the component, so that all before it can be compared with the
//! model compiled again.

use super::plain;
use crate::error::ModelError;
use crate::model::Model;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::{Parser, Payload};

/// Name of the section.
const SECTION: &str = "staunch-model";
/// Bytes of a model's JSON inside of a component. A larger model goes without: its component is never proven.
const MAX_JSON: usize = 16 << 20;
/// Bytes of a component that is looked at.
const MAX_COMPONENT: usize = 32 << 20;
/// Quick, and within a tenth of what the best level leaves.
const LEVEL: u8 = 4;

/// Whether components of a model carry it: those that export the interface `values`.
pub(super) fn carries(model: &Model) -> bool {
    !matches!(model, Model::Logistic(_)) && model.head().labels.is_empty()
}

/// Puts the model behind its component.
pub(super) fn attach(model: &Model, component: &mut Vec<u8>) -> Result<(), ModelError> {
    let json = serde_json::to_vec(model).map_err(super::failed)?;
    if json.len() <= MAX_JSON {
        let data = compress_to_vec(&json, LEVEL);
        CustomSection { name: SECTION.into(), data: data.as_slice().into() }.append_to_component(component);
    }
    Ok(())
}

/// Whether a component is the model that it carries, compiled by this compiler: byte for byte, but for how the model
/// itself was packed. Any bytes may be asked about; what cannot be read is not ours.
pub fn is_ours(bytes: &[u8]) -> bool {
    proven(bytes).unwrap_or(false)
}

fn proven(bytes: &[u8]) -> Option<bool> {
    let (before, packed) = split(bytes)?;
    let json = decompress_to_vec_with_limit(packed, MAX_JSON).ok()?;
    let model = Model::read(&json).ok()?;
    Some(carries(&model) && plain(&model).ok()? == before)
}

/// What stands before the model's section, and its content. `None` where it is not the last section.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.len() > MAX_COMPONENT {
        return None;
    }
    let (mut depth, mut found) = (0usize, None);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == SECTION => found = Some(section),
            _ => {}
        }
    }
    let section = found.filter(|section| section.range().end == bytes.len())?;
    // Before the content stand the section's number, its length, and the length and bytes of its name.
    let content = section.data();
    let mut whole = Vec::new();
    CustomSection { name: SECTION.into(), data: content.into() }.append_to_component(&mut whole);
    let start = bytes.len().checked_sub(whole.len())?;
    (bytes[start..] == whole).then(|| (&bytes[..start], content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::sample;
    use proptest::prelude::*;

    fn trees() -> Vec<u8> {
        compile(&Model::Trees(sample::trees(5, 3, 8, 4))).unwrap()
    }

    fn with(component: &[u8], data: &[u8]) -> Vec<u8> {
        let mut bytes = component.to_vec();
        CustomSection { name: SECTION.into(), data: data.into() }.append_to_component(&mut bytes);
        bytes
    }

    #[test]
    fn another_model_or_another_place_is_no_proof() {
        let (ours, other) = (trees(), compile(&Model::Trees(sample::trees(6, 3, 8, 4))).unwrap());
        assert!(is_ours(&ours) && is_ours(&other));
        let (before, packed) = split(&ours).unwrap();
        // However it is packed, it is the same model.
        let json = decompress_to_vec_with_limit(packed, MAX_JSON).unwrap();
        assert!(is_ours(&with(before, &compress_to_vec(&json, 9))));
        let foreign = split(&other).unwrap().0;
        for forged in [with(foreign, packed), before.to_vec(), with(&ours, packed), with(&ours, b"")] {
            assert!(!is_ours(&forged));
        }
        let mut later = ours.clone();
        CustomSection { name: "x".into(), data: b"y".into() }.append_to_component(&mut later);
        assert!(!is_ours(&later));
    }

    #[test]
    fn a_section_that_unpacks_without_end_is_no_proof() {
        let ours = trees();
        let before = split(&ours).unwrap().0;
        let bomb = compress_to_vec(&vec![b' '; MAX_JSON + 1], 9);
        assert!(bomb.len() < 100_000);
        assert!(!is_ours(&with(before, &bomb)));
        let nested = compress_to_vec(&[b'['; 1 << 20], 9);
        for data in [&nested[..], b"", b"\xff\xff\xff", &compress_to_vec(b"{}", 9)] {
            assert!(!is_ours(&with(before, data)));
        }
    }

    #[test]
    fn only_what_answers_by_values_carries_its_model() {
        let mut classes = sample::trees(5, 3, 8, 4);
        assert!(carries(&Model::Trees(classes.clone())));
        for linear in (0..20).map(|seed| sample::linear(seed, 3)) {
            assert_eq!(linear.labels.is_empty(), carries(&Model::Linear(linear.clone())));
        }
        classes.labels = vec!["a".into(), "b".into()];
        assert!(!carries(&Model::Trees(classes)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_compiled_model_is_proven_and_no_changed_one(
            seed: u64, inputs in 1usize..12, count in 0usize..6, depth in 0usize..7, at: prop::sample::Index, bit in 0u8..8,
        ) {
            let models = [
                Model::Trees(sample::trees(seed, inputs, count, depth)),
                Model::Trees(sample::rich(seed, inputs, count, depth)),
                Model::Linear(sample::linear(seed, inputs)),
            ];
            for model in models.into_iter().filter(carries) {
                let mut bytes = compile(&model).unwrap();
                prop_assert!(is_ours(&bytes));
                // Only what runs: the packed model has bits that mean nothing.
                let runs = split(&bytes).unwrap().0.len();
                bytes[at.index(runs)] ^= 1 << bit;
                prop_assert!(!is_ours(&bytes));
            }
        }

        #[test]
        fn any_bytes_may_be_asked_about(bytes: Vec<u8>, cut: prop::sample::Index) {
            let ours = trees();
            let before = split(&ours).unwrap().0;
            prop_assert!(!is_ours(&bytes) && !is_ours(&ours[..cut.index(ours.len())]) && !is_ours(&with(before, &bytes)));
        }
    }
}
