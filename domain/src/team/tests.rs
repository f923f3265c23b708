//! What is true of a team.

use cqrs_es::test::TestFramework;
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::{
    Team, TeamCommand, TeamEvent, TeamRefusal, TeamSnapshot,
    command::{AddMember, Create, RemoveMember, Rename, Retire},
    event::{Created, MemberAdded, MemberRemoved, Renamed, Retired},
};
use crate::{decider::Refusal, ids::AgentId, laws::obeys_the_laws, text::Name};

fn team() -> TestFramework<Team> {
    TestFramework::with(())
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn agent(number: u128) -> AgentId {
    AgentId(Uuid::from_u128(number))
}

fn created() -> TeamEvent {
    Created { name: name("Billing") }.into()
}

fn added(number: u128) -> TeamEvent {
    MemberAdded { agent: agent(number) }.into()
}

#[test]
fn a_team_is_founded_once() {
    let create = TeamCommand::from(Create { name: name("Billing") });
    team().given_no_previous_events().when(create.clone()).then_expect_events(vec![created()]);
    team().given(vec![created()]).when(create).then_expect_error(TeamRefusal::AlreadyCreated);
}

#[test]
fn nothing_can_be_asked_of_a_team_that_nobody_founded() {
    let retired = team().given_no_previous_events().when(Retire {}.into());
    retired.then_expect_error(TeamRefusal::NoSuchTeam);
}

#[test]
fn a_team_gets_another_name_only_if_it_is_another() {
    let rename = |text| TeamCommand::from(Rename { name: name(text) });
    team()
        .given(vec![created()])
        .when(rename("Refunds"))
        .then_expect_events(vec![Renamed { name: name("Refunds") }.into()]);
    team().given(vec![created()]).when(rename("Billing")).then_expect_events(vec![]);
}

#[test]
fn an_agent_joins_and_leaves_a_team_once() {
    let add = TeamCommand::from(AddMember { agent: agent(1) });
    let remove = TeamCommand::from(RemoveMember { agent: agent(1) });
    let left = TeamEvent::from(MemberRemoved { agent: agent(1) });
    team().given(vec![created()]).when(add.clone()).then_expect_events(vec![added(1)]);
    team().given(vec![created(), added(1)]).when(add).then_expect_events(vec![]);
    team()
        .given(vec![created(), added(1)])
        .when(remove.clone())
        .then_expect_events(vec![left.clone()]);
    team().given(vec![created(), added(1), left]).when(remove).then_expect_events(vec![]);
}

#[test]
fn a_team_has_1000_members_at_most() {
    let mut history = vec![created()];
    history.extend((0..1_000).map(added));
    let full = team().given(history).when(AddMember { agent: agent(5_000) }.into());
    full.then_expect_error(TeamRefusal::TooManyMembers { members_max: 1_000 });
}

#[test]
fn a_retired_team_stays_as_it_is() {
    let given = || team().given(vec![created(), Retired {}.into()]);
    given().when(Retire {}.into()).then_expect_events(vec![]);
    given().when(AddMember { agent: agent(1) }.into()).then_expect_error(TeamRefusal::Retired);
    given().when(Rename { name: name("X") }.into()).then_expect_error(TeamRefusal::Retired);
    assert_eq!(TeamRefusal::Retired.code(), "RETIRED");
}

#[test]
fn a_snapshot_shows_who_belongs_to_the_team_since_when() {
    let second = |it| Timestamp::from_second(it).unwrap();
    let events = [
        created(),
        added(1),
        added(2),
        MemberRemoved { agent: agent(1) }.into(),
        Renamed { name: name("Refunds") }.into(),
        Retired {}.into(),
    ];
    let mut snapshot = TeamSnapshot::default();
    for (at, event) in (1..).zip(&events) {
        snapshot.apply(event, second(at));
    }
    let expected = TeamSnapshot {
        created_at: Some(second(1)),
        name: Some(name("Refunds")),
        members: [(agent(2), second(3))].into(),
        retired_at: Some(second(6)),
        changed_at: Some(second(6)),
    };
    assert_eq!(snapshot, expected);
    let stored = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<TeamSnapshot>(&stored).unwrap(), expected);
}

fn a_command() -> impl Strategy<Value = TeamCommand> {
    let an_agent = || (0..5_u128).prop_map(agent);
    prop_oneof![
        2 => "[ab]".prop_map(|it| Create { name: name(&it) }.into()),
        2 => "[ab]".prop_map(|it| Rename { name: name(&it) }.into()),
        6 => an_agent().prop_map(|agent| AddMember { agent }.into()),
        4 => an_agent().prop_map(|agent| RemoveMember { agent }.into()),
        1 => Just(Retire {}.into()),
    ]
}

proptest! {
    #[test]
    fn a_team_obeys_the_laws_of_aggregates(commands in vec(a_command(), 0..40)) {
        let creates = |command: &TeamCommand| matches!(command, TeamCommand::Create(_));
        let founded = commands.iter().any(creates);
        let team = obeys_the_laws::<Team>(commands, |_| false);
        prop_assert!(founded || !team.takes_work());
    }
}
