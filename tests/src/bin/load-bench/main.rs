//! Throughput of the whole engine on RabbitMQ and Postgres beside the durable floor, in one run.
//!
//!     load-bench [--events 200000] [--rounds 3] [--binary FILE] [--database URL] [--report FILE]
//!
//! The floor consumes the same events with bare lapin, parses them, and writes three rows for each in one statement per
//! 256 events before it acknowledges them. The engine is `staunch run --roles worker` over a workspace of five workflows.
//! Each round measures both, the floor first. RabbitMQ and Postgres are those of `tests/services`; `--database` names
//! another address of the same Postgres, such as its unix socket.

mod cpu;
mod engine;
mod feed;
mod floor;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

/// A message for the person who started the program.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What was asked for.
pub struct Options {
    binary: PathBuf,
    events: u64,
    rounds: u32,
    amqp: String,
    database: String,
    report: Option<PathBuf>,
}

/// Seconds of one side and where the processor's time went, in microseconds per event.
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
    let mut options = Options {
        binary: own.with_file_name("staunch"),
        events: 200_000,
        rounds: 3,
        amqp: server("STAUNCH_TEST_AMQP_URL")?,
        database: server("STAUNCH_TEST_DATABASE_URL")?,
        report: None,
    };
    let args: Vec<String> = std::env::args().skip(1).collect();
    for pair in args.chunks(2) {
        let [name, value] = pair else { return Err(format!("`{}` needs a value", pair[0]).into()) };
        match name.as_str() {
            "--events" => options.events = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--binary" => options.binary = value.into(),
            "--database" => options.database.clone_from(value),
            "--report" => options.report = Some(value.into()),
            _ => return Err(format!("`{name}` is no option; see the head of main.rs").into()),
        }
    }
    Ok(options)
}

fn bench(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut floors, mut engines) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let floor = runtime.block_on(floor::run(options, round))?;
        println!("floor   {}", told(&floor));
        let engine = engine::run(options, round, &runtime)?;
        println!("engine  {}  {:.3} of the floor", told(&engine), engine.rate / floor.rate);
        floors.push(floor);
        engines.push(engine);
    }
    let page = page(options, &floors, &engines);
    println!("\n{page}");
    if let Some(file) = &options.report {
        std::fs::write(file, page)?;
    }
    Ok(())
}

fn told(round: &Round) -> String {
    let parts: Vec<String> = round.parts.iter().map(|(name, micros)| format!("{name} {micros:.1}")).collect();
    format!("{:.0} events/s; microseconds of processor per event: {}", round.rate, parts.join(", "))
}

fn page(options: &Options, floors: &[Round], engines: &[Round]) -> String {
    let median = |rounds: &[Round]| {
        let mut rates: Vec<f64> = rounds.iter().map(|round| round.rate).collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let mut text = format!(
        "{} events, {} rounds, medians: floor {:.0}/s, engine {:.0}/s, ratio {:.3}\n\n| round | floor, events/s | engine, events/s | ratio |\n|---|---|---|---|\n",
        options.events,
        options.rounds,
        median(floors),
        median(engines),
        median(engines) / median(floors)
    );
    for (number, (floor, engine)) in floors.iter().zip(engines).enumerate() {
        text +=
            &format!("| {} | {:.0} | {:.0} | {:.3} |\n", number + 1, floor.rate, engine.rate, engine.rate / floor.rate);
    }
    text
}
