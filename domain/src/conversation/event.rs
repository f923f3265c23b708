//! What has happened in a conversation. Past tense, one struct each, never deleted.
//!
//! To change a shape: raise its version in [`ConversationEvent`], add a step to `upcast`
//! and a golden file for the new version. Old golden files are never edited.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    fields::FieldValue,
    ids::{AgentId, ConversationId, CustomerId, IntakeId, MessageId, TeamId},
    personal::Personal,
    text::{Key, Language, Tag},
    words::{Cause, Channel, Priority, ResolutionKind, Tier, WaitingOn},
};

events! {
    /// A fact about one conversation, in its newest shape.
    pub enum ConversationEvent, upcast = super::upcast::upcast {
        #[doc = "A conversation was opened, by a customer's first message or by an agent."]
        Opened = "conversation.opened", 1;
        #[doc = "The customer wrote."]
        CustomerMessageReceived = "conversation.customer_message_received", 1;
        #[doc = "An agent answered the customer."]
        AgentReplied = "conversation.agent_replied", 1;
        #[doc = "An agent wrote a private note, never shown to the customer."]
        NoteAdded = "conversation.note_added", 1;
        #[doc = "A note called another agent's attention."]
        AgentMentioned = "conversation.agent_mentioned", 1;
        #[doc = "The priority was changed."]
        PriorityChanged = "conversation.priority_changed", 1;
        #[doc = "The tier by which it is served was changed."]
        TierAssigned = "conversation.tier_assigned", 1;
        #[doc = "A tag was put on."]
        Tagged = "conversation.tagged", 1;
        #[doc = "A tag was taken off."]
        Untagged = "conversation.untagged", 1;
        #[doc = "A custom field was set or cleared."]
        FieldSet = "conversation.field_set", 1;
        #[doc = "Somebody gave it to an agent."]
        Assigned = "conversation.assigned", 1;
        #[doc = "An agent took it from the queue."]
        Claimed = "conversation.claimed", 1;
        #[doc = "The responsible agent put it back into the queue."]
        Released = "conversation.released", 1;
        #[doc = "It was moved to another team's queue."]
        TeamChanged = "conversation.team_changed", 1;
        #[doc = "It began to wait for the customer or for somebody else."]
        WaitingStarted = "conversation.waiting_started", 1;
        #[doc = "The wait ended."]
        WaitingEnded = "conversation.waiting_ended", 1;
        #[doc = "It was put aside until an instant."]
        Snoozed = "conversation.snoozed", 1;
        #[doc = "It came back from being put aside."]
        Woken = "conversation.woken", 1;
        #[doc = "It was resolved, confirmed by the customer or assumed by the agent."]
        Resolved = "conversation.resolved", 1;
        #[doc = "The customer confirmed an assumed resolution."]
        ResolutionConfirmed = "conversation.resolution_confirmed", 1;
        #[doc = "It was reopened as a new episode."]
        Reopened = "conversation.reopened", 1;
        #[doc = "It was closed for good."]
        Closed = "conversation.closed", 1;
        #[doc = "It was merged into another conversation, which goes on in its place."]
        MergedInto = "conversation.merged_into", 1;
        #[doc = "Another conversation was merged into this one."]
        MergeReceived = "conversation.merge_received", 1;
        #[doc = "The merge into another conversation was undone."]
        Unmerged = "conversation.unmerged", 1;
        #[doc = "A conversation that had been merged into this one left again."]
        MergeUndone = "conversation.merge_undone", 1;
        #[doc = "Some of its messages were split off into a new conversation."]
        SplitOff = "conversation.split_off", 1;
        #[doc = "It was begun by splitting messages off another conversation."]
        SplitFrom = "conversation.split_from", 1;
        #[doc = "The text of a message was deleted; that it was there stays known."]
        MessageRedacted = "conversation.message_redacted", 1;
        #[doc = "The subject line was deleted; that there was one stays known."]
        SubjectRedacted = "conversation.subject_redacted", 1;
        #[doc = "The texts that a custom field held until then were deleted; that it did stays known."]
        FieldRedacted = "conversation.field_redacted", 1;
    }
}

shapes! {
    /// A conversation was opened.
    Opened {
        /// Its own id.
        conversation: ConversationId,
        /// Whose conversation it is.
        customer: CustomerId,
        /// Where it began.
        channel: Channel,
        /// The subject line, if the channel has one.
        subject: Option<Personal>,
        /// In which language, if known.
        language: Option<Language>,
        /// The customer's tier at that time.
        tier: Tier,
        /// How urgent.
        priority: Priority,
        /// In whose queue; none means the common one.
        team: Option<TeamId>,
    }
    /// The customer wrote.
    CustomerMessageReceived {
        /// The message's id.
        message: MessageId,
        /// What was written.
        text: Personal,
        /// Where it came from.
        channel: Channel,
        /// In which language, if known.
        language: Option<Language>,
        /// The delivery it came with, if through a provider.
        intake: Option<IntakeId>,
    }
    /// An agent answered.
    AgentReplied {
        /// The message's id.
        message: MessageId,
        /// Who wrote.
        agent: AgentId,
        /// What was written.
        text: Personal,
        /// Where it goes out.
        channel: Channel,
    }
    /// A private note.
    NoteAdded {
        /// The note's id.
        message: MessageId,
        /// Who wrote.
        agent: AgentId,
        /// What was written.
        text: Personal,
    }
    /// A note called another agent.
    AgentMentioned {
        /// The note.
        message: MessageId,
        /// Who was called.
        agent: AgentId,
        /// Who called.
        by: AgentId,
    }
    /// The priority was changed.
    PriorityChanged {
        /// Before.
        from: Priority,
        /// From now on.
        to: Priority,
    }
    /// The tier was changed.
    TierAssigned {
        /// Before.
        from: Tier,
        /// From now on.
        to: Tier,
    }
    /// A tag was put on.
    Tagged {
        /// The tag.
        tag: Tag,
    }
    /// A tag was taken off.
    Untagged {
        /// The tag.
        tag: Tag,
    }
    /// A custom field was set, or cleared where there is no value.
    FieldSet {
        /// Which field.
        field: Key,
        /// The value from now on.
        value: Option<FieldValue>,
    }
    /// Somebody gave it to an agent.
    Assigned {
        /// Who is responsible from now on.
        agent: AgentId,
        /// Who was before.
        previous: Option<AgentId>,
    }
    /// An agent took it.
    Claimed {
        /// Who is responsible from now on.
        agent: AgentId,
    }
    /// It went back to the queue.
    Released {
        /// Who was responsible.
        agent: AgentId,
    }
    /// It was moved to another team.
    TeamChanged {
        /// Whose queue it was in.
        from: Option<TeamId>,
        /// Whose queue it is in; none means the common one.
        to: Option<TeamId>,
    }
    /// It began to wait.
    WaitingStarted {
        /// For whom.
        on: WaitingOn,
    }
    /// The wait ended.
    WaitingEnded {
        /// Why.
        cause: Cause,
    }
    /// It was put aside.
    Snoozed {
        /// Until when.
        until: Timestamp,
    }
    /// It came back.
    Woken {
        /// Why.
        cause: Cause,
    }
    /// It was resolved.
    Resolved {
        /// How sure that is.
        kind: ResolutionKind,
        /// Which episode, from 1.
        episode: u32,
        /// When.
        at: Timestamp,
    }
    /// The customer confirmed.
    ResolutionConfirmed {
        /// Which episode.
        episode: u32,
    }
    /// It was reopened.
    Reopened {
        /// The number of the new episode.
        episode: u32,
        /// Why.
        cause: Cause,
    }
    /// It was closed for good.
    Closed {
        /// The last episode.
        episode: u32,
    }
    /// It was merged into another.
    MergedInto {
        /// Which one goes on.
        target: ConversationId,
    }
    /// Another was merged into this one.
    MergeReceived {
        /// Which one.
        source: ConversationId,
        /// Whether the customer waits for an answer there, and so here from now on.
        awaits_reply: bool,
    }
    /// Its merge was undone.
    Unmerged {
        /// Which one it had been merged into.
        target: ConversationId,
    }
    /// Another one's merge into this one was undone.
    MergeUndone {
        /// Which one left.
        source: ConversationId,
    }
    /// Messages were split off.
    SplitOff {
        /// The new conversation.
        target: ConversationId,
        /// Which messages.
        messages: Vec<MessageId>,
        /// Whether the last of those that stay is the customer's.
        awaits_reply: bool,
    }
    /// It was begun by a split.
    SplitFrom {
        /// The conversation they came from.
        source: ConversationId,
        /// Which messages, in their order; their texts stay in the stream they came from.
        messages: Vec<MovedMessage>,
    }
    /// A message that now belongs to another conversation.
    MovedMessage {
        /// Which message.
        message: MessageId,
        /// The agent who wrote it; none means the customer.
        agent: Option<AgentId>,
    }
    /// A message's text was deleted.
    MessageRedacted {
        /// Which message.
        message: MessageId,
        /// Why.
        reason: Personal,
    }
    /// The subject line was deleted.
    SubjectRedacted {
        /// The conversation itself and those that it was ever merged into: what providers sent to
        /// them may hold the line as well, and was deleted with it.
        deliveries_to: Vec<ConversationId>,
        /// Why.
        reason: Personal,
    }
    /// The texts of a custom field were deleted, the present one and all before.
    FieldRedacted {
        /// Which field.
        field: Key,
        /// Why.
        reason: Personal,
    }
}
