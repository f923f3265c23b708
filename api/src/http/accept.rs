//! Which of the media types we can write the caller wants.

use axum::http::{HeaderMap, header};

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: request errors are answered with 200, as old clients expect.
    Json,
    /// `application/graphql-response+json`: the status tells request errors apart.
    GraphqlResponse,
    /// `text/event-stream`.
    EventStream,
}

impl Media {
    /// As a header says it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::EventStream => "text/event-stream",
        }
    }
}

/// The media type to answer with; `None` where nothing that we write is accepted.
///
/// Anything goes means `application/json`, and so does a missing header.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Option<Media> {
    let ranges: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    if ranges.is_empty() {
        return Some(Media::Json);
    }
    let mut best: Option<(u16, Media)> = None;
    for range in ranges {
        let Some((media, quality)) = read(range) else { continue };
        if quality > 0 && best.is_none_or(|(highest, _)| quality > highest) {
            best = Some((quality, media));
        }
    }
    best.map(|(_, media)| media)
}

/// What a range means to us, with its quality in thousandths.
fn read(range: &str) -> Option<(Media, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let media = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Media::Json,
        "application/graphql-response+json" => Media::GraphqlResponse,
        "text/event-stream" => Media::EventStream,
        _ => return None,
    };
    let mut quality = 1_000;
    for part in parts {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("q") {
            quality = thousandths(value)?;
        } else if name.trim().eq_ignore_ascii_case("charset")
            && !value.eq_ignore_ascii_case("utf-8")
        {
            return None;
        }
    }
    Some((media, quality))
}

/// `0.8` as 800; at most three digits, as the standard says.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.chars().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    let value = whole.parse::<u16>().ok()?.checked_mul(1_000)?.checked_add(fraction)?;
    (value <= 1_000).then_some(value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(accept: &'static str) -> Option<Media> {
        negotiate(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
    }

    #[test]
    fn the_best_accepted_type_is_chosen_and_the_first_among_equals() {
        assert_eq!(negotiate(&HeaderMap::new()), Some(Media::Json));
        assert_eq!(of("*/*"), Some(Media::Json));
        assert_eq!(of("application/graphql-response+json"), Some(Media::GraphqlResponse));
        let both = "application/graphql-response+json, application/json;q=0.9";
        assert_eq!(of(both), Some(Media::GraphqlResponse));
        assert_eq!(of("application/json;q=0.2, text/event-stream"), Some(Media::EventStream));
        assert_eq!(of("application/json; charset=utf-8"), Some(Media::Json));
    }

    #[test]
    fn nothing_we_write_is_no_type() {
        assert_eq!(of("text/html"), None);
        assert_eq!(of("application/json;q=0"), None);
        assert_eq!(of("application/json; charset=latin1"), None);
        assert_eq!(of("application/json;q=2"), None);
    }
}
