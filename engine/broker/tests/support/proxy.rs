//! A TCP proxy in front of the server whose line a test can cut.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Proxy {
    /// The server's URL with the proxy in its place.
    pub url: String,
    line: watch::Sender<bool>,
    /// When somebody wanted to connect, whether the line was there or not.
    knocks: Arc<Mutex<Vec<Instant>>>,
}

impl Proxy {
    pub async fn before(server_url: &str) -> Proxy {
        let (credentials, rest) = server_url.rsplit_once('@').expect("the URL has user and password");
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{credentials}@{}/{path}", listener.local_addr().unwrap());
        let (line, watcher) = watch::channel(true);
        let knocks = Arc::default();
        tokio::spawn(accept(listener, server.to_owned(), watcher, Arc::clone(&knocks)));
        Proxy { url, line, knocks }
    }

    /// The most that wanted to connect within any second since the last call.
    pub fn most_in_a_second(&self) -> usize {
        let times = std::mem::take(&mut *self.knocks.lock().unwrap());
        let from =
            |from: Instant| times.iter().filter(|at| (from..from + Duration::from_secs(1)).contains(*at)).count();
        times.iter().map(|at| from(*at)).max().unwrap_or(0)
    }

    /// Ends all connections and refuses new ones, until [`Proxy::mend`].
    pub fn cut(&self) {
        self.line.send_replace(false);
    }

    pub fn mend(&self) {
        self.line.send_replace(true);
    }
}

async fn accept(listener: TcpListener, server: String, line: watch::Receiver<bool>, knocks: Arc<Mutex<Vec<Instant>>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        knocks.lock().unwrap().push(Instant::now());
        let (server, mut line) = (server.clone(), line.clone());
        tokio::spawn(async move {
            if !*line.borrow_and_update() {
                return;
            }
            let Ok(mut upstream) = TcpStream::connect(server).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut upstream) => {}
                _ = line.changed() => {}
            }
        });
    }
}
