//! How events change agents.

use allhours_domain::{
    agent::{AgentEvent, event::Registered},
    catalogue::AnyEvent,
    ids::{AgentId, TenantId},
    words::Presence,
};
use allhours_eventstore::recorded::Recorded;
use jiff::Timestamp;

use crate::{
    agents::{AgentRow, PresenceRow},
    columns::{Structured, whole_microseconds},
    fold::Fold,
    intervals::Intervals,
    rows::Rows,
    table::Table,
};

/// The rows of agents in memory.
#[derive(Debug, Default)]
pub struct Agents {
    /// Their profiles.
    pub rows: Rows<AgentRow>,
    /// When they were present how.
    pub presence: Intervals<PresenceRow>,
}

impl Fold for Agents {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Agent(_) = event {
            let key = key(recorded);
            self.rows.want(key);
            self.presence.want(key);
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        let AnyEvent::Agent(event) = event else { return };
        let key = key(recorded);
        let at = whole_microseconds(recorded.occurred_at);
        let row = self.rows.change(&key);
        if let AgentEvent::Registered(event) = event {
            *row = Some(registered(recorded, at, event));
        }
        let Some(row) = row else { return };
        row.evolve(recorded, at, event);
        let presence = PresenceRow {
            tenant_id: row.tenant_id,
            agent_id: row.id,
            from_position: recorded.position,
            to_position: None,
            presence: row.presence,
            since: row.presence_since,
        };
        self.presence.put(&key, Some(presence), recorded.position);
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.rows, &mut self.presence]
    }
}

fn key(recorded: &Recorded) -> (TenantId, AgentId) {
    (recorded.tenant, AgentId(recorded.stream.id))
}

fn registered(recorded: &Recorded, at: Timestamp, event: &Registered) -> AgentRow {
    AgentRow {
        tenant_id: recorded.tenant,
        id: AgentId(recorded.stream.id),
        name_position: recorded.position,
        languages: Structured(event.languages.clone()),
        skills: Structured::default(),
        presence: Presence::Offline,
        presence_since: at,
        capacity_units: units(event.capacity_units),
        active: true,
        registered_at: at,
        version: 0,
        updated_position: 0,
    }
}

impl AgentRow {
    fn evolve(&mut self, recorded: &Recorded, at: Timestamp, event: &AgentEvent) {
        match event {
            AgentEvent::Registered(_) => {}
            AgentEvent::Renamed(_) => self.name_position = recorded.position,
            AgentEvent::SkillSet(event) => {
                self.skills.insert(event.skill.clone(), event.level);
            }
            AgentEvent::SkillRemoved(event) => {
                self.skills.remove(&event.skill);
            }
            AgentEvent::LanguagesSet(event) => self.languages.0.clone_from(&event.languages),
            AgentEvent::PresenceChanged(event) => {
                self.presence = event.to;
                self.presence_since = at;
            }
            AgentEvent::CapacitySet(event) => self.capacity_units = units(event.capacity_units),
            AgentEvent::Deactivated(_) => self.active = false,
            AgentEvent::Reactivated(_) => self.active = true,
        }
        self.version = recorded.version;
        self.updated_position = recorded.position;
    }
}

fn units(capacity_units: u32) -> i32 {
    i32::try_from(capacity_units).unwrap_or(i32::MAX)
}
