//! Whose plugins a workspace takes.

use crate::read::{Keys, Reader};
use crate::yaml::Node;
use staunch_core::codes;

/// The keys of those whose plugins are taken. The host of plugins does the checking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginTrust {
    /// `ed25519:` and 64 small hex digits each.
    pub trusted_keys: Vec<String>,
    /// Whether a plugin without a signature is refused.
    pub require_signatures: bool,
}

pub(crate) const PLUGINS: Keys = Keys { known: &["trusted_keys", "require_signatures"], later: &[] };

pub(super) fn plugins(reader: &mut Reader<'_>, node: &Node) -> Option<PluginTrust> {
    let fields = reader.fields(node, &PLUGINS)?;
    let mut made = PluginTrust::default();
    let keys = reader.need(&fields, "trusted_keys")?;
    for item in reader.items(keys) {
        let Some(text) = reader.text(item) else { continue };
        let hex = text.strip_prefix("ed25519:").unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            made.trusted_keys.push(text.to_owned());
        } else {
            let help = "write `ed25519:` and 64 hex digits, as `staunch plugin keygen` prints it";
            reader.error(item.at, codes::BAD_VALUE, "this is no public key", help);
        }
    }
    made.require_signatures = fields.get("require_signatures").and_then(|node| reader.truth(node)).unwrap_or(false);
    if made.require_signatures && reader.items(keys).is_empty() {
        let help = "add the keys of those who sign your plugins";
        reader.error(
            keys.at,
            codes::BAD_VALUE,
            "signatures are required and no key is trusted: no plugin could run",
            help,
        );
    }
    Some(made)
}
