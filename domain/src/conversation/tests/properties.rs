//! What holds for every history, not just the ones we thought of.

use proptest::{prelude::*, sample::Index};

use super::{commands::any_command, *};
use crate::{
    conversation::snapshot::ConversationSnapshot, decider::Decider, fields::FieldInput,
    laws::obeys_the_laws, text::Subject,
};

/// One command of a history, and what came of it.
struct Step {
    before: Conversation,
    command: ConversationCommand,
    decision: Result<Vec<ConversationEvent>, ConversationRefusal>,
    after: Conversation,
}

/// Opens a conversation and asks all of `commands` of it, one after the other.
fn lived(commands: Vec<ConversationCommand>) -> Vec<Step> {
    let mut now = Conversation::default();
    let mut steps = vec![];
    let subject = Some(Subject::new("My card").expect("a subject fits"));
    let opening = command::Open { subject, ..open() };
    for command in std::iter::once(opening.into()).chain(commands) {
        let before = now.clone();
        let decision = now.decide(command.clone());
        decision.iter().flatten().for_each(|event| now.evolve(event));
        steps.push(Step { before, command, decision, after: now.clone() });
    }
    steps
}

fn events(steps: &[Step]) -> Vec<ConversationEvent> {
    steps.iter().flat_map(|step| step.decision.iter().flatten()).cloned().collect()
}

fn commands() -> impl Strategy<Value = Vec<ConversationCommand>> {
    prop::collection::vec(any_command(), 0..60)
}

/// Free texts are not held by the state, so that the same one again is set again.
fn sets_a_text(command: &ConversationCommand) -> bool {
    matches!(
        command,
        ConversationCommand::SetField(command::SetField { value: Some(FieldInput::Text(_)), .. })
    )
}

fn redacts(event: &ConversationEvent) -> bool {
    matches!(
        event,
        ConversationEvent::MessageRedacted(_)
            | ConversationEvent::SubjectRedacted(_)
            | ConversationEvent::FieldRedacted(_)
    )
}

proptest! {
    #[test]
    fn a_conversation_obeys_the_laws(commands in commands()) {
        let opened = std::iter::once(open().into()).chain(commands);
        obeys_the_laws::<Conversation>(opened.collect(), sets_a_text);
    }

    #[test]
    fn nothing_but_opening_is_asked_of_what_does_not_exist(command in any_command()) {
        let opens = matches!(
            command,
            ConversationCommand::Open(_) | ConversationCommand::BeginFromSplit(_)
        );
        let decision = Conversation::default().decide(command);
        prop_assert_eq!(decision == Err(ConversationRefusal::NoSuchConversation), !opens);
    }

    #[test]
    fn a_closed_conversation_only_forgets_or_lets_go(commands in commands()) {
        let mut closed = false;
        for event in events(&lived(commands)) {
            let leaves = matches!(event, ConversationEvent::MergeUndone(_));
            prop_assert!(!closed || leaves || redacts(&event), "{event:?} after closing");
            closed |= matches!(event, ConversationEvent::Closed(_));
        }
    }

    #[test]
    fn a_merged_conversation_only_forgets_lets_go_or_comes_back(commands in commands()) {
        for step in lived(commands) {
            if step.before.merged_into().is_none() {
                continue;
            }
            let first = step.decision.iter().flatten().next();
            let fits = |event: &ConversationEvent| {
                let leaves = matches!(
                    event,
                    ConversationEvent::MergeUndone(_) | ConversationEvent::Unmerged(_)
                );
                leaves || redacts(event)
            };
            prop_assert!(first.is_none_or(fits), "{first:?} after merging");
        }
    }

    #[test]
    fn episodes_are_counted_without_a_gap(commands in commands()) {
        let mut episode = 1;
        for event in events(&lived(commands)) {
            match event {
                ConversationEvent::Reopened(event) => {
                    episode += 1;
                    prop_assert_eq!(event.episode, episode);
                }
                ConversationEvent::Resolved(event) => prop_assert_eq!(event.episode, episode),
                ConversationEvent::Closed(event) => prop_assert_eq!(event.episode, episode),
                _ => {}
            }
        }
    }

    #[test]
    fn at_most_one_agent_is_responsible_and_the_events_say_who_was(commands in commands()) {
        let mut responsible = None;
        for event in events(&lived(commands)) {
            match event {
                ConversationEvent::Claimed(event) => {
                    prop_assert_eq!(responsible.replace(event.agent), None);
                }
                ConversationEvent::Assigned(event) => {
                    prop_assert_eq!(responsible.replace(event.agent), event.previous);
                }
                ConversationEvent::Released(event) => {
                    prop_assert_eq!(responsible.take(), Some(event.agent));
                }
                ConversationEvent::AgentReplied(event) => {
                    prop_assert_eq!(responsible, Some(event.agent));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_wait_and_snooze_has_its_own_end(commands in commands()) {
        let (mut waits, mut snoozed) = (false, false);
        for event in events(&lived(commands)) {
            match event {
                ConversationEvent::WaitingStarted(_) => {
                    prop_assert!(!waits && !snoozed);
                    waits = true;
                }
                ConversationEvent::Snoozed(_) => {
                    prop_assert!(!waits && !snoozed);
                    snoozed = true;
                }
                ConversationEvent::WaitingEnded(_) => prop_assert!(std::mem::take(&mut waits)),
                ConversationEvent::Woken(_) => prop_assert!(std::mem::take(&mut snoozed)),
                ConversationEvent::Resolved(_)
                | ConversationEvent::MergedInto(_)
                | ConversationEvent::CustomerMessageReceived(_) => {
                    prop_assert!(!waits && !snoozed, "{event:?} within a pause");
                }
                _ => {}
            }
        }
    }

    #[test]
    fn no_message_reopens_after_the_window(commands in commands()) {
        let mut resolved_at = None;
        for step in lived(commands) {
            for event in step.decision.iter().flatten() {
                match (event, &step.command) {
                    (ConversationEvent::Resolved(event), _) => resolved_at = Some(event.at),
                    (
                        ConversationEvent::Reopened(_),
                        ConversationCommand::ReceiveCustomerMessage(command),
                    ) => {
                        let hours = SignedDuration::from_hours(command.reopen_within_hours.into());
                        prop_assert!(resolved_at.is_some_and(|it| command.at <= it + hours));
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn nothing_is_assumed_resolved_while_somebody_waits_for_an_answer(commands in commands()) {
        for step in lived(commands) {
            let resolves = |event: &ConversationEvent| {
                matches!(event, ConversationEvent::Resolved(it)
                    if it.kind == ResolutionKind::Assumed)
            };
            if step.decision.iter().flatten().any(resolves) {
                prop_assert!(!step.before.awaits_reply());
            }
        }
    }

    #[test]
    fn what_a_reader_sees_agrees_with_what_the_rules_know(commands in commands()) {
        let mut seen = None;
        for step in lived(commands) {
            for event in step.decision.iter().flatten() {
                ConversationSnapshot::fold(&mut seen, event, at(0));
            }
            let seen = seen.as_ref().expect("the first step opens it");
            let known = &step.after;
            prop_assert_eq!(Some(seen.status), known.status());
            prop_assert_eq!(Some(seen.customer), known.customer());
            prop_assert_eq!(Some(seen.tier), known.tier());
            prop_assert_eq!(Some(seen.priority), known.priority());
            prop_assert_eq!(seen.team, known.team());
            prop_assert_eq!(seen.assignee, known.assignee());
            prop_assert_eq!(seen.episode(), known.episode());
            prop_assert_eq!(seen.merged_into, known.merged_into());
            prop_assert_eq!(seen.snoozed_until, known.snoozed_until());
            prop_assert_eq!(seen.waiting_since().is_some(), known.awaits_reply());
            prop_assert_eq!(&seen.tags, &known.tags);
            prop_assert!(seen.fields.keys().eq(known.fields.keys()));
            let messages = known.messages.iter().filter(|it| it.is_public()).count();
            prop_assert_eq!(usize::try_from(seen.message_count)?, messages);
        }
    }

    /// A fold can't refuse: also a history that no rule would have granted is one.
    #[test]
    fn folding_is_total(
        commands in commands(),
        order in prop::collection::vec(any::<Index>(), 60),
    ) {
        let events = events(&lived(commands));
        let mut state = Conversation::default();
        let mut seen = None;
        for index in order {
            let event = index.get(&events);
            state.evolve(event);
            ConversationSnapshot::fold(&mut seen, event, at(0));
        }
        let stored = serde_json::to_string(&(&state, &seen))?;
        let read: (Conversation, Option<ConversationSnapshot>) = serde_json::from_str(&stored)?;
        prop_assert_eq!(read, (state, seen));
    }
}
