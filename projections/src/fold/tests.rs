//! Given events, these rows: agents, teams, customers and articles, where a rule is not plain.

use allhours_domain::{
    agent::{
        AgentEvent,
        event::{PresenceChanged, Registered, Renamed, SkillRemoved, SkillSet},
    },
    article::{
        ArticleEvent,
        event::{Cited, Drafted, Published, Retired, ReviewRequested, Reviewed, Revised},
    },
    customer::{
        CustomerEvent,
        event::{
            ConsentSet, Erased, Identified, IdentityLinked, IdentityUnlinked, MergedInto,
            ProfileChanged, Unmerged,
        },
    },
    ids::{AgentId, ArticleId, ConversationId, CustomerId, IdentityId},
    personal::Personal,
    team::{
        TeamEvent,
        event::{Created, MemberAdded, MemberRemoved, Retired as TeamRetired},
    },
    text::{ArticleBody, Key, Language, Name},
    words::{Channel, Presence, Purpose, ReviewOutcome, Tier},
};
use uuid::Uuid;

use super::given::{ID, TENANT, after, at};
use crate::{
    agents::Agents,
    articles::{ArticleRow, Articles, DraftState},
    customers::{CustomerRow, Customers},
    teams::Teams,
};

const ADA: AgentId = AgentId(Uuid::from_u128(3));
const BOB: AgentId = AgentId(Uuid::from_u128(4));

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn english() -> Language {
    Language::new("en").unwrap()
}

fn registered() -> AgentEvent {
    let display_name = Personal::about(ADA, "Ada");
    Registered { display_name, languages: vec![english()], capacity_units: 4 }.into()
}

fn present(from: Presence, to: Presence) -> AgentEvent {
    PresenceChanged { from, to }.into()
}

#[test]
fn presence_is_kept_as_intervals_that_follow_each_other() {
    let fold: Agents = after(
        "agent",
        vec![
            registered(),
            present(Presence::Offline, Presence::Online),
            Renamed { display_name: Personal::about(ADA, "Ada L.") }.into(),
            present(Presence::Online, Presence::Away),
        ],
    );
    let mut intervals: Vec<_> = fold
        .presence
        .iter()
        .map(|row| (row.from_position, row.to_position, row.presence, row.since))
        .collect();
    intervals.sort_by_key(|interval| interval.0);
    let expected = [
        (1, Some(2), Presence::Offline, at(1)),
        (2, Some(4), Presence::Online, at(2)),
        (4, None, Presence::Away, at(4)),
    ];
    assert_eq!(intervals, expected);
    let row = fold.rows.get(&(TENANT, AgentId(ID))).unwrap();
    assert_eq!((row.name_position, row.presence_since, row.version), (3, at(4), 4));
}

#[test]
fn a_skill_has_the_level_that_was_set_last_until_it_is_taken_away() {
    let skill = Key::new("returns").unwrap();
    let set = |level| SkillSet { skill: skill.clone(), level }.into();
    let fold: Agents = after("agent", vec![registered(), set(2), set(5)]);
    let row = fold.rows.get(&(TENANT, AgentId(ID))).unwrap();
    assert_eq!(row.skills.0.get(&skill), Some(&5));
    let removed = SkillRemoved { skill: skill.clone() }.into();
    let fold: Agents = after("agent", vec![registered(), set(2), removed]);
    assert!(fold.rows.get(&(TENANT, AgentId(ID))).unwrap().skills.0.is_empty());
}

#[test]
fn what_happens_to_an_agent_or_team_that_nobody_made_makes_no_row() {
    let fold: Agents = after("agent", vec![present(Presence::Offline, Presence::Online)]);
    assert!(fold.rows.get(&(TENANT, AgentId(ID))).is_none());
    assert_eq!(fold.presence.iter().count(), 0);
    let added = MemberAdded { agent: ADA };
    let fold: Teams = after("team", vec![TeamEvent::from(added)]);
    assert!(fold.rows.get(&(TENANT, ID.into())).is_none());
}

#[test]
fn a_team_holds_each_member_once_and_keeps_them_when_it_retires() {
    let events: Vec<TeamEvent> = vec![
        Created { name: name("Returns") }.into(),
        MemberAdded { agent: ADA }.into(),
        MemberAdded { agent: BOB }.into(),
        MemberAdded { agent: ADA }.into(),
        MemberRemoved { agent: BOB }.into(),
        TeamRetired {}.into(),
    ];
    let fold: Teams = after("team", events);
    let row = fold.rows.get(&(TENANT, ID.into())).unwrap();
    assert_eq!(row.members.0.iter().copied().collect::<Vec<_>>(), [ADA]);
    assert!(row.retired);
}

fn customer(events: Vec<CustomerEvent>) -> CustomerRow {
    let identified = Identified {
        customer: CustomerId(ID),
        display_name: Some(Personal::about(CustomerId(ID), "Lin")),
        language: Some(english()),
        tier: Tier::New,
    };
    let all = std::iter::once(identified.into()).chain(events).collect();
    let fold: Customers = after("customer", all);
    fold.rows.get(&(TENANT, CustomerId(ID))).unwrap().clone()
}

fn linked(number: u128) -> CustomerEvent {
    IdentityLinked {
        identity: IdentityId(Uuid::from_u128(number)),
        channel: Channel::Email,
        address: Personal::about(CustomerId(ID), "lin@example.org"),
        verified: true,
    }
    .into()
}

#[test]
fn a_profile_without_a_name_points_at_none() {
    let row = customer(vec![]);
    assert_eq!((row.name_position, row.language), (Some(1), Some(english())));
    let row = customer(vec![ProfileChanged { display_name: None, language: None }.into()]);
    assert_eq!((row.name_position, row.language), (None, None));
}

#[test]
fn an_address_points_at_the_event_that_holds_it_until_it_is_unlinked() {
    let row = customer(vec![linked(1), linked(2)]);
    let positions: Vec<_> = row.identities.0.values().map(|it| it.address_position).collect();
    assert_eq!(positions, [2, 3]);
    let gone = IdentityUnlinked { identity: IdentityId(Uuid::from_u128(1)) };
    let row = customer(vec![linked(1), linked(2), gone.into()]);
    let left: Vec<_> = row.identities.0.keys().copied().collect();
    assert_eq!(left, [IdentityId(Uuid::from_u128(2))]);
}

#[test]
fn a_merge_is_shown_until_it_is_undone() {
    let target = CustomerId(Uuid::from_u128(8));
    let row = customer(vec![MergedInto { target }.into()]);
    assert_eq!(row.merged_into, Some(target));
    let row = customer(vec![MergedInto { target }.into(), Unmerged { target }.into()]);
    assert_eq!(row.merged_into, None);
}

#[test]
fn of_an_erased_customer_stays_that_there_was_one() {
    let consent = ConsentSet { purpose: Purpose::Analytics, granted: true };
    let erased = Erased { legal_basis: "gdpr-17".to_owned(), texts_deleted: 3 };
    let row = customer(vec![linked(1), consent.into(), erased.into()]);
    assert!(row.erased && row.identities.0.is_empty() && row.consents.0.is_empty());
    assert_eq!((row.name_position, row.language), (None, None));
    assert_eq!((row.identified_at, row.tier, row.version), (at(1), Tier::New, 4));
}

fn article(events: Vec<ArticleEvent>) -> ArticleRow {
    let fold: Articles = after("article", events);
    fold.rows.get(&(TENANT, ArticleId(ID), english())).unwrap().clone()
}

fn drafted(title: &str) -> ArticleEvent {
    let body = ArticleBody::new("Order one up.").unwrap();
    Drafted { locale: english(), title: name(title), body, author: ADA }.into()
}

fn published(version: u32, title: &str) -> ArticleEvent {
    let body = ArticleBody::new("Order one up.").unwrap();
    Published { locale: english(), version, title: name(title), body }.into()
}

#[test]
fn a_new_draft_leaves_what_is_published_as_it_was() {
    let revised = Revised {
        locale: english(),
        title: name("Sizes, again"),
        body: ArticleBody::new("Order two up.").unwrap(),
        author: BOB,
    };
    let row = article(vec![drafted("Sizes"), published(1, "Sizes"), revised.into()]);
    assert_eq!(
        (row.draft_state, row.title, row.author_id),
        (DraftState::Draft, name("Sizes, again"), BOB)
    );
    assert_eq!((row.published_version, row.published_title), (Some(1), Some(name("Sizes"))));
    assert_eq!((row.draft_position, row.published_position), (3, Some(2)));
}

#[test]
fn a_draft_goes_through_review_and_is_none_once_it_is_published() {
    let asked: ArticleEvent = ReviewRequested { locale: english(), by: ADA }.into();
    let reviewed = |outcome| -> ArticleEvent {
        Reviewed { locale: english(), outcome, reviewer: BOB, comment: None }.into()
    };
    let state =
        |events: &[ArticleEvent]| article([&[drafted("Sizes")], events].concat()).draft_state;
    assert_eq!(state(std::slice::from_ref(&asked)), DraftState::InReview);
    let sent_back = [asked.clone(), reviewed(ReviewOutcome::ChangesRequested)];
    assert_eq!(state(&sent_back), DraftState::ChangesRequested);
    let approved = [asked, reviewed(ReviewOutcome::Approved)];
    assert_eq!(state(&approved), DraftState::Approved);
    assert_eq!(state(&[approved.as_slice(), &[published(1, "Sizes")]].concat()), DraftState::None);
}

#[test]
fn a_retired_locale_shows_nothing_and_goes_on_when_it_is_drafted_again() {
    let retired: ArticleEvent = Retired { locale: english() }.into();
    let row = article(vec![drafted("Sizes"), published(1, "Sizes"), retired.clone()]);
    assert!(row.retired && row.published_version.is_none() && row.published_title.is_none());
    let again = vec![drafted("Sizes"), published(1, "Sizes"), retired, drafted("Widths")];
    let row = article(again);
    assert_eq!((row.retired, row.created_at, row.version), (false, at(1), 4));
}

#[test]
fn a_citation_counts_and_is_no_change() {
    let cited = Cited {
        locale: english(),
        version: 1,
        conversation: ConversationId(Uuid::from_u128(9)),
        agent: ADA,
    };
    let row =
        article(vec![drafted("Sizes"), published(1, "Sizes"), cited.clone().into(), cited.into()]);
    assert_eq!((row.citations, row.updated_at, row.version), (2, at(2), 4));
}
