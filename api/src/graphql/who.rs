//! Who asks, as they may read it.

use async_graphql::{Context, Enum, Result, SimpleObject};

use super::{
    agent::Agent,
    customer::Customer,
    viewer::{self, Viewer},
};

/// Who asks.
#[derive(Debug, SimpleObject)]
#[graphql(name = "Viewer", complex)]
pub struct ViewerObject {
    /// As what.
    pub role: Role,
    /// The id of the person, as `agentRegister` and `customerIdentify` take it.
    pub person_id: String,
    #[graphql(skip)]
    pub(super) viewer: Viewer,
}

#[async_graphql::ComplexObject]
impl ViewerObject {
    /// The agent they are, if they work at the desk.
    async fn agent(&self, ctx: &Context<'_>) -> Result<Option<Agent>> {
        match self.viewer.agent() {
            Some(agent) => Agent::known(ctx, agent).await,
            None => Ok(None),
        }
    }

    /// The customer they are, if they are one.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        match self.viewer.customer() {
            Some(customer) => Customer::known(ctx, customer).await,
            None => Ok(None),
        }
    }
}

/// What somebody is to the desk.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "viewer::Role")]
pub enum Role {
    /// Writes to the desk and sees their own conversations.
    Customer,
    /// Answers customers.
    Agent,
    /// Leads agents.
    Supervisor,
    /// Sets up the desk.
    Admin,
    /// Reads what happened without personal texts.
    Analyst,
    /// Reads all that happened; changes nothing.
    Auditor,
    /// A program that brings messages in.
    Integration,
}
