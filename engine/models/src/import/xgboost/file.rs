//! What XGBoost writes, as far as it is read. Numbers of parameters are texts there.

use crate::trees::{MAX_CATEGORIES, MAX_NODES, MAX_TREES};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The file.
#[derive(Deserialize)]
pub(super) struct File {
    pub(super) learner: Learner,
}

#[derive(Deserialize)]
pub(super) struct Learner {
    #[serde(default)]
    pub(super) feature_names: Most<String>,
    pub(super) gradient_booster: Booster,
    pub(super) learner_model_param: LearnerParameters,
    pub(super) objective: Objective,
}

#[derive(Deserialize)]
pub(super) struct LearnerParameters {
    pub(super) base_score: String,
    pub(super) num_class: String,
    pub(super) num_feature: String,
    pub(super) num_target: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Objective {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Booster {
    pub(super) name: String,
    /// Of `gbtree` and `gblinear`.
    pub(super) model: Option<Forest>,
    /// Of `dart`, around its trees.
    pub(super) gbtree: Option<Inner>,
    /// Of `dart`: what each tree counts.
    #[serde(default)]
    pub(super) weight_drop: Most<f32>,
}

#[derive(Deserialize)]
pub(super) struct Inner {
    pub(super) model: Forest,
}

#[derive(Deserialize)]
pub(super) struct Forest {
    #[serde(default)]
    pub(super) cats: Categories,
    /// The class of each tree.
    #[serde(default)]
    pub(super) tree_info: Most<i32>,
    #[serde(default)]
    pub(super) trees: Most<Tree, MAX_TREES>,
    /// Of `gblinear`: for each feature a weight for each class, then the biases.
    #[serde(default)]
    pub(super) weights: Most<f32>,
}

#[derive(Deserialize)]
pub(super) struct Tree {
    #[serde(default)]
    pub(super) categories: Most<i32>,
    #[serde(default)]
    pub(super) categories_nodes: Most<i32>,
    #[serde(default)]
    pub(super) categories_segments: Most<i64>,
    #[serde(default)]
    pub(super) categories_sizes: Most<i64>,
    pub(super) default_left: Most<Flag>,
    pub(super) left_children: Most<i32>,
    pub(super) right_children: Most<i32>,
    pub(super) split_conditions: Most<f32>,
    pub(super) split_indices: Most<i32>,
    #[serde(default)]
    pub(super) split_type: Most<i32>,
    #[serde(default)]
    pub(super) sum_hessian: Most<f32>,
    pub(super) tree_param: TreeParameters,
}

#[derive(Deserialize)]
pub(super) struct TreeParameters {
    #[serde(default = "one")]
    pub(super) size_leaf_vector: String,
}

fn one() -> String {
    "1".into()
}

/// Categories of the training's data frame.
#[derive(Default, Deserialize)]
pub(super) struct Categories {
    #[serde(default)]
    pub(super) enc: Most<Encoding>,
}

/// Those of one feature: texts in one row of bytes with the end of each, or numbers. A number has neither.
#[derive(Deserialize)]
pub(super) struct Encoding {
    offsets: Option<Most<i64>>,
    values: Most<Number>,
}

impl Encoding {
    pub(super) fn texts(&self) -> Result<Vec<String>, &'static str> {
        let Some(offsets) = &self.offsets else {
            return Ok(self.values.0.iter().map(|value| value.0.to_string()).collect());
        };
        let mut bytes = Vec::with_capacity(self.values.0.len());
        for value in &self.values.0 {
            // Bytes are written with a sign.
            match value.0 {
                byte @ -128..=255 => bytes.push(byte as u8),
                _ => return Err("a byte of a text is none"),
            }
        }
        let place = |offset: i64| usize::try_from(offset).ok();
        let text = |pair: &[i64]| bytes.get(place(pair[0])?..place(pair[1])?);
        if offsets.0.len() > MAX_CATEGORIES + 1 {
            return Err("too many categories");
        }
        // Ends that ascend: no byte belongs to two texts.
        let texts = offsets.0.windows(2).map(|pair| text(pair).ok_or("the ends of the texts do not fit them"));
        let texts = texts.map(|bytes| String::from_utf8(bytes?.to_vec()).map_err(|_| "a category is not UTF-8: XGBoost cuts letters beyond ASCII; rename the categories, or train on codes"));
        texts.collect()
    }
}

/// A whole number, which may be written as a truth value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(i64);

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Number, E> {
        Ok(Number(value.into()))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        i64::try_from(value).map(Number).map_err(|_| E::custom("a number is too large"))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Number, D::Error> {
        from.deserialize_any(AnyNumber)
    }
}

/// A truth value, or 0 and 1, as later versions write it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Flag, D::Error> {
        match Number::deserialize(from)? {
            Number(whole @ 0..=1) => Ok(Flag(whole == 1)),
            Number(other) => Err(D::Error::custom(format!("{other} is neither 0 nor 1"))),
        }
    }
}

/// A list of at most so many values.
pub(super) struct Most<T, const N: usize = MAX_NODES>(pub(super) Vec<T>);

impl<T, const N: usize> Default for Most<T, N> {
    fn default() -> Most<T, N> {
        Most(Vec::new())
    }
}

struct List<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for List<T, N> {
    type Value = Most<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Most<T, N>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == N {
                return Err(A::Error::custom(format!("a list has more than {N} values")));
            }
            list.push(item);
        }
        Ok(Most(list))
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Most<T, N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Most<T, N>, D::Error> {
        from.deserialize_seq(List(PhantomData))
    }
}
