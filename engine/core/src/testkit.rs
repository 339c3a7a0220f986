//! For tests only: a tiny evaluator, a plain renderer, and short ways to write workflows, contacts and inputs.

mod bench;
mod build;

pub use bench::{Bench, reachable, whats};
pub use build::*;

use crate::decide::{Email, Renderer};
use crate::expr::{EvalError, Evaluator, Expr, Root, Scope};
use crate::value::Value;
use crate::workflow::Workflow;
use std::cmp::Ordering;

/// Reads `a && b`, `term OP term` and terms: `true`, `false`, numbers, `"text"`, `root.name`, `root.name ?? term`.
/// `fail` fails; `needy` asks for a score that nobody named. What stands behind a false `&&` is never read.
pub struct Tiny;

impl Evaluator for Tiny {
    fn eval(&self, expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
        let parts: Vec<&str> = expr.source.split(" && ").collect();
        if let [one] = parts.as_slice() {
            return comparison(one, scope);
        }
        for part in parts {
            if comparison(part, scope)? == Value::Bool(false) {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }
}

fn comparison(text: &str, scope: &dyn Scope) -> Result<Value, EvalError> {
    for op in [" >= ", " <= ", " == ", " != ", " > ", " < "] {
        let Some((left, right)) = text.split_once(op) else { continue };
        let (left, right) = (term(left, scope)?, term(right, scope)?);
        let order = match (&left, &right) {
            (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            _ => left.number().zip(right.number()).and_then(|(left, right)| left.partial_cmp(&right)),
        };
        let order = order.ok_or_else(|| EvalError::Failed("values that do not compare".into()))?;
        return Ok(Value::Bool(match op.trim() {
            ">=" => order != Ordering::Less,
            "<=" => order != Ordering::Greater,
            "==" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            ">" => order == Ordering::Greater,
            _ => order == Ordering::Less,
        }));
    }
    term(text, scope)
}

fn term(text: &str, scope: &dyn Scope) -> Result<Value, EvalError> {
    let (text, default) = match text.trim().split_once(" ?? ") {
        Some((name, default)) => (name, Some(default)),
        None => (text.trim(), None),
    };
    if let Ok(number) = text.parse::<f64>() {
        return Ok(Value::Number(number));
    }
    if let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Ok(Value::Text(inner.into()));
    }
    if text == "true" || text == "false" {
        return Ok(Value::Bool(text == "true"));
    }
    if text == "needy" {
        return Err(EvalError::NeedScore(text.into()));
    }
    let name = text.split_once('.').and_then(|(root, name)| Some((Root::parse(root)?, name)));
    let Some((root, name)) = name else { return Err(EvalError::Failed("it failed".into())) };
    match (scope.get(root, name)?, default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => term(default, scope),
        (None, None) => Err(EvalError::Failed(format!("`{text}` is missing"))),
    }
}

/// Subject = template, text = the values as JSON. A template or text named `broken` fails.
pub struct Plain;

impl Renderer for Plain {
    fn email(&self, _: &Workflow, template: &str, values: &serde_json::Value) -> Result<Email, String> {
        let text = self.text(template, values)?;
        Ok((text, values.to_string(), None))
    }

    fn nudge(&self, _: &Workflow, template: &str, values: &serde_json::Value) -> Result<(String, String), String> {
        Ok((self.text(template, values)?, values.to_string()))
    }

    fn text(&self, source: &str, _: &serde_json::Value) -> Result<String, String> {
        if source == "broken" { Err("the template is broken".into()) } else { Ok(source.to_owned()) }
    }
}
