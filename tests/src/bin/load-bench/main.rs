//! Throughput of the whole engine on RabbitMQ and Postgres beside the durable floor, in one run.
//!
//!     load-bench [throughput] [latency] [sqlite] [tcp] [--events 200000] [--rounds 3] [--binary FILE] [--database URL]
//!                [--tcp URL] [--contacts 10000] [--workflows 5] [--report FILE]
//!
//! The floor consumes the same events with bare lapin, parses them, and writes three rows for each in one statement per
//! 256 events before it acknowledges them. The engine is `staunch run --roles worker` over a workspace of five workflows.
//! Each round measures both, the floor first. RabbitMQ and Postgres are those of `tests/services`.
//!
//! * `throughput`: a full queue, into Postgres over its unix socket;
//! * `tcp`: the same over TCP, for the engine alone, beside its rate over the socket;
//! * `sqlite`: a full queue, into a SQLite file;
//! * `latency`: events come at half of the engine's greatest rate, and count from the time for which they were planned.

mod cpu;
mod engine;
mod feed;
mod floor;
mod latency;
mod page;
mod workspace;

use engine::{Found, Load};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// A message for the person who started the program.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    binary: PathBuf,
    events: u64,
    contacts: u64,
    workflows: u32,
    rounds: u32,
    amqp: String,
    /// Postgres over its unix socket.
    database: String,
    /// The same over TCP.
    tcp: String,
    report: Option<PathBuf>,
    parts: Vec<Part>,
}

impl Options {
    fn feed(&self, round: u32) -> feed::Feed {
        feed::Feed { round, events: self.events, contacts: self.contacts }
    }

    /// The same with Postgres over TCP.
    fn over_tcp(&self) -> Options {
        Options { database: self.tcp.clone(), ..self.clone() }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Throughput,
    Tcp,
    Sqlite,
    Latency,
}

/// Events a second of one side, and where the processor's time went, in microseconds per event.
#[derive(Clone, Debug)]
pub struct Round {
    rate: f64,
    parts: Vec<(&'static str, f64)>,
}

fn main() -> ExitCode {
    match options().and_then(|options| bench(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("load-bench: {failure}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, Failure> {
    let server = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set; source target/services/env"));
    let own = std::env::current_exe()?;
    let tcp = server("STAUNCH_TEST_DATABASE_URL")?;
    let mut options = Options {
        binary: own.with_file_name("staunch"),
        events: 200_000,
        contacts: 10_000,
        workflows: 5,
        rounds: 3,
        amqp: server("STAUNCH_TEST_AMQP_URL")?,
        database: server("STAUNCH_TEST_DATABASE_SOCKET").unwrap_or_else(|_| tcp.clone()),
        tcp,
        report: None,
        parts: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let part = match name.as_str() {
            "throughput" => Some(Part::Throughput),
            "tcp" => Some(Part::Tcp),
            "sqlite" => Some(Part::Sqlite),
            "latency" => Some(Part::Latency),
            _ => None,
        };
        if let Some(part) = part {
            options.parts.push(part);
            continue;
        }
        let value =
            args.next().ok_or_else(|| format!("`{name}` needs a value, or is no option: see the head of main.rs"))?;
        match name.as_str() {
            "--events" => options.events = value.parse()?,
            "--contacts" => options.contacts = value.parse()?,
            "--workflows" => options.workflows = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--binary" => options.binary = value.into(),
            "--database" => options.database = value,
            "--tcp" => options.tcp = value,
            "--report" => options.report = Some(value.into()),
            _ => return Err(format!("`{name}` is no option; see the head of main.rs").into()),
        }
    }
    if options.parts.is_empty() {
        options.parts = vec![Part::Throughput];
    }
    Ok(options)
}

fn bench(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut text = String::new();
    for part in &options.parts {
        let section = match part {
            Part::Throughput => throughput(options, &runtime, false)?,
            Part::Sqlite => throughput(options, &runtime, true)?,
            Part::Tcp => over_tcp(options, &runtime)?,
            Part::Latency => latencies(options, &runtime)?,
        };
        println!("\n{section}");
        text += &format!("{section}\n");
    }
    if let Some(file) = &options.report {
        std::fs::write(file, text)?;
    }
    Ok(())
}

fn rate(found: Found) -> Result<Round, Failure> {
    match found {
        Found::Rate(round) => Ok(round),
        Found::Latency(_) => Err("a rate was asked for".into()),
    }
}

fn throughput(options: &Options, runtime: &Runtime, sqlite: bool) -> Result<String, Failure> {
    let (mut floors, mut engines) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let folder = tempfile::tempdir()?;
        let floor = runtime.block_on(floor::run(options, round, sqlite.then_some(folder.path())))?;
        println!("floor   {}", page::told(&floor));
        let engine = rate(engine::run(options, round, runtime, Load::Full, sqlite)?)?;
        println!("engine  {}  {:.3} of the floor", page::told(&engine), engine.rate / floor.rate);
        floors.push(floor);
        engines.push(engine);
    }
    let title = if sqlite { "A full queue into SQLite" } else { "A full queue into Postgres" };
    Ok(page::rates(title, options, ("floor", &floors), ("engine", &engines)))
}

fn over_tcp(options: &Options, runtime: &Runtime) -> Result<String, Failure> {
    let tcp = options.over_tcp();
    let (mut sockets, mut streams) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let socket = rate(engine::run(options, round, runtime, Load::Full, false)?)?;
        println!("socket  {}", page::told(&socket));
        let stream = rate(engine::run(&tcp, round, runtime, Load::Full, false)?)?;
        println!("tcp     {}  {:.3} of the socket", page::told(&stream), stream.rate / socket.rate);
        sockets.push(socket);
        streams.push(stream);
    }
    Ok(page::rates("The engine over TCP", options, ("unix socket", &sockets), ("TCP", &streams)))
}

fn latencies(options: &Options, runtime: &Runtime) -> Result<String, Failure> {
    let greatest = rate(engine::run(options, 0, runtime, Load::Full, false)?)?.rate;
    let half = greatest / 2.0;
    let (mut floors, mut engines) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let floor = runtime.block_on(floor::steady(options, half))?;
        println!("floor   {}", page::percentiles(&floor));
        let Found::Latency(engine) = engine::run(options, round, runtime, Load::Steady(half), false)? else {
            return Err("a latency was asked for".into());
        };
        println!("engine  {}", page::percentiles(&engine));
        floors.push(floor);
        engines.push(engine);
    }
    Ok(page::latencies(half, &floors, &engines))
}
