//! How probabilities compare with what happened, as a picture: for the terminal and for the card.

use std::fmt::Write;

/// Bins of equal width.
pub const BINS: usize = 10;
const WIDTH: usize = 40;
const SIDE: f64 = 320.0;

/// Rows whose probability lies in one tenth of 0..1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Rows.
    pub rows: usize,
    /// Mean probability.
    pub said: f64,
    /// Share whose outcome happened.
    pub happened: f64,
}

/// Which bin a probability belongs to.
pub(crate) fn bin_of(p: f64) -> usize {
    ((p * BINS as f64) as usize).min(BINS - 1)
}

/// The bins of predictions; both slices hold one entry per row.
pub fn bins(scores: &[f64], labels: &[bool]) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for (p, label) in scores.iter().zip(labels) {
        let bin = &mut bins[bin_of(*p)];
        bin.rows += 1;
        bin.said += p;
        bin.happened += f64::from(u8::from(*label));
    }
    for bin in &mut bins {
        bin.said /= bin.rows.max(1) as f64;
        bin.happened /= bin.rows.max(1) as f64;
    }
    bins
}

/// A line per bin: `o` stands where the probability is, `x` where the share that happened is, `*` where they meet.
pub fn text(bins: &[Bin]) -> String {
    let mut page = String::from("probability    rows   said  happened   0         0.25      0.5       0.75     1\n");
    for (place, bin) in bins.iter().enumerate() {
        let (from, to) = (place as f64 / BINS as f64, (place + 1) as f64 / BINS as f64);
        // Writing to a String cannot fail.
        if bin.rows == 0 {
            let _ = writeln!(page, "{from:.1} to {to:.1}  {:>7}      –         –  |{:WIDTH$}|", 0, "");
            continue;
        }
        let at = |share: f64| ((share * WIDTH as f64) as usize).min(WIDTH - 1);
        let mut line = vec![' '; WIDTH];
        line[at(bin.happened)] = 'x';
        line[at(bin.said)] = if at(bin.said) == at(bin.happened) { '*' } else { 'o' };
        let (line, rows): (String, usize) = (line.into_iter().collect(), bin.rows);
        let _ = writeln!(page, "{from:.1} to {to:.1}  {rows:>7}  {:.3}     {:.3}  |{line}|", bin.said, bin.happened);
    }
    page + "o said, x happened, * both\n"
}

/// The picture as SVG: probability to the right, share that happened upwards, a dot per bin as large as its rows are many.
pub fn svg(bins: &[Bin]) -> String {
    let most = bins.iter().map(|bin| bin.rows).max().unwrap_or(0).max(1) as f64;
    let (x, y) = (|p: f64| 50.0 + SIDE * p, |p: f64| 20.0 + SIDE * (1.0 - p));
    let mut page = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<title>Probability against what happened</title>\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"white\"/>\n",
        w = SIDE + 70.0,
        h = SIDE + 70.0
    );
    // Writing to a String cannot fail.
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let _ = writeln!(
            page,
            "<path d=\"M{0} {1}V{2}M{3} {4}H{5}\" stroke=\"#ddd\"/>",
            x(tick),
            y(0.0),
            y(1.0),
            x(0.0),
            y(tick),
            x(1.0)
        );
        let _ = writeln!(page, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>", x(tick), y(0.0) + 16.0);
        let _ =
            writeln!(page, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{tick}</text>", x(0.0) - 6.0, y(tick) + 4.0);
    }
    let _ = writeln!(
        page,
        "<path d=\"M{} {}L{} {}\" stroke=\"#888\" stroke-dasharray=\"4\"/>",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0)
    );
    let used: Vec<&Bin> = bins.iter().filter(|bin| bin.rows > 0).collect();
    let line: Vec<String> = used.iter().map(|bin| format!("{:.1} {:.1}", x(bin.said), y(bin.happened))).collect();
    let _ = writeln!(page, "<path d=\"M{}\" fill=\"none\" stroke=\"#1f5fa8\"/>", line.join("L"));
    for bin in used {
        let radius = 3.0 + 7.0 * (bin.rows as f64 / most).sqrt();
        let _ = writeln!(
            page,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#1f5fa8\" fill-opacity=\"0.6\"><title>{} rows: said \
             {:.3}, happened {:.3}</title></circle>",
            x(bin.said),
            y(bin.happened),
            bin.rows,
            bin.said,
            bin.happened
        );
    }
    let _ = writeln!(page, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">said</text>", x(0.5), y(0.0) + 36.0);
    let _ = writeln!(
        page,
        "<text x=\"14\" y=\"{0}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {0})\">happened</text>",
        y(0.5)
    );
    page + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_was_said_and_what_happened() {
        let bins = bins(&[0.05, 0.05, 0.52, 0.56, 1.0], &[false, true, true, false, true]);
        assert_eq!((bins[0].rows, bins[0].happened, bins[5].rows, bins[9].said), (2, 0.5, 2, 1.0));
        let page = text(&bins);
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[1], "0.0 to 0.1        2  0.050     0.500  |  o                 x                   |");
        assert_eq!(lines[2], "0.1 to 0.2        0      –         –  |                                        |");
        assert_eq!(lines[10], "0.9 to 1.0        1  1.000     1.000  |                                       *|");
        // A tick stands over the column of its share.
        for (tick, share) in [("0 ", 0.0), ("0.25", 0.25), ("0.5 ", 0.5), ("0.75", 0.75), ("1", 0.999)] {
            assert_eq!(lines[0].rfind(tick), Some(39 + (share * WIDTH as f64) as usize), "{tick}");
        }
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
        assert_eq!(lines.len(), 12);
        let picture = svg(&bins);
        assert_eq!((picture.matches("<circle").count(), picture.matches("<title>").count()), (3, 4));
        assert!(picture.contains("<title>2 rows: said 0.540, happened 0.500</title>"), "{picture}");
    }
}
