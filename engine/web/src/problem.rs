//! Errors as a client sees them: a status and `{code, message, help}` in JSON.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use staunch_broker::BrokerError;
use staunch_core::codes;
use staunch_store::StoreError;

/// Seconds after which a client may try again what failed on our side.
const RETRY_AFTER: &str = "5";

/// What a request got instead of an answer.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Body,
}

#[derive(Debug, Serialize)]
struct Body {
    code: &'static str,
    message: String,
    help: &'static str,
}

/// Shorthand.
pub(crate) type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        help: &'static str,
    ) -> Problem {
        Problem { status, body: Body { code, message: message.into(), help } }
    }

    /// The client's mistake.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>, help: &'static str) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, message, help)
    }

    pub(crate) fn not_found(message: impl Into<String>, help: &'static str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, codes::HTTP_NOT_FOUND, message, help)
    }

    pub(crate) fn too_large(message: impl Into<String>, help: &'static str) -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, codes::EVENT_TOO_LARGE, message, help)
    }

    /// Our side does not work now; the log knows more than the client has to.
    pub(crate) fn unavailable(code: &'static str, message: &str) -> Problem {
        let help = "nothing was taken; try again, and see /readyz";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, message, help)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "a request failed");
        match error {
            StoreError::Database { .. } => Problem::unavailable(codes::STORE_DATABASE, "the database does not answer"),
            _ => Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                codes::STORE_CORRUPT,
                "a stored row cannot be read",
                "the log names its table and key",
            ),
        }
    }
}

impl From<BrokerError> for Problem {
    fn from(error: BrokerError) -> Problem {
        if let BrokerError::Queue(error) = error {
            return error.into();
        }
        tracing::error!(%error, "a request failed");
        let code = match error {
            BrokerError::Unconfirmed { .. } => codes::BROKER_UNCONFIRMED,
            BrokerError::Unroutable { .. } => codes::BROKER_UNROUTABLE,
            BrokerError::Closed => codes::BROKER_CLOSED,
            _ => codes::BROKER_UNREACHABLE,
        };
        Problem::unavailable(code, "the broker did not take the events")
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Problem {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Problem::too_large("the body is larger than 1 MB", "send the events in several requests");
        }
        Problem::bad(codes::EVENT_SHAPE, "the body could not be read to its end", "send it again")
    }
}

/// For all that has no route.
pub(crate) async fn no_such_page() -> Problem {
    Problem::not_found("nothing is at this address", "`GET /` lists what is here")
}

/// For routes that exist with another method.
pub(crate) async fn wrong_method() -> Problem {
    let help = "`GET /` lists the addresses with their methods";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, codes::HTTP_METHOD, "this address does not take this method", help)
}
