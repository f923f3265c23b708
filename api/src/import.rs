//! Dialogues from JSON Lines into the desk, through commands like everything else.
//!
//! Read [`dialogue`] (what a line may hold), `fault` (what is said of one that holds something
//! else) and [`report`]. Ids are derived from the source's name, the dialogue and the turn, and
//! each dialogue is one append with a fixed command id: importing again changes nothing, also
//! where other lines of the file changed, and an import that was killed goes on where it was.

pub mod dialogue;
mod fault;
pub mod report;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use allhours_domain::{
    actor::Actor,
    agent::{self, Agent},
    decider::Refusal,
    ids::{AgentId, TenantId},
    text::{Key, Name},
};
use allhours_eventstore::{error::LogError, log::Log};
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use self::{
    dialogue::Dialogue,
    report::{Outcome, Report, UnknownFields},
};
use crate::{
    clock,
    desk::{AnyRefusal, CommandContext, CommandError, Desk},
};

/// The longest line that is read.
pub const LINE_BYTES_MAX: usize = 4_194_304;
/// The mark that some programs begin a file of UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How often a dialogue is tried again while the log is away.
const TRIES_MAX: u32 = 8;
/// How long to wait before the second try; doubled each time.
const TRY_WAIT: Duration = Duration::from_millis(100);

/// Why an import ended before its end. Sent again, it goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file can't be read.
    #[error("{path} can't be read: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The log failed; what was imported stays.
    #[error("{0}; run the same import again to go on")]
    Log(#[from] LogError),
    /// The agent in whose name replies are imported was refused.
    #[error("the importing agent was refused: {0}")]
    Agent(String),
}

/// What an import is told while it goes on.
pub trait Progress: Send + Sync {
    /// So many bytes of a file are done.
    fn advance(&self, bytes: u64);
}

impl Progress for () {
    fn advance(&self, _: u64) {}
}

/// Imports into one tenant.
#[derive(Debug, Clone)]
pub struct Importer<L> {
    desk: Desk<L>,
    tenant: TenantId,
    source: Key,
    in_flight: usize,
}

/// One line of a file on its way.
pub(crate) struct Line {
    number: u64,
    bytes: u64,
    text: Result<Vec<u8>, &'static str>,
}

impl<L: Log> Importer<L> {
    /// With up to `in_flight` dialogues on their way at once. The same id of the same `source`
    /// is the same dialogue, whichever file it comes in.
    #[must_use]
    pub fn new(desk: Desk<L>, tenant: TenantId, source: Key, in_flight: usize) -> Self {
        Self { desk, tenant, source, in_flight }
    }

    /// Imports a file.
    ///
    /// # Errors
    ///
    /// The file can't be read, or the log fails for good.
    pub async fn file(&self, path: &Path, progress: &dyn Progress) -> Result<Report, ImportError> {
        let failed = |source| ImportError::File { path: path.to_owned(), source };
        let agent = self.agent().await?;
        let lines = Lines::open(path).map_err(failed)?;
        let mut done = stream::iter(lines)
            .map(async |line| {
                let line = line.map_err(failed)?;
                let mut unknown = UnknownFields::default();
                let outcome = self.line(agent, &line, &mut unknown).await?;
                Ok::<_, ImportError>((line, outcome, unknown))
            })
            .buffer_unordered(self.in_flight);
        let mut report = Report::of(path);
        while let Some(finished) = done.next().await {
            let (line, outcome, unknown) = finished?;
            report.add(line.number, outcome, unknown);
            progress.advance(line.bytes);
        }
        report.refused.sort_by_key(|refused| refused.line);
        Ok(report)
    }

    /// The agent in whose name replies are imported; made the first time.
    async fn agent(&self) -> Result<AgentId, ImportError> {
        let id = AgentId(clock::derived_id(self.tenant.0, "agent:import"));
        let context = self.context("import:agent", "agent");
        let name = Name::new("Imported replies");
        let display_name = name.map_err(|error| ImportError::Agent(error.to_string()))?;
        let register =
            agent::command::Register { id, display_name, languages: vec![], capacity_units: 0 };
        match self.desk.execute::<Agent>(&context, id.0, register, None).await {
            Ok(_) => Ok(id),
            Err(CommandError::Log(error)) => Err(error.into()),
            Err(CommandError::Refused(no)) => Err(ImportError::Agent(no.to_string())),
            Err(CommandError::Stale(stale)) => Err(ImportError::Agent(stale.to_string())),
        }
    }

    fn context(&self, key: &str, asked: &str) -> CommandContext {
        CommandContext::now(self.tenant, Actor::System("import".to_owned())).keyed(key).asked(asked)
    }

    async fn line(
        &self,
        agent: AgentId,
        line: &Line,
        unknown: &mut UnknownFields,
    ) -> Result<Outcome, ImportError> {
        let text = match &line.text {
            Ok(text) if text.trim_ascii().is_empty() => return Ok(Outcome::Blank),
            Ok(text) => text.trim_ascii_end(),
            Err(why) => return Ok(Outcome::Refused((*why).to_owned())),
        };
        let read = Dialogue::read(text, &mut |place| unknown.see(place));
        let read = read.and_then(|it| Ok((it.content()?, it)));
        let (said, dialogue) = match read {
            Ok(read) => read,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let space = clock::derived_id(self.tenant.0, &format!("import:{}", self.source));
        let key = format!("import:{space}:{}", dialogue.id);
        let mut context = self.context(&key, &said);
        if let Some(at) = dialogue.at {
            if let Err(why) = dialogue::was_held(at, context.at) {
                return Ok(Outcome::Refused(why));
            }
            context = context.at(at);
        }
        let mut wait = TRY_WAIT;
        for _ in 1..TRIES_MAX {
            match self.dialogue(&context, agent, space, &dialogue).await {
                Err(error) if may_pass(&error) => tokio::time::sleep(wait).await,
                settled => return settled.map_err(ImportError::from),
            }
            wait *= 2;
        }
        Ok(self.dialogue(&context, agent, space, &dialogue).await?)
    }

    /// All of a dialogue in one append, or nothing of it.
    async fn dialogue(
        &self,
        context: &CommandContext,
        agent: AgentId,
        space: Uuid,
        dialogue: &Dialogue,
    ) -> Result<Outcome, LogError> {
        let fingerprint = context.fingerprint.unwrap_or_default();
        let known = self.desk.log().answered(self.tenant, context.command_id, fingerprint).await;
        match known {
            Ok(Some(position)) => return Ok(Outcome::Known { position }),
            Ok(None) => {}
            Err(LogError::CommandReused(_)) => return Ok(Outcome::Refused(self.reused())),
            Err(error) => return Err(error),
        }
        let planned = dialogue.plan(self.desk.unit(context), space, agent, context.at);
        let (unit, customer, conversation) = match planned {
            Ok(planned) => planned,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let committed = unit.commit().await;
        // Nobody asks for these again soon; keeping them would only push others out.
        self.desk.forget_state(self.tenant, customer);
        self.desk.forget_state(self.tenant, conversation);
        match committed {
            Ok(done) if done.repeated => Ok(Outcome::Known { position: done.position }),
            Ok(done) => {
                Ok(Outcome::Imported { turns: dialogue.turns.len(), position: done.position })
            }
            Err(CommandError::Refused(no)) => Ok(Outcome::Refused(said(&no))),
            Err(CommandError::Stale(stale)) => Ok(Outcome::Refused(stale.to_string())),
            Err(CommandError::Log(LogError::CommandReused(_))) => {
                Ok(Outcome::Refused(self.reused()))
            }
            Err(CommandError::Log(LogError::OutOfBounds(what))) => {
                Ok(Outcome::Refused(format!("the dialogue is too long: an append {what}")))
            }
            Err(CommandError::Log(error)) => Err(error),
        }
    }

    /// What is said of an id that stands for other content already.
    fn reused(&self) -> String {
        format!(
            "a dialogue with the same id and other content is there from the source `{}`; \
             if this is another dialogue, import it with another --source",
            self.source
        )
    }
}

fn said(no: &AnyRefusal) -> String {
    format!("{}: {no}", no.code())
}

/// Whether a failure may be over soon: the log is busy or its database restarts.
fn may_pass(error: &LogError) -> bool {
    match error {
        LogError::Busy
        | LogError::Unknown(_)
        | LogError::Pool(_)
        | LogError::Database(_)
        | LogError::Conflict { .. } => true,
        LogError::CommandReused(_)
        | LogError::OutOfBounds(_)
        | LogError::OtherType(_)
        | LogError::SubjectErased(_)
        | LogError::Key(_)
        | LogError::Unreadable { .. }
        | LogError::Inconsistent { .. } => false,
    }
}

struct Lines {
    reader: BufReader<File>,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { reader: BufReader::new(File::open(path)?), number: 0 })
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<io::Result<Line>> {
        let mut text = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let mut bytes = match (&mut self.reader).take(limit).read_until(b'\n', &mut text) {
            Ok(0) => return None,
            Ok(read) => read as u64,
            Err(error) => return Some(Err(error)),
        };
        self.number += 1;
        if self.number == 1 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        if text.ends_with(b"\n") || bytes < limit {
            return Some(Ok(Line { number: self.number, bytes, text: Ok(text) }));
        }
        // The rest of a line that is too long is passed over, not held.
        match self.reader.skip_until(b'\n') {
            Ok(skipped) => bytes += skipped as u64,
            Err(error) => return Some(Err(error)),
        }
        let text = Err("the line is over 4 MiB");
        Some(Ok(Line { number: self.number, bytes, text }))
    }
}
