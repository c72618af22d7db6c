//! The Python classes the engine makes and reads, looked up once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, TryLockError};

use cmcodec::error::Reason;
use cmcodec::generated::schema::NODES;
use cmcodec::schema::primitive::small_integer;
use cmcodec::schema::{Kind, Node};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyBytes, PyDict, PyInt, PyType};

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
    int_from_bytes: Py<PyAny>,
    pub decode_error: Py<PyType>,
    pub encode_error: Py<PyType>,
    pub limit_error: Py<PyType>,
    /// By number of the reason: the members of `Reason` and `Rule`.
    reasons: Vec<(Py<PyAny>, Py<PyAny>)>,
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
        let errors = py.import("cmcodec.errors")?;
        let reasons = py.import("cmcodec.reasons")?;
        let (codes, rules) = (class(&reasons, "Reason")?, class(&reasons, "Rule")?);
        let code_and_rule = |reason: Reason| {
            let rule = match reason.rule() {
                Some(rule) => rules.call1((rule.id(),))?.unbind(),
                None => py.None(),
            };
            Ok((codes.call1((reason.code(),))?.unbind(), rule))
        };
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
            let declared = match &node.kind {
                Kind::Sequence { fields, .. } | Kind::Choice { fields } => {
                    let attributes = fields.iter().map(|field| field.attribute);
                    Some(Class::new(&class(&types, node.name)?, attributes)?)
                }
                Kind::Alias(_) => {
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
            bit_string: Class::new(
                &class(&asn1, "BitString")?,
                ["data", "unused_bits"].into_iter(),
            )?,
            tlv: Class::new(&class(&asn1, "TLV")?, ["der"].into_iter())?,
            lazy: Class::new(
                &lazy,
                ["buffer", "start", "end", "type_name", "_offsets", "validated"].into_iter(),
            )?,
            null: asn1.getattr("NULL")?.unbind(),
            asn1: class(&asn1, "Asn1")?.unbind(),
            datetime: class(&datetime, "datetime")?.unbind(),
            utc: datetime.getattr("UTC")?.unbind(),
            int_from_bytes: py.get_type::<pyo3::types::PyInt>().getattr("from_bytes")?.unbind(),
            decode_error: class(&errors, "DecodeError")?.unbind(),
            encode_error: class(&errors, "EncodeError")?.unbind(),
            limit_error: class(&errors, "LimitError")?.unbind(),
            reasons: Reason::all().map(code_and_rule).collect::<PyResult<_>>()?,
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

    /// The member of `cmcodec.reasons.Reason`, and that of `Rule`, or None for no rule.
    pub fn reason(&self, reason: Reason) -> PyResult<&(Py<PyAny>, Py<PyAny>)> {
        self.reasons.get(reason as usize).ok_or_else(|| PyKeyError::new_err(reason.code()))
    }

    /// The `int` that the content octets of an INTEGER are.
    pub fn integer<'py>(&self, py: Python<'py>, content: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if let Some(value) = small_integer(content) {
            return Ok(PyInt::new(py, value).into_any());
        }
        let is_negative = content.first().is_some_and(|first| first >> 7 == 1);
        let signed = is_negative.then(|| [("signed", true)].into_py_dict(py)).transpose()?;
        self.int_from_bytes.bind(py).call((PyBytes::new(py, content),), signed.as_ref())
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
