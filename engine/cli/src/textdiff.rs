//! The lines in which two texts differ.

/// The most lines of a text that are compared one by one.
const MOST: usize = 2_000;

/// One line that only one of two texts has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `-` = only the old one, `+` = only the new one.
    pub sign: char,
    /// The line.
    pub text: String,
}

/// The lines that are gone and the lines that are new, in the order of the texts.
pub fn lines(from: &str, to: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (from.lines().take(MOST).collect(), to.lines().take(MOST).collect());
    let start = old.iter().zip(&new).take_while(|(one, two)| one == two).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(one, two)| one == two).count();
    walk(&old[..old.len() - end], &new[..new.len() - end])
}

/// Along the longest common subsequence.
fn walk(old: &[&str], new: &[&str]) -> Vec<Line> {
    let mut common = vec![vec![0u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let line = |sign, text: &str| Line { sign, text: text.to_owned() };
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            found.push(line('-', old[i]));
            i += 1;
        } else {
            found.push(line('+', new[j]));
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_what_differs_is_shown() {
        let shown = |from: &str, to: &str| {
            lines(from, to).iter().map(|line| format!("{}{}", line.sign, line.text)).collect::<Vec<_>>()
        };
        assert_eq!(shown("a\nb\nc", "a\nb\nc"), Vec::<String>::new());
        assert_eq!(shown("a\nb\nc\nd", "a\nx\nc\nd\ne"), ["-b", "+x", "+e"]);
        assert_eq!(shown("", "a"), ["+a"]);
        assert_eq!(shown("a\na\nb", "a\nb"), ["-a"]);
    }
}
