//! Who works on a conversation: claim, assign, release, move; priority and tier.

use allhours_domain::{
    conversation::{Conversation as Aggregate, command},
    ids::TeamId,
};
use async_graphql::ID;

use crate::graphql::{
    call::{Call, Granted},
    conversation::Conversation,
    payload::{code_meaning, mutations},
    words::{Priority, Tier},
};

/// Carries out a command on a conversation that the viewer may see.
pub(super) async fn on(
    call: &Call<'_>,
    id: &ID,
    command: impl Into<command::ConversationCommand>,
) -> Granted<Conversation> {
    let id = call.known_conversation("conversationId", id).await?;
    let done = call.execute::<Aggregate>(id, command).await?;
    Ok((done, Conversation::now(call.ctx, id).await?))
}

mutations! {
    /// Who works on a conversation.
    ConversationQueueMutations;

    /// Takes a conversation from the queue: the caller becomes responsible. Of two agents who
    /// claim the same one, exactly one wins and the other learns who.
    conversation_claim ConversationClaim -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
    },
    refuses { AlreadyClaimed, Closed, Deactivated, MergedInto, Resolved },
    |call, input| {
        let agent = call.working_agent().await?;
        on(call, &input.conversation_id, command::Claim { agent }).await
    }

    /// Gives a conversation to an agent, whoever is responsible now.
    conversation_assign ConversationAssign -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// Who shall be responsible.
        agent_id: ID,
    },
    refuses { Closed, Deactivated, MergedInto, Resolved },
    |call, input| {
        let agent = call.known_working_agent("agentId", &input.agent_id).await?;
        on(call, &input.conversation_id, command::Assign { agent }).await
    }

    /// Puts a conversation back into the queue. The responsible agent may, and who supervises them.
    conversation_release ConversationRelease -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
    },
    refuses { BelongsTo, Closed, MergedInto, Resolved },
    |call, input| {
        let mut agent = call.agent()?;
        if call.viewer.supervises() {
            let found = call.found_conversation("conversationId", &input.conversation_id).await?;
            agent = found.1.state.assignee().unwrap_or(agent);
        }
        on(call, &input.conversation_id, command::Release { agent }).await
    }

    /// Moves a conversation to another team's queue; whoever was responsible no longer is.
    conversation_move_to_team ConversationMoveToTeam -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// Whose queue; none means the common one.
        team_id: Option<ID>,
    },
    refuses { Closed, MergedInto, Resolved, Retired },
    |call, input| {
        let team: Option<TeamId> = match &input.team_id {
            Some(id) => Some(call.known_working_team("teamId", id).await?),
            None => None,
        };
        on(call, &input.conversation_id, command::MoveToTeam { team }).await
    }

    /// Changes how urgent a conversation is.
    conversation_set_priority ConversationSetPriority -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// From now on.
        priority: Priority,
    },
    refuses { Closed, MergedInto },
    |call, input| {
        let command = command::SetPriority { priority: input.priority.into() };
        on(call, &input.conversation_id, command).await
    }

    /// Changes the tier by which a conversation is served.
    conversation_assign_tier ConversationAssignTier -> conversation: Conversation,
    input {
        /// Which conversation.
        conversation_id: ID,
        /// From now on.
        tier: Tier,
    },
    refuses { Closed, MergedInto },
    |call, input| {
        on(call, &input.conversation_id, command::AssignTier { tier: input.tier.into() }).await
    }
}
