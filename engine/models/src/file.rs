//! Our own JSON without a copy of it in between: the kind stands among the other keys and says what these are, so it is
//! looked for first. A file of 64 MiB would otherwise become gigabytes before anything in it is understood.

use crate::model::Model;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

const KIND: &str = "kind";

#[derive(Deserialize)]
struct Tag {
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Logistic,
    Trees,
    Linear,
}

/// The model of a file, not checked yet.
pub(crate) fn parse(bytes: &[u8]) -> Result<Model, serde_json::Error> {
    Ok(match serde_json::from_slice::<Tag>(bytes)?.kind {
        Kind::Logistic => Model::Logistic(rest(bytes)?),
        Kind::Trees => Model::Trees(rest(bytes)?),
        Kind::Linear => Model::Linear(rest(bytes)?),
    })
}

/// All keys but the kind.
fn rest<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = from.deserialize_map(Rest(PhantomData))?;
    from.end()?;
    Ok(value)
}

struct Rest<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rest<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a model")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(WithoutKind(map)))
    }
}

struct WithoutKind<A>(A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutKind<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.0.next_key::<String>()? {
            if key != KIND {
                return seed.deserialize(StringDeserializer::new(key)).map(Some);
            }
            self.0.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::trees;

    #[test]
    fn the_kind_may_stand_anywhere_and_only_once() {
        let model = Model::Trees(trees(3, 2, 4, 2));
        let text = String::from_utf8(model.write().unwrap()).unwrap();
        let tag = "\"kind\": \"trees\",";
        let moved = text.replacen(tag, "", 1).trim_end().trim_end_matches('}').to_owned() + ", \"kind\": \"trees\"}";
        assert_eq!(Model::read(moved.as_bytes()).unwrap(), model);
        let cases = [
            (text.replacen(tag, "", 1), "missing field `kind`"),
            (text.replacen(tag, &format!("{tag} {tag}"), 1), "duplicate field `kind`"),
            (text.replacen(tag, &format!("{tag} \"format\": 1,"), 1), "duplicate field `format` at line"),
            (text.replacen(tag, &format!("{tag} \"colour\": 1,"), 1), "unknown field `colour`"),
            (text.replacen("trees", "forest", 1), "unknown variant `forest`"),
            (text.clone() + "{}", "trailing characters"),
            ("[]".into(), "invalid length 0"),
        ];
        for (text, words) in cases {
            let error = Model::read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
