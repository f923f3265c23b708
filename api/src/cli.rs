//! The command line: what can be asked of the program, word for word.
//!
//! Exit codes: 0 all is well; 1 it failed, or something differs; 2 wrong usage or setting.

use std::{path::PathBuf, str::FromStr};

use allhours_eventstore::checkpoint::note::Verifier;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{config::Overrides, graphql::viewer::Role};

/// An event-sourced customer-service desk.
#[derive(Debug, Parser)]
#[command(
    name = "allhours",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Examples:
  allhours serve --demo                          start with an embedded database and a demo tenant
  allhours token --tenant demo --role agent      print a bearer token
  allhours import dialogues --tenant demo FILE   bring in dialogues, one JSON object a line
  allhours verify                                compare everything with the log

Exit codes: 0 all is well, 1 it failed or something differs, 2 wrong usage or setting."
)]
pub struct Cli {
    #[command(flatten)]
    /// What every command takes.
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The data folder [default: /var/lib/allhours as root, else ~/.local/share/allhours]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
    /// A PostgreSQL server of your own instead of the embedded one (also `DATABASE_URL`)
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub database_url: Option<String>,
    /// A configuration file; see config.default.toml for every setting
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The form of the answer
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve GraphQL, and all that works in the background
    #[command(after_help = "Examples:
  allhours serve
  allhours serve --listen 0.0.0.0:8080 --demo
  allhours serve --database-url postgres://allhours@db.example/allhours")]
    Serve(Serve),
    /// Bring the database to the shape that this program expects
    #[command(after_help = "Example:
  allhours migrate --database-url postgres://allhours@db.example/allhours")]
    Migrate,
    /// Create the demo tenant `demo`; doing so again changes nothing
    #[command(after_help = "Example:
  allhours demo")]
    Demo,
    /// Bring data in
    #[command(subcommand)]
    Import(Import),
    /// Write events to stdout, one JSON object a line, oldest first
    #[command(after_help = "Examples:
  allhours replay --from 1 --to 1000
  allhours replay --from 2026-03-01T00:00:00Z --to 2026-03-31T23:59:59Z
  allhours replay --where 'type=conversation.opened' --where tenant=demo
  allhours replay --where 'type=conversation.*,actor=system:import'")]
    Replay(Replay),
    /// Build projections anew from the log beside the live ones, then switch
    #[command(after_help = "Examples:
  allhours rebuild
  allhours rebuild conversations search")]
    Rebuild(Rebuild),
    /// Check the log, and compare every projection and the search index with it
    #[command(after_help = "Examples:
  allhours verify
  allhours verify --bundle ./export    check an exported bundle, without a database
  allhours verify --bundle ./export --public-key \"$(cat key-as-i-know-it)\"")]
    Verify(Verify),
    /// Take events out as files: an auditor's bundle or an analyst's Parquet
    #[command(after_help = "Examples:
  allhours export --tenant demo --to-dir ./audit
  allhours export --tenant demo --form analyst --to-dir ./parquet --since 2026-01-01T00:00:00Z
  allhours export --tenant demo --to-dir ./case --conversation 01900000-0000-7000-8000-000000000000")]
    Export(Export),
    /// Sign how large the log is and what the root of its Merkle tree is, and print it
    #[command(after_help = "Examples:
  allhours checkpoint                 keep what it prints elsewhere: it proves what the log was
  allhours checkpoint --public-key    what auditors check bundles and checkpoints with")]
    Checkpoint(Checkpoint),
    /// Forget a customer for good: the key is destroyed, every text deleted
    #[command(after_help = "Example:
  allhours erase --tenant demo --customer 01900000-0000-7000-8000-000000000000 \\
      --legal-basis gdpr-17 --yes")]
    Erase(Erase),
    /// Print a bearer token alone
    #[command(after_help = "Examples:
  allhours token --tenant demo --role agent
  curl -H \"Authorization: Bearer $(allhours token --tenant demo --role admin)\" ...")]
    Token(Token),
    /// Look at the machine and say what is missing and what to do about it
    #[command(after_help = "Example:
  allhours doctor --output json")]
    Doctor,
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  allhours completions bash > /etc/bash_completion.d/allhours")]
    Completions(Completions),
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where HTTP listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Create the demo tenant first
    #[arg(long)]
    pub demo: bool,
}

/// What to bring in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Dialogues between customers and agents, one JSON object a line
    #[command(after_help = "A line: {\"id\": \"7\", \"language\": \"en\", \"topic\": \"Refund\",
  \"turns\": [{\"speaker\": \"customer\", \"text\": \"...\"}, {\"speaker\": \"agent\", \"text\": \"...\"}]}

Importing a file again changes nothing; an import that was killed goes on where it was.

Example:
  allhours import dialogues --tenant demo dialogues.jsonl")]
    Dialogues(ImportDialogues),
}

/// Which dialogues.
#[derive(Debug, Args)]
pub struct ImportDialogues {
    /// Into which tenant, by name or id
    #[arg(long, value_name = "TENANT")]
    pub tenant: String,
    /// Files of JSON Lines
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

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
}

/// For whom an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// Canonical events and a manifest that can be checked offline.
    Auditor,
    /// Parquet files with the same columns each time.
    Analyst,
}

/// What to take out.
#[derive(Debug, Args)]
pub struct Export {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT")]
    pub tenant: String,
    /// Into which folder; made if needed. One that broke off is continued
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub to_dir: PathBuf,
    /// For whom
    #[arg(long, value_enum, default_value_t = ExportForm::Auditor)]
    pub form: ExportForm,
    /// From this position on
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    pub from: i64,
    /// Up to this position [default: the newest]
    #[arg(long, value_name = "POSITION")]
    pub to: Option<i64>,
    /// Written down at this instant or later
    #[arg(long, value_name = "INSTANT")]
    pub since: Option<Timestamp>,
    /// Written down before this instant
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<Timestamp>,
    /// About this customer or agent only
    #[arg(long, value_name = "ID")]
    pub subject: Option<Uuid>,
    /// Of this conversation only
    #[arg(long, value_name = "ID")]
    pub conversation: Option<Uuid>,
}

/// Whom to forget.
#[derive(Debug, Args)]
pub struct Erase {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT")]
    pub tenant: String,
    /// Which customer
    #[arg(long, value_name = "ID")]
    pub customer: Uuid,
    /// On what ground, as it shall stand in the log
    #[arg(long, value_name = "GROUND", default_value = "gdpr-17")]
    pub legal_basis: String,
    /// Do it; without this, only what would be forgotten is said
    #[arg(long)]
    pub yes: bool,
}

/// For whom a token is.
#[derive(Debug, Args)]
pub struct Token {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT")]
    pub tenant: String,
    /// As what: customer, agent, supervisor, admin, analyst, auditor, integration
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// The id of the person, customer or program [default: the tenant's demo one of that role]
    #[arg(long, value_name = "ID")]
    pub subject: Option<Uuid>,
    /// Good for how many seconds [default: a day]
    #[arg(long, value_name = "SECONDS")]
    pub ttl: Option<u64>,
}

/// For which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}

impl Cli {
    /// What the command line says about settings.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let mut settings = Vec::new();
        if let Some(dir) = &self.global.data_dir {
            settings.push(("data.dir", dir.display().to_string()));
        }
        if let Some(url) = &self.global.database_url {
            settings.push(("database.url", url.clone()));
        }
        if let Command::Serve(Serve { listen: Some(listen), .. }) = &self.command {
            settings.push(("server.listen", listen.clone()));
        }
        Overrides { file: self.global.config.clone(), settings }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let explained = command.get_after_help().is_some()
                || command.get_subcommands().all(|it| it.get_after_help().is_some());
            assert!(explained || command.get_name() == "help", "{}", command.get_name());
        }
    }

    #[test]
    fn what_stands_on_the_command_line_wins_for_every_command() {
        for words in [
            "allhours --data-dir /a serve --listen 127.0.0.1:9",
            "allhours serve --listen 127.0.0.1:9 --data-dir /a",
        ] {
            let cli = Cli::try_parse_from(words.split(' ')).expect("the words are right");
            let settings = cli.overrides().settings;
            assert!(settings.contains(&("data.dir", "/a".to_owned())), "{settings:?}");
            assert!(settings.contains(&("server.listen", "127.0.0.1:9".to_owned())));
        }
    }

    #[test]
    fn wrong_usage_is_exit_code_2() {
        let error = Cli::try_parse_from(["allhours", "token", "--role", "king"]);
        assert_eq!(error.err().map(|error| error.exit_code()), Some(2));
    }
}
