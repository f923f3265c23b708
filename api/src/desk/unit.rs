//! A unit of work: commands to several streams, all granted or none.

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use allhours_domain::{
    catalogue::AnyEvent,
    decider::Refusal,
    ids::{EventId, SubjectId},
};
use allhours_eventstore::{log::Log, recorded::StreamId};
use uuid::Uuid;

use super::{
    Desk,
    context::CommandContext,
    error::{AnyRefusal, CommandError, Done},
    folded::{Aggregate, Folded, stream_of},
};

/// What a decision worked on: every stream it looked at, with what shall be added.
pub(super) struct Working<'d, L> {
    pub desk: &'d Desk<L>,
    pub context: &'d CommandContext,
    /// Whether kept states are brought up to date before deciding.
    pub fresh: bool,
    pub streams: Vec<Worked>,
}

pub(super) struct Worked {
    pub stream: StreamId,
    pub version: i32,
    pub state: Arc<dyn Any + Send + Sync>,
    pub events: Vec<AnyEvent>,
}

impl<L: Log> Working<'_, L> {
    /// Whether something is decided on this stream.
    pub fn looks_at(&self, stream: StreamId) -> bool {
        self.streams.iter().any(|worked| worked.stream == stream)
    }

    /// Decides one command on what the commands before it have made of its stream.
    pub async fn decide<A: Aggregate>(
        &mut self,
        id: Uuid,
        command: A::Command,
    ) -> Result<(), CommandError<A::Refusal>> {
        let stream = stream_of::<A>(id);
        let index = match self.streams.iter().position(|worked| worked.stream == stream) {
            Some(index) => index,
            None => self.begin::<A>(stream).await?,
        };
        let worked = &mut self.streams[index];
        let state = Arc::clone(&worked.state).downcast::<A>();
        let mut state = state.expect("a stream type belongs to one aggregate");
        let events = state.decide(command).map_err(CommandError::Refused)?;
        let folded = Arc::make_mut(&mut state);
        for event in events {
            folded.evolve(&event);
            worked.events.push(event.into());
        }
        worked.state = state;
        Ok(())
    }

    async fn begin<A: Aggregate>(
        &mut self,
        stream: StreamId,
    ) -> Result<usize, CommandError<A::Refusal>> {
        let Folded { version, state } =
            self.desk.folded::<A>(self.context.tenant, stream, self.fresh).await?;
        self.streams.push(Worked { stream, version, state, events: Vec::new() });
        Ok(self.streams.len() - 1)
    }
}

/// Something that can be decided, and decided again after a lost race.
pub(super) trait Plan<L: Log>: Send + Sync {
    type Refusal: Refusal;

    fn decide(
        &self,
        working: &mut Working<'_, L>,
    ) -> impl Future<Output = Result<(), CommandError<Self::Refusal>>> + Send;

    /// All streams that are decided on.
    fn streams(&self) -> impl Iterator<Item = StreamId> + Send;

    /// What was asked, for telling a retry from another command with the same id.
    fn asked(&self) -> String;

    /// Versions that the caller saw, also of streams that nothing is decided on; nothing is
    /// retried on these.
    fn expected(&self) -> &[(StreamId, i32)];

    /// Whether what is appended after the first event follows from it.
    fn follows_first(&self) -> bool {
        false
    }

    /// Sealed texts to delete.
    fn shred(&self) -> &[EventId] {
        &[]
    }

    /// Subjects to forget.
    fn forget(&self) -> &[SubjectId] {
        &[]
    }
}

/// One command to one aggregate.
pub(super) struct Single<A: Aggregate> {
    pub id: Uuid,
    pub command: A::Command,
    pub expected: Option<(StreamId, i32)>,
}

impl<L: Log, A: Aggregate> Plan<L> for Single<A>
where
    A::Command: std::fmt::Debug,
{
    type Refusal = A::Refusal;

    async fn decide(
        &self,
        working: &mut Working<'_, L>,
    ) -> Result<(), CommandError<Self::Refusal>> {
        working.decide::<A>(self.id, self.command.clone()).await
    }

    fn streams(&self) -> impl Iterator<Item = StreamId> + Send {
        std::iter::once(stream_of::<A>(self.id))
    }

    fn asked(&self) -> String {
        format!("{}:{} {:?}", A::STREAM_TYPE, self.id, self.command)
    }

    fn expected(&self) -> &[(StreamId, i32)] {
        self.expected.as_slice()
    }
}

type Deciding<'a> = Pin<Box<dyn Future<Output = Result<(), CommandError<AnyRefusal>>> + Send + 'a>>;

trait Step<L: Log>: Send + Sync {
    fn decide<'a>(&'a self, working: &'a mut Working<'_, L>) -> Deciding<'a>;
    fn stream(&self) -> StreamId;
    fn asked(&self) -> String;
}

struct CommandStep<A: Aggregate> {
    id: Uuid,
    command: A::Command,
    aggregate: PhantomData<fn() -> A>,
}

impl<L: Log, A: Aggregate> Step<L> for CommandStep<A>
where
    A::Command: std::fmt::Debug,
{
    fn decide<'a>(&'a self, working: &'a mut Working<'_, L>) -> Deciding<'a> {
        Box::pin(async move {
            working.decide::<A>(self.id, self.command.clone()).await.map_err(CommandError::erased)
        })
    }

    fn stream(&self) -> StreamId {
        stream_of::<A>(self.id)
    }

    fn asked(&self) -> String {
        format!("{}:{} {:?}", A::STREAM_TYPE, self.id, self.command)
    }
}

/// Commands that are granted together or not at all; begun by [`Desk::unit`].
pub struct Unit<'d, L: Log> {
    desk: &'d Desk<L>,
    context: &'d CommandContext,
    steps: Vec<Box<dyn Step<L>>>,
    expected: Vec<(StreamId, i32)>,
    follows_first: bool,
    shred: Vec<EventId>,
    forget: Vec<SubjectId>,
}

impl<'d, L: Log> Unit<'d, L> {
    pub(super) fn new(desk: &'d Desk<L>, context: &'d CommandContext) -> Self {
        let (steps, expected, shred, forget) = (vec![], vec![], vec![], vec![]);
        Self { desk, context, steps, expected, follows_first: false, shred, forget }
    }

    /// Adds a command. Several to one stream are decided one after the other.
    #[must_use]
    pub fn with<A: Aggregate>(mut self, id: impl Into<Uuid>, command: impl Into<A::Command>) -> Self
    where
        A::Command: std::fmt::Debug,
    {
        let (id, command) = (id.into(), command.into());
        self.steps.push(Box::new(CommandStep::<A> { id, command, aggregate: PhantomData }));
        self
    }

    /// Refuses all of it unless this aggregate is still at the version the caller saw. It need not
    /// be one that a command is for.
    #[must_use]
    pub fn expecting<A: Aggregate>(self, id: impl Into<Uuid>, version: Option<i32>) -> Self {
        self.pinning(version.map(|version| (stream_of::<A>(id), version)))
    }

    /// Refuses all of it unless these streams are still at the versions that a plan stands on.
    #[must_use]
    pub fn pinning(mut self, seen: impl IntoIterator<Item = (StreamId, i32)>) -> Self {
        for (stream, version) in seen {
            if !self.expected.contains(&(stream, version)) {
                self.expected.push((stream, version));
            }
        }
        self
    }

    /// Says that the first event of all is why the others happened.
    #[must_use]
    pub fn following_from_first(mut self) -> Self {
        self.follows_first = true;
        self
    }

    /// Deletes all sealed texts of these events in the same transaction.
    #[must_use]
    pub fn shredding(mut self, events: impl IntoIterator<Item = EventId>) -> Self {
        self.shred.extend(events);
        self
    }

    /// Destroys the keys of these subjects and deletes their texts in the same transaction.
    #[must_use]
    pub fn forgetting(mut self, subjects: impl IntoIterator<Item = SubjectId>) -> Self {
        self.forget.extend(subjects);
        self
    }

    /// Decides all of it and appends it as one.
    ///
    /// # Errors
    ///
    /// The first refusal, a version that moved on, or a failure of the log; then nothing happened
    /// (but see [`allhours_eventstore::error::LogError::Unknown`]).
    pub async fn commit(self) -> Result<Done, CommandError<AnyRefusal>> {
        self.desk.carry_out(self.context, &self).await
    }
}

impl<L: Log> Plan<L> for Unit<'_, L> {
    type Refusal = AnyRefusal;

    async fn decide(&self, working: &mut Working<'_, L>) -> Result<(), CommandError<AnyRefusal>> {
        for step in &self.steps {
            step.decide(working).await?;
        }
        Ok(())
    }

    fn streams(&self) -> impl Iterator<Item = StreamId> + Send {
        self.steps.iter().map(|step| step.stream())
    }

    fn asked(&self) -> String {
        self.steps.iter().map(|step| step.asked()).collect::<Vec<_>>().join("\n")
    }

    fn expected(&self) -> &[(StreamId, i32)] {
        &self.expected
    }

    fn follows_first(&self) -> bool {
        self.follows_first
    }

    fn shred(&self) -> &[EventId] {
        &self.shred
    }

    fn forget(&self) -> &[SubjectId] {
        &self.forget
    }
}
