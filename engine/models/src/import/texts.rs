//! Categories as texts: what a library that learnt codes calls them.

use serde_json::value::RawValue;

/// The texts of a list of categories in JSON. A number becomes the text that stands in the file, a truth value what
/// Python and its tables write.
pub(super) fn texts(list: &[&RawValue]) -> Option<Vec<String>> {
    list.iter().map(|category| text(category.get())).collect()
}

fn text(json: &str) -> Option<String> {
    match json {
        "true" => Some("True".into()),
        "false" => Some("False".into()),
        _ if json.starts_with('"') => serde_json::from_str(json).ok(),
        _ => json.parse::<f64>().is_ok().then(|| json.to_owned()),
    }
}
