//! A customer's message comes in: from a provider's delivery to a message of a conversation.
//!
//! One append holds all of it: the delivery, the customer and their address where nobody knew
//! them, the conversation where none goes on, and the message. So nothing can be lost in
//! between, and a delivery that comes again changes nothing but its count.

mod parking;
mod planning;

use allhours_domain::{
    conversation::{self, Conversation},
    customer::{self, Customer},
    desk,
    identity::{self, Identity},
    ids::{
        ConversationId, CustomerId, IdentityId, IntakeId, MessageId, SubjectId, TeamId, TenantId,
    },
    intake::{self, Intake},
    text::{Address, ExternalId, Key, Language, MessageText, Name, RawMessage, Subject},
    words::{Channel, Priority, Tier},
};
use allhours_eventstore::{error::LogError, log::Log};
use jiff::Timestamp;

pub use self::parking::{Understood, Writer};
use self::planning::{Place, Planning, Sender};
use super::{
    Desk,
    address::intake_of,
    context::CommandContext,
    error::{AnyRefusal, CommandError, Done, Stale},
    folded::stream_of,
    unit::Unit,
};

/// A message as a channel delivers it.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// On which channel.
    pub channel: Channel,
    /// Which of the desk's accounts on that channel.
    pub account: Key,
    /// The provider's own id of the message.
    pub external_id: ExternalId,
    /// The message as the provider sent it.
    pub raw: RawMessage,
    /// Who wrote.
    pub from: Address,
    /// What they call themselves, if known.
    pub display_name: Option<Name>,
    /// The provider's own id of the thread; none where all that one address writes is one.
    pub thread: Option<ExternalId>,
    /// The conversation that it answers, if the channel knows; only one of the same customer.
    pub conversation: Option<ConversationId>,
    /// The subject line, if the channel has one.
    pub subject: Option<Subject>,
    /// What was written.
    pub text: MessageText,
    /// In which language, if known.
    pub language: Option<Language>,
    /// How urgent, should a conversation be opened.
    pub priority: Priority,
    /// In whose queue, should a conversation be opened; none means the common one, and so does a
    /// team that takes no more work: no mail is lost over it.
    pub team: Option<TeamId>,
    /// When it was received.
    pub at: Timestamp,
}

/// How often plans are made anew after somebody else was faster.
const PLANS_MAX: u32 = 5;
/// For how long a message reopens where the desk says nothing.
const REOPEN_WITHIN_HOURS: u32 = 72;

impl<L: Log> Desk<L> {
    /// For how long after resolving a customer's message reopens a conversation of this tenant.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn reopen_within_hours(&self, tenant: TenantId) -> Result<u32, LogError> {
        // Another process may have changed it.
        let desk = self.load::<desk::Desk>(tenant, tenant.0).await?;
        let settings = desk.state.settings();
        Ok(settings.map_or(REOPEN_WITHIN_HOURS, |it| it.reopen_within_hours))
    }

    /// Takes in a delivery. Where the caller names the version of the delivery that they saw, 0
    /// for none, it is refused at any other one.
    ///
    /// # Errors
    ///
    /// A stale version, a rule's no that planning anew does not help, or a failure of the log.
    pub async fn receive(
        &self,
        context: &CommandContext,
        inbound: &Inbound,
        expected: Option<i32>,
    ) -> Result<(Done, IntakeId), CommandError<AnyRefusal>> {
        let tenant = context.tenant;
        let Inbound { channel, account, external_id, .. } = inbound;
        let intake = intake_of(&self.log, tenant, *channel, account, external_id).await?;
        let context = fingerprinted(context, &format!("{intake} {inbound:?}"));
        let mut plans = 0;
        loop {
            let known = self.load::<Intake>(tenant, intake).await?;
            if !known.state.is_new() {
                // Whatever became of it: that it came again is a fact, and the only one.
                let again = receive(inbound, intake.into());
                let done = self.execute::<Intake>(&context, intake, again, expected).await;
                return Ok((done.map_err(CommandError::erased)?, intake));
            }
            plans += 1;
            match self.receive_first(&context, intake, inbound, plans > 1, expected).await {
                Ok(done) => return Ok((done, intake)),
                Err(error) if plans < PLANS_MAX && may_be_outdated(&error, intake) => {}
                Err(error) => return Err(as_race(error, intake)),
            }
        }
    }

    async fn receive_first(
        &self,
        context: &CommandContext,
        intake: IntakeId,
        inbound: &Inbound,
        fresh: bool,
        expected: Option<i32>,
    ) -> Result<Done, CommandError<AnyRefusal>> {
        let planning = Planning { desk: self, tenant: context.tenant, inbound, fresh };
        let sender = planning.sender().await?;
        let customer = sender.customer;
        let reopen_within_hours = planning.reopen_within_hours().await?;
        let place = planning.place(sender.person, reopen_within_hours).await?;
        let conversation = place.conversation;
        let message = MessageId(uuid::Uuid::new_v5(&intake.0, b"message"));

        let unit = self.unit(context).with::<Intake>(intake, receive(inbound, customer.into()));
        let unit = introducing(unit, inbound, &sender);
        let unit = if place.opens { opening(unit, inbound, &sender, &place) } else { unit };
        let write = write(inbound, message, intake, reopen_within_hours);
        let parsed = intake::command::MarkParsed { customer, conversation, message };
        unit.with::<Conversation>(conversation, write)
            .with::<Intake>(intake, parsed)
            .pinning(sender.seen)
            .pinning(place.seen)
            .following_from_first()
            .expecting::<Intake>(intake, expected)
            .commit()
            .await
    }
}

/// Whether a no may come from what the plan stood on: since then an address was claimed, a
/// profile merged, a conversation closed, somebody erased. With another look at it there is
/// another plan.
fn may_be_outdated(error: &CommandError<AnyRefusal>, intake: IntakeId) -> bool {
    match error {
        CommandError::Refused(_) => true,
        CommandError::Stale(stale) => is_of_plan(stale, intake),
        CommandError::Log(error) => matches!(error, LogError::SubjectErased(_)),
    }
}

/// The version of the delivery is the caller's to know, all others are the plan's.
fn is_of_plan(stale: &Stale, intake: IntakeId) -> bool {
    stale.stream != stream_of::<Intake>(intake)
}

/// What is said where somebody else was faster each time: the caller named no version that could
/// be stale.
fn as_race(error: CommandError<AnyRefusal>, intake: IntakeId) -> CommandError<AnyRefusal> {
    match error {
        CommandError::Stale(stale) if is_of_plan(&stale, intake) => {
            let Stale { stream, expected, actual, by, at, .. } = *stale;
            LogError::Conflict { stream, expected, actual, by, at }.into()
        }
        error => error,
    }
}

/// Identifies who wrote, where nobody knew them.
fn introducing<'d, L: Log>(unit: Unit<'d, L>, inbound: &Inbound, sender: &Sender) -> Unit<'d, L> {
    let (customer, identity) = (sender.customer, sender.identity);
    if sender.known.is_some() {
        return unit;
    }
    unit.with::<Customer>(customer, identify(inbound, customer))
        .with::<Customer>(customer, link(inbound, identity))
        .with::<Identity>(identity, identity::command::Claim { customer, channel: inbound.channel })
}

/// Opens a conversation for the message.
fn opening<'d, L: Log>(
    unit: Unit<'d, L>,
    inbound: &Inbound,
    sender: &Sender,
    place: &Place,
) -> Unit<'d, L> {
    unit.with::<Conversation>(place.conversation, open(inbound, sender, place))
}

/// The same context, with what was asked spelled out: plans differ from try to try.
fn fingerprinted(context: &CommandContext, asked: &str) -> CommandContext {
    let context = context.clone();
    if context.fingerprint.is_some() { context } else { context.asked(asked) }
}

fn receive(inbound: &Inbound, subject: SubjectId) -> intake::command::Receive {
    intake::command::Receive {
        channel: inbound.channel,
        account: inbound.account.clone(),
        external_id: inbound.external_id.clone(),
        raw: inbound.raw.clone(),
        subject,
    }
}

fn identify(inbound: &Inbound, id: CustomerId) -> customer::command::Identify {
    customer::command::Identify {
        id,
        display_name: inbound.display_name.clone(),
        language: inbound.language.clone(),
        tier: Tier::New,
    }
}

fn link(inbound: &Inbound, identity: IdentityId) -> customer::command::LinkIdentity {
    customer::command::LinkIdentity {
        identity,
        channel: inbound.channel,
        address: inbound.from.clone(),
        verified: false,
    }
}

fn open(inbound: &Inbound, sender: &Sender, place: &Place) -> conversation::command::Open {
    conversation::command::Open {
        id: place.conversation,
        customer: sender.customer,
        channel: inbound.channel,
        subject: inbound.subject.clone(),
        language: inbound.language.clone(),
        tier: sender.known.unwrap_or(Tier::New),
        priority: inbound.priority,
        team: place.team,
    }
}

fn write(
    inbound: &Inbound,
    message: MessageId,
    intake: IntakeId,
    reopen_within_hours: u32,
) -> conversation::command::ReceiveCustomerMessage {
    conversation::command::ReceiveCustomerMessage {
        message,
        text: inbound.text.clone(),
        channel: inbound.channel,
        language: inbound.language.clone(),
        intake: Some(intake),
        at: inbound.at,
        reopen_within_hours,
    }
}
