//! From octets that were validated to Python values.

use std::sync::MutexGuard;

use cmcodec::der::oid::dotted;
use cmcodec::der::{Tlv, read_tlv};
use cmcodec::generated::limits::MAX_DEPTH;
use cmcodec::schema::primitive::{Moment, utf16};
use cmcodec::schema::walk::{Options, Walker};
use cmcodec::schema::{Field, Kind, Node};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};

use crate::classes::Classes;
use crate::object::{Class, Instance, integer, tuple};
use crate::oid_texts::OidTexts;

/// Makes instances of the declared classes.
///
/// It repeats no check of the walk. Octets that were not validated give some
/// value or none, as bounds of memory and stack hold for all.
pub struct Builder<'a, 'py> {
    py: Python<'py>,
    classes: &'a Classes,
    buffer: &'a Bound<'py, PyBytes>,
    data: &'a [u8],
    /// Unless somebody else is at it.
    oid_texts: Option<MutexGuard<'a, OidTexts>>,
    /// How many values around this one are read as a type where they fit.
    levels: usize,
    /// The elements of tuples in the making.
    elements: Vec<Bound<'py, PyAny>>,
    /// What Python raised, if that is why there is no value.
    pub raised: Option<PyErr>,
}

/// A value; `None` where Python raised, or the octets are not of the type.
type Made<'py> = Option<Bound<'py, PyAny>>;

impl<'a, 'py> Builder<'a, 'py> {
    pub fn new(classes: &'a Classes, buffer: &'a Bound<'py, PyBytes>) -> Self {
        let data = buffer.as_bytes();
        let oid_texts = classes.oid_texts();
        let elements = Vec::new();
        Self {
            py: buffer.py(),
            classes,
            buffer,
            data,
            oid_texts,
            levels: 0,
            elements,
            raised: None,
        }
    }

    /// The value of the type `node` at `pos`, and where it ends.
    pub fn at(
        &mut self,
        node: &'static Node,
        pos: usize,
        end: usize,
    ) -> Option<(Bound<'py, PyAny>, usize)> {
        let tlv = read_tlv(self.data, pos, end).ok().filter(|tlv| node.accepts(tlv.tag()))?;
        Some((self.value(node, tlv, &[], 1)?, tlv.end()))
    }

    fn catch<T>(&mut self, result: PyResult<T>) -> Option<T> {
        result.map_err(|raised| self.raised = Some(raised)).ok()
    }

    /// The value of an element. `oid` is the content of the last OBJECT
    /// IDENTIFIER before it in its SEQUENCE.
    fn value(&mut self, node: &'static Node, tlv: Tlv, oid: &'a [u8], depth: usize) -> Made<'py> {
        let py = self.py;
        let content = tlv.value(self.data);
        let made = match &node.kind {
            Kind::Sequence { fields, .. } => return self.sequence(node, fields, tlv, depth + 1),
            Kind::Choice { fields } => {
                let mut alternatives = fields.iter().enumerate();
                let (index, field) =
                    alternatives.find(|(_, field)| field.matches(self.data, tlv))?;
                let mut instance = self.begin(node)?;
                instance.set(index, self.field(field, tlv, oid, depth)?);
                return instance.finish();
            }
            Kind::SequenceOf { element, lazy: true, .. } => return self.lazy(node, element, tlv),
            Kind::SequenceOf { element, .. } | Kind::SetOf { element, .. } => {
                return self.tuple(element, tlv, oid, depth + 1);
            }
            Kind::Alias(inner) => {
                let mut instance = self.begin(node)?;
                instance.set(0, self.value(inner, tlv, oid, depth)?);
                return instance.finish();
            }
            Kind::Open(table) => match table.look_up(oid) {
                Some(known) if known.accepts(tlv.tag()) => {
                    return self.value(known, tlv, &[], depth);
                }
                Some(_) => return None,
                None => return self.verbatim(&self.classes.tlv, tlv),
            },
            Kind::Tolerant(published) => {
                // The walk has left open which of the two it is.
                let walker = Walker::new(self.data, Options::default());
                if !walker.fits(published, tlv, depth, self.levels) {
                    return self.verbatim(&self.classes.tlv, tlv);
                }
                self.levels += 1;
                let made = self.value(published, tlv, &[], depth);
                self.levels -= 1;
                return made;
            }
            Kind::Any => return self.verbatim(&self.classes.tlv, tlv),
            Kind::Opaque(_) => {
                let class = self.classes.class(node);
                let class = self.catch(class)?;
                return self.verbatim(class, tlv);
            }
            Kind::Boolean => PyBool::new(py, content != [0]).to_owned().into_any(),
            Kind::Integer { .. } | Kind::Enumerated { .. } => {
                let value = self.integer(node, content);
                return self.catch(value);
            }
            Kind::BitString { .. } => {
                let (unused, octets) = content.split_first()?;
                let values =
                    [PyBytes::new(py, octets).into_any(), PyInt::new(py, *unused).into_any()];
                let made = self.classes.bit_string.make(py, values);
                return self.catch(made)?;
            }
            Kind::OctetString | Kind::Containing(_) => PyBytes::new(py, content).into_any(),
            Kind::Null => self.classes.null.bind(py).clone(),
            Kind::ObjectIdentifier => match &mut self.oid_texts {
                Some(oid_texts) => oid_texts.text(py, content).into_any(),
                None => PyString::new(py, &dotted(content)).into_any(),
            },
            Kind::BmpString => PyString::new(py, &utf16(content)?).into_any(),
            Kind::Utf8String | Kind::Ia5String => {
                PyString::new(py, std::str::from_utf8(content).ok()?).into_any()
            }
            Kind::GeneralizedTime => return self.datetime(Moment::generalized(content).ok()?),
            Kind::UtcTime => return self.datetime(Moment::utc(content).ok()?),
        };
        Some(made)
    }

    fn begin(&mut self, node: &'static Node) -> Option<Instance<'a, 'py>> {
        let classes = self.classes;
        let instance = classes.class(node).and_then(|class| class.begin(self.py));
        self.catch(instance)
    }

    fn sequence(
        &mut self,
        node: &'static Node,
        fields: &'static [Field],
        tlv: Tlv,
        depth: usize,
    ) -> Made<'py> {
        let mut instance = self.begin(node)?;
        let mut oid: &[u8] = &[];
        let mut fields = fields.iter().enumerate();
        let mut pos = tlv.content();
        while pos < tlv.end() {
            let element = self.read(pos, tlv.end(), depth)?;
            let (index, field) = fields.find(|(_, field)| field.matches(self.data, element))?;
            instance.set(index, self.field(field, element, oid, depth)?);
            if let Some(written) = &field.written {
                if field.default == Some(element.octets(self.data)) {
                    instance.set(written.place, PyBool::new(self.py, true).to_owned().into_any());
                }
            }
            if matches!(field.node.kind, Kind::ObjectIdentifier) {
                oid = element.value(self.data);
            }
            pos = element.end();
        }
        instance.finish()
    }

    /// The value of a field whose outermost identifier is known to fit.
    #[inline(always)]
    fn field(&mut self, field: &Field, tlv: Tlv, oid: &'a [u8], depth: usize) -> Made<'py> {
        let tlv = if field.explicit { self.inside(field, tlv, depth)? } else { tlv };
        self.value(field.node, tlv, oid, depth)
    }

    /// The element inside a tag that stands around the type's own.
    fn inside(&self, field: &Field, tlv: Tlv, depth: usize) -> Option<Tlv> {
        let inner = self.read(tlv.content(), tlv.end(), depth)?;
        field.node.accepts(inner.tag()).then_some(inner)
    }

    fn tuple(&mut self, node: &'static Node, tlv: Tlv, oid: &'a [u8], depth: usize) -> Made<'py> {
        let first = self.elements.len();
        let mut pos = tlv.content();
        while pos < tlv.end() {
            let element = self.read(pos, tlv.end(), depth)?;
            if !node.accepts(element.tag()) {
                return None;
            }
            let value = self.value(node, element, oid, depth)?;
            self.elements.push(value);
            pos = element.end();
        }
        let made = tuple(self.py, self.elements.drain(first..));
        self.catch(made)
    }

    /// Reads the element at `pos`; `None` if it stands too deep.
    #[inline(always)]
    fn read(&self, pos: usize, end: usize, depth: usize) -> Option<Tlv> {
        if depth > MAX_DEPTH { None } else { read_tlv(self.data, pos, end).ok() }
    }

    /// The elements of a cmsSequence, which are built when they are reached.
    fn lazy(&mut self, node: &'static Node, element: &'static Node, tlv: Tlv) -> Made<'py> {
        let py = self.py;
        if tlv.is_empty() {
            return self.classes.empty_lazy(node).map(|empty| empty.bind(py).clone());
        }
        let values = [
            self.buffer.clone().into_any(),
            PyInt::new(py, tlv.content()).into_any(),
            PyInt::new(py, tlv.end()).into_any(),
            PyString::intern(py, element.name).into_any(),
            py.None().into_bound(py),
            py.None().into_bound(py),
        ];
        let made = self.classes.lazy.make(py, values);
        self.catch(made)?
    }

    /// A value whose only attribute is the whole element.
    fn verbatim(&mut self, class: &Class, tlv: Tlv) -> Made<'py> {
        let made = class.whole(self.py, tlv.octets(self.data));
        self.catch(made)
    }

    fn integer(&self, node: &Node, content: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let value = integer(py, content)?;
        match self.classes.numbers(node) {
            Some(members) => Ok(members.bind(py).get_item(&value)?.unwrap_or(value)),
            None => Ok(value),
        }
    }

    fn datetime(&mut self, m: Moment) -> Made<'py> {
        let utc = self.classes.utc.bind(self.py);
        let arguments = (m.year, m.month, m.day, m.hour, m.minute, m.second, m.microsecond, utc);
        let made = self.classes.datetime.bind(self.py).call1(arguments);
        self.catch(made)
    }
}
