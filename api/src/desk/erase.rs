//! A customer is forgotten: key destroyed, texts deleted, addresses freed.
//!
//! Most customers are forgotten by one append. One with more profiles and addresses than an append
//! may name is forgotten by several: the profiles first, from the customer's own down, then the
//! addresses. Each append is whole in itself, and no profile can leave a tree whose root was
//! erased. An erasure that was broken off goes on when it is asked for again.

use std::collections::BTreeSet;

use allhours_domain::{
    customer::{self, Customer, CustomerEvent, CustomerRefusal},
    identity::{self, Identity},
    ids::{CommandId, CustomerId, IdentityId, SubjectId, TenantId},
    text::Key,
};
use allhours_eventstore::{
    append::STREAMS_MAX, error::LogError, history::History, log::Log, recorded::Recorded,
};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Desk,
    context::CommandContext,
    error::{AnyRefusal, CommandError, Done},
    folded::{read, stream_of},
    unit::Unit,
};
use crate::clock;

/// What was forgotten, by whom and why: proof for the one who asked. Holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Whose desk.
    pub tenant: TenantId,
    /// Who was forgotten.
    pub customer: CustomerId,
    /// On what ground, a short code such as `gdpr-17`.
    pub legal_basis: String,
    /// How many sealed texts were deleted, those of merged profiles included.
    pub texts_deleted: u64,
    /// The event that says so.
    pub event_id: allhours_domain::ids::EventId,
    /// Its position in the log.
    pub position: i64,
    /// Its version in the customer's stream.
    pub version: i32,
    /// Its leaf hash in the log, in hexadecimal.
    pub leaf_sha256: String,
    /// Who asked for it.
    pub actor: String,
    /// When.
    pub erased_at: Timestamp,
}

impl Certificate {
    /// SHA-256 over its JSON form, in hexadecimal.
    ///
    /// # Errors
    ///
    /// A value that JSON can't hold; a bug.
    pub fn sha256(&self) -> Result<String, serde_json::Error> {
        Ok(hex::encode(Sha256::digest(serde_json::to_vec(self)?)))
    }
}

/// All that one customer is: every profile, and all of them that is still to be forgotten.
struct Whole {
    profiles: Vec<CustomerId>,
    left: Vec<Part>,
}

impl Whole {
    fn subjects(&self) -> Vec<SubjectId> {
        self.profiles.iter().map(|it| (*it).into()).collect()
    }
}

/// What is forgotten in one stream.
#[derive(Debug, Clone, Copy)]
enum Part {
    Profile(CustomerId),
    Address(CustomerId, IdentityId),
}

/// What an erasure would forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// The profiles: the customer's own, and those merged into it.
    pub profiles: Vec<CustomerId>,
    /// How many addresses would be free again.
    pub addresses: usize,
    /// How many sealed texts there are.
    pub texts: u64,
    /// Whether the customer is forgotten already, and nothing of them is left.
    pub erased: bool,
}

impl<L: History> Desk<L> {
    /// What erasing a customer would do; none where there is no such customer.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn foresee_erasure(
        &self,
        tenant: TenantId,
        customer: CustomerId,
    ) -> Result<Option<Foreseen>, LogError> {
        let folded = self.load::<Customer>(tenant, customer).await?;
        if folded.version == 0 {
            return Ok(None);
        }
        let whole = self.whole(tenant, customer).await?;
        let texts = self.log.texts_about(tenant, &whole.subjects()).await?;
        let addresses = whole.left.iter().filter(|it| matches!(it, Part::Address(..))).count();
        let erased = whole.left.is_empty();
        Ok(Some(Foreseen { profiles: whole.profiles, addresses, texts, erased }))
    }

    /// Forgets a customer, and every profile that was merged into them. Asked again, the answer
    /// is the certificate of the first time.
    ///
    /// # Errors
    ///
    /// A rule's no, or a failure of the log.
    pub async fn erase_customer(
        &self,
        context: &CommandContext,
        customer: CustomerId,
        legal_basis: Key,
    ) -> Result<(Done, Certificate), CommandError<AnyRefusal>> {
        self.erase_customer_at(context, customer, legal_basis, None).await
    }

    /// The same, refused unless the customer's stream is still at the version the caller saw.
    ///
    /// # Errors
    ///
    /// A rule's no, a version that moved on, or a failure of the log.
    pub async fn erase_customer_at(
        &self,
        context: &CommandContext,
        customer: CustomerId,
        legal_basis: Key,
        expected_version: Option<i32>,
    ) -> Result<(Done, Certificate), CommandError<AnyRefusal>> {
        let tenant = context.tenant;
        let context = context.clone().asked(&format!("erase {customer} {legal_basis}"));
        let whole = self.whole(tenant, customer).await?;
        let texts_deleted = self.log.texts_about(tenant, &whole.subjects()).await?;
        let forgetting = Forgetting { customer, legal_basis, texts_deleted };

        // The customer's own profile is in the first append, whatever is left of it.
        let others = whole.left.into_iter().filter(|it| !it.is_profile(customer));
        let first: Vec<Part> =
            std::iter::once(Part::Profile(customer)).chain(others).take(STREAMS_MAX).collect();
        let unit = self.unit(&context).expecting::<Customer>(customer, expected_version);
        let unit = forgetting.add(unit, &first).following_from_first();
        let mut done = unit.commit().await?;
        let no_such = || CommandError::Refused(AnyRefusal::new(CustomerRefusal::NoSuchCustomer));
        let certificate = self.certificate(tenant, customer).await?.ok_or_else(no_such)?;
        // Erased, it takes in nothing more, and nothing leaves: what is left now is all there is.
        let whole = self.whole(tenant, customer).await?;
        for parts in whole.left.chunks(STREAMS_MAX) {
            let command_id = CommandId(clock::new_id());
            let causation_id = Some(certificate.event_id);
            let context = CommandContext { command_id, causation_id, ..context.clone() };
            let more = forgetting.add(self.unit(&context), parts).commit().await?;
            done.position = done.position.max(more.position);
        }
        for profile in whole.profiles {
            self.forget_state(tenant, stream_of::<Customer>(profile));
        }
        Ok((done, certificate))
    }

    /// The customer's own profile first, and each before those that were merged into it.
    async fn whole(&self, tenant: TenantId, customer: CustomerId) -> Result<Whole, LogError> {
        let (mut profiles, mut left, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = BTreeSet::from([customer]);
        let mut next = vec![customer];
        while let Some(profile) = next.pop() {
            let state = self.load::<Customer>(tenant, profile).await?.state;
            profiles.push(profile);
            if !state.is_erased() {
                left.push(Part::Profile(profile));
            }
            for identity in state.identities() {
                let held = !state.is_erased() || {
                    let holder = self.load::<Identity>(tenant, identity).await?.state.holder();
                    holder == Some(profile)
                };
                addresses.extend(held.then_some(Part::Address(profile, identity)));
            }
            next.extend(state.merged().filter(|merged| seen.insert(*merged)));
        }
        left.extend(addresses);
        Ok(Whole { profiles, left })
    }
}

impl Part {
    fn is_profile(self, customer: CustomerId) -> bool {
        matches!(self, Self::Profile(profile) if profile == customer)
    }
}

/// What is said of a customer who is forgotten.
struct Forgetting {
    customer: CustomerId,
    legal_basis: Key,
    texts_deleted: u64,
}

impl Forgetting {
    /// Forgets these parts as well.
    fn add<'d, L: Log>(&self, unit: Unit<'d, L>, parts: &[Part]) -> Unit<'d, L> {
        parts.iter().fold(unit, |unit, part| match *part {
            Part::Profile(profile) => {
                let erase = customer::command::Erase {
                    legal_basis: self.legal_basis.clone(),
                    // Counted once, where it was asked for.
                    texts_deleted: if profile == self.customer { self.texts_deleted } else { 0 },
                };
                unit.with::<Customer>(profile, erase).forgetting([profile.into()])
            }
            Part::Address(customer, identity) => {
                unit.with::<Identity>(identity, identity::command::Release { customer })
            }
        })
    }
}

impl<L: Log> Desk<L> {
    /// The certificate of a customer's erasure; none while they are not erased.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn certificate(
        &self,
        tenant: TenantId,
        customer: CustomerId,
    ) -> Result<Option<Certificate>, LogError> {
        let stream = stream_of::<Customer>(customer);
        let mut after = 0;
        loop {
            let page = self.log.load(tenant, stream, after, 1_000).await?;
            let Some(last) = page.last() else { return Ok(None) };
            after = last.version;
            for recorded in page {
                if let CustomerEvent::Erased(erased) = read::<CustomerEvent>(&recorded)? {
                    return Ok(Some(certificate(&recorded, customer, erased)));
                }
            }
        }
    }
}

fn certificate(
    recorded: &Recorded,
    customer: CustomerId,
    erased: customer::event::Erased,
) -> Certificate {
    Certificate {
        tenant: recorded.tenant,
        customer,
        legal_basis: erased.legal_basis,
        texts_deleted: erased.texts_deleted,
        event_id: recorded.event_id,
        position: recorded.position,
        version: recorded.version,
        leaf_sha256: hex::encode(recorded.leaf_hash),
        actor: recorded.actor.to_string(),
        erased_at: recorded.recorded_at,
    }
}
