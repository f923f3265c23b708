//! The demo tenant: a small desk with teams, agents, customers, conversations and articles.
//!
//! Every command has a fixed id, so that doing it again changes nothing. Read [`people`] and
//! [`matters`] for what there is.

mod matters;
mod people;

use std::collections::BTreeMap;

use allhours_domain::{
    actor::Actor,
    agent::{self, Agent},
    article::{self, Article},
    customer::{self, Customer},
    decider::Refusal,
    desk::{self, Desk as Settings, event::DeskSettings},
    identity::{self, Identity},
    ids::{AgentId, ArticleId, CustomerId, TeamId, TenantId},
    team::{self, Team},
    text::{Address, ArticleBody, Key, Language, Name, TextRefusal},
    words::{Channel, Presence, ReviewOutcome},
};
use allhours_eventstore::{error::LogError, log::Log};
use jiff::Timestamp;
use serde::Serialize;

use self::people::{AGENTS, ARTICLES, CUSTOMERS, TEAMS};
use crate::{
    clock,
    desk::{CommandContext, CommandError, Desk, Done, address::identity_of},
    graphql::viewer::Role,
    tenant::tenant_id,
};

/// The name of the demo tenant.
pub const TENANT: &str = "demo";

/// Why the demo tenant could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A rule said no: somebody changed the demo so that it no longer fits.
    #[error("{0}")]
    Refused(String),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A text of the demo is not one that the desk takes; a bug.
    #[error(transparent)]
    Text(#[from] TextRefusal),
}

impl<R: Refusal> From<CommandError<R>> for DemoError {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused(refusal) => Self::Refused(refusal.to_string()),
            CommandError::Stale(stale) => Self::Refused(stale.to_string()),
            CommandError::Log(error) => Self::Log(error),
        }
    }
}

/// What was made; where it was there before, what is there by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// The tenant's name.
    pub tenant: &'static str,
    /// Its id.
    pub tenant_id: TenantId,
    /// How many teams there are.
    pub teams: usize,
    /// How many agents.
    pub agents: usize,
    /// How many customers.
    pub customers: usize,
    /// How many conversations.
    pub conversations: usize,
    /// How many articles.
    pub articles: usize,
    /// Whether it was all there before.
    pub repeated: bool,
    /// Reads that wait for this position see it all.
    pub position: i64,
}

impl Made {
    /// Tells what is there by now instead, by type of stream.
    pub fn holds(&mut self, there: &BTreeMap<String, u64>) {
        let count = |stream_type| usize::try_from(*there.get(stream_type).unwrap_or(&0));
        let of = |stream_type| count(stream_type).unwrap_or(usize::MAX);
        self.teams = of("team");
        self.agents = of("agent");
        self.customers = of("customer");
        self.conversations = of("conversation");
        self.articles = of("article");
    }
}

/// The agent of a tenant who is called so.
#[must_use]
pub fn agent_id(tenant: TenantId, name: &str) -> AgentId {
    AgentId(clock::derived_id(tenant.0, &format!("agent:{name}")))
}

/// The customer of a tenant who is called so.
#[must_use]
pub fn customer_id(tenant: TenantId, name: &str) -> CustomerId {
    CustomerId(clock::derived_id(tenant.0, &format!("customer:{name}")))
}

/// Who a token of a role is for when nobody is named.
#[must_use]
pub fn subject_of(tenant: TenantId, role: Role) -> uuid::Uuid {
    match role {
        Role::Customer => customer_id(tenant, CUSTOMERS[0].name).0,
        Role::Agent => agent_id(tenant, AGENTS[0].name).0,
        Role::Supervisor => agent_id(tenant, AGENTS[1].name).0,
        Role::Admin => agent_id(tenant, AGENTS[2].name).0,
        Role::Analyst | Role::Auditor | Role::Integration => {
            clock::derived_id(tenant.0, &format!("person:{}", role.as_str()))
        }
    }
}

/// Makes the demo tenant.
///
/// # Errors
///
/// The log failed, or what is there does not fit.
pub async fn make<L: Log>(desk: &Desk<L>) -> Result<Made, DemoError> {
    let making = Making { desk, tenant: tenant_id(TENANT), now: clock::now() };
    let mut all = vec![making.settings().await?];
    for team in TEAMS {
        all.push(making.team(team).await?);
    }
    for person in AGENTS {
        all.push(making.agent(person).await?);
    }
    for person in CUSTOMERS {
        all.push(making.customer(person).await?);
    }
    for matter in matters::MATTERS {
        all.push(making.conversation(matter).await?);
    }
    for article in ARTICLES {
        all.push(making.article(article).await?);
    }
    Ok(Made {
        tenant: TENANT,
        tenant_id: making.tenant,
        teams: TEAMS.len(),
        agents: AGENTS.len(),
        customers: CUSTOMERS.len(),
        conversations: matters::MATTERS.len(),
        articles: ARTICLES.len(),
        repeated: all.iter().all(|done| done.repeated),
        position: all.iter().map(|done| done.position).max().unwrap_or_default(),
    })
}

struct Making<'a, L> {
    desk: &'a Desk<L>,
    tenant: TenantId,
    now: Timestamp,
}

impl<L: Log> Making<'_, L> {
    /// A command that is the same one whenever it is sent.
    fn context(&self, step: &str) -> CommandContext {
        CommandContext::now(self.tenant, Actor::System("demo".to_owned()))
            .keyed(&format!("demo:{step}"))
            .asked(step)
    }

    async fn settings(&self) -> Result<Done, DemoError> {
        let settings = DeskSettings {
            name: Name::new("Riverside Coffee")?,
            default_language: Language::new("en")?,
            reopen_within_hours: 72,
        };
        let context = self.context("desk");
        let open = desk::command::Open { settings };
        Ok(self.desk.execute::<Settings>(&context, self.tenant.0, open, None).await?)
    }

    fn team_id(&self, name: &str) -> TeamId {
        TeamId(clock::derived_id(self.tenant.0, &format!("team:{name}")))
    }

    async fn team(&self, name: &str) -> Result<Done, DemoError> {
        let context = self.context(&format!("team {name}"));
        let id = self.team_id(name);
        let mut unit = self.desk.unit(&context);
        unit = unit.with::<Team>(id.0, team::command::Create { name: Name::new(name)? });
        for person in AGENTS.iter().filter(|person| person.teams.contains(&name)) {
            let agent = agent_id(self.tenant, person.name);
            unit = unit.with::<Team>(id.0, team::command::AddMember { agent });
        }
        Ok(unit.commit().await?)
    }

    async fn agent(&self, person: &people::Agent) -> Result<Done, DemoError> {
        let context = self.context(&format!("agent {}", person.name));
        let id = agent_id(self.tenant, person.name);
        let languages: Result<Vec<_>, _> =
            person.languages.iter().map(|tag| Language::new(*tag)).collect();
        let register = agent::command::Register {
            id,
            display_name: Name::new(person.name)?,
            languages: languages?,
            capacity_units: person.capacity_units,
        };
        let mut unit = self.desk.unit(&context).with::<Agent>(id.0, register);
        for (skill, level) in person.skills {
            let set =
                agent::command::SetSkill { skill: Key::new(*skill)?, level: i32::from(*level) };
            unit = unit.with::<Agent>(id.0, set);
        }
        if person.presence != Presence::Offline {
            let presence = agent::command::SetPresence { presence: person.presence };
            unit = unit.with::<Agent>(id.0, presence);
        }
        Ok(unit.commit().await?)
    }

    async fn customer(&self, person: &people::Customer) -> Result<Done, DemoError> {
        let context = self.context(&format!("customer {}", person.name));
        let id = customer_id(self.tenant, person.name);
        let known = customer::command::Identify {
            id,
            display_name: Some(Name::new(person.name)?),
            language: Some(Language::new(person.language)?),
            tier: person.tier,
        };
        let (channel, address) = (Channel::Email, Address::new(person.email)?);
        let identity = identity_of(self.desk.log(), self.tenant, channel, &address).await?;
        let link = customer::command::LinkIdentity { identity, channel, address, verified: true };
        let unit = self
            .desk
            .unit(&context)
            .with::<Customer>(id.0, known)
            .with::<Customer>(id.0, link)
            .with::<Identity>(identity.0, identity::command::Claim { customer: id, channel });
        Ok(unit.commit().await?)
    }

    async fn article(&self, text: &people::Article) -> Result<Done, DemoError> {
        let context = self.context(&format!("article {}", text.title));
        let name = format!("article:{}", text.title);
        let id = ArticleId(clock::derived_id(self.tenant.0, &name));
        let locale = Language::new(text.locale)?;
        let author = agent_id(self.tenant, AGENTS[0].name);
        let reviewer = agent_id(self.tenant, AGENTS[1].name);
        let draft = article::command::Draft {
            locale: locale.clone(),
            title: Name::new(text.title)?,
            body: ArticleBody::new(text.body)?,
            author,
        };
        let mut unit = self.desk.unit(&context).with::<Article>(id.0, draft);
        if text.published {
            let request = article::command::RequestReview { locale: locale.clone(), by: author };
            let review = article::command::Review {
                locale: locale.clone(),
                outcome: ReviewOutcome::Approved,
                reviewer,
                comment: None,
            };
            unit = unit
                .with::<Article>(id.0, request)
                .with::<Article>(id.0, review)
                .with::<Article>(id.0, article::command::Publish { locale });
        }
        Ok(unit.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use allhours_eventstore::{keys::MasterKey, memory::MemoryLog};

    use super::*;

    fn desk() -> Desk<MemoryLog> {
        Desk::new(MemoryLog::new(MasterKey::generate().expect("the system has random numbers")))
    }

    #[tokio::test]
    async fn the_demo_is_made_whole_and_making_it_again_changes_nothing() {
        let desk = desk();
        let made = make(&desk).await.expect("the demo fits the rules");
        assert_eq!((made.teams, made.agents, made.customers), (3, 8, 12));
        assert_eq!((made.conversations, made.articles, made.repeated), (20, 3, false));
        let head = desk.log().head().await.expect("the log answers");
        let again = make(&desk).await.expect("the demo fits the rules");
        assert!(again.repeated);
        assert_eq!(desk.log().head().await.expect("the log answers"), head);
    }
}
