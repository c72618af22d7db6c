//! The functions of the module: those of the backend interface.

use std::sync::atomic::{AtomicUsize, Ordering};

use cmcodec::error::{Error, Reason, Segment};
use cmcodec::generated::schema::{CERTIFICATE, CERTIFICATION_REQUEST, CONTENT_INFO};
use cmcodec::load::{Loaded, load as load_message, root as message_root};
use cmcodec::message_kind::{Described, member, message_kind as describe};
use cmcodec::schema::walk::{self, Options, Walker};
use cmcodec::schema::{self, Node};
use cmcodec::verify::issued::v13_certificate_signature;
use cmcodec::view::certificate::Certificate;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple};

use crate::build::Builder;
use crate::classes::Classes;
use crate::encode::{Encoder, Refusal};
use crate::errors::{raise, reason_and_rule, refuse};
use crate::validated;

/// From this size on the interpreter is released while octets are validated:
/// below it, letting go and taking hold costs more than the walk.
const DETACH_FROM: usize = 8192;

fn detached<T: Send>(py: Python<'_>, size: usize, work: impl FnOnce() -> T + Send) -> T {
    if size < DETACH_FROM { work() } else { py.detach(work) }
}

/// Decodes the whole of `data` as the type of this name.
#[pyfunction]
#[pyo3(signature = (name, data, strict, /))]
pub fn decode<'py>(
    py: Python<'py>,
    name: &str,
    data: Bound<'py, PyBytes>,
    strict: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let classes = Classes::of(py)?;
    let node = classes.node(name)?;
    let octets = data.as_bytes();
    let options = Options { strict, ..Options::default() };
    detached(py, octets.len(), || walk::validate(node, octets, options))
        .map_err(|error| raise(py, node.root, &error))?;
    let value = build(node, &data, 0, octets.len())?.0;
    validated::attach(classes, node, &value)?;
    Ok(value)
}

/// Builds the value of the type of this name at `pos` of `buffer`, which was
/// validated before, and says where it ends.
#[pyfunction]
#[pyo3(signature = (name, buffer, pos, end, /))]
pub fn decode_at<'py>(
    py: Python<'py>,
    name: &str,
    buffer: Bound<'py, PyBytes>,
    pos: usize,
    end: usize,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    build(Classes::of(py)?.node(name)?, &buffer, pos, end)
}

fn build<'py>(
    node: &'static Node,
    buffer: &Bound<'py, PyBytes>,
    pos: usize,
    end: usize,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    let py = buffer.py();
    let mut builder = Builder::new(Classes::of(py)?, buffer);
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
#[pyo3(signature = (name, value, /))]
pub fn encode<'py>(
    py: Python<'py>,
    name: &str,
    value: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let classes = Classes::of(py)?;
    let node = classes.node(name)?;
    let mut cache = classes.take_cache();
    let encoded = Encoder::new(py, classes, &mut cache).encode(node, &value);
    classes.keep_cache(cache);
    encoded.map_err(|refusal| match refusal {
        Refusal::Value(error) => refuse(py, node.root, &error),
        Refusal::Raised(raised) => *raised,
    })
}

/// Validates a message: its DER form, how it was encoded, and its root.
#[pyfunction]
#[pyo3(signature = (data, strict, max_layers, max_size, wrapped=false, /))]
pub fn load<'py>(
    py: Python<'py>,
    data: Bound<'py, PyBytes>,
    strict: bool,
    max_layers: usize,
    max_size: usize,
    wrapped: bool,
) -> PyResult<(Bound<'py, PyBytes>, &'static str, &'static str)> {
    let octets = data.as_bytes();
    let options = Options { strict, max_layers, max_size, wrapped, ..Options::default() };
    let loaded: Loaded<'_> = detached(py, octets.len(), || load_message(octets, options))
        .map_err(|error| raise(py, message_root(octets).root, &error))?;
    let root = if loaded.wrapped { "WrappedRequest" } else { loaded.root.name };
    let der = match loaded.der {
        std::borrow::Cow::Borrowed(_) => data.clone(),
        std::borrow::Cow::Owned(der) => PyBytes::new(py, &der),
    };
    Ok((der, loaded.encoding.name(), root))
}

/// Where each element of `buffer[start:end]` starts.
#[pyfunction]
#[pyo3(signature = (buffer, start, end, /))]
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
#[pyo3(signature = (buffer, start, end, /))]
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
#[pyo3(signature = (name, buffer, start, end, path, /))]
pub fn locate<'py>(
    py: Python<'py>,
    name: &str,
    buffer: Bound<'py, PyBytes>,
    start: usize,
    end: usize,
    path: Bound<'py, PyTuple>,
) -> PyResult<Option<(usize, usize, usize)>> {
    let node = Classes::of(py)?.node(name)?;
    let steps: Vec<Bound<'_, PyAny>> = path.iter().collect();
    let path: Vec<Segment<'_>> = steps.iter().map(segment).collect::<PyResult<_>>()?;
    let found = schema::locate::locate(node, buffer.as_bytes(), start, end, &path);
    Ok(found.map(|tlv| (tlv.start(), tlv.content(), tlv.end())))
}

/// A step of a path, by the standard's name or by position.
fn segment<'a>(step: &'a Bound<'_, PyAny>) -> PyResult<Segment<'a>> {
    if step.is_instance_of::<PyInt>() {
        // No sequence has an element at a negative or enormous index.
        return Ok(Segment::Index(step.extract().unwrap_or(usize::MAX)));
    }
    Ok(Segment::Field(step.cast::<PyString>()?.to_str()?))
}

/// Which message `buffer[start:end]` is, the type of its content, and where
/// that content stands.
#[pyfunction]
#[pyo3(signature = (buffer, start, end, root, /))]
pub fn message_kind(
    buffer: Bound<'_, PyBytes>,
    start: usize,
    end: usize,
    root: &str,
) -> PyResult<(&'static str, &'static str, usize, usize)> {
    let (node, wrapped) = root_node(root)?;
    let described: Described = describe(node, buffer.as_bytes(), start, end, wrapped);
    let (name, start, end) = match described.content {
        Some((node, tlv)) => (node.name, tlv.start(), tlv.end()),
        None => ("", start, end),
    };
    Ok((described.kind.name(), name, start, end))
}

/// The content of the message `buffer[start:end]`, if it has one.
/// `nested_validated`: what is nested in it was validated too, within the default bounds.
#[pyfunction]
#[pyo3(signature = (buffer, start, end, root, nested_validated=false, /))]
pub fn content<'py>(
    buffer: Bound<'py, PyBytes>,
    start: usize,
    end: usize,
    root: &str,
    nested_validated: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (node, wrapped) = root_node(root)?;
    let described: Described = describe(node, buffer.as_bytes(), start, end, wrapped);
    let Some((node, tlv)) = described.content else { return Ok(None) };
    let value = build(node, &buffer, tlv.start(), tlv.end())?.0;
    if nested_validated {
        validated::attach(Classes::of(buffer.py())?, node, &value)?;
    }
    Ok(Some(value))
}

/// The type of a root, and whether it is that of a wrapped request.
fn root_node(name: &str) -> PyResult<(&'static Node, bool)> {
    match name {
        "CertificationRequest" => Ok((&CERTIFICATION_REQUEST, false)),
        "ContentInfo" => Ok((&CONTENT_INFO, false)),
        "WrappedRequest" => Ok((&CONTENT_INFO, true)),
        _ => Err(PyValueError::new_err("no such root")),
    }
}

/// A certificate, taken apart: issuer, serial number, key identifier, validity, subject,
/// subjectPublicKeyInfo and extensions.
#[pyfunction]
#[pyo3(signature = (octets, /))]
pub fn certificate<'py>(octets: Bound<'py, PyBytes>) -> Option<Outline<'py>> {
    let py = octets.py();
    let data = octets.as_bytes();
    walk::validate(&CERTIFICATE, data, Options::default()).ok()?;
    let certificate = Certificate::parse(data)?;
    let (validity, subject) = certificate.validity_and_subject(data)?;
    let bytes = |octets| PyBytes::new(py, octets);
    Some((
        bytes(certificate.issuer.octets(data)),
        bytes(certificate.serial_number.octets(data)),
        certificate.key_identifier(data).map(bytes),
        bytes(validity.octets(data)),
        bytes(subject.octets(data)),
        bytes(certificate.subject_public_key_info.octets(data)),
        certificate.extensions.map(|list| bytes(list.octets(data))),
    ))
}

type Outline<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Option<Bound<'py, PyBytes>>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Option<Bound<'py, PyBytes>>,
);

/// Why a certificate was not signed by the key of this SubjectPublicKeyInfo, if it was not.
#[pyfunction]
#[pyo3(signature = (certificate, spki, /))]
pub fn certificate_signature<'py>(
    py: Python<'py>,
    certificate: Bound<'py, PyBytes>,
    spki: Bound<'py, PyBytes>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (octets, spki) = (certificate.as_bytes(), spki.as_bytes());
    match py.detach(|| v13_certificate_signature(octets, spki)) {
        Ok(()) => Ok(None),
        Err(reason) => Ok(Some(reason_and_rule(py, reason)?.0.bind(py).clone())),
    }
}
