//! A customer is forgotten: key destroyed, texts deleted, addresses freed, in one append.

use std::collections::BTreeSet;

use allhours_domain::{
    customer::{self, Customer, CustomerEvent, CustomerRefusal},
    identity::{self, Identity},
    ids::{CustomerId, IdentityId, SubjectId, TenantId},
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
};

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

/// How deep merges of merged profiles are followed.
const PROFILES_MAX: usize = 32;

/// All that one customer is: every profile, and every address of theirs.
struct Whole {
    profiles: Vec<CustomerId>,
    identities: Vec<(CustomerId, IdentityId)>,
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
    /// Whether the customer is forgotten already.
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
        let erased = folded.state.is_erased();
        let whole = self.whole(tenant, customer).await?;
        let subjects: Vec<SubjectId> = whole.profiles.iter().map(|it| (*it).into()).collect();
        let texts = self.log.texts_about(tenant, &subjects).await?;
        let addresses = whole.identities.len();
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
        let subjects: Vec<SubjectId> = whole.profiles.iter().map(|it| (*it).into()).collect();
        let texts_deleted = self.log.texts_about(tenant, &subjects).await?;

        let mut unit = self.unit(&context).expecting::<Customer>(customer, expected_version);
        for profile in &whole.profiles {
            let erase = customer::command::Erase {
                legal_basis: legal_basis.clone(),
                // Counted once, where it was asked for.
                texts_deleted: if *profile == customer { texts_deleted } else { 0 },
            };
            unit = unit.with::<Customer>(*profile, erase);
        }
        for (customer, identity) in &whole.identities {
            let release = identity::command::Release { customer: *customer };
            unit = unit.with::<Identity>(*identity, release);
        }
        let done = unit.forgetting(subjects).commit().await?;
        for profile in whole.profiles {
            self.forget_state(tenant, stream_of::<Customer>(profile));
        }
        let certificate = self.certificate(tenant, customer).await?;
        certificate
            .map(|certificate| (done, certificate))
            .ok_or_else(|| CommandError::Refused(AnyRefusal::new(CustomerRefusal::NoSuchCustomer)))
    }

    async fn whole(&self, tenant: TenantId, customer: CustomerId) -> Result<Whole, LogError> {
        let mut whole = Whole { profiles: Vec::new(), identities: Vec::new() };
        let mut seen = BTreeSet::from([customer]);
        let mut next = vec![customer];
        while let Some(profile) = next.pop() {
            let state = self.load::<Customer>(tenant, profile).await?.state;
            if !state.is_erased() {
                whole.identities.extend(state.identities().map(|identity| (profile, identity)));
            }
            whole.profiles.push(profile);
            next.extend(state.merged().filter(|merged| seen.insert(*merged)));
        }
        if whole.profiles.len() > PROFILES_MAX
            || whole.profiles.len() + whole.identities.len() > STREAMS_MAX
        {
            return Err(LogError::OutOfBounds("would erase too many profiles and addresses"));
        }
        Ok(whole)
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
