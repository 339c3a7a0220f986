//! From a component's bytes to a plugin that can be called: out of the cache where it holds what was made of the same
//! bytes before, else through inspection, compiler and `describe`.

use crate::bindings::Manifest;
use crate::cache::{Cache, Name};
use crate::fault::Fault;
use crate::flat::Codes;
use crate::inspect::inspect;
use crate::manifest;
use crate::precompiled::Image;
use crate::refusals::Subject;
use crate::sandbox::{Code, Sandbox};
use serde::{Deserialize, Serialize};
use staunch_core::codes;
use staunch_core::score::ScoreFailure;

/// A plugin that was asked what it is.
pub struct Prepared {
    pub code: Code,
    pub manifest: Manifest,
    /// Of a plugin that exports the interface `values`.
    pub codes: Option<Codes>,
}

/// What is kept beside the code: what a call of the plugin would answer.
#[derive(Serialize, Deserialize)]
struct Facts {
    manifest: Manifest,
    texts: Option<Vec<Vec<String>>>,
    resets: bool,
}

impl Sandbox {
    /// Takes a component with this digest.
    pub(crate) fn prepare(&self, subject: &Subject, bytes: &[u8]) -> Result<Prepared, ScoreFailure> {
        let name = Name::of(&subject.digest, self.engine(), self.setup().trust);
        if let Some(cache) = &self.setup().cache
            && let Some(prepared) = self.kept(cache, &name, subject)
        {
            return Ok(prepared);
        }
        let checked = inspect(bytes).and_then(|()| self.compile(subject, bytes));
        let (code, image) = checked.map_err(|fault| self.refused(subject, fault))?;
        let (manifest, _) = self.call(&code, 0, |guest, store| guest.describe(store))?;
        let texts = code.is_quick().then(|| self.call(&code, 0, |guest, store| guest.texts(store)));
        let texts = texts.transpose()?.map(|(texts, _)| texts);
        let facts = Facts { manifest, texts, resets: code.resets() };
        let entry = image.and_then(|image| entry(&facts, &image));
        let prepared = checked_facts(code, facts).map_err(|fault| fault.failure)?;
        if let (Some(cache), Some(entry)) = (&self.setup().cache, entry) {
            cache.put(&name, &entry);
        }
        Ok(prepared)
    }

    /// What the cache holds; an entry that cannot be used is as good as none.
    fn kept(&self, cache: &Cache, name: &Name, subject: &Subject) -> Option<Prepared> {
        let mut content = cache.get(name)?;
        let prepared = self.revived(&mut content, subject);
        if prepared.is_none() {
            cache.useless();
        }
        prepared
    }

    fn revived(&self, content: &mut Vec<u8>, subject: &Subject) -> Option<Prepared> {
        let (length, rest) = content.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let facts: Facts = serde_json::from_slice(rest.get(..length)?).ok()?;
        // The cache gives only what carries the right digest.
        let image = Image::authenticated(content.split_off(8 + length));
        let component = image.load(self.engine()).ok()?;
        let code = self.link(subject, &component, facts.resets).ok()?;
        checked_facts(code, facts).ok()
    }
}

fn checked_facts(code: Code, facts: Facts) -> Result<Prepared, Fault> {
    let wrong = |problem: String| Fault::new(codes::PLUGIN_MANIFEST, problem);
    let Facts { manifest, texts, .. } = facts;
    if let Some(problem) = manifest::problem(&manifest) {
        return Err(wrong(problem));
    }
    let codes = texts.map(|texts| Codes::new(&manifest, texts)).transpose().map_err(wrong)?;
    Ok(Prepared { code, manifest, codes })
}

/// Length of the facts, facts, code.
fn entry(facts: &Facts, image: &Image) -> Option<Vec<u8>> {
    let facts = serde_json::to_vec(facts).ok()?;
    Some([&(facts.len() as u64).to_le_bytes(), facts.as_slice(), image.bytes()].concat())
}
