//! The durable floor: consume, parse, three rows an event in one transaction per batch, acknowledge.

use crate::cpu::Watch;
use crate::{Failure, Options, Round, feed, latency};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection};
use serde::Deserialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor, PgConnection, SqliteConnection};
use std::path::Path;
use std::time::Instant;

const BATCH: usize = 256;

/// What a decision needs of an event.
#[derive(Deserialize)]
struct Event<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    time: &'a str,
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    amount: f64,
    items: u32,
    channel: &'a str,
}

const POSTGRES: &str = "CREATE SCHEMA load_floor;
CREATE TABLE load_floor.seen(id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE load_floor.decided(seq bigserial PRIMARY KEY, id uuid NOT NULL, contact text NOT NULL, receipt jsonb NOT NULL);
CREATE TABLE load_floor.state(contact text PRIMARY KEY, events bigint NOT NULL, last text NOT NULL)";

/// One statement is one transaction and one round trip.
const WRITE: &str = "WITH batch AS (
    SELECT * FROM unnest($1::text[]::uuid[], $2::text[], $3::text[], $4::text[]) AS row(id, contact, at, receipt)),
 new AS (INSERT INTO load_floor.seen(id) SELECT id FROM batch ON CONFLICT DO NOTHING RETURNING id),
 fresh AS (SELECT batch.* FROM batch JOIN new USING (id)),
 decided AS (INSERT INTO load_floor.decided(id, contact, receipt) SELECT id, contact, receipt::jsonb FROM fresh)
 INSERT INTO load_floor.state SELECT contact, count(*), max(at) FROM fresh GROUP BY contact
 ON CONFLICT (contact) DO UPDATE SET events = state.events + excluded.events, last = excluded.last";

const SQLITE: &str = "CREATE TABLE seen(id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE decided(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, contact TEXT NOT NULL, receipt TEXT NOT NULL);
CREATE TABLE state(contact TEXT PRIMARY KEY, events INTEGER NOT NULL, last TEXT NOT NULL) WITHOUT ROWID";

const SQLITE_WRITES: [&str; 3] = [
    "INSERT INTO seen(id) SELECT value->>0 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
    "INSERT INTO decided(id, contact, receipt) SELECT value->>0, value->>1, value->>3 FROM json_each($1)",
    "INSERT INTO state SELECT value->>1, 1, value->>2 FROM json_each($1) WHERE true
     ON CONFLICT(contact) DO UPDATE SET events = events + 1, last = excluded.last",
];

/// Where the rows go.
enum Sink {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Measures it over a full queue of its own, into Postgres or into a SQLite file of this folder.
pub async fn run(options: &Options, round: u32, sqlite: Option<&Path>) -> Result<Round, Failure> {
    let (connection, channel, queue) = declare(options).await?;
    feed::publish(&connection, "", &queue, &options.feed(round)).await?;
    let mut sink = match sqlite {
        Some(folder) => Sink::Sqlite(file(&folder.join("floor.db")).await?),
        None => Sink::Postgres(tables(&options.database).await?),
    };
    let watch = Watch::start(&[("broker", "beam.smp"), ("database", "postgres"), ("client", "load-bench")]);
    let began = Instant::now();
    let done = consume(&channel, &queue, &mut sink, options.events, BATCH).await;
    let found = watch.round(options.events, began.elapsed().as_secs_f64());
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    if let Sink::Postgres(database) = &mut sink {
        database.execute("DROP SCHEMA load_floor CASCADE").await?;
    }
    done.map(|()| found)
}

/// Handles events that come at a steady rate, in batches of what is there; gives the latency of each in microseconds.
pub async fn steady(options: &Options, rate: f64) -> Result<Vec<i64>, Failure> {
    let (connection, channel, queue) = declare(options).await?;
    let mut sink = Sink::Postgres(tables(&options.database).await?);
    let feed = options.feed(0);
    let (key, publisher) = (queue.clone(), feed::connect(&options.amqp).await?);
    let published = tokio::spawn(async move { latency::publish(&publisher, "", &key, &feed, rate).await });
    consume(&channel, &queue, &mut sink, feed.events, 1).await?;
    let start = published.await??;
    let Sink::Postgres(mut database) = sink else { return Err("no Postgres".into()) };
    let sql = "SELECT id::text, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
        FROM load_floor.decided";
    let found = latency::of_rows(&mut database, sql, start, rate).await;
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    database.execute("DROP SCHEMA load_floor CASCADE").await?;
    drop(connection);
    found
}

async fn declare(options: &Options) -> Result<(Connection, Channel, String), Failure> {
    let connection = feed::connect(&options.amqp).await?;
    let channel = connection.create_channel().await?;
    let queue = format!("staunch_load_{}.floor", std::process::id());
    let mut kind = FieldTable::default();
    kind.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.as_str().into(), durable, kind).await?;
    Ok((connection, channel, queue))
}

async fn tables(url: &str) -> Result<PgConnection, Failure> {
    let mut database = PgConnection::connect(url).await?;
    database.execute("DROP SCHEMA IF EXISTS load_floor CASCADE").await?;
    database.execute(POSTGRES).await?;
    Ok(database)
}

async fn file(path: &Path) -> Result<SqliteConnection, Failure> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut database = options.connect().await?;
    database.execute(SQLITE).await?;
    Ok(database)
}

/// Takes so many events in batches of `least` to [`BATCH`].
async fn consume(channel: &Channel, queue: &str, sink: &mut Sink, events: u64, least: usize) -> Result<(), Failure> {
    channel.basic_qos(2 * BATCH as u16, BasicQosOptions::default()).await?;
    let deliveries =
        channel.basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    let mut ready = deliveries.ready_chunks(BATCH);
    let (mut taken, mut batch, mut tag) = (0, Vec::with_capacity(2 * BATCH), 0);
    while taken < events {
        for delivery in ready.next().await.ok_or("the broker closed the channel")? {
            let delivery = delivery?;
            (taken, tag) = (taken + 1, delivery.delivery_tag);
            batch.push(delivery.data);
        }
        if batch.len() >= least.min(BATCH) || taken == events {
            for part in batch.chunks(BATCH) {
                write(sink, part).await?;
            }
            channel.basic_ack(tag, BasicAckOptions { multiple: true }).await?;
            batch.clear();
        }
    }
    Ok(())
}

async fn write(sink: &mut Sink, batch: &[Vec<u8>]) -> Result<(), Failure> {
    let mut rows = Vec::with_capacity(batch.len());
    for body in batch {
        let event: Event<'_> = serde_json::from_slice(body)?;
        rows.push((event.id.to_owned(), event.subject.to_owned(), event.time.to_owned(), receipt(&event)));
    }
    match sink {
        Sink::Postgres(database) => {
            let (mut ids, mut contacts, mut times, mut receipts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (id, contact, time, receipt) in rows {
                ids.push(id);
                contacts.push(contact);
                times.push(time);
                receipts.push(receipt);
            }
            sqlx::query(WRITE).bind(ids).bind(contacts).bind(times).bind(receipts).execute(database).await?;
        }
        Sink::Sqlite(database) => {
            let rows = serde_json::to_string(&rows)?;
            let mut transaction = database.begin_with("BEGIN IMMEDIATE").await?;
            for sql in SQLITE_WRITES {
                sqlx::query(sql).bind(&rows).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        }
    }
    Ok(())
}

/// About as long as a short receipt.
fn receipt(event: &Event<'_>) -> String {
    let (Event { id, kind, .. }, Data { amount, items, channel }) = (event, &event.data);
    format!(
        r#"{{"workflow":"win-back","version":"7f3a9c1e55d0","event":"{id}","kind":"{kind}","channel":"{channel}","rule":{{"held":["amount >= 100","type"]}},"score":{{"plugin":"churn","value":0.{items:04},"reasons":["amount adds 1.726","items adds 0.900"]}},"action":{{"kind":"email","template":"offer-a","arm":"treated"}},"amount":{amount}}}"#
    )
}
