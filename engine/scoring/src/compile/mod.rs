//! Where components become machine code: in this process, or in a child that can be ended.
//!
//! The compiler cannot be interrupted, and what a component costs it can only be guessed. A child is given so much time
//! and memory, and is ended when it wants more.

mod child;
mod frame;
mod serve;

pub use child::{ChildCompiler, CompileLimits};
pub use serve::serve;

use crate::config::Space;
use crate::fault::Fault;
use crate::precompiled::Image;
use crate::sandbox::Proof;
use staunch_core::codes;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Who compiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// This process, without limits of time and memory: for tests, and where all components are one's own.
    InProcess,
    /// A child process per component.
    Child(ChildCompiler),
}

/// What is needed to compile.
pub(crate) struct Job<'a> {
    pub engine: &'a Engine,
    pub space: Space,
    pub trust: Option<Proof>,
    /// Whether the image is wanted.
    pub keep: bool,
}

/// A component as code.
pub(crate) struct Done {
    pub component: Component,
    /// Whether it is proven to be of our own compiler.
    pub ours: bool,
    pub image: Option<Image>,
}

impl Compiler {
    pub(crate) fn run(&self, job: &Job<'_>, bytes: &[u8]) -> Result<Done, Fault> {
        let invalid = |error: wasmtime::Error| Fault::new(codes::PLUGIN_INVALID, format!("{error:#}"));
        match self {
            Compiler::InProcess => {
                let component = Component::from_binary(job.engine, bytes).map_err(invalid)?;
                let ours = job.trust.is_some_and(|trust| trust(bytes));
                let kept = job.keep.then(|| component.serialize().map_err(invalid)).transpose()?;
                Ok(Done { component, ours, image: kept.map(Image::authenticated) })
            }
            Compiler::Child(child) => {
                let (image, ours) = child.compile(job.space, bytes)?;
                let component = image.load(job.engine).map_err(invalid)?;
                Ok(Done { component, ours: ours && job.trust.is_some(), image: Some(image) })
            }
        }
    }
}
