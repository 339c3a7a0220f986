//! Machine code that somebody vouches for, and the one unsafe call of the workspace: to load it.
//!
//! wasmtime checks that such code fits its version and settings, but not what it does: whoever may choose the bytes may do
//! anything in this process. So an [`Image`] is only made of bytes whose origin is known.

use wasmtime::Engine;
use wasmtime::component::Component;

/// Machine code of a component that this host compiled itself.
pub struct Image(Vec<u8>);

impl Image {
    /// What a child process that this process started wrote into the pipe that only this process reads. Never call it with
    /// anything else.
    pub(crate) fn of_own_child(bytes: Vec<u8>) -> Image {
        Image(bytes)
    }

    /// What was kept under a keyed digest that was found to be right. Never call it with anything else.
    pub(crate) fn authenticated(bytes: Vec<u8>) -> Image {
        Image(bytes)
    }

    /// The bytes, to keep them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Loads the code. An error where it was made by another version or for other settings.
    pub fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        #[expect(
            unsafe_code,
            reason = "loading compiled code is unsafe by its nature; the module says why it is sound"
        )]
        // SAFETY: the bytes were made by `Engine::precompile_component` or `Component::serialize` in a process of ours and
        // are unchanged since: both constructors take only what has come straight from there or carries a digest under a
        // key that nobody else can read.
        unsafe {
            Component::deserialize(engine, &self.0)
        }
    }
}
