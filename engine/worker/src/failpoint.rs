//! Places at which the tests end the process as a crash would, with the feature `failpoints`; without it nothing of this
//! is compiled. The tests' crate asks for the feature, so a binary that is built together with them has it.
//!
//! `STAUNCH_FAILPOINT=NAME` or `NAME:COUNT` aborts the process when it comes to a place for the COUNT-th time (the first).
//! `STAUNCH_FAILPOINT_EVENT=TEXT` aborts it whenever a message that holds this text is read.
//! `STAUNCH_FAILPOINT_LEASE=SECONDS` makes the lease of a send shorter, so that a test need not wait a minute for its end.

use staunch_core::Span;

/// Before the transaction that commits a batch.
pub(crate) const BEFORE_COMMIT: &str = "before-commit";
/// The batch is committed, and the broker does not know.
pub(crate) const AFTER_COMMIT: &str = "after-commit";
/// The broker was told.
pub(crate) const AFTER_ACK: &str = "after-ack";
/// Actions are in `sending`, and no channel was called.
pub(crate) const AFTER_CLAIM: &str = "after-claim";
/// The channel answered, and nobody wrote it down.
pub(crate) const BEFORE_RECORD: &str = "before-record";
/// What the channel said is committed.
pub(crate) const AFTER_RECORD: &str = "after-record";

#[cfg(feature = "failpoints")]
mod on {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        name: String,
        left: AtomicU64,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var("STAUNCH_FAILPOINT").ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        let left = AtomicU64::new(count.parse().unwrap_or(1));
        tracing::warn!(name, "a fail-point is armed");
        Some(Armed { name: name.to_owned(), left })
    });

    static EVENT: LazyLock<Option<Vec<u8>>> =
        LazyLock::new(|| Some(std::env::var("STAUNCH_FAILPOINT_EVENT").ok()?.into_bytes()));

    static LEASE: LazyLock<Option<i64>> = LazyLock::new(|| std::env::var("STAUNCH_FAILPOINT_LEASE").ok()?.parse().ok());

    pub fn hit(name: &str) {
        let Some(armed) = ARMED.as_ref().filter(|armed| armed.name == name) else { return };
        if armed.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    pub fn read(body: &[u8]) {
        let Some(text) = EVENT.as_ref().filter(|text| !text.is_empty()) else { return };
        if body.windows(text.len()).any(|part| part == text) {
            std::process::abort();
        }
    }

    pub fn lease() -> Option<i64> {
        *LEASE
    }
}

/// The process came to this place.
pub(crate) fn hit(name: &str) {
    #[cfg(feature = "failpoints")]
    on::hit(name);
    let _ = name;
}

/// A message is about to be read.
pub(crate) fn read(body: &[u8]) {
    #[cfg(feature = "failpoints")]
    on::read(body);
    let _ = body;
}

/// The lease of a send.
pub(crate) fn lease(normal: Span) -> Span {
    #[cfg(feature = "failpoints")]
    return on::lease().map_or(normal, Span::seconds);
    #[cfg(not(feature = "failpoints"))]
    normal
}
