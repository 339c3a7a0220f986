//! Small charts as inline SVG, without scripts: two series side by side, readable on a phone, with words for those who
//! cannot see them. Colours come from the page's style (`.s0`, `.s1`).

use crate::output::count;
use maud::{Markup, html};

/// Two series over the same places of the x-axis.
pub struct Chart<'a> {
    /// What it shows, for people who hear the page.
    pub label: &'a str,
    /// What the x-axis is.
    pub x: &'a str,
    /// The names of the places.
    pub names: Vec<String>,
    /// The names of the series.
    pub series: [&'a str; 2],
    /// The values of both series at each place.
    pub values: Vec<[u64; 2]>,
}

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;

impl Chart<'_> {
    /// Bars side by side.
    pub fn bars(&self) -> Markup {
        let slot = self.slot();
        let bar = (slot * 0.38).min(26.0);
        self.frame(&html! {
            @for (at, pair) in self.values.iter().enumerate() {
                @for (series, value) in pair.iter().enumerate() {
                    @let middle = LEFT + slot * (at as f64 + 0.5);
                    @let x = middle + if series == 0 { -bar } else { 0.0 };
                    @let y = self.y(*value);
                    rect class=(format!("s{series}")) x=(px(x)) y=(px(y)) width=(px(bar)) height=(px(HEIGHT - BOTTOM - y)) {
                        title { (self.series[series]) ": " (count(*value)) " (" (self.names[at]) ")" }
                    }
                }
            }
        })
    }

    /// Lines over each other.
    pub fn lines(&self) -> Markup {
        let slot = self.slot();
        let points = |series: usize| {
            let point = |(at, pair): (usize, &[u64; 2])| {
                format!("{},{}", px(LEFT + slot * (at as f64 + 0.5)), px(self.y(pair[series])))
            };
            self.values.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
        };
        self.frame(&html! {
            @for series in 0..2 { polyline class=(format!("l{series}")) points=(points(series)) {} }
        })
    }

    fn slot(&self) -> f64 {
        (WIDTH - LEFT - RIGHT) / self.values.len().max(1) as f64
    }

    fn top(&self) -> u64 {
        nice(self.values.iter().flatten().copied().max().unwrap_or(0))
    }

    fn y(&self, value: u64) -> f64 {
        let high = HEIGHT - TOP - BOTTOM;
        HEIGHT - BOTTOM - high * value as f64 / self.top() as f64
    }

    fn frame(&self, inside: &Markup) -> Markup {
        let top = self.top();
        let every = self.values.len().div_ceil(6).max(1);
        // Few places have room for all their names.
        let every = if self.values.len() <= 12 { 1 } else { every };
        let slot = self.slot();
        html! {
            figure {
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.label) {
                    @for tick in [0, top / 2, top] {
                        @let y = self.y(tick);
                        line class="grid" x1=(px(LEFT)) x2=(px(WIDTH - RIGHT)) y1=(px(y)) y2=(px(y)) {}
                        text x=(px(LEFT - 6.0)) y=(px(y + 4.0)) text-anchor="end" { (count(tick)) }
                    }
                    (inside)
                    @for (at, name) in self.names.iter().enumerate().filter(|(at, _)| at.is_multiple_of(every)) {
                        text x=(px(LEFT + slot * (at as f64 + 0.5))) y=(px(HEIGHT - BOTTOM + 16.0)) text-anchor="middle" { (name) }
                    }
                    text x=(px(LEFT + (WIDTH - LEFT - RIGHT) / 2.0)) y=(px(HEIGHT - 6.0)) text-anchor="middle" { (self.x) }
                }
                figcaption {
                    span.key.k0 {} " " (self.series[0]) " " span.key.k1 {} " " (self.series[1])
                }
            }
        }
    }
}

/// The next number of the kind 2, 4, 6, 8, 10, 20, 30, 40, 50, … whose half is one to read, too.
fn nice(value: u64) -> u64 {
    let mut step = 1;
    loop {
        let factors = if step == 1 { &[2, 4, 6, 8, 10][..] } else { &[2, 3, 4, 5, 6, 8, 10] };
        if let Some(factor) = factors.iter().find(|factor| step * **factor >= value) {
            return step * factor;
        }
        step *= 10;
    }
}

/// A coordinate: a tenth of a unit is enough, and the same on every machine.
fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_number_to_read() {
        for (value, want) in [(0, 2), (1, 2), (3, 4), (5, 6), (11, 20), (41, 50), (99, 100), (2_300, 3_000)] {
            assert_eq!(nice(value), want, "{value}");
        }
    }

    #[test]
    fn a_chart_says_its_values_and_escapes_its_words() {
        let chart = Chart {
            label: "a <chart>",
            x: "messages",
            names: vec!["0".into(), "1".into()],
            series: ["old", "new"],
            values: vec![[3, 4], [1, 0]],
        };
        let text = chart.bars().into_string();
        assert!(text.contains("a &lt;chart&gt;") && text.contains("<title>new: 4 (0)</title>"), "{text}");
        assert_eq!(text.matches("<rect").count(), 4);
        assert_eq!(chart.lines().into_string().matches("<polyline").count(), 2);
    }
}
