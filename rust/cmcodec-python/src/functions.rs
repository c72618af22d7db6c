//! The functions of the module: the seam that the fallback backend has too.

use std::sync::atomic::{AtomicUsize, Ordering};

use cmcodec::error::{Error, Reason};
use cmcodec::load::{Loaded, load as load_message, root as message_root};
use cmcodec::outline::{member, outline as outline_message};
use cmcodec::schema::locate::Step;
use cmcodec::schema::walk::{self, Options, Walker};
use cmcodec::schema::{self, Node};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};

use crate::build::Builder;
use crate::encode::{Cause, Encoder};
use crate::proof;
use crate::registry::Registry;

/// From this size on the interpreter is released while octets are validated:
/// below it, letting go and taking hold costs more than the walk.
const DETACH_FROM: usize = 8192;

fn detached<T: Send>(py: Python<'_>, size: usize, work: impl FnOnce() -> T + Send) -> T {
    if size < DETACH_FROM { work() } else { py.detach(work) }
}

/// The Python exception of a refusal: the one place where reasons get classes.
pub fn raise(py: Python<'_>, root: &str, error: &Error) -> PyErr {
    let registry = match Registry::of(py) {
        Ok(registry) => registry,
        Err(raised) => return raised,
    };
    let class = match error.reason() {
        Reason::Depth | Reason::Limit | Reason::NumberLimit | Reason::MessageLimit => {
            &registry.limit_error
        }
        _ => &registry.decode_error,
    };
    let arguments = (error.reason().code(), error.offset(), rooted(root, &error.path()));
    match class.bind(py).call1(arguments) {
        Ok(exception) => PyErr::from_value(exception),
        Err(raised) => raised,
    }
}

/// A path from the name of its root on.
fn rooted(root: &str, path: &str) -> String {
    let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{root}{joint}{path}")
}

/// Decodes the whole of `data` as the type of this name.
#[pyfunction]
pub fn decode<'py>(
    py: Python<'py>,
    name: &str,
    data: Bound<'py, PyBytes>,
    strict: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let registry = Registry::of(py)?;
    let node = registry.node(name)?;
    let octets = data.as_bytes();
    let options = Options { strict, ..Options::default() };
    detached(py, octets.len(), || walk::validate(node, octets, options))
        .map_err(|error| raise(py, node.root, &error))?;
    let value = build(node, &data, 0, octets.len())?.0;
    proof::attach(registry, node, &value)?;
    Ok(value)
}

/// Builds the value of the type of this name at `pos` of `buffer`, which was
/// validated before, and says where it ends.
#[pyfunction]
pub fn decode_at<'py>(
    py: Python<'py>,
    name: &str,
    buffer: Bound<'py, PyBytes>,
    pos: usize,
    end: usize,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    build(Registry::of(py)?.node(name)?, &buffer, pos, end)
}

fn build<'py>(
    node: &'static Node,
    buffer: &Bound<'py, PyBytes>,
    pos: usize,
    end: usize,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    let py = buffer.py();
    let mut builder = Builder::new(Registry::of(py)?, buffer);
    let Some(built) = builder.at(node, pos, end) else {
        return Err(builder.raised.unwrap_or_else(|| {
            // Octets that were not validated: the walk knows what is wrong with them.
            let walked = Walker::new(buffer.as_bytes(), Options::default()).at(node, pos, end);
            raise(py, node.root, &walked.err().unwrap_or(Error::new(Reason::BadValue, pos)))
        }));
    };
    Ok(built)
}

/// Encodes `value` as the type of this name.
#[pyfunction]
pub fn encode<'py>(
    py: Python<'py>,
    name: &str,
    value: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let registry = Registry::of(py)?;
    let node = registry.node(name)?;
    let mut scratch = registry.take_scratch();
    let encoded = match Encoder::new(py, registry, &mut scratch).encode(node, &value) {
        Ok(verdict) => {
            verdict.map_err(|error| refuse(registry, py, node, error.reason().code(), &error))
        }
        Err(refusal) => Err(match refusal.cause() {
            Cause::Raised(raised) => raised,
            Cause::Value(reason, path) => {
                let error = path.into_iter().fold(Error::new(Reason::BadValue, 0), Error::within);
                refuse(registry, py, node, reason, &error)
            }
        }),
    };
    registry.keep_scratch(scratch);
    encoded
}

fn refuse(
    registry: &Registry,
    py: Python<'_>,
    node: &'static Node,
    reason: &str,
    error: &Error,
) -> PyErr {
    let arguments = (reason, py.None(), rooted(node.root, &error.path()));
    match registry.encode_error.bind(py).call1(arguments) {
        Ok(exception) => PyErr::from_value(exception),
        Err(raised) => raised,
    }
}

/// Validates a message: its DER form, how it was encoded, and its root type.
#[pyfunction]
pub fn load<'py>(
    py: Python<'py>,
    data: Bound<'py, PyBytes>,
    strict: bool,
    max_layers: usize,
    max_size: usize,
) -> PyResult<(Bound<'py, PyBytes>, &'static str, &'static str)> {
    let octets = data.as_bytes();
    let options = Options { strict, max_layers, max_size, ..Options::default() };
    let loaded: Loaded<'_> = detached(py, octets.len(), || load_message(octets, options))
        .map_err(|error| raise(py, message_root(octets).root, &error))?;
    let der = match loaded.der {
        std::borrow::Cow::Borrowed(_) => data.clone(),
        std::borrow::Cow::Owned(der) => PyBytes::new(py, &der),
    };
    Ok((der, loaded.encoding.name(), loaded.root.name))
}

/// Where each element of `buffer[start:end]` starts.
#[pyfunction]
pub fn offsets<'py>(
    py: Python<'py>,
    buffer: Bound<'py, PyBytes>,
    start: usize,
    end: usize,
) -> PyResult<Vec<usize>> {
    cmcodec::der::children(buffer.as_bytes(), start, end)
        .map(|tlv| tlv.map(|tlv| tlv.start()).map_err(|error| raise(py, "", &error)))
        .collect()
}

/// Of each TaggedContentInfo of `buffer[start:end]`: its id, and the span of
/// its ContentInfo.
#[pyfunction]
pub fn members(buffer: Bound<'_, PyBytes>, start: usize, end: usize) -> Members {
    Members { buffer: buffer.unbind(), pos: AtomicUsize::new(start), end }
}

/// The iterator of [`members`].
#[pyclass(frozen)]
pub struct Members {
    buffer: Py<PyBytes>,
    pos: AtomicUsize,
    end: usize,
}

#[pymethods]
impl Members {
    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<(u32, usize, usize)>> {
        let pos = self.pos.load(Ordering::Relaxed);
        if pos >= self.end {
            return Ok(None);
        }
        let member = member(self.buffer.as_bytes(py), pos, self.end)
            .ok_or_else(|| PyValueError::new_err("no TaggedContentInfo"))?;
        self.pos.store(member.tlv.end(), Ordering::Relaxed);
        let info = member.content_info;
        Ok(Some((member.body_part_id, info.start(), info.end())))
    }
}

/// Start, content and end of the element that `path` leads to from the type of this name
/// at `buffer[start:end]`.
#[pyfunction]
pub fn locate<'py>(
    py: Python<'py>,
    name: &str,
    buffer: Bound<'py, PyBytes>,
    start: usize,
    end: usize,
    path: Bound<'py, PyTuple>,
) -> PyResult<Option<(usize, usize, usize)>> {
    let node = Registry::of(py)?.node(name)?;
    let mut names = Vec::with_capacity(path.len());
    for step in path.iter() {
        names.push(if step.is_instance_of::<PyInt>() {
            // No sequence has an element at a negative or enormous index.
            Owned::Index(step.extract().unwrap_or(usize::MAX))
        } else {
            Owned::Field(step.cast::<PyString>()?.to_str()?.to_owned())
        });
    }
    let steps: Vec<Step<'_>> = names
        .iter()
        .map(|step| match step {
            Owned::Field(name) => Step::Field(name),
            Owned::Index(index) => Step::Index(*index),
        })
        .collect();
    let found = schema::locate::locate(node, buffer.as_bytes(), start, end, &steps);
    Ok(found.map(|tlv| (tlv.start(), tlv.content(), tlv.end())))
}

enum Owned {
    Field(String),
    Index(usize),
}

/// Which message `buffer[start:end]` is, the type of its content, and where
/// that content stands.
#[pyfunction]
pub fn outline(
    buffer: Bound<'_, PyBytes>,
    start: usize,
    end: usize,
    root: &str,
) -> PyResult<(&'static str, &'static str, usize, usize)> {
    let outline = outline_message(root_node(root)?, buffer.as_bytes(), start, end);
    let (name, start, end) = match outline.content {
        Some((node, tlv)) => (node.name, tlv.start(), tlv.end()),
        None => ("", start, end),
    };
    Ok((outline.kind.name(), name, start, end))
}

/// The content of the message `buffer[start:end]`, if it has one.
/// `is_proven`: what is nested in it was validated too, within the default bounds.
#[pyfunction]
#[pyo3(signature = (buffer, start, end, root, is_proven=false))]
pub fn content<'py>(
    buffer: Bound<'py, PyBytes>,
    start: usize,
    end: usize,
    root: &str,
    is_proven: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let outline = outline_message(root_node(root)?, buffer.as_bytes(), start, end);
    let Some((node, tlv)) = outline.content else { return Ok(None) };
    let value = build(node, &buffer, tlv.start(), tlv.end())?.0;
    if is_proven {
        proof::attach(Registry::of(buffer.py())?, node, &value)?;
    }
    Ok(Some(value))
}

fn root_node(name: &str) -> PyResult<&'static Node> {
    match name {
        "CertificationRequest" => Ok(&schema::compiled::CERTIFICATION_REQUEST),
        "ContentInfo" => Ok(&schema::compiled::CONTENT_INFO),
        _ => Err(PyValueError::new_err("no such root")),
    }
}
