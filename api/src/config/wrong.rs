//! What is wrong with a setting, always in the same form: which, from where, what, and what was
//! found there, unless that is a secret.

use figment::{
    Figment, Metadata,
    error::Kind,
    value::{Num, Value},
};

use super::{ConfigError, environment::SECRETS};

/// That a value is not one that the program can work with.
pub(super) fn wrong(name: &str, from: &str, what: &str, found: Option<&str>) -> ConfigError {
    let from = if from.is_empty() { String::new() } else { format!(" (from {from})") };
    let found = found.filter(|_| !SECRETS.contains(&name));
    let found = found.map_or_else(String::new, |found| format!(", found `{found}`"));
    // A file that is no TOML has no settings.
    let name = if name.is_empty() { "settings".to_owned() } else { format!("setting `{name}`") };
    ConfigError(format!("{name}{from}: {what}{found}"))
}

/// That there is no setting of this name.
pub(super) fn unknown(name: &str, from: &str) -> ConfigError {
    ConfigError(format!("setting `{name}` (from {from}) does not exist"))
}

/// The same as [`wrong`], of a value that was read.
pub(super) fn of_value(figment: &Figment, name: &str, what: &str) -> ConfigError {
    let from = figment.find_metadata(name).map(source).unwrap_or_default();
    let found = figment.find_value(name).ok().and_then(|value| shown(&value));
    wrong(name, &from, what, found.as_deref())
}

/// What figment found to be wrong.
pub(super) fn explained(figment: &Figment, error: &figment::Error) -> ConfigError {
    let each = error.clone().into_iter().map(|error| {
        let name = error.path.join(".");
        let from = error.metadata.as_ref().map(source).unwrap_or_default();
        let of_value = |what: &str| {
            let found = figment.find_value(&name).ok().and_then(|value| shown(&value));
            wrong(&name, &from, what, found.as_deref()).0
        };
        match &error.kind {
            Kind::UnknownField(..) => unknown(&name, &from).0,
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                of_value(&format!("expected {expected}"))
            }
            Kind::UnknownVariant(_, known) => of_value(&format!("expected {}", known.join(" or "))),
            Kind::Message(what) => of_value(&of_toml(what).unwrap_or_else(|| what.clone())),
            other => wrong(&name, &from, &other.to_string(), None).0,
        }
    });
    ConfigError(each.collect::<Vec<_>>().join("; "))
}

/// Where a file is no TOML and what would have done, without the lines that the parser shows: there
/// may be secrets in them.
fn of_toml(said: &str) -> Option<String> {
    let place = said.lines().next()?.strip_prefix("TOML parse error at ")?;
    let marks = |line: &str| line.trim_start_matches([' ', '|']).trim_end().to_owned();
    let is_mark = |line: &&str| !marks(line).is_empty() && marks(line).chars().all(|it| it == '^');
    let why = said.lines().skip_while(|line| !is_mark(line)).skip(1).map(str::trim);
    let why: Vec<&str> = why.filter(|line| !line.is_empty()).collect();
    Some(format!("this is no TOML at {place}: {}", why.join(", ")))
}

fn source(metadata: &Metadata) -> String {
    let path = metadata.source.as_ref().and_then(|source| source.file_path());
    match path {
        Some(path) => path.display().to_string(),
        // The defaults are read from a text.
        None if metadata.name.contains("source string") => "the defaults".to_owned(),
        None => metadata.name.to_string(),
    }
}

/// A value as it would be written; none of what is no single value or list.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, character) => Some(character.to_string()),
        Value::Bool(_, yes) => Some(yes.to_string()),
        Value::Num(_, number) => Some(number_shown(*number)),
        Value::Array(_, values) => {
            Some(values.iter().filter_map(shown).collect::<Vec<_>>().join(","))
        }
        Value::Empty(..) | Value::Dict(..) => None,
    }
}

fn number_shown(number: Num) -> String {
    let signed = number.to_i128().map(|number| number.to_string());
    let whole = number.to_u128().map(|number| number.to_string()).or(signed);
    whole.or_else(|| number.to_f64().map(|number| number.to_string())).unwrap_or_default()
}
