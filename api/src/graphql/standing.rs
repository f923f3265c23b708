//! Whether somebody who asks still works at the desk: a token outlives the job that it was for.

use std::time::{Duration, Instant};

use allhours_domain::{agent::Agent, ids::TenantId};
use async_graphql::Result;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::{
    error::{Code, of_log},
    services::Services,
    viewer::Viewer,
};

/// For how many people it is remembered when they were last looked up.
const REMEMBERED_MAX: usize = 10_000;
/// How long that is taken to be so. What this process itself changes counts at once, what another
/// one does after this time.
const LOOKED_UP_FOR: Duration = Duration::from_secs(1);

/// When people were last looked up.
pub(super) struct Standings(Cache<(TenantId, Uuid), Instant>);

impl Default for Standings {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED_MAX))
    }
}

impl Services {
    /// Refuses an agent, supervisor or admin who was registered and has left the desk. Who was
    /// never registered is taken for what their token says.
    ///
    /// # Errors
    ///
    /// They left, or nobody can say.
    pub async fn admit(&self, viewer: &Viewer) -> Result<()> {
        let Some(agent) = viewer.agent() else { return Ok(()) };
        let (key, looked_up) = ((viewer.tenant, viewer.id), &self.standings().0);
        let folded = if looked_up.get(&key).is_some_and(|at| at.elapsed() < LOOKED_UP_FOR) {
            self.desk.known::<Agent>(viewer.tenant, agent)
        } else {
            let folded = self.desk.load::<Agent>(viewer.tenant, agent).await;
            let folded = folded.map_err(|error| of_log(&error))?;
            looked_up.insert(key, Instant::now());
            Some(folded)
        };
        match folded {
            Some(agent) if agent.version > 0 && !agent.state.is_active() => {
                Err(Code::Forbidden.error("whoever asks has left the desk"))
            }
            Some(_) | None => Ok(()),
        }
    }
}
