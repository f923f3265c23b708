//! Any command, over few ids, so that histories meet themselves again.

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    conversation::event::MovedMessage,
    fields::{FieldInput, FieldKind},
    text::{FieldText, Key, Reason, Tag},
};

/// One of all commands; those that work on a conversation more often than those that end it.
pub(super) fn any_command() -> impl Strategy<Value = ConversationCommand> {
    prop_oneof![
        6 => words(),
        4 => labels(),
        4 => ownership(),
        4 => pauses(),
        4 => endings(),
        4 => others(),
    ]
}

fn agent() -> impl Strategy<Value = AgentId> {
    select(vec![ADA, BOB])
}

fn some_message() -> impl Strategy<Value = MessageId> {
    (0_u128..12).prop_map(message)
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    (0x1001_u128..0x1005).prop_map(|id| ConversationId(Uuid::from_u128(id)))
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0_i64..400).prop_map(at)
}

fn cause() -> impl Strategy<Value = Cause> {
    select(Cause::ALL)
}

fn words() -> impl Strategy<Value = ConversationCommand> {
    prop_oneof![
        (0_u128..12, 0_i64..400).prop_map(|(number, hours)| write(number, hours).into()),
        (0_u128..12, agent()).prop_map(|(number, agent)| reply(number, agent).into()),
        (some_message(), agent(), prop::collection::vec(agent(), 0..3)).prop_map(
            |(message, agent, mentions)| {
                let text = text("was rude");
                command::AddNote { message, agent, text, mentions }.into()
            }
        ),
        some_message().prop_map(|message| {
            let reason = Reason::new("card number").expect("a reason fits");
            command::Redact { message, reason }.into()
        }),
        prop::option::of(select(vec!["count", "place"])).prop_map(|field| {
            let reason = Reason::new("card number").expect("a reason fits");
            let Some(field) = field else {
                return command::RedactSubject { went_on_in: vec![], reason }.into();
            };
            command::RedactField { field: Key::new(field).expect("a key fits"), reason }.into()
        }),
    ]
}

fn labels() -> impl Strategy<Value = ConversationCommand> {
    let tag = || select(vec!["vat", "late"]).prop_map(|it| Tag::new(it).expect("a tag fits"));
    prop_oneof![
        select(Priority::ALL).prop_map(|priority| command::SetPriority { priority }.into()),
        select(Tier::ALL).prop_map(|tier| command::AssignTier { tier }.into()),
        tag().prop_map(|tag| command::AddTag { tag }.into()),
        tag().prop_map(|tag| command::RemoveTag { tag }.into()),
        (select(vec!["count", "place"]), field()).prop_map(|(field, (kind, value))| {
            let field = Key::new(field).expect("a key fits");
            command::SetField { field, kind, value }.into()
        }),
    ]
}

fn field() -> impl Strategy<Value = (Option<FieldKind>, Option<FieldInput>)> {
    let words = || FieldInput::Text(FieldText::new("left of the door").expect("a text fits"));
    let input = prop_oneof![
        (0_i64..3).prop_map(|it| Some(FieldInput::Integer(it))),
        Just(Some(words())),
        Just(None),
    ];
    let kind = select(vec![None, Some(FieldKind::Integer), Some(FieldKind::Text)]);
    (kind, input)
}

fn ownership() -> impl Strategy<Value = ConversationCommand> {
    prop_oneof![
        agent().prop_map(|agent| command::Assign { agent }.into()),
        agent().prop_map(|agent| command::Claim { agent }.into()),
        agent().prop_map(|agent| command::Release { agent }.into()),
        select(vec![None, Some(BILLING)]).prop_map(|team| command::MoveToTeam { team }.into()),
    ]
}

fn pauses() -> impl Strategy<Value = ConversationCommand> {
    prop_oneof![
        select(WaitingOn::ALL).prop_map(|on| command::Wait { on }.into()),
        (instant(), instant()).prop_map(|(until, at)| command::Snooze { until, at }.into()),
        (cause(), instant()).prop_map(|(cause, at)| command::Wake { cause, at }.into()),
    ]
}

fn endings() -> impl Strategy<Value = ConversationCommand> {
    let kind = select(ResolutionKind::ALL);
    prop_oneof![
        6 => (kind, instant()).prop_map(|(kind, at)| command::Resolve { kind, at }.into()),
        2 => Just(command::ConfirmResolution {}.into()),
        2 => cause().prop_map(|cause| command::Reopen { cause }.into()),
        1 => Just(command::Close {}.into()),
        1 => Just(command::CloseForgotten {}.into()),
    ]
}

fn others() -> impl Strategy<Value = ConversationCommand> {
    let customer = select(vec![CUSTOMER, CustomerId(Uuid::from_u128(0xd))]);
    let moved = (some_message(), prop::option::of(agent()))
        .prop_map(|(message, agent)| MovedMessage { message, agent });
    let messages = prop::collection::vec(some_message(), 0..3);
    prop_oneof![
        Just(open().into()),
        (conversation(), customer, any::<bool>()).prop_map(
            |(target, target_customer, one_person)| {
                command::MergeInto { target, target_customer, one_person }.into()
            }
        ),
        (conversation(), any::<bool>()).prop_map(|(source, awaits_reply)| {
            command::ReceiveMerge { source, awaits_reply }.into()
        }),
        Just(command::Unmerge {}.into()),
        conversation().prop_map(|source| command::UndoMerge { source }.into()),
        (conversation(), messages).prop_map(|(target, messages)| command::SplitOff {
            target,
            messages
        }
        .into()),
        (conversation(), prop::collection::vec(moved, 0..3)).prop_map(|(source, messages)| {
            let command::Open { id, customer, channel, subject, language, tier, priority, team } =
                open();
            command::BeginFromSplit {
                id,
                source,
                messages,
                customer,
                channel,
                subject,
                language,
                tier,
                priority,
                team,
            }
            .into()
        }),
    ]
}
