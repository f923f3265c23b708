//! The variables of an operation, and a document without those that were left out.
//!
//! After `CoerceVariableValues` and `CoerceArgumentValues` of the GraphQL specification (October
//! 2021, 6.1.2 and 6.4.1): what stands for a variable that was left out is as if it were left out
//! itself, so that its own default holds. async-graphql would refuse it, and only when it comes to
//! the field.

use std::collections::BTreeSet;

use async_graphql::{
    Name, Positioned, Value as Known, Variables,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection,
        SelectionSet,
    },
};
use async_graphql_value::Value;

use super::Denied;
use crate::graphql::error::Code;

/// The variables that the operation that will be carried out was given.
#[derive(Debug)]
pub(super) struct Given {
    /// What they say, defaults included.
    pub variables: Variables,
    /// Those that nobody said anything of.
    left_out: BTreeSet<Name>,
}

impl Given {
    /// Gives each variable that comes without a value its default.
    ///
    /// # Errors
    ///
    /// [`Denied`] where one is left out, or `null`, that must have a value.
    pub fn of(
        document: &ExecutableDocument,
        operation: Option<&str>,
        mut variables: Variables,
    ) -> Result<Self, Denied> {
        let mut left_out = BTreeSet::new();
        // Where none can be told, the check of the document will say so.
        let declared = chosen(document, operation).map(|it| it.variable_definitions.as_slice());
        for definition in declared.unwrap_or_default() {
            let (name, type_) = (&definition.node.name.node, &definition.node.var_type.node);
            let default = definition.node.default_value.as_ref().map(|it| &it.node);
            let value = variables.get(name).or(default).cloned();
            if value.as_ref().is_none_or(|value| *value == Known::Null) && !type_.nullable {
                let message =
                    format!("the variable ${name} must have a value: its type is {type_}");
                return Err(Denied(Code::BadUserInput, message));
            }
            match value {
                Some(value) => _ = variables.insert(name.clone(), value),
                None => _ = left_out.insert(name.clone()),
            }
        }
        Ok(Self { variables, left_out })
    }

    /// What a value says with its variables; none where it was left out, an error where it names
    /// a variable that nobody declared.
    pub fn value(&self, value: &Value) -> Option<Result<Known, ()>> {
        let said = without(value.clone(), &self.left_out)?;
        Some(said.into_const_with(|name| self.variables.get(&name).cloned().ok_or(())))
    }

    /// The document without what was left out, where that is anything.
    pub fn without_left_out(&self, document: &ExecutableDocument) -> Option<ExecutableDocument> {
        let left_out = &self.left_out;
        if left_out.is_empty() {
            return None;
        }
        let mut document = document.clone();
        let operations: Vec<_> = match &mut document.operations {
            DocumentOperations::Single(single) => vec![single],
            DocumentOperations::Multiple(several) => several.values_mut().collect(),
        };
        for operation in operations {
            let operation = &mut operation.node;
            operation.variable_definitions.retain(|it| !left_out.contains(&it.node.name.node));
            leave_out_of_directives(&mut operation.directives, left_out);
            leave_out(&mut operation.selection_set.node, left_out);
        }
        for fragment in document.fragments.values_mut() {
            leave_out_of_directives(&mut fragment.node.directives, left_out);
            leave_out(&mut fragment.node.selection_set.node, left_out);
        }
        Some(document)
    }
}

/// The operation of a document that will be carried out.
pub(in crate::graphql) fn chosen<'d>(
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

/// A value without what was left out; none where it is only that. In a list, it is `null`.
fn without(value: Value, left_out: &BTreeSet<Name>) -> Option<Value> {
    match value {
        Value::Variable(name) if left_out.contains(&name) => None,
        Value::Object(fields) => {
            let fields = fields.into_iter();
            let said = fields.filter_map(|(name, value)| Some((name, without(value, left_out)?)));
            Some(Value::Object(said.collect()))
        }
        Value::List(values) => {
            let said = |value| without(value, left_out).unwrap_or(Value::Null);
            Some(Value::List(values.into_iter().map(said).collect()))
        }
        said => Some(said),
    }
}

type Arguments = Vec<(Positioned<Name>, Positioned<Value>)>;

fn leave_out_of_arguments(arguments: &mut Arguments, left_out: &BTreeSet<Name>) {
    arguments.retain_mut(|(_, value)| {
        let said = without(std::mem::take(&mut value.node), left_out);
        said.map(|said| value.node = said).is_some()
    });
}

fn leave_out_of_directives(directives: &mut [Positioned<Directive>], left_out: &BTreeSet<Name>) {
    for directive in directives {
        leave_out_of_arguments(&mut directive.node.arguments, left_out);
    }
}

fn leave_out(set: &mut SelectionSet, left_out: &BTreeSet<Name>) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                leave_out_of_arguments(&mut field.node.arguments, left_out);
                leave_out_of_directives(&mut field.node.directives, left_out);
                leave_out(&mut field.node.selection_set.node, left_out);
            }
            Selection::FragmentSpread(spread) => {
                leave_out_of_directives(&mut spread.node.directives, left_out);
            }
            Selection::InlineFragment(inline) => {
                leave_out_of_directives(&mut inline.node.directives, left_out);
                leave_out(&mut inline.node.selection_set.node, left_out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    #[test]
    fn what_stands_for_a_variable_that_was_left_out_is_left_out_itself() {
        let document = "query($n: Int, $said: Int, $preset: Int = 3) { a(n: $n, said: $said) \
            b(in: {n: $n, said: $said}) c(list: [$n, $preset]) @d(n: $n) ...f } \
            fragment f on Query { g(n: $n) }";
        let document = parse_query(document).unwrap();
        let variables = Variables::from_value(value!({ "said": null }));
        let given = Given::of(&document, None, variables).unwrap();
        let rest = given.without_left_out(&document).unwrap();
        let DocumentOperations::Single(operation) = &rest.operations else { panic!() };
        let declared = operation.node.variable_definitions.iter();
        let declared: Vec<_> = declared.map(|it| it.node.name.node.as_str()).collect();
        assert_eq!(declared, ["said", "preset"]);
        let mut said = Vec::new();
        let fragment = &rest.fragments.values().next().unwrap().node.selection_set.node;
        for selection in operation.node.selection_set.node.items.iter().chain(&fragment.items) {
            if let Selection::Field(field) = &selection.node {
                let directives = field.node.directives.iter().flat_map(|it| &it.node.arguments);
                for (name, value) in field.node.arguments.iter().chain(directives) {
                    said.push(format!("{}: {}", name.node, value.node));
                }
            }
        }
        assert_eq!(said, ["said: $said", "in: {said: $said}", "list: [null, $preset]"]);
        assert_eq!(given.variables.get("preset"), Some(&value!(3)));
        assert_eq!(given.variables.get("said"), Some(&Known::Null));
    }

    #[test]
    fn what_must_have_a_value_is_not_to_be_left_out() {
        let document = parse_query("query($n: Int!) { a(n: $n) }").unwrap();
        for variables in [value!({}), value!({ "n": null })] {
            assert!(Given::of(&document, None, Variables::from_value(variables)).is_err());
        }
        let given = Given::of(&document, None, Variables::from_value(value!({ "n": 1 }))).unwrap();
        assert!(given.without_left_out(&document).is_none());
    }
}
