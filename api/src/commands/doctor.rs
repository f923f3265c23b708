//! `allhours doctor`: looks at what the program needs, and says what to do where it is missing.

use std::{error::Error, fmt::Write, fs, path::Path, sync::Arc};

use allhours_eventstore::{
    database::pooler::Pooling, embedded::Binaries, keys::MasterKey, log::Log,
};
use serde::Serialize;
use serde_json::json;

use super::{Failure, Said};
use crate::{
    auth::{LocalKey, local},
    causes::with_causes,
    config::Settings,
    counted::counted,
    keyfile,
    program::{
        CHECKPOINT_KEY_FILE, CHECKPOINT_KEY_REMEDY, MASTER_KEY_FILE, Program, ProgramError,
        SEARCH_DIR, Store,
    },
};

/// Below this much free space, it is said.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// What to do about a key that is not there.
const FIRST_START: &str = "the first start makes one; a desk that is there needs the one it had";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Note,
    Fail,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    detail: String,
    #[serde(rename = "toDo", skip_serializing_if = "Option::is_none")]
    to_do: Option<String>,
}

fn ok(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding { what, state: State::Ok, detail: detail.into(), to_do: None }
}

fn not_ok(
    what: &'static str,
    state: State,
    detail: impl Into<String>,
    to_do: impl Into<String>,
) -> Finding {
    Finding { what, state, detail: detail.into(), to_do: Some(to_do.into()) }
}

/// Looks at everything; exit code 1 where something fails.
pub(super) async fn examined(settings: &Arc<Settings>) -> Result<Said, Failure> {
    let mut findings = vec![folder(settings), space(settings)];
    if settings.database.url.is_empty() {
        findings.push(binaries(settings));
    }
    findings.push(master_key(settings));
    findings.push(token_key(settings));
    findings.push(checkpoint_key(settings));
    findings.extend(database(settings).await);
    findings.push(index(settings));
    findings.push(explorer(settings));
    let holds = findings.iter().all(|finding| finding.state != State::Fail);
    let mut text = String::new();
    for finding in &findings {
        let mark = match finding.state {
            State::Ok => "ok  ",
            State::Note => "note",
            State::Fail => "FAIL",
        };
        writeln!(text, "{mark} {}: {}", finding.what, finding.detail).ok();
        if let Some(to_do) = &finding.to_do {
            writeln!(text, "       -> {to_do}").ok();
        }
    }
    text.push_str(if holds { "Ready to serve." } else { "Not ready to serve." });
    Ok(Said::new(text, &json!({"ok": holds, "findings": findings}))?.holding(holds))
}

fn folder(settings: &Settings) -> Finding {
    let dir = &settings.data.dir;
    let shown = dir.display().to_string();
    let to_do = "choose a folder that this user may write, with --data-dir";
    if !dir.exists() {
        return not_ok("data folder", State::Note, format!("{shown} is not there yet"), "serve");
    }
    let probe = dir.join(".doctor");
    match fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) => ok("data folder", shown),
        Err(error) => not_ok("data folder", State::Fail, format!("{shown}: {error}"), to_do),
    }
}

fn space(settings: &Settings) -> Finding {
    let existing = settings.data.dir.ancestors().find(|dir| dir.exists());
    match rustix::fs::statvfs(existing.unwrap_or(Path::new("/"))) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let detail = format!("{} MiB free", free >> 20);
            if free >= FREE_BYTES_MIN {
                ok("disk", detail)
            } else {
                not_ok("disk", State::Fail, detail, "make room: at least 1 GiB")
            }
        }
        Err(error) => not_ok("disk", State::Note, error.to_string(), "look at the disk"),
    }
}

fn binaries(settings: &Settings) -> Finding {
    let dir = &settings.database.bin_dir;
    let dir = (!dir.as_os_str().is_empty()).then_some(dir.as_path());
    match Binaries::find(dir, None) {
        Ok(found) => {
            ok("PostgreSQL", format!("version {} in {}", found.major, found.folder.display()))
        }
        Err(error) => {
            not_ok("PostgreSQL", State::Fail, error.to_string(), "scripts/install-postgres")
        }
    }
}

fn master_key(settings: &Settings) -> Finding {
    let path = settings.data.dir.join(MASTER_KEY_FILE);
    if !settings.keys.master.is_empty() {
        ok("master key", "from the settings")
    } else if path.exists() {
        let to_do = "keep a copy of it elsewhere: without it no text can be read any more";
        match MasterKey::read_file(&path) {
            Ok(_) => not_ok("master key", State::Note, path.display().to_string(), to_do),
            Err(error) => not_ok("master key", State::Fail, error.to_string(), "see the message"),
        }
    } else {
        not_ok("master key", State::Note, "there is none", FIRST_START)
    }
}

fn token_key(settings: &Settings) -> Finding {
    // Opened, it would be made.
    if !settings.data.dir.join(local::FILE_NAME).exists() {
        return not_ok("token key", State::Note, "there is none", FIRST_START);
    }
    match LocalKey::open(&settings.data.dir) {
        Ok(key) => ok("token key", format!("key id {}", key.key_id())),
        Err(error) => not_ok("token key", State::Fail, error.to_string(), "see the message"),
    }
}

fn checkpoint_key(settings: &Settings) -> Finding {
    let path = settings.data.dir.join(CHECKPOINT_KEY_FILE);
    if settings.checkpoints.pair().is_some() {
        ok("checkpoint key", "from the settings")
    } else if path.exists() {
        let to_do = "keep a copy of it elsewhere: with another one, what it signed is doubted";
        match keyfile::open(&settings.data.dir, CHECKPOINT_KEY_FILE, CHECKPOINT_KEY_REMEDY) {
            Ok(_) => not_ok("checkpoint key", State::Note, path.display().to_string(), to_do),
            Err(error) => {
                not_ok("checkpoint key", State::Fail, error.to_string(), "see the message")
            }
        }
    } else {
        not_ok("checkpoint key", State::Note, "there is none", FIRST_START)
    }
}

async fn database(settings: &Arc<Settings>) -> Vec<Finding> {
    let failed =
        |what, error: &dyn Error| not_ok(what, State::Fail, with_causes(error), "see the message");
    let mut findings = Vec::new();
    match Store::pooling(settings).await {
        Ok(pooling) => findings.extend(pooling.map(sessions)),
        Err(error) => return vec![failed("database", &error)],
    }
    let store = match Store::open_existing(settings).await {
        Ok(store) => store,
        Err(ProgramError::NoDesk(place)) => {
            let to_do = "serve makes one; --data-dir names another folder";
            let detail = format!("there is none {place} yet");
            findings.push(not_ok("desk", State::Note, detail, to_do));
            return findings;
        }
        Err(error) => {
            findings.push(failed("database", &error));
            return findings;
        }
    };
    if let Err(error) = store.close().await {
        findings.push(failed("database", &error));
        return findings;
    }
    let program = match Program::open_existing(Arc::clone(settings)).await {
        Ok(program) => program,
        Err(error) => {
            findings.push(failed("log", &error));
            return findings;
        }
    };
    let head = program.log.head().await;
    let closed = program.close().await;
    match (head, closed) {
        (Ok(head), Ok(())) => findings
            .extend([ok("database", "reachable and migrated"), ok("log", counted(head, "event"))]),
        (Err(error), _) => findings.push(failed("log", &error)),
        (_, Err(error)) => findings.push(failed("database", &error)),
    }
    findings
}

/// Roles and tenants are settings of a session: they must not go to somebody else's.
fn sessions(pooling: Pooling) -> Finding {
    match pooling {
        Pooling::BySession => ok("sessions", "each connection keeps its own"),
        Pooling::ByTransaction(how) => not_ok(
            "sessions",
            State::Fail,
            format!("a pooler changes them with each transaction: {how}"),
            "connect to PostgreSQL itself, or let the pooler work by session \
             (PgBouncer: pool_mode = session)",
        ),
    }
}

fn index(settings: &Settings) -> Finding {
    let dir = settings.data.dir.join(SEARCH_DIR);
    if dir.is_dir() {
        ok("search index", dir.display().to_string())
    } else {
        not_ok("search index", State::Note, "there is none yet", "serve builds it from the log")
    }
}

fn explorer(settings: &Settings) -> Finding {
    let dir = &settings.server.explorer_dir;
    if dir.join("graphiql.min.js").is_file() {
        ok("explorer", dir.display().to_string())
    } else {
        not_ok("explorer", State::Note, "its files are not there", "scripts/explorer")
    }
}
