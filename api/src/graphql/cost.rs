//! What documents and answers cost: the one set of rules for the limit on documents, for what an
//! answer says it cost, and for what the schema's own text says (see [`written`]).
//!
//! A value costs nothing, an object 1, a mutation 10 more, and a list what one of its rows costs
//! for each row. `docs/api.md` publishes it.

pub mod written;

use async_graphql::{
    Name, Response, Value,
    registry::{MetaField, MetaTypeName, Registry},
};

/// What a mutation costs besides the object that it gives.
pub const MUTATION: u64 = 10;
/// The most rows of a page, and how many are assumed where its size can't be told yet.
pub const PAGE_ROWS_MAX: u64 = 100;
/// How many rows are assumed of a list without pages whose rows lead on to others.
pub const UNPAGED_ROWS: u64 = 20;

/// How many rows a field gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One object or value, or a short list that leads nowhere.
    One,
    /// As many as the arguments `first` or `last` say.
    Page,
    /// One for each of the argument `ids`.
    Ids,
    /// A whole list of objects that lead on to others: so many are assumed.
    Assumed(u64),
}

impl Rows {
    /// How many rows a field of a type gives.
    #[must_use]
    pub fn of(registry: &Registry, parent: &str, field: &MetaField) -> Self {
        if field.args.contains_key("first") {
            Self::Page
        } else if field.args.contains_key("ids") {
            Self::Ids
        } else if leads_on(registry, parent, &field.ty) {
            Self::Assumed(UNPAGED_ROWS)
        } else {
            Self::One
        }
    }
}

/// Whether a field is a whole list of objects that lead on to others: members of a team, the
/// teams of an agent. Rows of a page are counted where the page is asked for.
fn leads_on(registry: &Registry, parent: &str, of: &str) -> bool {
    let node = registry.implements.get(MetaTypeName::concrete_typename(of));
    let node = node.is_some_and(|interfaces| interfaces.contains("Node"));
    node && MetaTypeName::create(of).is_list() && !parent.ends_with("Connection")
}

/// What is known of an operation's cost before it runs.
#[derive(Debug, Default)]
pub struct Estimate {
    /// What it may cost at most.
    pub requested: u64,
    /// How many mutations it holds.
    pub mutations: u64,
    /// Names in the answer under which stand values that are written like objects.
    pub values: Vec<Name>,
}

impl Estimate {
    /// What its answer cost: the objects that are there, and the mutations if they ran. Never
    /// more than was requested, also where a list that counts as one is longer.
    #[must_use]
    pub fn actual(&self, response: &Response) -> u64 {
        let ran = response.data != Value::Null
            || response.errors.iter().any(|error| !error.path.is_empty());
        let mutations = if ran { self.mutations * MUTATION } else { 0 };
        // The answer as a whole is no object of the desk.
        let objects = self.objects(&response.data).saturating_sub(1);
        objects.saturating_add(mutations).min(self.requested)
    }

    fn objects(&self, data: &Value) -> u64 {
        match data {
            Value::Object(fields) => {
                let below = fields.iter().filter(|(name, _)| !self.values.contains(name));
                1 + below.map(|(_, value)| self.objects(value)).sum::<u64>()
            }
            Value::List(values) => values.iter().map(|value| self.objects(value)).sum(),
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{PathSegment, ServerError, value};

    use super::*;

    fn estimate(requested: u64, mutations: u64) -> Estimate {
        Estimate { requested, mutations, values: vec![Name::new("payload")] }
    }

    #[test]
    fn an_answer_costs_its_objects_and_no_values() {
        let answer = Response::new(value!({
            "queue": { "nodes": [{ "id": "a" }, { "id": "b", "team": { "name": "x" } }, null] },
            "payload": { "a": { "b": {} } },
            "position": 7,
        }));
        assert_eq!(estimate(100, 0).actual(&answer), 4);
        assert_eq!(estimate(3, 0).actual(&answer), 3, "never more than was let in");
    }

    #[test]
    fn a_mutation_costs_what_it_costs_once_it_ran_and_nothing_before() {
        let mut failed = ServerError::new("it fails", None);
        failed.path = vec![PathSegment::Field("teamCreate".to_owned())];
        let (refused, failed) =
            (ServerError::new("no such field", None), Response::from_errors(vec![failed]));
        assert_eq!(estimate(11, 1).actual(&failed), 10);
        assert_eq!(estimate(11, 1).actual(&Response::from_errors(vec![refused])), 0);
    }
}
