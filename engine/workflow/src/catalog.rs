//! What the loader has to know of plugins and message templates. The scoring host and the channels tell it.

use staunch_core::action::Channel;
use staunch_core::score::{Band, ScoreKind};
use staunch_core::value::Type;
use std::collections::BTreeMap;

/// One message template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateInfo {
    /// The channel that it makes messages for.
    pub channel: Channel,
    /// Its own files and the blocks that they include: path below the folder of templates, and text. They belong to
    /// the version of each workflow that names it.
    pub files: BTreeMap<String, String>,
}

impl TemplateInfo {
    /// A template of a channel whose texts are not known here.
    pub fn of(channel: Channel) -> TemplateInfo {
        TemplateInfo { channel, files: BTreeMap::new() }
    }
}

/// The plugins that `staunch.lock` pins.
pub trait PluginCatalog {
    /// What is known of a plugin, or `None` where it is not pinned.
    fn plugin(&self, name: &str) -> Option<PluginInfo>;
    /// All pinned names, for "did you mean".
    fn names(&self) -> Vec<String>;
}

/// One pinned plugin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginInfo {
    /// What it reads, or `None` where its manifest cannot be had: then there are problems.
    pub inputs: Option<Vec<PluginInput>>,
    /// The shape of its answers.
    pub kind: ScoreKind,
    /// Bands of its score, from low to high.
    pub bands: Vec<Band>,
    /// Why it cannot be used: a wrong digest, an unreadable file.
    pub problems: Vec<PluginProblem>,
}

/// One input of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginInput {
    /// Matched by the last part of a workflow's name.
    pub name: String,
    /// `Type::Number` (which also takes money and truth values) or `Type::Text`.
    pub kind: Type,
}

/// Why a plugin cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginProblem {
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

/// A workspace without plugins.
pub struct NoPlugins;

impl PluginCatalog for NoPlugins {
    fn plugin(&self, _: &str) -> Option<PluginInfo> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
