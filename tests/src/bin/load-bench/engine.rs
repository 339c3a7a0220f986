//! The engine over the same events: from a full queue until the last one is decided and acknowledged.

use crate::cpu::Watch;
use crate::{Failure, Options, Round, feed, latency, workspace};
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor, PgConnection, Row};
use staunch_tests::Service;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How the engine gets its events.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// All lie in the queue before it starts.
    Full,
    /// They come at this many a second.
    Steady(f64),
}

/// What was measured.
#[derive(Clone, Debug)]
pub enum Found {
    /// Of a full queue.
    Rate(Round),
    /// Of a steady rate: the latency of each event in microseconds, sorted.
    Latency(Vec<i64>),
}

/// Measures it in a database and with queues of its own; in SQLite where `sqlite`.
pub fn run(options: &Options, round: u32, runtime: &Runtime, load: Load, sqlite: bool) -> Result<Found, Failure> {
    let name = format!("staunch_load_{}_{round}", std::process::id());
    let (base, query) = options.database.split_once('?').unwrap_or((&options.database, ""));
    let base = base.rsplit_once('/').ok_or("the database's address has no name")?.0;
    let url = format!("{base}/{name}{}{query}", if query.is_empty() { "" } else { "?" });
    runtime.block_on(admin(&options.database, &format!("CREATE DATABASE {name}")))?;
    let place = Place { name: &name, url: (!sqlite).then_some(url.as_str()) };
    let done = measure(options, round, runtime, load, &place);
    let cleaned = runtime.block_on(async {
        admin(&options.database, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        let channel = feed::connect(&options.amqp).await?.create_channel().await?;
        for queue in ["events", "parked"] {
            channel.queue_delete(format!("{name}.{queue}").into(), QueueDeleteOptions::default()).await?;
        }
        for exchange in ["events", "dead"] {
            channel.exchange_delete(format!("{name}.{exchange}").into(), ExchangeDeleteOptions::default()).await?;
        }
        Ok::<(), Failure>(())
    });
    let found = done?;
    cleaned?;
    Ok(found)
}

/// Where the engine works: the prefix of its queues, and its Postgres unless it is a SQLite file of its own.
struct Place<'a> {
    name: &'a str,
    url: Option<&'a str>,
}

async fn admin(url: &str, sql: &str) -> Result<(), Failure> {
    PgConnection::connect(url).await?.execute(AssertSqlSafe(sql.to_owned())).await?;
    Ok(())
}

fn measure(options: &Options, round: u32, runtime: &Runtime, load: Load, place: &Place<'_>) -> Result<Found, Failure> {
    let dir = tempfile::tempdir()?;
    let Place { name, url } = place;
    workspace::write(dir.path(), options, url.is_some())?;
    let mut env = vec![("STAUNCH_AMQP_URL", options.amqp.as_str()), ("STAUNCH_AMQP_PREFIX", name)];
    env.extend(url.map(|url| ("STAUNCH_DATABASE_URL", url)));
    let env: Vec<(String, String)> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let start = || Service::of(&options.binary, dir.path(), &["--roles", "worker"], &env).ready();
    start().kill();
    promote(&options.binary, dir.path(), &env)?;
    let mut table = match url {
        Some(url) => Table::Postgres((*url).to_owned()),
        None => Table::Sqlite(dir.path().join(".staunch/staunch.db")),
    };
    let exchange = format!("{name}.events");
    let found = match load {
        Load::Full => {
            runtime.block_on(async {
                let connection = feed::connect(&options.amqp).await?;
                feed::publish(&connection, &exchange, "load", &options.feed(round)).await
            })?;
            let watch = Watch::start(&[("broker", "beam.smp"), ("database", "postgres"), ("engine", "staunch")]);
            let began = Instant::now();
            let service = start();
            runtime.block_on(drained(&options.amqp, name))?;
            runtime.block_on(table.decided(options.events))?;
            let found = watch.round(options.events, began.elapsed().as_secs_f64());
            service.kill();
            Found::Rate(found)
        }
        Load::Steady(rate) => {
            let service = start();
            let planned = runtime.block_on(async {
                let connection = feed::connect(&options.amqp).await?;
                latency::publish(&connection, &exchange, "load", &options.feed(round), rate).await
            })?;
            runtime.block_on(table.decided(options.events))?;
            service.kill();
            Found::Latency(runtime.block_on(async {
                let mut database = PgConnection::connect(url.ok_or("latency is read from Postgres")?).await?;
                latency::of_rows(&mut database, COMMITS, planned, rate).await
            })?)
        }
    };
    runtime.block_on(table.check(options.events))?;
    Ok(found)
}

const COMMITS: &str = "SELECT receipt::json->'event'->>'id',
    (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint FROM decisions WHERE kind = 'event'";

/// Lets the workflows act.
fn promote(binary: &Path, dir: &Path, env: &[(String, String)]) -> Result<(), Failure> {
    for _ in 0..2 {
        let mut command = Command::new(binary);
        command.args(["rollout", "promote"]).arg(dir).args(["--workflow", "scored", "--as", "load"]);
        let done = command.envs(env.iter().map(|(name, value)| (name, value))).output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into());
        }
    }
    Ok(())
}

/// Waits until no message is ready any more; those that a worker holds are not counted.
async fn drained(amqp: &str, name: &str) -> Result<(), Failure> {
    let channel = feed::connect(amqp).await?.create_channel().await?;
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    loop {
        let queue = channel.queue_declare(format!("{name}.events").into(), passive, FieldTable::default()).await?;
        if queue.message_count() == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Where the engine's decisions are.
enum Table {
    Postgres(String),
    Sqlite(PathBuf),
}

const DECIDED: &str = "SELECT COUNT(*) FROM decisions WHERE kind = 'event'";
const SCORED: &str = "SELECT COUNT(*) FROM decisions WHERE receipt LIKE '%\"plugin\":\"churn\"%'";
const ACTIONS: &str = "SELECT COUNT(*) FROM actions";

impl Table {
    async fn count(&mut self, sql: &'static str) -> Result<i64, Failure> {
        Ok(match self {
            Table::Postgres(url) => {
                let mut database = PgConnection::connect(url).await?;
                sqlx::query(sql).fetch_one(&mut database).await?.get(0)
            }
            Table::Sqlite(path) => {
                let mut database = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
                sqlx::query(sql).fetch_one(&mut database).await?.get(0)
            }
        })
    }

    /// Waits until the last batches are committed, too.
    async fn decided(&mut self, events: u64) -> Result<(), Failure> {
        let began = Instant::now();
        while self.count(DECIDED).await? < events as i64 {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("some events are never decided".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Every event was decided once, half of them with a score, and about every tenth made an action.
    async fn check(&mut self, events: u64) -> Result<(), Failure> {
        let [decided, scored, actions] =
            [self.count(DECIDED).await?, self.count(SCORED).await?, self.count(ACTIONS).await?];
        println!("        {decided} decided, {scored} with a score, {actions} actions");
        let share = |part: i64| part as f64 / events as f64;
        let sound = decided == events as i64 && share(scored) >= 0.5 && (0.08..0.12).contains(&share(actions));
        if sound { Ok(()) } else { Err("the engine did not do what the benchmark says".into()) }
    }
}
