//! The fold: from events to what changes in the index. Pure; live, rebuild and verification
//! all run it.

use allhours_domain::{
    article::event::ArticleEvent,
    catalogue::AnyEvent,
    conversation::event::{
        AgentReplied, ConversationEvent, CustomerMessageReceived, NoteAdded, Opened,
    },
    customer::event::CustomerEvent,
    ids::{ArticleId, ConversationId, CustomerId, MessageId, SubjectId, TenantId},
    personal::Personal,
    text::Language,
    words::Channel,
};
use allhours_eventstore::recorded::Recorded;

use super::{
    language::detect,
    record::{Key, Record, Thing},
    request::Author,
};

/// One change to the index, apart from the record of the stream itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A document that was not there before.
    Add(Record),
    /// A document in place of the one with its key.
    Replace(Record),
    /// No document with this key any more, and no trace of its text.
    Shred(Key),
    /// No document with this key any more.
    Delete(Key),
    /// No document about this subject any more, and no trace of their texts.
    Forget(TenantId, SubjectId),
    /// These messages are part of another conversation now.
    Move(TenantId, Vec<MessageId>, ConversationId),
}

/// Whether events of this name can change the index.
pub(super) fn concerns(name: &str) -> bool {
    matches!(
        name,
        "conversation.opened"
            | "conversation.customer_message_received"
            | "conversation.agent_replied"
            | "conversation.note_added"
            | "conversation.team_changed"
            | "conversation.merged_into"
            | "conversation.unmerged"
            | "conversation.split_from"
            | "conversation.message_redacted"
            | "conversation.subject_redacted"
            | "customer.identified"
            | "customer.profile_changed"
            | "customer.identity_linked"
            | "customer.identity_unlinked"
            | "customer.merged_into"
            | "customer.unmerged"
            | "customer.erased"
            | "article.published"
            | "article.retired"
    )
}

/// The key of the record that stands for the whole stream of an event, where there is one.
pub(super) fn stream_key(recorded: &Recorded) -> Option<Key> {
    let id = recorded.stream.id;
    match recorded.stream.stream_type.0 {
        "conversation" => Some(Key::conversation(recorded.tenant, ConversationId(id))),
        "customer" => Some(Key::customer(recorded.tenant, CustomerId(id))),
        _ => None,
    }
}

/// Folds one event: changes the record of its stream in place, and says what else changes.
pub(super) fn fold(
    recorded: &Recorded,
    event: &AnyEvent,
    stream: &mut Option<Record>,
    changes: &mut Vec<Change>,
) {
    match event {
        AnyEvent::Conversation(event) => conversation(recorded, event, stream, changes),
        AnyEvent::Customer(event) => customer(recorded, event, stream, changes),
        AnyEvent::Article(event) => article(recorded, event, changes),
        AnyEvent::Agent(_)
        | AnyEvent::Desk(_)
        | AnyEvent::Identity(_)
        | AnyEvent::Intake(_)
        | AnyEvent::Team(_) => {}
    }
}

fn conversation(
    recorded: &Recorded,
    event: &ConversationEvent,
    stream: &mut Option<Record>,
    changes: &mut Vec<Change>,
) {
    let tenant = recorded.tenant;
    match event {
        ConversationEvent::Opened(opened) => open(recorded, opened, stream, changes),
        ConversationEvent::CustomerMessageReceived(event) => {
            changes.extend(received(recorded, event, stream.as_ref()).map(Change::Add));
        }
        ConversationEvent::AgentReplied(event) => {
            changes.extend(replied(recorded, event, stream.as_ref()).map(Change::Add));
        }
        ConversationEvent::NoteAdded(event) => {
            changes.extend(noted(recorded, event, stream.as_ref()).map(Change::Add));
        }
        ConversationEvent::TeamChanged(event) => {
            if let Some(Thing::Conversation { team, .. }) = thing(stream) {
                *team = event.to;
            }
        }
        ConversationEvent::MergedInto(event) => {
            if let Some(Thing::Conversation { merged_into, .. }) = thing(stream) {
                *merged_into = Some(event.target);
            }
        }
        ConversationEvent::Unmerged(_) => {
            if let Some(Thing::Conversation { merged_into, .. }) = thing(stream) {
                *merged_into = None;
            }
        }
        ConversationEvent::SplitFrom(event) => {
            let target = ConversationId(recorded.stream.id);
            let messages = event.messages.iter().map(|it| it.message).collect();
            changes.push(Change::Move(tenant, messages, target));
        }
        ConversationEvent::MessageRedacted(event) => {
            changes.push(Change::Shred(Key::message(tenant, event.message)));
        }
        ConversationEvent::SubjectRedacted(_) => {
            let conversation = ConversationId(recorded.stream.id);
            changes.push(Change::Shred(Key::topic(tenant, conversation)));
        }
        ConversationEvent::AgentMentioned(_)
        | ConversationEvent::PriorityChanged(_)
        | ConversationEvent::TierAssigned(_)
        | ConversationEvent::Tagged(_)
        | ConversationEvent::Untagged(_)
        | ConversationEvent::FieldSet(_)
        | ConversationEvent::FieldRedacted(_)
        | ConversationEvent::Assigned(_)
        | ConversationEvent::Claimed(_)
        | ConversationEvent::Released(_)
        | ConversationEvent::WaitingStarted(_)
        | ConversationEvent::WaitingEnded(_)
        | ConversationEvent::Snoozed(_)
        | ConversationEvent::Woken(_)
        | ConversationEvent::Resolved(_)
        | ConversationEvent::ResolutionConfirmed(_)
        | ConversationEvent::Reopened(_)
        | ConversationEvent::Closed(_)
        | ConversationEvent::MergeReceived(_)
        | ConversationEvent::MergeUndone(_)
        | ConversationEvent::SplitOff(_) => {}
    }
}

fn thing(stream: &mut Option<Record>) -> Option<&mut Thing> {
    stream.as_mut().map(|it| &mut it.thing)
}

fn open(
    recorded: &Recorded,
    opened: &Opened,
    stream: &mut Option<Record>,
    changes: &mut Vec<Change>,
) {
    let conversation = ConversationId(recorded.stream.id);
    let customer = opened.customer;
    *stream = Some(Record {
        thing: Thing::Conversation {
            conversation,
            customer,
            team: opened.team,
            channel: opened.channel,
            merged_into: None,
        },
        language: opened.language.clone(),
        ..bare(recorded)
    });
    if let Some((subject, text)) = opened.subject.as_ref().and_then(readable) {
        changes.push(Change::Add(Record {
            thing: Thing::Topic { conversation, customer },
            language: opened.language.clone().or_else(|| detect(text)),
            texts: vec![text.to_owned()],
            subject: Some(subject),
            ..bare(recorded)
        }));
    }
}

/// A record of an event with everything still to be said.
fn bare(recorded: &Recorded) -> Record {
    Record {
        tenant: recorded.tenant,
        thing: Thing::Topic {
            conversation: ConversationId(recorded.stream.id),
            customer: CustomerId(recorded.stream.id),
        },
        texts: Vec::new(),
        subject: None,
        language: None,
        at_ms: recorded.occurred_at.as_millisecond(),
        position: recorded.position,
    }
}

fn readable(personal: &Personal) -> Option<(SubjectId, &str)> {
    personal.text().map(|text| (personal.subject(), text))
}

/// What all kinds of message have in common.
struct Written<'a> {
    message: MessageId,
    author: Option<Author>,
    text: &'a Personal,
    note: bool,
    channel: Option<Channel>,
    language: Option<&'a Language>,
}

fn received(
    recorded: &Recorded,
    event: &CustomerMessageReceived,
    stream: Option<&Record>,
) -> Option<Record> {
    let written = Written {
        message: event.message,
        author: None,
        text: &event.text,
        note: false,
        channel: Some(event.channel),
        language: event.language.as_ref(),
    };
    message(recorded, &written, stream)
}

fn replied(recorded: &Recorded, event: &AgentReplied, stream: Option<&Record>) -> Option<Record> {
    let written = Written {
        message: event.message,
        author: Some(Author::Agent(event.agent)),
        text: &event.text,
        note: false,
        channel: Some(event.channel),
        language: None,
    };
    message(recorded, &written, stream)
}

fn noted(recorded: &Recorded, event: &NoteAdded, stream: Option<&Record>) -> Option<Record> {
    let written = Written {
        message: event.message,
        author: Some(Author::Agent(event.agent)),
        text: &event.text,
        note: true,
        channel: None,
        language: None,
    };
    message(recorded, &written, stream)
}

fn message(recorded: &Recorded, written: &Written<'_>, stream: Option<&Record>) -> Option<Record> {
    let (subject, text) = readable(written.text)?;
    // A message before its conversation was opened can't be: streams are in order.
    let stream = stream?;
    let customer = stream.customer()?;
    let language =
        written.language.cloned().or_else(|| stream.language.clone()).or_else(|| detect(text));
    Some(Record {
        thing: Thing::Message {
            message: written.message,
            conversation: ConversationId(recorded.stream.id),
            customer,
            author: written.author.unwrap_or(Author::Customer(customer)),
            note: written.note,
            channel: written.channel,
        },
        texts: vec![text.to_owned()],
        subject: Some(subject),
        language,
        ..bare(recorded)
    })
}

fn customer(
    recorded: &Recorded,
    event: &CustomerEvent,
    stream: &mut Option<Record>,
    changes: &mut Vec<Change>,
) {
    let id = CustomerId(recorded.stream.id);
    let record = stream.get_or_insert_with(|| Record {
        thing: Thing::Customer { customer: id, name: None, addresses: vec![], merged_into: None },
        ..bare(recorded)
    });
    let Thing::Customer { name, addresses, merged_into, .. } = &mut record.thing else { return };
    let text = |personal: &Personal| personal.text().map(str::to_owned);
    match event {
        CustomerEvent::Identified(event) => {
            *name = event.display_name.as_ref().and_then(text);
            record.language.clone_from(&event.language);
        }
        CustomerEvent::ProfileChanged(event) => {
            *name = event.display_name.as_ref().and_then(text);
            record.language.clone_from(&event.language);
        }
        CustomerEvent::IdentityLinked(event) => {
            addresses.retain(|(identity, _)| *identity != event.identity);
            addresses.extend(text(&event.address).map(|address| (event.identity, address)));
        }
        CustomerEvent::IdentityUnlinked(event) => {
            addresses.retain(|(identity, _)| *identity != event.identity);
        }
        CustomerEvent::MergedInto(event) => *merged_into = Some(event.target),
        CustomerEvent::Unmerged(_) => *merged_into = None,
        CustomerEvent::Erased(_) => {
            *name = None;
            addresses.clear();
            changes.push(Change::Forget(recorded.tenant, id.into()));
        }
        CustomerEvent::TierSet(_)
        | CustomerEvent::ConsentSet(_)
        | CustomerEvent::MergeReceived(_)
        | CustomerEvent::MergeUndone(_) => return,
    }
    let texts = name.iter().chain(addresses.iter().map(|(_, address)| address));
    record.texts = texts.cloned().collect();
    record.subject = (!record.texts.is_empty()).then(|| id.into());
    record.position = recorded.position;
    record.at_ms = recorded.occurred_at.as_millisecond();
}

fn article(recorded: &Recorded, event: &ArticleEvent, changes: &mut Vec<Change>) {
    let article = ArticleId(recorded.stream.id);
    match event {
        ArticleEvent::Published(event) => changes.push(Change::Replace(Record {
            thing: Thing::Article { article, locale: event.locale.clone(), version: event.version },
            texts: vec![event.title.as_str().to_owned(), event.body.as_str().to_owned()],
            language: Some(event.locale.clone()),
            ..bare(recorded)
        })),
        ArticleEvent::Retired(event) => {
            changes.push(Change::Delete(Key::article(recorded.tenant, article, &event.locale)));
        }
        ArticleEvent::Drafted(_)
        | ArticleEvent::Revised(_)
        | ArticleEvent::ReviewRequested(_)
        | ArticleEvent::Reviewed(_)
        | ArticleEvent::Cited(_) => {}
    }
}
