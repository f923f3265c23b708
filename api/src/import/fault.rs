//! What is wrong with a line that is no dialogue: which field and where, never what it holds.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Error, Map, Value, error::Category};

/// The most that is said of one line.
const NAMED_MAX: usize = 3;
/// The longest name of an unknown field that is repeated; a longer one may be anything.
const NAME_CHARACTERS_MAX: usize = 32;

/// A field of a dialogue or a turn.
struct Field {
    name: &'static str,
    needed: bool,
    form: &'static str,
    fits: fn(&Value) -> bool,
}

const DIALOGUE: &[Field] = &[
    Field { name: "id", needed: true, form: "a text", fits: Value::is_string },
    Field { name: "language", needed: false, form: "a text", fits: is_text_or_null },
    Field { name: "topic", needed: false, form: "a text", fits: is_text_or_null },
    Field { name: "tags", needed: false, form: "a list of texts", fits: is_texts },
    Field {
        name: "at",
        needed: false,
        form: "an instant such as 2026-03-01T09:00:00Z",
        fits: is_instant_or_null,
    },
    Field { name: "turns", needed: true, form: "a list of turns", fits: Value::is_array },
];

const TURN: &[Field] = &[
    Field { name: "speaker", needed: true, form: "`customer` or `agent`", fits: is_speaker },
    Field { name: "text", needed: true, form: "a text", fits: Value::is_string },
];

/// Why a line did not read, given the error of reading it.
pub(super) fn of(line: &[u8], error: &Error) -> String {
    if let Err(error) = str::from_utf8(line) {
        let column = error.valid_up_to() + 1;
        return format!("it is no dialogue: the line is no UTF-8, at column {column}");
    }
    let mut wrong = match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => of_dialogue(&fields),
        Ok(_) => vec!["the line is no JSON object".to_owned()],
        Err(error) => vec![of_json(&error)],
    };
    if wrong.is_empty() {
        wrong.push(of_twice(error));
    }
    wrong.truncate(NAMED_MAX);
    format!("it is no dialogue: {}", wrong.join("; "))
}

fn of_json(error: &Error) -> String {
    let column = error.column();
    match error.classify() {
        Category::Eof => format!("the JSON ends too early, at column {column}"),
        Category::Io | Category::Syntax | Category::Data => {
            format!("no JSON any more from column {column} on")
        }
    }
}

/// Two fields of the same name are the one thing that reads as JSON and not as a dialogue though
/// each field fits: the error names the field.
fn of_twice(error: &Error) -> String {
    let said = error.to_string();
    let twice = |field: &&Field| said.contains(&format!("duplicate field `{}`", field.name));
    let column = error.column();
    match DIALOGUE.iter().chain(TURN).find(twice) {
        Some(field) => format!("a second `{}` at column {column}", field.name),
        None => format!("it does not read at column {column}"),
    }
}

fn of_dialogue(fields: &Map<String, Value>) -> Vec<String> {
    let mut wrong = of_fields(fields, DIALOGUE, "");
    let turns = fields.get("turns").and_then(Value::as_array);
    for (number, turn) in (1..).zip(turns.into_iter().flatten()) {
        match turn {
            Value::Object(fields) => {
                wrong.extend(of_fields(fields, TURN, &format!(" of turn {number}")));
            }
            _ => wrong.push(format!("turn {number} is no JSON object")),
        }
    }
    wrong
}

fn of_fields(fields: &Map<String, Value>, known: &[Field], place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut missing = false;
    for Field { name, needed, form, fits } in known {
        match fields.get(*name) {
            None if *needed => {
                missing = true;
                wrong.push(format!("`{name}`{place} is missing"));
            }
            Some(value) if !fits(value) => wrong.push(format!("`{name}`{place} must be {form}")),
            None | Some(_) => {}
        }
    }
    // Unknown ones are no fault and stand in the report, but beside a missing one they may be that
    // one, misspelt.
    let unknown = fields.keys().find(|name| known.iter().all(|field| field.name != **name));
    if let Some(name) = unknown.filter(|name| missing && is_plain(name))
        && let Some(last) = wrong.last_mut()
    {
        write!(last, ", and `{name}` is unknown").ok();
    }
    wrong
}

/// Whether it looks like the name of a field, and not like something that somebody wrote.
pub(super) fn is_plain(name: &str) -> bool {
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '_';
    name.len() <= NAME_CHARACTERS_MAX && name.chars().all(fits)
}

fn is_text_or_null(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string))
}

fn is_instant_or_null(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok())
}

fn is_speaker(value: &Value) -> bool {
    matches!(value.as_str(), Some("customer" | "agent"))
}

#[cfg(test)]
mod tests {
    use super::super::dialogue::Dialogue;

    #[test]
    fn what_is_wrong_is_said_by_field_and_place() {
        let wrong = [
            (r#"{"id":"x"}"#, "`turns` is missing"),
            (r#"{"id":"x","turn":[]}"#, "`turns` is missing, and `turn` is unknown"),
            (r#"{"turns":[]}"#, "`id` is missing"),
            (r#"{"id":7,"turns":[]}"#, "`id` must be a text"),
            (r#"{"id":"x","tags":"a","turns":[]}"#, "`tags` must be a list of texts"),
            (r#"{"id":"x","at":"soon","turns":[]}"#, "`at` must be an instant such as"),
            (r#"{"id":"x","language":["en"],"turns":[]}"#, "`language` must be a text"),
            (r#"{"id":"x","turns":{}}"#, "`turns` must be a list of turns"),
            (
                r#"{"id":"x","turns":[{"speaker":"agent","text":"x"},{"speaker":"agent"}]}"#,
                "`text` of turn 2 is missing",
            ),
            (
                r#"{"id":"x","turns":[{"speaker":"clerk","text":"x"}]}"#,
                "`speaker` of turn 1 must be `customer` or `agent`",
            ),
            (r#"{"id":"x","turns":["hello"]}"#, "turn 1 is no JSON object"),
            (r#"["x"]"#, "the line is no JSON object"),
            (r#"{"id":"x","#, "the JSON ends too early, at column 10"),
            ("hello", "no JSON any more from column 1 on"),
            (r#"{"id":"x","id":"y","turns":[]}"#, "a second `id` at column 14"),
        ];
        for (line, said) in wrong {
            let why = Dialogue::read(line.as_bytes(), &mut |_| {}).expect_err(line);
            assert!(why.starts_with("it is no dialogue: ") && why.contains(said), "{line}: {why}");
        }
    }

    #[test]
    fn a_line_that_is_no_utf_8_is_told_so() {
        let latin_1 = b"{\"id\":\"caf\xe9\",\"turns\":[]}";
        let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let utf_16 = [&[0xff, 0xfe][..], &utf_16].concat();
        for (line, column) in [(&latin_1[..], 11), (&utf_16, 1)] {
            let why = Dialogue::read(line, &mut |_| {}).unwrap_err();
            let said = format!("it is no dialogue: the line is no UTF-8, at column {column}");
            assert_eq!(why, said);
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_quoting_what_somebody_wrote() {
        let wrong = [
            r#"{"id":"1","turns":[{"speaker":"secret","text":"x"}]}"#,
            r#"{"id":["secret"],"language":"secret","turns":"secret"}"#,
            r#"{"id":"1","at":"secret","turns":[]}"#,
            r#"{"id":"1","my secret: 0171 234":1}"#,
            r#"{"id":"1","turns":[],"secret"}"#,
            "secret",
        ];
        for line in wrong {
            let why = Dialogue::read(line.as_bytes(), &mut |_| {}).expect_err(line);
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn a_dialogue_needs_an_id_and_turns_and_may_hold_more() {
        let read = |line: &[u8]| Dialogue::read(line, &mut |_| {});
        assert!(read(br#"{"id":"1","turns":[]}"#).is_err());
        assert!(read(br#"{"id":"","turns":[{"speaker":"agent","text":"x"}]}"#).is_err());
        let more = br#"{"id":"1","turns":[{"speaker":"agent","text":"x","slots":{}}],"mood":3}"#;
        assert!(read(more).is_ok());
    }
}
