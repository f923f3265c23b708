//! The rules of a team: one function for each command.

use super::{
    Team, TeamCommand, TeamEvent, TeamRefusal,
    command::{AddMember, Create, RemoveMember, Rename},
    event::{Created, MemberAdded, MemberRemoved, Renamed, Retired},
};
use crate::text::Name;

type Decision = Result<Vec<TeamEvent>, TeamRefusal>;

impl Team {
    /// Decides what happens if `command` is granted; no events where nothing would change.
    ///
    /// # Errors
    ///
    /// Only ever a [`TeamRefusal`]: a rule said no.
    pub fn decide(&self, command: TeamCommand) -> Decision {
        let Some(name) = &self.name else {
            let TeamCommand::Create(Create { name }) = command else {
                return Err(TeamRefusal::NoSuchTeam);
            };
            return Ok(vec![TeamEvent::Created(Created { name })]);
        };
        match command {
            TeamCommand::Create(_) => Err(TeamRefusal::AlreadyCreated),
            TeamCommand::Retire(_) => Ok(self.retire()),
            TeamCommand::Rename(_) | TeamCommand::AddMember(_) | TeamCommand::RemoveMember(_)
                if self.retired =>
            {
                Err(TeamRefusal::Retired)
            }
            TeamCommand::Rename(command) => Ok(rename(name, command)),
            TeamCommand::AddMember(command) => self.add_member(&command),
            TeamCommand::RemoveMember(command) => Ok(self.remove_member(&command)),
        }
    }

    fn add_member(&self, &AddMember { agent }: &AddMember) -> Decision {
        if self.members.contains(&agent) {
            return Ok(vec![]);
        }
        if self.members.len() >= Self::MEMBERS_MAX {
            return Err(TeamRefusal::TooManyMembers { members_max: Self::MEMBERS_MAX });
        }
        Ok(vec![TeamEvent::MemberAdded(MemberAdded { agent })])
    }

    fn remove_member(&self, &RemoveMember { agent }: &RemoveMember) -> Vec<TeamEvent> {
        if self.members.contains(&agent) {
            vec![TeamEvent::MemberRemoved(MemberRemoved { agent })]
        } else {
            vec![]
        }
    }

    fn retire(&self) -> Vec<TeamEvent> {
        if self.retired { vec![] } else { vec![TeamEvent::Retired(Retired {})] }
    }
}

fn rename(before: &Name, Rename { name }: Rename) -> Vec<TeamEvent> {
    if *before == name { vec![] } else { vec![TeamEvent::Renamed(Renamed { name })] }
}
