//! The other side of the webhooks: drops what it knows by its `Idempotency-Key`, writes everything down, and can keep
//! its answers back.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What arrived under one key.
#[derive(Clone, Debug, Default)]
pub struct Arrived {
    /// How often; each but the first is dropped by the receiver.
    pub times: usize,
    /// The different bodies; more than one would be two messages under one key.
    pub bodies: BTreeSet<String>,
    /// What the effect is about: field `mark` of the request.
    pub subject: String,
    /// When it arrived first.
    pub first: Option<Instant>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<BTreeMap<String, Arrived>>,
    hold: AtomicBool,
    held: Mutex<usize>,
}

/// A running receiver.
pub struct Receiver {
    /// Its address.
    pub url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Starts one on a free port.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/effects", listener.local_addr().unwrap());
        let shared = Arc::<Shared>::default();
        let of = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&of);
                // A peer that is killed breaks its line off; that is no news here.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Receiver { url, shared }
    }

    /// From now on requests are taken and written down, but not answered until it is let go.
    pub fn hold(&self, yes: bool) {
        self.shared.hold.store(yes, Ordering::SeqCst);
        if yes {
            *self.shared.held.lock().unwrap() = 0;
        }
    }

    /// How many requests came in since answers are kept back.
    pub fn held(&self) -> usize {
        *self.shared.held.lock().unwrap()
    }

    /// Everything that arrived, by key.
    pub fn seen(&self) -> BTreeMap<String, Arrived> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// How many keys arrived.
    pub fn count(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }
}

/// Requests of one connection, one after the other.
fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut key, mut length, mut line) = (String::new(), 0, String::new());
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "idempotency-key" => value.trim().clone_into(&mut key),
                "content-length" => length = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        keep(shared, key, &body);
        if shared.hold.load(Ordering::SeqCst) {
            *shared.held.lock().unwrap() += 1;
            while shared.hold.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn keep(shared: &Shared, key: String, body: &[u8]) {
    let text = String::from_utf8_lossy(body).into_owned();
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut seen = shared.seen.lock().unwrap();
    let one = seen.entry(key).or_default();
    one.times += 1;
    one.subject = parsed["data"]["fields"]["mark"].as_str().unwrap_or_default().to_owned();
    one.first.get_or_insert_with(Instant::now);
    one.bodies.insert(text);
}
