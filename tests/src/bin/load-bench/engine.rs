//! The engine over the same events: from a full queue until the last one is decided and acknowledged.

use crate::cpu::Watch;
use crate::{Failure, Options, Round, feed, workspace};
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, Row};
use staunch_tests::Service;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Measures it in a database and with queues of its own.
pub fn run(options: &Options, round: u32, runtime: &Runtime) -> Result<Round, Failure> {
    let name = format!("staunch_load_{}_{round}", std::process::id());
    let (base, query) = options.database.split_once('?').unwrap_or((&options.database, ""));
    let base = base.rsplit_once('/').ok_or("the database's address has no name")?.0;
    let url = format!("{base}/{name}{}{query}", if query.is_empty() { "" } else { "?" });
    runtime.block_on(admin(&options.database, &format!("CREATE DATABASE {name}")))?;
    let done = measure(options, round, runtime, &name, &url);
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
    let round = done?;
    cleaned?;
    Ok(round)
}

async fn admin(url: &str, sql: &str) -> Result<(), Failure> {
    PgConnection::connect(url).await?.execute(AssertSqlSafe(sql.to_owned())).await?;
    Ok(())
}

fn measure(options: &Options, round: u32, runtime: &Runtime, name: &str, url: &str) -> Result<Round, Failure> {
    let dir = tempfile::tempdir()?;
    workspace::write(dir.path(), &options.binary)?;
    let env =
        [("STAUNCH_AMQP_URL", options.amqp.as_str()), ("STAUNCH_AMQP_PREFIX", name), ("STAUNCH_DATABASE_URL", url)];
    let env: Vec<(String, String)> =
        env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let service = Service::of(&options.binary, dir.path(), &["--roles", "worker"], &env).ready();
    service.kill();
    promote(&options.binary, dir.path(), &env)?;
    runtime.block_on(async {
        let connection = feed::connect(&options.amqp).await?;
        feed::publish(&connection, &format!("{name}.events"), "load", round, options.events).await
    })?;
    let watch = Watch::start(&[("broker", "beam.smp"), ("database", "postgres"), ("engine", "staunch")]);
    let began = Instant::now();
    let service = Service::of(&options.binary, dir.path(), &["--roles", "worker"], &env).ready();
    runtime.block_on(drained(&options.amqp, name))?;
    runtime.block_on(decided(url, options.events))?;
    let wall = began.elapsed().as_secs_f64();
    let found = watch.round(options.events, wall);
    service.kill();
    runtime.block_on(check(url, options.events))?;
    Ok(found)
}

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

/// Waits until the last batches are committed, too.
async fn decided(url: &str, events: u64) -> Result<(), Failure> {
    let mut database = PgConnection::connect(url).await?;
    let began = Instant::now();
    while number(&mut database, DECIDED).await? < events as i64 {
        if began.elapsed() > Duration::from_secs(20) {
            return Err("some events are never decided".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

const DECIDED: &str = "SELECT COUNT(*) FROM decisions WHERE kind = 'event'";

async fn number(database: &mut PgConnection, sql: &'static str) -> Result<i64, Failure> {
    Ok(sqlx::query(sql).fetch_one(database).await?.get::<i64, _>(0))
}

/// Every event was decided once, half of them with a score, and about every tenth made an action.
async fn check(url: &str, events: u64) -> Result<(), Failure> {
    let mut database = PgConnection::connect(url).await?;
    let decided = number(&mut database, DECIDED).await?;
    let scored = "SELECT COUNT(*) FROM decisions WHERE receipt LIKE '%\"plugin\":\"churn\"%'";
    let scored = number(&mut database, scored).await?;
    let actions = number(&mut database, "SELECT COUNT(*) FROM actions").await?;
    println!("        {decided} decided, {scored} with a score, {actions} actions");
    let share = |part: i64| part as f64 / events as f64;
    let sound = decided == events as i64 && share(scored) >= 0.5 && (0.08..0.12).contains(&share(actions));
    if sound { Ok(()) } else { Err("the engine did not do what the benchmark says".into()) }
}
