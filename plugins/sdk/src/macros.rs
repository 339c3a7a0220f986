//! The macro that makes a plugin of a function.

/// Makes a plugin of a function that scores rows. It stands once in a crate of the type `cdylib`.
///
/// The first line names the function: `score: f` with `fn f(row: &Row) -> A`, or `batch: f` with
/// `fn f(rows: &[Row]) -> Result<Vec<A>, String>` where rows are worked on together and a whole batch can be refused.
/// `A` is an [`Answer`](crate::Answer), `Row` has `#[derive(Inputs)]`.
///
/// Every further line `key: value` calls the method of [`Manifest`](crate::Manifest) with that name; `name`, `version`,
/// `owner` and `purpose` are expected of every plugin. The macro also makes `manifest()` and `scored()` for tests.
#[macro_export]
macro_rules! plugin {
    (score: $score:expr, $($key:ident : $value:expr),* $(,)?) => {
        $crate::plugin!(@items run_each, each, $score, $($key : $value),*);
    };
    (batch: $score:expr, $($key:ident : $value:expr),* $(,)?) => {
        $crate::plugin!(@items run_batch, batch, $score, $($key : $value),*);
    };
    (@items $run:ident, $of:ident, $score:expr, $($key:ident : $value:expr),*) => {
        const _: () = $crate::needs(&[$(stringify!($key)),*]);

        /// What this plugin says of itself.
        pub fn manifest() -> $crate::Manifest {
            $crate::Manifest::$of($score)$(.$key($value))*
        }

        /// Scores columns, as the host asks for it: one result per row, or an error for the whole batch.
        pub fn scored(rows: usize, columns: Vec<$crate::Column>) -> $crate::Scored {
            $crate::$run($score, rows, columns)
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[unsafe(link_section = "component-type:staunch-plugin")]
            #[used]
            static WORLD: [u8; $crate::WORLD.len()] = $crate::abi::world();

            #[unsafe(export_name = "staunch:scoring/plugin@1.0.0#describe")]
            extern "C" fn describe() -> *mut u8 {
                $crate::abi::describe(&manifest())
            }

            #[unsafe(export_name = "cabi_post_staunch:scoring/plugin@1.0.0#describe")]
            extern "C" fn described(answer: *mut u8) {
                // SAFETY: the host gives back what it got, once.
                unsafe { $crate::abi::free(answer) };
            }

            #[unsafe(export_name = "staunch:scoring/plugin@1.0.0#score-batch")]
            extern "C" fn score_batch(rows: u32, columns: *mut u8, count: usize) -> *mut u8 {
                // SAFETY: the host allocated the columns for this call.
                unsafe { $crate::abi::score_batch(rows, columns, count, scored) }
            }

            #[unsafe(export_name = "cabi_post_staunch:scoring/plugin@1.0.0#score-batch")]
            extern "C" fn batch_scored(answer: *mut u8) {
                // SAFETY: the host gives back what it got, once.
                unsafe { $crate::abi::free(answer) };
            }

            #[unsafe(export_name = "cabi_realloc")]
            extern "C" fn realloc(old: *mut u8, old_size: usize, align: usize, size: usize) -> *mut u8 {
                // SAFETY: the host keeps the contract of the canonical ABI.
                unsafe { $crate::abi::realloc(old, old_size, align, size) }
            }
        };
    };
}

/// Refuses a plugin without a line that every plugin has, when it is compiled.
#[doc(hidden)]
pub const fn needs(keys: &[&str]) {
    assert!(has(keys, "name"), "`plugin!` needs a line `name: …`, as in staunch.lock");
    assert!(has(keys, "version"), "`plugin!` needs a line `version: …`, such as env!(\"CARGO_PKG_VERSION\")");
    assert!(has(keys, "owner"), "`plugin!` needs a line `owner: …`, a team or a person");
    assert!(has(keys, "purpose"), "`plugin!` needs a line `purpose: …`, what it is meant for");
}

const fn has(keys: &[&str], wanted: &str) -> bool {
    let (mut at, wanted) = (0, wanted.as_bytes());
    while at < keys.len() {
        let key = keys[at].as_bytes();
        let mut same = 0;
        while key.len() == wanted.len() && same < key.len() && key[same] == wanted[same] {
            same += 1;
        }
        if key.len() == wanted.len() && same == key.len() {
            return true;
        }
        at += 1;
    }
    false
}
