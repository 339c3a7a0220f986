//! Files that are no models: each has the code and the words of its error, written by hand. None may panic, hang or take
//! memory that its size does not explain.

use super::onnx::{self, Attribute, Graph};
use staunch_models::ModelError;
use staunch_models::import::{self, Options};

const LIGHTGBM: &str = include_str!("broken/lightgbm.txt");

const XGBOOST: &str = include_str!("broken/xgboost.json");

fn read(bytes: &[u8]) -> Result<staunch_models::Model, ModelError> {
    import::read(bytes, &Options::default())
}

/// Fails unless the bytes are refused with this code and these words.
fn refused(name: &str, bytes: &[u8], code: &str, words: &str) {
    match read(bytes) {
        Ok(_) => panic!("{name}: read, where {code} was expected"),
        Err(error) => {
            assert_eq!(error.code().to_string(), code, "{name}: {error}");
            assert!(error.to_string().contains(words), "{name}: `{error}` does not say `{words}`");
            assert!(!error.help().is_empty(), "{name}");
        }
    }
}

fn changed(text: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// Spoils a sound file as each line of a table says, and expects the error beside it.
fn all_refused(sound: &str, table: &str) {
    let cases: Vec<Vec<String>> =
        table.lines().skip(1).map(|line| line.split('\t').map(|cell| cell.replace("\\n", "\n")).collect()).collect();
    assert!(cases.len() > 35);
    for case in cases {
        let [from, to, code, words] = &case[..] else { panic!("four cells: {case:?}") };
        refused(&format!("{from} -> {}", &to[..to.len().min(60)]), &changed(sound, from, to), code, words);
    }
}

#[test]
fn sound_ones_are_read() {
    let trees = read(LIGHTGBM.as_bytes()).unwrap();
    assert_eq!(trees.raw(&[Some(30.0), trees.code(1, "pro")]), 0.1 + 0.25);
    assert_eq!(trees.raw(&[None, None]), -0.2 + 0.25);
    assert_eq!(trees.raw(&[Some(31.0), trees.code(1, "basic")]), 0.3 + 0.25);
    let trees = read(XGBOOST.as_bytes()).unwrap();
    assert!((trees.raw(&[Some(30.0), trees.code(1, "pro")]) - f64::from(0.3f32)).abs() < 1e-12);
    assert!((trees.raw(&[Some(30.0), trees.code(1, "basic")]) - f64::from(0.2f32)).abs() < 1e-12);
    assert!((trees.raw(&[Some(30.5), None]) - f64::from(0.1f32)).abs() < 1e-12);
    assert_eq!(trees.code(1, "gold"), None);
    // As versions before 1.6 and before 3.1 wrote it.
    let old = XGBOOST
        .replace("\"[5E-1]\"", "\"5E-1\"")
        .replace("[1,0,0,0,0],\"id\"", "[true,false,false,false,false],\"id\"");
    assert_eq!(read(old.as_bytes()), Ok(trees));
}

#[test]
fn files_of_no_format_are_named() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "the file is empty"),
        (b"\x80\x04\x95pickle", "Python pickle"),
        (b"PK\x03\x04", "zip archive"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"binf\0\0", "old binary format"),
        (b"\0asm\x01\0\0\0", "WebAssembly"),
        (b"treehouse", "starts like none"),
        (b"<PMML/>", "starts like none"),
        (b"\xff\xfe\0t", "starts like none"),
    ];
    for (bytes, words) in cases {
        refused(words, bytes, "ST3104", words);
    }
    let large = vec![b'{'; import::MAX_BYTES + 1];
    refused("larger than any", &large, "ST3108", "at most 64 MiB");
    let fields: String = (0..2_000).map(|n| format!("f{n}=1\n")).collect();
    refused("many fields", format!("tree\n{fields}").as_bytes(), "ST3104", "more than 1000 fields");
    let trees: String = (0..=20_000).map(|n| format!("Tree={n}\n")).collect();
    refused("many trees", format!("tree\n{trees}").as_bytes(), "ST3108", "more than 20000 trees");
    refused("no JSON of ours", b"{\"kind\": \"forest\"}", "ST3104", "not a usable model");
}

#[test]
fn broken_text_of_lightgbm_is_refused() {
    let huge = "9".repeat(400);
    all_refused(LIGHTGBM, include_str!("broken/lightgbm.tsv"));
    refused("not UTF-8", b"tree\n\xff\xfe", "ST3104", "not UTF-8");
    refused(
        "number of many digits",
        &changed(LIGHTGBM, "leaf_value=0.1", &format!("leaf_value={huge}")),
        "ST3104",
        "finite",
    );
    let words = vec!["1"; 4_000].join(" ");
    let set = changed(
        &LIGHTGBM.replace("cat_boundaries=0 1", "cat_boundaries=0 4000"),
        "cat_threshold=5",
        &format!("cat_threshold={words}"),
    );
    refused("a category of a large number", &set, "ST3107", "a category above 65535");
}

/// Files of tens of megabytes that a reader would build hundreds of bytes of for each two of theirs.
#[test]
fn lists_without_end_are_counted_before_they_are_built() {
    let names = changed(LIGHTGBM, "feature_names=", &format!("feature_names={}", "a ".repeat(20_000_000)));
    refused("names", &names, "ST3104", "20000002 names");
    let last = String::from_utf8(names).unwrap().replace("max_feature_idx=1\n", "max_feature_idx=20000001\n");
    refused("as many as said", last.as_bytes(), "ST3104", "20000002 features, a model has at most 512");
    let values = changed(LIGHTGBM, "leaf_value=", &format!("leaf_value={}", "1 ".repeat(20_000_000)));
    refused("values", &values, "ST3104", "20000003 values where 3 belong");
    let zeros = format!("{{\"kind\":\"trees\",\"trees\":[[{}0]]}}", "0,".repeat(20_000_000));
    refused("nodes", zeros.as_bytes(), "ST3104", "invalid type: integer `0`");
}

#[test]
fn broken_json_of_xgboost_is_refused() {
    all_refused(XGBOOST, include_str!("broken/xgboost.tsv"));
}

#[test]
fn broken_ubjson_of_xgboost_is_refused() {
    let sound: &[u8] = include_bytes!("xgb-binary-ubj.ubj");
    let place = |text: &[u8]| sound.windows(text.len()).position(|part| part == text).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut file = sound.to_vec();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let trees = place(b"left_children") + 13;
    let cases = [
        ("cut off", sound[..sound.len() / 2].to_vec(), "bytes are said to follow"),
        ("a byte more", [sound, b"x"].concat(), "behind the end"),
        ("an unknown marker", with(trees, b"?"), "is unknown"),
        ("values without content", with(trees + 2, b"Z"), "without content"),
        ("as many values as no file has", with(trees + 5, b"\x7f\xff\xff\xff\xff\xff\xff\xff"), "the file has 0"),
        ("a negative count", with(trees + 5, b"\xff"), "no whole number from 0"),
        ("a length beyond the file", with(2, b"\x7f\xff\xff\xff"), "bytes are said to follow"),
        ("deep", [b"{L\0\0\0\0\0\0\0\x01a".as_slice(), &[b'['; 1_000]].concat(), "containers inside each other"),
    ];
    for (name, bytes, words) in cases {
        match read(&bytes) {
            Ok(_) => panic!("{name}: read"),
            Err(error) => assert!(["ST3104", "ST3108"].contains(&error.code().to_string().as_str()), "{name}: {error}"),
        }
        if !words.contains("the file has 0") {
            refused(name, &bytes, "ST3104", words);
        }
    }
}

type Spoil = fn(&mut Graph);

const ONNX: &[(&str, Spoil, &str, &str)] = &[
    ("an operator of others", |g| g.nodes[0].operator = "Normalizer".into(), "ST3107", "the operator `Normalizer`"),
    ("a missing tensor", |g| g.nodes[0].inputs[0] = "nowhere".into(), "ST3104", "nothing before it makes `nowhere`"),
    ("no answer", |g| g.outputs = vec!["scaled".into()], "ST3104", "no output is the answer"),
    ("columns without number", |g| g.inputs[0].2 = None, "ST3104", "no fixed number of columns"),
    ("too many columns", |g| g.inputs[0].2 = Some(1 << 40), "ST3104", "1 to 512 inputs"),
    ("an input of complex numbers", |g| g.inputs[0].1 = 14, "ST3104", "the element type 14"),
    ("an input of texts", |g| g.inputs[0].1 = 8, "ST3104", "a text where a number belongs"),
    (
        "scales for other columns",
        |g| g.nodes[0].set("scale", Attribute::Floats(vec![1.0; 3])),
        "ST3104",
        "3 constants for 2 columns",
    ),
    ("a scale of 0", |g| g.nodes[0].set("scale", Attribute::Floats(vec![0.0])), "ST3107", "a scale of 0"),
    ("a scale that is none", |g| g.nodes[0].set("scale", Attribute::Floats(vec![f32::NAN])), "ST3104", "not finite"),
    (
        "lists of other lengths",
        |g| g.nodes[1].set("nodes_values", Attribute::Floats(vec![])),
        "ST3104",
        "`nodes_values` has 0 values for 3",
    ),
    (
        "a cycle",
        |g| g.nodes[1].set("nodes_truenodeids", Attribute::Integers(vec![0, 0, 0])),
        "ST3104",
        "round in a circle",
    ),
    (
        "one child twice",
        |g| g.nodes[1].set("nodes_falsenodeids", Attribute::Integers(vec![1, 0, 0])),
        "ST3104",
        "more than one way",
    ),
    (
        "no such child",
        |g| g.nodes[1].set("nodes_falsenodeids", Attribute::Integers(vec![9, 0, 0])),
        "ST3104",
        "there is no node 9",
    ),
    (
        "a node twice",
        |g| g.nodes[1].set("nodes_nodeids", Attribute::Integers(vec![0, 1, 1])),
        "ST3104",
        "the same number",
    ),
    (
        "no such feature",
        |g| g.nodes[1].set("nodes_featureids", Attribute::Integers(vec![5, 0, 0])),
        "ST3104",
        "feature 5 of 2",
    ),
    (
        "a mode of others",
        |g| g.nodes[1].set("nodes_modes", Attribute::Texts(vec!["BRANCH_MEMBER".into(), "LEAF".into(), "LEAF".into()])),
        "ST3107",
        "`BRANCH_MEMBER`",
    ),
    (
        "a threshold that is none",
        |g| g.nodes[1].set("nodes_values", Attribute::Floats(vec![f32::NAN, 0.0, 0.0])),
        "ST3104",
        "no number",
    ),
    (
        "a weight of no class",
        |g| g.nodes[1].set("class_ids", Attribute::Integers(vec![0, 7])),
        "ST3104",
        "none of 2 classs",
    ),
    (
        "a weight of no leaf",
        |g| g.nodes[1].set("class_nodeids", Attribute::Integers(vec![1, 8])),
        "ST3104",
        "node 8 of tree 0",
    ),
    (
        "a weight that is none",
        |g| g.nodes[1].set("class_weights", Attribute::Floats(vec![f32::INFINITY, 0.0])),
        "ST3104",
        "`value` must be finite",
    ),
    ("one class", |g| g.nodes[1].set("classlabels_int64s", Attribute::Integers(vec![1])), "ST3104", "1 classes"),
    ("another function", |g| g.nodes[1].set("post_transform", Attribute::Text("PROBIT".into())), "ST3107", "PROBIT"),
    (
        "an attribute of another type",
        |g| g.nodes[1].set("nodes_values", Attribute::Integers(vec![1, 2, 3])),
        "ST3104",
        "`nodes_values` has 0",
    ),
    ("a name twice", |g| g.inputs.push(g.inputs[0].clone()), "ST3104", "two inputs are named `x_0`"),
];

#[test]
fn broken_onnx_is_refused() {
    for (name, spoil, code, words) in ONNX {
        let mut graph = onnx::small();
        spoil(&mut graph);
        refused(name, &graph.write(), code, words);
    }
    let sound = onnx::small().write();
    refused("cut off", &sound[..sound.len() - 3], "ST3104", "cut off");
    refused("no graph", b"\x08\x0a\x12\x01a", "ST3104", "no graph");
    refused(
        "a field of no type",
        &[&sound[..], b"\x0f"].concat(),
        "ST3104",
        "a type that protocol buffers do not have",
    );
    // Empty nodes, two bytes each.
    let many = [b"\x08\x0a\x3a\x80\x89\x7a".as_slice(), &[0x0a, 0x00].repeat(1_000_000)].concat();
    refused("a million nodes", &many, "ST3104", "more parts than any model needs");
}

/// Any part of a file, and any file with a few bytes changed, is read or refused.
#[test]
fn damaged_files_never_panic() {
    let files = [LIGHTGBM.as_bytes().to_vec(), XGBOOST.as_bytes().to_vec(), onnx::small().write()];
    let golden: &[u8] = include_bytes!("xgb-binary-ubj.ubj");
    for file in files.iter().map(Vec::as_slice).chain([&golden[..golden.len().min(3_000)]]) {
        for end in 0..file.len() {
            // Only what comes behind the trees may be missing.
            if let Ok(model) = read(&file[..end]) {
                model.check().unwrap();
            }
        }
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        for _ in 0..3_000 {
            let mut damaged = file.to_vec();
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = (seed >> 33) as usize % damaged.len();
                damaged[place] = (seed >> 20) as u8;
            }
            if let Ok(model) = read(&damaged) {
                model.check().unwrap();
                model.predict(&[Some(1.0), None]);
            }
        }
    }
}
