//! `allhours export --form features`: the training table.

use allhours_domain::ids::TenantId;
use allhours_eventstore::{history::History, log::Log, recorded::Position};

use super::{Failure, Said};
use crate::{
    cli::{Export, Place},
    clock,
    counted::counted,
    export::features::{self, Moment},
    program::Program,
    progress,
};

/// `allhours export --form features`.
pub(super) async fn exported(
    program: &Program,
    tenant: TenantId,
    arguments: Export,
) -> Result<Said, Failure> {
    let Export { from, to, since, until, subject, conversation, .. } = &arguments;
    let of_a_range = from.is_some() || to.is_some() || since.is_some() || until.is_some();
    if of_a_range || subject.is_some() || conversation.is_some() {
        let text = "--form features is of all customers at one moment: --as-of says which";
        return Err(Failure::Usage(text.to_owned()));
    }
    let moment = match arguments.as_of {
        None => None,
        Some(place) => Some(moment(program, place).await?),
    };
    let head = program.log.head().await?;
    let bar = progress::bar(u64::try_from(head).unwrap_or_default(), "events");
    let told = |position: Position| bar.set_position(u64::try_from(position).unwrap_or_default());
    let asked = features::Asked { tenant, moment, folder: arguments.to_dir };
    let parts = (&program.desk, &program.store.database, program.signer.as_ref());
    let exported = features::export(parts, asked, &told).await?;
    bar.finish_and_clear();
    let text = format!(
        "Features of {} as of {} are in {}; left out, since forgotten or without consent: {}.\n\
         SHA-256 of the manifest: {}",
        counted(exported.customers, "customer"),
        exported.as_of,
        exported.folder.display(),
        exported.left_out,
        exported.manifest_sha256,
    );
    Said::new(text, &exported)
}

/// A moment that is past.
async fn moment(program: &Program, place: Place) -> Result<Moment, Failure> {
    match place {
        Place::Instant(at) if at > clock::now() => {
            Err(Failure::Usage(format!("--as-of {at} is still to come")))
        }
        Place::Instant(at) => Ok(Moment { at, position: program.log.position_at(at).await? }),
        Place::Position(position) => {
            let event = program.log.read(position - 1, 1).await?.pop();
            let event = event.filter(|event| event.position == position);
            let Some(event) = event else {
                let head = program.log.head().await?;
                let has = counted(head, "event");
                let text = format!("the log has {has}; there is none at {position}");
                return Err(Failure::Failed(text.into()));
            };
            Ok(Moment { at: event.recorded_at, position })
        }
    }
}
