//! Who is never contacted, where, and about what.

use super::{Rules, countries, words};
use crate::read::Keys;
use crate::yaml::{Kind, Node};
use staunch_core::codes;
use staunch_core::policy::Never;
use staunch_core::suggest::closest;

pub(crate) const NEVER: Keys = Keys { known: &["audiences", "countries_outside", "topics"], later: &[] };

/// The contact field that `countries_outside` is about.
const COUNTRY: &str = "country";

impl Rules<'_, '_> {
    /// The rules that bind, and the topics that are kept for later.
    pub(super) fn never(&mut self, node: &Node) -> (Never, Vec<String>) {
        let Some(fields) = self.reader.fields(node, &NEVER) else { return Default::default() };
        let audiences = fields.get("audiences").map(|node| self.audiences(node)).unwrap_or_default();
        let countries = fields.entry("countries_outside").map(|entry| {
            if !self.workspace.schema.contact.contains_key(COUNTRY) {
                let help = "declare it: `country: { type: text }` under `contact`";
                let message = "contacts have no field `country`, so that this rule binds nobody";
                self.reader.warning(entry.key_at, codes::POLICY_IDLE, message, help);
            }
            self.countries(&entry.value)
        });
        let topics = fields.entry("topics").map(|entry| {
            self.reader.not_enforced(entry.key_at, "a list of topics");
            words(self.reader, &entry.value)
        });
        (Never { audiences, countries_outside: countries.unwrap_or_default() }, topics.unwrap_or_default())
    }

    /// Names of audiences. One that is not declared has no members yet, which is worth a word and no more: the policy
    /// may be there before the audience.
    fn audiences(&mut self, node: &Node) -> Vec<String> {
        let mut made = Vec::new();
        for item in self.reader.items(node) {
            let Some(name) = self.reader.id(item) else { continue };
            let known = &self.workspace.audience_names;
            if !known.contains(&name) {
                let message = format!("`{name}` is not a declared audience: nobody is in it, and nobody is left out");
                let help = match closest(&name, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "declare it under `audiences`".to_owned(),
                };
                self.reader.warning(item.at, codes::UNKNOWN_AUDIENCE, message, help);
            }
            made.push(name);
        }
        made
    }

    fn countries(&mut self, node: &Node) -> Vec<String> {
        let listed = words(self.reader, node);
        for item in self.reader.items(node) {
            let Kind::Scalar(scalar) = &item.kind else { continue };
            // What is no text was reported with the list.
            if countries::known(&scalar.text) || !listed.contains(&scalar.text) {
                continue;
            }
            let help = match scalar.text.as_str() {
                "UK" => "the United Kingdom is `GB`",
                _ => "write ISO 3166 codes of two capitals, such as `DE`",
            };
            self.reader.error(item.at, codes::BAD_VALUE, format!("`{}` is not a country code", scalar.text), help);
        }
        listed
    }
}
