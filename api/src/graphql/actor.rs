//! Who or what caused something.

use allhours_domain::{actor, ids::AgentId};
use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};

use super::{agent::Agent, customer::Customer, own::may_see};

/// What kind of cause it was.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// Somebody who signed in.
    Person,
    /// A customer.
    Customer,
    /// An automation rule.
    Rule,
    /// A versioned policy.
    Policy,
    /// A model.
    Model,
    /// A timer.
    Timer,
    /// A channel adapter or another program.
    Channel,
    /// The program itself.
    System,
}

/// Who or what caused something.
#[derive(Debug, SimpleObject, Clone)]
#[graphql(complex)]
pub struct Actor {
    /// What kind of cause it was.
    pub kind: ActorKind,
    /// Its name, where it is neither a person nor a customer.
    pub name: Option<String>,
    #[graphql(skip)]
    who: actor::Actor,
}

#[ComplexObject]
impl Actor {
    /// The agent, where it was a person who works at the desk.
    async fn agent(&self, ctx: &Context<'_>) -> Result<Option<Agent>> {
        match &self.who {
            actor::Actor::Person(person) => Agent::known(ctx, AgentId(person.0)).await,
            _ => Ok(None),
        }
    }

    /// The customer, where it was one.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        let actor::Actor::Customer(customer) = &self.who else { return Ok(None) };
        if may_see(ctx, *customer).await? {
            Customer::known(ctx, *customer).await
        } else {
            Ok(None)
        }
    }
}

impl From<actor::Actor> for Actor {
    fn from(who: actor::Actor) -> Self {
        use actor::Actor as Of;
        let (kind, name) = match &who {
            Of::Person(_) => (ActorKind::Person, None),
            Of::Customer(_) => (ActorKind::Customer, None),
            Of::Rule(name) => (ActorKind::Rule, Some(name.clone())),
            Of::Policy(name) => (ActorKind::Policy, Some(name.clone())),
            Of::Model(name) => (ActorKind::Model, Some(name.clone())),
            Of::Timer(name) => (ActorKind::Timer, Some(name.clone())),
            Of::Channel(name) => (ActorKind::Channel, Some(name.clone())),
            Of::System(name) => (ActorKind::System, Some(name.clone())),
        };
        Self { kind, name, who }
    }
}
