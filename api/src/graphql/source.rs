//! Where a personal text stands: at hand, or in an event that has to be opened.

use allhours_domain::{
    agent::AgentEvent, catalogue::AnyEvent, conversation::ConversationEvent,
    customer::CustomerEvent, fields::FieldValue, ids::IdentityId, intake::IntakeEvent,
    personal::Personal,
};
use allhours_eventstore::recorded::Position;
use async_graphql::{Context, Result};

use super::{
    loaders::Loaders,
    text::{PersonalText, reads_texts},
    viewer::Viewer,
};

/// A personal text, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// At hand.
    Here(Option<Personal>),
    /// In the event at this position.
    At(Option<Position>),
}

impl Source {
    /// The text as the viewer may read it; `pick` finds it in its event.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn read(
        &self,
        ctx: &Context<'_>,
        pick: impl FnOnce(&AnyEvent) -> Option<&Personal>,
    ) -> Result<Option<PersonalText>> {
        let viewer = Viewer::of(ctx)?;
        match self {
            Self::Here(None) | Self::At(None) => Ok(None),
            // Nothing is opened for somebody who may not read it.
            Self::Here(Some(_)) | Self::At(Some(_)) if !reads_texts(viewer.role) => {
                Ok(Some(PersonalText::hidden()))
            }
            Self::Here(Some(personal)) => Ok(Some(PersonalText::of(viewer, personal))),
            Self::At(Some(position)) => {
                let event = Loaders::of(ctx)?.events.load_one(*position).await?;
                let personal = event.as_deref().and_then(|(_, event)| pick(event));
                Ok(personal.map(|personal| PersonalText::of(viewer, personal)))
            }
        }
    }
}

/// The name in an event that sets an agent's or a customer's name.
#[must_use]
pub fn name(event: &AnyEvent) -> Option<&Personal> {
    match event {
        AnyEvent::Agent(AgentEvent::Registered(event)) => Some(&event.display_name),
        AnyEvent::Agent(AgentEvent::Renamed(event)) => Some(&event.display_name),
        AnyEvent::Customer(CustomerEvent::Identified(event)) => event.display_name.as_ref(),
        AnyEvent::Customer(CustomerEvent::ProfileChanged(event)) => event.display_name.as_ref(),
        _ => None,
    }
}

/// The subject line in the event that opened a conversation.
#[must_use]
pub fn subject(event: &AnyEvent) -> Option<&Personal> {
    let AnyEvent::Conversation(ConversationEvent::Opened(event)) = event else { return None };
    event.subject.as_ref()
}

/// The text of a custom field in the event that set it.
#[must_use]
pub fn field(event: &AnyEvent) -> Option<&Personal> {
    let AnyEvent::Conversation(ConversationEvent::FieldSet(event)) = event else { return None };
    match &event.value {
        Some(FieldValue::Text(text)) => Some(text),
        _ => None,
    }
}

/// What was written, in the event of a message.
#[must_use]
pub fn message(event: &AnyEvent) -> Option<&Personal> {
    let AnyEvent::Conversation(event) = event else { return None };
    match event {
        ConversationEvent::CustomerMessageReceived(event) => Some(&event.text),
        ConversationEvent::AgentReplied(event) => Some(&event.text),
        ConversationEvent::NoteAdded(event) => Some(&event.text),
        _ => None,
    }
}

/// The address in the event that linked it.
pub fn address(identity: IdentityId) -> impl FnOnce(&AnyEvent) -> Option<&Personal> {
    move |event| {
        let AnyEvent::Customer(CustomerEvent::IdentityLinked(event)) = event else { return None };
        (event.identity == identity).then_some(&event.address)
    }
}

/// A delivery as the provider sent it.
#[must_use]
pub fn raw(event: &AnyEvent) -> Option<&Personal> {
    let AnyEvent::Intake(IntakeEvent::Received(event)) = event else { return None };
    Some(&event.raw)
}

/// The provider's own id of a delivery.
#[must_use]
pub fn external_id(event: &AnyEvent) -> Option<&Personal> {
    let AnyEvent::Intake(IntakeEvent::Received(event)) = event else { return None };
    Some(&event.external_id)
}

/// Why a delivery was discarded.
#[must_use]
pub fn discard_reason(event: &AnyEvent) -> Option<&Personal> {
    let AnyEvent::Intake(IntakeEvent::Discarded(event)) = event else { return None };
    Some(&event.reason)
}
