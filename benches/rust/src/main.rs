//! Does what it is asked to a message, again and again, and says how long each took.
//!
//! A line on standard input asks `OPERATION THREADS PATH`; a line of JSON replies. `hello` replies
//! with the names of all operations, as `benches/peers/served.py` reads them. The input is read
//! from disk before the clock starts.
#![forbid(unsafe_code)]

mod answers;
mod peers;

use std::io::{self, Write};
use std::{error, fs};

use serde_json::{Value, json};

use crate::peers::PEERS;

type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    for line in io::stdin().lines() {
        let reply = reply(&line?).unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

fn reply(line: &str) -> Result<Value> {
    if line == "hello" {
        return Ok(hello());
    }
    let mut words = line.splitn(3, ' ');
    let (Some(operation), Some(threads), Some(path)) = (words.next(), words.next(), words.next())
    else {
        return Err("ask: OPERATION THREADS PATH".into());
    };
    let (peer, operation) = operation.split_once('/').ok_or("an operation is PEER/NAME")?;
    let peer = PEERS.iter().find(|it| it.name == peer).ok_or("no such peer")?;
    let (_, run) =
        peer.operations.iter().find(|(name, _)| *name == operation).ok_or("no such operation")?;
    Ok(run.run(&fs::read(path)?, threads.parse()?)?.reply())
}

fn hello() -> Value {
    let described = |peer: &peers::Peer| {
        let operations: Vec<&str> = peer.operations.iter().map(|(name, _)| *name).collect();
        let version = peers::version(peer.package);
        (peer.name.to_owned(), json!({"version": version, "operations": operations}))
    };
    json!({"peers": PEERS.iter().map(described).collect::<serde_json::Map<_, _>>()})
}
