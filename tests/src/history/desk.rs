//! What can be asked at a random desk, and what comes of it by the rules.

mod intake;
mod person;

use allhours_domain::{
    agent::{Agent, command as agent},
    article::{Article, command as article},
    catalogue::AnyEvent,
    conversation::{Conversation, command as conversation},
    customer::{Customer, command as customer},
    decider::Decider,
    fields::{FieldInput, FieldKind},
    ids::{AgentId, ConversationId, CustomerId, IdentityId, MessageId, TeamId},
    intake::Intake,
    team::{Team, command as team},
    text::{
        Address, ArticleBody, FieldText, Key, Language, MessageText, Name, Reason, Subject, Tag,
    },
    words::{
        Cause, Channel, Presence, Priority, Purpose, ResolutionKind, ReviewOutcome, Tier, WaitingOn,
    },
};
use allhours_eventstore::recorded::{StreamId, StreamType};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Chance;

/// An aggregate in memory, as far as its events have gone.
#[derive(Debug, Clone)]
struct Held<D> {
    id: Uuid,
    state: D,
    version: i32,
}

/// The desk of one tenant.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) tenant: Uuid,
    agents: Vec<Held<Agent>>,
    teams: Vec<Held<Team>>,
    customers: Vec<Held<Customer>>,
    conversations: Vec<Held<Conversation>>,
    articles: Vec<Held<Article>>,
    intakes: Vec<Held<Intake>>,
}

/// Events of one stream, and the version they follow.
pub(super) type Part = (StreamId, i32, Vec<AnyEvent>);

fn held<D: Decider>(id: Uuid) -> Held<D> {
    Held { id, state: D::default(), version: 0 }
}

/// What comes of a command; nothing where a rule says no.
fn ask<D>(held: &mut Held<D>, command: impl Into<D::Command>) -> Option<Part>
where
    D: Decider,
    D::Event: Into<AnyEvent>,
{
    let events = held.state.decide(command.into()).ok()?;
    let stream = StreamId { stream_type: StreamType(D::STREAM_TYPE), id: held.id };
    let expected = held.version;
    for event in &events {
        held.state.evolve(event);
        held.version += 1;
    }
    Some((stream, expected, events.into_iter().map(Into::into).collect()))
}

fn one(part: Option<Part>) -> Vec<Part> {
    part.into_iter().collect()
}

const LANGUAGES: &[&str] = &["en", "de", "zh-Hans", "ja"];

fn language(chance: &mut Chance) -> Language {
    Language::new(chance.one_of(LANGUAGES)).expect("a language")
}

fn name(chance: &mut Chance) -> Name {
    Name::new(format!("Name {}", chance.below(1_000))).expect("a name")
}

fn key(name: &str) -> Key {
    Key::new(name).expect("a key")
}

fn note() -> FieldText {
    FieldText::new("asked for").expect("a text")
}

fn reason() -> Reason {
    Reason::new("asked for").expect("a reason")
}

/// Sets a number or a text, or clears it.
fn field(chance: &mut Chance) -> conversation::SetField {
    let chosen = chance.below(6);
    let (field, kind, value) = if chosen < 3 {
        (key("count"), FieldKind::Integer, FieldInput::Integer(7))
    } else {
        (key("note"), FieldKind::Text, FieldInput::Text(note()))
    };
    let value = (!chosen.is_multiple_of(3)).then_some(value);
    conversation::SetField { field, kind: Some(kind), value }
}

impl Desk {
    pub(super) fn of(tenant: Uuid) -> Self {
        Self { tenant, ..Self::default() }
    }

    /// Asks for something; nothing comes of what a rule refuses.
    pub(super) fn step(&mut self, chance: &mut Chance, now: Timestamp) -> Vec<Part> {
        if self.agents.is_empty() {
            return self.agent(chance);
        }
        let few = self.agents.len() < 4 || self.customers.len() < 6 || self.teams.is_empty();
        match if few { chance.below(3) } else { 3 + chance.below(43) } {
            0 | 3 | 6..=8 => self.agent(chance),
            1 | 4 | 9..=11 => self.customer(chance),
            2 | 5 => self.team(chance),
            12..=14 => self.article(chance),
            15..=18 => self.opening(chance),
            19 => self.merging(chance),
            20..=22 => self.intake(chance),
            _ => self.conversation(chance, now),
        }
    }

    fn any_agent(&self, chance: &mut Chance) -> AgentId {
        let ids: Vec<Uuid> = self.agents.iter().map(|agent| agent.id).collect();
        AgentId(chance.one_of(&ids))
    }

    fn any_team(&self, chance: &mut Chance) -> Option<TeamId> {
        let index = chance.below(self.teams.len() + 1);
        self.teams.get(index).map(|team| TeamId(team.id))
    }

    fn agent(&mut self, chance: &mut Chance) -> Vec<Part> {
        if self.agents.len() < 8 && chance.below(3) == 0 || self.agents.is_empty() {
            let id = chance.id();
            let mut held = held::<Agent>(id);
            let registered = ask(
                &mut held,
                agent::Register {
                    id: AgentId(id),
                    display_name: name(chance),
                    languages: vec![language(chance)],
                    capacity_units: 5,
                },
            );
            self.agents.push(held);
            return one(registered);
        }
        let index = chance.below(self.agents.len());
        let held = &mut self.agents[index];
        let skill = Key::new(format!("skill-{}", chance.below(3))).expect("a key");
        one(match chance.below(10) {
            0 => ask(held, agent::Rename { display_name: name(chance) }),
            1 => ask(held, agent::SetSkill { skill, level: 3 }),
            2 => ask(held, agent::RemoveSkill { skill }),
            3 => ask(held, agent::SetLanguages { languages: vec![language(chance)] }),
            4 => ask(held, agent::SetCapacity { capacity_units: 7 }),
            5 => ask(held, agent::Deactivate {}),
            6 => ask(held, agent::Reactivate {}),
            _ => ask(held, agent::SetPresence { presence: chance.one_of(Presence::ALL) }),
        })
    }

    fn team(&mut self, chance: &mut Chance) -> Vec<Part> {
        if self.teams.len() < 3 {
            let mut held = held::<Team>(chance.id());
            let created = ask(&mut held, team::Create { name: name(chance) });
            self.teams.push(held);
            return one(created);
        }
        let agent = self.any_agent(chance);
        let index = chance.below(self.teams.len());
        let held = &mut self.teams[index];
        one(match chance.below(4) {
            0 => ask(held, team::Rename { name: name(chance) }),
            1 => ask(held, team::RemoveMember { agent }),
            _ => ask(held, team::AddMember { agent }),
        })
    }

    fn customer(&mut self, chance: &mut Chance) -> Vec<Part> {
        if self.customers.len() < 6 || chance.below(4) == 0 {
            let id = chance.id();
            let mut held = held::<Customer>(id);
            let known = (chance.below(2) == 0).then(|| name(chance));
            let identified = ask(
                &mut held,
                customer::Identify {
                    id: CustomerId(id),
                    display_name: known,
                    language: Some(language(chance)),
                    tier: chance.one_of(Tier::ALL),
                },
            );
            self.customers.push(held);
            return one(identified);
        }
        let index = chance.below(self.customers.len());
        let identity = IdentityId(Uuid::from_u128(u128::from(chance.next() % 3)));
        let asked = chance.below(12);
        if (9..=10).contains(&asked) {
            return self.person(chance);
        }
        let held = &mut self.customers[index];
        one(match asked {
            0 => ask(
                held,
                customer::ChangeProfile { display_name: Some(name(chance)), language: None },
            ),
            1..=3 => ask(
                held,
                customer::LinkIdentity {
                    identity,
                    channel: chance.one_of(Channel::ALL),
                    address: Address::new("someone@example.org").expect("an address"),
                    verified: true,
                },
            ),
            4 => ask(held, customer::UnlinkIdentity { identity }),
            5..=6 => ask(held, customer::SetTier { tier: chance.one_of(Tier::ALL) }),
            7..=8 => ask(
                held,
                customer::SetConsent {
                    purpose: chance.one_of(Purpose::ALL),
                    granted: chance.below(2) == 0,
                },
            ),
            _ => ask(
                held,
                customer::Erase {
                    legal_basis: Key::new("gdpr-17").expect("a key"),
                    texts_deleted: 0,
                },
            ),
        })
    }

    fn article(&mut self, chance: &mut Chance) -> Vec<Part> {
        let by = self.any_agent(chance);
        let reviewer = self.any_agent(chance);
        let conversation = self.conversations.last().map(|held| ConversationId(held.id));
        if self.articles.len() < 2 || chance.below(6) == 0 {
            self.articles.push(held(chance.id()));
        }
        let index = chance.below(self.articles.len());
        let held = &mut self.articles[index];
        let locale = Language::new(chance.one_of(&["en", "de"])).expect("a language");
        let body = ArticleBody::new(format!("Body {}", chance.below(9))).expect("a body");
        one(match chance.below(8) {
            0 | 1 => ask(held, article::Draft { locale, title: name(chance), body, author: by }),
            2 | 3 => ask(held, article::RequestReview { locale, by }),
            4 => ask(
                held,
                article::Review {
                    locale,
                    outcome: chance.one_of(ReviewOutcome::ALL),
                    reviewer,
                    comment: None,
                },
            ),
            5 => ask(held, article::Publish { locale }),
            6 => ask(held, article::Retire { locale }),
            _ => conversation.and_then(|conversation| {
                ask(held, article::Cite { locale, version: 1, conversation, agent: by })
            }),
        })
    }

    fn opening(&mut self, chance: &mut Chance) -> Vec<Part> {
        let index = chance.below(self.customers.len());
        let customer = CustomerId(self.customers[index].id);
        let team = self.any_team(chance);
        let id = chance.id();
        let mut held = held::<Conversation>(id);
        let subject = (chance.below(2) == 0).then(|| Subject::new("Subject").expect("a subject"));
        let opened = ask(
            &mut held,
            conversation::Open {
                id: ConversationId(id),
                customer,
                channel: chance.one_of(Channel::ALL),
                subject,
                language: None,
                tier: chance.one_of(Tier::ALL),
                priority: chance.one_of(Priority::ALL),
                team,
            },
        );
        self.conversations.push(held);
        one(opened)
    }

    /// Merges one of the last conversations into another, or lets it go again.
    fn merging(&mut self, chance: &mut Chance) -> Vec<Part> {
        let count = self.conversations.len();
        if count < 2 {
            return vec![];
        }
        let recent = |chance: &mut Chance| count - 1 - chance.below(count.min(12));
        let source = recent(chance);
        let mut from = self.conversations[source].clone();
        let merged = from.state.merged_into();
        let target = match merged {
            Some(target) => self.conversations.iter().position(|held| held.id == target.0),
            None => Some(recent(chance)),
        };
        let Some(target) = target.filter(|target| *target != source) else { return vec![] };
        let mut into = self.conversations[target].clone();
        let (from_id, into_id) = (ConversationId(from.id), ConversationId(into.id));
        let awaits_reply = from.state.awaits_reply();
        let parts = if merged.is_some() {
            ask(&mut from, conversation::Unmerge {})
                .zip(ask(&mut into, conversation::UndoMerge { source: from_id }))
        } else {
            let Some(target_customer) = into.state.customer() else { return vec![] };
            let target = into_id;
            let merge = conversation::MergeInto { target, target_customer, one_person: false };
            ask(&mut from, merge)
                .zip(ask(&mut into, conversation::ReceiveMerge { source: from_id, awaits_reply }))
        };
        let Some((one, other)) = parts else { return vec![] };
        self.conversations[source] = from;
        self.conversations[target] = into;
        vec![one, other]
    }

    fn conversation(&mut self, chance: &mut Chance, now: Timestamp) -> Vec<Part> {
        let count = self.conversations.len();
        if count == 0 {
            return self.opening(chance);
        }
        let (agent, team) = (self.any_agent(chance), self.any_team(chance));
        let index = count - 1 - chance.below(count.min(20));
        let held = &mut self.conversations[index];
        let message = MessageId(chance.id());
        let text = MessageText::new(format!("Text {}", chance.below(100))).expect("a text");
        let tag = Tag::new(format!("tag-{}", chance.below(4))).expect("a tag");
        one(match chance.below(28) {
            0..=6 => ask(
                held,
                conversation::ReceiveCustomerMessage {
                    message,
                    text,
                    channel: chance.one_of(Channel::ALL),
                    language: Some(language(chance)),
                    intake: None,
                    at: now,
                    reopen_within_hours: 24,
                },
            ),
            7..=11 => {
                ask(held, conversation::Reply { message, agent, text, channel: Channel::Chat })
            }
            12 => ask(held, conversation::AddNote { message, agent, text, mentions: vec![] }),
            13 => ask(held, conversation::SetPriority { priority: chance.one_of(Priority::ALL) }),
            14 => ask(held, conversation::AssignTier { tier: chance.one_of(Tier::ALL) }),
            15 => ask(held, conversation::AddTag { tag }),
            16 => ask(held, conversation::RemoveTag { tag }),
            17 => ask(held, field(chance)),
            18 => ask(held, conversation::Assign { agent }),
            19 => ask(held, conversation::Claim { agent }),
            20 => ask(held, conversation::Release { agent }),
            21 => ask(held, conversation::MoveToTeam { team }),
            22 => ask(held, conversation::Wait { on: chance.one_of(WaitingOn::ALL) }),
            23 => ask(
                held,
                conversation::Snooze {
                    until: now + SignedDuration::from_nanos(3_600_000_000_123),
                    at: now,
                },
            ),
            24 => ask(held, conversation::Wake { cause: Cause::Person, at: now }),
            25 => ask(
                held,
                conversation::Resolve { kind: chance.one_of(ResolutionKind::ALL), at: now },
            ),
            26 => ask(held, conversation::Reopen { cause: Cause::Person }),
            _ => match chance.below(4) {
                0 => ask(held, conversation::Close {}),
                1 => ask(held, conversation::ConfirmResolution {}),
                2 => {
                    ask(held, conversation::RedactSubject { went_on_in: vec![], reason: reason() })
                }
                _ => ask(held, conversation::RedactField { field: key("note"), reason: reason() }),
            },
        })
    }
}
