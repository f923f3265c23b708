//! Who goes on in place of a profile: several profiles that were merged are one person's.

use std::sync::Arc;

use allhours_domain::{
    customer::Customer,
    ids::{CustomerId, TenantId},
};
use allhours_eventstore::{error::LogError, log::Log, recorded::StreamId};

use super::{
    Desk,
    chain::Chain,
    folded::{Folded, stream_of},
};

/// The profile that goes on in place of another one.
pub struct Person {
    /// Which one.
    pub customer: CustomerId,
    /// What is known of it.
    pub profile: Arc<Customer>,
    /// What says so: the profile that was asked about and the one that goes on, at the versions
    /// that were seen. Of several merges in a row the last is undone first, and that changes the
    /// profile that goes on.
    pub seen: Vec<(StreamId, i32)>,
}

impl<L: Log> Desk<L> {
    /// Whose a profile is now. Where it need not be `fresh`, what is kept in memory is good
    /// enough.
    ///
    /// # Errors
    ///
    /// A failure of the log, or merges that do not end.
    pub async fn person(
        &self,
        tenant: TenantId,
        first: CustomerId,
        fresh: bool,
    ) -> Result<Person, LogError> {
        let (mut customer, mut seen, mut chain) = (first, Vec::new(), Chain::default());
        loop {
            chain.follow(customer)?;
            let stream = stream_of::<Customer>(customer);
            let Folded { version, state } = self.folded::<Customer>(tenant, stream, fresh).await?;
            let target = state.merged_into();
            if customer == first || target.is_none() {
                seen.push((stream, version));
            }
            match target {
                Some(target) => customer = target,
                None => return Ok(Person { customer, profile: state, seen }),
            }
        }
    }
}
