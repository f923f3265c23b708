//! What has happened to a team.

use serde::{Deserialize, Serialize};

use crate::{
    decider::{events, shapes},
    ids::AgentId,
    text::Name,
};

events! {
    /// A fact about one team.
    pub enum TeamEvent, upcast = super::upcast::upcast {
        #[doc = "A team was founded."]
        Created = "team.created", 1;
        #[doc = "Its name changed."]
        Renamed = "team.renamed", 1;
        #[doc = "An agent became a member."]
        MemberAdded = "team.member_added", 1;
        #[doc = "An agent is no longer a member."]
        MemberRemoved = "team.member_removed", 1;
        #[doc = "The team takes no more work."]
        Retired = "team.retired", 1;
    }
}

shapes! {
    /// A team was founded.
    Created {
        /// Its name.
        name: Name,
    }
    /// Its name changed.
    Renamed {
        /// From now on.
        name: Name,
    }
    /// A new member.
    MemberAdded {
        /// Who.
        agent: AgentId,
    }
    /// A member left.
    MemberRemoved {
        /// Who.
        agent: AgentId,
    }
    /// No more work.
    Retired {}
}
