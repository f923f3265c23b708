//! A schema that keeps to itself, as `graphql.introspection = false` makes it.

use allhours_api::graphql::{build, limits::Limits};
use serde_json::json;

use super::served::{Served, admin};

const TENANT: u128 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn with_introspection_off_a_schema_says_nothing_of_what_it_is() {
    let mut served = Served::new().await;
    let ask = async |served: &Served, document: &str| {
        let answer = served.answer(&admin(TENANT), document, json!({})).await;
        (answer["errors"][0]["extensions"]["code"].clone(), answer.to_string())
    };
    let (types, typo) = ("{ __schema { types { name } } }", "{ positio }");
    assert!(ask(&served, types).await.1.contains("Conversation"));
    assert!(ask(&served, typo).await.1.contains("Did you mean"));

    let limits = Limits { introspection: false, ..Limits::default() };
    served.schema = build(served.services.clone(), limits);
    let nested =
        "{ viewer { role } ...all } fragment all on Query { __type(name: \"Agent\") { name } }";
    for document in [types, nested] {
        let (code, answer) = ask(&served, document).await;
        assert_eq!(code, "FORBIDDEN", "{answer}");
        assert!(answer.contains("introspection is off"), "{answer}");
    }
    let (code, answer) = ask(&served, typo).await;
    assert_eq!(code, "BAD_USER_INPUT", "{answer}");
    assert!(!answer.contains("Did you mean"), "{answer}");
    assert_eq!(
        served.data(&admin(TENANT), "{ __typename }", json!({})).await["__typename"],
        "Query"
    );
}
