//! Commands about tenants and people: dialogues to bring in, tokens, keys, erasure.

use std::path::PathBuf;

use allhours_domain::text::Key;
use clap::{Args, Subcommand, ValueHint};
use uuid::Uuid;

use super::ids::{self, Named};
use crate::{config::TOKEN_TTL_MAX_S, graphql::viewer::Role};

/// What to bring in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Dialogues between customers and agents, one JSON object a line
    #[command(after_help = "A line: {\"id\": \"7\", \"language\": \"en\", \"topic\": \"Refund\",
  \"tags\": [\"billing\"], \"at\": \"2026-03-01T09:00:00Z\", \"turns\":
  [{\"speaker\": \"customer\", \"text\": \"...\"}, {\"speaker\": \"agent\", \"text\": \"...\"}]}

  id        tells it from the other dialogues of the source; up to 200 characters
  language  a BCP 47 tag, en or zh-Hans; left out where it is unknown
  topic     the subject line, sealed as personal text; may be left out
  tags      what it is filed under: lower case letters, digits and - _ . : only, up to 64
            characters each. Kept for good, so that nothing personal belongs there
  at        when it was held, from 1970 on and not in the future [default: now]
  turns     what was said, 1 to 900 of them: the speaker, customer or agent, and the text

Other fields are passed over; the report names them. A line may have 4 MiB. Each dialogue becomes a
customer of its own and a conversation: resolved where the agent had the last word, otherwise in
the queue.

Importing a file again changes nothing, also where other lines of it were mended meanwhile, and an
import that was killed goes on where it was. A dialogue is known by its id within its source; the
same id with other content is refused.

Example:
  allhours import dialogues --tenant demo dialogues.jsonl
  allhours import dialogues --tenant demo --source shop-2 dialogues-of-the-other-shop.jsonl")]
    Dialogues(ImportDialogues),
}

/// Which dialogues.
#[derive(Debug, Args)]
pub struct ImportDialogues {
    /// Into which tenant, by name or id
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: String,
    /// Where the dialogues come from; a name for each, where two files use the same ids for
    /// different dialogues
    #[arg(long, value_name = "NAME", default_value = "dialogues", value_parser = source)]
    pub source: Key,
    /// Files of JSON Lines
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// Whom to forget.
#[derive(Debug, Args)]
pub struct Erase {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: String,
    /// Which customer: the UUID, or the id that GraphQL gives
    #[arg(long, value_name = "ID", value_parser = ids::customer)]
    pub customer: Uuid,
    /// On what ground, as it shall stand in the log
    #[arg(long, value_name = "GROUND", default_value = "gdpr-17")]
    pub legal_basis: String,
    /// Do it; without this, only what would be forgotten is said
    #[arg(long)]
    pub yes: bool,
}

/// Which keys to renew.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Give a tenant a new key, and wrap the keys of all its people by it
    #[command(
        after_help = "Texts are not sealed anew, so that this is quick; it goes on where it was
broken off, and stands in the log as desk.keys_rotated.

Example:
  allhours keys rotate --tenant demo"
    )]
    Rotate(RotateKeys),
    /// Wrap all tenants' keys by the master key in force, so that earlier ones can go
    #[command(after_help = "The earlier master keys are the setting keys.previous.

Example:
  ALLHOURS_KEYS_MASTER_FILE=new.key ALLHOURS_KEYS_PREVIOUS_FILE=old.key allhours keys rewrap")]
    Rewrap,
}

/// Whose keys.
#[derive(Debug, Args)]
pub struct RotateKeys {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: String,
}

/// For whom a token is.
#[derive(Debug, Args)]
pub struct Token {
    /// Of which tenant, by name or id
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    pub tenant: String,
    /// As what: customer, agent, supervisor, admin, analyst, auditor, integration
    #[arg(long, value_parser = role)]
    pub role: Role,
    /// The id of the person, customer or program: a UUID, or the id that GraphQL gives
    /// [default: the tenant's demo one of that role]
    #[arg(long, value_name = "ID")]
    pub subject: Option<Named>,
    /// Good for how many seconds, at most a year: a token can't be called back
    /// [default: a day]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=TOKEN_TTL_MAX_S))]
    pub ttl: Option<u64>,
}

/// A tenant's name or id; an empty one would be a tenant that no token opens.
pub(super) fn tenant(word: &str) -> Result<String, String> {
    if word.trim().is_empty() {
        return Err("a tenant has a name".to_owned());
    }
    Ok(word.to_owned())
}

fn source(word: &str) -> Result<Key, String> {
    let form = "up to 64 lower case letters, digits and - _ . :";
    Key::new(word).map_err(|_| format!("a name has {form}"))
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}
