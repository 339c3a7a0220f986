//! Latency from the broker to the commit: events are published at the times of a plan, whatever the consumer does, and
//! each counts from its planned time, so that a stall is not hidden by events that came late because of it (coordinated
//! omission). The commit's time is the one that Postgres keeps for the row's transaction.

use crate::feed::Feed;
use crate::{Failure, feed};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::Connection;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use std::time::Duration;

/// Messages that wait for their confirm at a time.
const OPEN: usize = 4_096;
/// At first everything is cold: this share of the events is left out.
const WARM_UP: f64 = 0.2;

/// Publishes events at a rate; gives the planned time of the first one, in microseconds since 1970.
pub async fn publish(
    connection: &Connection,
    exchange: &str,
    key: &str,
    feed: &Feed,
    rate: f64,
) -> Result<i64, Failure> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let start = feed::now() + 500_000;
    let mut open = FuturesUnordered::new();
    let (mut number, events, times) = (0, feed.events, feed::an_hour_ago());
    while number < events {
        let due = ((feed::now() - start) as f64 * rate / 1e6) as i64;
        while number < events && (number as i64) < due {
            let body = feed::event(feed, number, times);
            let options = BasicPublishOptions::default();
            open.push(
                channel.basic_publish(exchange.into(), key.into(), options, body.as_bytes(), feed::durable()).await?,
            );
            number += 1;
            if open.len() >= OPEN {
                open.next().await.transpose()?;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while let Some(confirmed) = open.next().await {
        confirmed?;
    }
    Ok(start)
}

/// The latency of each event in microseconds, from rows of (event's id, microseconds of its commit).
pub async fn of_rows(database: &mut PgConnection, sql: &str, start: i64, rate: f64) -> Result<Vec<i64>, Failure> {
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(database).await?;
    let mut found = Vec::with_capacity(rows.len());
    let first = (rows.len() as f64 * WARM_UP) as u64;
    for row in rows {
        let number = feed::number(&row.get::<String, _>(0)).ok_or("an id that is none of ours")?;
        if number >= first {
            found.push(row.get::<i64, _>(1) - start - (number as f64 * 1e6 / rate) as i64);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The value that this share of the sorted values does not exceed, in milliseconds.
pub fn percentile(sorted: &[i64], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len());
    sorted[at - 1] as f64 / 1e3
}
