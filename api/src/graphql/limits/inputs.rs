//! The values that a document comes with, held against the schema before anything runs.
//!
//! async-graphql finds out about a variable that is left out, and about a value that stands where
//! an input object should, only when it comes to the field: of two mutations, the first would have
//! happened by then. Everything else that it checks, it checks beforehand.

use async_graphql::{
    Value, Variables,
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition},
    registry::{MetaType, MetaTypeName, Registry},
};

use super::Denied;
use crate::graphql::error::Code;

/// Gives each variable of the operation that will be carried out its value: the one that it comes
/// with, else its default, else `null`, which no input of this schema takes for anything but
/// nothing said.
///
/// After `CoerceVariableValues` of the GraphQL specification (October 2021, 6.1.2).
///
/// # Errors
///
/// [`Denied`] where a variable is left out, or `null`, that must have a value.
pub(super) fn complete(
    document: &ExecutableDocument,
    operation: Option<&str>,
    variables: &mut Variables,
) -> Result<(), Denied> {
    // Where none can be told, the check of the document will say so.
    let Some(operation) = chosen(document, operation) else { return Ok(()) };
    for definition in &operation.variable_definitions {
        let (name, type_) = (&definition.node.name.node, &definition.node.var_type.node);
        let default = definition.node.default_value();
        let value = variables.get(name).or(default).unwrap_or(&Value::Null);
        if *value == Value::Null && !type_.nullable {
            let message = format!("the variable ${name} must have a value: its type is {type_}");
            return Err(Denied(Code::BadUserInput, message));
        }
        let value = value.clone();
        variables.insert(name.clone(), value);
    }
    Ok(())
}

fn chosen<'d>(
    document: &'d ExecutableDocument,
    operation: Option<&str>,
) -> Option<&'d OperationDefinition> {
    match (&document.operations, operation) {
        (DocumentOperations::Single(single), _) => Some(&single.node),
        (DocumentOperations::Multiple(several), Some(name)) => Some(&several.get(name)?.node),
        (DocumentOperations::Multiple(several), None) => {
            let mut several = several.values();
            several.next().filter(|_| several.next().is_none()).map(|only| &only.node)
        }
    }
}

/// Holds the value of an argument against its type, where async-graphql does not: whether an input
/// object is one, and an `Int` within 32 bits. `path` says where the value stands.
///
/// # Errors
///
/// [`Denied`] for the first that is not.
pub(super) fn fits(types: &Registry, of: &str, value: &Value, path: &str) -> Result<(), Denied> {
    if *value == Value::Null {
        return Ok(());
    }
    let is_not =
        |what: &str| Err(Denied(Code::BadUserInput, format!("the value of {path} is no {what}")));
    match (MetaTypeName::create(of), value) {
        (MetaTypeName::List(inner), Value::List(values)) => {
            let mut values = values.iter().enumerate();
            values.try_for_each(|(at, it)| fits(types, inner, it, &format!("{path}.{at}")))
        }
        // A single value stands for a list of one.
        (MetaTypeName::NonNull(inner) | MetaTypeName::List(inner), _) => {
            fits(types, inner, value, path)
        }
        (MetaTypeName::Named("Int"), Value::Number(number)) => {
            let within = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            if within { Ok(()) } else { is_not("Int, a whole number within 32 bits") }
        }
        (MetaTypeName::Named(name), _) => match (types.types.get(name), value) {
            (Some(MetaType::InputObject { input_fields, .. }), Value::Object(given)) => {
                let mut known = given.iter().filter_map(|(name, value)| {
                    input_fields.get(name.as_str()).map(|field| (field, value))
                });
                known.try_for_each(|(field, value)| {
                    fits(types, &field.ty, value, &format!("{path}.{}", field.name))
                })
            }
            (Some(MetaType::InputObject { .. }), _) => is_not(&format!("object ({name})")),
            _ => Ok(()),
        },
    }
}
