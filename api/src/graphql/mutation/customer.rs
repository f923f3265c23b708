//! Customers: who they are, how they reach the desk, what they allow, and being forgotten.

use allhours_domain::{
    customer::{Customer as Aggregate, command},
    identity::{Identity, IdentityRefusal, command as identity},
    ids::{CustomerId, IdentityId},
    text::{Address, Key, Name},
};
use async_graphql::{ID, SimpleObject};

use crate::{
    desk::{AnyRefusal, CommandError, address::identity_of},
    graphql::{
        call::{Call, Granted, Problem, checked},
        customer::Customer,
        id::Kind,
        payload::{code_meaning, mutations},
        scalars::{DateTime, Json, Language, Position, count},
        words::{Channel, Purpose, Tier},
    },
};

/// Proof that a customer was forgotten; holds nothing personal.
#[derive(Debug, SimpleObject)]
pub struct ErasureCertificate {
    /// The global id of the customer.
    pub customer_id: ID,
    /// On what ground.
    pub legal_basis: String,
    /// How many sealed texts were deleted.
    pub texts_deleted: i32,
    /// When.
    pub erased_at: DateTime,
    /// The position of the event that says so.
    pub event_position: Position,
    /// The whole certificate; its SHA-256 is taken over this, without white space.
    pub document: Json,
    /// SHA-256 of the document, in hexadecimal.
    pub sha256: String,
}

async fn on(
    call: &Call<'_>,
    id: &ID,
    command: impl Into<command::CustomerCommand>,
) -> Granted<Customer> {
    let (id, _) = call.known_customer("customerId", id).await?;
    let done = call.execute::<Aggregate>(id, command).await?;
    Ok((done, now(call, id).await?))
}

async fn now(call: &Call<'_>, id: CustomerId) -> Result<Customer, Problem> {
    let customer = Customer::as_of(call.ctx, id, None).await?;
    customer.ok_or_else(|| Problem::not_found("customerId"))
}

/// Another customer's address; who that is stays unsaid.
fn of_address(error: CommandError<AnyRefusal>) -> Problem {
    match error {
        CommandError::Refused(refusal) if refusal.get::<IdentityRefusal>().is_some() => {
            Problem::user("ADDRESS_TAKEN", "another customer holds this address", Some("address"))
        }
        error => error.into(),
    }
}

mutations! {
    /// Customers.
    CustomerMutations;

    /// Makes a customer known.
    customer_identify CustomerIdentify -> customer: Customer,
    input {
        /// The person who signs in as this customer: a UUID, or the `sub` of the issuer's tokens;
        /// none makes a new id. Nobody is both a customer and an agent.
        person_id: Option<String>,
        /// The name, if known.
        display_name: Option<String>,
        /// In which language they write, if known.
        language: Option<Language>,
        /// How they are served.
        #[graphql(default_with = "Tier::New")]
        tier: Tier,
    },
    refuses { AlreadyIdentified, PersonTaken },
    |call, input| {
        let id = CustomerId(call.person_id("customer", input.person_id.as_deref())?);
        let command = command::Identify {
            id,
            display_name: checked("displayName", input.display_name.map(Name::new).transpose())?,
            language: input.language.map(|it| it.0),
            tier: input.tier.into(),
        };
        let done = call.execute::<Aggregate>(id, command).await?;
        Ok((done, now(call, id).await?))
    }

    /// Changes a customer's name and language.
    customer_change_profile CustomerChangeProfile -> customer: Customer,
    input {
        /// Who.
        customer_id: ID,
        /// The name from now on; none forgets it.
        display_name: Option<String>,
        /// The language from now on.
        language: Option<Language>,
    },
    refuses { Erased, MergedInto },
    |call, input| {
        let command = command::ChangeProfile {
            display_name: checked("displayName", input.display_name.map(Name::new).transpose())?,
            language: input.language.map(|it| it.0),
        };
        on(call, &input.customer_id, command).await
    }

    /// Links a channel address to a customer. An address has one holder.
    customer_link_address CustomerLinkAddress -> customer: Customer,
    input {
        /// Who.
        customer_id: ID,
        /// On which channel.
        channel: Channel,
        /// The address.
        address: String,
        /// Whether somebody checked that it is theirs.
        #[graphql(default)]
        verified: bool,
    },
    refuses { AddressTaken, Erased, MergedInto, TooManyIdentities },
    |call, input| {
        let (customer, _) = call.known_customer("customerId", &input.customer_id).await?;
        let address = checked("address", Address::new(input.address))?;
        let (tenant, channel) = (call.viewer.tenant, input.channel.into());
        let identity = identity_of(&call.services.log, tenant, channel, &address).await?;
        let verified = input.verified;
        let done = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(
                customer,
                command::LinkIdentity { identity, channel, address, verified },
            )
            .with::<Identity>(identity, identity::Claim { customer, channel })
            .expecting::<Aggregate>(customer, call.expected)
            .commit()
            .await
            .map_err(of_address)?;
        Ok((done, now(call, customer).await?))
    }

    /// Unlinks a channel address from a customer; it is free again.
    customer_unlink_address CustomerUnlinkAddress -> customer: Customer,
    input {
        /// Who.
        customer_id: ID,
        /// Which address, by its global id.
        address_id: ID,
    },
    refuses { AddressTaken, Erased, MergedInto, NotLinked },
    |call, input| {
        let (customer, _) = call.known_customer("customerId", &input.customer_id).await?;
        let identity: IdentityId = call.id(Kind::Identity, "addressId", &input.address_id)?;
        let done = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(customer, command::UnlinkIdentity { identity })
            .with::<Identity>(identity, identity::Release { customer })
            .expecting::<Aggregate>(customer, call.expected)
            .commit()
            .await
            .map_err(of_address)?;
        Ok((done, now(call, customer).await?))
    }

    /// Sets how a customer is served.
    customer_set_tier CustomerSetTier -> customer: Customer,
    input {
        /// Who.
        customer_id: ID,
        /// From now on.
        tier: Tier,
    },
    refuses { Erased, MergedInto },
    |call, input| {
        on(call, &input.customer_id, command::SetTier { tier: input.tier.into() }).await
    }

    /// Allows or forbids a use of a customer's data.
    customer_set_consent CustomerSetConsent -> customer: Customer,
    input {
        /// Who; customers may only say it for themselves.
        customer_id: ID,
        /// Which use.
        purpose: Purpose,
        /// Allowed or not.
        granted: bool,
    },
    refuses { Erased, MergedInto },
    |call, input| {
        let (purpose, granted) = (input.purpose.into(), input.granted);
        on(call, &input.customer_id, command::SetConsent { purpose, granted }).await
    }

    /// Merges a customer's profile into another one, which goes on in its place: it shows the
    /// conversations, the contacts and the churn features of both until that is undone. Consents
    /// and addresses stay with the profile that has them, where they can still be taken back.
    customer_merge CustomerMerge -> customer: Customer,
    input {
        /// Which profile is merged.
        source_id: ID,
        /// Which one goes on; it is the one in the payload.
        target_id: ID,
    },
    refuses { Erased, MergeInCircle, MergeWithItself, MergedInto, TooManyMerges },
    |call, input| {
        let (source, _) = call.known_customer("sourceId", &input.source_id).await?;
        let (target, _) = call.known_customer("targetId", &input.target_id).await?;
        let done = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(target, command::ReceiveMerge { source })
            .with::<Aggregate>(source, command::MergeInto { target })
            .expecting::<Aggregate>(target, call.expected)
            .commit()
            .await?;
        Ok((done, now(call, target).await?))
    }

    /// Undoes the merge of a customer's profile: what belongs to it is shown by it alone again. Of
    /// several merges in a row the last is undone first.
    customer_unmerge CustomerUnmerge -> customer: Customer,
    input {
        /// Which profile was merged; it is the one in the payload.
        customer_id: ID,
    },
    refuses { Erased, MergedInto, NotMerged, NotMergedHere },
    |call, input| {
        let (source, profile) = call.known_customer("customerId", &input.customer_id).await?;
        let mut unit = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(source, command::Unmerge {})
            .expecting::<Aggregate>(source, call.expected);
        if let Some(target) = profile.state.merged_into() {
            unit = unit.with::<Aggregate>(target, command::UndoMerge { source });
        }
        let done = unit.commit().await?;
        Ok((done, now(call, source).await?))
    }

    /// Forgets a customer and every profile merged into them: the keys are destroyed, all texts
    /// deleted, their addresses freed. It can't be undone. Asked again, the certificate of the
    /// first time comes back.
    customer_erase CustomerErase -> certificate: ErasureCertificate,
    input {
        /// Who.
        customer_id: ID,
        /// On what ground, a short code such as `gdpr-17`.
        legal_basis: String,
    },
    refuses {},
    |call, input| {
        let (customer, _) = call.known_customer("customerId", &input.customer_id).await?;
        let legal_basis = checked("legalBasis", Key::new(input.legal_basis))?;
        let desk = &call.services.desk;
        let erased = desk.erase_customer_at(&call.command, customer, legal_basis, call.expected);
        let (done, certificate) = erased.await?;
        let internal = |error: serde_json::Error| crate::graphql::error::internal(&error);
        let object = ErasureCertificate {
            customer_id: Kind::Customer.id(customer),
            legal_basis: certificate.legal_basis.clone(),
            texts_deleted: count(certificate.texts_deleted),
            erased_at: DateTime(certificate.erased_at),
            event_position: Position(certificate.position),
            sha256: certificate.sha256().map_err(internal)?,
            document: Json(serde_json::to_value(&certificate).map_err(internal)?),
        };
        Ok((done, object))
    }
}
