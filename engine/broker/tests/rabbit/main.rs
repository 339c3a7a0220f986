//! What only RabbitMQ can do to us: lost lines, missing queues, strangers' messages, wrong addresses.

mod parking;
mod partitions;
mod policies;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/mod.rs"]
mod support;

use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use proxy::Proxy;
use staunch_broker::{Broker, BrokerError, RabbitBroker, RabbitOptions};
use std::time::{Duration, Instant};
use support::{PATIENCE, amqp_url, assert_silent, bodies, clean, numbered, options, rabbit, take, unique_prefix};

async fn channel() -> (lapin::Connection, lapin::Channel) {
    let connection = lapin::Connection::connect(&amqp_url(), Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

#[tokio::test]
async fn consuming_survives_a_lost_line_and_old_acks_are_ignored() {
    let prefix = unique_prefix();
    let proxy = Proxy::before(&amqp_url()).await;
    let broker = rabbit(&proxy.url, &prefix).await;
    broker.publish(&numbered(0..20)).await.unwrap();
    let held = take(&broker, 20).await;
    proxy.cut();
    let began = Instant::now();
    assert_silent(&broker).await;
    assert!(began.elapsed() >= Duration::from_millis(250), "an absent broker must not make `next` spin");
    broker.ack(&held[..15]).await.unwrap();
    broker.release(&held[15..]).await.unwrap();
    assert_silent(&broker).await;
    proxy.mend();
    let again = take(&broker, 20).await;
    assert_eq!(bodies(&again), bodies(&held));
    // Both at once: the old ones name nothing now, and must not acknowledge what has the same number.
    broker.ack(&held[..10]).await.unwrap();
    broker.ack(&again[10..]).await.unwrap();
    broker.close().await;
    let other = rabbit(&amqp_url(), &prefix).await;
    let rest = take(&other, 10).await;
    assert_eq!(bodies(&rest), bodies(&held[..10]));
    other.ack(&rest).await.unwrap();
    other.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn publishing_survives_a_lost_line_and_says_when_it_cannot() {
    let prefix = unique_prefix();
    let proxy = Proxy::before(&amqp_url()).await;
    let broker = rabbit(&proxy.url, &prefix).await;
    broker.publish(&numbered(0..1)).await.unwrap();
    proxy.cut();
    proxy.mend();
    broker.publish(&numbered(1..2)).await.unwrap();
    proxy.cut();
    let error = broker.publish(&numbered(2..3)).await.unwrap_err().to_string();
    assert!(error.starts_with("ST500") && !error.contains("guest"), "{error}");
    assert!(broker.ping().await.is_err());
    proxy.mend();
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = broker.ping().await {
        assert!(Instant::now() < deadline, "{error}");
    }
    broker.publish(&numbered(3..4)).await.unwrap();
    assert_eq!(bodies(&take(&broker, 3).await).len(), 3);
    broker.close().await;
    clean(&prefix).await;
}

/// However many want to publish, and with one that consumes: a server that is away is not knocked at all the time.
#[tokio::test]
async fn a_server_that_is_away_is_asked_less_than_five_times_a_second() {
    let prefix = unique_prefix();
    let proxy = Proxy::before(&amqp_url()).await;
    let broker = std::sync::Arc::new(rabbit(&proxy.url, &prefix).await);
    assert_silent(broker.as_ref()).await;
    proxy.cut();
    proxy.most_in_a_second();
    let publishing = |_| {
        let broker = std::sync::Arc::clone(&broker);
        tokio::spawn(async move { while broker.publish(&numbered(0..1)).await.is_err() {} })
    };
    let tasks: Vec<_> = (0..20).map(publishing).collect();
    for _ in 0..8 {
        assert!(broker.ping().await.is_err());
        assert_silent(broker.as_ref()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let most = proxy.most_in_a_second();
    assert!((1..5).contains(&most), "{most} in a second");
    proxy.mend();
    for task in tasks {
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
    }
    let came = take(broker.as_ref(), 20).await;
    broker.ack(&came).await.unwrap();
    broker.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn a_message_that_no_queue_takes_is_an_error() {
    let prefix = unique_prefix();
    let broker = rabbit(&amqp_url(), &prefix).await;
    let (_connection, channel) = channel().await;
    let name = format!("{prefix}.events");
    channel.queue_unbind(name.clone().into(), name.clone().into(), "#".into(), FieldTable::default()).await.unwrap();
    let error = broker.publish(&numbered(0..3)).await.unwrap_err();
    assert!(matches!(&error, BrokerError::Unroutable { count: 3, exchange, .. } if *exchange == name), "{error}");
    assert!(error.to_string().starts_with("ST5005"), "{error}");
    broker.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn a_deleted_queue_comes_back_while_consuming() {
    let prefix = unique_prefix();
    let broker = rabbit(&amqp_url(), &prefix).await;
    assert_silent(&broker).await;
    let (_connection, channel) = channel().await;
    channel.queue_delete(format!("{prefix}.events").into(), Default::default()).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = broker.publish(&numbered(0..1)).await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let came = take(&broker, 1).await;
    broker.ack(&came).await.unwrap();
    broker.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn events_of_other_clients_are_read() {
    let prefix = unique_prefix();
    let broker = rabbit(&amqp_url(), &prefix).await;
    let (_connection, channel) = channel().await;
    let mut headers = FieldTable::default();
    headers.insert("cloudEvents:id".into(), AMQPValue::LongString("7".into()));
    headers.insert("cloudEvents:time".into(), AMQPValue::Timestamp(1_314_878_400));
    headers.insert("CE-Type".into(), AMQPValue::LongString("order.paid".into()));
    let properties = lapin::BasicProperties::default().with_headers(headers);
    let (exchange, key) = (format!("{prefix}.events"), "a.key.of.theirs".into());
    channel.basic_publish(exchange.into(), key, BasicPublishOptions::default(), b"{}", properties).await.unwrap();
    let came = take(&broker, 1).await;
    let want = [("ce-id", "7"), ("ce-time", "2011-09-01T12:00:00Z"), ("ce-type", "order.paid")];
    let want = want.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(came[0].message.headers, want.into());
    assert_eq!((came[0].attempts, came[0].message.content_type.as_str()), (1, ""));
    broker.ack(&came).await.unwrap();
    broker.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn wrong_settings_are_told_without_the_password() {
    let prefix = unique_prefix();
    let url = amqp_url();
    let code = async |url: &str, options: RabbitOptions| {
        let error = RabbitBroker::connect(url, options).await.err().expect("it must not connect").to_string();
        assert!(!error.contains("hunter2"), "{error}");
        error[..6].to_owned()
    };
    assert_eq!(code("not a url, hunter2", options(&prefix)).await, "ST5001");
    assert_eq!(code("http://user:hunter2@localhost", options(&prefix)).await, "ST5001");
    assert_eq!(code("amqp://user:hunter2@127.0.0.1:1/%2f", options(&prefix)).await, "ST5002");
    let server = url.rsplit_once('@').unwrap().1;
    assert_eq!(code(&format!("amqp://guest:hunter2@{server}"), options(&prefix)).await, "ST5002");
    assert_eq!(code(&url, options(&"x".repeat(300))).await, "ST5003");
    let broker = rabbit(&url, &prefix).await;
    assert_eq!(code(&url, RabbitOptions { delivery_limit: 9, ..options(&prefix) }).await, "ST5003");
    broker.close().await;
    clean(&prefix).await;
}
