//! The Rust SDK carries the contract in the form that linkers read: it is the one in `plugins/wit`.

use staunch_models::compile::WIT;
use std::path::Path;
use wit_component::{StringEncoding, metadata};

#[test]
fn the_sdk_carries_the_contract() {
    let mut resolve = wit_parser::Resolve::new();
    let package = resolve.push_source("scoring.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("scorer")).unwrap();
    let made = metadata::encode(&resolve, world, StringEncoding::UTF8, None).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk/src/world.bin");
    let written = std::fs::read(&path).unwrap_or_default();
    if written != made && std::env::var_os("STAUNCH_WRITE_WORLD").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    assert!(written == made, "plugins/sdk/src/world.bin is another contract; run this test with STAUNCH_WRITE_WORLD=1");
}
