//! Any bytes as a model file. What is read passes its check, survives being written, and answers rows with finite
//! numbers; what is not has an error with a place and a next step.

#![no_main]

use libfuzzer_sys::fuzz_target;
use staunch_models::Model;
use staunch_models::import::{self, Options};

/// Values on which splits may disagree.
const VALUES: [Option<f64>; 7] = [None, Some(0.0), Some(-1.0), Some(0.5), Some(1.0), Some(1e300), Some(-1e300)];

fuzz_target!(|data: &[u8]| {
    let model = match import::read(data, &Options::default()) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.help().is_empty());
            return;
        }
    };
    model.check().expect("what is read is sound");
    let written = model.write().expect("what is sound can be written");
    assert_eq!(Model::read(&written).expect("and read again"), model);
    for (at, _) in VALUES.iter().enumerate() {
        let row: Vec<Option<f64>> = VALUES.iter().cycle().skip(at).take(model.input_names().count()).copied().collect();
        let (value, reasons) = model.predict(&row);
        assert!(!value.is_nan() && model.raws(&row).iter().all(|raw| !raw.is_nan()), "{value}");
        assert!(reasons.iter().all(|reason| !reason.contribution.is_nan()), "{reasons:?}");
    }
});
