//! `replay`: by position, by instant, by what an event is about.

use serde_json::Value;

use super::run::{replayed, run};

fn positions(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["position"].as_i64().expect("a position")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_cut_by_position_by_instant_and_by_conditions() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    let all = replayed(folder, &[]).await;
    let every: Vec<i64> = (1..).take(all.len()).collect();
    assert_eq!(positions(&all), every);

    let cut = replayed(folder, &["--from", "10", "--to", "20"]).await;
    assert_eq!(cut, all[9..20]);
    assert_eq!(replayed(folder, &["--from", "999999"]).await, Vec::<Value>::new());

    let instant = |index: usize| all[index]["recordedAt"].as_str().expect("an instant").to_owned();
    let (since, until) = (instant(30), instant(60));
    let between = replayed(folder, &["--from", &since, "--to", &until]).await;
    let expected: Vec<Value> = all
        .iter()
        .filter(|event| {
            let at: jiff::Timestamp =
                event["recordedAt"].as_str().expect("it").parse().expect("it");
            at >= since.parse().expect("it") && at <= until.parse().expect("it")
        })
        .cloned()
        .collect();
    assert!(!expected.is_empty() && expected.len() < all.len());
    assert_eq!(between, expected);

    let opened =
        replayed(folder, &["--where", "type=conversation.opened", "--where", "tenant=demo"]);
    let opened = opened.await;
    let fits = |event: &&Value| event["type"] == "conversation.opened";
    assert_eq!(opened, all.iter().filter(fits).cloned().collect::<Vec<_>>());
    let stream = opened[0]["stream"].as_str().expect("a stream");
    let one = replayed(folder, &["--where", &format!("stream={stream}")]).await;
    assert!(one.len() > 1 && one.iter().all(|event| event["stream"] == stream));
    let none = run(folder, &["replay", "--where", "actor=person:nobody"]).await;
    assert_eq!((none.code, none.out.as_str()), (0, ""), "{none:?}");
    assert!(none.errors.lines().count() == 1 && none.errors.contains("no event fits"), "{none:?}");

    for wrong in [["--where", "colour=red"], ["--from", "yesterday"]] {
        let ran = run(folder, &["replay", wrong[0], wrong[1]]).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.errors.contains(wrong[1]), "{}", ran.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_that_nothing_can_ever_fit_are_refused_and_what_there_is_is_named() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let folder = folder.path();
    run(folder, &["demo"]).await.well();
    // A tenant may be there another day, as for every command; a kind of event never will.
    for (condition, code, said) in [
        ("tenant=nosuch", 1, &["no tenant `nosuch`", "`demo`"][..]),
        ("tenant=demo|nosuch", 1, &["no tenant `nosuch`"]),
        ("type=conversation.opned", 2, &["conversation.opned", "`conversation.opened`"]),
        ("type=conversation.opened|nonsense", 2, &["nonsense", "docs/events.md"]),
        ("type=conversatoin.*", 2, &["conversatoin.*", "docs/events.md"]),
    ] {
        let ran = run(folder, &["replay", "--where", condition]).await;
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{condition}: {ran:?}");
        for said in said {
            assert!(ran.errors.contains(said), "{condition}: {said}: {}", ran.errors);
        }
    }
    for turned in [["9", "3"], ["2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"]] {
        let ran = run(folder, &["replay", "--from", turned[0], "--to", turned[1]]).await;
        let said = format!("--to {} is before --from {}", turned[1], turned[0]);
        assert!(ran.code == 2 && ran.errors.contains(&said), "{ran:?}");
    }
    // Kinds of events that have not happened yet are there all the same.
    let none = run(folder, &["replay", "--where", "type=customer.erased"]).await;
    assert_eq!((none.code, none.out.as_str()), (0, ""), "{none:?}");
}
