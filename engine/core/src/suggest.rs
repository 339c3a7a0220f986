//! "Did you mean": the nearest of a list of names.

/// Letters of a word that are looked at, and names of a list: both bound the work.
const LETTERS: usize = 64;
const NAMES: usize = 1_000;

/// The name of a list that is nearest to a misspelt one, if any is near enough to be meant: one edit for every three
/// letters, at least one. Swapping two neighbours is one edit. Of a long list only the first thousand are looked at.
pub fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let letters: Vec<char> = word.chars().take(LETTERS).collect();
    names
        .into_iter()
        .take(NAMES)
        .filter_map(|name| Some((distance(&letters, name, allowed)?, name)))
        .filter(|(edits, name)| *edits < name.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Edit distance with swaps of neighbours (optimal string alignment), `None` where it is more than allowed.
fn distance(a: &[char], b: &str, allowed: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().take(LETTERS).collect();
    if a.len().abs_diff(b.len()) > allowed {
        return None;
    }
    let (mut before, mut last, mut row) = ([0; LETTERS + 1], [0; LETTERS + 1], [0; LETTERS + 1]);
    (0..=b.len()).for_each(|j| last[j] = j);
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let differs = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        // A swap reaches back two rows, so both have to be beyond what is allowed.
        let beyond = |row: &[usize]| row[..=b.len()].iter().all(|edits| *edits > allowed);
        if beyond(&row) && beyond(&last) {
            return None;
        }
        (before, last, row) = (last, row, before);
    }
    (last[b.len()] <= allowed).then_some(last[b.len()])
}

#[cfg(test)]
mod tests {
    use super::{NAMES, closest};

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
            ("ab", &["ba"], Some("ba")),
            ("teh_plan", &["the_plan"], Some("the_plan")),
        ] {
            assert_eq!(closest(word, names.iter().copied()), want, "{word}");
        }
    }

    #[test]
    fn a_long_list_and_a_long_word_end_soon() {
        let names: Vec<String> = (0..NAMES * 2).map(|index| format!("name_{index:05}")).collect();
        let near = |word: &str| closest(word, names.iter().map(String::as_str)).map(str::to_owned);
        assert_eq!(near("name_00007x"), Some("name_00007".to_owned()));
        assert_eq!(near("entirely_else"), None);
        let long = "x".repeat(100_000);
        assert_eq!(closest(&long, ["x"]), None);
    }
}
