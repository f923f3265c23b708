//! What can be asked of a team.

use crate::{decider::commands, ids::AgentId, text::Name};

commands! {
    /// Something asked of a team.
    TeamCommand;
    /// Founds it.
    Create {
        /// Its name.
        name: Name,
    }
    /// Changes its name.
    Rename {
        /// From now on.
        name: Name,
    }
    /// Makes an agent a member; at most 1,000 members.
    AddMember {
        /// Who.
        agent: AgentId,
    }
    /// Ends a membership.
    RemoveMember {
        /// Who.
        agent: AgentId,
    }
    /// Takes no more work.
    Retire {}
}
