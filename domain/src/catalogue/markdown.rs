//! The catalogue as people read it: `docs/events.md`.

use super::catalogue;
use crate::decider::EventKind;

const HEAD: &str = "\
# Events

Everything that can stand in the log, by the type of its stream. The code says so \
(`domain/src/*/event.rs`), and a test keeps this page equal to it; \
`domain/golden` holds an example of each version.

A personal field holds text about somebody. It is sealed in the log and can be forgotten; \
all others are kept for good.
";

/// Renders the catalogue; `personal_fields` names the fields of an event that hold text
/// about somebody.
#[must_use]
pub fn to_markdown(personal_fields: impl Fn(&EventKind) -> Vec<String>) -> String {
    let mut page = HEAD.to_owned();
    let mut section = "";
    for (stream_type, kind) in catalogue() {
        if section != stream_type {
            section = stream_type;
            page.push_str(&heading(section));
        }
        page.push_str(&row(&kind, &personal_fields(&kind)));
    }
    page
}

fn heading(stream_type: &str) -> String {
    format!(
        "\n## {stream_type}\n\n| name | version | meaning | personal fields |\n|---|---|---|---|\n"
    )
}

fn row(kind: &EventKind, personal_fields: &[String]) -> String {
    let EventKind { name, version, meaning } = kind;
    let fields: Vec<_> = personal_fields.iter().map(|field| format!("`{field}`")).collect();
    format!("| `{name}` | {version} | {meaning} | {} |\n", fields.join(", "))
}
