//! What is true of an agent's profile.

use cqrs_es::test::TestFramework;
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::{
    Agent, AgentCommand, AgentEvent, AgentRefusal, AgentSnapshot,
    command::{
        Deactivate, Reactivate, Register, RemoveSkill, Rename, SetCapacity, SetLanguages,
        SetPresence, SetSkill,
    },
    event::{
        CapacitySet, Deactivated, LanguagesSet, PresenceChanged, Reactivated, Registered, Renamed,
        SkillRemoved, SkillSet,
    },
};
use crate::{
    decider::Refusal,
    ids::AgentId,
    laws::obeys_the_laws,
    personal::Personal,
    text::{Key, Language, Name},
    words::Presence,
};

const ADA: AgentId = AgentId(Uuid::from_u128(0xada));

fn agent() -> TestFramework<Agent> {
    TestFramework::with(())
}

fn given(
    events: impl IntoIterator<Item = AgentEvent>,
) -> cqrs_es::test::AggregateTestExecutor<Agent> {
    agent().given([registered()].into_iter().chain(events).collect())
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn languages(tags: &[&str]) -> Vec<Language> {
    tags.iter().map(|tag| Language::new(*tag).unwrap()).collect()
}

fn register(tags: &[&str], capacity_units: u32) -> AgentCommand {
    let display_name = Name::new("Ada").unwrap();
    Register { id: ADA, display_name, languages: languages(tags), capacity_units }.into()
}

fn registered() -> AgentEvent {
    Registered {
        display_name: Personal::about(ADA, "Ada"),
        languages: languages(&["en", "zh-Hans"]),
        capacity_units: 6,
    }
    .into()
}

fn presence(from: Presence, to: Presence) -> AgentEvent {
    PresenceChanged { from, to }.into()
}

fn skill_set(skill: &str, level: u8) -> AgentEvent {
    SkillSet { skill: key(skill), level }.into()
}

#[test]
fn an_agent_joins_once_and_the_name_is_about_them() {
    let join = register(&["en", "zh-Hans"], 6);
    agent().given_no_previous_events().when(join.clone()).then_expect_events(vec![registered()]);
    given([]).when(join).then_expect_error(AgentRefusal::AlreadyRegistered);
}

#[test]
fn nothing_can_be_asked_of_an_agent_who_never_joined() {
    let asked = agent().given_no_previous_events().when(Deactivate {}.into());
    asked.then_expect_error(AgentRefusal::NoSuchAgent);
}

#[test]
fn a_new_name_is_always_recorded_because_rules_cant_read_the_old_one() {
    let rename = Rename { display_name: Name::new("Ada").unwrap() };
    let renamed = Renamed { display_name: Personal::about(ADA, "Ada") };
    given([]).when(rename.into()).then_expect_events(vec![renamed.into()]);
}

#[test]
fn a_skill_has_a_level_from_1_to_5() {
    let set = |level| AgentCommand::from(SetSkill { skill: key("billing"), level });
    given([]).when(set(5)).then_expect_events(vec![skill_set("billing", 5)]);
    given([skill_set("billing", 5)]).when(set(5)).then_expect_events(vec![]);
    given([skill_set("billing", 5)]).when(set(1)).then_expect_events(vec![skill_set("billing", 1)]);
    for level in [0, 6, -1, 257] {
        let refused = AgentRefusal::LevelOutOfRange { level, level_max: 5 };
        given([]).when(set(level)).then_expect_error(refused);
    }
}

#[test]
fn an_agent_has_64_skills_at_most_and_can_lose_one() {
    let many = || (0..64).map(|it| skill_set(&format!("s{it}"), 3));
    given(many())
        .when(SetSkill { skill: key("more"), level: 1 }.into())
        .then_expect_error(AgentRefusal::TooManySkills { skills_max: 64 });
    let remove = AgentCommand::from(RemoveSkill { skill: key("s1") });
    let removed = AgentEvent::from(SkillRemoved { skill: key("s1") });
    given(many()).when(remove.clone()).then_expect_events(vec![removed.clone()]);
    given(many().chain([removed])).when(remove).then_expect_events(vec![]);
}

#[test]
fn an_agent_works_in_32_languages_at_most_none_named_twice() {
    let set = |languages| AgentCommand::from(SetLanguages { languages });
    let german = LanguagesSet { languages: languages(&["de"]) };
    given([]).when(set(languages(&["de"]))).then_expect_events(vec![german.into()]);
    given([]).when(set(languages(&["en", "zh-Hans"]))).then_expect_events(vec![]);
    let twice = AgentRefusal::LanguageTwice { language: Language::new("de").unwrap() };
    given([]).when(set(languages(&["de", "en", "de"]))).then_expect_error(twice);
    let many = (0..33).map(|it| Language::new(format!("en-{it}")).unwrap()).collect();
    given([])
        .when(set(many))
        .then_expect_error(AgentRefusal::TooManyLanguages { languages: 33, languages_max: 32 });
}

#[test]
fn an_agent_carries_100_units_at_most() {
    let set = |capacity_units| AgentCommand::from(SetCapacity { capacity_units });
    given([]).when(set(100)).then_expect_events(vec![CapacitySet { capacity_units: 100 }.into()]);
    given([]).when(set(6)).then_expect_events(vec![]);
    let too_large = AgentRefusal::CapacityTooLarge { units: 101, units_max: 100 };
    given([]).when(set(101)).then_expect_error(too_large.clone());
    let join = agent().given_no_previous_events().when(register(&[], 101));
    join.then_expect_error(too_large);
}

#[test]
fn a_presence_that_stays_the_same_is_no_change() {
    let set = |presence| AgentCommand::from(SetPresence { presence });
    let online = presence(Presence::Offline, Presence::Online);
    given([]).when(set(Presence::Online)).then_expect_events(vec![online.clone()]);
    given([online]).when(set(Presence::Online)).then_expect_events(vec![]);
    given([]).when(set(Presence::Offline)).then_expect_events(vec![]);
}

#[test]
fn whoever_leaves_the_desk_goes_offline() {
    let went = presence(Presence::Busy, Presence::Offline);
    given([presence(Presence::Offline, Presence::Busy)])
        .when(Deactivate {}.into())
        .then_expect_events(vec![went, Deactivated {}.into()]);
    given([]).when(Deactivate {}.into()).then_expect_events(vec![Deactivated {}.into()]);
    given([Deactivated {}.into()]).when(Deactivate {}.into()).then_expect_events(vec![]);
}

#[test]
fn whoever_left_can_only_be_offline_until_they_come_back() {
    let left = || AgentEvent::from(Deactivated {});
    let set = |presence| AgentCommand::from(SetPresence { presence });
    for online in [Presence::Online, Presence::Busy, Presence::Away] {
        given([left()]).when(set(online)).then_expect_error(AgentRefusal::Deactivated);
    }
    given([left()]).when(set(Presence::Offline)).then_expect_events(vec![]);
    given([left()]).when(Reactivate {}.into()).then_expect_events(vec![Reactivated {}.into()]);
    given([]).when(Reactivate {}.into()).then_expect_events(vec![]);
    let back = [left(), Reactivated {}.into()];
    let online = presence(Presence::Offline, Presence::Online);
    given(back).when(set(Presence::Online)).then_expect_events(vec![online]);
    assert_eq!(AgentRefusal::Deactivated.code(), "DEACTIVATED");
}

#[test]
fn a_snapshot_shows_what_an_agent_can_do_and_since_when_they_are_there() {
    let second = |it| Timestamp::from_second(it).unwrap();
    let events = [
        registered(),
        skill_set("billing", 2),
        skill_set("billing", 4),
        skill_set("legal", 1),
        SkillRemoved { skill: key("legal") }.into(),
        presence(Presence::Offline, Presence::Online),
        LanguagesSet { languages: languages(&["de"]) }.into(),
        CapacitySet { capacity_units: 9 }.into(),
        Renamed { display_name: Personal::about(ADA, "Ada L.") }.into(),
    ];
    let mut snapshot = AgentSnapshot::default();
    assert_eq!((snapshot.active, snapshot.presence), (false, Presence::Offline));
    for (at, event) in (1..).zip(&events) {
        snapshot.apply(event, second(at));
    }
    let expected = AgentSnapshot {
        registered_at: Some(second(1)),
        display_name: Some(Personal::about(ADA, "Ada L.")),
        skills: [(key("billing"), 4)].into(),
        languages: languages(&["de"]),
        capacity_units: 9,
        presence: Presence::Online,
        presence_since: Some(second(6)),
        active: true,
        changed_at: Some(second(9)),
    };
    assert_eq!(snapshot, expected);
    let stored = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<AgentSnapshot>(&stored).unwrap(), expected);
    snapshot.apply(&Deactivated {}.into(), second(10));
    assert!(!snapshot.active);
}

fn a_command() -> impl Strategy<Value = AgentCommand> {
    let a_skill = || "[abc]".prop_map(|it| key(&it));
    let some_languages =
        || vec(prop_oneof![Just("en"), Just("de"), Just("th")], 0..3).prop_map(|it| languages(&it));
    let units = || 0..120_u32;
    prop_oneof![
        (some_languages(), units()).prop_map(|(languages, capacity_units)| {
            let display_name = Name::new("Ada").unwrap();
            Register { id: ADA, display_name, languages, capacity_units }.into()
        }),
        "[ab]".prop_map(|it| Rename { display_name: Name::new(it).unwrap() }.into()),
        (a_skill(), 0..7_i32).prop_map(|(skill, level)| SetSkill { skill, level }.into()),
        a_skill().prop_map(|skill| RemoveSkill { skill }.into()),
        some_languages().prop_map(|languages| SetLanguages { languages }.into()),
        proptest::sample::select(Presence::ALL)
            .prop_map(|presence| SetPresence { presence }.into()),
        units().prop_map(|capacity_units| SetCapacity { capacity_units }.into()),
        Just(Deactivate {}.into()),
        Just(Reactivate {}.into()),
    ]
}

proptest! {
    #[test]
    fn an_agent_obeys_the_laws_and_is_never_there_after_leaving(
        commands in vec(a_command(), 0..60),
    ) {
        let always_records = |command: &AgentCommand| matches!(command, AgentCommand::Rename(_));
        let agent = obeys_the_laws::<Agent>(commands, always_records);
        let away = agent.presence().is_none_or(|it| it == Presence::Offline);
        prop_assert!(agent.is_active() || away);
    }
}
