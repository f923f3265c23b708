//! What can be asked of a conversation. Imperative; who and when are fields.

use jiff::Timestamp;

use super::event::MovedMessage;
use crate::{
    decider::commands,
    fields::{FieldInput, FieldKind},
    ids::{AgentId, ConversationId, CustomerId, IntakeId, MessageId, TeamId},
    text::{Key, Language, MessageText, Reason, Subject, Tag},
    words::{Cause, Channel, Priority, ResolutionKind, Tier, WaitingOn},
};

commands! {
    /// Something asked of a conversation.
    ConversationCommand;
    /// Opens it. Refused where it is open already.
    Open {
        /// Its own id, so that it can't be merged into itself.
        id: ConversationId,
        /// Whose it is.
        customer: CustomerId,
        /// Where it begins.
        channel: Channel,
        /// The subject line.
        subject: Option<Subject>,
        /// In which language.
        language: Option<Language>,
        /// The customer's tier now.
        tier: Tier,
        /// How urgent.
        priority: Priority,
        /// In whose queue.
        team: Option<TeamId>,
    }
    /// Takes in what the customer wrote; ends waits and snoozes, reopens what was resolved.
    ReceiveCustomerMessage {
        /// The message's id.
        message: MessageId,
        /// What was written.
        text: MessageText,
        /// Where it came from.
        channel: Channel,
        /// In which language.
        language: Option<Language>,
        /// The delivery it came with.
        intake: Option<IntakeId>,
        /// When it was received.
        at: Timestamp,
        /// How long after resolving a message still reopens; later it is refused.
        reopen_within_hours: u32,
    }
    /// Answers the customer. An unassigned conversation becomes the agent's own.
    Reply {
        /// The message's id.
        message: MessageId,
        /// Who writes.
        agent: AgentId,
        /// What is written.
        text: MessageText,
        /// Where it goes out.
        channel: Channel,
    }
    /// Writes a private note, calling the attention of other agents.
    AddNote {
        /// The note's id.
        message: MessageId,
        /// Who writes.
        agent: AgentId,
        /// What is written.
        text: MessageText,
        /// Who is called.
        mentions: Vec<AgentId>,
    }
    /// Changes the priority.
    SetPriority {
        /// From now on.
        priority: Priority,
    }
    /// Changes the tier by which it is served.
    AssignTier {
        /// From now on.
        tier: Tier,
    }
    /// Puts a tag on.
    AddTag {
        /// The tag.
        tag: Tag,
    }
    /// Takes a tag off.
    RemoveTag {
        /// The tag.
        tag: Tag,
    }
    /// Sets or clears a custom field.
    SetField {
        /// Which field.
        field: Key,
        /// What the desk says of this field; none where it defines no such field.
        kind: Option<FieldKind>,
        /// The value from now on; none clears.
        value: Option<FieldInput>,
    }
    /// Gives it to an agent.
    Assign {
        /// Who shall be responsible.
        agent: AgentId,
    }
    /// Takes it from the queue. Refused where another agent is responsible.
    Claim {
        /// Who takes it.
        agent: AgentId,
    }
    /// Puts it back into the queue.
    Release {
        /// Who puts it back.
        agent: AgentId,
    }
    /// Moves it to another team's queue; whoever was responsible no longer is.
    MoveToTeam {
        /// Which team; none means the common queue.
        team: Option<TeamId>,
    }
    /// Waits for the customer or for somebody else.
    Wait {
        /// For whom.
        on: WaitingOn,
    }
    /// Puts it aside until an instant.
    Snooze {
        /// Until when; later than `at`.
        until: Timestamp,
        /// Now.
        at: Timestamp,
    }
    /// Brings it back, whether it was put aside or waits.
    Wake {
        /// Why.
        cause: Cause,
        /// Now; a timer can't wake it early.
        at: Timestamp,
    }
    /// Resolves it. Refused while the customer waits for an answer, unless they confirmed.
    Resolve {
        /// How sure that is.
        kind: ResolutionKind,
        /// Now.
        at: Timestamp,
    }
    /// The customer confirms an assumed resolution.
    ConfirmResolution {}
    /// Reopens it as a new episode.
    Reopen {
        /// Why.
        cause: Cause,
    }
    /// Closes it for good. Refused unless it is resolved.
    Close {}
    /// Closes it wherever it stands, since its customer was forgotten.
    CloseForgotten {}
    /// Merges it into another one of the same customer, whichever of their profiles it is of.
    MergeInto {
        /// Which one goes on.
        target: ConversationId,
        /// Whose that one is.
        target_customer: CustomerId,
        /// Whether that one's profile and this one's are merged into one person's.
        one_person: bool,
    }
    /// The other side of a merge.
    ReceiveMerge {
        /// Which one is merged into this one.
        source: ConversationId,
        /// Whether the customer waits for an answer there; that brings this one back.
        awaits_reply: bool,
    }
    /// Undoes its merge.
    Unmerge {}
    /// The other side of undoing a merge.
    UndoMerge {
        /// Which one leaves.
        source: ConversationId,
    }
    /// Splits messages off into a new conversation.
    SplitOff {
        /// The new one.
        target: ConversationId,
        /// Which messages.
        messages: Vec<MessageId>,
    }
    /// The other side of a split: opens the new conversation.
    BeginFromSplit {
        /// The new one's own id.
        id: ConversationId,
        /// Where the messages come from.
        source: ConversationId,
        /// Which messages, as the source's `moved_messages` gives them.
        messages: Vec<MovedMessage>,
        /// Whose it is.
        customer: CustomerId,
        /// Where it began.
        channel: Channel,
        /// The subject line of the new one.
        subject: Option<Subject>,
        /// In which language.
        language: Option<Language>,
        /// As the source.
        tier: Tier,
        /// As the source.
        priority: Priority,
        /// As the source.
        team: Option<TeamId>,
    }
    /// Deletes the text of a message.
    Redact {
        /// Which message.
        message: MessageId,
        /// Why.
        reason: Reason,
    }
    /// Deletes the subject line.
    RedactSubject {
        /// Those that this one was ever merged into; what was delivered to them may hold it too.
        went_on_in: Vec<ConversationId>,
        /// Why.
        reason: Reason,
    }
    /// Deletes the texts of a custom field, the present one and all before.
    RedactField {
        /// Which field.
        field: Key,
        /// Why.
        reason: Reason,
    }
}
