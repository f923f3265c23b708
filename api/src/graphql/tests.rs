//! The schema itself: what stands in the repository is what is served, and who may what.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{permissions::RULES, sdl, unbound};

/// The schema as it tells itself.
async fn introspected() -> Value {
    let question = "{ __schema { types { name kind description \
         fields(includeDeprecated: true) { name description args { name description } } \
         inputFields { name description } enumValues { name description } } } }";
    let response = unbound().finish().execute(question).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    response.data.into_json().expect("an answer is JSON")
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_served() {
    // Within this crate, where its tests run.
    let path = "schema.graphql";
    let served = sdl();
    if std::env::var_os("ALLHOURS_WRITE_SCHEMA").is_some() {
        std::fs::write(path, &served).expect("the schema can be written");
    }
    let stored = std::fs::read_to_string(path).expect("api/schema.graphql is there");
    let differs = stored.lines().zip(served.lines()).position(|(a, b)| a != b);
    assert!(
        stored == served,
        "api/schema.graphql differs from line {differs:?} on; ALLHOURS_WRITE_SCHEMA=1 writes it"
    );
}

#[test]
fn the_schema_says_what_a_field_costs_by_the_rules_that_it_is_charged_by() {
    let schema = sdl();
    let lines: Vec<&str> = schema.lines().map(str::trim).collect();
    let ends = |what: &str| lines.iter().filter(|line| line.ends_with(what)).count();
    let pages = ends("first: Int,") + ends("first: Int!,");
    let sized = lines.iter().filter(|line| line.contains("@listSize(slicingArguments:")).count();
    assert_eq!(sized, pages, "each page, and nothing else, says by what it is sized");
    let mutations = RULES.iter().filter(|(name, _)| name.starts_with("Mutation.")).count();
    assert_eq!(ends("Payload! @cost(weight: \"11\")"), mutations);
    for line in [
        "): QueueEntryConnection! @listSize(slicingArguments: [\"first\", \"last\"], \
         sizedFields: [\"edges\", \"nodes\"])",
        "): SearchResults! @listSize(slicingArguments: [\"first\"], sizedFields: [\"hits\"])",
        "): [Node]! @listSize(assumedSize: 100)",
        "teams: [Team!]! @listSize(assumedSize: 20)",
        "directive @cost(weight: String!) on FIELD_DEFINITION",
        "directive @listSize(assumedSize: Int, slicingArguments: [String!], \
         sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
    ] {
        assert!(lines.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn every_root_field_has_a_line_in_the_table_of_permissions_and_the_other_way_round() {
    let schema = introspected().await;
    let mut fields = BTreeSet::new();
    for root in list(&schema["__schema"], "types") {
        let name = root["name"].as_str().unwrap_or_default();
        if ["Query", "Mutation", "Subscription"].contains(&name) {
            let field = |it: &Value| format!("{name}.{}", it["name"].as_str().unwrap_or_default());
            fields.extend(list(root, "fields").iter().map(field));
        }
    }
    let lines: BTreeSet<String> = RULES.iter().map(|(field, _)| (*field).to_owned()).collect();
    assert_eq!(lines, fields);
}

#[tokio::test]
async fn everything_in_the_schema_is_described() {
    let schema = introspected().await;
    let mut silent = Vec::new();
    for kind in list(&schema["__schema"], "types") {
        let name = kind["name"].as_str().unwrap_or_default();
        if name.starts_with("__") || name == "ID" {
            continue;
        }
        // A connection is Relay's form of a page; its fields say what they are.
        let is_connection = name.ends_with("Connection");
        let mut look = |what: String, it: &Value| {
            if it["description"].as_str().is_none_or(str::is_empty) {
                silent.push(what);
            }
        };
        if !is_connection {
            look(name.to_owned(), kind);
        }
        for part in ["fields", "inputFields", "enumValues"] {
            for it in list(kind, part) {
                let path = format!("{name}.{}", it["name"].as_str().unwrap_or_default());
                for argument in list(it, "args") {
                    let argument_name = argument["name"].as_str().unwrap_or_default();
                    look(format!("{path}({argument_name})"), argument);
                }
                look(path, it);
            }
        }
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
}

#[tokio::test]
async fn every_mutation_takes_one_input_and_gives_user_errors_with_codes_of_its_own() {
    let schema = introspected().await;
    let types = list(&schema["__schema"], "types");
    let named = |name: &str| types.iter().find(|it| it["name"] == name);
    let mutations = named("Mutation").expect("there are mutations");
    for mutation in list(mutations, "fields") {
        let name = mutation["name"].as_str().unwrap_or_default();
        let mut capital = name[..1].to_uppercase();
        capital.push_str(&name[1..]);
        for suffix in ["Input", "Payload", "UserError", "ErrorCode"] {
            assert!(named(&format!("{capital}{suffix}")).is_some(), "{capital}{suffix}");
        }
        let arguments = list(mutation, "args");
        assert_eq!(arguments.len(), 1, "{name}");
        assert_eq!(arguments[0]["name"], "input", "{name}");
    }
}
