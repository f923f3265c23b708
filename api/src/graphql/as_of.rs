//! Points in the past, as callers name them.

use allhours_eventstore::{history::History, recorded};
use async_graphql::{Context, OneofObject, Result};

use super::{
    error::{Code, of_log},
    loaders::Loaders,
    scalars::{DateTime, Position},
    services::Services,
};
use crate::clock;

/// A point in the past: a position of the log, or an instant.
#[derive(Debug, OneofObject, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AsOf {
    /// After the event at this position.
    Position(Position),
    /// After all that was written down by this instant.
    Instant(DateTime),
}

/// A point in the past that some projections must have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AsOfAsked {
    as_of: AsOf,
    projections: &'static [&'static str],
}

impl AsOfAsked {
    /// The position that it means; waits until the projections can tell of it.
    ///
    /// # Errors
    ///
    /// A position that is not there yet, a projection that did not get there in time, or a failure
    /// of the log.
    pub async fn position(&self, services: &Services) -> Result<recorded::Position> {
        let position = match self.as_of {
            AsOf::Position(position) => position,
            AsOf::Instant(at) => {
                if at.0 > clock::now() {
                    return Err(
                        Code::BadUserInput.error("asOf is an instant that is still to come")
                    );
                }
                let position = services.log.position_at(at.0).await;
                Position(position.map_err(|error| of_log(&error))?)
            }
        };
        services.wait(self.projections, Some(position)).await?;
        Ok(position.0)
    }
}

impl AsOf {
    /// The position that it means, found once for all rows that ask; waits until these
    /// projections can tell of it.
    ///
    /// # Errors
    ///
    /// As [`AsOfAsked::position`].
    pub async fn position(
        ctx: &Context<'_>,
        as_of: Option<Self>,
        projections: &'static [&'static str],
    ) -> Result<Option<recorded::Position>> {
        let Some(as_of) = as_of else { return Ok(None) };
        Loaders::of(ctx)?.positions.load_one(AsOfAsked { as_of, projections }).await
    }
}
