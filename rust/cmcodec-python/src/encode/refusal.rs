//! Why there is no encoding.

use cmcodec::{Reason, Segment};
use pyo3::prelude::*;

/// The result of anything that encodes.
pub type Result<T> = std::result::Result<T, Refusal>;

/// Why a value has no encoding.
pub struct Refusal(Box<Cause>);

/// The two ways in which a value has none.
pub enum Cause {
    /// The reason, and the path from the innermost step outwards.
    Value(Reason, Vec<Segment>),
    /// Python raised while a value was read.
    Raised(PyErr),
}

impl Refusal {
    /// For a reason.
    #[cold]
    pub fn new(reason: Reason) -> Self {
        Self(Box::new(Cause::Value(reason, Vec::new())))
    }

    /// A value of the wrong Python type.
    #[cold]
    pub fn bad_type() -> Self {
        Self::new(Reason::BadType)
    }

    /// A value of the right type that ASN.1 does not have.
    #[cold]
    pub fn bad_value() -> Self {
        Self::new(Reason::BadValue)
    }

    /// Adds the step that leads to the value this was found in.
    #[cold]
    pub fn within(mut self, segment: Segment) -> Self {
        match &mut *self.0 {
            // A value inside itself has no path that ends.
            Cause::Value(Reason::Depth, _) | Cause::Raised(_) => {}
            Cause::Value(_, path) => path.push(segment),
        }
        self
    }

    /// Whether writing ends here. Otherwise it goes on towards the front, so
    /// that of several faults the first one is named.
    pub fn is_final(&self) -> bool {
        matches!(*self.0, Cause::Value(Reason::Depth, _) | Cause::Raised(_))
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
