//! Listens until asked to stop, then lets running work end within a bound.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::health::Readiness;
use crate::config::Server;

/// How a stop goes on.
#[derive(Debug, Clone)]
pub struct Stopping {
    /// Says no first, so that nobody sends more work.
    pub readiness: Readiness,
    /// Then ends sockets and streams.
    pub sockets: CancellationToken,
}

/// Serves until `asked_to_stop` is done: readiness drops first, then no connection is taken
/// any more, running requests may end within the drain time, sockets are closed with 1012.
///
/// # Errors
///
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Server,
    stopping: Stopping,
    asked_to_stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let notice = Duration::from_millis(settings.drain_notice_ms);
    let closed = CancellationToken::new();
    let draining = closed.clone();
    let drain = async move {
        asked_to_stop.await;
        stopping.readiness.stop();
        tokio::time::sleep(notice).await;
        stopping.sockets.cancel();
        draining.cancel();
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(drain);
    let limit = async {
        closed.cancelled().await;
        tokio::time::sleep(settings.drain()).await;
    };
    tokio::select! {
        served = serving => served,
        () = limit => {
            tracing::warn!("some requests did not end within the drain time");
            Ok(())
        }
    }
}
