//! The parent's side: a child per component, ended when it takes too long or answers too much.

use super::frame::{Answer, HEAD};
use crate::config::Space;
use crate::fault::Fault;
use crate::output::printable;
use crate::precompiled::Image;
use crate::problem::failure;
use crate::refusals::Excess;
use staunch_core::codes;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Bytes of what a child says about its end.
const SAID: u64 = 2_000;
/// Looks at a child that has answered but not ended, a millisecond apart.
const LOOKS: u32 = 1_000;

/// What a child may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Wall time.
    pub time: Duration,
    /// Address space, in bytes.
    pub memory: u64,
    /// Bytes of machine code.
    pub output: u64,
}

impl Default for CompileLimits {
    /// 30 seconds, 4 GiB, 256 MiB.
    fn default() -> CompileLimits {
        CompileLimits { time: Duration::from_secs(30), memory: 4 << 30, output: 256 << 20 }
    }
}

/// A program that calls [`serve`](super::serve).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildCompiler {
    /// The program's file.
    pub program: PathBuf,
    /// Its first arguments; what `serve` wants follows them.
    pub arguments: Vec<String>,
    /// Its limits.
    pub limits: CompileLimits,
}

/// How a child ended.
struct Ended {
    answer: Result<Vec<u8>, RecvTimeoutError>,
    status: Option<ExitStatus>,
    said: String,
}

impl ChildCompiler {
    /// One with the default limits.
    pub fn new(program: PathBuf, arguments: &[&str]) -> ChildCompiler {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        ChildCompiler { program, arguments, limits: CompileLimits::default() }
    }

    /// The machine code of a component, and whether the child found it to be our own compiler's.
    pub(super) fn compile(&self, space: Space, bytes: &[u8]) -> Result<(Image, bool), Fault> {
        let failed = |error: std::io::Error| {
            let program = self.program.display();
            Fault::new(codes::PLUGIN_COMPILE, format!("`{program}` cannot be started to compile it: {error}"))
        };
        let mut child = self.command(space).spawn().map_err(failed)?;
        let ended = self.converse(&mut child, bytes);
        let answer =
            ended.answer.as_ref().ok().filter(|answer| answer.len() as u64 <= self.limits.output + HEAD as u64);
        match answer.and_then(|answer| Answer::read(answer.clone())) {
            Some(Answer::Code(code, ours)) => Ok((Image::of_own_child(code), ours)),
            Some(Answer::Failed(failure)) => Err(told(&failure.code, &failure.message)),
            None => Err(self.broken(&ended)),
        }
    }

    fn command(&self, space: Space) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args([space.name(), &self.limits.memory.to_string(), &self.limits.time.as_secs().to_string()])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Writes the component and reads the answer, at the same time; no child outlives this.
    fn converse(&self, child: &mut Child, bytes: &[u8]) -> Ended {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, receiver) = channel();
        let most = self.limits.output + HEAD as u64 + 1;
        std::thread::scope(|scope| {
            // A child that ends early closes its end: that is seen at the answer.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(bytes)));
            let said = scope.spawn(move || stderr.map(|stderr| read(stderr, SAID)).unwrap_or_default());
            scope.spawn(move || sender.send(stdout.map(|stdout| read(stdout, most)).unwrap_or_default()));
            let answer = receiver.recv_timeout(self.limits.time);
            let over = answer.as_ref().map_or(true, |answer| answer.len() as u64 >= most);
            let status = if over { None } else { ending(child) };
            // Whatever it is doing now, nobody waits for it; where it has ended, this does nothing.
            let _ = child.kill();
            let _ = child.wait();
            let said = String::from_utf8_lossy(&said.join().unwrap_or_default()).into_owned();
            Ended { answer, status, said }
        })
    }

    fn broken(&self, ended: &Ended) -> Fault {
        let excess = |limit, allowed, demanded| Excess { limit, allowed, demanded };
        let limited = |message: &str, excess| Fault::limit(codes::PLUGIN_COMPILE, message, excess);
        let CompileLimits { time, memory, output } = &self.limits;
        match &ended.answer {
            Err(_) => {
                let allowed = time.as_millis() as u64;
                let excess = excess("milliseconds of compiling", allowed, allowed + 1);
                limited("compiling it took too long and was ended", excess)
            }
            Ok(answer) if answer.len() as u64 > output + HEAD as u64 => {
                let excess = excess("bytes of machine code", *output, answer.len() as u64 - HEAD as u64);
                limited("compiling it made too much code", excess)
            }
            Ok(_) if ended.said.to_lowercase().contains("memory") => {
                let demanded = wanted(&ended.said).map_or(memory + 1, |wanted| wanted.max(memory + 1));
                let excess = excess("bytes of memory to compile", *memory, demanded);
                limited("compiling it took too much memory and was ended", excess)
            }
            Ok(_) => {
                let status = ended.status.map_or("no end".to_owned(), |status| status.to_string());
                let said = printable(ended.said.lines().next().unwrap_or_default());
                Fault::new(codes::PLUGIN_COMPILE, format!("its compiler ended without an answer ({status}): {said}"))
            }
        }
    }
}

/// A failure that the child names; only codes that it can know are taken.
fn told(code: &str, message: &str) -> Fault {
    let known = [codes::PLUGIN_INVALID, codes::PLUGIN_IMPORTS, codes::PLUGIN_TOO_LARGE, codes::PLUGIN_LIMITS];
    let code = known.into_iter().find(|known| *known == code).unwrap_or(codes::PLUGIN_COMPILE);
    Fault { code: Some(code), ..Fault::from(failure(code, printable(message))) }
}

/// The bytes that an allocation wanted, as the runtime says when there are none.
fn wanted(said: &str) -> Option<u64> {
    said.split("memory allocation of ").nth(1)?.split(' ').next()?.parse().ok()
}

fn read(from: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before an error is still the most that is known.
    let _ = from.take(most).read_to_end(&mut bytes);
    bytes
}

/// How a child that has closed its output ends, if it does so soon.
fn ending(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..LOOKS {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            ended => return ended.ok().flatten(),
        }
    }
    None
}
