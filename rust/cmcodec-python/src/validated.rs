//! What is known of octets that Python holds.

use cmcodec::schema::{Kind, Node};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::classes::Classes;
use crate::object::Held;

/// That `buffer[start..end]` are the elements of a cmsSequence, which the walk
/// accepted with its default bounds in the root of a message layer.
///
/// Only the engine makes one, and nothing changes it.
#[pyclass(frozen, module = "cmcodec._rust")]
pub struct Validated {
    buffer: Py<PyBytes>,
    start: usize,
    end: usize,
}

impl Validated {
    /// Whether it is about `buffer[start..end]`.
    pub fn is_of(&self, buffer: &Bound<'_, PyAny>, start: usize, end: usize) -> bool {
        self.buffer.is(buffer) && (self.start, self.end) == (start, end)
    }

    /// How many octets it is about.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// What it is about.
    pub fn octets<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        self.buffer.as_bytes(py).get(self.start..self.end).unwrap_or_default()
    }
}

/// Notes in the `LazySequence` of `value`, which was made of validated octets as
/// `node`, that its octets are.
pub fn attach(classes: &Classes, node: &Node, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let Kind::Sequence { fields, body_parts: true, .. } = &node.kind else { return Ok(()) };
    let Some(message) = classes.class(node)?.reader(value) else { return Ok(()) };
    for (index, field) in fields.iter().enumerate() {
        if !matches!(field.node.kind, Kind::SequenceOf { lazy: true, .. }) {
            continue;
        }
        let Held::Value(lazy) = message.get(index) else { continue };
        let py = value.py();
        let start = lazy.getattr(pyo3::intern!(py, "start"))?.extract()?;
        let end = lazy.getattr(pyo3::intern!(py, "end"))?.extract()?;
        // Of no octets there is nothing to know.
        if start < end {
            let buffer = lazy.getattr(pyo3::intern!(py, "buffer"))?.cast_into()?.unbind();
            lazy.setattr(pyo3::intern!(py, "validated"), Validated { buffer, start, end })?;
        }
    }
    Ok(())
}
