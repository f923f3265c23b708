//! What stands in the tables of agents.

use std::collections::BTreeMap;

use allhours_domain::{
    ids::{AgentId, TenantId},
    text::{Key, Language},
    words::Presence,
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;

use crate::{columns::Structured, intervals::interval, rows::table};

table! {
    /// An agent's working profile.
    AgentRow in "agents" by (tenant_id: TenantId, id: AgentId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Who.
        id: AgentId,
        /// The event that holds the name.
        name_position: Position,
        /// In which languages they work.
        languages: Structured<Vec<Language>>,
        /// Skills with their level, from 1 to 5.
        skills: Structured<BTreeMap<Key, u8>>,
        /// Whether they can be given work.
        presence: Presence,
        /// Since when.
        presence_since: Timestamp,
        /// How much they carry at once, in units.
        capacity_units: i32,
        /// Whether they belong to the desk.
        active: bool,
        /// When they joined.
        registered_at: Timestamp,
        /// The version of the stream.
        version: i32,
        /// The event that changed it last.
        updated_position: Position,
    }
}

table! {
    /// That an agent was present in some way, from one position to another.
    PresenceRow in "presence" by (
        tenant_id: TenantId, agent_id: AgentId, from_position: Position
    ) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Who.
        agent_id: AgentId,
        /// From which position on.
        from_position: Position,
        /// Until before which position; none means still.
        to_position: Option<Position>,
        /// In which way.
        presence: Presence,
        /// Since when.
        since: Timestamp,
    }
}

interval! {
    PresenceRow about (tenant_id: TenantId, agent_id: AgentId) saying (presence)
}
