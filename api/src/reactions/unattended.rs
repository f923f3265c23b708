//! Ends what nobody attends to any more: conversations of agents who left go back to their queue,
//! those of retired teams to the common one, those of customers who were forgotten are closed.
//!
//! What is left behind is asked of the projections; each step is a command like any other, whose
//! id is derived from the event that it answers to, so that several processes do it once.

use std::time::Duration;

use allhours_domain::{
    actor::Actor,
    agent::Agent,
    conversation::{Conversation, ConversationCommand, ConversationRefusal, command},
    customer::Customer,
    team::Team,
};
use allhours_eventstore::{database::Database, log::Log, recorded::StreamId};
use allhours_projections::{
    conversations::{self, Left, Unattended},
    error::ProjectionError,
};
use tokio_util::sync::CancellationToken;

use super::{newest, rounds};
use crate::desk::{CommandContext, CommandError, Desk, stream_of};

/// How many are looked after before the projections are asked again.
const PAGE: usize = 100;
/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks after what is left behind, until `stop`.
pub async fn run<L: Log>(desk: Desk<L>, database: Database, stop: CancellationToken) {
    let round = async || {
        if let Err(error) = look(&desk, &database).await {
            tracing::warn!(%error, "what is left behind can't be read; trying again");
        }
        LOOK_EVERY
    };
    rounds(&stop, round).await;
}

async fn look<L: Log>(desk: &Desk<L>, database: &Database) -> Result<(), ProjectionError> {
    let unattended = {
        let client = database.owner().await?;
        conversations::unattended(&client, PAGE).await?
    };
    for left in &unattended {
        match attend(desk, left).await {
            // Somebody took it, or ended it, meanwhile.
            Ok(()) | Err(CommandError::Refused(_) | CommandError::Stale(_)) => {}
            Err(CommandError::Log(error)) => {
                let conversation = left.id;
                tracing::warn!(%error, %conversation, "could not be looked after; trying again");
            }
        }
    }
    Ok(())
}

/// Releases, moves or closes one, in answer to the event that left it behind.
async fn attend<L: Log>(
    desk: &Desk<L>,
    left: &Unattended,
) -> Result<(), CommandError<ConversationRefusal>> {
    let seen = match left.by {
        Left::Agent(_) | Left::Customer(_) => None,
        // Only as it is now: whoever moves it meanwhile knows better where it belongs.
        Left::Team(team) => {
            let folded = desk.load::<Conversation>(left.tenant_id, left.id.0).await?;
            if folded.state.team() != Some(team) {
                return Ok(());
            }
            Some(folded.version)
        }
    };
    let (stream, name, command) = answer(left.by);
    let Some(cause) = newest(desk.log(), left.tenant_id, stream, name).await? else {
        return Ok(());
    };
    let asked = format!("{:?} {} after {}", left.by, left.id, cause.event_id);
    let context = CommandContext::now(left.tenant_id, Actor::Policy("unattended".to_owned()))
        .keyed(&asked)
        .asked(&asked)
        .caused_by(cause.event_id, cause.correlation_id);
    let done = desk.execute::<Conversation>(&context, left.id.0, command, seen).await?;
    if !done.repeated {
        metrics::counter!("allhours_conversations_unattended_total").increment(1);
    }
    Ok(())
}

/// To which event of which stream there is an answer, and what it is.
fn answer(left_by: Left) -> (StreamId, &'static str, ConversationCommand) {
    match left_by {
        Left::Agent(agent) => {
            let release = command::Release { agent };
            (stream_of::<Agent>(agent), "agent.deactivated", release.into())
        }
        Left::Team(team) => {
            let give_back = command::MoveToTeam { team: None };
            (stream_of::<Team>(team), "team.retired", give_back.into())
        }
        Left::Customer(customer) => {
            let close = command::CloseForgotten {};
            (stream_of::<Customer>(customer), "customer.erased", close.into())
        }
    }
}
