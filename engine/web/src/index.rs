//! `GET /`: what is here, for a person who opened the address in a browser.

use axum::response::Html;

/// A page without scripts, styles or data.
pub(crate) async fn page() -> Html<&'static str> {
    Html(include_str!("index.html"))
}
