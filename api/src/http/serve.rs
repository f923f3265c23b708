//! Listens until asked to stop, then lets running work end within a bound.

use std::{future::Future, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    middleware::AddExtension,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::{Service as _, ServiceExt as _};

use super::{health::Readiness, patience::PatientStream};
use crate::config::Settings;

/// How much longer than a slow socket a connection waits, so that the goodbye may still leave.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long to wait before connections are taken again after none could be, for want of files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

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
    settings: &Settings,
    stopping: Stopping,
    asked_to_stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let notice = Duration::from_millis(settings.server.drain_notice_ms);
    let stop = async {
        asked_to_stop.await;
        stopping.readiness.stop();
        tokio::time::sleep(notice).await;
    };
    let taken = take(listener, router, settings, stop).await;
    stopping.sockets.cancel();
    taken.drain(settings).await;
    Ok(())
}

/// Serves what is apart from all other work, until `end` is done.
pub async fn serve_admin(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    end: impl Future<Output = ()> + Send,
) {
    take(listener, router, settings, end).await.drain(settings).await;
}

/// Connections that were taken.
struct Taken {
    connections: JoinSet<()>,
    closing: CancellationToken,
}

impl Taken {
    /// Lets running requests end within the drain time.
    async fn drain(mut self, settings: &Settings) {
        self.closing.cancel();
        let ended = async { while self.connections.join_next().await.is_some() {} };
        if tokio::time::timeout(settings.server.drain(), ended).await.is_err() {
            tracing::warn!("some requests did not end within the drain time");
        }
    }
}

/// Takes connections until `stop` is done.
async fn take(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    stop: impl Future<Output = ()> + Send,
) -> Taken {
    let slow = Duration::from_millis(settings.subscriptions.slow_ms);
    let closing = CancellationToken::new();
    let mut services = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let Ok(service) = services.call(peer).await;
                    let (headers, closing) = (settings.server.headers(), closing.clone());
                    let stream = PatientStream::new(stream, slow + GOODBYE);
                    connections.spawn(connection(stream, service, headers, closing));
                }
                // A client that gave up before it was taken is no failure of ours.
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken just now");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
        }
    }
    Taken { connections, closing }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// One connection, until the client or the program ends it. A client that does not send the head
/// of a request in time is not waited for: many that trickle would hold all there is.
async fn connection(
    stream: PatientStream,
    service: AddExtension<Router, ConnectInfo<SocketAddr>>,
    headers: Duration,
    closing: CancellationToken,
) {
    let service =
        service.map_request(|request: Request<hyper::body::Incoming>| request.map(Body::new));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = closing.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
