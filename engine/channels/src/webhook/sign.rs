//! Signatures of webhooks as Standard Webhooks 1.0 writes them: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A shared key. It is never printed.
pub(crate) struct Secret(Hmac<Sha256>);

impl Secret {
    /// Reads `whsec_<base64>` or takes the text's own bytes.
    pub(crate) fn parse(text: &str) -> Result<Secret, &'static str> {
        let key = match text.strip_prefix("whsec_") {
            Some(encoded) => BASE64_STANDARD.decode(encoded).map_err(|_| "what follows `whsec_` is not base64")?,
            None => text.as_bytes().to_vec(),
        };
        if key.len() < 16 {
            return Err("the secret is shorter than 16 bytes");
        }
        Hmac::new_from_slice(&key).map(Secret).map_err(|_| "the secret is no key")
    }

    /// The value of `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn signs_as_the_specification_does() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn weak_or_garbled_secrets_are_refused() {
        for bad in ["", "short", "whsec_", "whsec_%%%", "whsec_c2hvcnQ="] {
            assert!(Secret::parse(bad).is_err(), "{bad}");
        }
        assert!(Secret::parse("sixteen bytes ok").is_ok());
    }
}
