//! Leaves with their types and units: text, numbers, shares, durations, channels.

use super::Reader;
use crate::yaml::{Kind, Node, Scalar};
use serde_yaml::Value;
use staunch_core::action::Channel;
use staunch_core::codes;
use staunch_core::time::Span;
use staunch_core::value::Percent;
use std::ops::RangeInclusive;

impl Reader<'_> {
    pub(super) fn scalar<'n>(&mut self, node: &'n Node, wanted: &str) -> Option<&'n Scalar> {
        match &node.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => {
                self.wrong(node, wanted);
                None
            }
        }
    }

    /// Text; a bare number or truth value has to be quoted to be text.
    pub(crate) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let scalar = self.scalar(node, "text")?;
        if !matches!(scalar.value(), Value::String(_)) || scalar.text.trim().is_empty() {
            let help = if scalar.text.is_empty() { "write it out" } else { "put it into quotes" };
            self.error(node.at, codes::WRONG_TYPE, format!("text is needed here, this is {}", node.word()), help);
            return None;
        }
        Some(&scalar.text)
    }

    /// A permanent id or name: letters, digits, `-`, `_` and `.`.
    pub(crate) fn id(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        let good = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !good {
            let message = format!("`{}` cannot be an id", shorten(text));
            self.error(node.at, codes::BAD_VALUE, message, "use letters, digits, `-`, `_` and `.`, at most 64");
        }
        good.then(|| text.to_owned())
    }

    /// One of a list of words.
    pub(crate) fn one_of<T: Copy>(&mut self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            self.unknown(
                node.at,
                codes::BAD_VALUE,
                "one of the values this takes",
                &shorten(text),
                words.iter().map(|(word, _)| *word),
            );
        }
        found
    }

    /// `true` or `false`.
    pub(crate) fn truth(&mut self, node: &Node) -> Option<bool> {
        match self.scalar(node, "true or false")?.value() {
            Value::Bool(truth) => Some(truth),
            _ => {
                self.wrong(node, "true or false");
                None
            }
        }
    }

    /// Any finite number.
    pub(crate) fn number(&mut self, node: &Node) -> Option<f64> {
        match self.scalar(node, "a number")?.value() {
            Value::Number(number) => {
                let number = number.as_f64().filter(|number| number.is_finite());
                if number.is_none() {
                    self.error(node.at, codes::OUT_OF_RANGE, "this is not a finite number", "write a finite number");
                }
                number
            }
            _ => {
                self.wrong(node, "a number");
                None
            }
        }
    }

    /// A whole number in a range.
    pub(crate) fn whole(&mut self, node: &Node, range: RangeInclusive<u32>) -> Option<u32> {
        let number = self.number(node)?;
        let (low, high) = (f64::from(*range.start()), f64::from(*range.end()));
        if number.fract() == 0.0 && (low..=high).contains(&number) {
            return Some(number as u32);
        }
        let help = format!("write a whole number from {low} to {high}");
        self.error(node.at, codes::OUT_OF_RANGE, format!("a whole number from {low} to {high} is needed here"), help);
        None
    }

    /// `10%` as 0.1.
    pub(crate) fn share(&mut self, node: &Node) -> Option<f64> {
        let text = self.scalar(node, "a percentage")?.text.trim();
        let Some(number) = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok()) else {
            self.needs_unit(node, text, "a percentage", &format!("{text}%"), "10%");
            return None;
        };
        if (0.0..=100.0).contains(&number) {
            return Some(number / 100.0);
        }
        self.error(node.at, codes::OUT_OF_RANGE, "a share lies between 0% and 100%", "write a share in that range");
        None
    }

    /// A difference of shares: `0%`, `-2%`.
    pub(crate) fn difference(&mut self, node: &Node) -> Option<f64> {
        let text = self.scalar(node, "a percentage")?.text.trim();
        let Some(difference) = Percent::parse(text) else {
            self.needs_unit(node, text, "a percentage", &format!("{text}%"), "0%");
            return None;
        };
        let good = (-1.0..=1.0).contains(&difference.share);
        if !good {
            let help = "write a difference in that range";
            self.error(node.at, codes::OUT_OF_RANGE, "a difference lies between -100% and 100%", help);
        }
        good.then_some(difference.share)
    }

    /// `72h`, `2d`, `8h30m`; more than nothing.
    pub(crate) fn span(&mut self, node: &Node) -> Option<Span> {
        let span = self.any_span(node)?;
        if span > Span(0) {
            return Some(span);
        }
        self.error(node.at, codes::OUT_OF_RANGE, "this duration is zero", "write a longer one");
        None
    }

    fn any_span(&mut self, node: &Node) -> Option<Span> {
        let text = self.scalar(node, "a duration")?.text.trim();
        let span = Span::parse(text);
        if span.is_none() {
            self.needs_unit(node, text, "a duration", &format!("{text}d"), "72h");
        }
        span
    }

    /// A time relative to a test's start: `-10d`, `0h`, `8h30m`.
    pub(crate) fn offset(&mut self, node: &Node) -> Option<Span> {
        let text = self.scalar(node, "a duration")?.text.trim();
        let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        match Span::parse(rest) {
            Some(span) => Some(Span(sign * span.0)),
            None => {
                self.needs_unit(node, text, "a duration", &format!("{text}d"), "72h");
                None
            }
        }
    }

    fn needs_unit(&mut self, node: &Node, text: &str, what: &str, mended: &str, example: &str) {
        if text.parse::<f64>().is_ok() {
            self.error(
                node.at,
                codes::NEEDS_UNIT,
                format!("{what} needs its unit"),
                format!("write `{mended}` if that is meant"),
            );
        } else {
            self.error(
                node.at,
                codes::BAD_VALUE,
                format!("`{}` is not {what}", shorten(text)),
                format!("write it like `{example}`"),
            );
        }
    }

    /// A list of channels, at least one.
    pub(crate) fn channels(&mut self, node: &Node) -> Vec<Channel> {
        let items = self.items(node);
        if items.is_empty() && matches!(node.kind, Kind::List(_)) {
            self.error(node.at, codes::BAD_VALUE, "this list is empty", "name the channels, or leave the key out");
        }
        items.iter().filter_map(|item| self.channel(item)).collect()
    }

    /// One channel.
    pub(crate) fn channel(&mut self, node: &Node) -> Option<Channel> {
        let words = Channel::ALL.map(|channel| (channel.word(), channel));
        self.one_of(node, &words)
    }

    /// Whether a value is exactly this text; says nothing.
    pub(crate) fn is_text(&self, node: &Node, wanted: &str) -> bool {
        matches!(&node.kind, Kind::Scalar(scalar) if scalar.text == wanted)
    }

    /// A list of texts, or one.
    pub(crate) fn texts<'n>(&mut self, node: &'n Node) -> Vec<(usize, &'n str)> {
        let nodes = match &node.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        nodes.iter().filter_map(|node| self.text(node).map(|text| (node.at, text))).collect()
    }
}

/// Long values do not fill a message.
pub(super) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
