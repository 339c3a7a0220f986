//! Values of every type, and files that are none.

use super::*;
use serde::Deserialize;
use std::collections::BTreeMap;

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, String> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader).map_err(|error| format!("{}: {error}", reader.at))?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

#[test]
fn reads_values_of_every_type() {
    assert_eq!(read(b"[i\xffU\xffI\xff\xfel\0\0\x01\0L\0\0\0\0\0\0\0\x07]"), Ok(vec![-1i64, 255, -2, 256, 7]));
    assert_eq!(read(b"[#U\x02d\x3f\x80\0\0D\x3f\xf8\0\0\0\0\0\0"), Ok(vec![1.0f64, 1.5]));
    assert_eq!(read(b"[$l#i\x02\0\0\0\x01\xff\xff\xff\xff"), Ok(vec![1i32, -1]));
    assert_eq!(read(b"[$i#L\0\0\0\0\0\0\0\0"), Ok(Vec::<i64>::new()));
    assert_eq!(read(b"SU\x02ab"), Ok("ab"));
    assert_eq!(read(b"[TFZ]"), Ok(vec![Some(true), Some(false), None]));
    let map = BTreeMap::from([("a".to_owned(), 1u8), ("bc".to_owned(), 2)]);
    assert_eq!(read(b"{U\x01ai\x01U\x02bci\x02}"), Ok(map.clone()));
    assert_eq!(read(b"{$U#i\x02U\x01a\x01U\x02bc\x02"), Ok(map));
    assert_eq!(read::<de::IgnoredAny>(b"{U\x01a[[#i\x01[]Z]}").map(|_| ()), Ok(()));
    assert_eq!(read(b"[$[#i\x02i\x01]]"), Ok(vec![vec![1u8], vec![]]));
}

#[test]
fn refuses_what_is_none() {
    let deep = [b'['; 100];
    let cases: [(&[u8], &str); 12] = [
        (b"", "0: the file ends"),
        (b"[", "1: the file ends"),
        (b"[i\x01", "3: the file ends"),
        (b"[l\0\0", "the file has 2"),
        (b"SU\x09ab", "9 bytes are said to follow"),
        (b"Si\xffab", "no whole number from 0"),
        (b"[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff", "without content"),
        (b"[$i]", "without their count"),
        (b"[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff", "the file has 0"),
        (b"SU\x01\xff", "not UTF-8"),
        (b"[q]", "'q' is unknown"),
        (&deep, "more than 64 containers"),
    ];
    for (bytes, words) in cases {
        let error = read::<de::IgnoredAny>(bytes).map(|_| ()).unwrap_err();
        assert!(error.contains(words), "{bytes:?}: {error}");
    }
    assert!(read::<u8>(b"i\x01i").unwrap_err().contains("behind the end"));
}
