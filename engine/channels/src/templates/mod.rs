//! Templates of messages: read and compiled once, rendered without any access to files, and strict — a value that is
//! missing stops the message instead of leaving a hole in it.

mod blocks;
mod depth;
mod engine;
mod folder;
mod scan;
mod source;
mod uses;

pub use source::{TemplateKind, TemplatePlace, TemplateProblem};

use crate::text::line_problem;
use blocks::Blocks;
use minijinja::Environment;
use sha2::{Digest, Sha256};
use source::{Part, Source};
use staunch_core::codes::{self, Code};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Why a text could not be rendered. The same values fail again; nothing may be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct RenderError {
    /// Stable.
    pub code: Code,
    /// Template, line and cause; names of values, never their content.
    pub message: String,
}

/// An e-mail, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedEmail {
    /// One line without control characters.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, where the template has one.
    pub html: Option<String>,
}

/// A nudge, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedNudge {
    /// One line without control characters.
    pub title: String,
    /// The text.
    pub text: String,
}

/// All templates of a workspace, compiled.
pub struct Templates {
    environment: Environment<'static>,
    by_name: BTreeMap<String, Source>,
    blocks: Blocks,
    /// As they were read.
    files: BTreeMap<String, String>,
}

impl Default for Templates {
    fn default() -> Templates {
        let (by_name, blocks, files) = (BTreeMap::new(), Blocks::new(), BTreeMap::new());
        Templates { environment: engine::environment(), by_name, blocks, files }
    }
}

impl Templates {
    /// Reads `<name>.txt` and `<name>.html` below a folder (`trial-rescue/tips.txt` is `trial-rescue/tips`); a missing
    /// folder holds none. What is below `blocks/` is no template: others include it. Templates with problems are left
    /// out, all problems are told.
    pub fn load(folder: &Path) -> (Templates, Vec<TemplateProblem>) {
        let (files, mut problems) = folder::read(folder);
        let (templates, more) = Templates::parse(&files);
        problems.extend(more);
        (templates, problems)
    }

    /// The same from memory: paths relative to the folder, with `/`, and their content.
    pub fn parse(files: &BTreeMap<String, String>) -> (Templates, Vec<TemplateProblem>) {
        let (sources, mut problems) = source::split(files);
        let mut templates = Templates { blocks: blocks::of(files), files: files.clone(), ..Templates::default() };
        for (path, text) in templates.blocks.clone() {
            let part = Part::block(&path, &text);
            problems.extend(blocks::nested(&part));
            problems.extend(templates.compile(&part));
        }
        for (name, source) in sources {
            let mut found = Vec::new();
            for part in source.parts(&name) {
                found.extend(blocks::problems(&part, &templates.blocks));
                found.extend(templates.compile(&part));
            }
            match found.is_empty() {
                true => drop(templates.by_name.insert(name, source)),
                false => problems.extend(found),
            }
        }
        (templates, problems)
    }

    fn compile(&mut self, part: &Part<'_>) -> Vec<TemplateProblem> {
        if let Some(excess) = depth::excess(part.text) {
            return vec![part.at(excess.at, excess.message, excess.help.to_owned())];
        }
        let mut problems = engine::forbidden(part);
        if let Err(error) = self.environment.add_template_owned(part.key.clone(), part.text.to_owned()) {
            problems.push(part.problem(&error));
        }
        problems
    }

    /// The parts of a template, and behind them the blocks that they include, each once.
    fn parts<'a>(&'a self, name: &str, source: &'a Source) -> Vec<Part<'a>> {
        let mut parts = source.parts(name);
        let shared: Vec<Part<'a>> = parts.iter().flat_map(|part| blocks::included(part, &self.blocks)).collect();
        for block in shared {
            if parts.iter().all(|known| known.key != block.key) {
                parts.push(block);
            }
        }
        parts
    }

    /// Renders an e-mail. `values` holds the roots (`contact`, `event`, `feature`, …); nulls count as missing.
    pub fn render_email(&self, name: &str, values: &serde_json::Value) -> Result<RenderedEmail, RenderError> {
        let source = self.find(name, TemplateKind::Email)?;
        let values = engine::values(values);
        Ok(RenderedEmail {
            subject: one_line(name, "subject", &self.part(name, "subject", &values)?)?,
            text: self.part(name, "txt", &values)?,
            html: source.html.as_ref().map(|_| self.part(name, "html", &values)).transpose()?,
        })
    }

    /// Renders a nudge.
    pub fn render_nudge(&self, name: &str, values: &serde_json::Value) -> Result<RenderedNudge, RenderError> {
        self.find(name, TemplateKind::Nudge)?;
        let values = engine::values(values);
        Ok(RenderedNudge {
            title: one_line(name, "title", &self.part(name, "subject", &values)?)?,
            text: self.part(name, "txt", &values)?,
        })
    }

    /// Renders quoted text of a workflow file, such as `Call {{ contact.name }}`: fields and filters, no logic. The
    /// result is one line.
    pub fn render_text(&self, source: &str, values: &serde_json::Value) -> Result<String, RenderError> {
        if let Err(why) = Templates::check_text(source) {
            return Err(RenderError { code: codes::TEMPLATE_INVALID, message: why });
        }
        let rendered = self.environment.render_named_str(engine::INLINE, source, engine::values(values));
        one_line("text", "result", &rendered.map_err(|error| engine::failed("the text", 0, &error))?)
    }

    /// What is wrong with quoted text, found without values.
    pub fn check_text(source: &str) -> Result<(), String> {
        if source.contains("{%") {
            return Err("`{% %}` does not belong into quoted text; put logic into a template file".to_owned());
        }
        if let Some(excess) = depth::excess(source) {
            return Err(format!("{}; {}", excess.message, excess.help));
        }
        let environment = engine::environment();
        environment.template_from_named_str(engine::INLINE, source).map(drop).map_err(|error| engine::describe(&error))
    }

    /// What a template is, if it exists.
    pub fn kind(&self, name: &str) -> Option<TemplateKind> {
        self.by_name.get(name).map(|source| source.kind)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// SHA-256 over all parts of a template and the blocks that it includes, 64 hex digits: what an approval binds to.
    pub fn digest(&self, name: &str) -> Option<String> {
        let source = self.by_name.get(name)?;
        let mut hasher = Sha256::new();
        for part in self.parts(name, source) {
            for bytes in [part.key.as_bytes(), part.text.as_bytes()] {
                hasher.update((bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
        Some(hex::encode(hasher.finalize()))
    }

    /// The files that a template is made of, its blocks included: paths below the folder with their content, just what
    /// [`Templates::parse`] takes. From them alone the same message comes out.
    pub fn sources(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let source = self.by_name.get(name)?;
        let files = self.parts(name, source).into_iter().map(|part| part.file);
        Some(
            files
                .filter_map(|file| self.files.get_key_value(&file))
                .map(|(path, text)| (path.clone(), text.clone()))
                .collect(),
        )
    }

    /// The values that a template and its blocks read, such as `contact.name`, so that a checker can hold them against
    /// the schema.
    pub fn variables(&self, name: &str) -> Option<BTreeSet<String>> {
        let source = self.by_name.get(name)?;
        let parts = self.parts(name, source);
        let compiled = parts.iter().filter_map(|part| self.environment.get_template(&part.key).ok());
        Some(compiled.flat_map(|template| template.undeclared_variables(true)).collect())
    }

    /// Where a template and its blocks read a value that [`Templates::variables`] names; empty where its name is not
    /// written out, as in `contact["name"]`.
    pub fn places(&self, name: &str, variable: &str) -> Vec<TemplatePlace> {
        let Some(source) = self.by_name.get(name) else { return Vec::new() };
        let parts = self.parts(name, source);
        let found = parts.iter().flat_map(|part| {
            scan::places(part.text, variable).into_iter().map(|byte| part.place(byte)).collect::<Vec<_>>()
        });
        found.collect()
    }

    /// Where a template and its blocks read a value such as `contact.name` and say nothing about what stands there when it
    /// is missing.
    pub fn bare(&self, name: &str) -> Vec<(TemplatePlace, String)> {
        let look = |part: &Part<'_>| {
            let found = uses::uses(&self.environment, part.text).bare;
            found.into_iter().map(|(at, name)| (part.place(at), name)).collect::<Vec<_>>()
        };
        let Some(source) = self.by_name.get(name) else { return Vec::new() };
        self.parts(name, source).iter().flat_map(look).collect()
    }

    /// Filters and tests that there are not, and methods: what compiles, and holds every run that renders it. Of all
    /// templates and blocks.
    pub fn faults(&self) -> Vec<TemplateProblem> {
        let parts = self.by_name.iter().flat_map(|(name, source)| source.parts(name));
        let blocks = self.blocks.iter().map(|(path, text)| Part::block(path, text));
        let look = |part: Part<'_>| {
            let found = uses::uses(&self.environment, part.text).faults;
            found.into_iter().map(|(at, message, help)| part.at(at, message, help)).collect::<Vec<_>>()
        };
        parts.chain(blocks).flat_map(look).collect()
    }

    fn find(&self, name: &str, kind: TemplateKind) -> Result<&Source, RenderError> {
        let wrong = |message: String| RenderError { code: codes::TEMPLATE_UNKNOWN, message };
        match self.by_name.get(name) {
            None => Err(wrong(format!("there is no template `{name}`; write `templates/{name}.txt`"))),
            Some(source) if source.kind != kind => Err(wrong(format!(
                "template `{name}` is no {}: its first line must begin with `{}`",
                kind.word(),
                kind.header()
            ))),
            Some(source) => Ok(source),
        }
    }

    fn part(&self, name: &str, part: &str, values: &minijinja::Value) -> Result<String, RenderError> {
        let key = source::key(name, part);
        let failed = |error| engine::failed(&format!("template `{name}`"), source::offset(part), &error);
        self.environment.get_template(&key).map_err(failed)?.render(values).map_err(failed)
    }
}

/// A value may have brought a line break into a line that becomes a header.
fn one_line(name: &str, what: &str, text: &str) -> Result<String, RenderError> {
    let text = text.trim();
    match line_problem(text) {
        None => Ok(text.to_owned()),
        Some(problem) => Err(RenderError {
            code: codes::CHANNEL_HEADER,
            message: format!("the {what} of `{name}` is not usable: {problem}"),
        }),
    }
}
