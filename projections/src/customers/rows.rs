//! What stands in the table of customers.

use std::collections::BTreeMap;

use allhours_domain::{
    ids::{CustomerId, IdentityId, TenantId},
    text::Language,
    words::{Channel, Purpose, Tier},
};
use allhours_eventstore::recorded::Position;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    columns::{Structure, Structured},
    rows::table,
};

table! {
    /// A customer's profile, without any personal text.
    CustomerRow in "customers" by (tenant_id: TenantId, id: CustomerId) {
        /// Whose desk.
        tenant_id: TenantId,
        /// Who.
        id: CustomerId,
        /// How they are served.
        tier: Tier,
        /// In which language they write, if known.
        language: Option<Language>,
        /// The event that holds the name, if it is known.
        name_position: Option<Position>,
        /// What they allowed (true) or forbade (false).
        consents: Structured<BTreeMap<Purpose, bool>>,
        /// The channel addresses that are theirs.
        identities: Structured<BTreeMap<IdentityId, LinkedIdentity>>,
        /// Into which profile it was merged.
        merged_into: Option<CustomerId>,
        /// Whether they were forgotten.
        erased: bool,
        /// When they became known.
        identified_at: Timestamp,
        /// The version of the stream.
        version: i32,
        /// The event that changed it last.
        updated_position: Position,
    }
}

/// A channel address of a customer; the address itself stands in the log, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedIdentity {
    /// On which channel.
    pub channel: Channel,
    /// The event that holds the address.
    pub address_position: Position,
    /// Whether somebody checked that it is theirs.
    pub verified: bool,
}

impl Structure for BTreeMap<IdentityId, LinkedIdentity> {}
