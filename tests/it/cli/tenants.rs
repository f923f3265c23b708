//! Tenants that are not there: named, told apart from those that are, and never made by the way.

use serde_json::json;

use super::run::{replayed, run};
use crate::process::Served;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_not_there_is_refused_and_the_others_are_named() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &[]).await;
    let token = ["token", "--tenant", "demo", "--role", "agent"];
    let early = run(folder, &token).await;
    assert_eq!((early.code, early.out.split('.').count()), (0, 3), "{early:?}");
    assert!(early.errors.contains("`allhours demo`"), "{}", early.errors);

    run(folder, &["demo"]).await.well();
    assert_eq!(run(folder, &token).await.well().split('.').count(), 3, "a token alone");
    let file = folder.join("some.jsonl");
    std::fs::write(&file, "").expect("a file");
    let file = file.display().to_string();
    let to = folder.join("out").display().to_string();
    let id = "01900000-0000-7000-8000-000000000000";
    let commands: &[&[&str]] = &[
        &["import", "dialogues", "--tenant", "acme", &file],
        &["export", "--tenant", "acme", "--to-dir", &to],
        &["erase", "--tenant", "acme", "--customer", id, "--yes"],
        &["keys", "rotate", "--tenant", "acme"],
        &["replay", "--where", "tenant=acme"],
    ];
    let before = replayed(folder, &[]).await.len();
    for command in commands {
        let ran = run(folder, command).await;
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command:?}: {ran:?}");
        for said in ["no tenant `acme`", "`demo`", "deskOpen"] {
            assert!(ran.errors.contains(said), "{command:?}: {said}: {}", ran.errors);
        }
    }
    assert_eq!(replayed(folder, &[]).await.len(), before, "nothing was written");
    assert!(!folder.join("out").exists(), "nor any file");

    // As it says, one is made by the mutation, with such a token.
    let admin = ["token", "--tenant", "acme", "--role", "admin"];
    let told = run(folder, &admin).await;
    assert!(told.errors.contains("no tenant `acme`"), "{told:?}");
    let caller = server.caller_with(told.well().trim());
    let open = "mutation { deskOpen(input: { name: \"Acme\", defaultLanguage: \"en\", \
        reopenWithinHours: 24 }) { userErrors { code } } }";
    let opened = caller.data(open, &json!({})).await;
    assert_eq!(opened["deskOpen"]["userErrors"], json!([]), "{opened}");
    assert_eq!(run(folder, &admin).await.errors, "");
    let other = run(folder, &["token", "--tenant", "rival", "--role", "agent"]).await;
    assert!(other.errors.contains("(Acme)"), "by the name it has: {}", other.errors);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_there_is_told_as_it_is_and_what_is_wrong_by_the_name_of_the_option() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let made = run(folder, &["demo"]).await.well();
    assert!(made.contains("20 conversations") && made.contains("3 teams"), "{made}");
    let file = folder.join("one.jsonl");
    let line = r#"{"id":"1","turns":[{"speaker":"customer","text":"one"}]}"#;
    std::fs::write(&file, line).expect("a file");
    let file = file.display().to_string();
    let told = run(folder, &["import", "dialogues", "--tenant", "demo", &file]).await.well();
    let counts = ": 1 dialogue with 1 turn imported, 0 known before, 0 lines refused";
    assert!(told.trim_end().ends_with(counts), "{told}");
    let told = run(folder, &["demo"]).await.well();
    assert!(told.contains("there already") && told.contains("21 conversations"), "{told}");
    let about = run(folder, &["demo", "--output", "json"]).await.json();
    assert_eq!((&about["conversations"], &about["customers"]), (&json!(21), &json!(13)));
    assert_eq!(about["repeated"], true);

    let somebody = "01900000-0000-7000-8000-000000000000";
    let ground = ["--legal-basis", "Article 17", "--yes"];
    let erase = ["erase", "--tenant", "demo", "--customer", somebody];
    let refused = run(folder, &[&erase[..], &ground].concat()).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.errors.contains("--legal-basis may hold lower case"), "{}", refused.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ids_of_the_api_are_ids_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    let server = Served::start(folder, &["--demo"]).await;
    let caller = server.caller("supervisor").await;
    let conversation = caller.open_conversations(1).await.remove(0);
    let query = "query ($id: ID!) { conversation(id: $id) { customer { id } } }";
    let data = caller.data(query, &json!({ "id": conversation })).await;
    let customer = data["conversation"]["customer"]["id"].as_str().expect("an id").to_owned();

    let of = replayed(folder, &["--where", &format!("stream={conversation}")]).await;
    assert!(of.len() > 1, "{of:?}");
    let stream = of[0]["stream"].as_str().expect("a stream").to_owned();
    let uuid = stream.trim_start_matches("conversation:").to_owned();
    assert_eq!(of, replayed(folder, &["--where", &format!("stream={stream}")]).await);

    let export = async |name: &str, more: [&str; 2]| {
        let to = folder.join(name).display().to_string();
        let export = ["export", "--tenant", "demo", "--to", "60", "--to-dir", &to];
        run(folder, &[&export[..], &more].concat()).await
    };
    export("a", ["--conversation", &conversation]).await.well();
    export("b", ["--conversation", &uuid]).await.well();
    let events = |name: &str| std::fs::read(folder.join(name).join("events.jsonl")).expect("it");
    assert_eq!(events("a"), events("b"));
    export("c", ["--subject", &customer]).await.well();
    let wrong = export("d", ["--conversation", &customer]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.errors.contains("the id of a customer, not of a conversation"), "{wrong:?}");

    let token = ["token", "--tenant", "demo", "--role", "customer", "--subject", &customer];
    let own = server.caller_with(run(folder, &token).await.well().trim());
    let seen = own.data(query, &json!({ "id": conversation })).await;
    assert_eq!(seen["conversation"]["customer"]["id"], json!(customer), "{seen}");
    let agent = ["token", "--tenant", "demo", "--role", "agent", "--subject", &customer];
    assert_eq!(run(folder, &agent).await.code, 2, "a customer is no agent");
    let look = ["erase", "--tenant", "demo", "--customer", &customer];
    let looked = run(folder, &look).await;
    assert!(looked.code == 0 && looked.out.contains("Nothing was changed"), "{looked:?}");
    assert_eq!(run(folder, &[&look[..3], &["--customer", &conversation]].concat()).await.code, 2);
    server.stop().await;
}
