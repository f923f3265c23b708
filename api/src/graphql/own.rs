//! What is a customer's own: what belongs to their profile, and to those that were merged into it.
//!
//! A merge says that several profiles are one person's; its undoing, that they are not.

use std::sync::Arc;

use allhours_domain::{ids::CustomerId, words::ConversationStatus};
use allhours_projections::conversations::{ConversationFilter, TeamScope};
use async_graphql::{Context, Result};

use super::{error::Code, loaders::Loaders, viewer::Viewer};

/// A customer's profile and all that were merged into it, as the read tables know them.
///
/// # Errors
///
/// A failure below.
pub async fn profiles_of(ctx: &Context<'_>, customer: CustomerId) -> Result<Arc<Vec<CustomerId>>> {
    let found = Loaders::of(ctx)?.profiles.load_one(customer).await?;
    Ok(found.unwrap_or_else(|| Arc::new(vec![customer])))
}

/// Whether the viewer may see what belongs to a profile. At the desk everybody may who may ask for
/// it at all; a customer may where it is their own.
///
/// # Errors
///
/// A failure below.
pub async fn may_see(ctx: &Context<'_>, profile: CustomerId) -> Result<bool> {
    match Viewer::of(ctx)?.customer() {
        None => Ok(true),
        Some(own) if own == profile => Ok(true),
        Some(own) => Ok(profiles_of(ctx, own).await?.contains(&profile)),
    }
}

/// Where a conversation stands, as the viewer may know it: that it was put aside is the desk's own.
#[must_use]
pub fn status_seen(viewer: &Viewer, status: ConversationStatus) -> ConversationStatus {
    let hidden = status == ConversationStatus::Snoozed && !viewer.is_staff();
    if hidden { ConversationStatus::Open } else { status }
}

/// Holds what is asked of a list to what its viewer is shown of the rows: what is left out there
/// can't be told from which rows come.
///
/// # Errors
///
/// A customer asks by how the desk files things.
pub fn only_what_is_seen(viewer: &Viewer, filter: &mut ConversationFilter) -> Result<()> {
    if viewer.is_staff() {
        return Ok(());
    }
    let hidden = filter.team != TeamScope::Any
        || filter.tier.is_some()
        || filter.priority.is_some()
        || filter.tag.is_some()
        || filter.statuses.contains(&ConversationStatus::Snoozed);
    if hidden {
        return Err(Code::Forbidden.error("customers may not ask by how the desk files things"));
    }
    if filter.statuses.contains(&ConversationStatus::Open) {
        filter.statuses.push(ConversationStatus::Snoozed);
    }
    Ok(())
}
