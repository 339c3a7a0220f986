//! E-mail of an embedded workspace: one `.eml` file per action in a folder, which any mail program opens.

use crate::SetupError;
use crate::connector::{Connector, Outgoing, SendError, Sent};
use crate::mime::{self, EmailSettings};
use staunch_core::action::Channel;
use staunch_core::codes;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder of outgoing mails.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
    email: EmailSettings,
}

impl Outbox {
    /// Makes the folder where it is missing.
    pub fn open(folder: &Path, email: EmailSettings) -> Result<Outbox, SetupError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| SetupError::new(format!("the outbox {} cannot be made: {error}", folder.display())))?;
        Ok(Outbox { folder: folder.to_owned(), email })
    }

    /// Where the mail of an action is.
    pub fn path(&self, action_id: &str) -> PathBuf {
        self.folder.join(format!("{action_id}.eml"))
    }
}

#[async_trait::async_trait]
impl Connector for Outbox {
    fn name(&self) -> &str {
        "outbox"
    }

    fn channels(&self) -> &[Channel] {
        &[Channel::Email]
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Sent, SendError> {
        let bytes = mime::message(outgoing, &self.email)?.formatted();
        let (path, id) = (self.path(&outgoing.action_id), outgoing.action_id.clone());
        let reference = Some(format!("{id}.eml"));
        let failed = |why: String| {
            SendError::retry(codes::OUTBOX_WRITE, format!("the mail cannot be written to the outbox: {why}"))
        };
        match tokio::task::spawn_blocking(move || write_new(&path, &id, &bytes)).await {
            Ok(Ok(())) => Ok(Sent { reference }),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// The file's name is the action's id, so a second writing changes nothing.
    fn repeat_after_crash(&self) -> bool {
        true
    }
}

/// The whole file under its name, or nothing; a file that stands there already stays as it is. This outlives a crash of
/// the process; after a power cut the newest files of an embedded workspace may be missing.
fn write_new(path: &Path, id: &str, bytes: &[u8]) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    // The process id keeps two workers that send the same action at once from writing into one file.
    let temporary = path.with_file_name(format!(".{id}.{}.tmp", std::process::id()));
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    drop(file);
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use staunch_core::Time;
    use staunch_core::action::Payload;

    fn outgoing(id: &str, subject: &str) -> Outgoing {
        Outgoing {
            action_id: id.to_owned(),
            workflow: "winback".to_owned(),
            contact: "17850".to_owned(),
            to: Some("c17850@shop.invalid".to_owned()),
            payload: Payload::Email { subject: subject.to_owned(), text: "We miss you.".to_owned(), html: None },
            planned_at: Time(0),
            now: Time::parse("2011-09-01T12:00:00Z").unwrap(),
        }
    }

    #[tokio::test]
    async fn a_mail_is_one_file_and_the_first_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let email = EmailSettings::new("Shop <hello@shop.invalid>", None).unwrap();
        let outbox = Outbox::open(&folder.path().join("outbox"), email).unwrap();
        let sent = outbox.send(&outgoing("0a1b", "Come back")).await.unwrap();
        assert_eq!(sent.reference.as_deref(), Some("0a1b.eml"));
        outbox.send(&outgoing("0a1b", "Another subject")).await.unwrap();

        let mail = std::fs::read_to_string(outbox.path("0a1b")).unwrap();
        assert!(mail.contains("Subject: Come back\r\n"), "{mail}");
        assert!(mail.contains("Message-ID: <0a1b@shop.invalid>\r\n"), "{mail}");
        assert!(mail.contains("Date: Thu, 01 Sep 2011 12:00:00 +0000\r\n"), "{mail}");
        assert_eq!(std::fs::read_dir(folder.path().join("outbox")).unwrap().count(), 1, "no temporary file stays");
    }

    #[tokio::test]
    async fn an_id_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path(), EmailSettings::new("a@shop.invalid", None).unwrap()).unwrap();
        for id in ["../x", "a/b", "", ".", "a\0b"] {
            let error = outbox.send(&outgoing(id, "s")).await.unwrap_err();
            assert_eq!(error.code(), codes::CHANNEL_PAYLOAD, "{id:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_folder_that_went_away_asks_for_a_retry() {
        let folder = tempfile::tempdir().unwrap();
        let outbox =
            Outbox::open(&folder.path().join("o"), EmailSettings::new("a@shop.invalid", None).unwrap()).unwrap();
        std::fs::remove_dir(folder.path().join("o")).unwrap();
        let error = outbox.send(&outgoing("1", "s")).await.unwrap_err();
        assert!(matches!(error, SendError::Retry { code, .. } if code == codes::OUTBOX_WRITE), "{error}");
    }
}
