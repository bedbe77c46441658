//! The HTTP server: binds, serves, and stops without cutting anybody off.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpSocket;
use actix_web::{App as Site, HttpServer};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::wiring::App;
use crate::platform::http::edge::edge;

/// Connections waiting to be accepted; a burst larger than this is told to try again by the kernel.
const BACKLOG: u32 = 4_096;

/// Takes the address, so that it is known before anything else begins; port 0 takes a free one.
///
/// # Errors
/// When it cannot be taken.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves `app` on `listener` until the process is told to stop; then closes sockets, lets requests in flight finish,
/// background work give its leases back, and returns. `ready` is called once requests are answered.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(app: App, listener: TcpListener, ready: impl FnOnce() + Send) -> io::Result<()> {
    let config = &app.config().server;
    let configure = app.configure();
    let mut server = HttpServer::new(move || Site::new().wrap(from_fn(edge)).configure(configure.clone()))
        .keep_alive(config.keep_alive)
        .client_request_timeout(config.request_timeout)
        .shutdown_timeout(config.shutdown_seconds)
        .disable_signals();
    if let Some(workers) = config.workers {
        server = server.workers(workers);
    }
    let server = server.listen(listener)?.run();
    let handle = server.handle();
    let mut serving = actix_web::rt::spawn(server);

    let (stop, stopped) = watch::channel(false);
    let background = actix_web::rt::spawn(app.clone().work_in_background(app.config().worker.enabled, stopped));
    let told = told_to_stop()?;
    ready();
    let served = tokio::select! {
        () = told => {
            tracing::info!("stopping: no new requests are taken, those in flight finish");
            app.audience().send_all_away();
            handle.stop(true).await;
            app.audience().settle().await;
            serving.await
        }
        ended = &mut serving => ended,
    };
    let served = served.unwrap_or_else(|error| Err(io::Error::other(error)));
    let _nobody_listens = stop.send(true);
    if let Err(error) = background.await {
        tracing::error!(%error, "background work ended badly");
    }
    tracing::info!("stopped");
    served
}

/// Does background work only, until the process is told to stop.
///
/// # Errors
/// When signals cannot be listened for.
pub async fn work(app: App) -> io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let told = told_to_stop()?;
    let background = actix_web::rt::spawn(app.work_in_background(true, stopped));
    told.await;
    tracing::info!("stopping: work in hand is finished, leases are given back");
    let _nobody_listens = stop.send(true);
    background.await.map_err(io::Error::other)
}

/// Begins to listen for SIGTERM and SIGINT; what it answers ends with the first of them.
///
/// # Errors
/// When signals cannot be listened for.
pub fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
