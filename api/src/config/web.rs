//! Which texts are addresses on the web.

use axum::http::{Uri, uri::Scheme};

fn parsed(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let on_the_web = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme());
    (on_the_web && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
}

/// An `http` or `https` address with a host.
pub(super) fn is_address(text: &str) -> bool {
    parsed(text).is_some()
}

/// The same with neither path nor query: what browsers call an origin.
pub(super) fn is_origin(text: &str) -> bool {
    parsed(text).is_some_and(|uri| uri.path_and_query().is_none_or(|it| it.as_str() == "/"))
        && !text.ends_with('/')
}

/// One that nobody can listen to on the way: `https`, or on this machine.
pub(super) fn is_safe(text: &str) -> bool {
    let local = ["127.0.0.1", "localhost", "[::1]"];
    parsed(text).is_some_and(|uri| {
        uri.scheme() == Some(&Scheme::HTTPS) || uri.host().is_some_and(|it| local.contains(&it))
    })
}
