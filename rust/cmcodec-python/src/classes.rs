//! The Python classes the engine makes and reads, looked up once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, TryLockError};

use cmcodec::generated::schema::NODES;
use cmcodec::schema::{Kind, Node};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyType};

use crate::encode::cache::EncodeCache;
use crate::object::Class;
use crate::oid_texts::OidTexts;

fn class<'py>(module: &Bound<'py, PyModule>, name: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(module.getattr(name)?.cast_into::<PyType>()?)
}

/// The members of an enum by value.
fn members(module: &Bound<'_, PyModule>, name: &str) -> PyResult<Py<PyDict>> {
    Ok(class(module, name)?.getattr("_value2member_map_")?.cast_into::<PyDict>()?.unbind())
}

/// Everything of Python that conversion needs.
pub struct Classes {
    /// By node id: the class of a declared type.
    classes: Vec<Option<Class>>,
    /// By node id: the named numbers of an INTEGER or ENUMERATED.
    numbers: Vec<Option<Py<PyDict>>>,
    /// By node id: a `LazySequence` without elements.
    empty_lazy: Vec<Option<Py<PyAny>>>,
    names: HashMap<&'static str, &'static Node>,
    pub bit_string: Class,
    pub tlv: Class,
    pub lazy: Class,
    pub null: Py<PyAny>,
    pub asn1: Py<PyType>,
    pub datetime: Py<PyType>,
    pub utc: Py<PyAny>,
    oid_texts: Mutex<OidTexts>,
    cache: Mutex<Option<EncodeCache>>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

impl Classes {
    /// The classes, looked up at the first call.
    pub fn of(py: Python<'_>) -> PyResult<&Classes> {
        CLASSES.get_or_try_init(py, || Self::new(py))
    }

    fn new(py: Python<'_>) -> PyResult<Self> {
        let types = py.import("cmcodec.types")?;
        let asn1 = py.import("cmcodec.asn1.values")?;
        let datetime = py.import("datetime")?;
        let lazy = class(&py.import("cmcodec.asn1.lazy")?, "LazySequence")?;
        let mut classes = Vec::with_capacity(NODES.len());
        let mut numbers = Vec::with_capacity(NODES.len());
        let mut empty_lazy = Vec::with_capacity(NODES.len());
        let mut names = HashMap::from([
            ("BitString", &cmcodec::generated::schema::BIT_STRING),
            ("NullType", &cmcodec::generated::schema::NULL),
            ("TLV", &cmcodec::generated::schema::ANY),
        ]);
        for node in NODES.iter().copied() {
            let attributes = match &node.kind {
                Kind::Sequence { fields, .. } | Kind::Choice { fields } => {
                    let written = fields.iter().filter_map(|field| field.written.as_ref());
                    let written = written.map(|written| written.attribute);
                    fields.iter().map(|field| field.attribute).chain(written).collect()
                }
                Kind::Alias(_) => vec!["value"],
                Kind::Opaque(_) => vec!["der"],
                _ => Vec::new(),
            };
            let declared = match &*attributes {
                [] => None,
                // What is only inside an opaque type, no value is made of.
                _ if node.name.starts_with('_') => None,
                _ => Some(Class::new(&class(&types, node.name)?, attributes)?),
            };
            if declared.is_some() && !node.issued {
                names.insert(node.name, node);
            }
            classes.push(declared);
            numbers.push(match &node.kind {
                Kind::Integer { numbers: Some(name), .. }
                | Kind::Enumerated { numbers: Some(name) } => Some(members(&types, name)?),
                _ => None,
            });
            empty_lazy.push(match &node.kind {
                Kind::SequenceOf { element, lazy: true, .. } => {
                    Some(lazy.call1((PyBytes::new(py, b""), 0, 0, element.name))?.unbind())
                }
                _ => None,
            });
        }
        Ok(Self {
            classes,
            numbers,
            empty_lazy,
            names,
            bit_string: Class::new(&class(&asn1, "BitString")?, ["data", "unused_bits"])?,
            tlv: Class::new(&class(&asn1, "TLV")?, ["der"])?,
            lazy: Class::new(
                &lazy,
                ["buffer", "start", "end", "type_name", "_offsets", "validated"],
            )?,
            null: asn1.getattr("NULL")?.unbind(),
            asn1: class(&asn1, "Asn1")?.unbind(),
            datetime: class(&datetime, "datetime")?.unbind(),
            utc: datetime.getattr("UTC")?.unbind(),
            oid_texts: Mutex::default(),
            cache: Mutex::default(),
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

    /// A SEQUENCE OF without elements, where elements are built when they are
    /// reached.
    pub fn empty_lazy(&self, node: &Node) -> Option<&Py<PyAny>> {
        self.empty_lazy.get(node.id).and_then(Option::as_ref)
    }

    /// The cache of OBJECT IDENTIFIERs, for who does not wait for it: it may be
    /// kept while Python code runs.
    pub fn oid_texts(&self) -> Option<MutexGuard<'_, OidTexts>> {
        match self.oid_texts.try_lock() {
            Ok(oid_texts) => Some(oid_texts),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// What the last encoding left, or new; whoever encodes meanwhile, in
    /// another thread or inside this encoding, gets their own.
    pub fn take_cache(&self) -> EncodeCache {
        let kept = self.cache.lock().ok().and_then(|mut kept| kept.take());
        kept.unwrap_or_default()
    }

    /// Leaves it to the next encoding.
    pub fn keep_cache(&self, mut cache: EncodeCache) {
        cache.clear();
        let before = self.cache.lock().ok().and_then(|mut kept| kept.replace(cache));
        // Dropped where the lock is not held.
        drop(before);
    }
}
