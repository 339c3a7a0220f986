//! What can go wrong with the server itself. What a request meets is a `Problem`.

/// What can go wrong with the server itself.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The listener broke.
    #[error("{code}: the HTTP server ended: {0}", code = staunch_core::codes::HTTP_SERVER)]
    Server(#[source] std::io::Error),
}
