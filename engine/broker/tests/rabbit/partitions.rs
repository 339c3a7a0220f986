//! Partitions by contact: who gets what, order while workers come, go and die, and servers or queues of another time.
//!
//! The server needs the plugin rabbitmq_consistent_hash_exchange, which `tests/services` enables.

use crate::proxy::Proxy;
use crate::support::{amqp_url, bodies, clean, numbered, options, take, unique_prefix};
use staunch_broker::{Broker, Delivery, Message, RabbitBroker, RabbitOptions};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const PARTITIONS: u16 = 8;
const CONTACTS: usize = 200;
/// Long enough for a share to move several times.
const PATIENCE: Duration = Duration::from_secs(60);

fn spread(prefix: &str) -> RabbitOptions {
    RabbitOptions { partitions: PARTITIONS, look: Duration::from_millis(700), prefetch: 256, ..options(prefix) }
}

fn event(contact: usize, number: usize) -> Message {
    Message::json(format!(r#"{{"id":"{contact}-{number}","subject":"c{contact}","n":{number}}}"#))
}

/// Contact and number of an event.
fn read(delivery: &Delivery) -> (usize, usize) {
    let body = String::from_utf8(delivery.message.body.clone()).unwrap();
    let (contact, number) =
        body.strip_prefix(r#"{"id":""#).unwrap().split_once('"').unwrap().0.split_once('-').unwrap();
    (contact.parse().unwrap(), number.parse().unwrap())
}

/// The database: what is committed of each contact, and what came out of order.
#[derive(Default)]
struct Book {
    next: Mutex<BTreeMap<usize, usize>>,
    inversions: AtomicUsize,
    repeated: AtomicUsize,
}

impl Book {
    fn commit(&self, batch: &[Delivery]) {
        let mut all = self.next.lock().unwrap();
        for (contact, number) in batch.iter().map(read) {
            let next = all.entry(contact).or_default();
            match number.cmp(next) {
                std::cmp::Ordering::Equal => *next += 1,
                std::cmp::Ordering::Less => {
                    self.repeated.fetch_add(1, Ordering::Relaxed);
                }
                std::cmp::Ordering::Greater => {
                    self.inversions.fetch_add(1, Ordering::Relaxed);
                    *next = number + 1;
                }
            }
        }
    }

    fn done(&self, each: usize) -> bool {
        let all = self.next.lock().unwrap();
        all.len() == CONTACTS && all.values().all(|next| *next >= each)
    }

    async fn wait(&self, each: usize) {
        let began = Instant::now();
        while !self.done(each) {
            assert!(began.elapsed() < PATIENCE, "not all came: {:?}", self.next.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A process.
struct Worker {
    proxy: Proxy,
    broker: Arc<RabbitBroker>,
    handled: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Worker {
    async fn start(prefix: &str, book: &Arc<Book>) -> Worker {
        let proxy = Proxy::before(&amqp_url()).await;
        let broker = Arc::new(RabbitBroker::connect(&proxy.url, spread(prefix)).await.unwrap());
        let handled = Arc::new(AtomicUsize::new(0));
        let (its, book, count) = (Arc::clone(&broker), Arc::clone(book), Arc::clone(&handled));
        let task = tokio::spawn(async move {
            while let Ok(batch) = its.next(64, Duration::from_millis(200)).await {
                tokio::time::sleep(Duration::from_millis(4)).await;
                book.commit(&batch);
                its.ack(&batch).await.unwrap();
                count.fetch_add(batch.len(), Ordering::Relaxed);
            }
        });
        Worker { proxy, broker, handled, task }
    }

    /// Nothing of it is left, and it said nothing.
    fn kill(self) {
        self.task.abort();
        self.proxy.cut();
    }

    /// It handles what it has, and says goodbye.
    async fn stop(self) {
        assert!(self.broker.drain().await);
        // Nothing more comes; until nothing more is handled.
        loop {
            self.handled();
            tokio::time::sleep(Duration::from_millis(300)).await;
            if self.handled() == 0 {
                break;
            }
        }
        self.broker.close().await;
        self.task.await.unwrap();
    }

    fn handled(&self) -> usize {
        self.handled.swap(0, Ordering::Relaxed)
    }
}

/// Publishes these numbers of every contact, slowly enough for the workers to be at work meanwhile.
async fn publish(broker: &RabbitBroker, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let round: Vec<Message> = (0..CONTACTS).map(|contact| event(contact, number)).collect();
        broker.publish(&round).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Publishes from this number on until each of these workers had something to do; gives the next number.
async fn publish_until_all_work(broker: &RabbitBroker, from: usize, workers: &[&Worker]) -> usize {
    let mut idle: Vec<&&Worker> = workers.iter().collect();
    for one in workers {
        one.handled();
    }
    for number in from..from + 400 {
        publish(broker, number..number + 1).await;
        idle.retain(|one| one.handled() == 0);
        if idle.is_empty() && number > from + 40 {
            return number + 1;
        }
    }
    panic!("{} workers had nothing to do", idle.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_keep_their_order_while_workers_come_and_go() {
    let (prefix, book) = (unique_prefix(), Arc::new(Book::default()));
    let producer = RabbitBroker::connect(&amqp_url(), spread(&prefix)).await.unwrap();
    assert_eq!(producer.describe(), "8 partitions by contact");
    let one = Worker::start(&prefix, &book).await;
    let two = Worker::start(&prefix, &book).await;
    let next = publish_until_all_work(&producer, 0, &[&one, &two]).await;
    let three = Worker::start(&prefix, &book).await;
    let four = Worker::start(&prefix, &book).await;
    let next = publish_until_all_work(&producer, next, &[&one, &two, &three, &four]).await;
    two.kill();
    publish(&producer, next..next + 40).await;
    three.stop().await;
    publish(&producer, next + 40..next + 60).await;
    four.kill();
    publish(&producer, next + 60..next + 80).await;
    book.wait(next + 80).await;
    assert_eq!(book.inversions.load(Ordering::Relaxed), 0);
    eprintln!("{} of each contact, came again {}", next + 80, book.repeated.load(Ordering::Relaxed));
    one.stop().await;
    assert_eq!(producer.depth().await.unwrap(), 0);
    producer.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn what_waits_in_the_one_queue_of_before_is_taken_and_nothing_more_goes_there() {
    let prefix = unique_prefix();
    let before = RabbitBroker::connect(&amqp_url(), options(&prefix)).await.unwrap();
    before.publish(&numbered(0..5)).await.unwrap();
    assert_eq!(before.describe(), "one queue, as configured");
    before.close().await;
    let after = RabbitBroker::connect(&amqp_url(), spread(&prefix)).await.unwrap();
    after.publish(&[event(1, 0), event(1, 1)]).await.unwrap();
    assert_eq!(after.depth().await.unwrap(), 7, "none of them twice");
    let came = take(&after, 7).await;
    assert_eq!(bodies(&came[..5]).len(), 5);
    let mut headers = came.iter().flat_map(|one| one.message.headers.keys());
    assert_eq!(headers.next(), None, "the header is ours, not the event's");
    after.ack(&came).await.unwrap();
    // What names nobody has no partition, and is not lost.
    after.publish(&numbered(5..7)).await.unwrap();
    let rest = take(&after, 2).await;
    after.ack(&rest).await.unwrap();
    after.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn partitions_of_before_are_emptied_by_who_has_none() {
    let prefix = unique_prefix();
    let before = RabbitBroker::connect(&amqp_url(), spread(&prefix)).await.unwrap();
    before.publish(&(0..40).map(|contact| event(contact, 0)).collect::<Vec<_>>()).await.unwrap();
    before.close().await;
    let after = RabbitBroker::connect(&amqp_url(), options(&prefix)).await.unwrap();
    after.publish(&[event(1, 1)]).await.unwrap();
    assert_eq!(after.depth().await.unwrap(), 41);
    let came = take(&after, 41).await;
    after.ack(&came).await.unwrap();
    after.close().await;
    clean(&prefix).await;
}

#[tokio::test]
async fn a_process_that_drains_leaves_no_message_that_came_before() {
    let prefix = unique_prefix();
    let one = RabbitBroker::connect(&amqp_url(), spread(&prefix)).await.unwrap();
    assert!(!one.drain().await, "it consumes nothing yet");
    let events: Vec<Message> = (0..3_000).map(|number| event(number % CONTACTS, number / CONTACTS)).collect();
    one.publish(&events).await.unwrap();
    let mut handled = take(&one, 100).await;
    assert!(one.drain().await);
    loop {
        let more = one.next(64, Duration::from_millis(300)).await.unwrap();
        if more.is_empty() {
            break;
        }
        handled.extend(more);
    }
    assert!((100..3_000).contains(&handled.len()), "{}", handled.len());
    one.ack(&handled).await.unwrap();
    one.close().await;
    let two = RabbitBroker::connect(&amqp_url(), spread(&prefix)).await.unwrap();
    for _ in handled.len()..3_000 {
        let next = take(&two, 1).await;
        assert!(!next[0].is_suspect());
        two.ack(&next).await.unwrap();
    }
    two.close().await;
    clean(&prefix).await;
}
