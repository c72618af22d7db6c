//! One error type for everything that reading bad input can cause.

use std::fmt;

pub use crate::generated::reasons::{Reason, Rule};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One step of a path from the root of the input to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A field or alternative, by its name in the standard.
    Field(&'a str),
    /// An element of a SEQUENCE OF or SET OF.
    Index(usize),
}

/// A refusal: why, where in the octets, and where in the structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    offset: usize,
    /// Innermost first: pushed while the walk unwinds.
    path: Vec<Segment<'static>>,
}

/// The result of anything that reads untrusted octets.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal at `offset` octets from the start of the input.
    #[cold]
    pub fn new(reason: Reason, offset: usize) -> Self {
        Self(Box::new(Inner { reason, offset, path: Vec::new() }))
    }

    /// Adds the step that leads to the element this error was found in.
    #[must_use]
    #[cold]
    pub fn within(mut self, segment: Segment<'static>) -> Self {
        self.0.path.push(segment);
        self
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Where: octets from the start of the input.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Where, in names: `pkiData.controlSequence[2].attrValues[0]`.
    pub fn path(&self) -> String {
        let mut text = String::new();
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Field(name) if text.is_empty() => text.push_str(name),
                Segment::Field(name) => text.extend([".", name]),
                Segment::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.reason(), self.offset())?;
        let path = self.path();
        if path.is_empty() { Ok(()) } else { write!(f, " in {path}") }
    }
}

impl std::error::Error for Error {}
