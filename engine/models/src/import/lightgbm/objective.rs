//! From LightGBM's objective to the way from raw values to answers.

use super::{cut, problem, refused};
use crate::error::ModelError;
use crate::trees::Link;

/// How an answer comes from a raw value.
pub(super) struct Answer {
    pub(super) link: Link,
    pub(super) scale: f64,
}

/// `objective` is the header's line, such as `binary sigmoid:1`, with its number; without one raw values are the answer.
pub(super) fn read(objective: Option<(&str, usize)>, classes: usize) -> Result<Answer, ModelError> {
    let (text, line) = objective.unwrap_or(("custom", 0));
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or("custom");
    let options: Vec<&str> = words.collect();
    let place = || if line == 0 { "the header".to_owned() } else { format!("line {line}") };
    let (link, many) = match name {
        "binary" | "cross_entropy" => (Link::Sigmoid, false),
        "poisson" | "gamma" | "tweedie" => (Link::Exp, false),
        "regression" | "regression_l1" | "regression_l2" | "huber" | "fair" | "quantile" | "mape" | "lambdarank"
        | "rank_xendcg" | "custom" => (Link::Identity, false),
        "multiclass" => (Link::Softmax, true),
        "multiclassova" => (Link::OneVsRest, true),
        _ => {
            let next = "train with an objective such as `binary`, `multiclass`, `regression` or `poisson`";
            return Err(refused(place(), format!("the objective `{}`", cut(name)), next));
        }
    };
    if options.contains(&"sqrt") {
        let next = "train on the square root of the label yourself, or without `reg_sqrt`";
        return Err(refused(place(), "answers that are squares (`reg_sqrt`)", next));
    }
    if many != (classes > 1) {
        if name == "custom" {
            let next = "train with the objective `multiclass` or `multiclassova`";
            return Err(refused(
                place(),
                format!("{classes} raw values without an objective that makes shares of them"),
                next,
            ));
        }
        return Err(problem(place(), format!("the objective `{name}` with {classes} trees for each round")));
    }
    let sigmoid = options.iter().find_map(|option| option.strip_prefix("sigmoid:"));
    let scale = sigmoid.map_or(Ok(1.0), str::parse);
    let scale = scale.map_err(|_| problem(place(), format!("`{}` is no slope of a sigmoid", cut(text))))?;
    Ok(Answer { link, scale })
}
