//! Why there is no encoding.

use cmcodec::error::Segment;
use pyo3::prelude::*;

/// Why a value has no encoding.
pub struct Refusal(Box<Cause>);

/// The two ways in which a value has none.
pub enum Cause {
    /// A stable code, and the path from the innermost step outwards.
    Value(&'static str, Vec<Segment>),
    /// Python raised while a value was read.
    Raised(PyErr),
}

impl Refusal {
    /// For a stable code.
    #[cold]
    pub fn new(reason: &'static str) -> Self {
        Self(Box::new(Cause::Value(reason, Vec::new())))
    }

    /// A value of the wrong Python type.
    #[cold]
    pub fn bad_type() -> Self {
        Self::new("bad_type")
    }

    /// A value of the right type that ASN.1 does not have.
    #[cold]
    pub fn bad_value() -> Self {
        Self::new("bad_value")
    }

    /// Adds the step that leads to the value this was found in.
    #[cold]
    pub fn within(mut self, segment: Segment) -> Self {
        match &mut *self.0 {
            // A value inside itself has no path that ends.
            Cause::Value("depth", _) | Cause::Raised(_) => {}
            Cause::Value(_, path) => path.push(segment),
        }
        self
    }

    /// Whether writing ends here. Otherwise it goes on towards the front, so
    /// that of several faults the first one is named.
    pub fn is_final(&self) -> bool {
        matches!(*self.0, Cause::Value("depth", _) | Cause::Raised(_))
    }

    /// The cause.
    pub fn cause(self) -> Cause {
        *self.0
    }
}

impl From<PyErr> for Refusal {
    #[cold]
    fn from(raised: PyErr) -> Self {
        Self(Box::new(Cause::Raised(raised)))
    }
}
