//! Who wrote, and where it goes: looked up before anything is decided.
//!
//! What is looked up may be behind, or change before the message is written. So each answer says
//! what it stands on, and the message is written only where that is still so.

use allhours_domain::{
    conversation::{Conversation, ConversationRefusal},
    customer::CustomerRefusal,
    decider::Refusal,
    identity::Identity,
    ids::{ConversationId, CustomerId, IdentityId, TeamId, TenantId},
    team::Team,
    words::{ConversationStatus, Tier},
};
use allhours_eventstore::{error::LogError, log::Log, recorded::StreamId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Inbound;
use crate::{
    clock,
    desk::{
        AnyRefusal, CommandError, Desk,
        address::{Thread, identity_of, normalised, thread_of},
        chain::Chain,
        folded::{Aggregate, Folded, stream_of},
        persons::Person,
    },
};

/// Streams at the versions that were seen.
type Seen = Vec<(StreamId, i32)>;

type Refused = CommandError<AnyRefusal>;

fn refused(refusal: impl Refusal) -> Refused {
    CommandError::Refused(AnyRefusal::new(refusal))
}

/// A merged conversation was come by on the way to the one that goes on.
fn passed(seen: &mut Seen, conversation: ConversationId, version: i32) {
    if seen.len() < MERGES_SEEN_MAX {
        seen.push((stream_of::<Conversation>(conversation), version));
    }
}

/// Who wrote.
pub(super) struct Sender {
    /// The profile that holds the address: what was written stays theirs, should it turn out that
    /// it was merged by mistake.
    pub customer: CustomerId,
    /// The profile that goes on in its place.
    pub person: CustomerId,
    pub identity: IdentityId,
    /// How they are served; none where nobody knew them.
    pub known: Option<Tier>,
    /// What says so.
    pub seen: Seen,
}

/// Where the message goes.
pub(super) struct Place {
    pub conversation: ConversationId,
    pub opens: bool,
    /// In whose queue it is opened; none means the common one.
    pub team: Option<TeamId>,
    /// What says so: the merges that led there, and the team.
    pub seen: Seen,
}

/// The most merges in a row that a message is pinned to; nobody makes so many. What a longer row
/// led by is as it was looked up.
const MERGES_SEEN_MAX: usize = 32;

/// One look at all that a message stands on.
pub(super) struct Planning<'d, L> {
    pub desk: &'d Desk<L>,
    pub tenant: TenantId,
    pub inbound: &'d Inbound,
    /// Whether what is kept in memory is brought up to date first.
    pub fresh: bool,
}

impl<L: Log> Planning<'_, L> {
    async fn look<A: Aggregate>(&self, id: impl Into<Uuid>) -> Result<Folded<A>, LogError> {
        self.desk.folded(self.tenant, stream_of::<A>(id), self.fresh).await
    }

    /// Who holds the address; a new customer where nobody does.
    pub async fn sender(&self) -> Result<Sender, LogError> {
        let identity =
            identity_of(&self.desk.log, self.tenant, self.inbound.channel, &self.inbound.from)
                .await?;
        let address = self.look::<Identity>(identity).await?;
        let Some(holder) = address.state.holder() else {
            // That nobody holds it is pinned by who claims it.
            let customer = CustomerId(clock::new_id());
            let (person, seen) = (customer, Vec::new());
            return Ok(Sender { customer, person, identity, known: None, seen });
        };
        let mut seen = vec![(stream_of::<Identity>(identity), address.version)];
        let person = self.desk.person(self.tenant, holder, self.fresh).await?;
        seen.extend(person.seen);
        let (known, person) = (person.profile.tier(), person.customer);
        Ok(Sender { customer: holder, person, identity, known, seen })
    }

    /// A customer by id, or who goes on in their place.
    pub async fn known(&self, customer: CustomerId) -> Result<Sender, Refused> {
        let person = self.desk.person(self.tenant, customer, self.fresh).await?;
        let Person { customer, profile, seen } = person;
        if profile.is_erased() {
            return Err(refused(CustomerRefusal::Erased));
        }
        let Some(tier) = profile.tier() else {
            return Err(refused(CustomerRefusal::NoSuchCustomer));
        };
        // No address was told, so there is none to claim.
        let identity = IdentityId(Uuid::nil());
        Ok(Sender { customer, person: customer, identity, known: Some(tier), seen })
    }

    /// The conversation that somebody named, or the one it was merged into; only this person's.
    pub async fn named(
        &self,
        mut conversation: ConversationId,
        person: CustomerId,
    ) -> Result<Place, Refused> {
        let mut chain = Chain::default();
        let mut seen = Vec::new();
        loop {
            chain.follow(conversation)?;
            let Folded { version, state } = self.look::<Conversation>(conversation).await?;
            let Some(owner) = state.customer() else {
                return Err(refused(ConversationRefusal::NoSuchConversation));
            };
            if !self.is_theirs(Some(owner), person).await? {
                return Err(refused(ConversationRefusal::OtherCustomer { customer: owner }));
            }
            match state.merged_into() {
                Some(target) => {
                    passed(&mut seen, conversation, version);
                    conversation = target;
                }
                None => return Ok(Place { conversation, opens: false, team: None, seen }),
            }
        }
    }

    pub async fn reopen_within_hours(&self) -> Result<u32, LogError> {
        self.desk.reopen_within_hours(self.tenant).await
    }

    /// The conversation that goes on, or the id of one to open.
    pub async fn place(
        &self,
        person: CustomerId,
        reopen_within_hours: u32,
    ) -> Result<Place, LogError> {
        if let Some(answered) = self.inbound.conversation
            && let Some(place) =
                self.going_on(answered, person, self.inbound.at, reopen_within_hours).await?
        {
            return Ok(place);
        }
        let from = normalised(self.inbound.channel, &self.inbound.from);
        let thread = self.inbound.thread.as_ref().map_or(from.as_str(), |it| it.as_str());
        let thread = thread_of(
            &self.desk.log,
            self.tenant,
            self.inbound.channel,
            &self.inbound.account,
            thread,
        )
        .await?;
        let last = self.last_of(thread).await?;
        if last > 0 {
            let id = thread.conversation(last);
            let place = self.going_on(id, person, self.inbound.at, reopen_within_hours);
            if let Some(place) = place.await? {
                return Ok(place);
            }
        }
        let conversation = thread.conversation(last + 1);
        let mut seen = Vec::new();
        let team = self.working_team(&mut seen).await?;
        Ok(Place { conversation, opens: true, team, seen })
    }

    /// The team that was named, if it still takes work.
    async fn working_team(&self, seen: &mut Seen) -> Result<Option<TeamId>, LogError> {
        let Some(team) = self.inbound.team else { return Ok(None) };
        let Folded { version, state } = self.look::<Team>(team).await?;
        seen.push((stream_of::<Team>(team), version));
        Ok(state.takes_work().then_some(team))
    }

    /// The number of a thread's newest conversation; 0 where there is none. They are opened one
    /// after the other, so that halving finds the newest in few steps.
    async fn last_of(&self, thread: Thread) -> Result<u32, LogError> {
        let mut there = 0;
        let mut step = 1;
        while self.is_opened(thread.conversation(there + step)).await? {
            there += step;
            step *= 2;
        }
        while step > 1 {
            step /= 2;
            if self.is_opened(thread.conversation(there + step)).await? {
                there += step;
            }
        }
        Ok(there)
    }

    async fn is_opened(&self, id: ConversationId) -> Result<bool, LogError> {
        Ok(self.look::<Conversation>(id).await?.version > 0)
    }

    /// Whether a conversation, or the one it was merged into, takes this person's message.
    async fn going_on(
        &self,
        mut id: ConversationId,
        person: CustomerId,
        at: Timestamp,
        reopen_within_hours: u32,
    ) -> Result<Option<Place>, LogError> {
        let mut chain = Chain::default();
        let mut seen = Vec::new();
        loop {
            chain.follow(id)?;
            let Folded { version, state: conversation } = self.look::<Conversation>(id).await?;
            if !self.is_theirs(conversation.customer(), person).await? {
                return Ok(None);
            }
            let window = SignedDuration::from_hours(i64::from(reopen_within_hours));
            let goes_on = match conversation.status() {
                None | Some(ConversationStatus::Closed) => false,
                Some(
                    ConversationStatus::Open
                    | ConversationStatus::Waiting
                    | ConversationStatus::Snoozed,
                ) => true,
                Some(ConversationStatus::Resolved) => conversation
                    .resolved_at()
                    .is_none_or(|resolved| at.duration_since(resolved) <= window),
                Some(ConversationStatus::Merged) => match conversation.merged_into() {
                    Some(target) => {
                        passed(&mut seen, id, version);
                        id = target;
                        continue;
                    }
                    None => false,
                },
            };
            let place = Place { conversation: id, opens: false, team: None, seen };
            return Ok(goes_on.then_some(place));
        }
    }

    /// Whether a conversation is this person's, whichever of their profiles it is of.
    async fn is_theirs(
        &self,
        owner: Option<CustomerId>,
        person: CustomerId,
    ) -> Result<bool, LogError> {
        let Some(owner) = owner else { return Ok(false) };
        let goes_on = self.desk.person(self.tenant, owner, self.fresh).await?;
        Ok(goes_on.customer == person)
    }
}
