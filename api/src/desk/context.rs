//! Who asks, when, and as part of what.

use allhours_domain::{
    actor::Actor,
    ids::{CommandId, CorrelationId, EventId, TenantId},
    trace::Traceparent,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::clock;

/// All that surrounds a command and is not part of it.
#[derive(Debug, Clone)]
pub struct CommandContext {
    /// Whose desk.
    pub tenant: TenantId,
    /// Who or what asks.
    pub actor: Actor,
    /// The command's id: sent again with the same content, it has no further effect.
    pub command_id: CommandId,
    /// All that follows from one outside cause.
    pub correlation_id: CorrelationId,
    /// The event that made somebody send the command, if any.
    pub causation_id: Option<EventId>,
    /// The W3C trace of the request that asked for it, if it was part of one.
    pub traceparent: Option<Traceparent>,
    /// When it happened; past instants are for imports.
    pub at: Timestamp,
    /// What was asked, where the commands themselves hold instants or ids made for this one
    /// attempt, so that a retry would not look the same. None: the commands are what was asked.
    pub fingerprint: Option<[u8; 32]>,
}

impl CommandContext {
    /// A command of its own, now: nothing caused it, and nobody will send it again.
    #[must_use]
    pub fn now(tenant: TenantId, actor: Actor) -> Self {
        let command_id = CommandId(clock::new_id());
        Self {
            tenant,
            actor,
            command_id,
            correlation_id: CorrelationId(command_id.0),
            causation_id: None,
            traceparent: None,
            at: clock::now(),
            fingerprint: None,
        }
    }

    /// The same command id for the same `key` of the same actor, however often it is sent.
    #[must_use]
    pub fn keyed(mut self, key: &str) -> Self {
        let name = format!("{}\n{}\n{key}", self.tenant, self.actor);
        self.command_id = CommandId(uuid::Uuid::new_v5(&COMMANDS, name.as_bytes()));
        self.correlation_id = CorrelationId(self.command_id.0);
        self
    }

    /// Caused by this event, and part of what that one is part of. After [`Self::keyed`], which
    /// begins something of its own.
    #[must_use]
    pub fn caused_by(mut self, event: EventId, correlation: CorrelationId) -> Self {
        self.causation_id = Some(event);
        self.correlation_id = correlation;
        self
    }

    /// With what was asked as `text`, see [`Self::fingerprint`].
    #[must_use]
    pub fn asked(mut self, text: &str) -> Self {
        self.fingerprint = Some(Sha256::digest(text.as_bytes()).into());
        self
    }

    /// At another instant.
    #[must_use]
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    /// An id that a retry of the same command makes again; `what` tells several apart.
    #[must_use]
    pub fn derived_id(&self, what: &str) -> uuid::Uuid {
        uuid::Uuid::new_v5(&self.command_id.0, what.as_bytes())
    }
}

/// The name space of command ids that are derived from a caller's key.
const COMMANDS: uuid::Uuid = uuid::Uuid::from_u128(0x0c3b_52a7_9a0e_4c1f_8d55_6e1b_7f02_91c4);
