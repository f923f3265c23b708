//! Anything that has a global id, found by it.

use allhours_domain::ids::{
    AgentId, ArticleId, ConversationId, CustomerId, EventId, IntakeId, TeamId,
};
use allhours_eventstore::recorded;
use async_graphql::{Context, ID, Interface, Result};

use super::{
    agent::Agent,
    article::Article,
    conversation::Conversation,
    customer::Customer,
    event::{self, Event},
    id::{self, Kind},
    intake::Intake,
    own::may_see,
    permissions,
    team::Team,
    viewer::Viewer,
};

/// Anything that has a global id.
#[expect(clippy::large_enum_variant, reason = "short-lived, and handed over once")]
#[derive(Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    /// A conversation.
    Conversation(Conversation),
    /// A customer.
    Customer(Customer),
    /// An agent.
    Agent(Agent),
    /// A team.
    Team(Team),
    /// A knowledge article.
    Article(Article),
    /// A delivery of a provider's message.
    Intake(Intake),
    /// An event.
    Event(Event),
}

/// The object with a global id, read the way its own field reads it; none where there is none
/// for this viewer.
///
/// # Errors
///
/// A failure below.
pub async fn node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let viewer = Viewer::of(ctx)?;
    let Some((kind, uuid)) = id::parse(id) else { return Ok(None) };
    let may = |field: &str| permissions::may(viewer.role, field);
    Ok(match kind {
        Kind::Conversation if may("Query.conversation") => {
            Conversation::read(ctx, ConversationId(uuid), None).await?.map(Node::Conversation)
        }
        Kind::Customer if may("Query.customer") => {
            own_customer(ctx, CustomerId(uuid), None).await?.map(Node::Customer)
        }
        Kind::Agent if may("Query.agent") => {
            Agent::known(ctx, AgentId(uuid)).await?.map(Node::Agent)
        }
        Kind::Team if may("Query.team") => Team::known(ctx, TeamId(uuid)).await?.map(Node::Team),
        Kind::Article if may("Query.article") => {
            Article::read(ctx, ArticleId(uuid)).await?.map(Node::Article)
        }
        Kind::Intake if may("Query.intakes") => {
            Intake::known(ctx, IntakeId(uuid)).await?.map(Node::Intake)
        }
        Kind::Event if may("Query.events") => {
            let found = event::one(ctx, EventId(uuid)).await?;
            found.map(Node::Event)
        }
        Kind::Conversation
        | Kind::Customer
        | Kind::Agent
        | Kind::Team
        | Kind::Article
        | Kind::Intake
        | Kind::Event
        | Kind::Message
        | Kind::Desk
        | Kind::Identity => None,
    })
}

/// A customer whom the viewer may see, now or as of a position.
///
/// # Errors
///
/// A failure of the log.
pub async fn own_customer(
    ctx: &Context<'_>,
    id: CustomerId,
    as_of: Option<recorded::Position>,
) -> Result<Option<Customer>> {
    if !may_see(ctx, id).await? {
        return Ok(None);
    }
    Customer::as_of(ctx, id, as_of).await
}
