//! Checks that the stored log is what it must be: invariants I1 to I4, and the sealed texts.
//!
//! One pass over all events in order, a page at a time, recomputes what each row claims about
//! itself, and the Merkle tree that checkpoints signed; some statements compare the tables with
//! each other. All of it sees one moment. [`verify_keys`] then tries every key.

mod checkpoints;
mod keys;
mod sealed;

use allhours_domain::ids::TenantId;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use self::{
    checkpoints::Checking,
    sealed::{Redacted, check_texts, texts_named},
};
use crate::{
    canonical::{canonical_bytes, leaf_hash},
    checkpoint::note::Verifier,
    database::Database,
    error::LogError,
    pg,
    recorded::Position,
    sql,
};

pub use self::keys::verify_keys;

/// How many events are looked at together.
const PAGE_EVENTS: i64 = 2_000;
/// The most findings of one kind that are reported.
const FINDINGS_MAX: usize = 100;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: Rule,
    /// The event where it shows, if it shows at one.
    pub position: Option<Position>,
    /// Whose row.
    pub tenant: Option<TenantId>,
    /// Which row: a stream, an event, a command or a subject.
    pub id: Option<Uuid>,
}

/// What holds of every log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Positions are 1, 2, 3, ...
    PositionsAreGapless,
    /// Versions of a stream are 1, 2, 3, ... in the order of positions.
    VersionsAreGapless,
    /// The head of a stream tells its last event.
    HeadsAgree,
    /// No event id stands twice.
    EventIdsAreUnique,
    /// The events of a command stand side by side, and its answer is the last of them.
    CommandsTookEffectOnce,
    /// An event's columns read back.
    RowsRead,
    /// An event has a known name, a known version and the shape of both.
    EventsRead,
    /// The leaf hash is that of the canonical bytes: nothing was changed.
    LeafHashesAgree,
    /// A sealed text is the one that its event names.
    TextsAgree,
    /// A sealed text that an event names is there, unless the log says why it was deleted.
    TextsAreKept,
    /// A sealed text belongs to an event, and to a subject that was not forgotten.
    NoTextIsLeftOver,
    /// Every signed checkpoint is that of the events up to it.
    CheckpointsAgree,
    /// Every checkpoint is signed by a key that is believed.
    CheckpointsAreSigned,
    /// Who has a sealed text has a key, unless they were forgotten.
    KeysAreKept,
    /// A key opens by the one that wraps it.
    KeysOpen,
}

impl Rule {
    /// The rule as a sentence.
    #[must_use]
    pub fn as_sentence(self) -> &'static str {
        match self {
            Self::PositionsAreGapless => "positions are 1, 2, 3, ...",
            Self::VersionsAreGapless => "versions of a stream are 1, 2, 3, ...",
            Self::HeadsAgree => "the head of a stream tells its last event",
            Self::EventIdsAreUnique => "no event id stands twice",
            Self::CommandsTookEffectOnce => "a command took effect once, and its answer says so",
            Self::RowsRead => "the columns of an event read back",
            Self::EventsRead => "an event has a known name and the shape of its version",
            Self::LeafHashesAgree => "no stored byte of an event was changed",
            Self::TextsAgree => "a sealed text is the one that its event names",
            Self::TextsAreKept => {
                "a sealed text is there unless it was forgotten, redacted, taken in or discarded"
            }
            Self::CheckpointsAgree => "a checkpoint is that of the events up to it",
            Self::CheckpointsAreSigned => {
                "a checkpoint is signed by the key of this desk or one of `checkpoints.trusted`"
            }
            Self::NoTextIsLeftOver => {
                "a sealed text belongs to an event and a subject who was not forgotten"
            }
            Self::KeysAreKept => "a subject with sealed texts has a key, or was forgotten",
            Self::KeysOpen => "a key opens by the one that wraps it",
        }
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many events.
    pub events: u64,
    /// How many sealed texts that are there.
    pub texts: u64,
    /// How many texts that events name and that were deleted, as the log says.
    pub texts_deleted: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// The last position.
    pub head: Position,
    /// Everything that is not as it must be, at most a hundred of each rule.
    pub findings: Vec<Finding>,
}

impl Verified {
    /// Whether all is as it must be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn found(&mut self, finding: Finding) {
        let known = self.findings.iter().filter(|it| it.rule == finding.rule).count();
        if known < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// Verifies the whole log of `database` as it is at this moment. `progress` hears the position
/// reached. Reads only, opens no text and needs no key; who signed the checkpoints is not asked.
///
/// # Errors
///
/// A failure of the database; what is wrong with the log is a finding.
pub async fn verify(
    database: &Database,
    progress: impl FnMut(Position),
) -> Result<Verified, LogError> {
    verify_signed(database, &[], progress).await
}

/// The same, and each checkpoint must be signed by one of these keys, unless there is none.
///
/// # Errors
///
/// As [`verify`].
pub async fn verify_signed(
    database: &Database,
    keys: &[Verifier],
    mut progress: impl FnMut(Position),
) -> Result<Verified, LogError> {
    let connection = database.dedicated().await?;
    let client = &connection.client;
    client.batch_execute(sql::VERIFY_BEGIN).await?;
    let mut verified = Verified::default();
    let mut checking = Checking::begin(client, keys).await?;
    let redacted = Redacted::read(client).await?;
    loop {
        let rows = client.query(sql::LOG_READ, &[&verified.head, &PAGE_EVENTS]).await?;
        if rows.is_empty() {
            break;
        }
        check_page(client, &rows, &redacted, &mut verified).await?;
        for row in &rows {
            // A hash of another length is found by its row, and here by every checkpoint after.
            let leaf = row.try_get::<_, &[u8]>(15)?.try_into().unwrap_or_default();
            checking.event(client, leaf, &mut verified).await?;
        }
        progress(verified.head);
    }
    checking.end(client, &mut verified).await?;
    for (rule, statement) in [
        (Rule::VersionsAreGapless, sql::VERIFY_VERSIONS),
        (Rule::HeadsAgree, sql::VERIFY_HEADS),
        (Rule::EventIdsAreUnique, sql::VERIFY_EVENT_IDS),
        (Rule::CommandsTookEffectOnce, sql::VERIFY_COMMANDS),
        (Rule::NoTextIsLeftOver, sql::VERIFY_STRAYS),
        (Rule::KeysAreKept, sql::VERIFY_LOST_KEYS),
    ] {
        let limit = i64::try_from(FINDINGS_MAX).unwrap_or(i64::MAX);
        for row in client.query(statement, &[&limit]).await? {
            let (tenant, id, position) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let tenant = Some(TenantId(tenant));
            verified.found(Finding { rule, position, tenant, id: Some(id) });
        }
    }
    client.batch_execute(sql::VERIFY_END).await?;
    Ok(verified)
}

async fn check_page(
    client: &Client,
    rows: &[Row],
    redacted: &Redacted,
    verified: &mut Verified,
) -> Result<(), LogError> {
    let mut named = Vec::new();
    for row in rows {
        let position: Position = row.try_get(0)?;
        let tenant = TenantId(row.try_get(1)?);
        let id: Uuid = row.try_get(5)?;
        let finding =
            |rule| Finding { rule, position: Some(position), tenant: Some(tenant), id: Some(id) };
        if position != verified.head + 1 {
            verified.found(finding(Rule::PositionsAreGapless));
        }
        verified.head = position;
        verified.events += 1;
        let Ok(event) = pg::row::recorded(row) else {
            verified.found(finding(Rule::RowsRead));
            continue;
        };
        let of_its_stream = event.name.split('.').next() == Some(event.stream.stream_type.0);
        if event.event().is_err() || !of_its_stream {
            verified.found(finding(Rule::EventsRead));
        }
        if canonical_bytes(&event).map(|bytes| leaf_hash(&bytes)) != Ok(event.leaf_hash) {
            verified.found(finding(Rule::LeafHashesAgree));
        }
        match texts_named(&event) {
            Some(texts) => named.extend(texts),
            None => verified.found(finding(Rule::EventsRead)),
        }
    }
    check_texts(client, &named, redacted, verified).await
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "not so: {}", self.rule.as_sentence())?;
        if let Some(position) = self.position {
            write!(formatter, "; position {position}")?;
        }
        if let Some(tenant) = self.tenant {
            write!(formatter, "; tenant {tenant}")?;
        }
        if let Some(id) = self.id {
            write!(formatter, "; row {id}")?;
        }
        Ok(())
    }
}
