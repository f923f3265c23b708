//! What leads and admins set up: the desk, agents, teams, articles; and who may not.

use allhours_api::{
    clock,
    graphql::viewer::{Role, Viewer},
};
use serde_json::{Value, json};

use super::desk::{TestDesk, agent_id};

const AGENT: &str = "agent {
    id version presence active capacityUnits languages skills { skill level } displayName { text }
}";
const TEAM: &str = "team { id version name retired members { id } }";
const ARTICLE: &str =
    "article { id version locales { locale title version draft { state title } } }";
const DESK: &str = "desk { version name reopenWithinHours fields { field kind choices } }";

#[tokio::test]
async fn the_desk_opens_once_and_its_settings_keep_their_bounds() {
    let desk = TestDesk::open().await;
    let settings = |hours: i32| json!({ "name": "Boots", "defaultLanguage": "de", "reopenWithinHours": hours });
    let no = desk.refused(&desk.admin, "deskOpen", settings(72), DESK).await;
    assert_eq!(no["code"], "ALREADY_OPEN");
    let changed = desk.granted(&desk.admin, "deskChangeSettings", settings(24), DESK).await;
    assert_eq!(changed["desk"]["name"], "Boots");
    assert_eq!(changed["desk"]["version"], changed["version"]);
    for (hours, expected) in [(9_000, "REOPEN_WINDOW_TOO_LONG"), (-1, "INVALID_INPUT")] {
        let no = desk.refused(&desk.admin, "deskChangeSettings", settings(hours), DESK).await;
        assert_eq!(no["code"], expected);
    }
}

#[tokio::test]
async fn settings_that_one_process_changes_hold_in_every_other() {
    let desk = TestDesk::open().await;
    let elsewhere = desk.elsewhere();
    assert_eq!(elsewhere.reopen_within_hours(desk.tenant).await.expect("settings"), 72);
    let settings = json!({ "name": "Boots", "defaultLanguage": "de", "reopenWithinHours": 0 });
    desk.granted(&desk.admin, "deskChangeSettings", settings, DESK).await;
    assert_eq!(elsewhere.reopen_within_hours(desk.tenant).await.expect("settings"), 0);
}

#[tokio::test]
async fn a_field_is_defined_with_what_it_takes_and_retired() {
    let desk = TestDesk::open().await;
    let field =
        |kind: &str, choices: Value| json!({ "field": "cause", "kind": kind, "choices": choices });
    let defined = field("CHOICE", json!(["fit", "fault"]));
    let payload = desk.granted(&desk.admin, "fieldDefine", defined, DESK).await;
    let expected = json!([{ "field": "cause", "kind": "CHOICE", "choices": ["fit", "fault"] }]);
    assert_eq!(payload["desk"]["fields"], expected);
    for (input, expected) in [
        (field("CHOICE", json!([])), "NO_CHOICES"),
        (field("CHOICE", json!(["fit", "fit"])), "CHOICE_TWICE"),
        (field("TEXT", json!(["fit"])), "INVALID_INPUT"),
    ] {
        let no = desk.refused(&desk.admin, "fieldDefine", input, DESK).await;
        assert_eq!(no["code"], expected);
    }
    let retire = json!({ "field": "cause" });
    let payload = desk.granted(&desk.admin, "fieldRetire", retire.clone(), DESK).await;
    assert_eq!(payload["desk"]["fields"], json!([]));
    let no = desk.refused(&desk.admin, "fieldRetire", retire, DESK).await;
    assert_eq!(no["code"], "NO_SUCH_FIELD");
    // What was set in it stands in conversations.
    let no = desk.refused(&desk.admin, "fieldDefine", field("DATE", json!([])), DESK).await;
    assert_eq!(no["code"], "FIELD_TYPE_FIXED");
    let message = no["message"].as_str().expect("a message");
    assert!(message.contains("`cause` was defined for a choice"), "{message}");
    assert!(message.contains("with a new key"), "{message}");
}

#[tokio::test]
async fn agents_set_their_own_presence_and_leads_everybodys() {
    let desk = TestDesk::open().await;
    let bob = agent_id(&desk.bob);
    let own = json!({ "presence": "ONLINE" });
    let there = desk.granted(&desk.bob, "agentSetPresence", own, AGENT).await;
    assert_eq!(there["agent"]["id"], bob.as_str());
    assert_eq!(there["agent"]["presence"], "ONLINE");
    let others = json!({ "agentId": bob, "presence": "AWAY" });
    let no = desk.refused(&desk.ada, "agentSetPresence", others.clone(), AGENT).await;
    assert_eq!(no["code"], "NOT_FOUND");
    let away = desk.granted(&desk.supervisor, "agentSetPresence", others, AGENT).await;
    assert_eq!(away["agent"]["presence"], "AWAY");
}

#[tokio::test]
async fn an_agent_learns_leaves_and_comes_back() {
    let desk = TestDesk::open().await;
    let bob = agent_id(&desk.bob);
    let lead = &desk.supervisor;
    let skill = |level: i32| json!({ "agentId": bob, "skill": "returns", "level": level });
    let can = desk.granted(lead, "agentSetSkill", skill(5), AGENT).await;
    assert_eq!(can["agent"]["skills"], json!([{ "skill": "returns", "level": 5 }]));
    for level in [0, 6, -1, 300] {
        let no = desk.refused(lead, "agentSetSkill", skill(level), AGENT).await;
        assert_eq!(no["code"], "LEVEL_OUT_OF_RANGE", "{level}");
        assert_eq!(no["message"], format!("a skill has a level from 1 to 5, not {level}"));
    }
    let languages = json!({ "agentId": bob, "languages": ["de", "de"] });
    let no = desk.refused(lead, "agentSetLanguages", languages, AGENT).await;
    assert_eq!(no["code"], "LANGUAGE_TWICE");
    let capacity = json!({ "agentId": bob, "capacityUnits": 101 });
    let no = desk.refused(lead, "agentSetCapacity", capacity, AGENT).await;
    assert_eq!(no["code"], "CAPACITY_TOO_LARGE");

    let on = json!({ "agentId": bob });
    assert_eq!(desk.denied(lead, "agentDeactivate", on.clone()).await, "FORBIDDEN");
    let gone = desk.granted(&desk.admin, "agentDeactivate", on.clone(), AGENT).await;
    assert_eq!(gone["agent"]["active"], false);
    let own = json!({ "presence": "ONLINE" });
    assert_eq!(desk.denied(&desk.bob, "agentSetPresence", own).await, "FORBIDDEN");
    let back = desk.granted(&desk.admin, "agentReactivate", on, AGENT).await;
    assert_eq!(back["agent"]["active"], true);
    let again = json!({
        "personId": desk.bob.id, "displayName": "Bob", "languages": [], "capacityUnits": 1,
    });
    let no = desk.refused(&desk.admin, "agentRegister", again, AGENT).await;
    assert_eq!(no["code"], "ALREADY_REGISTERED");
}

#[tokio::test]
async fn a_team_has_members_until_it_is_retired() {
    let desk = TestDesk::open().await;
    let lead = &desk.supervisor;
    let made = desk.granted(lead, "teamCreate", json!({ "name": "Returns" }), TEAM).await;
    let team = &made["team"]["id"];
    let member = json!({ "teamId": team, "agentId": agent_id(&desk.ada) });
    let with = desk.granted(lead, "teamAddMember", member.clone(), TEAM).await;
    assert_eq!(with["team"]["members"], json!([{ "id": agent_id(&desk.ada) }]));
    let renamed = json!({ "teamId": team, "name": "Returns and repairs" });
    let renamed = desk.granted(lead, "teamRename", renamed, TEAM).await;
    assert_eq!(renamed["team"]["name"], "Returns and repairs");
    let without = desk.granted(lead, "teamRemoveMember", member.clone(), TEAM).await;
    assert_eq!(without["team"]["members"], json!([]));
    let retired = desk.granted(lead, "teamRetire", json!({ "teamId": team }), TEAM).await;
    assert_eq!(retired["team"]["retired"], true);
    let no = desk.refused(lead, "teamAddMember", member, TEAM).await;
    assert_eq!(no["code"], "RETIRED");
}

#[tokio::test]
async fn an_article_is_published_only_after_somebody_else_approved_it() {
    let desk = TestDesk::open().await;
    let draft = json!({ "locale": "en", "title": "Sizes", "body": "Order one size up." });
    let made = desk.granted(&desk.ada, "articleDraft", draft, ARTICLE).await;
    let article = &made["article"]["id"];
    let on = json!({ "articleId": article, "locale": "en" });
    let review = json!({ "articleId": article, "locale": "en", "outcome": "APPROVED" });
    let no = desk.refused(&desk.supervisor, "articlePublish", on.clone(), ARTICLE).await;
    assert_eq!(no["code"], "NOT_APPROVED");
    let no = desk.refused(&desk.bob, "articleReview", review.clone(), ARTICLE).await;
    assert_eq!(no["code"], "NOT_IN_REVIEW");
    desk.granted(&desk.ada, "articleRequestReview", on.clone(), ARTICLE).await;
    let no = desk.refused(&desk.ada, "articleReview", review.clone(), ARTICLE).await;
    assert_eq!(no["code"], "REVIEWER_IS_AUTHOR");
    desk.granted(&desk.bob, "articleReview", review, ARTICLE).await;
    let out = desk.granted(&desk.supervisor, "articlePublish", on.clone(), ARTICLE).await;
    let shown = &out["article"]["locales"][0];
    assert_eq!((&shown["version"], &shown["title"]), (&json!(1), &json!("Sizes")));

    let (lin, _) = desk.customer("Lin").await;
    let conversation = desk.conversation(&lin, "Which size?").await;
    let cite = |version: i32| {
        json!({
            "articleId": article, "locale": "en", "version": version,
            "conversationId": conversation,
        })
    };
    desk.granted(&desk.ada, "articleCite", cite(1), ARTICLE).await;
    for version in [2, 0, -1] {
        let no = desk.refused(&desk.ada, "articleCite", cite(version), ARTICLE).await;
        assert_eq!(no["code"], "NO_SUCH_VERSION", "{version}");
    }
    desk.granted(&desk.supervisor, "articleRetire", on.clone(), ARTICLE).await;
    let no = desk.refused(&desk.supervisor, "articleRetire", on, ARTICLE).await;
    assert_eq!(no["code"], "NOT_PUBLISHED");
}

#[tokio::test]
async fn roles_that_may_not_are_told_so_before_anything_runs() {
    let desk = TestDesk::open().await;
    let before = desk.head().await;
    let team = json!({ "name": "Returns" });
    let field = json!({ "field": "size", "kind": "INTEGER" });
    let agent = json!({
        "personId": clock::new_id(), "displayName": "Eve", "languages": [], "capacityUnits": 1,
    });
    for role in Role::ALL.iter().copied() {
        let viewer = Viewer { tenant: desk.tenant, role, id: clock::new_id() };
        let mut denied = Vec::new();
        if !matches!(role, Role::Supervisor | Role::Admin) {
            denied.push(desk.denied(&viewer, "teamCreate", team.clone()).await);
        }
        if role != Role::Admin {
            denied.push(desk.denied(&viewer, "fieldDefine", field.clone()).await);
            denied.push(desk.denied(&viewer, "agentRegister", agent.clone()).await);
        }
        assert!(denied.iter().all(|code| code == "FORBIDDEN"), "{role:?}: {denied:?}");
    }
    assert_eq!(desk.head().await, before);
}
