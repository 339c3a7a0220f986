//! The address of a mail server, and how far its line is trusted.

use crate::SetupError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use percent_encoding::percent_decode_str;
use reqwest::Url;

/// How the line to the server is protected.
pub(crate) enum Protection {
    /// Not at all: loopback only.
    Plain,
    /// STARTTLS before anything else, or no mail.
    StartTls(TlsParameters),
    /// TLS from the first byte.
    Tls(TlsParameters),
}

/// A mail server.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) protection: Protection,
    pub(crate) credentials: Option<Credentials>,
}

impl Server {
    /// Reads `smtp://` and `smtps://` addresses. No message repeats the address, for it may hold a password.
    pub(crate) fn parse(text: &str) -> Result<Server, SetupError> {
        let url =
            Url::parse(text).map_err(|error| SetupError::new(format!("the SMTP address cannot be read: {error}")))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| SetupError::new("the SMTP address names no host"))?.to_owned();
        // Not a special scheme to the URL standard, so an IPv6 host keeps its brackets.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = || {
            TlsParameters::new(host.clone())
                .map_err(|error| SetupError::new(format!("TLS to the mail server cannot be set up: {error}")))
        };
        let (protection, port) = match url.scheme() {
            "smtp" if crate::webhook::loopback_host(&host) => (Protection::Plain, 25),
            "smtp" => (Protection::StartTls(tls()?), 587),
            "smtps" => (Protection::Tls(tls()?), 465),
            other => {
                return Err(SetupError::new(format!(
                    "the SMTP address begins with `{other}://`; use smtp:// or smtps://"
                )));
            }
        };
        if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return Err(SetupError::new("the SMTP address holds more than user, password, host and port"));
        }
        let credentials = credentials(&url)?;
        Ok(Server { port: url.port().unwrap_or(port), host, protection, credentials })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SetupError> {
    let decode = |part: &str| {
        let text = percent_decode_str(part).decode_utf8().map(|text| text.into_owned());
        text.map_err(|_| SetupError::new("the user or password of the SMTP address is not UTF-8"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (_, None) => Err(SetupError::new("the SMTP address has a user without a password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        crate::choose_tls();
        match Server::parse(text) {
            Err(error) => error.message,
            Ok(server) => {
                let protection = match server.protection {
                    Protection::Plain => "plain",
                    Protection::StartTls(_) => "starttls",
                    Protection::Tls(_) => "tls",
                };
                format!("{} {} {protection} login={}", server.host, server.port, server.credentials.is_some())
            }
        }
    }

    #[test]
    fn only_loopback_may_be_plain() {
        assert_eq!(kind("smtp://127.0.0.1:2525"), "127.0.0.1 2525 plain login=false");
        assert_eq!(kind("smtp://localhost"), "localhost 25 plain login=false");
        assert_eq!(kind("smtp://[::1]:2525"), "::1 2525 plain login=false");
        assert_eq!(kind("smtp://u:p%40ss@mail.example.com"), "mail.example.com 587 starttls login=true");
        assert_eq!(kind("smtps://u:p@mail.example.com"), "mail.example.com 465 tls login=true");
    }

    #[test]
    fn a_wrong_address_is_told_without_its_password() {
        for bad in [
            "mail.example.com",
            "http://u:secret@x",
            "smtp://u@x",
            "smtp://",
            "smtp://u:secret@x/?tls=none",
            "smtp://u:%FF@x",
        ] {
            crate::choose_tls();
            let error = Server::parse(bad).err().map(|error| error.message).unwrap_or_default();
            assert!(!error.is_empty() && !error.contains("secret"), "{bad}: {error}");
        }
    }
}
