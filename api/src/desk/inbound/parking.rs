//! Deliveries that could not be understood: kept for a person to see, and taken in after all once
//! somebody says who wrote.
//!
//! What was received is then a message like any other. Its raw form goes with the customer: it is
//! deleted where it stood, since there it was about nobody, and would outlive the customer's
//! erasure. The message says the same, word for word.
//!
//! What is discarded is not for this desk, and nothing of what was sent is kept.

use allhours_domain::{
    conversation::Conversation,
    ids::{
        ConversationId, CorrelationId, CustomerId, EventId, IntakeId, MessageId, TeamId, TenantId,
    },
    intake::{self, Intake, IntakeEvent, IntakeRefusal},
    text::{Address, ExternalId, Key, Language, MessageText, Name, RawMessage, Reason, Subject},
    words::{Channel, Priority},
};
use allhours_eventstore::{error::LogError, log::Log};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Inbound, PLANS_MAX, as_race, fingerprinted, introducing, may_be_outdated, opening,
    planning::Planning, write,
};
use crate::desk::{
    AnyRefusal, CommandContext, CommandError, Desk, Done, address::intake_of, folded::read,
    stream_of,
};

/// Who wrote, as a person says.
#[derive(Debug, Clone)]
pub enum Writer {
    /// A customer of the desk.
    Customer(CustomerId),
    /// Whoever holds this address; a new customer where nobody does.
    Address(Address, Option<Name>),
}

/// What a person says of a delivery that could not be understood. Its text stays as received.
#[derive(Debug, Clone)]
pub struct Understood {
    /// Which delivery.
    pub intake: IntakeId,
    /// Who wrote.
    pub writer: Writer,
    /// The conversation that it belongs to; none where one goes on or is opened.
    pub conversation: Option<ConversationId>,
    /// The subject line, should a conversation be opened.
    pub subject: Option<Subject>,
    /// In which language; none where it is to be recognised.
    pub language: Option<Language>,
    /// How urgent, should a conversation be opened.
    pub priority: Priority,
    /// In whose queue, should a conversation be opened; none means the common one.
    pub team: Option<TeamId>,
}

/// What was received.
struct Received {
    event: EventId,
    correlation: CorrelationId,
    at: Timestamp,
    channel: Channel,
    account: String,
    external_id: String,
    raw: String,
}

type Outcome<T> = Result<T, CommandError<AnyRefusal>>;

impl<L: Log> Desk<L> {
    /// Keeps a delivery that could not be understood, for a person to see. Where the caller names
    /// the version of the delivery that they saw, 0 for none, it is refused at any other one.
    ///
    /// # Errors
    ///
    /// A stale version, the rules' no where it is settled already, or a failure of the log.
    pub async fn park(
        &self,
        context: &CommandContext,
        delivery: (Channel, Key, ExternalId, RawMessage),
        why: Reason,
        expected: Option<i32>,
    ) -> Result<(Done, IntakeId), CommandError<AnyRefusal>> {
        let (channel, account, external_id, raw) = delivery;
        let intake = intake_of(&self.log, context.tenant, channel, &account, &external_id).await?;
        let subject = intake.into();
        let receive = intake::command::Receive { channel, account, external_id, raw, subject };
        let unit = self
            .unit(context)
            .with::<Intake>(intake, receive)
            .with::<Intake>(intake, intake::command::Park { why })
            .following_from_first()
            .expecting::<Intake>(intake, expected);
        Ok((unit.commit().await?, intake))
    }

    /// Takes in a delivery that waits for a person, as they understood it: the received text
    /// becomes a message of the customer by the ordinary path, all at once.
    ///
    /// # Errors
    ///
    /// A stale version, the rules' no, or a failure of the log.
    pub async fn take_in(
        &self,
        context: &CommandContext,
        understood: &Understood,
        recognised: impl Fn(&MessageText) -> Option<Language> + Send + Sync,
        expected: Option<i32>,
    ) -> Outcome<Done> {
        let context = fingerprinted(context, &format!("{understood:?}"));
        let mut plans = 0;
        loop {
            plans += 1;
            let intake = understood.intake;
            let known = self.load::<Intake>(context.tenant, intake).await?;
            if !known.state.is_parked() {
                // The rules say why not, unless this very command did it before.
                return self.settled(&context, intake, expected).await;
            }
            let received = self.received(context.tenant, intake).await?;
            let mut inbound = received.understood(understood)?;
            if inbound.language.is_none() {
                inbound.language = recognised(&inbound.text);
            }
            let attempt = Attempt { understood, received: &received, fresh: plans > 1, expected };
            match self.take_in_once(&context, &attempt, &inbound).await {
                Ok(done) => return Ok(done),
                Err(error) if plans < PLANS_MAX && may_be_outdated(&error, intake) => {}
                Err(error) => return Err(as_race(error, intake)),
            }
        }
    }

    /// Decides that a delivery is not for this desk, and deletes what was sent.
    ///
    /// # Errors
    ///
    /// A stale version, the rules' no where it became a message, or a failure of the log.
    pub async fn discard(
        &self,
        context: &CommandContext,
        intake: IntakeId,
        reason: Reason,
        expected: Option<i32>,
    ) -> Outcome<Done> {
        let received = self.log.load(context.tenant, stream_of::<Intake>(intake), 0, 1).await?;
        self.unit(context)
            .with::<Intake>(intake, intake::command::Discard { reason })
            .shredding(received.iter().map(|event| event.event_id))
            .expecting::<Intake>(intake, expected)
            .commit()
            .await
    }

    async fn take_in_once(
        &self,
        context: &CommandContext,
        attempt: &Attempt<'_>,
        inbound: &Inbound,
    ) -> Outcome<Done> {
        let (tenant, fresh) = (context.tenant, attempt.fresh);
        let planning = Planning { desk: self, tenant, inbound, fresh };
        let sender = match &attempt.understood.writer {
            Writer::Address(..) => planning.sender().await?,
            Writer::Customer(customer) => planning.known(*customer).await?,
        };
        let customer = sender.customer;
        let reopen_within_hours = planning.reopen_within_hours().await?;
        let place = match attempt.understood.conversation {
            Some(named) => planning.named(named, sender.person).await?,
            None => planning.place(sender.person, reopen_within_hours).await?,
        };
        let (intake, conversation) = (attempt.understood.intake, place.conversation);
        let message = MessageId(Uuid::new_v5(&intake.0, b"message"));
        let parsed = intake::command::MarkParsed { customer, conversation, message };
        let context =
            &context.clone().caused_by(attempt.received.event, attempt.received.correlation);
        let unit = introducing(self.unit(context).with::<Intake>(intake, parsed), inbound, &sender);
        let unit = if place.opens { opening(unit, inbound, &sender, &place) } else { unit };
        let write = write(inbound, message, intake, reopen_within_hours);
        unit.with::<Conversation>(conversation, write)
            .pinning(sender.seen)
            .pinning(place.seen)
            .following_from_first()
            .shredding([attempt.received.event])
            .expecting::<Intake>(intake, attempt.expected)
            .commit()
            .await
    }

    /// What the rules say of a delivery that does not wait any more.
    async fn settled(
        &self,
        context: &CommandContext,
        intake: IntakeId,
        expected: Option<i32>,
    ) -> Outcome<Done> {
        let (customer, conversation) = (CustomerId(Uuid::nil()), ConversationId(Uuid::nil()));
        let message = MessageId(Uuid::nil());
        let parsed = intake::command::MarkParsed { customer, conversation, message };
        let unit = self.unit(context).with::<Intake>(intake, parsed);
        unit.expecting::<Intake>(intake, expected).commit().await
    }

    /// What was received, opened.
    async fn received(&self, tenant: TenantId, intake: IntakeId) -> Outcome<Received> {
        let sealed = self.log.load(tenant, stream_of::<Intake>(intake), 0, 1).await?;
        let opened = self.log.open(sealed).await?.pop();
        let none = || CommandError::Refused(AnyRefusal::new(IntakeRefusal::NoSuchIntake));
        let recorded = opened.ok_or_else(none)?;
        let IntakeEvent::Received(received) = read::<IntakeEvent>(&recorded)? else {
            return Err(none());
        };
        let erased = || LogError::SubjectErased(received.raw.subject());
        Ok(Received {
            event: recorded.event_id,
            correlation: recorded.correlation_id,
            at: recorded.occurred_at,
            channel: received.channel,
            raw: received.raw.text().ok_or_else(erased)?.to_owned(),
            external_id: received.external_id.text().ok_or_else(erased)?.to_owned(),
            account: received.account,
        })
    }
}

/// One look at what there is, and one try.
struct Attempt<'a> {
    understood: &'a Understood,
    received: &'a Received,
    fresh: bool,
    expected: Option<i32>,
}

impl Received {
    /// As the channel would have delivered it, had it been understood.
    fn understood(&self, understood: &Understood) -> Outcome<Inbound> {
        let unfit = |_| {
            let characters = self.raw.chars().count();
            CommandError::Refused(AnyRefusal::new(IntakeRefusal::NoMessage { characters }))
        };
        // The conversations of a customer whose address nobody told are a thread of their own.
        let thread = match &understood.writer {
            Writer::Address(..) => None,
            Writer::Customer(customer) => Some(format!("customer {customer}")),
        };
        let (from, display_name) = match &understood.writer {
            Writer::Address(from, name) => (from.clone(), name.clone()),
            Writer::Customer(customer) => {
                (Address::new(customer.to_string()).map_err(unfit)?, None)
            }
        };
        Ok(Inbound {
            channel: self.channel,
            account: Key::new(self.account.as_str()).map_err(unfit)?,
            external_id: ExternalId::new(self.external_id.as_str()).map_err(unfit)?,
            raw: RawMessage::new(self.raw.as_str()).map_err(unfit)?,
            from,
            display_name,
            thread: thread.map(ExternalId::new).transpose().map_err(unfit)?,
            conversation: None,
            subject: understood.subject.clone(),
            text: MessageText::new(self.raw.as_str()).map_err(unfit)?,
            language: understood.language.clone(),
            priority: understood.priority,
            team: understood.team,
            at: self.at,
        })
    }
}
