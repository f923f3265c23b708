//! Messages that come in: from a provider through an integration, or from the customer here.

use allhours_domain::{
    conversation::{Conversation as Aggregate, command},
    ids::{ConversationId, IntakeId, MessageId},
    intake::Intake as State,
    text::{Address, ExternalId, Key, MessageText, Name, RawMessage, Reason, Subject},
};
use async_graphql::ID;
use jiff::Timestamp;

use super::language;
use crate::{
    desk::{
        CommandContext, Done,
        chain::Chain,
        inbound::{Inbound, Understood, Writer},
    },
    graphql::{
        call::{Call, Problem, checked},
        conversation::Conversation,
        error::Code,
        id::Kind,
        intake::Intake,
        own::may_see,
        payload::{code_meaning, mutations},
        scalars::{DateTime, Language},
        words::{Channel, Priority},
    },
};

mutations! {
    /// Messages that come in.
    InboundMutations;

    /// Takes in a provider's delivery: finds or identifies the customer, finds or opens the
    /// conversation, and writes the message, all at once. A delivery that comes again is counted
    /// in `deliveries` and changes nothing else; with an `expectedVersion` of 0 it is refused. One
    /// that was parked stays parked, however it comes again: take it in by `intakeTakeIn`, or
    /// discard it by `intakeDiscard` and send it under another `externalId`.
    intake_receive IntakeReceive -> intake: Intake,
    input {
        /// On which channel.
        channel: Channel,
        /// Which of the desk's accounts on that channel, by a key: 1 to 64 lower case letters,
        /// digits and `-`, `_`, `.`, `:`.
        account: String,
        /// The provider's own id of the message.
        external_id: String,
        /// The message as the provider sent it.
        raw: String,
        /// The address it came from, as the channel writes it: it is not checked. Who can't make
        /// out a message, parks it by `intakePark`.
        from: String,
        /// What the sender calls themselves, if known.
        display_name: Option<String>,
        /// The provider's id of the thread; none where all from one address is one thread.
        thread: Option<String>,
        /// The conversation that it answers, if the channel knows. It counts only if it is one of
        /// the same person and goes on; else it is passed over, and the message goes where it
        /// would have gone without.
        conversation_id: Option<ID>,
        /// The subject line, if the channel has one.
        subject: Option<String>,
        /// What was written; up to 50,000 characters.
        text: String,
        /// In which language; where none is given, it is recognised.
        language: Option<Language>,
        /// How urgent, should a conversation be opened.
        #[graphql(default_with = "Priority::Normal")]
        priority: Priority,
        /// In whose queue, should a conversation be opened; none means the common one, and so does
        /// a team that is retired: mail that comes for it is not lost.
        team_id: Option<ID>,
        /// When the provider received it, not before 1970 nor in the future; none means now.
        received_at: Option<DateTime>,
    },
    refuses { Closed, Erased, MergedInto, TooManyIdentities, TooManyMessages },
    |call, input| {
        let conversation = input.conversation_id.as_ref();
        let conversation = conversation
            .map(|id| call.id::<ConversationId>(Kind::Conversation, "conversationId", id));
        let team = match &input.team_id {
            Some(id) => Some(call.known_team("teamId", id).await?),
            None => None,
        };
        let display_name = input.display_name.map(Name::new).transpose();
        let at = received_at(call, input.received_at)?;
        let text = checked("text", MessageText::new(input.text))?;
        let inbound = Inbound {
            channel: input.channel.into(),
            account: checked("account", Key::new(input.account))?,
            external_id: checked("externalId", ExternalId::new(input.external_id))?,
            raw: checked("raw", RawMessage::new(input.raw))?,
            from: checked("from", Address::new(input.from))?,
            display_name: checked("displayName", display_name)?,
            thread: checked("thread", input.thread.map(ExternalId::new).transpose())?,
            conversation: conversation.transpose()?,
            subject: checked("subject", input.subject.map(Subject::new).transpose())?,
            language: language::of_message(input.language, &text),
            text,
            priority: input.priority.into(),
            team,
            at,
        };
        let context = call.command.clone().at(at);
        let (done, id) = receiving(call, &context, &inbound).await?;
        Ok((done, Intake::now(call.ctx, id).await?))
    }

    /// Keeps a provider's delivery that could not be understood, for a person to see: it stands
    /// in `intakes` with the status `PARKED`. One that comes again is counted and goes on waiting.
    intake_park IntakePark -> intake: Intake,
    input {
        /// On which channel.
        channel: Channel,
        /// Which of the desk's accounts on that channel, by a key: 1 to 64 lower case letters,
        /// digits and `-`, `_`, `.`, `:`.
        account: String,
        /// The provider's own id of the message.
        external_id: String,
        /// The message as the provider sent it.
        raw: String,
        /// What could not be understood, without quoting it: everybody who may see it reads this.
        why: String,
        /// When the provider received it, not before 1970 nor in the future; none means now.
        received_at: Option<DateTime>,
    },
    refuses { AlreadyParsed, Discarded },
    |call, input| {
        let at = received_at(call, input.received_at)?;
        let delivery = (
            input.channel.into(),
            checked("account", Key::new(input.account))?,
            checked("externalId", ExternalId::new(input.external_id))?,
            checked("raw", RawMessage::new(input.raw))?,
        );
        let why = checked("why", Reason::new(input.why))?;
        let context = call.command.clone().at(at);
        let parked = call.services.desk.park(&context, delivery, why, call.expected);
        let (done, id) = parked.await?;
        Ok((done, Intake::now(call.ctx, id).await?))
    }

    /// Takes in a delivery that waits for a person, once somebody says who wrote: what was received
    /// becomes a message of that customer, word for word, in the conversation that is named, goes
    /// on or is opened. From then on it stands in the message alone, and is forgotten with the
    /// customer.
    intake_take_in IntakeTakeIn -> intake: Intake,
    input {
        /// Which delivery.
        intake_id: ID,
        /// The customer who wrote; give this or `from`.
        customer_id: Option<ID>,
        /// The address it came from; who holds it wrote, and nobody yet is a new customer.
        from: Option<String>,
        /// What a new customer calls themselves, if known.
        display_name: Option<String>,
        /// The customer's conversation it belongs to; none: the one that goes on, or a new one.
        conversation_id: Option<ID>,
        /// The subject line, should a conversation be opened.
        subject: Option<String>,
        /// In which language; where none is given, it is recognised.
        language: Option<Language>,
        /// How urgent, should a conversation be opened.
        #[graphql(default_with = "Priority::Normal")]
        priority: Priority,
        /// In whose queue, should a conversation be opened; none means the common one.
        team_id: Option<ID>,
    },
    refuses {
        AlreadyParsed, Closed, Discarded, Erased, MergedInto, NoMessage, OtherCustomer, Retired,
        TooManyIdentities, TooManyMessages, WindowPassed,
    },
    |call, input| {
        let intake = call.known::<State>(Kind::Intake, "intakeId", &input.intake_id).await?;
        let conversation = match &input.conversation_id {
            Some(id) => Some(call.known_conversation("conversationId", id).await?),
            None => None,
        };
        let team = match &input.team_id {
            Some(id) => Some(call.known_working_team("teamId", id).await?),
            None => None,
        };
        let name = checked("displayName", input.display_name.map(Name::new).transpose())?;
        let writer = match (&input.customer_id, input.from) {
            (Some(id), None) => Writer::Customer(call.known_customer("customerId", id).await?.0),
            (None, Some(from)) => Writer::Address(checked("from", Address::new(from))?, name),
            (None, None) | (Some(_), Some(_)) => {
                let message = "exactly one of customerId and from is needed";
                return Err(Problem::user("INVALID_INPUT", message, Some("from")));
            }
        };
        let understood = Understood {
            intake: IntakeId(intake),
            writer,
            conversation,
            subject: checked("subject", input.subject.map(Subject::new).transpose())?,
            language: input.language.map(|it| it.0),
            priority: input.priority.into(),
            team,
        };
        let recognised = |text: &MessageText| language::of_message(None, text);
        let desk = &call.services.desk;
        let done = desk.take_in(&call.command, &understood, recognised, call.expected).await?;
        Ok((done, Intake::now(call.ctx, IntakeId(intake)).await?))
    }

    /// Decides that a delivery is not for this desk: what was sent is deleted, and it never comes
    /// back.
    intake_discard IntakeDiscard -> intake: Intake,
    input {
        /// Which delivery.
        intake_id: ID,
        /// Why.
        reason: String,
    },
    refuses { AlreadyParsed },
    |call, input| {
        let id = call.known::<State>(Kind::Intake, "intakeId", &input.intake_id).await?;
        let (id, reason) = (IntakeId(id), checked("reason", Reason::new(input.reason))?);
        let done = call.services.desk.discard(&call.command, id, reason, call.expected).await?;
        Ok((done, Intake::now(call.ctx, id).await?))
    }

    /// Writes to the desk as the signed-in customer: to a conversation of their own, or opening
    /// a new one. Where theirs was merged, the message goes to the one that goes on.
    message_send MessageSend -> conversation: Conversation,
    input {
        /// Which conversation; none opens a new one.
        conversation_id: Option<ID>,
        /// The subject line of a new one.
        subject: Option<String>,
        /// What is written; up to 50,000 characters.
        text: String,
        /// In which language; where none is given, it is recognised.
        language: Option<Language>,
        /// Where it travels.
        #[graphql(default_with = "Channel::Chat")]
        channel: Channel,
    },
    refuses { Closed, Erased, MergedInto, MessageExists, TooManyMessages, WindowPassed },
    |call, input| {
        let Some(customer) = call.viewer.customer() else {
            return Err(Code::Forbidden.error("only customers may").into());
        };
        let text = checked("text", MessageText::new(input.text))?;
        let language = language::of_message(input.language, &text);
        let write = command::ReceiveCustomerMessage {
            message: MessageId(call.new_id("message")),
            text,
            channel: input.channel.into(),
            language: language.clone(),
            intake: None,
            at: call.at(),
            reopen_within_hours: reopen_within_hours(call).await?,
        };
        if let Some(id) = &input.conversation_id {
            let id = call.known_conversation("conversationId", id).await?;
            let id = going_on(call, id).await?;
            let done = call.execute::<Aggregate>(id, write).await?;
            return Ok((done, Conversation::now(call.ctx, id).await?));
        }
        let profile = call
            .services
            .desk
            .load::<allhours_domain::customer::Customer>(call.viewer.tenant, customer)
            .await?;
        let Some(tier) = profile.state.tier() else {
            return Err(Problem::user("NOT_FOUND", "there is no such customer", None));
        };
        if profile.state.is_erased() {
            return Err(Problem::user("ERASED", "the customer was erased", None));
        }
        let id = ConversationId(call.new_id("conversation"));
        let open = command::Open {
            id,
            customer,
            channel: input.channel.into(),
            subject: checked("subject", input.subject.map(Subject::new).transpose())?,
            language,
            tier,
            priority: allhours_domain::words::Priority::Normal,
            team: None,
        };
        let done = call
            .services
            .desk
            .unit(&call.command)
            .with::<Aggregate>(id, open)
            .with::<Aggregate>(id, write)
            .expecting::<Aggregate>(id, call.expected)
            .commit()
            .await?;
        Ok((done, Conversation::now(call.ctx, id).await?))
    }
}

/// When a delivery was received: not in the future, and not before 1970, as no history is.
fn received_at(call: &Call<'_>, said: Option<DateTime>) -> Result<Timestamp, Problem> {
    let at = said.map_or(call.at(), |at| at.0);
    if at > call.at() {
        let message = "nothing was received in the future";
        return Err(Problem::user("INVALID_INPUT", message, Some("receivedAt")));
    }
    if at < Timestamp::UNIX_EPOCH {
        let message = "no message was received before 1970";
        return Err(Problem::user("INVALID_INPUT", message, Some("receivedAt")));
    }
    Ok(at)
}

async fn receiving(
    call: &Call<'_>,
    context: &CommandContext,
    inbound: &Inbound,
) -> Result<(Done, IntakeId), Problem> {
    Ok(call.services.desk.receive(context, inbound, call.expected).await?)
}

/// For how long a message reopens.
async fn reopen_within_hours(call: &Call<'_>) -> Result<u32, Problem> {
    let tenant = call.viewer.tenant;
    Ok(call.services.desk.reopen_within_hours(tenant).await?)
}

/// The conversation that goes on in place of this one. Where that is another profile's, and those
/// are merged no more, nothing goes there.
async fn going_on(call: &Call<'_>, id: ConversationId) -> Result<ConversationId, Problem> {
    let mut id = id;
    let mut chain = Chain::default();
    loop {
        chain.follow(id)?;
        let folded = call.services.desk.load::<Aggregate>(call.viewer.tenant, id).await?;
        match folded.state.merged_into() {
            Some(target) => id = target,
            None => break,
        }
    }
    let owner = call.services.desk.recall::<Aggregate>(call.viewer.tenant, id).await?;
    match owner.state.customer() {
        Some(owner) if may_see(call.ctx, owner).await? => Ok(id),
        Some(_) | None => {
            let message = "it was merged into one that is not yours; begin a new one";
            Err(Problem::user("MERGED_INTO", message, Some("conversationId")))
        }
    }
}
