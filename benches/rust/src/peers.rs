//! Who can be asked for what.

mod cmcodec;
mod limits;
#[allow(dead_code)] // The schema is whole; what nobody asks for is read all the same.
mod rasn;
mod rust_asn1;
#[allow(dead_code)] // The schema is whole; what nobody asks for is read all the same.
mod rustcrypto;

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Map, Value};

use self::Run::{Alone, Threaded};
use crate::Result;

/// A library, or a limit of the machine.
pub struct Peer {
    pub name: &'static str,
    /// The package whose version is told.
    pub package: &'static str,
    pub operations: &'static [(&'static str, Run)],
}

/// How an operation is done to a message.
pub enum Run {
    /// On one thread.
    Alone(fn(&[u8]) -> Result<Outcome>),
    /// On as many threads as are asked for.
    Threaded(fn(&[u8], usize) -> Result<Outcome>),
}

impl Run {
    pub fn run(&self, data: &[u8], threads: usize) -> Result<Outcome> {
        match (self, threads) {
            (_, 0) => Err("at least one thread".into()),
            (Threaded(run), _) => run(data, threads),
            (Alone(run), 1) => run(data),
            (Alone(_), _) => Err("this operation has one thread".into()),
        }
    }
}

pub const PEERS: &[Peer] = &[
    Peer {
        name: "cmcodec",
        package: "cmcodec",
        operations: &[("load", Alone(cmcodec::load)), ("verify", Threaded(cmcodec::verify))],
    },
    Peer {
        name: "limit",
        package: "aws-lc-rs",
        operations: &[("verify", Threaded(limits::verify)), ("walk", Alone(limits::walk))],
    },
    Peer {
        name: "rasn",
        package: "rasn",
        operations: &[("load", Alone(rasn::load)), ("read", Alone(rasn::read))],
    },
    Peer {
        name: "rust-asn1",
        package: "asn1",
        operations: &[
            ("load", Alone(rust_asn1::load)),
            ("read", Alone(rust_asn1::read)),
            ("verify", Alone(rust_asn1::verify)),
        ],
    },
    Peer {
        name: "rustcrypto",
        package: "cms",
        operations: &[("load", Alone(rustcrypto::load)), ("read", Alone(rustcrypto::read))],
    },
];

/// The version of a package, as `Cargo.lock` pins it.
pub fn version(package: &str) -> &'static str {
    let name = format!("\"{package}\"");
    let mut lines = include_str!("../Cargo.lock").lines();
    lines.by_ref().find(|line| line.strip_prefix("name = ") == Some(&*name));
    lines.next().and_then(|line| line.split('"').nth(1)).unwrap_or_default()
}

/// What became of an operation.
pub struct Outcome {
    /// How long it took.
    seconds: f64,
    /// Messages nested in the one that was read.
    messages: usize,
    /// What it found.
    answer: Value,
    /// More figures, by name.
    more: Map<String, Value>,
}

impl Outcome {
    pub fn new(seconds: f64, messages: usize, answer: impl Into<Value>) -> Self {
        Self { seconds, messages, answer: answer.into(), more: Map::new() }
    }

    pub fn with(mut self, name: &str, figure: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), figure.into());
        self
    }

    pub fn reply(self) -> Value {
        let Self { seconds, messages, answer, more } = self;
        let mut reply = more;
        reply.insert("seconds".to_owned(), seconds.into());
        reply.insert("messages".to_owned(), messages.into());
        reply.insert("answer".to_owned(), answer);
        reply.into()
    }
}

/// Does `work`, looks at what it made, and drops it. A program that reads one message after another
/// waits for the drop too, so that its time counts; `seconds_drop` is that part.
fn measured<T>(
    work: impl FnOnce() -> Result<T>,
    look: impl FnOnce(&T) -> Result<(usize, Value)>,
) -> Result<Outcome> {
    let (doing, made) = timed(work);
    let made = made?;
    let (messages, answer) = look(&made)?;
    let (dropping, ()) = timed(|| drop(made));
    Ok(Outcome::new(doing + dropping, messages, answer).with("seconds_drop", dropping))
}

/// How long `work` takes, and what it makes.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let made = black_box(work());
    (start.elapsed().as_secs_f64(), made)
}
