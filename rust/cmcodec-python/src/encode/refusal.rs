//! Why there is no encoding.

use cmcodec::{Error, Reason, Segment};
use pyo3::prelude::*;

/// The result of anything that encodes.
pub type Result<T> = std::result::Result<T, Refusal>;

/// Why a value has no encoding.
pub enum Refusal {
    /// A reason and a path; the offset says nothing.
    Value(Error),
    /// Python raised while a value was read.
    Raised(Box<PyErr>),
}

impl Refusal {
    /// A value of the wrong Python type.
    #[cold]
    pub fn bad_type() -> Self {
        Error::new(Reason::BadType, 0).into()
    }

    /// A value of the right type that ASN.1 does not have.
    #[cold]
    pub fn bad_value() -> Self {
        Error::new(Reason::BadValue, 0).into()
    }

    /// Adds the step that leads to the value this was found in. A value inside itself has no path
    /// that ends.
    #[cold]
    pub fn within(self, segment: Segment<'static>) -> Self {
        match self {
            Self::Value(error) if error.reason() != Reason::Depth => error.within(segment).into(),
            other => other,
        }
    }

    /// Whether writing ends here. Otherwise it goes on towards the front, so
    /// that of several faults the first one is named.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Value(error) if error.reason() != Reason::Depth)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Value(error)
    }
}

impl From<PyErr> for Refusal {
    #[cold]
    fn from(raised: PyErr) -> Self {
        Self::Raised(Box::new(raised))
    }
}
