//! `allhours keys`: new keys in place of old ones, beside all other work.

use allhours_domain::{
    actor::Actor,
    desk::{self, Desk},
};
use serde_json::json;

use super::{Failure, Said, tenants};
use crate::{cli::RotateKeys, counted::counted, desk::CommandContext, program::Program, progress};

/// `allhours keys rotate`.
pub(super) async fn rotated(program: &Program, arguments: &RotateKeys) -> Result<Said, Failure> {
    let tenant = tenants::existing(&program.store.database, &arguments.tenant).await?;
    let recorded = program.desk.load::<Desk>(tenant, tenant.0).await?.state.key_generation();
    let bar = progress::count("people's keys");
    let told = |keys: u64| bar.set_position(keys);
    let rotated = program.log.rotate_tenant_key(tenant, recorded, told).await?;
    bar.finish_and_clear();
    let (generation, rewrapped) = (i32::from(rotated.generation), rotated.rewrapped);
    let context = CommandContext::now(tenant, Actor::System("keys".to_owned()));
    let command = desk::command::RecordKeyRotation { generation };
    let done = program.desk.execute::<Desk>(&context, tenant.0, command, None).await?;
    let text = format!(
        "The key of `{}` is renewed: it is number {generation}, and wraps the keys of {}. The event \
         is at position {}.",
        arguments.tenant,
        counted(rewrapped, "data subject"),
        done.position,
    );
    let about = json!({
        "tenantId": tenant,
        "generation": generation,
        "rewrapped": rewrapped,
        "position": done.position,
    });
    Said::new(text, &about)
}

/// `allhours keys rewrap`.
pub(super) async fn rewrapped(program: &Program) -> Result<Said, Failure> {
    let rewrapped = program.log.rewrap_tenant_keys().await?;
    let from = program.master_key_from();
    let previous = program.settings.keys.earlier().count();
    let text = if previous == 0 {
        format!(
            "Nothing was renewed: all tenants' keys are wrapped by the master key in force, {from}. \
             To replace it, put the new one there, set `keys.previous` to the one that is there \
             now, and run this again."
        )
    } else {
        format!(
            "All tenants' keys are wrapped by the master key in force, {from}; of them only since \
             just now: {rewrapped}. Earlier master keys open nothing any more: `keys.previous` can \
             go."
        )
    };
    let about = json!({"rewrapped": rewrapped, "masterKeyFrom": from, "previousKeys": previous});
    Said::new(text, &about)
}
