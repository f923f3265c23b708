//! Who may ask for what: one table for every root field, where what stands in no line is for
//! nobody, and one for those fields below that are not for everybody who sees their object.
//!
//! What a viewer then sees of an object follows from the object: customers see their own
//! conversations without notes and nothing of how the desk works, analysts and integrations no
//! personal text. `docs/permissions.md` shows what comes of it.

use super::viewer::Role::{
    self, Admin, Agent, Analyst, Auditor, Customer, Integration, Supervisor,
};

const ALL: &[Role] = Role::ALL;
const STAFF: &[Role] = &[Agent, Supervisor, Admin, Analyst, Auditor, Integration];
const DESK: &[Role] = &[Agent, Supervisor, Admin];
const LEADS: &[Role] = &[Supervisor, Admin];
const ADMIN: &[Role] = &[Admin];
const READERS: &[Role] = &[Agent, Supervisor, Admin, Analyst, Auditor];
const HISTORY: &[Role] = &[Admin, Analyst, Auditor];
const CUSTOMERS_TOO: &[Role] = &[Customer, Agent, Supervisor, Admin, Analyst, Auditor];
const CONFIRM: &[Role] = &[Customer, Agent, Supervisor, Admin];
const INTAKE: &[Role] = &[Integration, Admin];
const INTAKES: &[Role] = &[Supervisor, Admin, Auditor, Integration];

/// One line of a table: a field, and the roles that may ask for it.
pub type Rule = (&'static str, &'static [Role]);

/// Root fields.
pub const RULES: &[Rule] = &[
    ("Query.viewer", ALL),
    ("Query.node", CUSTOMERS_TOO),
    ("Query.nodes", CUSTOMERS_TOO),
    ("Query.conversation", CUSTOMERS_TOO),
    ("Query.conversations", CUSTOMERS_TOO),
    ("Query.queue", READERS),
    ("Query.counters", READERS),
    ("Query.agent", READERS),
    ("Query.agents", READERS),
    ("Query.team", READERS),
    ("Query.teams", READERS),
    ("Query.customer", CUSTOMERS_TOO),
    ("Query.customers", READERS),
    ("Query.intakes", INTAKES),
    ("Query.article", CUSTOMERS_TOO),
    ("Query.articles", CUSTOMERS_TOO),
    ("Query.desk", READERS),
    ("Query.search", &[Customer, Agent, Supervisor, Admin, Auditor]),
    ("Query.churnFeatures", &[Supervisor, Admin, Analyst]),
    ("Query.events", HISTORY),
    ("Query.why", HISTORY),
    ("Query.projections", &[Admin, Analyst, Auditor]),
    ("Query.deadLetters", ADMIN),
    ("Query.position", ALL),
    ("Mutation.conversationOpen", DESK),
    ("Mutation.conversationReply", DESK),
    ("Mutation.conversationAddNote", DESK),
    ("Mutation.conversationSetPriority", DESK),
    ("Mutation.conversationAssignTier", DESK),
    ("Mutation.conversationAddTag", DESK),
    ("Mutation.conversationRemoveTag", DESK),
    ("Mutation.conversationSetField", DESK),
    ("Mutation.conversationClaim", DESK),
    ("Mutation.conversationAssign", LEADS),
    ("Mutation.conversationRelease", DESK),
    ("Mutation.conversationMoveToTeam", DESK),
    ("Mutation.conversationWait", DESK),
    ("Mutation.conversationSnooze", DESK),
    ("Mutation.conversationWake", DESK),
    ("Mutation.conversationResolve", DESK),
    ("Mutation.conversationConfirmResolution", CONFIRM),
    ("Mutation.conversationReopen", DESK),
    ("Mutation.conversationClose", DESK),
    ("Mutation.conversationMerge", DESK),
    ("Mutation.conversationUnmerge", DESK),
    ("Mutation.conversationSplit", DESK),
    ("Mutation.conversationRedact", LEADS),
    ("Mutation.messageSend", &[Customer]),
    ("Mutation.intakeReceive", INTAKE),
    ("Mutation.intakePark", INTAKE),
    ("Mutation.intakeTakeIn", LEADS),
    ("Mutation.intakeDiscard", LEADS),
    ("Mutation.customerIdentify", &[Agent, Supervisor, Admin, Integration]),
    ("Mutation.customerChangeProfile", DESK),
    ("Mutation.customerLinkAddress", DESK),
    ("Mutation.customerUnlinkAddress", DESK),
    ("Mutation.customerSetTier", DESK),
    ("Mutation.customerSetConsent", CONFIRM),
    ("Mutation.customerMerge", DESK),
    ("Mutation.customerUnmerge", DESK),
    ("Mutation.customerErase", ADMIN),
    ("Mutation.agentRegister", ADMIN),
    ("Mutation.agentRename", ADMIN),
    ("Mutation.agentSetSkill", LEADS),
    ("Mutation.agentRemoveSkill", LEADS),
    ("Mutation.agentSetLanguages", LEADS),
    ("Mutation.agentSetPresence", DESK),
    ("Mutation.agentSetCapacity", LEADS),
    ("Mutation.agentDeactivate", ADMIN),
    ("Mutation.agentReactivate", ADMIN),
    ("Mutation.teamCreate", LEADS),
    ("Mutation.teamRename", LEADS),
    ("Mutation.teamAddMember", LEADS),
    ("Mutation.teamRemoveMember", LEADS),
    ("Mutation.teamRetire", LEADS),
    ("Mutation.articleDraft", DESK),
    ("Mutation.articleRequestReview", DESK),
    ("Mutation.articleReview", DESK),
    ("Mutation.articlePublish", LEADS),
    ("Mutation.articleRetire", LEADS),
    ("Mutation.articleCite", DESK),
    ("Mutation.deskOpen", ADMIN),
    ("Mutation.deskChangeSettings", ADMIN),
    ("Mutation.fieldDefine", ADMIN),
    ("Mutation.fieldRetire", ADMIN),
    ("Subscription.conversationEvents", CUSTOMERS_TOO),
    ("Subscription.queueChanged", READERS),
    ("Subscription.countersChanged", READERS),
    ("Subscription.agentsChanged", READERS),
    ("Subscription.nodesChanged", CUSTOMERS_TOO),
    ("Subscription.events", HISTORY),
];

/// Fields below, which always have a value, so that there is no other way to say nothing.
pub const BELOW: &[Rule] = &[("Conversation.tier", STAFF), ("Conversation.priority", STAFF)];

/// Whether a role may ask for a field that stands in a line, such as `Query.conversation`.
#[must_use]
pub fn may(role: Role, field: &str) -> bool {
    let lines = RULES.iter().chain(BELOW);
    lines.into_iter().any(|(name, roles)| *name == field && roles.contains(&role))
}

/// Whether a field of an object is for everybody who sees the object.
#[must_use]
pub fn is_open(type_name: &str, field: &str) -> bool {
    BELOW.iter().all(|(line, _)| line.split_once('.') != Some((type_name, field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_no_line_is_for_nobody() {
        assert!(Role::ALL.iter().all(|role| !may(*role, "Mutation.dropEverything")));
    }

    #[test]
    fn auditors_and_analysts_change_nothing() {
        for (field, roles) in RULES {
            if field.starts_with("Mutation.") {
                assert!(!roles.contains(&Auditor) && !roles.contains(&Analyst), "{field}");
            }
        }
    }

    #[test]
    fn no_field_stands_in_two_lines() {
        let lines: Vec<_> = RULES.iter().chain(BELOW).map(|(field, _)| field).collect();
        for (index, field) in lines.iter().enumerate() {
            assert!(lines.iter().skip(index + 1).all(|other| other != field), "{field}");
        }
    }

    #[test]
    fn a_field_below_that_stands_in_no_line_is_open() {
        assert!(is_open("Conversation", "subject") && is_open("Article", "priority"));
        assert!(!is_open("Conversation", "priority"));
        assert!(!may(Customer, "Conversation.priority") && may(Agent, "Conversation.priority"));
    }
}
