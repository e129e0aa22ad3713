//! The HTTP server: its limits, and how it stops.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use engine::Engine;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;
use crate::request_metrics::RequestMetrics;
use crate::{State, dashboard, middleware, openapi, routes};

/// How long a connection is kept for its next request: longer than the usual 60 s of load
/// balancers, so that it is they who close it.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take for a request's headers.
const HEADERS_TIME: Duration = Duration::from_secs(10);
/// How long a refused request's rest is read on, so that the client gets to see the answer.
const LINGER_TIME: Duration = Duration::from_secs(2);
/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 4096;

/// Connections to a process without the API.
const PROBE_CONNECTIONS: usize = 256;

/// Mounts every route on an actix app. The app must be wrapped in nothing that changes bodies.
pub fn configure(cfg: &mut web::ServiceConfig, state: State) {
    cfg.app_data(web::Data::new(state.engine.clone()))
        .app_data(web::Data::from(state.requests.clone()))
        .app_data(web::Data::new(state))
        .service(
            web::scope("")
                .wrap(actix_web::middleware::from_fn(middleware::finish))
                .configure(routes::mount)
                .configure(openapi::mount)
                .service(dashboard::resource()),
        );
}

/// Serves what a process without the API shows of itself, as [`serve`] does.
///
/// # Errors
/// Those of [`serve`].
pub fn serve_probes(
    engine: Engine,
    listener: TcpListener,
    stop: CancellationToken,
) -> impl Future<Output = io::Result<()>> + Send {
    // One thread, and few who ask.
    let capacity = Capacity { threads: 1, connections: PROBE_CONNECTIONS };
    let requests = Arc::new(RequestMetrics::of(&routes::list_probes()));
    run(listener, stop, capacity, move |cfg| {
        let service = web::scope("")
            .wrap(actix_web::middleware::from_fn(middleware::finish))
            .configure(routes::mount_probes)
            .default_service(web::to(unknown));
        cfg.app_data(web::Data::new(engine.clone()))
            .app_data(web::Data::from(requests.clone()))
            .service(service);
    })
}

async fn unknown() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("path"))
}

/// Serves HTTP on `listener` until `stop`; then takes no more connections and waits up to
/// [`Engine::STOP_WAIT`] for the requests under way.
///
/// # Errors
/// When the listener cannot be used, or the server's threads cannot be started.
pub fn serve(
    state: State,
    listener: TcpListener,
    stop: CancellationToken,
) -> impl Future<Output = io::Result<()>> + Send {
    // One for each core: requests do little but parse and wait for the group's commit.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let capacity = Capacity { threads, connections: state.settings.connections_max };
    let state = State { stop: stop.clone(), ..state };
    run(listener, stop, capacity, move |cfg| configure(cfg, state.clone()))
}

/// How much a server takes on.
struct Capacity {
    threads: usize,
    /// Further ones wait in the backlog until one of these ends.
    connections: usize,
}

async fn run(
    listener: TcpListener,
    stop: CancellationToken,
    capacity: Capacity,
    mount: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<()> {
    let server = HttpServer::new(move || {
        let mount = mount.clone();
        App::new().configure(move |cfg| mount(cfg))
    })
    .workers(capacity.threads)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEADERS_TIME)
    .client_disconnect_timeout(LINGER_TIME)
    .max_connections((capacity.connections / capacity.threads).max(1))
    .backlog(BACKLOG)
    .tcp_nodelay(true)
    .shutdown_timeout(Engine::STOP_WAIT.as_secs())
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    let mut serving = std::pin::pin!(server);
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop.cancelled() => {}
    }
    // Asking and serving go on together: the server only stops while it is polled.
    let ((), ended) = tokio::join!(handle.stop(true), serving);
    ended
}
