//! The life of a conversation: open, wait, snooze, resolve, reopen, close.

use allhours_domain::{
    conversation::{Conversation as Aggregate, command},
    customer::CustomerRefusal,
    ids::ConversationId,
    text,
    words::Cause,
};
use async_graphql::ID;

use super::conversation_queue::on;
use crate::{
    desk::{AnyRefusal, CommandError},
    graphql::{
        call::{Problem, checked},
        conversation::Conversation,
        payload::{code_meaning, mutations},
        scalars::{DateTime, Language},
        words::{Channel, Priority, ResolutionKind, WaitingOn},
    },
};

mutations! {
    /// The life of a conversation.
    ConversationLifeMutations;

    /// Opens a conversation with a customer, before anybody has written.
    conversation_open ConversationOpen -> conversation: Conversation,
    input {
        /// With whom.
        customer_id: ID,
        /// Where it begins.
        channel: Channel,
        /// The subject line, if the channel has one.
        subject: Option<String>,
        /// In which language, if known.
        language: Option<Language>,
        /// How urgent.
        #[graphql(default_with = "Priority::Normal")]
        priority: Priority,
        /// In whose queue; none means the common one.
        team_id: Option<ID>,
    },
    refuses { AlreadyOpen, Erased, Retired },
    |call, input| {
        let (customer, profile) = call.known_customer("customerId", &input.customer_id).await?;
        if profile.state.is_erased() {
            return Err(CommandError::Refused(AnyRefusal::new(CustomerRefusal::Erased)).into());
        }
        let team = match &input.team_id {
            Some(id) => Some(call.known_working_team("teamId", id).await?),
            None => None,
        };
        let subject = input.subject.map(text::Subject::new).transpose();
        let Some(tier) = profile.state.tier() else {
            return Err(Problem::not_found("customerId"));
        };
        let id = ConversationId(call.new_id("conversation"));
        let command = command::Open {
            id,
            customer,
            channel: input.channel.into(),
            subject: checked("subject", subject)?,
            language: input.language.map(|it| it.0),
            tier,
            priority: input.priority.into(),
            team,
        };
        let done = call.execute::<Aggregate>(id, command).await?;
        Ok((done, Conversation::now(call.ctx, id).await?))
    }

    /// Lets a conversation wait for the customer or for somebody else.
    conversation_wait ConversationWait -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// For whom.
        on: WaitingOn,
    },
    refuses { Closed, MergedInto, Resolved },
    |call, input| {
        on(call, &input.conversation_id, command::Wait { on: input.on.into() }).await
    }

    /// Puts a conversation aside until an instant; a message of the customer ends it earlier.
    conversation_snooze ConversationSnooze -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// Until when; in the future, within 366 days.
        until: DateTime,
    },
    refuses { Closed, MergedInto, NotInFuture, Resolved, SnoozeTooLong },
    |call, input| {
        let command = command::Snooze { until: input.until.0, at: call.at() };
        on(call, &input.conversation_id, command).await
    }

    /// Brings a conversation back that waits or was put aside.
    conversation_wake ConversationWake -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
    },
    refuses { Closed, MergedInto, Resolved },
    |call, input| {
        let command = command::Wake { cause: Cause::Person, at: call.at() };
        on(call, &input.conversation_id, command).await
    }

    /// Resolves a conversation. Refused while the customer waits for an answer.
    conversation_resolve ConversationResolve -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// How sure that is.
        #[graphql(default_with = "ResolutionKind::Assumed")]
        kind: ResolutionKind,
    },
    refuses { Closed, CustomerWaits, MergedInto, Resolved },
    |call, input| {
        let command = command::Resolve { kind: input.kind.into(), at: call.at() };
        on(call, &input.conversation_id, command).await
    }

    /// Confirms, as or for the customer, that a conversation is resolved.
    conversation_confirm_resolution ConversationConfirmResolution -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
    },
    refuses { Closed, MergedInto, NotResolved },
    |call, input| {
        on(call, &input.conversation_id, command::ConfirmResolution {}).await
    }

    /// Reopens a resolved conversation as a new episode.
    conversation_reopen ConversationReopen -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
    },
    refuses { Closed, MergedInto, NotResolved },
    |call, input| {
        on(call, &input.conversation_id, command::Reopen { cause: Cause::Person }).await
    }

    /// Closes a resolved conversation for good.
    conversation_close ConversationClose -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
    },
    refuses { Closed, MergedInto, NotResolved },
    |call, input| {
        on(call, &input.conversation_id, command::Close {}).await
    }
}
