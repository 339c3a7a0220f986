//! What a compiling child answers: one frame, then the end of the stream.

use staunch_core::score::ScoreFailure;

const MAGIC: &[u8; 8] = b"stnchpc1";
/// Bytes before the payload.
pub const HEAD: usize = 18;

/// The answer of a child.
pub enum Answer {
    /// Machine code, and whether the component is proven to be our compiler's.
    Code(Vec<u8>, bool),
    /// Why there is none.
    Failed(ScoreFailure),
}

impl Answer {
    /// The frame's bytes.
    pub fn write(&self) -> Vec<u8> {
        let failed;
        let (kind, flag, payload) = match self {
            Answer::Code(code, ours) => (0, u8::from(*ours), code.as_slice()),
            Answer::Failed(failure) => {
                failed = format!("{}\n{}", failure.code, failure.message);
                (1, 0, failed.as_bytes())
            }
        };
        let mut bytes = Vec::with_capacity(HEAD + payload.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend([kind, flag]);
        bytes.extend((payload.len() as u64).to_le_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }

    /// Reads one whole frame; `None` where it is anything else.
    pub fn read(mut bytes: Vec<u8>) -> Option<Answer> {
        let length = u64::from_le_bytes(bytes.get(10..HEAD)?.try_into().ok()?);
        if !bytes.starts_with(MAGIC) || length != (bytes.len() - HEAD) as u64 {
            return None;
        }
        let payload = bytes.split_off(HEAD);
        match (bytes[8], bytes[9]) {
            (0, ours @ (0 | 1)) => Some(Answer::Code(payload, ours == 1)),
            (1, 0) => {
                let text = String::from_utf8(payload).ok()?;
                let (code, message) = text.split_once('\n')?;
                Some(Answer::Failed(ScoreFailure::new(code, message)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_read_as_it_was_written() {
        let code = Answer::read(Answer::Code(vec![1, 2, 3], true).write());
        assert!(matches!(code, Some(Answer::Code(code, true)) if code == [1, 2, 3]));
        let failure = ScoreFailure::new("ST3010", "a\nb");
        let failed = Answer::read(Answer::Failed(failure.clone()).write());
        assert!(matches!(failed, Some(Answer::Failed(got)) if got == failure));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_none(bytes: Vec<u8>, cut in 0usize..40) {
            prop_assert!(Answer::read(bytes.clone()).is_none());
            let whole = Answer::Code(bytes.clone(), false).write();
            prop_assert!(Answer::read(whole[..cut.min(whole.len() - 1)].to_vec()).is_none());
            let mut longer = whole;
            longer.push(0);
            prop_assert!(Answer::read(longer).is_none());
        }
    }
}
