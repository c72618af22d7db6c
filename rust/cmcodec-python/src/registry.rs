//! The Python classes the engine makes and reads, looked up once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, TryLockError};

use cmcodec::schema::compiled::NODES;
use cmcodec::schema::{Kind, Node};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyType};

use crate::object::Class;
use crate::oids::Oids;
use crate::scratch::Scratch;

fn class<'py>(module: &Bound<'py, PyModule>, name: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(module.getattr(name)?.cast_into::<PyType>()?)
}

/// Everything of Python that conversion needs.
pub struct Registry {
    /// By node id: the class of a declared type.
    classes: Vec<Option<Class>>,
    /// By node id: the named numbers of an INTEGER or ENUMERATED.
    numbers: Vec<Option<Py<PyDict>>>,
    /// By node id: parts without elements.
    no_parts: Vec<Option<Py<PyAny>>>,
    names: HashMap<&'static str, &'static Node>,
    pub bit_string: Class,
    pub tlv: Class,
    pub parts: Class,
    pub null: Py<PyAny>,
    pub asn1: Py<PyType>,
    pub datetime: Py<PyType>,
    pub utc: Py<PyAny>,
    pub int_from_bytes: Py<PyAny>,
    pub decode_error: Py<PyType>,
    pub encode_error: Py<PyType>,
    pub limit_error: Py<PyType>,
    oids: Mutex<Oids>,
    scratch: Mutex<Option<Scratch>>,
}

static REGISTRY: PyOnceLock<Registry> = PyOnceLock::new();

impl Registry {
    /// The registry, filled at the first call.
    pub fn of(py: Python<'_>) -> PyResult<&Registry> {
        REGISTRY.get_or_try_init(py, || Self::new(py))
    }

    fn new(py: Python<'_>) -> PyResult<Self> {
        let types = py.import("cmcodec.types")?;
        let asn1 = py.import("cmcodec.asn1")?;
        let errors = py.import("cmcodec.errors")?;
        let datetime = py.import("datetime")?;
        let parts = class(&py.import("cmcodec._parts")?, "Parts")?;
        let mut classes = Vec::with_capacity(NODES.len());
        let mut numbers = Vec::with_capacity(NODES.len());
        let mut no_parts = Vec::with_capacity(NODES.len());
        let mut names = HashMap::from([
            ("BitString", &cmcodec::schema::compiled::BIT_STRING),
            ("NullType", &cmcodec::schema::compiled::NULL),
            ("TLV", &cmcodec::schema::compiled::ANY),
        ]);
        for node in NODES.iter().copied() {
            let declared = match &node.kind {
                Kind::Sequence { fields, .. } | Kind::Choice { fields } => {
                    let attributes = fields.iter().map(|field| field.attribute);
                    Some(Class::new(&class(&types, node.name)?, attributes)?)
                }
                Kind::Named(_) => {
                    Some(Class::new(&class(&types, node.name)?, ["value"].into_iter())?)
                }
                Kind::Opaque => Some(Class::new(&class(&types, node.name)?, ["der"].into_iter())?),
                _ => None,
            };
            if declared.is_some() {
                names.insert(node.name, node);
            }
            classes.push(declared);
            numbers.push(match &node.kind {
                Kind::Integer { numbers: Some(name), .. }
                | Kind::Enumerated { numbers: Some(name) } => {
                    let members = class(&types, name)?.getattr("_value2member_map_")?;
                    Some(members.cast_into::<PyDict>()?.unbind())
                }
                _ => None,
            });
            no_parts.push(match &node.kind {
                Kind::SequenceOf { element, parts: true, .. } => {
                    Some(parts.call1((PyBytes::new(py, b""), 0, 0, element.name))?.unbind())
                }
                _ => None,
            });
        }
        Ok(Self {
            classes,
            numbers,
            no_parts,
            names,
            bit_string: Class::new(
                &class(&asn1, "BitString")?,
                ["data", "unused_bits"].into_iter(),
            )?,
            tlv: Class::new(&class(&asn1, "TLV")?, ["der"].into_iter())?,
            parts: Class::new(
                &parts,
                ["buffer", "start", "end", "type_name", "_offsets", "proof"].into_iter(),
            )?,
            null: asn1.getattr("NULL")?.unbind(),
            asn1: class(&asn1, "Asn1")?.unbind(),
            datetime: class(&datetime, "datetime")?.unbind(),
            utc: datetime.getattr("UTC")?.unbind(),
            int_from_bytes: py.get_type::<pyo3::types::PyInt>().getattr("from_bytes")?.unbind(),
            decode_error: class(&errors, "DecodeError")?.unbind(),
            encode_error: class(&errors, "EncodeError")?.unbind(),
            limit_error: class(&errors, "LimitError")?.unbind(),
            oids: Mutex::default(),
            scratch: Mutex::default(),
        })
    }

    /// The class of a declared type.
    pub fn class(&self, node: &Node) -> PyResult<&Class> {
        self.classes
            .get(node.id)
            .and_then(Option::as_ref)
            .ok_or_else(|| PyKeyError::new_err(node.name))
    }

    /// The class of a declared type, if it is one.
    #[inline]
    pub fn class_of(&self, node: &Node) -> Option<&Class> {
        self.classes.get(node.id)?.as_ref()
    }

    /// The named numbers of a type, by value.
    pub fn numbers(&self, node: &Node) -> Option<&Py<PyDict>> {
        self.numbers.get(node.id).and_then(Option::as_ref)
    }

    /// The type with this class name.
    pub fn node(&self, name: &str) -> PyResult<&'static Node> {
        self.names.get(name).copied().ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    /// What a SEQUENCE OF without elements is, where elements are built when
    /// they are reached.
    pub fn no_parts(&self, node: &Node) -> Option<&Py<PyAny>> {
        self.no_parts.get(node.id).and_then(Option::as_ref)
    }

    /// The cache of OBJECT IDENTIFIERs, for who does not wait for it: it may be
    /// kept while Python code runs.
    pub fn oids(&self) -> Option<MutexGuard<'_, Oids>> {
        match self.oids.try_lock() {
            Ok(oids) => Some(oids),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// What the last encoding left, or new; whoever encodes meanwhile, in
    /// another thread or inside this encoding, gets their own.
    pub fn take_scratch(&self) -> Scratch {
        let kept = self.scratch.lock().ok().and_then(|mut kept| kept.take());
        kept.unwrap_or_default()
    }

    /// Leaves it to the next encoding.
    pub fn keep_scratch(&self, mut scratch: Scratch) {
        scratch.clear();
        let before = self.scratch.lock().ok().and_then(|mut kept| kept.replace(scratch));
        // Dropped where the lock is not held.
        drop(before);
    }
}
