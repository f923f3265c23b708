//! Random lives of a customer, told by the aggregates themselves.

use jiff::{Timestamp, ToSpan};
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use crate::{
    conversation::{
        Conversation, ConversationCommand, ConversationEvent,
        command::{
            AddNote, Close, ConfirmResolution, MergeInto, Open, ReceiveCustomerMessage, Reopen,
            Reply, Resolve, Unmerge,
        },
        event::CustomerMessageReceived,
    },
    customer::{
        Customer, CustomerCommand, CustomerEvent,
        command::{Erase, Identify, SetTier},
    },
    decider::Decider,
    features::Fact,
    ids::{AgentId, ConversationId, CustomerId, MessageId},
    personal::Personal,
    text::{Key, MessageText},
    words::{Cause, Channel, Priority, ResolutionKind, Tier},
};

/// The customer.
pub const LIFE: CustomerId = CustomerId(Uuid::from_u128(0x11fe));
const ADA: AgentId = AgentId(Uuid::from_u128(0xada));
const CONVERSATIONS: u128 = 5;

/// A fact, and when it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub what: What,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Customer(CustomerEvent),
    Conversation(ConversationId, ConversationEvent),
}

impl Happened {
    pub fn customer(event: CustomerEvent, at: Timestamp) -> Self {
        Self { what: What::Customer(event), at }
    }

    pub fn conversation(number: u128, event: ConversationEvent, at: Timestamp) -> Self {
        Self { what: What::Conversation(conversation(number), event), at }
    }

    pub fn fact(&self) -> Fact<'_> {
        match &self.what {
            What::Customer(event) => Fact::Customer(event),
            What::Conversation(id, event) => Fact::Conversation(*id, event),
        }
    }
}

/// Its stream; none is the profile.
pub fn of_stream(happened: &Happened) -> Option<ConversationId> {
    match &happened.what {
        What::Customer(_) => None,
        What::Conversation(id, _) => Some(*id),
    }
}

pub fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

/// Noon of a day, counted from an arbitrary one.
pub fn day(number: i64) -> Timestamp {
    let first: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    first + (number * 24).hours()
}

/// Something asked, some seconds after what was asked before.
#[derive(Debug, Clone)]
pub enum Asked {
    OfCustomer(i64, CustomerCommand),
    OfConversation(i64, u128, Act),
}

#[derive(Debug, Clone, Copy)]
pub enum Act {
    Open,
    Write(Channel),
    Reply,
    Note,
    Resolve(ResolutionKind),
    Confirm,
    Reopen,
    Close,
    MergeInto(u128),
    Unmerge,
}

pub fn message(seconds: i64, channel: Channel) -> Asked {
    Asked::OfConversation(seconds, 1, Act::Write(channel))
}

pub fn reply(seconds: i64) -> Asked {
    Asked::OfConversation(seconds, 1, Act::Reply)
}

pub fn wrote(number: u128, channel: Channel) -> ConversationEvent {
    CustomerMessageReceived {
        message: MessageId(Uuid::from_u128(number)),
        text: Personal::about(LIFE, "hello"),
        channel,
        language: None,
        intake: None,
    }
    .into()
}

/// A new customer who opens conversation 1 at noon of a day, and what follows.
pub fn begin(first_day: i64, asked: &[Asked]) -> Vec<Happened> {
    let identify = Identify { id: LIFE, display_name: None, language: None, tier: Tier::New };
    let first = [Asked::OfCustomer(0, identify.into()), Asked::OfConversation(0, 1, Act::Open)];
    live(first_day, first.iter().chain(asked))
}

/// Asks the aggregates in turn; what they refuse does not happen.
fn live<'a>(first_day: i64, asked: impl Iterator<Item = &'a Asked>) -> Vec<Happened> {
    let mut customer = Customer::default();
    let mut conversations = vec![Conversation::default(); CONVERSATIONS as usize + 1];
    let mut facts = vec![];
    let mut at = day(first_day);
    for (number, asked) in (0..).zip(asked) {
        match asked {
            Asked::OfCustomer(seconds, command) => {
                at += seconds.seconds();
                for event in customer.decide(command.clone()).unwrap_or_default() {
                    customer.evolve(&event);
                    facts.push(Happened::customer(event, at));
                }
            }
            Asked::OfConversation(seconds, id, act) => {
                at += seconds.seconds();
                let state = conversations.get_mut(usize::try_from(*id).unwrap()).unwrap();
                for event in state.decide(command(*act, *id, number, at)).unwrap_or_default() {
                    state.evolve(&event);
                    facts.push(Happened::conversation(*id, event, at));
                }
            }
        }
    }
    facts
}

fn command(act: Act, id: u128, number: u128, at: Timestamp) -> ConversationCommand {
    let message = MessageId(Uuid::from_u128(number));
    let text = MessageText::new("hello").unwrap();
    let (agent, channel) = (ADA, Channel::Chat);
    match act {
        Act::Open => Open {
            id: conversation(id),
            customer: LIFE,
            channel,
            subject: None,
            language: None,
            tier: Tier::New,
            priority: Priority::Normal,
            team: None,
        }
        .into(),
        Act::Write(channel) => ReceiveCustomerMessage {
            message,
            text,
            channel,
            language: None,
            intake: None,
            at,
            reopen_within_hours: 8_760,
        }
        .into(),
        Act::Reply => Reply { message, agent, text, channel }.into(),
        Act::Note => AddNote { message, agent, text, mentions: vec![] }.into(),
        Act::Resolve(kind) => Resolve { kind, at }.into(),
        Act::Confirm => ConfirmResolution {}.into(),
        Act::Reopen => Reopen { cause: Cause::Person }.into(),
        Act::Close => Close {}.into(),
        Act::MergeInto(target) => {
            MergeInto { target: conversation(target), target_customer: LIFE, one_person: false }
                .into()
        }
        Act::Unmerge => Unmerge {}.into(),
    }
}

fn an_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => Just(Act::Open),
        6 => select(Channel::ALL).prop_map(Act::Write),
        6 => Just(Act::Reply),
        1 => Just(Act::Note),
        3 => select(ResolutionKind::ALL).prop_map(Act::Resolve),
        2 => Just(Act::Confirm),
        2 => Just(Act::Reopen),
        1 => Just(Act::Close),
        2 => (1..=CONVERSATIONS).prop_map(Act::MergeInto),
        2 => Just(Act::Unmerge),
    ]
}

fn a_question() -> impl Strategy<Value = Asked> {
    let seconds = || prop_oneof![3 => 0..20_000_i64, 1 => 0..4_000_000_i64];
    let erase = || Erase { legal_basis: Key::new("gdpr-17").unwrap(), texts_deleted: 0 };
    prop_oneof![
        30 => (seconds(), 1..=CONVERSATIONS, an_act())
            .prop_map(|(seconds, id, act)| Asked::OfConversation(seconds, id, act)),
        6 => (seconds(), select(Tier::ALL))
            .prop_map(|(seconds, tier)| Asked::OfCustomer(seconds, SetTier { tier }.into())),
        1 => (0..100_u8, seconds()).prop_map(move |(dice, seconds)| {
            let tier = SetTier { tier: Tier::Vip };
            let command = if dice < 20 { erase().into() } else { tier.into() };
            Asked::OfCustomer(seconds, command)
        }),
    ]
}

/// Facts in the order in which they happened.
pub fn a_life() -> impl Strategy<Value = Vec<Happened>> {
    vec(a_question(), 0..60).prop_map(|asked| begin(0, &asked))
}
