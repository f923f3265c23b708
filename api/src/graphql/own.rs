//! What is a customer's own: what belongs to their profile, and to those that were merged into it.
//!
//! A merge says that several profiles are one person's; its undoing, that they are not.

use std::sync::Arc;

use allhours_domain::ids::CustomerId;
use async_graphql::{Context, Result};

use super::{loaders::Loaders, viewer::Viewer};

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
