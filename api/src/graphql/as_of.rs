//! Points in the past, as callers name them.

use allhours_eventstore::{history::History, recorded};
use async_graphql::{Context, OneofObject, Result};

use super::{
    error::of_log,
    scalars::{DateTime, Position},
    services::{Services, count_statement},
};

/// A point in the past: a position of the log, or an instant.
#[derive(Debug, OneofObject, Clone, Copy)]
pub enum AsOf {
    /// After the event at this position.
    Position(Position),
    /// After all that was written down by this instant.
    Instant(DateTime),
}

impl AsOf {
    /// The position that it means; waits until these projections can tell of it.
    ///
    /// # Errors
    ///
    /// A position that is not there yet, a projection that did not get there in time, or a failure
    /// of the log.
    pub async fn position(
        ctx: &Context<'_>,
        as_of: Option<Self>,
        projections: &[&str],
    ) -> Result<Option<recorded::Position>> {
        let services = ctx.data::<Services>()?;
        let position = match as_of {
            None => return Ok(None),
            Some(Self::Position(position)) => position,
            Some(Self::Instant(at)) => {
                count_statement();
                let position = services.log.position_at(at.0).await;
                Position(position.map_err(|error| of_log(&error))?)
            }
        };
        services.wait(projections, Some(position)).await?;
        Ok(Some(position.0))
    }
}
