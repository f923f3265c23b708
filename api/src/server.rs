//! The server: opens everything, listens, and closes everything in the reverse order.

use std::{fmt, future::Future, io, sync::Arc, time::Duration};

use allhours_eventstore::{log::Log, tail::Tail};
use allhours_projections::{
    error::ProjectionError,
    runner::{Progress, RunState, Runner, RunnerOptions},
    search::{SearchError, SearchIndex, SearchReader},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Authenticator,
    causes::with_causes,
    clock,
    config::Settings,
    graphql::{
        self,
        limits::Limits,
        services::{Parts, Services},
    },
    http::{
        self, Readiness, Routers, Service,
        serve::{Stopping, serve_admin},
        trusted::{Trusted, TrustedError},
    },
    keyfile::KeyFileError,
    program::{Program, ProgramError},
    reactions,
};

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// What every command stands on is not there.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The key of local tokens can't be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The trusted documents can't be used.
    #[error(transparent)]
    Trusted(#[from] TrustedError),
    /// The projections can't begin.
    #[error(transparent)]
    Projections(#[from] ProjectionError),
    /// The search index can't be used.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The listener failed.
    #[error("can't listen: {0}")]
    Listen(#[from] io::Error),
}

/// What works beside the answering of requests.
struct Background {
    runner: Runner<allhours_eventstore::pg::PgLog>,
    search: SearchReader,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For callers.
    pub main: TcpListener,
    /// For health and figures, if that is elsewhere.
    pub admin: Option<TcpListener>,
}

/// A desk that answers.
#[derive(Debug)]
pub struct Server {
    program: Program,
    background: Background,
    routers: Routers,
    stopping: Stopping,
}

impl Server {
    /// Opens everything that answering stands on. Nothing listens yet.
    ///
    /// # Errors
    ///
    /// See [`ServerError`].
    pub async fn open(
        settings: Arc<Settings>,
        metrics: PrometheusHandle,
    ) -> Result<Self, ServerError> {
        let trusted = Trusted::open(&settings.graphql)?;
        let program = Program::open(Arc::clone(&settings)).await?;
        let authenticator = match Authenticator::open(&settings.auth, &settings.data.dir) {
            Ok(authenticator) => authenticator,
            Err(error) => {
                program.close().await?;
                return Err(error.into());
            }
        };
        let background = Background::start(&program).await?;
        let services = Services::new(Parts {
            desk: program.desk.clone(),
            log: program.log.clone(),
            tail: Tail::start(program.log.clone()).await.map_err(ProgramError::from)?,
            database: program.store.database.clone(),
            progress: background.runner.progress(),
            search: background.search.clone(),
            issuer: settings.auth.oidc_issuer.clone(),
        });
        let schema = graphql::build(services, limits(&settings));
        let service = Service { trusted, ..Service::new(schema, authenticator, settings, metrics) };
        depend(&service.readiness, &program, &background);
        let stopping =
            Stopping { readiness: service.readiness.clone(), sockets: service.stopping.clone() };
        Ok(Self { program, background, routers: http::routers(service), stopping })
    }

    /// The desk below.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Serves until `asked_to_stop` is done, then closes everything in the reverse order.
    ///
    /// # Errors
    ///
    /// The listener failed, or the private database did not stop.
    pub async fn serve(
        self,
        listeners: Listeners,
        asked_to_stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let Listeners { main, admin } = listeners;
        let Routers { main: router, admin: admin_router } = self.routers;
        tracing::info!(address = %main.local_addr()?, "serving GraphQL at /graphql");
        let settings = Arc::clone(&self.program.settings);
        // Health and figures are there for as long as anybody is answered.
        let answered = CancellationToken::new();
        let watched = match admin.zip(admin_router) {
            Some((listener, router)) => {
                tracing::info!(address = %listener.local_addr()?, "serving health and figures");
                let (settings, end) = (Arc::clone(&settings), answered.clone().cancelled_owned());
                Some(tokio::spawn(
                    async move { serve_admin(listener, router, &settings, end).await },
                ))
            }
            None => None,
        };
        let served = http::serve(main, router, &settings, self.stopping, asked_to_stop).await;
        tracing::info!("stopping");
        answered.cancel();
        if let Some(watched) = watched
            && let Err(error) = watched.await
        {
            tracing::error!(%error, "the answers about health ended badly");
        }
        self.background.stop().await;
        self.program.close().await?;
        Ok(served?)
    }
}

fn limits(settings: &Settings) -> Limits {
    let graphql = &settings.graphql;
    Limits {
        introspection: graphql.introspection,
        depth_max: graphql.depth_max,
        cost_max: graphql.cost_max,
        cost_under_way_max: graphql.cost_under_way_max,
        root_fields_max: graphql.root_fields_max,
        aliases_max: graphql.aliases_max,
        directives_max: graphql.directives_max,
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Background").finish_non_exhaustive()
    }
}

impl Background {
    async fn start(program: &Program) -> Result<Self, ServerError> {
        let database = program.store.database.clone();
        let log = program.log.clone();
        let runner = Runner::start(database.clone(), log.clone(), RunnerOptions::default()).await?;
        let index = SearchIndex::open(&program.search_dir())?;
        let search = index.reader();
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let following = tokio::spawn(async move {
            if let Err(error) = index.run(log, stopping).await {
                tracing::error!(%error, "the search index ended badly; it goes on at the next start");
            }
        });
        let waking = reactions::snooze::run(program.desk.clone(), database.clone(), stop.clone());
        let days = program.settings.intakes.parked_days;
        let tidying =
            reactions::parked::run(program.desk.clone(), database.clone(), days, stop.clone());
        let attending = reactions::unattended::run(program.desk.clone(), database, stop.clone());
        let every = Duration::from_secs(program.settings.checkpoints.every_s);
        let signer = Arc::clone(&program.signer);
        let signing = reactions::checkpoints::run(program.log.clone(), signer, every, stop.clone());
        let tasks = vec![
            following,
            tokio::spawn(waking),
            tokio::spawn(tidying),
            tokio::spawn(attending),
            tokio::spawn(signing),
        ];
        Ok(Self { runner, search, stop, tasks })
    }

    async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a background task ended badly");
            }
        }
        self.runner.stop().await;
    }
}

/// What must be well before work is taken.
fn depend(readiness: &Readiness, program: &Program, background: &Background) {
    let database = program.store.database.clone();
    readiness.depends_on("database", move || {
        let database = database.clone();
        async move { database.owner().await.map(drop).map_err(|error| with_causes(&error)) }
    });
    let log = program.log.clone();
    readiness.depends_on("log", move || {
        let log = log.clone();
        async move { log.head().await.map(drop).map_err(|error| with_causes(&error)) }
    });
    let (progress, log) = (background.runner.progress(), program.log.clone());
    readiness.depends_on("projections", move || {
        let (progress, log) = (progress.clone(), log.clone());
        async move { projections_are_well(&progress, &log).await }
    });
    let (search, log) = (background.search.clone(), program.log.clone());
    readiness.depends_on("search", move || {
        let (search, log) = (search.clone(), log.clone());
        async move { search_is_well(&search, &log).await }
    });
}

/// Whether all that is in the log can be found, or will be at once; a rebuild that somebody asked
/// for happens beside the index that answers.
async fn search_is_well<L: Log>(search: &SearchReader, log: &L) -> Result<(), String> {
    let status = search.status();
    let found = if status.generation > 0 { status.position } else { 0 };
    let lag_events = (*log.grown().borrow() - found).max(0);
    let next = if lag_events > 0 { log.read(found, 1).await } else { Ok(Vec::new()) };
    let next = next.map_err(|error| with_causes(&error))?;
    let age = |since| clock::now().duration_since(since).as_secs_f64().max(0.0);
    show_lag("search", lag_events, next.first().map_or(0.0, |event| age(event.recorded_at)));
    let at = status.building.unwrap_or(found);
    match (status.failure, status.building) {
        (Some(why), Some(_)) => {
            Err(format!("the index is being built anew, it stands at {at}: {why}"))
        }
        (Some(why), None) => Err(format!("the index is tried again: {why}")),
        (None, _) if status.generation == 0 => {
            Err(format!("the index is being built, it stands at {at}"))
        }
        (None, _) => Ok(()),
    }
}

/// How far a projection is behind, all processes together: a runner's own figures are of the last
/// batch that it applied.
fn show_lag(projection: &'static str, events: i64, seconds: f64) {
    metrics::gauge!("allhours_projection_lag_events", "projection" => projection)
        .set(figure(events));
    metrics::gauge!("allhours_projection_lag_seconds", "projection" => projection).set(seconds);
}

fn figure(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

async fn projections_are_well<L: Log>(progress: &Progress, log: &L) -> Result<(), String> {
    let all = progress.status(log, clock::now()).await.map_err(|error| with_causes(&error))?;
    let mut wrong = Vec::new();
    for status in all {
        show_lag(status.name, status.lag_events, status.lag_seconds);
        metrics::gauge!("allhours_projection_parked_events", "projection" => status.name)
            .set(figure(status.parked));
        match status.state {
            RunState::Starting | RunState::Following | RunState::Standby | RunState::Rebuilding => {
            }
            RunState::Retrying | RunState::Halted | RunState::Stopped => wrong.push(format!(
                "{} is {}: {}",
                status.name,
                status.state.as_str(),
                status.last_error.unwrap_or_default()
            )),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}
