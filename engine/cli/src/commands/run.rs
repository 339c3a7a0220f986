//! `staunch run`: the service.

use crate::app::Dir;
use crate::error::{CliError, Result};
use crate::load;
use crate::output;
use crate::reload::{Seen, Watcher, short};
use crate::wiring;
use clap::{Args, ValueEnum};
use staunch_core::codes;
use staunch_core::workflow::Workflow;
use staunch_web::{Readiness, WebState};
use staunch_worker::{Clock, Engine, Health, Roles, StoreClock, VirtualClock, run as run_loops};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long a stopping process waits for what it has begun.
const GRACE: Duration = Duration::from_secs(20);
/// How long the broker may take to hang up.
const GOODBYE: Duration = Duration::from_secs(5);

/// One role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Ingest and decide.
    Worker,
    /// Send.
    Dispatcher,
    /// Wake contacts whose deadline has come.
    Timers,
    /// HTTP: events, nudges, tasks, metrics.
    Web,
}

/// Runs the service until it is told to stop (Ctrl-C or SIGTERM). Valid changes of the workspace's files are taken while
/// it runs; those with problems are refused.
///
/// Example: staunch run my-workspace
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    dir: Dir,
    /// What this process does.
    #[arg(long, value_delimiter = ',', default_value = "worker,dispatcher,timers,web")]
    roles: Vec<Role>,
    /// The port to serve on, on 127.0.0.1; the next free one where it is taken.
    #[arg(long, default_value_t = 7070)]
    port: u16,
}

/// Runs the command.
pub async fn run(args: Run) -> Result<bool> {
    let dir = &args.dir.dir;
    // Before the files are read: what changes from here on is seen as a change.
    let seen = Seen::look(dir);
    let project = load::open(dir)?;
    let stored = wiring::open_store(dir, &project.workspace).await?;
    let has = |role| args.roles.contains(&role);
    let _lock = (stored.embedded && has(Role::Worker)).then(|| wiring::lock(dir)).transpose()?;
    let (clock, queue_clock) = clocks(dir, &stored);
    let broker = wiring::open_broker(dir, &project.workspace, Arc::clone(&stored.queue), queue_clock).await?;
    let (workflows, watcher) = (project.workflows.clone(), Watcher::new(&project, seen, has(Role::Worker)));
    let name = format!("worker-{}", std::process::id());
    let engine = wiring::open_engine(project, &stored, broker, &name).await?;
    if has(Role::Worker) {
        publish(&workflows, &engine, clock.as_ref()).await?;
    }
    let roles = Roles { worker: has(Role::Worker), dispatcher: has(Role::Dispatcher), timers: has(Role::Timers) };
    serve(engine, clock, roles, has(Role::Web).then_some(args.port), Some(watcher)).await
}

/// The clock in force, and the one of the embedded queue: those of the machine and the database, or a virtual one.
fn clocks(dir: &std::path::Path, stored: &wiring::Stored) -> (Arc<dyn Clock>, staunch_broker::Clock) {
    let Some(time) = wiring::virtual_time(dir) else {
        return (Arc::new(StoreClock(Arc::clone(&stored.store))), Arc::new(wiring::wall_clock));
    };
    let clock = Arc::new(VirtualClock::default());
    clock.set(time);
    clock.start();
    (clock.clone(), Arc::new(move || clock.read()))
}

/// Publishes the valid files of the workspace, and says so.
async fn publish(workflows: &[Workflow], engine: &Engine, clock: &dyn Clock) -> Result<()> {
    engine.store().publish(workflows, clock.now().await?).await?;
    engine.refresh().await?;
    let live = engine.store().live().await?;
    for workflow in workflows {
        let stage = live.stage(&workflow.name).stage.word();
        output::say(&format!("published {}@{} in stage {stage}", workflow.name, short(&workflow.version)));
    }
    Ok(())
}

/// Runs the loops, the web server on a port, and the watcher of files, until a signal.
///
/// # Errors
/// Where no port is free.
pub async fn serve(
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    roles: Roles,
    port: Option<u16>,
    watcher: Option<Watcher>,
) -> Result<bool> {
    let (stop, stopped) = watch::channel(false);
    let health = Health::default();
    let mut parts = tokio::task::JoinSet::new();
    if let Some(port) = port {
        let listener = listen(port).await?;
        let address = listener.local_addr().map_err(|error| CliError::new(codes::CLI_PORT, error.to_string(), ""))?;
        output::say(&format!("serving on http://{address} (events, nudges, tasks, why, /metrics); Ctrl-C stops"));
        let router = staunch_web::router(web_state(&engine, &clock, &health));
        let mut stopped = stopped.clone();
        parts.spawn(async move {
            let shutdown = async move {
                let _ = stopped.changed().await;
            };
            if let Err(error) = staunch_web::serve(listener, router, shutdown).await {
                tracing::error!(%error, "the web server ended");
            }
        });
    } else {
        output::say("running; Ctrl-C stops");
    }
    if let Some(watcher) = watcher {
        parts.spawn(watcher.run(Arc::clone(&engine), Arc::clone(&clock), stopped.clone()));
    }
    parts.spawn(run_loops(Arc::clone(&engine), clock, roles, health, stopped));
    signal().await;
    let _ = stop.send(true);
    let drained = tokio::time::timeout(GRACE, async { while parts.join_next().await.is_some() {} }).await;
    // What still runs after the grace is broken off; its deliveries and leases come back by themselves.
    parts.abort_all();
    let _ = tokio::time::timeout(GOODBYE, engine.broker().close()).await;
    if drained.is_err() {
        tracing::warn!("stopped before everything was finished; it is taken up again at the next start");
    }
    Ok(true)
}

fn web_state(engine: &Arc<Engine>, clock: &Arc<dyn Clock>, health: &Health) -> WebState {
    let health = health.clone();
    let clock = Arc::clone(clock);
    WebState {
        store: Arc::clone(engine.store()),
        broker: Arc::clone(engine.broker()),
        clock: Arc::new(move || {
            let clock = Arc::clone(&clock);
            Box::pin(async move { clock.now().await.ok() })
        }),
        registry: engine.metrics().registry().clone(),
        ready: Arc::new(move || {
            let broken = health.unready().into_iter().map(|(part, why)| (part.to_owned(), why));
            let dead = health.dead().into_iter().map(|(part, why)| (part.to_owned(), why));
            Readiness { broken: broken.collect(), dead: dead.collect() }
        }),
    }
}

async fn listen(port: u16) -> Result<TcpListener> {
    for candidate in port..=port.saturating_add(20) {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", candidate)).await {
            if candidate != port && port != 0 {
                output::say(&format!("port {port} is taken, using {candidate}"));
            }
            return Ok(listener);
        }
    }
    Err(CliError::new(codes::CLI_PORT, format!("no free port from {port} on"), "name another one with --port"))
}

async fn signal() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
