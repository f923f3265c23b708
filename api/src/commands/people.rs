//! Commands about people: tokens, imported dialogues, erasure.

use std::fmt::Write;

use allhours_domain::{actor::Actor, ids::CustomerId, text::Key};
use serde_json::json;

use super::{Failure, Said};
use crate::{
    auth::{LocalKey, local::Grant},
    cli::{Erase, ImportDialogues, Token},
    clock,
    config::Settings,
    demo,
    desk::{CommandContext, CommandError},
    import::{Importer, report::Report},
    program::Program,
    progress,
    tenant::tenant_id,
};

/// `allhours token`.
pub(super) fn token(settings: &Settings, arguments: &Token) -> Result<Said, Failure> {
    let tenant = tenant_id(&arguments.tenant);
    let key = LocalKey::open(&settings.data.dir)?;
    let grant = Grant {
        tenant: arguments.tenant.clone(),
        role: arguments.role,
        subject: arguments.subject.unwrap_or_else(|| demo::subject_of(tenant, arguments.role)),
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

/// `allhours import dialogues`.
pub(super) async fn import(program: &Program, arguments: ImportDialogues) -> Result<Said, Failure> {
    for file in &arguments.files {
        if !file.is_file() {
            return Err(Failure::Usage(format!("there is no file {}", file.display())));
        }
    }
    let tenant = tenant_id(&arguments.tenant);
    let in_flight = program.settings.import.in_flight;
    let importer = Importer::new(program.desk.clone(), tenant, in_flight);
    let mut reports = Vec::new();
    for file in &arguments.files {
        let bar = progress::bytes(std::fs::metadata(file)?.len(), "dialogues");
        reports.push(importer.file(file, &bar).await?);
        bar.finish_and_clear();
    }
    let text = reports.iter().map(told).collect::<Vec<_>>().join("\n");
    let position = reports.iter().map(|report| report.position).max();
    let about = json!({"tenantId": tenant, "files": reports, "position": position});
    let all_taken = reports.iter().all(|report| report.refused_lines == 0);
    Ok(Said::new(text, &about)?.holding(all_taken))
}

fn told(report: &Report) -> String {
    let mut text = format!(
        "{}: {} dialogues with {} turns imported, {} known before, {} lines refused",
        report.file.display(),
        report.dialogues,
        report.turns,
        report.known,
        report.refused_lines,
    );
    for refused in &report.refused {
        write!(text, "\n  line {}: {}", refused.line, refused.reason).ok();
    }
    text
}

/// `allhours erase`.
pub(super) async fn erased(program: &Program, arguments: Erase) -> Result<Said, Failure> {
    let tenant = tenant_id(&arguments.tenant);
    let customer = CustomerId(arguments.customer);
    let legal_basis =
        Key::new(arguments.legal_basis).map_err(|error| Failure::Usage(error.to_string()))?;
    if !arguments.yes {
        let text = format!(
            "This would forget customer {customer} of `{}` for good. Add --yes to do it.",
            arguments.tenant
        );
        let about = json!({"customer": customer, "erased": false});
        return Ok(Said::new(text, &about)?.holding(false));
    }
    let context = CommandContext::now(tenant, Actor::System("erase".to_owned()));
    let erased = program.desk.erase_customer(&context, customer, legal_basis).await;
    let (done, certificate) = match erased {
        Ok(erased) => erased,
        Err(CommandError::Refused(no)) => return Err(Failure::Failed(no.to_string().into())),
        Err(CommandError::Stale(stale)) => return Err(Failure::Failed(stale.to_string().into())),
        Err(CommandError::Log(error)) => return Err(error.into()),
    };
    super::projections::purged(program, done.position).await?;
    let sha256 = certificate.sha256()?;
    let text = format!(
        "Customer {customer} is forgotten: {} texts deleted, event {} at position {}.\n\
         Certificate: {sha256}",
        certificate.texts_deleted, certificate.event_id, certificate.position,
    );
    Said::new(text, &json!({"certificate": certificate, "sha256": sha256}))
}
