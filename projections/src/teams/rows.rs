//! What stands in the table of teams.

use std::collections::BTreeSet;

use allhours_domain::{
    ids::{AgentId, TeamId, TenantId},
    text::Name,
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;

use crate::{columns::Structured, rows::table};

table! {
    /// A team.
    TeamRow in "teams" by (tenant_id: TenantId, id: TeamId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Which team.
        id: TeamId,
        /// Its name.
        name: Name,
        /// Who belongs to it.
        members: Structured<BTreeSet<AgentId>>,
        /// Whether it takes no more work.
        retired: bool,
        /// When it was founded.
        created_at: Timestamp,
        /// The version of the stream.
        version: i32,
        /// The event that changed it last.
        updated_position: Position,
    }
}
