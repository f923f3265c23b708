//! Assigning, claiming, releasing, moving.

use super::*;
use crate::conversation::event::{Released, TeamChanged};

#[test]
fn of_two_agents_who_claim_the_second_learns_who_was_first() {
    given([opened()]).when(command::Claim { agent: ADA }).then([claimed(ADA)]);
    given([opened(), claimed(ADA)])
        .when(command::Claim { agent: BOB })
        .then_refused(ConversationRefusal::AlreadyClaimed { by: ADA });
}

#[test]
fn claiming_what_is_ones_own_changes_nothing() {
    given([opened(), claimed(ADA)]).when(command::Claim { agent: ADA }).then([]);
}

#[test]
fn assigning_says_who_was_responsible_before() {
    given([opened()]).when(command::Assign { agent: ADA }).then([assigned(ADA, None)]);
    given([opened(), claimed(ADA)])
        .when(command::Assign { agent: BOB })
        .then([assigned(BOB, Some(ADA))]);
    given([opened(), claimed(ADA)]).when(command::Assign { agent: ADA }).then([]);
}

#[test]
fn only_the_responsible_agent_puts_it_back() {
    given([opened(), claimed(ADA)])
        .when(command::Release { agent: ADA })
        .then([Released { agent: ADA }.into()]);
    given([opened(), claimed(ADA)])
        .when(command::Release { agent: BOB })
        .then_refused(ConversationRefusal::BelongsTo { agent: ADA });
    given([opened()]).when(command::Release { agent: ADA }).then([]);
}

#[test]
fn whoever_was_responsible_is_not_after_a_move_to_another_team() {
    let to = Some(BILLING);
    given([opened(), claimed(ADA)])
        .when(command::MoveToTeam { team: to })
        .then([Released { agent: ADA }.into(), TeamChanged { from: None, to }.into()]);
    given([opened(), claimed(ADA)]).when(command::MoveToTeam { team: None }).then([]);
}

#[test]
fn what_is_resolved_can_be_assigned_but_not_claimed() {
    given([opened(), assumed(1, 0)])
        .when(command::Assign { agent: ADA })
        .then([assigned(ADA, None)]);
    given([opened(), assumed(1, 0)])
        .when(command::Claim { agent: ADA })
        .then_refused(ConversationRefusal::Resolved);
}
