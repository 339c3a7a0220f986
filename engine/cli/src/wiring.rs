//! From a workspace's connections to a store, a broker, channels and an engine.

use crate::error::{CliError, Result};
use crate::load::Project;
use crate::playback::core_workspace;
use staunch_broker::{Broker, EmbeddedBroker, RabbitBroker, RabbitOptions};
use staunch_channels::{Channels, EmailSettings, Settings, SmtpSettings, WebhookSettings};
use staunch_core::workflow::Workflow;
use staunch_core::{Time, codes};
use staunch_rules::Rules;
use staunch_store::{PostgresStore, Queue, SqliteStore, Store};
use staunch_worker::{Content, Engine, MessageRenderer, Metrics, Parts};
use staunch_workflow::{Connector, Reference, WorkspaceFile};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

/// The folder of a workspace's own state.
pub const STATE: &str = ".staunch";

/// A store with its queue.
pub struct Stored {
    /// State.
    pub store: Arc<dyn Store>,
    /// The embedded queue, in the same database.
    pub queue: Arc<dyn Queue>,
    /// SQLite in the workspace.
    pub embedded: bool,
}

/// Resolves a reference. Its value never appears in a message.
///
/// # Errors
/// What is not set, and where.
pub fn resolve(dir: &Path, what: &str, reference: &Reference) -> Result<String> {
    match reference {
        Reference::Literal(text) => Ok(text.clone()),
        Reference::Env(name) => std::env::var(name).map_err(|_| {
            let message = format!("{what} is taken from the environment variable {name}, which is not set");
            CliError::new(codes::CLI_SECRET, message, format!("set {name}, or change {what} in staunch.yaml"))
        }),
        Reference::File(path) => {
            let path = dir.join(path);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                let message = format!("{what} is taken from the file {}: {error}", path.display());
                CliError::new(codes::CLI_SECRET, message, "write the value into that file")
            })?;
            Ok(text.trim().to_owned())
        }
    }
}

/// Opens the database that the workspace names, or its embedded one.
///
/// # Errors
/// Where it does not answer.
pub async fn open_store(dir: &Path, workspace: &WorkspaceFile) -> Result<Stored> {
    if let Some(reference) = &workspace.connections.database {
        let url = resolve(dir, "connections.database", reference)?;
        let store = Arc::new(PostgresStore::connect(&url, None).await?);
        return Ok(Stored { store: store.clone(), queue: store, embedded: false });
    }
    let state = dir.join(STATE);
    std::fs::create_dir_all(&state).map_err(|error| CliError::file(&state, &error))?;
    let path = state.join("staunch.db");
    let opened = SqliteStore::open(&path).await;
    let store = Arc::new(opened.map_err(|error| CliError::from(error).about(path.display()))?);
    Ok(Stored { store: store.clone(), queue: store, embedded: true })
}

/// Queues that events are spread over. More would serve more workers, and each costs the server a little.
const PARTITIONS: u16 = 8;

/// Connects to the broker that the workspace names, or wraps the embedded queue.
///
/// # Errors
/// Where it does not answer.
pub async fn open_broker(
    dir: &Path,
    workspace: &WorkspaceFile,
    queue: Arc<dyn Queue>,
    clock: staunch_broker::Clock,
) -> Result<Arc<dyn Broker>> {
    match &workspace.connections.broker {
        None => Ok(Arc::new(EmbeddedBroker::new(queue, clock))),
        Some(reference) => Ok(Arc::new(open_rabbit(dir, workspace, reference).await?)),
    }
}

/// Connects to the broker that the workspace names; the database is opened only where the embedded queue lies in it.
///
/// # Errors
/// Where one of them does not answer.
pub async fn open_any_broker(
    dir: &Path,
    workspace: &WorkspaceFile,
    clock: staunch_broker::Clock,
) -> Result<Arc<dyn Broker>> {
    match &workspace.connections.broker {
        None => open_broker(dir, workspace, open_store(dir, workspace).await?.queue, clock).await,
        Some(reference) => Ok(Arc::new(open_rabbit(dir, workspace, reference).await?)),
    }
}

async fn open_rabbit(dir: &Path, workspace: &WorkspaceFile, reference: &Reference) -> Result<RabbitBroker> {
    let url = resolve(dir, "connections.broker", reference)?;
    let partitions = workspace.connections.broker_partitions.unwrap_or(PARTITIONS);
    let options = RabbitOptions {
        prefix: amqp_prefix(),
        prefetch: 1_024,
        partitions,
        lanes: lanes(),
        ..RabbitOptions::default()
    };
    Ok(RabbitBroker::connect(&url, options).await?)
}

/// What the names of exchanges and queues begin with.
pub fn amqp_prefix() -> String {
    std::env::var("STAUNCH_AMQP_PREFIX").unwrap_or_else(|_| "staunch".into())
}

/// Batches at a time: one more than cores, so that all of them decide while another batch waits for the database.
fn lanes() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).saturating_add(1).clamp(2, 8)
}

/// The wall clock, for leases of the embedded queue and for commands beside a running process.
pub fn wall_clock() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The file in which a workspace on virtual time keeps its clock.
const VIRTUAL: &str = "virtual-clock";

/// The virtual time of a workspace that lives on one: the demo's.
pub fn virtual_time(dir: &Path) -> Option<Time> {
    let text = std::fs::read_to_string(dir.join(STATE).join(VIRTUAL)).ok()?;
    Time::parse(text.trim())
}

/// Makes a workspace live on virtual time from now on.
///
/// # Errors
/// Where the file cannot be written.
pub fn keep_virtual_time(dir: &Path, time: Time) -> Result<()> {
    let path = dir.join(STATE).join(VIRTUAL);
    std::fs::write(&path, format!("{time}\n")).map_err(|error| CliError::file(&path, &error))
}

/// The ways out of a workspace.
///
/// # Errors
/// A secret that is not set, or a setting that cannot work.
pub fn open_channels(dir: &Path, workspace: &WorkspaceFile) -> Result<Channels> {
    let setup = |error: staunch_channels::SetupError| CliError::new(error.code, error.message, "mend staunch.yaml");
    let mail = workspace.mail.as_ref();
    let from = mail.map_or_else(|| format!("{}@localhost.invalid", workspace.name), |mail| mail.from.clone());
    let email = EmailSettings::new(&from, mail.and_then(|mail| mail.unsubscribe.as_deref())).map_err(setup)?;
    let smtp = match &workspace.connections.smtp {
        None => None,
        Some(reference) => Some(SmtpSettings::new(resolve(dir, "connections.smtp", reference)?)),
    };
    let outbox = dir.join(STATE).join("outbox");
    let mut settings = Settings { email, smtp, outbox, task_lists: Vec::new(), webhooks: Default::default() };
    for (name, connector) in &workspace.connectors {
        if *connector == Connector::Local {
            settings.task_lists.push(name.clone());
        }
        if let Connector::Webhook { url, secret, peer_dedupes } = connector {
            let url = resolve(dir, &format!("connectors.{name}.url"), url)?;
            let secret = resolve(dir, &format!("connectors.{name}.secret"), secret)?;
            let mut webhook = WebhookSettings::new(url, secret);
            webhook.peer_dedupes = *peer_dedupes;
            webhook.allow_loopback = std::env::var("STAUNCH_ALLOW_LOOPBACK").is_ok_and(|text| text == "1");
            settings.webhooks.insert(name.clone(), webhook);
        }
    }
    Channels::open(settings).map_err(setup)
}

/// An engine over a project.
///
/// # Errors
/// What the channels or the store say, or a step without its connector.
pub async fn open_engine(
    project: Project,
    stored: &Stored,
    broker: Arc<dyn Broker>,
    name: &str,
) -> Result<Arc<Engine>> {
    let channels = open_channels(&project.dir, &project.workspace)?;
    if let Some(lost) = project.workflows.iter().find_map(|one| missing(&channels, one)) {
        return Err(CliError::new(codes::CHANNEL_SETUP, lost, "declare it under `connectors:` in staunch.yaml"));
    }
    engine_over(project, stored, broker, channels, name).await
}

/// An engine that only decides: it sends nothing, and takes nothing from a queue. For commands beside a running process.
///
/// # Errors
/// What the store says.
pub async fn open_deciding_engine(project: Project, stored: &Stored, name: &str) -> Result<Arc<Engine>> {
    let broker = Arc::new(EmbeddedBroker::new(Arc::clone(&stored.queue), Arc::new(wall_clock)));
    engine_over(project, stored, broker, Channels::default(), name).await
}

async fn engine_over(
    project: Project,
    stored: &Stored,
    broker: Arc<dyn Broker>,
    channels: Channels,
    name: &str,
) -> Result<Arc<Engine>> {
    let metrics = Metrics::new().map_err(|error| CliError::new(codes::CLI_STEP, error.to_string(), "report this"))?;
    let parts = Parts {
        store: Arc::clone(&stored.store),
        broker,
        evaluator: Arc::new(Rules::new()),
        channels,
        metrics,
        name: name.to_owned(),
        parked: project.dir.join(STATE).join("parked"),
    };
    Ok(Engine::open(parts, content(project)).await?)
}

/// What the files of a project say beside its workflows, for decisions.
pub fn content(project: Project) -> Content {
    let workspace = core_workspace(&project);
    let renderer = Arc::new(MessageRenderer::new(project.templates));
    Content { workspace, scorer: Arc::new(project.host), renderer }
}

/// The first step of a workflow whose connector this process does not have.
pub fn missing(channels: &Channels, workflow: &Workflow) -> Option<String> {
    let first = channels.missing(workflow).into_iter().next()?;
    Some(format!("workflow {}: {first}", workflow.name))
}

/// The lock of an embedded workspace; it is free again when this is dropped.
pub struct Locked(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Takes the lock of an embedded workspace for the worker role.
///
/// # Errors
/// Where another process holds it.
pub fn lock(dir: &Path) -> Result<Locked> {
    lock_file(&dir.join(STATE).join("lock"), dir)
}

/// Takes one lock file of the workspace `dir`.
///
/// # Errors
/// Where another process holds it, or the file cannot be made.
pub fn lock_file(path: &Path, dir: &Path) -> Result<Locked> {
    let file = File::create(path).map_err(|error| CliError::file(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Locked(file)),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another process runs the workspace {}", dir.display());
            Err(CliError::new(codes::CLI_LOCKED, message, "stop it, or run only `--roles web` beside it"))
        }
        Err(TryLockError::Error(error)) => Err(CliError::file(path, &error)),
    }
}
