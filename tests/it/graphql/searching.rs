//! What is found can be narrowed to what one person wrote.

use serde_json::{Value, json};

use super::served::{Served, admin};

const TENANT: u128 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_wrote_is_found_by_its_author() {
    let served = Served::new().await;
    let (ada, ada_id) = served.agent(TENANT, 11).await;
    let (_, bert_id) = served.agent(TENANT, 12).await;
    let intake = served.message(TENANT, "a@example.org", "1", "Where is the lantern?").await;
    let conversation = &intake["conversationId"];
    let reply = json!({ "conversationId": conversation, "text": "The lantern is on its way." });
    served.granted(&ada, "conversationReply", "conversation { id }", reply).await;
    let note = json!({ "conversationId": conversation, "text": "A lantern again." });
    let position = served.granted(&ada, "conversationAddNote", "conversation { id }", note).await;
    let found = async |author: &Value| {
        let document = "query($author: ID, $p: Position) { search(text: \"lantern\", first: 9, \
            order: NEWEST, filter: { authorId: $author }, minPosition: $p) { hits { note \
            snippet { text } } } }";
        let asked = json!({ "author": author, "p": position["position"] });
        let answer = served.answer(&admin(TENANT), document, asked).await;
        let hits = answer["data"]["search"]["hits"].as_array();
        let text = |hit: &Value| hit["snippet"]["text"].as_str().expect("a text").to_owned();
        hits.map(|hits| hits.iter().map(text).collect::<Vec<_>>())
            .ok_or_else(|| answer["errors"][0]["extensions"]["code"].clone())
    };
    let (note, reply) = ("A lantern again.".to_owned(), "The lantern is on its way.".to_owned());
    let asked = "Where is the lantern?".to_owned();
    assert_eq!(found(&json!(null)).await, Ok(vec![note.clone(), reply.clone(), asked.clone()]));
    assert_eq!(found(&json!(ada_id)).await, Ok(vec![note, reply]));
    assert_eq!(found(&intake["customerId"]).await, Ok(vec![asked]));
    assert_eq!(found(&json!(bert_id)).await, Ok(vec![]));
    assert_eq!(found(conversation).await, Err(json!("BAD_USER_INPUT")));
}
