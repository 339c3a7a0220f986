//! What an HTTP answer, or its absence, means for an action.

use super::address::Refused;
use crate::connector::{SendError, Sent};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use staunch_core::Time;
use staunch_core::codes;
use std::time::Duration;

/// The other side cannot ask us to wait longer.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
/// What we read of an answer before we hang up; its content is of no use to us, but reading it keeps the line usable.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The meaning of an answer.
pub(super) async fn of_response(mut response: Response, now: Time, peer_dedupes: bool) -> Result<Sent, SendError> {
    let status = response.status();
    let after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| wait(text, now));
    drain(&mut response).await;
    let said = format!("the webhook answered {status}");
    match status {
        _ if status.is_success() => Ok(Sent { reference: Some(format!("HTTP {}", status.as_u16())) }),
        // A gateway that lost its backend does not know whether the backend had done the work.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT if !peer_dedupes => {
            Err(SendError::doubt(codes::WEBHOOK_DOUBT, format!("{said}; look for it on the other side")))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(SendError::Retry { after, code: codes::WEBHOOK_DEFERRED, message: said })
        }
        _ if status.is_server_error() => Err(SendError::Retry { after, code: codes::WEBHOOK_DEFERRED, message: said }),
        _ if status.is_redirection() => Err(SendError::fail(
            codes::WEBHOOK_REFUSED,
            format!("{said}; redirects are not followed, correct the address"),
        )),
        _ => Err(SendError::fail(codes::WEBHOOK_REFUSED, said)),
    }
}

async fn drain(response: &mut Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > LONGEST_ANSWER {
            return;
        }
    }
}

/// The meaning of no answer.
pub(super) fn of_failure(error: &reqwest::Error, peer_dedupes: bool) -> SendError {
    if let Some(refused) = refusal(error) {
        return SendError::fail(codes::WEBHOOK_ADDRESS, refused.to_string());
    }
    if error.is_builder() {
        return SendError::fail(codes::CHANNEL_PAYLOAD, "the request cannot be built");
    }
    if error.is_connect() {
        return SendError::retry(
            codes::WEBHOOK_UNREACHABLE,
            format!("the webhook cannot be reached: {}", cause(error)),
        );
    }
    let what = if error.is_timeout() { "gave no answer in time" } else { "broke off before it answered" };
    match peer_dedupes {
        true => SendError::retry(codes::WEBHOOK_UNREACHABLE, format!("the webhook {what}; repeating does no harm")),
        false => SendError::doubt(codes::WEBHOOK_DOUBT, format!("the webhook {what}; look for it on the other side")),
    }
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn refusal(error: &reqwest::Error) -> Option<&Refused> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The innermost cause: the outer ones repeat the address, which may hold a key.
fn cause(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// `Retry-After`: seconds, or a date.
fn wait(text: &str, now: Time) -> Option<Duration> {
    let asked = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
            let micros = until.as_microsecond().saturating_sub(now.0);
            Duration::from_micros(u64::try_from(micros).unwrap_or(0))
        }
    };
    Some(asked.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_in_both_forms() {
        let now = Time::parse("2015-10-21T07:27:00Z").unwrap();
        assert_eq!(wait("120", now), Some(Duration::from_secs(120)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("999999999", now), Some(LONGEST_WAIT));
        assert_eq!(wait("soon", now), None);
        assert_eq!(wait("-5", now), None);
    }
}
