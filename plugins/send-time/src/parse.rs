//! Counts per hour of the week, as a field of a contact holds them.

use crate::WEEK;

/// Events that one person can have in one hour of the week; more is a mistake upstream.
const MOST: f64 = 1e6;

/// Reads `9:3,33:1` (hour and count, in any order; an hour that stands twice adds up) or 168 counts from Monday 00:00 on.
/// An empty text is nobody's: all zeroes.
///
/// # Errors
/// What is wrong, for people.
pub fn hours(text: &str) -> Result<[f64; WEEK], String> {
    let mut counts = [0.0; WEEK];
    let text = text.trim();
    if text.is_empty() {
        return Ok(counts);
    }
    if !text.contains(':') {
        let mut parts = text.split(',');
        for count in &mut counts {
            *count = number(parts.next().ok_or("hours: fewer than 168 counts")?)?;
        }
        return if parts.next().is_none() { Ok(counts) } else { Err("hours: more than 168 counts".into()) };
    }
    for part in text.split(',') {
        let (hour, count) =
            part.split_once(':').ok_or_else(|| format!("hours: `{}` is not HOUR:COUNT", short(part)))?;
        let hour: usize = hour.trim().parse().map_err(|_| format!("hours: `{}` is no hour", short(hour)))?;
        let place = counts.get_mut(hour).ok_or_else(|| format!("hours: {hour} is not from 0 to 167"))?;
        *place = (*place + number(count)?).min(MOST);
    }
    Ok(counts)
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| (0.0..=MOST).contains(number));
    number.ok_or_else(|| format!("hours: `{}` is no count", short(text)))
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let mut expected = [0.0; WEEK];
        (expected[9], expected[33]) = (3.0, 1.5);
        assert_eq!(hours(" 9:1, 33:1.5,9:2 "), Ok(expected));
        let whole: Vec<String> = expected.iter().map(f64::to_string).collect();
        assert_eq!(hours(&whole.join(",")), Ok(expected));
        assert_eq!(hours(""), Ok([0.0; WEEK]));
    }

    #[test]
    fn mistakes_are_named() {
        let whole = vec!["1"; 169].join(",");
        for (text, said) in [
            ("9:3,10", "`10` is not HOUR:COUNT"),
            ("x:3", "`x` is no hour"),
            ("168:3", "168 is not from 0 to 167"),
            ("9:-1", "`-1` is no count"),
            ("9:inf", "`inf` is no count"),
            ("1,2", "fewer than 168"),
            (whole.as_str(), "more than 168"),
        ] {
            assert!(hours(text).unwrap_err().contains(said), "{text}");
        }
    }
}
