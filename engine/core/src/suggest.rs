//! "Did you mean": the nearest of a list of names.

/// The name of a list that is nearest to a misspelt one, if any is near enough to be meant: one edit for every three
/// letters, at least one. Swapping two neighbours is one edit.
pub fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(word, name), name))
        .filter(|(edits, name)| *edits <= allowed && *edits < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Edit distance with swaps of neighbours (optimal string alignment). Long words are cut, to bound the work.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_meant_and_far_ones_are_not() {
        for (word, names, want) in [
            ("piority", &["priority", "purpose"][..], Some("priority")),
            ("plna", &["plan", "plane"], Some("plan")),
            ("lenn", &["len", "min"], Some("len")),
            ("salesforce", &["crm"], None),
            ("x", &["y"], None),
            ("", &["a"], None),
            ("größe", &["grösse"], None),
        ] {
            assert_eq!(closest(word, names.iter().copied()), want, "{word}");
        }
    }
}
