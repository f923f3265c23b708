//! What belongs to a conversation: its stream, the streams of those merged into it, and the
//! messages that were split off others, which stay where they were written.

use std::collections::{BTreeMap, BTreeSet};

use allhours_domain::{
    catalogue::AnyEvent,
    conversation::{Conversation, ConversationEvent},
    ids::{ConversationId, CustomerId, MessageId, TenantId},
};
use allhours_eventstore::{
    history::{History, Part, Parts, Start},
    recorded::Position,
};
use async_graphql::Result;
use uuid::Uuid;

use super::{
    error::{internal, of_log},
    services::Services,
};
use crate::desk::stream_of;

/// The events that tie conversations to each other.
const TIES: &[&str] = &[
    "conversation.merge_received",
    "conversation.merge_undone",
    "conversation.split_off",
    "conversation.split_from",
];
/// Whether an event of this name ties conversations to each other.
#[must_use]
pub fn ties(name: &str) -> bool {
    TIES.contains(&name)
}

/// The event that says whose a conversation is.
const OPENED: &str = "conversation.opened";

/// How many ties of one conversation are read at once.
const PAGE: usize = 100;
/// How deep merges into merged conversations, and splits of split ones, are followed.
const LEVELS_MAX: usize = 1_000;
/// How many conversations are looked at for one.
const CONVERSATIONS_MAX: usize = 10_000;

/// A timeline that could only be shown with something missing is not shown.
#[derive(Debug, thiserror::Error)]
#[error(
    "a conversation is tied to others over more than {LEVELS_MAX} levels, or to more than \
     {CONVERSATIONS_MAX}"
)]
struct Endless;

/// What one conversation's own events say of others.
#[derive(Debug, Default)]
struct Ties {
    /// Whose it is.
    customer: Option<CustomerId>,
    /// Merged into it.
    sources: BTreeSet<ConversationId>,
    /// Written here or brought here, and gone to another one.
    left: BTreeSet<MessageId>,
    /// Came from this one by a split.
    came: BTreeMap<ConversationId, BTreeSet<MessageId>>,
}

impl Ties {
    fn take(&mut self, event: &ConversationEvent) {
        if let ConversationEvent::MergeReceived(merge) = event {
            self.sources.insert(merge.source);
        } else if let ConversationEvent::MergeUndone(undone) = event {
            self.sources.remove(&undone.source);
        } else if let ConversationEvent::SplitOff(split) = event {
            self.left.extend(&split.messages);
        } else if let ConversationEvent::SplitFrom(split) = event {
            let messages = split.messages.iter().map(|moved| moved.message);
            self.came.entry(split.source).or_default().extend(messages);
        } else if let ConversationEvent::Opened(opened) = event {
            self.customer = Some(opened.customer);
        }
    }

    /// What came here and is still here.
    fn here(&self) -> impl Iterator<Item = (ConversationId, BTreeSet<MessageId>)> {
        self.came.iter().map(|(from, messages)| (*from, messages - &self.left))
    }
}

/// The ties of some conversations and of all that they are tied to, as of a position.
#[derive(Debug)]
pub struct Threads(BTreeMap<ConversationId, Ties>);

impl Threads {
    /// Reads the ties, with one statement for each level where none has more than a page of them.
    ///
    /// # Errors
    ///
    /// A failure of the log, or ties that do not end.
    pub async fn read(
        services: &Services,
        tenant: TenantId,
        ids: impl IntoIterator<Item = ConversationId>,
        as_of: Option<Position>,
    ) -> Result<Self> {
        let mut known: BTreeMap<ConversationId, Ties> = BTreeMap::new();
        let mut level: Vec<ConversationId> = ids.into_iter().collect();
        let most = level.len().saturating_mul(CONVERSATIONS_MAX);
        for _ in 0..LEVELS_MAX {
            if level.is_empty() {
                return Ok(Self(known));
            }
            if known.len() + level.len() > most {
                break;
            }
            let read = of_level(services, tenant, &level, as_of).await?;
            let next = read.iter().flat_map(|ties| ties.sources.iter().chain(ties.came.keys()));
            let next: BTreeSet<ConversationId> = next.copied().collect();
            known.extend(level.into_iter().zip(read));
            level = next.into_iter().filter(|id| !known.contains_key(id)).collect();
        }
        Err(internal(&Endless))
    }

    /// The parts that make up a conversation together with those merged into it; where `owners`
    /// names customers, without the conversations of others. Conversations of one person's profiles
    /// stay merged when the profiles no longer are, and then the one may not read the other's.
    #[must_use]
    pub fn of(&self, id: ConversationId, owners: Option<&[CustomerId]>) -> Vec<Part> {
        let mut members = vec![id];
        let mut seen = BTreeSet::from([id]);
        let mut next = 0;
        while let Some(ties) = members.get(next).map(|id| self.0.get(id)) {
            let sources = ties.iter().flat_map(|ties| &ties.sources);
            members.extend(sources.copied().filter(|id| seen.insert(*id)));
            next += 1;
        }
        let mut parts = self.parts(&members);
        if let Some(owners) = owners {
            parts.retain(|part| part.stream.id == id.0 || self.is_of(part.stream.id, owners));
        }
        parts
    }

    fn is_of(&self, conversation: Uuid, customers: &[CustomerId]) -> bool {
        let ties = self.0.get(&ConversationId(conversation));
        ties.and_then(|ties| ties.customer).is_some_and(|owner| customers.contains(&owner))
    }

    /// The parts of a conversation by itself, without those merged into it.
    #[must_use]
    pub fn alone(&self, id: ConversationId) -> Vec<Part> {
        self.parts(&[id])
    }

    fn parts(&self, members: &[ConversationId]) -> Vec<Part> {
        let mut about: BTreeMap<ConversationId, BTreeSet<MessageId>> = BTreeMap::new();
        let ties = members.iter().filter_map(|id| self.0.get(id));
        for (from, messages) in ties.flat_map(Ties::here) {
            self.trace(from, messages, &mut about);
        }
        let here: BTreeSet<MessageId> = about.values().flatten().copied().collect();
        let own = members.iter().map(|id| {
            let left = self.0.get(id).map(|ties| &ties.left - &here);
            Part { but: left.unwrap_or_default(), ..Part::all(stream_of::<Conversation>(*id)) }
        });
        let members: BTreeSet<_> = members.iter().collect();
        let elsewhere = about.iter().filter(|(id, _)| !members.contains(id));
        let elsewhere = elsewhere.map(|(id, messages)| Part {
            about: Some(messages.clone()),
            ..Part::all(stream_of::<Conversation>(*id))
        });
        own.chain(elsewhere).collect()
    }

    /// Where messages may stand that came from a conversation: in its stream, or, where they
    /// had come there by a split themselves, in that of an earlier one.
    fn trace(
        &self,
        from: ConversationId,
        messages: BTreeSet<MessageId>,
        about: &mut BTreeMap<ConversationId, BTreeSet<MessageId>>,
    ) {
        let mut open = vec![(from, messages)];
        while let Some((from, messages)) = open.pop() {
            if messages.is_empty() {
                continue;
            }
            let traced = about.entry(from).or_default();
            let new = &messages - &*traced;
            let earlier = self.0.get(&from).into_iter().flat_map(|ties| &ties.came);
            open.extend(earlier.map(|(earlier, came)| (*earlier, &new & came)));
            traced.extend(new);
        }
    }
}

/// The ties of each conversation of a level.
async fn of_level(
    services: &Services,
    tenant: TenantId,
    level: &[ConversationId],
    as_of: Option<Position>,
) -> Result<Vec<Ties>> {
    let mut read: Vec<Ties> = level.iter().map(|_| Ties::default()).collect();
    // Where in `level` a part's conversation stands, and the part.
    let all =
        |(place, id): (usize, &ConversationId)| (place, Part::all(stream_of::<Conversation>(*id)));
    let mut rest: Vec<(usize, Part)> = level.iter().enumerate().map(all).collect();
    while !rest.is_empty() {
        let wanted = Parts {
            parts: rest.iter().map(|(_, part)| part.clone()).collect(),
            before: as_of.map(|as_of| as_of.saturating_add(1)),
            names: TIES.iter().chain([&OPENED]).map(|name| (*name).to_owned()).collect(),
            ..Parts::default()
        };
        let found = services.log.parts(tenant, &wanted, Start::Oldest, PAGE).await;
        let mut counts = vec![0; rest.len()];
        for (number, recorded) in found.map_err(|error| of_log(&error))? {
            let (place, part) = &mut rest[number];
            part.after = part.after.max(recorded.version);
            counts[number] += 1;
            let event = recorded.event().map_err(|error| internal(&error))?;
            if let AnyEvent::Conversation(event) = event {
                read[*place].take(&event);
            }
        }
        let full = rest.into_iter().zip(counts).filter(|(_, count)| *count == PAGE);
        rest = full.map(|(part, _)| part).collect();
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use allhours_domain::{
        conversation::event::{
            MergeReceived, MergeUndone, MovedMessage, Opened, SplitFrom, SplitOff,
        },
        words::{Channel, Priority, Tier},
    };

    use super::*;

    fn conversation(number: u128) -> ConversationId {
        ConversationId(Uuid::from_u128(number))
    }

    fn messages(numbers: &[u128]) -> BTreeSet<MessageId> {
        numbers.iter().map(|number| MessageId(Uuid::from_u128(*number))).collect()
    }

    fn off(target: u128, numbers: &[u128]) -> ConversationEvent {
        let messages = messages(numbers).into_iter().collect();
        SplitOff { target: conversation(target), messages, awaits_reply: false }.into()
    }

    fn from(source: u128, numbers: &[u128]) -> ConversationEvent {
        let moved = |message| MovedMessage { message, agent: None };
        let messages = messages(numbers).into_iter().map(moved).collect();
        SplitFrom { source: conversation(source), messages }.into()
    }

    fn threads(events: &[(u128, ConversationEvent)]) -> Threads {
        let mut known: BTreeMap<ConversationId, Ties> = BTreeMap::new();
        for (id, event) in events {
            known.entry(conversation(*id)).or_default().take(event);
        }
        Threads(known)
    }

    /// Stream, only about these, none about these.
    fn shown(parts: &[Part]) -> Vec<(u128, Option<BTreeSet<MessageId>>, BTreeSet<MessageId>)> {
        let part = |it: &Part| (it.stream.id.as_u128(), it.about.clone(), it.but.clone());
        parts.iter().map(part).collect()
    }

    #[test]
    fn messages_that_were_split_off_belong_to_the_new_conversation_alone() {
        let threads = threads(&[(1, off(2, &[7])), (2, from(1, &[7]))]);
        assert_eq!(shown(&threads.of(conversation(1), None)), [(1, None, messages(&[7]))]);
        let expected = [(2, None, messages(&[])), (1, Some(messages(&[7])), messages(&[]))];
        assert_eq!(shown(&threads.of(conversation(2), None)), expected);
    }

    #[test]
    fn what_is_split_off_twice_is_found_where_it_was_written() {
        let threads = threads(&[
            (1, off(2, &[7, 8])),
            (2, from(1, &[7, 8])),
            (2, off(3, &[8])),
            (3, from(2, &[8])),
        ]);
        let two = shown(&threads.of(conversation(2), None));
        assert_eq!(two[1], (1, Some(messages(&[7])), messages(&[])));
        let three = shown(&threads.of(conversation(3), None));
        assert!(three.contains(&(1, Some(messages(&[8])), messages(&[]))), "{three:?}");
    }

    #[test]
    fn however_often_something_was_split_off_it_is_found_where_it_was_written() {
        let links = 1..=400;
        let last = *links.end() + 1;
        let split = |it| [(it, off(it + 1, &[7])), (it + 1, from(it, &[7]))];
        let threads = threads(&links.flat_map(split).collect::<Vec<_>>());
        let parts = shown(&threads.of(conversation(last), None));
        assert!(parts.contains(&(1, Some(messages(&[7])), messages(&[]))), "{parts:?}");
    }

    #[test]
    fn merged_back_what_was_split_off_is_there_again() {
        let merged = MergeReceived { source: conversation(2), awaits_reply: false };
        let mut events = vec![(1, off(2, &[7])), (2, from(1, &[7])), (1, merged.into())];
        let expected = [(1, None, messages(&[])), (2, None, messages(&[]))];
        assert_eq!(shown(&threads(&events).of(conversation(1), None)), expected);
        let alone = shown(&threads(&events).alone(conversation(1)));
        assert_eq!(alone, [(1, None, messages(&[7]))]);
        events.push((1, MergeUndone { source: conversation(2) }.into()));
        let apart = shown(&threads(&events).of(conversation(1), None));
        assert_eq!(apart, [(1, None, messages(&[7]))]);
    }

    #[test]
    fn who_may_read_one_profile_reads_nothing_of_others_that_is_merged_into_its_conversations() {
        let customer = |number| CustomerId(Uuid::from_u128(number));
        let opened = |owner: u128| -> ConversationEvent {
            Opened {
                conversation: conversation(0),
                customer: customer(owner),
                channel: Channel::Email,
                subject: None,
                language: None,
                tier: Tier::New,
                priority: Priority::Normal,
                team: None,
            }
            .into()
        };
        let merged = |source| MergeReceived { source: conversation(source), awaits_reply: false };
        let threads = threads(&[
            (1, opened(0xa)),
            (1, merged(2).into()),
            (2, opened(0xb)),
            (2, merged(3).into()),
            (2, off(4, &[7])),
            (3, opened(0xa)),
            (4, from(2, &[7])),
            (1, merged(4).into()),
            (4, opened(0xb)),
        ]);
        let streams = |seen: Option<&[CustomerId]>| {
            let parts = threads.of(conversation(1), seen);
            parts.iter().map(|part| part.stream.id.as_u128()).collect::<BTreeSet<_>>()
        };
        assert_eq!(streams(None), BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(streams(Some(&[customer(0xa), customer(0xb)])), BTreeSet::from([1, 2, 3, 4]));
        assert_eq!(streams(Some(&[customer(0xa)])), BTreeSet::from([1, 3]));
    }
}
