//! `allhours serve`: until somebody asks to stop.

use std::{fs, future::Future, io, net::SocketAddr, sync::Arc};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{Failure, Said};
use crate::{
    config::Settings,
    demo,
    holder::Holder,
    program::{is_ours, make_data_dir},
    server::{Listeners, Server},
    telemetry,
};

/// Serves until SIGTERM, SIGINT or SIGHUP.
pub(super) async fn serve(settings: Arc<Settings>, with_demo: bool) -> Result<Said, Failure> {
    // First, so that who has the folder, or the port, is said before anything is begun.
    let folder = &settings.data.dir;
    is_ours(&settings)?;
    Holder::look(folder).await?;
    let main = bound(settings.server.listen).await?;
    let admin = match settings.server.admin_listen.get() {
        Some(address) => Some(bound(address).await?),
        None => None,
    };
    let asked_to_stop = asked_to_stop()?;
    make_data_dir(&settings)?;
    let _holder = Holder::take(folder, main.local_addr()?).await?;
    let server = Server::open(Arc::clone(&settings), telemetry::count()?).await?;
    if with_demo {
        demo::make(&server.program().desk).await?;
    }
    server.serve(Listeners { main, admin }, asked_to_stop).await?;
    Ok(Said::nothing())
}

async fn bound(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = format!("can't listen on {address}: {error}; `--listen` names another address");
        Failure::Failed(why.into())
    })
}

/// Done when the system or a person asks to stop, or the terminal is closed that this was started
/// from, unless `nohup` or the like wants that to be ignored.
fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Before it is listened to, which ends that it is ignored.
    let mut hangup =
        if hangups_are_ignored()? { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hung_up => {}
        }
    })
}

/// Whether whoever started this process has it ignore SIGHUP, the first bit of the mask.
fn hangups_are_ignored() -> io::Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    Ok(ignored.is_some_and(|mask| mask & 1 == 1))
}
