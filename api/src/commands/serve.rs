//! `allhours serve`: until somebody asks to stop.

use std::{future::Future, io, sync::Arc};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{Failure, Said};
use crate::{config::Settings, demo, server::Server, telemetry};

/// Serves until SIGTERM or SIGINT.
pub(super) async fn serve(settings: Arc<Settings>, with_demo: bool) -> Result<Said, Failure> {
    // First, so that a port in use is said before anything is begun.
    let address = settings.server.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener
        .map_err(|error| Failure::Failed(format!("can't listen on {address}: {error}").into()))?;
    let asked_to_stop = asked_to_stop()?;
    let server = Server::open(settings, telemetry::count()?).await?;
    if with_demo {
        demo::make(&server.program().desk).await?;
    }
    server.serve(listener, asked_to_stop).await?;
    Ok(Said::nothing())
}

/// Done when the system or a person asks to stop.
fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
