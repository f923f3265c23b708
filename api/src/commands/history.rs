//! Commands about history: replay, export, and the check of an exported bundle.

use std::{
    io::{self, BufWriter, ErrorKind},
    path::Path,
};

use allhours_eventstore::{log::Log, recorded::Position};

use super::{Failure, Said};
use crate::{
    cli::{Export, Replay},
    export::{self, Selection, check},
    program::Program,
    progress,
    replay::{self, Conditions, Part, ReplayError},
    tenant::tenant_id,
};

/// `allhours replay`.
pub(super) async fn replayed(program: &Program, arguments: Replay) -> Result<Said, Failure> {
    let conditions = Conditions::parse(arguments.conditions.iter().map(String::as_str))
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let part = Part { from: arguments.from, to: arguments.to, conditions, open: arguments.open };
    // The lock would not let go of the thread while the log is waited for.
    let mut out = BufWriter::new(io::stdout());
    match replay::replay(&program.log, &part, &mut out).await {
        Ok(_) => Ok(Said::nothing()),
        Err(ReplayError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
            Ok(Said::nothing())
        }
        Err(error) => Err(error.into()),
    }
}

/// `allhours export`.
pub(super) async fn exported(program: &Program, arguments: Export) -> Result<Said, Failure> {
    let head = program.log.head().await?;
    let selection = Selection {
        tenant: tenant_id(&arguments.tenant),
        from: arguments.from,
        to: arguments.to.unwrap_or(Position::MAX),
        since: arguments.since,
        until: arguments.until,
        subject: arguments.subject,
        conversation: arguments.conversation,
    };
    let selection = selection.checked().map_err(|error| Failure::Usage(error.to_string()))?;
    let bar = progress::bar(u64::try_from(head).unwrap_or_default(), "events");
    let told = |position: Position| bar.set_position(u64::try_from(position).unwrap_or_default());
    let form = arguments.form;
    let exported = export::export(&program.desk, selection, form, arguments.to_dir, &told).await?;
    bar.finish_and_clear();
    let text = format!(
        "{} events from position {} to {} are in {}.\nSHA-256 of the manifest: {}",
        exported.events,
        exported.from_position,
        exported.to_position,
        exported.folder.display(),
        exported.manifest_sha256,
    );
    Said::new(text, &exported)
}

/// `allhours verify --bundle`.
pub(super) fn bundle_checked(folder: &Path) -> Result<Said, Failure> {
    let checked = check::check(folder)?;
    let text = if checked.holds() {
        format!("The bundle is whole: {} events, every hash fits.", checked.events)
    } else {
        format!("The bundle is not what it says:\n  {}", checked.differences.join("\n  "))
    };
    let holds = checked.holds();
    Ok(Said::new(text, &checked)?.holding(holds))
}
