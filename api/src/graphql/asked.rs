//! What a mutation asked for, as one text: by it a retry is told from another use of its key.

use async_graphql::Value;

/// What was asked, without the key: the same text for the same input, however it was written in
/// the document, as a literal or a variable, with what has a default spelled out or left out. What
/// is null is as if left out, so that an input may grow and still be known again.
pub(super) fn asked(mutation: &str, input: &Value) -> String {
    let mut asked = mutation.to_owned();
    asked.push('\n');
    write_sorted(input, &mut asked);
    asked
}

fn write_sorted(value: &Value, into: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .filter(|it| it.0 != "idempotencyKey" && *it.1 != Value::Null)
                .collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            into.push('{');
            for (name, value) in fields {
                into.push_str(name);
                into.push(':');
                write_sorted(value, into);
                into.push(',');
            }
            into.push('}');
        }
        Value::List(values) => {
            into.push('[');
            for value in values {
                write_sorted(value, into);
                into.push(',');
            }
            into.push(']');
        }
        Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_) => into.push_str(&value.to_string()),
    }
}
