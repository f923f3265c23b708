//! The values that a document comes with, held against the schema before anything runs.
//!
//! async-graphql looks at some of it only when it comes to the field: of two mutations, the first
//! would have happened by then. What it checks beforehand is not checked here again.

use async_graphql::{
    Positioned, Value as Known,
    parser::types::VariableDefinition,
    registry::{MetaInputValue, MetaType, MetaTypeName, Registry},
};
use async_graphql_value::Value;

use super::Denied;
use crate::graphql::error::Code;

fn bad<T>(message: String) -> Result<T, Denied> {
    Err(Denied(Code::BadUserInput, message))
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    ty: &'p str,
    has_default: bool,
}

impl<'p> Place<'p> {
    /// That of an argument, or of a field of an input object.
    pub fn of(input: &'p MetaInputValue) -> Self {
        Self { ty: &input.ty, has_default: input.default_value.is_some() }
    }
}

/// Holds a value as it is written against the place where it stands: whether its variables may
/// stand there (GraphQL, October 2021, 5.8.5), and the names of enums are no texts. `path` says
/// where that is.
///
/// # Errors
///
/// [`Denied`] for the first that may not.
pub(super) fn may_stand(
    types: &Registry,
    declared: &[Positioned<VariableDefinition>],
    Place { ty, has_default }: Place<'_>,
    value: &Value,
    path: &str,
) -> Result<(), Denied> {
    let inside = |ty, value: &Value, path: &str| {
        may_stand(types, declared, Place { ty, has_default: false }, value, path)
    };
    match (MetaTypeName::create(ty), value) {
        (_, Value::Variable(name)) => {
            let declared = declared.iter().find(|it| it.node.name.node == *name);
            // The check of the document will say that nobody declared it.
            let Some(definition) = declared.map(|it| &it.node) else { return Ok(()) };
            let default = definition.default_value().is_some_and(|it| *it != Known::Null);
            let given = definition.var_type.node.to_string();
            let place = if default || has_default { nullable(ty) } else { ty };
            if is_used_as(&given, place) {
                return Ok(());
            }
            bad(format!("the variable ${name} of type {given} can't stand for {path}: {ty}"))
        }
        (MetaTypeName::List(inner), Value::List(values)) => {
            let mut values = values.iter().enumerate();
            values.try_for_each(|(at, it)| inside(inner, it, &format!("{path}.{at}")))
        }
        // A single value stands for a list of one.
        (MetaTypeName::NonNull(inner) | MetaTypeName::List(inner), _) => inside(inner, value, path),
        (MetaTypeName::Named(name), _) => match (types.types.get(name), value) {
            (Some(MetaType::InputObject { input_fields, .. }), Value::Object(given)) => {
                let mut known = given.iter().filter_map(|(name, value)| {
                    input_fields.get(name.as_str()).map(|field| (field, value))
                });
                known.try_for_each(|(field, value)| {
                    let path = format!("{path}.{}", field.name);
                    may_stand(types, declared, Place::of(field), value, &path)
                })
            }
            (Some(MetaType::Enum { .. }), Value::String(text)) => {
                bad(format!("{path} is a name of {name}, written without quotes: {text:?}"))
            }
            _ => Ok(()),
        },
    }
}

fn nullable(ty: &str) -> &str {
    ty.strip_suffix('!').unwrap_or(ty)
}

/// Whether what is of the one type is always of the other (`AreTypesCompatible`).
fn is_used_as(given: &str, place: &str) -> bool {
    match (MetaTypeName::create(given), MetaTypeName::create(place)) {
        (MetaTypeName::NonNull(given), MetaTypeName::NonNull(place))
        | (MetaTypeName::List(given), MetaTypeName::List(place)) => is_used_as(given, place),
        (MetaTypeName::NonNull(given), _) => is_used_as(given, place),
        (MetaTypeName::Named(given), MetaTypeName::Named(place)) => given == place,
        _ => false,
    }
}

/// Holds the value of an argument against its type, where async-graphql does not: whether an input
/// object is one, and an `Int` within 32 bits. `path` says where the value stands.
///
/// # Errors
///
/// [`Denied`] for the first that is not.
pub(super) fn fits(types: &Registry, of: &str, value: &Known, path: &str) -> Result<(), Denied> {
    if *value == Known::Null {
        return Ok(());
    }
    let is_not = |what: &str| bad(format!("the value of {path} is no {what}"));
    match (MetaTypeName::create(of), value) {
        (MetaTypeName::List(inner), Known::List(values)) => {
            let mut values = values.iter().enumerate();
            values.try_for_each(|(at, it)| fits(types, inner, it, &format!("{path}.{at}")))
        }
        // A single value stands for a list of one.
        (MetaTypeName::NonNull(inner) | MetaTypeName::List(inner), _) => {
            fits(types, inner, value, path)
        }
        (MetaTypeName::Named("Int"), Known::Number(number)) => {
            let within = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            if within { Ok(()) } else { is_not("Int, a whole number within 32 bits") }
        }
        (MetaTypeName::Named(name), _) => match (types.types.get(name), value) {
            (Some(MetaType::InputObject { input_fields, .. }), Known::Object(given)) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_used_where_its_type_always_fits() {
        for (given, place) in [
            ("Int", "Int"),
            ("Int!", "Int"),
            ("[Int!]!", "[Int]"),
            ("[Int!]!", "[Int!]!"),
            ("ID!", "ID!"),
        ] {
            assert!(is_used_as(given, place), "{given} at {place}");
        }
        for (given, place) in [
            ("Int", "Int!"),
            ("Int", "String"),
            ("[Int]", "Int"),
            ("Int", "[Int]"),
            ("[Int]!", "[Int!]"),
        ] {
            assert!(!is_used_as(given, place), "{given} at {place}");
        }
    }
}
