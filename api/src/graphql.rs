//! The GraphQL schema: queries, mutations, subscriptions.
//!
//! Read [`viewer`] (who asks), [`permissions`] (who may ask for what), [`cost`] and [`limits`]
//! (how much), then [`query`], [`mutation`] and [`subscription`]. An object's file is named after
//! it.

pub mod actor;
pub mod agent;
pub mod article;
pub mod as_of;
mod asked;
pub mod call;
pub mod churn;
pub mod conversation;
pub mod cost;
pub mod customer;
pub mod desk;
pub mod error;
pub mod event;
pub mod history;
pub mod id;
pub mod intake;
pub mod introspection;
pub mod limits;
pub mod lists;
pub mod loaders;
pub mod mutation;
pub mod node;
mod order;
pub mod own;
pub mod page;
pub mod payload;
pub mod permissions;
pub mod problem;
pub mod query;
pub mod scalars;
pub mod schema;
pub mod search;
pub mod services;
pub mod source;
mod standing;
pub mod subscription;
pub mod team;
pub mod text;
pub mod thread;
pub mod timeline;
pub mod viewer;
pub mod who;
pub mod words;

use async_graphql::SDLExportOptions;

pub use self::schema::Schema;
use self::{
    cost::written::Priced, limits::Limits, mutation::Mutation, query::Query, services::Services,
    subscription::Subscription,
};

/// What answers for each field.
type Resolvers = async_graphql::Schema<Query, Mutation, Priced<Subscription>>;

/// How deep a document may nest, fragments included: far above what its depth may be, and where
/// a fragment that spreads itself ends.
const NESTING_MAX: usize = 64;

/// The schema on these services.
#[must_use]
pub fn build(services: Services, limits: Limits) -> Schema {
    Schema::new(services, limits)
}

fn unbound() -> async_graphql::SchemaBuilder<Query, Mutation, Priced<Subscription>> {
    Resolvers::build(Query::default(), Mutation::default(), Priced::default())
        .limit_recursive_depth(NESTING_MAX)
}

/// The schema in its own language.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    unbound().finish().sdl_with_options(options.include_specified_by())
}

#[cfg(test)]
mod tests;
