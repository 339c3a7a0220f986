//! What all formats have in common: how they are known, and what the caller says.

use super::*;
use crate::sample;

#[test]
fn formats_are_known_by_their_content() {
    let cases: [(&[u8], Option<Format>); 12] = [
        (b"tree\nversion=v4\n", Some(Format::LightGbm)),
        (b"\r\n tree\r\nversion=v4", Some(Format::LightGbm)),
        (b"treeline", None),
        (b"{\"learner\":{}}", Some(Format::XgboostJson)),
        (b"{ \"version\": [1, 0, 0]}", Some(Format::XgboostJson)),
        (b"{", Some(Format::XgboostJson)),
        (b"{L\0\0\0\0\0\0\0\x07learner", Some(Format::XgboostUbjson)),
        (b"{i\x07learner", Some(Format::XgboostUbjson)),
        (b"\n{\n  \"kind\": \"trees\"", Some(Format::Own)),
        (b"\x08\x0a\x12\x08skl2onnx", Some(Format::Onnx)),
        (b"\x08\x0a\x3a\x00", Some(Format::Onnx)),
        (b"\x08\xff", None),
    ];
    for (bytes, format) in cases {
        assert_eq!(Format::of(bytes), format, "{bytes:?}");
    }
}

#[test]
fn what_the_caller_says_goes_before_what_the_file_says() {
    let own = Model::Trees(sample::trees(3, 2, 4, 2));
    let bytes = own.write().unwrap();
    assert_eq!(read(&bytes, &Options::default()), Ok(own));
    let said = Options {
        name: Some("churn".into()),
        version: Some("2.1.0".into()),
        owner: Some("growth".into()),
        purpose: Some("Who leaves".into()),
        bands: vec![Band { name: "all".into(), from: 0.0 }],
        inputs: vec!["age".into(), "tenure".into()],
        labels: Vec::new(),
    };
    let model = read(&bytes, &said).unwrap();
    let head = model.head();
    assert_eq!((head.name, head.version, head.bands), ("churn", "2.1.0", &said.bands[..]));
    assert_eq!((head.card.owner.as_str(), head.card.purpose.as_str()), ("growth", "Who leaves"));
    assert_eq!(model.input_names().collect::<Vec<_>>(), ["age", "tenure"]);
}

#[test]
fn what_the_caller_says_must_fit_the_model() {
    let bytes = Model::Trees(sample::trees(3, 2, 4, 2)).write().unwrap();
    let cases = [
        (Options { inputs: vec!["a".into()], ..Options::default() }, "1 names for 2 inputs"),
        (Options { inputs: vec!["a".into(), "a".into()], ..Options::default() }, "two inputs are named `a`"),
        (Options { labels: vec!["a".into()], ..Options::default() }, "1 labels for 0 classes"),
        (Options { name: Some("Big".into()), ..Options::default() }, "the name `Big`"),
        (Options { bands: vec![Band { name: "a".into(), from: 2.0 }], ..Options::default() }, "inside the range"),
    ];
    for (options, words) in cases {
        let error = read(&bytes, &options).unwrap_err();
        assert!(matches!(&error, ModelError::Options(text) if text.contains(words)), "{words}: {error:?}");
    }
}

#[test]
fn inner_nodes_get_the_mean_of_the_rows_below() {
    let split = |left, right| Some(crate::node::Split::at_most(0, 1.0, [left, right], true));
    let mut nodes = vec![
        Node { value: 0.0, split: split(1, 2) },
        Node { value: 0.0, split: split(3, 4) },
        Node::leaf(8.0),
        Node::leaf(1.0),
        Node::leaf(5.0),
    ];
    expected(&mut nodes, &[8.0, 4.0, 4.0, 3.0, 1.0]);
    assert_eq!((nodes[1].value, nodes[0].value), (2.0, 5.0));
    // Without weights that make sense, both children count the same.
    expected(&mut nodes, &[0.0, f64::NAN, 1.0, 0.0, 0.0]);
    assert_eq!((nodes[1].value, nodes[0].value), (3.0, 5.5));
}

#[test]
fn a_small_file_cannot_make_a_large_model() {
    let mut budget = Budget::default();
    assert!(budget.tree(MAX_NODES).is_ok());
    assert!(matches!(budget.tree(1), Err(ModelError::TooLarge(_))));
    let mut budget = Budget::default();
    assert!((0..MAX_TREES).all(|_| budget.tree(1).is_ok()));
    assert!(matches!(budget.tree(1), Err(ModelError::TooLarge(_))));
    assert!(budget.codes(MAX_CODES).is_ok() && budget.codes(1).is_err() && budget.codes(usize::MAX).is_err());
}
