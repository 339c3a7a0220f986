//! Scores: the plugin, what it sees, and what happens when it gives nothing.

use super::Flow;
use super::names::{KnownScore, Place};
use crate::catalog::{PluginInfo, PluginInput};
use crate::read::Keys;
use crate::yaml::{Entry, Kind, Node};
use staunch_core::codes;
use staunch_core::expr::{NameType, Names, Root};
use staunch_core::score::{IfUnavailable, ScoreDef, ScoreKind};
use staunch_core::suggest::closest;
use staunch_core::value::Type;

pub(crate) const SCORE: Keys = Keys { known: &["plugin", "inputs", "if_unavailable"], later: &[] };
pub(crate) const SUBSTITUTE: Keys = Keys { known: &["expr", "accept_risk"], later: &[] };

/// A score before it is known who reads it.
pub(super) struct Draft {
    at: usize,
    name: String,
    def: Option<ScoreDef>,
    /// Where a substitute stands that nobody accepted the risk of.
    risky: Option<usize>,
    /// Where an input of the entry stands; there is none before a run starts.
    entry_input: Option<usize>,
    /// Where `review` stands, whose role is known only when the whole file is read.
    review: Option<usize>,
}

impl Flow<'_, '_> {
    pub(super) fn scores(&mut self, node: &Node) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for entry in self.reader.entries(node) {
            if self.good_name(entry) {
                let draft = self.score(entry);
                drafts.push(draft);
            }
        }
        drafts
    }

    fn score(&mut self, entry: &Entry) -> Draft {
        let name = entry.key.clone();
        let mut draft =
            Draft { at: entry.key_at, name: name.clone(), def: None, risky: None, entry_input: None, review: None };
        let Some(fields) = self.reader.fields(&entry.value, &SCORE) else {
            self.known.scores.push(KnownScore { name, kind: None, bands: None });
            return draft;
        };
        let plugin = self.reader.need(&fields, "plugin").and_then(|node| Some((node.at, self.reader.id(node)?)));
        let info = plugin.as_ref().and_then(|(at, plugin)| self.plugin(*at, plugin));
        // Where nothing is known of the plugin, nothing is said about its parts and bands.
        let info = info.as_ref();
        let told = info.filter(|info| info.inputs.is_some());
        let kind = told.map(|info| info.kind.clone());
        let bands = told.map(|info| info.bands.iter().map(|band| band.name.clone()).collect());
        self.known.scores.push(KnownScore { name: name.clone(), kind: kind.clone(), bands });
        let inputs = self.reader.need(&fields, "inputs").map(|node| self.inputs(node, info, &mut draft));
        let kind = kind.unwrap_or_default();
        let fallback = self.reader.need(&fields, "if_unavailable");
        let fallback = fallback.and_then(|node| self.fallback(node, &kind, &mut draft));
        if let (Some((_, plugin)), Some(inputs), Some(if_unavailable)) = (plugin, inputs, fallback) {
            let bands = info.map(|info| info.bands.clone()).unwrap_or_default();
            draft.def = Some(ScoreDef { name, plugin, inputs, if_unavailable, kind, bands });
        }
        draft
    }

    fn plugin(&mut self, at: usize, name: &str) -> Option<PluginInfo> {
        let Some(info) = self.around.plugins.plugin(name) else {
            let names = self.around.plugins.names();
            let help = match closest(name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? otherwise add it and run `staunch lock`"),
                None => "add it and run `staunch lock`".to_owned(),
            };
            self.reader.error(at, codes::PLUGIN_UNLOCKED, format!("plugin `{name}` is not in staunch.lock"), help);
            return None;
        };
        for problem in &info.problems {
            self.reader.error(at, &problem.code, &problem.message, &problem.help);
        }
        Some(info)
    }

    fn inputs(&mut self, node: &Node, info: Option<&PluginInfo>, draft: &mut Draft) -> Vec<(Root, String)> {
        let mut given: Vec<(Root, String)> = Vec::new();
        let wanted = info.and_then(|info| info.inputs.as_deref());
        for item in self.reader.items(node) {
            let Some((root, name, found)) = self.input(item) else {
                // What cannot be read could have been any of those that would now be missing.
                return self.rest_unknown(node, given);
            };
            if root == Root::Entry {
                draft.entry_input = Some(item.at);
            }
            let twice = given.iter().any(|(_, other)| *other == name);
            if let Some(wanted) = wanted.filter(|_| !self.hidden(item, root, &name)) {
                self.fits(item, wanted, &name, found.kind, twice);
            }
            given.push((root, name));
        }
        let names = wanted.unwrap_or(&[]).iter().map(|input| input.name.as_str());
        let missing: Vec<&str> = names.filter(|name| !given.iter().any(|(_, other)| other == name)).collect();
        if !missing.is_empty() && matches!(node.kind, Kind::List(_)) {
            let message = format!("the plugin also reads {}", list(missing));
            self.reader.error(node.at, codes::PLUGIN_INPUTS, message, "add it to the inputs");
        }
        given
    }

    /// Whether the plugin reads this input, once, as this type.
    fn fits(&mut self, item: &Node, wanted: &[PluginInput], name: &str, kind: Type, twice: bool) {
        let input = wanted.iter().find(|input| input.name == name);
        let (message, help) = match input.map(|input| (input.kind == Type::Text) == (kind == Type::Text)) {
            None => {
                let reads = list(wanted.iter().map(|input| input.name.as_str()));
                (format!("the plugin does not read `{name}`"), format!("it reads {reads}"))
            }
            Some(false) => {
                let message = format!("the plugin reads `{name}` as another type than {}", kind.word());
                (message, "give it the type that it was made for".to_owned())
            }
            Some(true) if twice => (format!("`{name}` is given twice"), "give each input once".to_owned()),
            Some(true) => return,
        };
        self.reader.error(item.at, codes::PLUGIN_INPUTS, message, help);
    }

    /// Checks what is left of a list of inputs, of which one could not be read.
    fn rest_unknown(&mut self, node: &Node, given: Vec<(Root, String)>) -> Vec<(Root, String)> {
        for item in self.reader.items(node).iter().skip(given.len() + 1) {
            let _ = self.input(item);
        }
        given
    }

    /// `root.name` with its type.
    fn input(&mut self, item: &Node) -> Option<(Root, String, NameType)> {
        let text = self.reader.text(item)?;
        let parts = text.split_once('.').and_then(|(root, name)| Some((Root::parse(root)?, name)));
        let Some((root, name)) =
            parts.filter(|(root, _)| matches!(root, Root::Contact | Root::Account | Root::Entry | Root::Feature))
        else {
            let message = format!("`{text}` cannot be an input");
            self.reader.error(
                item.at,
                codes::BAD_VALUE,
                message,
                "name a field or feature: `contact.x`, `account.x`, `entry.x` or `feature.x`",
            );
            return None;
        };
        if self.around.workspace.is_none() {
            return Some((root, name.to_owned(), NameType { kind: Type::Number, optional: true }));
        }
        let place = Place { entry: true, features: true, ..Place::default() };
        let names = self.known.at(&place);
        let Some(found) = names.lookup(root, name) else {
            let known: Vec<String> = names.list(root).iter().map(|known| format!("{}.{known}", root.word())).collect();
            self.reader.unknown(item.at, codes::UNKNOWN_FIELD, "declared", text, known.iter().map(String::as_str));
            return None;
        };
        if root == Root::Feature {
            self.features_read.insert(name.to_owned());
        }
        Some((root, name.to_owned(), found))
    }

    /// Reports an input that a plugin must not see; nothing more is then said of it.
    fn hidden(&mut self, item: &Node, root: Root, name: &str) -> bool {
        let Some(workspace) = self.around.workspace else { return false };
        let starts = &self.known.start;
        let found = match root {
            Root::Contact => workspace.schema.contact.get(name),
            Root::Account => workspace.schema.account.get(name),
            Root::Entry => {
                let matching = workspace
                    .schema
                    .events
                    .iter()
                    .filter(|(event, _)| staunch_core::workflow::matches_any(starts, event));
                let fields: Vec<_> = matching.filter_map(|(_, fields)| fields.get(name)).collect();
                fields.iter().copied().find(|field| field.personal || field.protected).or(fields.first().copied())
            }
            _ => None,
        };
        let Some(field) = found else { return false };
        let text = format!("{}.{name}", root.word());
        if field.personal {
            let help = "a plugin never sees who somebody is: remove it";
            self.reader.error(item.at, codes::PERSONAL_INPUT, format!("`{text}` is personal"), help);
        } else if field.protected {
            let help = "remove it, or decide in staunch.yaml that it is not protected";
            self.reader.error(item.at, codes::PROTECTED_INPUT, format!("`{text}` is protected"), help);
        }
        field.personal || field.protected
    }

    fn fallback(&mut self, node: &Node, kind: &ScoreKind, draft: &mut Draft) -> Option<IfUnavailable> {
        if !matches!(node.kind, Kind::Map(_)) {
            let words = ["hold", "review", "skip"];
            return Some(match self.reader.one_of(node, &words.map(|word| (word, word)))? {
                "skip" => IfUnavailable::Skip,
                "review" => {
                    draft.review = Some(node.at);
                    IfUnavailable::Review(String::new())
                }
                _ => IfUnavailable::Hold,
            });
        }
        if *kind != ScoreKind::Scalar {
            let help = "use `hold`, `review` or `skip`";
            let message = "a substitute is a number, and this plugin answers with classes or a ranking";
            self.reader.error(node.at, codes::WRONG_TYPE, message, help);
        }
        let fields = self.reader.fields(node, &SUBSTITUTE)?;
        let place = Place { entry: true, features: true, ..Place::default() };
        let expr = self.reader.need(&fields, "expr").and_then(|node| self.expr(node, &place, Type::Number));
        let accepted = match fields.get("accept_risk") {
            Some(node) => self.reader.text(node).is_some(),
            None => fields.excused("accept_risk"),
        };
        if !accepted && fields.get("accept_risk").is_none() {
            draft.risky = Some(node.at);
        }
        expr.map(|(expr, _)| IfUnavailable::Expr(expr))
    }

    /// Once the whole file is read: a substitute that something reads can reach an effect, if there is any; the role
    /// that looks where a score is missing is known.
    pub(super) fn finish_scores(&mut self, drafts: Vec<Draft>, reviewer: Option<&str>) -> Vec<ScoreDef> {
        let mut made = Vec::new();
        for mut draft in drafts {
            self.finish_score(&draft);
            if let Some(at) = draft.review {
                match (reviewer, &mut draft.def) {
                    (Some(role), Some(def)) => def.if_unavailable = IfUnavailable::Review(role.to_owned()),
                    (Some(_), None) => {}
                    (None, _) => {
                        let help = "add a gate under `review.actions`, or `review.launch`: its role looks";
                        self.reader.error(at, codes::MISSING_KEY, "nobody is named who would look", help);
                    }
                }
            }
            made.extend(draft.def);
        }
        made
    }

    fn finish_score(&mut self, draft: &Draft) {
        let read = self.scores_read.contains(&draft.name);
        if let Some(at) = draft.risky.filter(|_| read && !self.actions.is_empty()) {
            let message = format!("a substitute of `score.{}` can reach an effect", draft.name);
            let help = "use `hold`, or say why it is fine: `accept_risk: \"reason\"`";
            self.reader.error(at, codes::RISKY_SUBSTITUTE, message, help);
        }
        if let Some(at) = draft.entry_input.filter(|_| self.start_scores.contains(&draft.name)) {
            let help = "there is no entry before a run starts: use a field of the contact or a feature";
            self.reader.error(at, codes::EXPR_NO_PLACE, format!("the start reads `score.{}`", draft.name), help);
        }
        // What is broken may have been what would have read it.
        if !read && self.reader.clean() && self.around.workspace.is_some() {
            let message = format!("`score.{}` is declared and never read, so its plugin is never asked", draft.name);
            self.reader.warning(draft.at, codes::UNUSED, message, "read it in a `when`, or remove it");
        }
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
