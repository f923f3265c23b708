//! An error and all that it came from, in one line; and what is wrong with a JSON text.

use std::{error::Error, fmt::Write as _};

use serde_json::error::Category;

/// What went wrong, from the outside inwards.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut what = said_of(error);
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_said = said_of(cause);
        // Some errors say what their cause says.
        if !what.contains(&cause_said) {
            write!(what, ": {cause_said}").ok();
        }
        source = cause.source();
    }
    what
}

/// What an error says, without the words that the pool of connections puts before every cause.
fn said_of(error: &dyn Error) -> String {
    const OF_THE_POOL: &str = "Error occurred while creating a new object: ";
    let said = error.to_string();
    said.strip_prefix(OF_THE_POOL).map(str::to_owned).unwrap_or(said)
}

/// What is wrong with a text that is not the JSON it should be, in our words: the line and the
/// column, and nothing of what stands there.
#[must_use]
pub fn of_json(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Eof => format!("the JSON ends too early, at {place}"),
        Category::Io | Category::Syntax => format!("it is no JSON any more from {place} on"),
        Category::Data => match field_of(&error.to_string()) {
            Some(what) => format!("{what}, at {place}"),
            None => format!("what stands before {place} is of another kind than belongs there"),
        },
    }
}

/// Fields that are missing, too many or unknown are named by the error, between back quotes.
fn field_of(said: &str) -> Option<String> {
    let name = |kind: &str| said.strip_prefix(kind)?.split('`').next();
    let named = [
        ("missing field `", "is missing"),
        ("duplicate field `", "is there twice"),
        ("unknown field `", "is unknown"),
    ];
    named.iter().find_map(|(kind, what)| Some(format!("`{}` {what}", name(kind)?)))
}

#[cfg(test)]
mod tests {
    use allhours_eventstore::error::LogError;
    use deadpool_postgres::{PoolError, tokio_postgres::Config};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Known {
        #[serde(rename = "size")]
        _size: u8,
    }

    #[test]
    fn of_a_connection_that_cannot_be_made_only_the_cause_is_told() {
        let cause = "port=no".parse::<Config>().unwrap_err();
        let why = with_causes(&cause);
        let told = with_causes(&LogError::Pool(PoolError::Backend(cause)));
        assert_eq!(told, format!("no connection to the database: {why}"));
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place_and_quotes_nothing() {
        for (text, said) in [
            ("", "the JSON ends too early, at line 1, column 0"),
            ("{\n  \"size\": secret}", "it is no JSON any more from line 2, column 11 on"),
            ("{}", "`size` is missing, at line 1, column 2"),
            ("{\"size\": 1, \"size\": 1}", "`size` is there twice, at line 1, column 18"),
            ("{\"other\": 1}", "`other` is unknown, at line 1, column 8"),
            ("{\n\"size\": \"secret\"}", "what stands before line 2, column 16 is of another kind"),
        ] {
            let error = serde_json::from_str::<Known>(text).unwrap_err();
            let told = of_json(&error);
            assert!(told.starts_with(said), "{text}: {told}");
        }
    }
}
