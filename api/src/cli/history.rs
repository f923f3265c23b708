//! Commands about the log and what is derived from it.

use std::{path::PathBuf, str::FromStr};

use allhours_eventstore::checkpoint::note::Verifier;
use clap::{Args, ValueEnum, ValueHint};
use jiff::Timestamp;
use uuid::Uuid;

use super::{ids, people};

/// Which events.
#[derive(Debug, Args)]
pub struct Replay {
    /// From this position on, or written down at this instant or later [default: 1]
    #[arg(long, value_name = "POSITION|INSTANT")]
    pub from: Option<Place>,
    /// Up to this position, or written down at this instant or before [default: the newest]
    #[arg(long, value_name = "POSITION|INSTANT")]
    pub to: Option<Place>,
    /// Only events that fit: KEY=VALUE[,KEY=VALUE], keys type, stream, tenant, actor, command,
    /// correlation; a type may end in `*`, alternatives are separated by `|`
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<String>,
    /// With personal texts readable, not sealed
    #[arg(long)]
    pub open: bool,
}

/// A place in the log, as people name one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By its position.
    Position(i64),
    /// By when it was written down.
    Instant(Timestamp),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let position = word.parse().ok().filter(|position| *position >= 1).map(Self::Position);
        let instant = || word.parse().ok().map(Self::Instant);
        position.or_else(instant).ok_or_else(|| {
            "expected a position from 1 on, or an instant such as 2026-03-01T09:00:00Z".to_owned()
        })
    }
}

/// Which projections.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Names of projections, `search` for the index [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// What to check.
#[derive(Debug, Args)]
pub struct Verify {
    /// An exported bundle instead of the desk
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub bundle: Option<PathBuf>,
    /// The public key of the desk that made the bundle [default: the one that lies in it]
    #[arg(long, value_name = "KEY", requires = "bundle")]
    pub public_key: Option<Verifier>,
}

/// What to sign.
#[derive(Debug, Args)]
pub struct Checkpoint {
    /// The log as it was up to this position [default: the newest]
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    pub size: Option<i64>,
    /// Print the public key alone
    #[arg(long, conflicts_with = "size")]
    pub public_key: bool,
    /// Make a new key where the one that signed before is lost; what it signed can only be checked
    /// where its public half is known (`checkpoints.trusted`)
    #[arg(long, conflicts_with_all = ["size", "public_key"])]
    pub new_key: bool,
}

/// For whom an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Canonical events and a manifest that can be checked offline.
    Auditor,
    /// Parquet files with the same columns each time.
    Analyst,
    /// Churn features for training: Parquet with one row a customer.
    Features,
}

/// What to take out.
#[derive(Debug, Args)]
pub struct Export {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT", value_parser = people::tenant)]
    pub tenant: String,
    /// Into which folder; made if needed. One that broke off is continued, a whole one stays as it
    /// is
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub to_dir: PathBuf,
    /// For whom
    #[arg(long, value_enum, default_value_t = Form::Auditor)]
    pub form: Form,
    /// Features as the log gave them at this position or instant, free of what came later
    /// [default: now]
    #[arg(long, value_name = "POSITION|INSTANT")]
    pub as_of: Option<Place>,
    /// From this position on, or written down at this instant or later [default: 1]
    #[arg(long, value_name = "POSITION|INSTANT")]
    pub from: Option<Place>,
    /// Up to this position, or written down at this instant or before [default: the newest]
    #[arg(long, value_name = "POSITION|INSTANT")]
    pub to: Option<Place>,
    /// Written down at this instant or later; `--from` says it as well
    #[arg(long, value_name = "INSTANT", hide = true)]
    pub since: Option<Timestamp>,
    /// Written down before this instant
    #[arg(long, value_name = "INSTANT", hide = true)]
    pub until: Option<Timestamp>,
    /// About this customer or agent only: the UUID, or the id that GraphQL gives. Of a customer all
    /// of their profile and of those merged into it, of their conversations and deliveries; of
    /// either what they did themselves and what names them
    #[arg(long, value_name = "ID", value_parser = ids::subject)]
    pub subject: Option<Uuid>,
    /// Of this conversation only: the UUID, or the id that GraphQL gives
    #[arg(long, value_name = "ID", value_parser = ids::conversation)]
    pub conversation: Option<Uuid>,
}
