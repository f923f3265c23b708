//! Given what happened, when something is asked, then what happens.

mod commands;
mod forest;
mod labels;
mod merging;
mod messages;
mod ownership;
mod properties;
mod redaction;
mod resolution;
mod snapshot;
mod splitting;
mod waiting;

use cqrs_es::test::{AggregateResultValidator, TestFramework};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    Conversation, ConversationCommand, ConversationEvent, ConversationRefusal, command,
    event::{
        AgentReplied, Assigned, Claimed, Closed, CustomerMessageReceived, MergedInto, NoteAdded,
        Opened, Reopened, Resolved, Snoozed, WaitingStarted,
    },
};
use crate::{
    decider::Refusal,
    ids::{AgentId, ConversationId, CustomerId, MessageId, TeamId},
    personal::Personal,
    text::MessageText,
    words::{Cause, Channel, Priority, ResolutionKind, Tier, WaitingOn},
};

const ADA: AgentId = AgentId(Uuid::from_u128(0xada));
const BOB: AgentId = AgentId(Uuid::from_u128(0xb0b));
const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(0xc));
const THIS: ConversationId = ConversationId(Uuid::from_u128(0x1001));
const OTHER: ConversationId = ConversationId(Uuid::from_u128(0x1002));
const BILLING: TeamId = TeamId(Uuid::from_u128(0xb111));

/// So many hours after the first instant of these stories.
fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000 + hours)
}

fn message(number: u128) -> MessageId {
    MessageId(Uuid::from_u128(0x3e55_0000 + number))
}

fn text(words: &str) -> MessageText {
    MessageText::new(words).expect("a text of a test fits")
}

struct Given(Vec<ConversationEvent>);

fn given<const N: usize>(events: [ConversationEvent; N]) -> Given {
    Given(events.into())
}

impl Given {
    fn when(self, command: impl Into<ConversationCommand>) -> Then {
        let framework = TestFramework::<Conversation>::with(());
        Then(framework.given(self.0).when(command.into()))
    }
}

struct Then(AggregateResultValidator<Conversation>);

impl Then {
    fn then<const N: usize>(self, events: [ConversationEvent; N]) {
        self.0.then_expect_events(events.into());
    }

    fn then_refused(self, refusal: ConversationRefusal) {
        self.0.then_expect_error(refusal);
    }
}

fn opened() -> ConversationEvent {
    Opened {
        conversation: THIS,
        customer: CUSTOMER,
        channel: Channel::Chat,
        subject: None,
        language: None,
        tier: Tier::Standard,
        priority: Priority::Normal,
        team: None,
    }
    .into()
}

fn open() -> command::Open {
    command::Open {
        id: THIS,
        customer: CUSTOMER,
        channel: Channel::Chat,
        subject: None,
        language: None,
        tier: Tier::Standard,
        priority: Priority::Normal,
        team: None,
    }
}

/// The customer wrote message `number`.
fn wrote(number: u128) -> ConversationEvent {
    CustomerMessageReceived {
        message: message(number),
        text: Personal::about(CUSTOMER, "where is it"),
        channel: Channel::Chat,
        language: None,
        intake: None,
    }
    .into()
}

/// The customer writes message `number`, so many hours into the story; a week reopens.
fn write(number: u128, hours: i64) -> command::ReceiveCustomerMessage {
    command::ReceiveCustomerMessage {
        message: message(number),
        text: text("where is it"),
        channel: Channel::Chat,
        language: None,
        intake: None,
        at: at(hours),
        reopen_within_hours: 168,
    }
}

fn claimed(agent: AgentId) -> ConversationEvent {
    Claimed { agent }.into()
}

fn assigned(agent: AgentId, previous: Option<AgentId>) -> ConversationEvent {
    Assigned { agent, previous }.into()
}

fn replied(number: u128, agent: AgentId) -> ConversationEvent {
    AgentReplied {
        message: message(number),
        agent,
        text: Personal::about(CUSTOMER, "on its way"),
        channel: Channel::Chat,
    }
    .into()
}

fn reply(number: u128, agent: AgentId) -> command::Reply {
    command::Reply {
        message: message(number),
        agent,
        text: text("on its way"),
        channel: Channel::Chat,
    }
}

fn noted(number: u128, agent: AgentId) -> ConversationEvent {
    NoteAdded { message: message(number), agent, text: Personal::about(CUSTOMER, "was rude") }
        .into()
}

fn waiting(on: WaitingOn) -> ConversationEvent {
    WaitingStarted { on }.into()
}

fn snoozed(hours: i64) -> ConversationEvent {
    Snoozed { until: at(hours) }.into()
}

fn resolved(kind: ResolutionKind, episode: u32, hours: i64) -> ConversationEvent {
    Resolved { kind, episode, at: at(hours) }.into()
}

fn assumed(episode: u32, hours: i64) -> ConversationEvent {
    resolved(ResolutionKind::Assumed, episode, hours)
}

fn reopened(episode: u32, cause: Cause) -> ConversationEvent {
    Reopened { episode, cause }.into()
}

fn closed(episode: u32) -> ConversationEvent {
    Closed { episode }.into()
}

fn merged_into(target: ConversationId) -> ConversationEvent {
    MergedInto { target }.into()
}

fn folded(events: &[ConversationEvent]) -> Conversation {
    let mut conversation = Conversation::default();
    for event in events {
        conversation.fold(event);
    }
    conversation
}

#[test]
fn a_conversation_opens_once() {
    given([]).when(open()).then([opened()]);
    given([opened()]).when(open()).then_refused(ConversationRefusal::AlreadyOpen);
}

#[test]
fn what_was_never_opened_takes_nothing() {
    let asked: [ConversationCommand; 5] = [
        write(1, 0).into(),
        reply(1, ADA).into(),
        command::Claim { agent: ADA }.into(),
        command::Close {}.into(),
        command::Unmerge {}.into(),
    ];
    for command in asked {
        given([]).when(command).then_refused(ConversationRefusal::NoSuchConversation);
    }
}

#[test]
fn a_refusal_has_a_code_that_callers_match_on() {
    let refusal = ConversationRefusal::AlreadyClaimed { by: ADA };
    assert_eq!(refusal.code(), "ALREADY_CLAIMED");
    assert_eq!(refusal.to_string(), "another agent has claimed the conversation");
}
