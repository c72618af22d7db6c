//! From Python values to DER: types are checked here, sizes, ranges and ids by
//! reading the result back.

use cmcodec::der::writer::Writer;
use cmcodec::der::{oid, read_tlv};
use cmcodec::error::Segment;
use cmcodec::schema::{Field, Kind, Node};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyString, PyTuple};

use crate::registry::Registry;

/// Why a value has no encoding.
pub enum Refusal {
    /// A stable code, and the path from the innermost step outwards.
    Value(&'static str, Vec<Segment>),
    /// Python raised while a value was read.
    Raised(PyErr),
}

impl Refusal {
    fn within(mut self, segment: Segment) -> Self {
        match &mut self {
            // A value inside itself has no path that ends.
            Self::Value("depth", _) | Self::Raised(_) => {}
            Self::Value(_, path) => path.push(segment),
        }
        self
    }

    /// Whether writing ends here. Otherwise it goes on towards the front, so
    /// that of several faults the first one is named.
    fn is_final(&self) -> bool {
        matches!(self, Self::Value("depth", _) | Self::Raised(_))
    }
}

impl From<PyErr> for Refusal {
    fn from(raised: PyErr) -> Self {
        Self::Raised(raised)
    }
}

type Result<T> = std::result::Result<T, Refusal>;

const BAD_TYPE: fn() -> Refusal = || Refusal::Value("bad_type", Vec::new());
const BAD_VALUE: fn() -> Refusal = || Refusal::Value("bad_value", Vec::new());

/// Deepest nesting of values: above what the walk accepts, so that it, and not
/// the stack, refuses what is deeper.
const MAX_NESTING: usize = 256;

/// Writes values, back to front.
pub struct Encoder<'a, 'py> {
    py: Python<'py>,
    registry: &'a Registry,
    pub writer: Writer,
    nesting: usize,
}

impl<'a, 'py> Encoder<'a, 'py> {
    pub fn new(py: Python<'py>, registry: &'a Registry) -> Self {
        Self { py, registry, writer: Writer::default(), nesting: 0 }
    }

    /// Writes `value` as `node`, under `tag` instead of the type's own where
    /// given. `oid` is the content of the identifier an open type goes by.
    pub fn write(
        &mut self,
        node: &'static Node,
        value: &Bound<'py, PyAny>,
        tag: Option<u8>,
        oid: &[u8],
    ) -> Result<()> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Refusal::Value("depth", Vec::new()));
        }
        let written = self.write_unbounded(node, value, tag, oid);
        self.nesting -= 1;
        written
    }

    fn write_unbounded(
        &mut self,
        node: &'static Node,
        value: &Bound<'py, PyAny>,
        tag: Option<u8>,
        oid: &[u8],
    ) -> Result<()> {
        let end = self.writer.position();
        let tag_octet = tag.or(node.tags.first().copied()).unwrap_or_default();
        match &node.kind {
            Kind::Sequence { fields, .. } => {
                self.fields(node, fields, value)?;
                self.writer.header(tag_octet, end);
            }
            Kind::Choice { fields } => {
                if tag.is_some() {
                    return Err(BAD_VALUE());
                }
                self.choice(node, fields, value, oid)?;
            }
            Kind::SequenceOf { element, .. } => {
                self.elements(element, value, oid, false)?;
                self.writer.header(tag_octet, end);
            }
            Kind::SetOf { element, .. } => {
                self.elements(element, value, oid, true)?;
                self.writer.header(tag_octet, end);
            }
            Kind::Named(inner) => {
                self.expect(node, value)?;
                let held = value.getattr(pyo3::intern!(self.py, "value"))?;
                self.write(inner, &held, tag, oid)?;
            }
            Kind::Open(table) => self.open(table.look_up(oid), value)?,
            Kind::Any => {
                if !value.is_instance(self.registry.tlv.class(self.py))? {
                    return Err(BAD_TYPE());
                }
                self.verbatim(value)?;
            }
            Kind::Opaque => {
                self.expect(node, value)?;
                self.verbatim(value)?;
            }
            kind => {
                self.primitive(kind, value)?;
                self.writer.header(tag_octet, end);
            }
        }
        Ok(())
    }

    fn expect(&self, node: &'static Node, value: &Bound<'py, PyAny>) -> Result<()> {
        let class = self.registry.class(node)?.class(self.py);
        if value.get_type().is(class) || value.is_instance(class)? {
            Ok(())
        } else {
            Err(BAD_TYPE())
        }
    }

    /// The octets of one element, no less and no more: they must not become
    /// other fields.
    fn verbatim(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        let der = value.getattr(pyo3::intern!(self.py, "der"))?;
        let der = der.cast::<PyBytes>().map_err(|_| BAD_TYPE())?.as_bytes();
        if !read_tlv(der, 0, der.len()).is_ok_and(|tlv| tlv.end() == der.len()) {
            return Err(BAD_VALUE());
        }
        self.writer.prepend(der);
        Ok(())
    }

    /// A value of an open type: of the class its identifier stands for, or a
    /// TLV; where the identifier is not known, of any declared class.
    fn open(&mut self, known: Option<&'static Node>, value: &Bound<'py, PyAny>) -> Result<()> {
        if value.is_instance(self.registry.tlv.class(self.py))? {
            return self.verbatim(value);
        }
        if let Some(node) = known {
            return self.write(node, value, None, &[]);
        }
        if !value.is_instance(self.registry.asn1.bind(self.py))? {
            return Err(BAD_TYPE());
        }
        let name = value.get_type().name()?;
        let node = self.registry.node(name.to_str()?).map_err(|_| BAD_TYPE())?;
        self.write(node, value, None, &[])
    }

    fn fields(
        &mut self,
        node: &'static Node,
        fields: &'static [Field],
        value: &Bound<'py, PyAny>,
    ) -> Result<()> {
        self.expect(node, value)?;
        let registry = self.registry;
        let class = registry.class(node)?;
        let mut items = Vec::with_capacity(fields.len());
        let mut oids: Vec<Option<Vec<u8>>> = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let Some(name) = class.attribute(self.py, index) else { return Err(BAD_TYPE()) };
            let item = value.getattr(name)?;
            if matches!(field.node.kind, Kind::ObjectIdentifier) {
                oids.push(
                    item.cast::<PyString>().ok().and_then(|text| oid::encode(text.to_str().ok()?)),
                );
            }
            items.push(item);
        }
        let mut written = Ok(());
        for (index, (field, item)) in fields.iter().zip(&items).enumerate().rev() {
            if matches!(field.node.kind, Kind::ObjectIdentifier) {
                oids.pop();
            }
            if field.optional && item.is_none() {
                continue;
            }
            if field.default.is_some() {
                let default = class.default(self.py, index).ok_or_else(BAD_TYPE)?;
                if item.eq(default)? {
                    continue;
                }
            }
            let oid = oids.last().and_then(Option::as_deref).unwrap_or_default();
            if let Err(refusal) = self.field(field, item, oid) {
                if refusal.is_final() {
                    return Err(refusal);
                }
                written = Err(refusal);
            }
        }
        written
    }

    fn field(&mut self, field: &'static Field, item: &Bound<'py, PyAny>, oid: &[u8]) -> Result<()> {
        let end = self.writer.position();
        self.write(field.node, item, field.implicit, oid)
            .map_err(|refusal| refusal.within(Segment::Field(field.name)))?;
        if field.explicit {
            self.writer.header(field.tags.first().copied().unwrap_or_default(), end);
        }
        Ok(())
    }

    fn choice(
        &mut self,
        node: &'static Node,
        fields: &'static [Field],
        value: &Bound<'py, PyAny>,
        oid: &[u8],
    ) -> Result<()> {
        self.expect(node, value)?;
        let registry = self.registry;
        let class = registry.class(node)?;
        let mut present = None;
        for (index, field) in fields.iter().enumerate() {
            let Some(name) = class.attribute(self.py, index) else { return Err(BAD_TYPE()) };
            let item = value.getattr(name)?;
            if !item.is_none() && present.replace((field, item)).is_some() {
                return Err(BAD_VALUE());
            }
        }
        let (field, item) = present.ok_or_else(BAD_VALUE)?;
        self.field(field, &item, oid)
    }

    fn elements(
        &mut self,
        element: &'static Node,
        value: &Bound<'py, PyAny>,
        oid: &[u8],
        sorted: bool,
    ) -> Result<()> {
        let items: Vec<Bound<'py, PyAny>> = if let Ok(tuple) = value.cast::<PyTuple>() {
            tuple.iter().collect()
        } else if let Ok(list) = value.cast::<PyList>() {
            list.iter().collect()
        } else if value.is_instance(self.registry.parts.class(self.py))? {
            let name = value.getattr(pyo3::intern!(self.py, "type_name"))?;
            if name.cast::<PyString>().is_ok_and(|name| name == element.name) {
                let octets = value.getattr(pyo3::intern!(self.py, "octets"))?;
                self.writer.prepend(octets.cast::<PyBytes>().map_err(|_| BAD_TYPE())?.as_bytes());
                return Ok(());
            }
            value.try_iter()?.collect::<PyResult<_>>()?
        } else {
            return Err(BAD_TYPE());
        };
        let end = self.writer.position();
        let mut bounds = Vec::new();
        let mut written = Ok(());
        for (index, item) in items.iter().enumerate().rev() {
            if let Err(refusal) = self.write(element, item, None, oid) {
                if refusal.is_final() {
                    return Err(refusal);
                }
                written = Err(refusal.within(Segment::Index(index)));
            }
            if sorted {
                bounds.push(self.writer.position());
            }
        }
        if bounds.len() > 1 && written.is_ok() {
            self.writer.sort(end, &bounds);
        }
        written
    }

    fn primitive(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        let py = self.py;
        match kind {
            Kind::Boolean => {
                let truth = value.cast::<PyBool>().map_err(|_| BAD_TYPE())?.is_true();
                self.writer.prepend(&[if truth { 0xFF } else { 0x00 }]);
            }
            Kind::Integer { .. } | Kind::Enumerated { .. } => self.integer(value)?,
            Kind::BitString { .. } => {
                if !value.is_instance(self.registry.bit_string.class(py))? {
                    return Err(BAD_TYPE());
                }
                let data = value.getattr(pyo3::intern!(py, "data"))?;
                let unused = value.getattr(pyo3::intern!(py, "unused_bits"))?;
                let unused: u8 = unused.extract().map_err(|_| BAD_VALUE())?;
                let data = data.cast::<PyBytes>().map_err(|_| BAD_VALUE())?;
                if unused > 7 {
                    return Err(BAD_VALUE());
                }
                self.writer.prepend(data.as_bytes());
                self.writer.prepend(&[unused]);
            }
            Kind::OctetString | Kind::Containing(_) => {
                let octets = value.cast::<PyBytes>().map_err(|_| BAD_TYPE())?;
                self.writer.prepend(octets.as_bytes());
            }
            Kind::Null => {
                if !value.is(self.registry.null.bind(py)) {
                    let class = self.registry.null.bind(py).get_type();
                    if !value.is_instance(&class)? {
                        return Err(BAD_TYPE());
                    }
                }
            }
            Kind::ObjectIdentifier => {
                let text = value.cast::<PyString>().map_err(|_| BAD_TYPE())?;
                let text = text.to_str().map_err(|_| BAD_VALUE())?;
                let content = oid::encode(text).ok_or_else(BAD_VALUE)?;
                self.writer.prepend(&content);
            }
            Kind::Utf8String => {
                let text = value.cast::<PyString>().map_err(|_| BAD_TYPE())?;
                self.writer.prepend(text.to_str().map_err(|_| BAD_VALUE())?.as_bytes());
            }
            Kind::Ia5String => {
                let text = value.cast::<PyString>().map_err(|_| BAD_TYPE())?;
                let text = text.to_str().map_err(|_| BAD_VALUE())?;
                if !text.is_ascii() {
                    return Err(BAD_VALUE());
                }
                self.writer.prepend(text.as_bytes());
            }
            Kind::GeneralizedTime => self.time(value, "encode_generalized_time")?,
            Kind::UtcTime => self.time(value, "encode_utc_time")?,
            // `write` handles every other kind itself.
            _ => return Err(BAD_TYPE()),
        }
        Ok(())
    }

    fn integer(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
            return Err(BAD_TYPE());
        }
        if let Ok(small) = value.extract::<i64>() {
            let octets = small.to_be_bytes();
            let mut start = 0;
            while let Some([first, second, ..]) = octets.get(start..) {
                if !matches!((first, second >> 7), (0x00, 0) | (0xFF, 1)) {
                    break;
                }
                start += 1;
            }
            self.writer.prepend(octets.get(start..).unwrap_or_default());
            return Ok(());
        }
        // Rare, so that calling Python costs nothing that matters.
        let octets = self.scalars()?.getattr("encode_integer")?.call1((value,))?;
        self.writer.prepend(octets.cast::<PyBytes>().map_err(|_| BAD_TYPE())?.as_bytes());
        Ok(())
    }

    fn time(&mut self, value: &Bound<'py, PyAny>, function: &str) -> Result<()> {
        if !value.is_instance(self.registry.datetime.bind(self.py))? {
            return Err(BAD_TYPE());
        }
        let octets = self.scalars()?.getattr(function)?.call1((value,))?;
        self.writer.prepend(octets.cast::<PyBytes>().map_err(|_| BAD_VALUE())?.as_bytes());
        Ok(())
    }

    /// What both backends write with Python's own types.
    fn scalars(&self) -> PyResult<Bound<'py, PyModule>> {
        self.py.import("cmcodec._scalars")
    }
}
