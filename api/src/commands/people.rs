//! Commands about people: tokens, imported dialogues, erasure.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
};

use allhours_domain::{
    actor::Actor,
    ids::{CustomerId, SubjectId, TenantId},
    text::Key,
};
use allhours_eventstore::operator;
use serde_json::json;

use super::{Failure, Said, tenants};
use crate::{
    auth::{LocalKey, local::Grant},
    cli::{Erase, ImportDialogues, Token},
    clock,
    counted::counted,
    demo,
    desk::{
        CommandContext,
        erase::{Certificate, Foreseen},
    },
    graphql::{id::Kind, viewer::Role},
    import::{Importer, report::Report},
    program::Program,
    progress,
    tenant::tenant_id,
};

/// `allhours token`.
pub(super) async fn token(program: &Program, arguments: &Token) -> Result<Said, Failure> {
    let subject = match arguments.subject {
        None => None,
        Some(named) => Some(named.of(kinds_of(arguments.role)).map_err(Failure::Usage)?),
    };
    let settings = &program.settings;
    if let Some(text) = tenants::missing(&program.store.database, &arguments.tenant).await? {
        // A token all the same: by one, a new tenant is made.
        writeln!(io::stderr(), "{text}").ok();
    }
    let tenant = tenant_id(&arguments.tenant);
    let key = LocalKey::open(&settings.data.dir)?;
    let grant = Grant {
        tenant: arguments.tenant.clone(),
        role: arguments.role,
        subject: subject.unwrap_or_else(|| demo::subject_of(tenant, arguments.role)),
        ttl_s: arguments.ttl.unwrap_or(settings.auth.token_ttl_s),
    };
    let token = key.sign(&settings.auth, &grant, clock::now());
    let about = json!({
        "token": token,
        "tenantId": tenant,
        "role": grant.role.as_str(),
        "subject": grant.subject,
        "expiresInSeconds": grant.ttl_s,
    });
    Said::new(token, &about)
}

/// What a person of a role is.
fn kinds_of(role: Role) -> &'static [Kind] {
    match role {
        Role::Customer => &[Kind::Customer],
        Role::Agent
        | Role::Supervisor
        | Role::Admin
        | Role::Analyst
        | Role::Auditor
        | Role::Integration => &[Kind::Agent],
    }
}

/// Refuses where one of the files is none.
pub(super) fn are_there(files: &[PathBuf]) -> Result<(), Failure> {
    let Some(file) = files.iter().find(|file| !file.is_file()) else { return Ok(()) };
    let shown = file.display();
    Err(Failure::Usage(if file.is_dir() {
        format!("{shown} is a folder; name the files in it")
    } else if file.exists() {
        format!("{shown} is no regular file")
    } else {
        format!("there is no file {shown}")
    }))
}

/// `allhours import dialogues`.
pub(super) async fn import(program: &Program, arguments: ImportDialogues) -> Result<Said, Failure> {
    let tenant = tenants::existing(&program.store.database, &arguments.tenant).await?;
    let in_flight = program.settings.import.in_flight;
    let importer = Importer::new(program.desk.clone(), tenant, arguments.source, in_flight);
    let mut reports = Vec::new();
    // One bar for all of them: many short files are as long as one.
    let mut bytes = 0;
    for file in &arguments.files {
        bytes += std::fs::metadata(file)?.len();
    }
    let bar = progress::bytes(bytes, "dialogues");
    for file in &arguments.files {
        reports.push(importer.file(file, &bar).await?);
    }
    bar.finish_and_clear();
    let text = reports.iter().map(told).collect::<Vec<_>>().join("\n");
    let position = reports.iter().map(|report| report.position).max();
    let about = json!({"tenantId": tenant, "files": reports, "position": position});
    let all_taken = reports.iter().all(|report| report.refused_lines == 0);
    Ok(Said::new(text, &about)?.holding(all_taken))
}

fn told(report: &Report) -> String {
    let mut text = format!(
        "{}: {} with {} imported, {} known before, {} refused",
        report.file.display(),
        counted(report.dialogues, "dialogue"),
        counted(report.turns, "turn"),
        report.known,
        counted(report.refused_lines, "line"),
    );
    for refused in &report.refused {
        write!(text, "\n  line {}: {}", refused.line, refused.reason).ok();
    }
    for (name, times) in report.unknown_fields.iter() {
        write!(text, "\n  unknown field passed over: {name} ({})", counted(times, "time")).ok();
    }
    text
}

/// `allhours erase`.
pub(super) async fn erased(program: &Program, arguments: Erase) -> Result<Said, Failure> {
    let tenant = tenants::existing(&program.store.database, &arguments.tenant).await?;
    let customer = CustomerId(arguments.customer);
    let legal_basis = Key::new(arguments.legal_basis)
        .map_err(|error| Failure::Usage(error.of("--legal-basis").to_string()))?;
    let Some(foreseen) = program.desk.foresee_erasure(tenant, customer).await? else {
        let text = format!("`{}` has no customer {customer}", arguments.tenant);
        return Err(Failure::Failed(text.into()));
    };
    if !arguments.yes {
        return would_forget(program, tenant, customer, &foreseen).await;
    }
    let context = CommandContext::now(tenant, Actor::System("erase".to_owned()));
    let (done, certificate) = program.desk.erase_customer(&context, customer, legal_basis).await?;
    super::projections::purged(program, done.position).await?;
    let sha256 = certificate.sha256()?;
    let mut text = if foreseen.erased {
        format!("{} Nothing was changed.", forgotten_before(&certificate))
    } else {
        let Certificate { texts_deleted, event_id, position, .. } = &certificate;
        let texts = counted(*texts_deleted, "text");
        format!(
            "Customer {customer} is forgotten: {texts} deleted, event {event_id} at position {position}."
        )
    };
    write!(text, "\nCertificate: {sha256}").ok();
    let about = json!({
        "certificate": certificate,
        "sha256": sha256,
        "erasedBefore": foreseen.erased,
    });
    Said::new(text, &about)
}

/// That somebody was forgotten before: when, on what ground, and where that stands.
fn forgotten_before(certificate: &Certificate) -> String {
    let Certificate { customer, legal_basis, erased_at, actor, event_id, position, .. } =
        certificate;
    format!(
        "Customer {customer} was forgotten before: at {erased_at} by {actor} ({legal_basis}), \
         event {event_id} at position {position}."
    )
}

/// What an erasure would do, while nothing is done.
async fn would_forget(
    program: &Program,
    tenant: TenantId,
    customer: CustomerId,
    foreseen: &Foreseen,
) -> Result<Said, Failure> {
    let Foreseen { profiles, addresses, texts, erased } = foreseen;
    let subjects: Vec<SubjectId> = profiles.iter().map(|it| (*it).into()).collect();
    let database = &program.store.database;
    let conversations = operator::conversations_about(database, tenant, &subjects).await?;
    let before = match program.desk.certificate(tenant, customer).await? {
        Some(certificate) if *erased => Some(forgotten_before(&certificate)),
        Some(_) | None => None,
    };
    let text = match before {
        Some(before) => format!("{before} Nothing was changed."),
        None => format!(
            "This would forget customer {customer} for good. Profiles: {}; addresses: {addresses}; \
             texts: {texts}, in {} and elsewhere.\n\
             Nothing was changed. Add --yes to do it.",
            profiles.len(),
            counted(conversations, "conversation"),
        ),
    };
    let about = json!({
        "customer": customer,
        "erased": false,
        "erasedBefore": erased,
        "profiles": profiles.len(),
        "addresses": addresses,
        "texts": texts,
        "conversations": conversations,
    });
    Said::new(text, &about)
}
