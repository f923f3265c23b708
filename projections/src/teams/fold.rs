//! How events change teams.

use allhours_domain::{
    catalogue::AnyEvent,
    ids::{TeamId, TenantId},
    team::TeamEvent,
};
use allhours_eventstore::recorded::Recorded;

use crate::{
    columns::{Structured, whole_microseconds},
    fold::Fold,
    rows::Rows,
    table::Table,
    teams::TeamRow,
};

/// The rows of teams in memory.
#[derive(Debug, Default)]
pub struct Teams {
    /// The teams.
    pub rows: Rows<TeamRow>,
}

impl Fold for Teams {
    fn touch(&mut self, recorded: &Recorded, event: &AnyEvent) {
        if let AnyEvent::Team(_) = event {
            self.rows.want(key(recorded));
        }
    }

    fn apply(&mut self, recorded: &Recorded, event: &AnyEvent) {
        let AnyEvent::Team(event) = event else { return };
        let row = self.rows.change(&key(recorded));
        if let TeamEvent::Created(event) = event {
            *row = Some(TeamRow {
                tenant_id: recorded.tenant,
                id: TeamId(recorded.stream.id),
                name: event.name.clone(),
                members: Structured::default(),
                retired: false,
                created_at: whole_microseconds(recorded.occurred_at),
                version: 0,
                updated_position: 0,
            });
        }
        if let Some(row) = row {
            row.evolve(recorded, event);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.rows]
    }
}

fn key(recorded: &Recorded) -> (TenantId, TeamId) {
    (recorded.tenant, TeamId(recorded.stream.id))
}

impl TeamRow {
    fn evolve(&mut self, recorded: &Recorded, event: &TeamEvent) {
        match event {
            TeamEvent::Created(_) => {}
            TeamEvent::Renamed(event) => self.name.clone_from(&event.name),
            TeamEvent::MemberAdded(event) => {
                self.members.insert(event.agent);
            }
            TeamEvent::MemberRemoved(event) => {
                self.members.remove(&event.agent);
            }
            TeamEvent::Retired(_) => self.retired = true,
        }
        self.version = recorded.version;
        self.updated_position = recorded.position;
    }
}
