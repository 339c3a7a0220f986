//! The durable floor: consume, parse, three rows an event in one transaction per batch, acknowledge.

use crate::cpu::Watch;
use crate::{Failure, Options, Round, feed};
use futures_util::StreamExt;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use serde::Deserialize;
use sqlx::{Connection as _, Executor, PgConnection};
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

const TABLES: &str = "CREATE SCHEMA load_floor;
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

/// Measures it over a queue of its own.
pub async fn run(options: &Options, round: u32) -> Result<Round, Failure> {
    let connection = feed::connect(&options.amqp).await?;
    let channel = connection.create_channel().await?;
    let queue = format!("staunch_load_{}.floor", std::process::id());
    let mut kind = FieldTable::default();
    kind.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.as_str().into(), durable, kind).await?;
    feed::publish(&connection, "", &queue, round, options.events).await?;
    let mut database = PgConnection::connect(&options.database).await?;
    database.execute("DROP SCHEMA IF EXISTS load_floor CASCADE").await?;
    database.execute(TABLES).await?;
    let done = consume(&channel, &queue, &mut database, options.events).await;
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    database.execute("DROP SCHEMA load_floor CASCADE").await?;
    done
}

async fn consume(channel: &Channel, queue: &str, database: &mut PgConnection, events: u64) -> Result<Round, Failure> {
    channel.basic_qos(2 * BATCH as u16, BasicQosOptions::default()).await?;
    let watch = Watch::start(&[("broker", "beam.smp"), ("database", "postgres"), ("client", "load-bench")]);
    let began = Instant::now();
    let mut deliveries =
        channel.basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    let (mut taken, mut batch) = (0, Vec::with_capacity(BATCH));
    while taken < events {
        let delivery = deliveries.next().await.ok_or("the broker closed the channel")??;
        taken += 1;
        batch.push(delivery.data);
        if batch.len() == BATCH || taken == events {
            write(database, &batch).await?;
            channel.basic_ack(delivery.delivery_tag, BasicAckOptions { multiple: true }).await?;
            batch.clear();
        }
    }
    Ok(watch.round(events, began.elapsed().as_secs_f64()))
}

async fn write(database: &mut PgConnection, batch: &[Vec<u8>]) -> Result<(), Failure> {
    let (mut ids, mut contacts, mut times, mut receipts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for body in batch {
        let event: Event<'_> = serde_json::from_slice(body)?;
        ids.push(event.id.to_owned());
        contacts.push(event.subject.to_owned());
        times.push(event.time.to_owned());
        receipts.push(receipt(&event));
    }
    sqlx::query(WRITE).bind(ids).bind(contacts).bind(times).bind(receipts).execute(database).await?;
    Ok(())
}

/// About as long as a short receipt.
fn receipt(event: &Event<'_>) -> String {
    let (Event { id, kind, .. }, Data { amount, items, channel }) = (event, &event.data);
    format!(
        r#"{{"workflow":"win-back","version":"7f3a9c1e55d0","event":"{id}","kind":"{kind}","channel":"{channel}","rule":{{"held":["amount >= 100","type"]}},"score":{{"plugin":"churn","value":0.{items:04},"reasons":["amount adds 1.726","items adds 0.900"]}},"action":{{"kind":"email","template":"offer-a","arm":"treated"}},"amount":{amount}}}"#
    )
}
