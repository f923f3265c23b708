//! Command execution: load, decide, append; the only way in.
//!
//! Read [`context`] (what surrounds a command), [`Desk::execute`] (one aggregate), then
//! [`unit`] (several at once) and the use cases that are more than one command.

pub mod address;
pub mod chain;
pub mod context;
pub mod erase;
pub mod error;
pub mod folded;
pub mod inbound;
pub mod persons;
mod turns;
pub mod unit;

use std::{fmt, time::Duration};

use allhours_domain::ids::{EventId, TenantId};
use allhours_eventstore::{
    append::{Append, Receipt, StreamAppend},
    error::LogError,
    log::Log,
    recorded::StreamId,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use self::{
    context::CommandContext,
    error::{AnyRefusal, CommandError, Done, Stale},
    folded::{Aggregate, Folded, stream_of},
    unit::Unit,
};
use self::{
    folded::{Kept, States, fold},
    turns::Turns,
    unit::{Plan, Single, Worked, Working},
};
use crate::clock;

/// How often a decision is made again after somebody else was faster.
const RACES_MAX: u32 = 3;
/// How often an append is sent again while nobody knows whether it happened.
const UNKNOWNS_MAX: u32 = 5;
/// How long to wait before sending it again the first time; doubled each time.
const UNKNOWN_WAIT: Duration = Duration::from_millis(50);
/// How many folded states are kept by default.
const STATES_MAX: usize = 10_000;

/// Carries out commands on a log.
#[derive(Clone)]
pub struct Desk<L> {
    log: L,
    states: States,
    turns: Turns,
}

impl<L> fmt::Debug for Desk<L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl<L: Log> Desk<L> {
    /// On this log, keeping up to 10,000 folded states in memory.
    #[must_use]
    pub fn new(log: L) -> Self {
        Self::with_states_max(log, STATES_MAX)
    }

    /// On this log, keeping up to `states_max` folded states in memory.
    #[must_use]
    pub fn with_states_max(log: L, states_max: usize) -> Self {
        Self { log, states: States::new(states_max), turns: Turns::new() }
    }

    /// The log below.
    #[must_use]
    pub fn log(&self) -> &L {
        &self.log
    }

    /// Decides a command on the state of its aggregate, and appends what follows. A race that is
    /// lost is decided again, up to three times, unless the caller names the version it saw.
    ///
    /// # Errors
    ///
    /// A rule's no, a version that moved on, or a failure of the log.
    pub async fn execute<A: Aggregate>(
        &self,
        context: &CommandContext,
        id: impl Into<Uuid>,
        command: impl Into<A::Command>,
        expected_version: Option<i32>,
    ) -> Result<Done, CommandError<A::Refusal>>
    where
        A::Command: fmt::Debug,
    {
        let id = id.into();
        let expected = expected_version.map(|version| (stream_of::<A>(id), version));
        let plan = Single::<A> { id, command: command.into(), expected };
        self.carry_out(context, &plan).await
    }

    /// Begins a unit of work over several aggregates.
    #[must_use]
    pub fn unit<'d>(&'d self, context: &'d CommandContext) -> Unit<'d, L> {
        Unit::new(self, context)
    }

    /// The state of an aggregate as it is now.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn load<A: Aggregate>(
        &self,
        tenant: TenantId,
        id: impl Into<Uuid>,
    ) -> Result<Folded<A>, LogError> {
        self.folded(tenant, stream_of::<A>(id), true).await
    }

    /// The state of an aggregate as this process last saw it: perhaps behind, so good for what
    /// never changes, such as that there is one and whose it is. Loaded where none is kept.
    ///
    /// # Errors
    ///
    /// A failure of the log.
    pub async fn recall<A: Aggregate>(
        &self,
        tenant: TenantId,
        id: impl Into<Uuid>,
    ) -> Result<Folded<A>, LogError> {
        let stream = stream_of::<A>(id);
        let kept = self.states.get::<A>(tenant, stream).filter(|kept| kept.version > 0);
        match kept {
            Some(kept) => Ok(kept),
            None => self.folded(tenant, stream, true).await,
        }
    }

    /// The same, but only where one is kept: nothing is loaded.
    #[must_use]
    pub fn known<A: Aggregate>(&self, tenant: TenantId, id: impl Into<Uuid>) -> Option<Folded<A>> {
        self.states.get::<A>(tenant, stream_of::<A>(id))
    }

    /// Drops what is kept of a stream, so that nothing of it stays in memory.
    pub fn forget_state(&self, tenant: TenantId, stream: StreamId) {
        self.states.forget(tenant, stream);
    }

    async fn folded<A: Aggregate>(
        &self,
        tenant: TenantId,
        stream: StreamId,
        fresh: bool,
    ) -> Result<Folded<A>, LogError> {
        let kept = self.states.get::<A>(tenant, stream);
        match kept {
            Some(kept) if !fresh => Ok(kept),
            known => {
                let folded = fold(&self.log, tenant, stream, known).await?;
                let state = folded.state.clone();
                self.states.keep(tenant, stream, Kept { version: folded.version, state });
                Ok(folded)
            }
        }
    }

    async fn carry_out<P: Plan<L>>(
        &self,
        context: &CommandContext,
        plan: &P,
    ) -> Result<Done, CommandError<P::Refusal>> {
        let hash = context.fingerprint.unwrap_or_else(|| Sha256::digest(plan.asked()).into());
        let _turn = self.turns.wait(context.tenant, plan.streams()).await;
        let mut races = 0;
        let mut fresh = false;
        loop {
            let mut working = Working { desk: self, context, fresh, streams: Vec::new() };
            let decided = match plan.decide(&mut working).await {
                Ok(()) => self.seen(context, plan.expected(), &working).await,
                Err(error) => Err(error),
            };
            match decided {
                // A kept state may be behind; a no counts only from the state as it is.
                Err(CommandError::Refused(_) | CommandError::Stale(_)) if !fresh => {
                    fresh = true;
                    continue;
                }
                Err(no @ (CommandError::Refused(_) | CommandError::Stale(_))) => {
                    return self.answered(context, hash, &working).await?.ok_or(no);
                }
                Err(failure @ CommandError::Log(_)) => return Err(failure),
                Ok(()) => {}
            }
            match self.append(context, hash, plan, &working).await {
                Ok(receipt) if receipt.repeated => {
                    return self.repeated(context, receipt.position, &working).await;
                }
                Ok(receipt) => return Ok(self.granted(context, &receipt, working.streams)),
                // Nothing was decided on this one: to decide again changes nothing.
                Err(LogError::Conflict { stream, expected, actual, .. })
                    if !working.looks_at(stream) =>
                {
                    return Err(self.stale(context, stream, expected, actual).await?);
                }
                Err(LogError::Conflict { .. }) if races < RACES_MAX => {
                    races += 1;
                    fresh = true;
                }
                // Whoever it is about was erased elsewhere: what is kept may not know it yet.
                Err(LogError::SubjectErased(_)) if !fresh => fresh = true,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the streams that were decided on are still at the versions that the caller saw. Of
    /// all others the append tells.
    async fn seen<R>(
        &self,
        context: &CommandContext,
        expected: &[(StreamId, i32)],
        working: &Working<'_, L>,
    ) -> Result<(), CommandError<R>> {
        for (stream, version) in expected {
            let worked = working.streams.iter().find(|worked| worked.stream == *stream);
            let Some(worked) = worked.filter(|worked| worked.version != *version) else { continue };
            return Err(self.stale(context, *stream, *version, worked.version).await?);
        }
        Ok(())
    }

    /// The no to a version that moved on, with what happened last.
    async fn stale<R>(
        &self,
        context: &CommandContext,
        stream: StreamId,
        expected: i32,
        actual: i32,
    ) -> Result<CommandError<R>, LogError> {
        let last = self.log.load(context.tenant, stream, actual.saturating_sub(1), 1).await?.pop();
        Ok(CommandError::Stale(Box::new(Stale {
            stream,
            expected,
            actual,
            name: last.as_ref().map(|it| it.name.clone()),
            by: last.as_ref().map(|it| it.actor.clone()),
            at: last.map(|it| it.recorded_at),
        })))
    }

    /// The answer of the first time, where this command was granted before.
    async fn answered(
        &self,
        context: &CommandContext,
        hash: [u8; 32],
        working: &Working<'_, L>,
    ) -> Result<Option<Done>, LogError> {
        let position = self.log.answered(context.tenant, context.command_id, hash).await?;
        let version = working.streams.first().map_or(0, |worked| worked.version);
        Ok(position.map(|position| Done { position, version, repeated: true }))
    }

    async fn append<P: Plan<L>>(
        &self,
        context: &CommandContext,
        request_hash: [u8; 32],
        plan: &P,
        working: &Working<'_, L>,
    ) -> Result<Receipt, LogError> {
        let recorded_at = clock::now();
        let with_ids = |worked: &Worked| StreamAppend {
            stream: worked.stream,
            expected_version: worked.version,
            events: worked
                .events
                .iter()
                .map(|event| (EventId(clock::new_id()), event.clone()))
                .collect(),
        };
        // Last, so that the versions of what was decided on come first.
        let pinned = plan.expected().iter().filter(|(stream, _)| !working.looks_at(*stream));
        let pinned = pinned.map(|(stream, expected_version)| StreamAppend {
            stream: *stream,
            expected_version: *expected_version,
            events: Vec::new(),
        });
        let append = Append {
            tenant: context.tenant,
            command_id: context.command_id,
            request_hash,
            correlation_id: context.correlation_id,
            causation_id: context.causation_id,
            follows_first: plan.follows_first(),
            traceparent: context.traceparent,
            actor: context.actor.clone(),
            occurred_at: context.at,
            recorded_at,
            streams: working.streams.iter().map(with_ids).chain(pinned).collect(),
            shred_events: plan.shred().to_vec(),
            forget_subjects: plan.forget().to_vec(),
        };
        let mut wait = UNKNOWN_WAIT;
        let mut attempts_left = UNKNOWNS_MAX;
        let mut doubtful = false;
        loop {
            let failure = match self.log.append(append.clone()).await {
                // The same command id settles it: done once, whichever attempt it was.
                Err(failure @ LogError::Unknown(_)) => failure,
                // Nothing was written now; the doubt about an earlier attempt stays.
                Err(LogError::Busy) if doubtful => LogError::Unknown(None),
                settled => return settled,
            };
            attempts_left -= 1;
            if attempts_left == 0 {
                return Err(failure);
            }
            doubtful = true;
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }

    async fn repeated<R>(
        &self,
        context: &CommandContext,
        position: i64,
        working: &Working<'_, L>,
    ) -> Result<Done, CommandError<R>> {
        let mut version = 0;
        for (index, worked) in working.streams.iter().enumerate() {
            self.states.forget(context.tenant, worked.stream);
            if index == 0 {
                version = self.version(context.tenant, worked).await?;
            }
        }
        Ok(Done { position, version, repeated: true })
    }

    async fn version(&self, tenant: TenantId, worked: &Worked) -> Result<i32, LogError> {
        let mut version = worked.version;
        loop {
            let page = self.log.load(tenant, worked.stream, version, 1_000).await?;
            match page.last() {
                Some(last) => version = last.version,
                None => return Ok(version),
            }
        }
    }

    fn granted(&self, context: &CommandContext, receipt: &Receipt, streams: Vec<Worked>) -> Done {
        let version = receipt.versions.first().copied().unwrap_or_default();
        for (worked, version) in streams.into_iter().zip(receipt.versions.iter().copied()) {
            let Worked { stream, state, .. } = worked;
            self.states.keep(context.tenant, stream, Kept { version, state });
        }
        Done { position: receipt.position, version, repeated: false }
    }
}
