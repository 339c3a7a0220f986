//! From XGBoost's objective to the way from raw values to answers, and what a row starts from.

use super::Reader;
use crate::error::ModelError;
use crate::math::ln;
use crate::trees::Link;

/// How an answer comes from a raw value.
pub(super) struct Answer {
    pub(super) link: Link,
    pub(super) base: Base,
}

/// How the raw value of `base_score` is found.
#[derive(Clone, Copy)]
pub(super) enum Base {
    /// It is one.
    Raw,
    /// Of a probability, its log-odds.
    LogOdds,
    /// Of a count or a size, its logarithm.
    Log,
}

pub(super) fn answer(reader: Reader, name: &str, classes: usize) -> Result<Answer, ModelError> {
    let (link, base) = match name {
        "binary:logistic" | "reg:logistic" => (Link::Sigmoid, Base::LogOdds),
        "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => (Link::Exp, Base::Log),
        "multi:softprob" | "multi:softmax" => (Link::Softmax, Base::Raw),
        "binary:logitraw"
        | "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:pseudohubererror"
        | "reg:absoluteerror"
        | "reg:quantileerror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (Link::Identity, Base::Raw),
        _ => {
            let next = "train with an objective such as `binary:logistic`, `multi:softprob`, `reg:squarederror` or \
                        `count:poisson`";
            return Err(reader.refused("`objective`", format!("the objective `{name}`"), next));
        }
    };
    if (link == Link::Softmax) != (classes > 1) {
        return Err(reader.problem("`num_class`", format!("{classes} classes with the objective `{name}`")));
    }
    Ok(Answer { link, base })
}

/// `written` is a number, or since 3.1 a list of one for each class.
pub(super) fn bases(reader: Reader, written: &str, classes: usize, base: Base) -> Result<Vec<f64>, ModelError> {
    let wrong = || {
        let text: String = written.chars().take(40).collect();
        reader.problem("`base_score`", format!("`{text}` is no value to start from"))
    };
    let list = written.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(written);
    let scores = list.split(',').take(classes + 1).map(|score| score.trim().parse::<f32>());
    let mut scores: Vec<f32> = scores.collect::<Result<_, _>>().map_err(|_| wrong())?;
    if scores.len() == 1 {
        scores = vec![scores[0]; classes];
    }
    if scores.len() != classes {
        return Err(reader.problem("`base_score`", format!("not as many values as there are classes, {classes}")));
    }
    let bases: Vec<f64> = scores.into_iter().map(|score| base.raw(score)).collect();
    if bases.iter().all(|base| base.is_finite()) { Ok(bases) } else { Err(wrong()) }
}

impl Base {
    fn raw(self, score: f32) -> f64 {
        match self {
            Base::Raw => score.into(),
            // The quotient in 32 bits, as XGBoost has it: next to 1 its rounding is most of the value.
            Base::LogOdds => -ln((1.0 / score - 1.0).into()),
            Base::Log => ln(score.into()),
        }
    }
}
