//! Commands about what is derived from the log: verify, rebuild, and purging after an erasure.

use std::{error::Error as _, fmt::Write, path::Path, time::Duration};

use allhours_eventstore::{
    checkpoint::note::Verifier,
    log::Log,
    recorded::Position,
    verify::{verify_keys, verify_signed},
};
use allhours_projections::{
    fold::ALL,
    rebuild::{self, RebuildProgress},
    search::{self, SearchError, SearchIndex, SearchReader},
    verify,
};
use serde_json::{Value, json};

use super::{Failure, Said};
use crate::{cli::Rebuild, counted::counted, program::Program, progress};

/// The name of the search index among the projections.
const SEARCH: &str = "search";
/// How long another process may take to do what only it may.
const OWNER_WAIT_MAX: Duration = Duration::from_hours(1);
/// How often is looked whether it has.
const OWNER_LOOK_EVERY: Duration = Duration::from_millis(200);

/// `allhours verify`.
pub(super) async fn verified(program: &Program) -> Result<Said, Failure> {
    let head = program.log.head().await?;
    let total = u64::try_from(head).unwrap_or_default();
    let mut text = String::new();
    let mut holds = true;

    let bar = progress::bar(total, "events of the log");
    let told = |position: Position| bar.set_position(u64::try_from(position).unwrap_or_default());
    let keys = trusted_keys(program);
    let database = &program.store.database;
    let mut log = verify_signed(database, &keys, told).await?;
    verify_keys(&program.log, &mut log).await?;
    bar.finish_and_clear();
    holds &= log.holds();
    let (events, mark_of_log) = (counted(log.events, "event"), mark(log.holds()));
    let checkpoints = counted(log.checkpoints, "signed checkpoint");
    writeln!(text, "{mark_of_log} log: {events}, {checkpoints}").ok();
    said_below(&mut text, &log.findings);

    let bar = progress::bar(total, "events folded");
    let mut told = |position: Position| {
        bar.set_position(u64::try_from(position).unwrap_or_default());
    };
    let tables = verify::verify(&program.store.database, &program.log, &mut told).await?;
    bar.finish_and_clear();
    for table in &tables {
        holds &= table.holds();
        let (name, rows, position) = (table.name, counted(table.rows, "row"), table.position);
        let (mark, differing) = (mark(table.holds()), differing(table.differences));
        let behind = told_behind(head, position);
        writeln!(text, "{mark} {name}: {rows} at position {position}{behind}, {differing}").ok();
        said_below(&mut text, &table.first);
    }

    let (index, index_holds) = index_verified(program, head, &mut text).await?;
    holds &= index_holds;
    text.push_str(if holds { "All holds." } else { "Something differs." });
    let tables: Vec<Value> = tables
        .iter()
        .map(|table| {
            let first: Vec<String> = table.first.iter().map(ToString::to_string).collect();
            json!({
                "projection": table.name,
                "position": table.position,
                "eventsBehind": events_behind(head, table.position),
                "rows": table.rows,
                "differences": table.differences,
                "unreadableEvents": table.unreadable,
                "first": first,
            })
        })
        .collect();
    let findings: Vec<String> = log.findings.iter().map(ToString::to_string).collect();
    let about = json!({
        "holds": holds,
        "log": {"events": log.events, "checkpoints": log.checkpoints, "findings": findings},
        "projections": tables,
        "search": index,
    });
    Ok(Said::new(text, &about)?.holding(holds))
}

/// Who may have signed checkpoints: this desk, and the keys that it had before.
fn trusted_keys(program: &Program) -> Vec<Verifier> {
    let earlier = program.settings.checkpoints.trusted_keys();
    std::iter::once(program.signer.verifier().clone()).chain(earlier).collect()
}

fn said_below(text: &mut String, findings: &[impl std::fmt::Display]) {
    for finding in findings {
        writeln!(text, "    {finding}").ok();
    }
}

fn mark(holds: bool) -> &'static str {
    if holds { "ok  " } else { "FAIL" }
}

fn differing(number: impl Into<u64>) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { "differs" } else { "differ" })
}

/// How many events of the log are not in it yet.
fn events_behind(head: Position, position: Position) -> i64 {
    (head - position).max(0)
}

fn told_behind(head: Position, position: Position) -> String {
    match events_behind(head, position) {
        0 => String::new(),
        behind => format!(" ({} behind the log)", counted(behind, "event")),
    }
}

async fn index_verified(
    program: &Program,
    head: Position,
    text: &mut String,
) -> Result<(Value, bool), Failure> {
    let folder = program.search_dir();
    let reader = match reader_of(&folder) {
        Ok(reader) => reader,
        Err(SearchError::Unavailable { .. }) => {
            text.push_str("ok   search: there is no index yet; serve builds it\n");
            return Ok((Value::Null, true));
        }
        Err(SearchError::OtherVersion) => {
            let what = "the index is of another version of the program; serve builds it anew";
            writeln!(text, "ok   search: {what}").ok();
            return Ok((Value::Null, true));
        }
        Err(error) => {
            writeln!(text, "FAIL search: {error}").ok();
            return Ok((json!({"error": error.to_string()}), false));
        }
    };
    let found = match search::verify(&reader, &program.log).await {
        Ok(found) => found,
        // A key that does not open, say: then what was found before has to be told all the more.
        Err(error) => {
            let why = error.source().map_or_else(String::new, |source| format!(": {source}"));
            writeln!(text, "FAIL search: {error}{why}").ok();
            return Ok((json!({"error": format!("{error}{why}")}), false));
        }
    };
    let (documents, position, number) = (found.documents, found.position, found.differing);
    let (mark, differing) = (mark(found.holds()), differing(number));
    let shown = counted(documents, "document");
    let behind = told_behind(head, position);
    writeln!(text, "{mark} search: {shown} at position {position}{behind}, {differing}").ok();
    said_below(text, &found.differences);
    let about = json!({
        "position": position,
        "eventsBehind": events_behind(head, position),
        "documents": documents,
        "differences": number,
        "first": found.differences,
    });
    Ok((about, found.holds()))
}

fn reader_of(folder: &Path) -> Result<SearchReader, SearchError> {
    if folder.is_dir() {
        SearchReader::of_now(folder)
    } else {
        Err(SearchError::Unavailable { position: 0 })
    }
}

/// `allhours rebuild`.
pub(super) async fn rebuilt(program: &Program, arguments: Rebuild) -> Result<Said, Failure> {
    let known = || ALL.iter().map(|it| it.name).chain([SEARCH]);
    if let Some(unknown) = arguments.names.iter().find(|name| !known().any(|it| it == *name)) {
        let names: Vec<&str> = known().collect();
        let message = format!("no projection is named `{unknown}`; there are {}", names.join(", "));
        return Err(Failure::Usage(message));
    }
    let all = arguments.names.is_empty();
    let tables: Vec<&str> =
        arguments.names.iter().map(String::as_str).filter(|name| *name != SEARCH).collect();
    let mut text = String::new();
    let mut about = Vec::new();
    if all || !tables.is_empty() {
        let bar = progress::bar(0, "events");
        let mut told = |progress: RebuildProgress| {
            bar.set_length(u64::try_from(progress.head).unwrap_or_default());
            bar.set_position(u64::try_from(progress.position).unwrap_or_default());
        };
        let database = &program.store.database;
        let rebuilt = rebuild::rebuild(database, &program.log, &tables, &mut told).await?;
        bar.finish_and_clear();
        for it in rebuilt {
            let (name, generation, position) = (it.name, it.generation, it.position);
            writeln!(text, "{name}: generation {generation} is live at position {position}").ok();
            about.push(json!({
                "projection": name, "generation": generation, "position": position,
            }));
        }
    }
    if all || arguments.names.iter().any(|name| name == SEARCH) {
        let position = index_rebuilt(program).await?;
        writeln!(text, "search: a new generation is live at position {position}").ok();
        about.push(json!({"projection": SEARCH, "position": position}));
    }
    Said::new(text.trim_end(), &json!({"rebuilt": about}))
}

async fn index_rebuilt(program: &Program) -> Result<Position, Failure> {
    let folder = program.search_dir();
    match SearchIndex::open(&folder) {
        Ok(mut index) => Ok(index.rebuild(&program.log).await?),
        Err(SearchError::Owned(_)) => {
            let before = generation(&folder);
            search::ask_for_rebuild(&folder)?;
            let rebuilt = wait_until(|| generation(&folder) > before).await;
            let reader = reader_of(&folder)?;
            if rebuilt { Ok(reader.status().position) } else { Err(SearchError::Stopped.into()) }
        }
        Err(error) => Err(error.into()),
    }
}

/// Which generation of the index answers; 0 for none.
fn generation(folder: &Path) -> u64 {
    reader_of(folder).map_or(0, |reader| reader.status().generation)
}

/// Waits until nothing that was forgotten up to `position` leaves a trace in the search index.
pub(super) async fn purged(program: &Program, position: Position) -> Result<(), Failure> {
    let folder = program.search_dir();
    if !folder.is_dir() {
        return Ok(());
    }
    match SearchIndex::open(&folder) {
        Ok(mut index) => {
            index.catch_up(&program.log).await?;
            Ok(())
        }
        Err(SearchError::Owned(_)) => {
            let gone = || {
                reader_of(&folder).is_ok_and(|reader| {
                    let status = reader.status();
                    status.position >= position && !status.shredding
                })
            };
            if wait_until(gone).await { Ok(()) } else { Err(SearchError::Stopped.into()) }
        }
        Err(error) => Err(error.into()),
    }
}

async fn wait_until(mut done: impl FnMut() -> bool) -> bool {
    let looking = async {
        while !done() {
            tokio::time::sleep(OWNER_LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(OWNER_WAIT_MAX, looking).await.is_ok()
}
