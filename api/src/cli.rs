//! The command line: what can be asked of the program, word for word.
//!
//! Exit codes: 0 all is well; 1 it failed, something differs, or what is named is not in the desk
//! (a tenant, a customer); 2 wrong usage or setting.

mod history;
pub mod ids;
mod people;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use self::{
    history::{Checkpoint, Export, Form, Place, Rebuild, Replay, Verify},
    people::{Erase, Import, ImportDialogues, Keys, RotateKeys, Token},
};
use crate::config::Overrides;

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

Exit codes: 0 all is well; 1 it failed, something differs, or what is named is not in the desk;
2 wrong usage or setting."
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
    #[command(
        subcommand,
        after_help = "Example:
  allhours import dialogues --tenant demo dialogues.jsonl"
    )]
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
    /// Take events out as files: an auditor's bundle, an analyst's Parquet, or churn features
    #[command(after_help = "Examples:
  allhours export --tenant demo --to-dir ./audit
  allhours export --tenant demo --form analyst --to-dir ./parquet --from 2026-01-01T00:00:00Z
  allhours export --tenant demo --form features --to-dir ./train --as-of 2026-06-30T23:59:59Z
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
    /// Renew keys, beside all other work
    #[command(
        subcommand,
        after_help = "Examples:
  allhours keys rotate --tenant demo
  ALLHOURS_KEYS_MASTER_FILE=new.key ALLHOURS_KEYS_PREVIOUS_FILE=old.key allhours keys rewrap"
    )]
    Keys(Keys),
    /// Look at the machine and say what is missing and what to do about it
    #[command(after_help = "Example:
  allhours doctor --output json")]
    Doctor,
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  allhours completions bash > /etc/bash_completion.d/allhours")]
    Completions(Completions),
    /// Print the manual page, or write one for each command
    #[command(after_help = "Examples:
  allhours man | man -l -
  allhours man /usr/local/share/man/man1")]
    Man(Man),
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where HTTP listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Where health and figures are served instead of there
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<String>,
    /// Create the demo tenant first
    #[arg(long)]
    pub demo: bool,
}

/// For which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Where manual pages go.
#[derive(Debug, Args)]
pub struct Man {
    /// Into this folder, a page for each command; made if needed [default: one page to stdout]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}

impl Cli {
    /// Whether these words ask for JSON; for a command line that does not read as a whole.
    pub fn wants_json(words: impl IntoIterator<Item = OsString>) -> bool {
        let words: Vec<OsString> = words.into_iter().collect();
        words.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
            || words.iter().any(|word| word == "--output=json")
    }

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
        if let Command::Serve(serve) = &self.command {
            let said =
                [("server.listen", &serve.listen), ("server.admin_listen", &serve.admin_listen)];
            let given = said.into_iter().filter_map(|(name, text)| Some((name, text.clone()?)));
            settings.extend(given);
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
            for it in std::iter::once(command).chain(command.get_subcommands()) {
                assert!(it.get_after_help().is_some(), "{}", it.get_name());
            }
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
