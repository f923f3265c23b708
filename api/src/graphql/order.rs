//! The fields of an answer in the order in which they were asked for, as the specification has it
//! (October 2021, 7.2.2): async-graphql gives them in the order in which they got ready.

use async_graphql::{
    Name, Value,
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

use super::limits::given::chosen;

/// The keys of an object of the answer, and of those below it, each where it is asked for first.
#[derive(Debug, Default)]
pub struct Order(IndexMap<Name, Order>);

impl Order {
    /// The order of an operation's answer. The document keeps within its limits.
    pub fn of(document: &ExecutableDocument, operation: Option<&str>) -> Self {
        let mut order = Self::default();
        if let Some(operation) = chosen(document, operation) {
            order.add(document, &operation.selection_set.node);
        }
        order
    }

    fn add(&mut self, document: &ExecutableDocument, set: &SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let below = self.0.entry(field.node.response_key().node.clone()).or_default();
                    below.add(document, &field.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = fragment {
                        self.add(document, &fragment.node.selection_set.node);
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.add(document, &inline.node.selection_set.node);
                }
            }
        }
    }

    /// Puts an answer in this order. What a value holds by itself stays as it is.
    pub fn arrange(&self, data: &mut Value) {
        match data {
            Value::Object(fields) if !self.0.is_empty() => {
                let place = |name: &Name| self.0.get_index_of(name);
                if !fields.keys().is_sorted_by_key(place) {
                    fields.sort_by_cached_key(|name, _| place(name));
                }
                for (name, value) in fields {
                    if let Some(below) = self.0.get(name) {
                        below.arrange(value);
                    }
                }
            }
            Value::List(values) => values.iter_mut().for_each(|value| self.arrange(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;

    #[test]
    fn an_answer_stands_in_the_order_in_which_it_was_asked_for() {
        let document = "{ z: desk { name } list { ...both b } payload a: desk { name } \
            ... on Query { list { d } } } fragment both on Conversation { c a }";
        let order = Order::of(&parse_query(document).unwrap(), None);
        let mut answer = value!({
            "a": { "name": "x" },
            "payload": { "b": 1, "a": { "d": 1, "c": 2 } },
            "list": [{ "d": 1, "b": 2, "a": 3, "c": 4 }, null, { "c": 4, "a": 3, "b": 2 }],
            "z": null,
        });
        order.arrange(&mut answer);
        let list = "[{c: 4, a: 3, b: 2, d: 1}, null, {c: 4, a: 3, b: 2}]";
        let payload = "{b: 1, a: {d: 1, c: 2}}";
        let wanted = format!("{{z: null, list: {list}, payload: {payload}, a: {{name: \"x\"}}}}");
        assert_eq!(answer.to_string(), wanted);
    }
}
