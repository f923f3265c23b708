//! Commands about history: replay, export, and the check of an exported bundle.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, ErrorKind, Write as _},
    path::Path,
};

use allhours_eventstore::{
    checkpoint::{
        self,
        note::{Signer, Verifier},
    },
    history::History,
    log::Log,
    recorded::Position,
};
use jiff::SignedDuration;
use serde_json::json;

use super::{Failure, Said, features, tenants};
use crate::{
    cli::{Checkpoint, Export, Form, Place, Replay},
    clock,
    config::Settings,
    counted::counted,
    export::{self, ExportForm, Selection, check},
    keyfile,
    program::{self, CHECKPOINT_KEY_FILE, CHECKPOINT_KEY_REMEDY, Program},
    progress,
    replay::{self, Conditions, Part, ReplayError},
};

/// `allhours replay`.
pub(super) async fn replayed(program: &Program, arguments: Replay) -> Result<Said, Failure> {
    let conditions = Conditions::parse(arguments.conditions.iter().map(String::as_str))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    for tenant in conditions.tenants() {
        tenants::existing(&program.store.database, tenant).await?;
    }
    are_in_order(arguments.from, arguments.to)?;
    let (from, to) = range(program, arguments.from, arguments.to).await?;
    let part = Part { from, to, conditions, open: arguments.open };
    // The lock would not let go of the thread while the log is waited for.
    let mut out = BufWriter::new(io::stdout());
    match replay::replay(&program.log, &part, &mut out).await {
        Ok(0) => {
            let head = program.log.head().await?;
            let has = counted(head, "event");
            let told = writeln!(io::stderr(), "no event fits; the log has {has}");
            // Where nobody listens, nobody misses it.
            told.ok();
            Ok(Said::nothing())
        }
        Ok(_) => Ok(Said::nothing()),
        Err(ReplayError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(Said::nothing())
        }
        Err(error) => Err(error.into()),
    }
}

/// The positions that two places mean; a range without an end goes to the newest event.
async fn range(
    program: &Program,
    from: Option<Place>,
    to: Option<Place>,
) -> Result<(Position, Option<Position>), Failure> {
    let from = match from {
        None => 1,
        Some(Place::Position(position)) => position,
        Some(Place::Instant(at)) => match at.checked_sub(SignedDuration::from_micros(1)) {
            Ok(before) => program.log.position_at(before).await? + 1,
            Err(_) => 1,
        },
    };
    let to = match to {
        None => None,
        Some(Place::Position(position)) => Some(position),
        Some(Place::Instant(at)) => Some(program.log.position_at(at).await?),
    };
    Ok((from, to))
}

/// Refuses a range that ends before it begins.
fn are_in_order(from: Option<Place>, to: Option<Place>) -> Result<(), Failure> {
    let turned = match (from, to) {
        (Some(Place::Position(from)), Some(Place::Position(to))) if to < from => {
            format!("--to {to} is before --from {from}")
        }
        (Some(Place::Instant(from)), Some(Place::Instant(to))) if to < from => {
            format!("--to {to} is before --from {from}")
        }
        _ => return Ok(()),
    };
    Err(Failure::Usage(turned))
}

/// Refuses a place that the log has not reached: what is exported would not be what was meant.
fn are_past(places: [(&str, Option<Place>); 2], head: Position) -> Result<(), Failure> {
    let now = clock::now();
    for (name, place) in places {
        let wrong = match place {
            Some(Place::Position(position)) if position > head => {
                let has = counted(head, "event");
                format!("{name} {position} is not there yet: the log has {has}")
            }
            Some(Place::Instant(at)) if at > now => format!("{name} {at} is still to come"),
            Some(Place::Position(_) | Place::Instant(_)) | None => continue,
        };
        return Err(Failure::Usage(wrong));
    }
    Ok(())
}

/// `allhours export`.
pub(super) async fn exported(program: &Program, arguments: Export) -> Result<Said, Failure> {
    let tenant = tenants::existing(&program.store.database, &arguments.tenant).await?;
    let form = match arguments.form {
        Form::Auditor => ExportForm::Auditor,
        Form::Analyst => ExportForm::Analyst,
        Form::Features => return features::exported(program, tenant, arguments).await,
    };
    if arguments.as_of.is_some() {
        return Err(Failure::Usage("--as-of is for --form features".to_owned()));
    }
    let head = program.log.head().await?;
    are_in_order(arguments.from, arguments.to)?;
    are_past([("--from", arguments.from), ("--to", arguments.to)], head)?;
    let (from, to) = range(program, arguments.from, arguments.to).await?;
    let selection = Selection {
        tenant,
        from,
        to: to.unwrap_or(Position::MAX),
        since: arguments.since,
        until: arguments.until,
        subject: arguments.subject,
        conversation: arguments.conversation,
    };
    let selection = selection.checked().map_err(|error| Failure::Usage(error.to_string()))?;
    let bar = progress::bar(u64::try_from(head).unwrap_or_default(), "events");
    let told = |position: Position| bar.set_position(u64::try_from(position).unwrap_or_default());
    let exported =
        export::export(&program.desk, &program.signer, selection, form, arguments.to_dir, &told);
    let exported = exported.await?;
    bar.finish_and_clear();
    let text = format!(
        "{} from position {} to {} {} in {}.\nSHA-256 of the manifest: {}",
        counted(exported.events, "event"),
        exported.from_position,
        exported.to_position,
        if exported.events == 1 { "is" } else { "are" },
        exported.folder.display(),
        exported.manifest_sha256,
    );
    Said::new(text, &exported)
}

/// `allhours verify --bundle`.
pub(super) fn bundle_checked(folder: &Path, key: Option<&Verifier>) -> Result<Said, Failure> {
    if !folder.is_dir() {
        let message = format!("there is no folder {}, and so no bundle", folder.display());
        return Err(Failure::Usage(message));
    }
    let checked = check::check(folder, key)?;
    let mut text = if checked.holds() {
        if checked.of_features {
            format!("The table is whole: {}.", counted(checked.events, "customer"))
        } else {
            let events = counted(checked.events, "event");
            format!("The bundle is whole: {events}, every one where the signed log has it.")
        }
    } else {
        format!("The bundle is not what it says:\n  {}", checked.differences.join("\n  "))
    };
    if let Some(key) = checked.public_key.as_ref().filter(|_| checked.key_of_bundle) {
        write!(
            text,
            "\nChecked with the key that came with it; compare that with the one you know:\n  {key}"
        )
        .ok();
    }
    let holds = checked.holds();
    Ok(Said::new(text, &checked)?.holding(holds))
}

/// `allhours checkpoint --new-key`.
pub(super) fn key_made(settings: &Settings) -> Result<Said, Failure> {
    let (folder, checkpoints) = (&settings.data.dir, &settings.checkpoints);
    program::is_ours(settings)?;
    let path = folder.join(CHECKPOINT_KEY_FILE);
    let refused = if checkpoints.pair().is_some() {
        Some("the key is the setting `checkpoints.key`: change it there".to_owned())
    } else if !folder.is_dir() {
        Some(format!("there is no folder {}", folder.display()))
    } else if path.exists() {
        Some(format!("there is a key already: {}", path.display()))
    } else {
        None
    };
    if let Some(why) = refused {
        return Err(Failure::Failed(why.into()));
    }
    let pair = keyfile::open(folder, CHECKPOINT_KEY_FILE, CHECKPOINT_KEY_REMEDY)?;
    let key = Signer::new(&checkpoints.origin, pair)?.verifier().to_string();
    let text = format!("A new key is in {}. Its public half:\n{key}", path.display());
    Said::new(text, &json!({"publicKey": key, "file": path}))
}

/// `allhours checkpoint`.
pub(super) async fn checkpoint_made(
    program: &Program,
    arguments: Checkpoint,
) -> Result<Said, Failure> {
    let key = program.signer.verifier().to_string();
    if arguments.public_key {
        return Said::new(key.clone(), &json!({"publicKey": key}));
    }
    let head = program.log.head().await?;
    if head == 0 {
        let about = json!({"publicKey": key, "size": 0, "note": null});
        return Said::new("The log is empty: there is nothing to sign.", &about);
    }
    let size = arguments.size.unwrap_or(head);
    if size > head {
        let has = counted(head, "event");
        let text = format!("the log has {has}; there is nothing to sign up to {size}");
        return Err(Failure::Failed(text.into()));
    }
    let kept = checkpoint::at(&program.log, &program.signer, size).await?;
    let about = json!({"publicKey": key, "size": kept.size, "note": kept.note});
    Said::new(kept.note.trim_end().to_owned(), &about)
}
