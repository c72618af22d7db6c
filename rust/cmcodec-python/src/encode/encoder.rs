//! Writes values of every type; the content of primitive ones, `content` does.

use std::io::Write;

use cmcodec::der::read_tlv;
use cmcodec::der::writer::Writer;
use cmcodec::error::{Error, Reason, Segment};
use cmcodec::generated::limits::{DEFAULT_MESSAGE_LAYERS, MAX_DEPTH, MAX_MESSAGE_SIZE};
use cmcodec::schema::body_parts::p6_body_part_ids;
use cmcodec::schema::node::{Table, Written};
use cmcodec::schema::walk::{Options, validate, validate_element};
use cmcodec::schema::{Field, Kind, Node, primitive};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyList, PyString, PyTuple};

use super::cache::EncodeCache;
use super::content::{cast, content, reader};
use super::refusal::{Refusal, Result};
use crate::classes::Classes;
use crate::object::{Class, Held, Reader, fetch, small_int};
use crate::validated::Validated;

/// Deepest nesting of values: above what the walk accepts, so that it, and not
/// the stack, refuses what is deeper.
const MAX_NESTING: u16 = 256;

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'v, 'py> {
    /// Replaces the type's own identifier.
    tag: Option<u8>,
    /// As the walk counts it.
    depth: u16,
    before: Option<&'v Before<'v, 'py>>,
}

/// Where an open type finds the OBJECT IDENTIFIER it goes by: in the fields of
/// the SEQUENCE it stands in, before its own. Looked up when it is asked for.
struct Before<'v, 'py> {
    sequence: Reader<'v, 'py>,
    fields: &'static [Field],
    index: usize,
}

impl Place<'_, '_> {
    /// That of the value as a whole.
    const ROOT: Self = Self { tag: None, depth: 1, before: None };

    /// The same place, seen from inside an element.
    fn inside(self) -> Self {
        Self { tag: None, depth: self.depth + 1, ..self }
    }
}

/// Writes values, back to front.
pub struct Encoder<'a, 'py> {
    py: Python<'py>,
    classes: &'a Classes,
    cache: &'a mut EncodeCache,
    /// Whether the walk accepts all that was written, for certain, but for ids.
    all_valid: bool,
    /// Whether messages may be nested in it.
    has_layers: bool,
    /// What the writer has left out.
    unchanged: Option<Bound<'py, Validated>>,
}

impl<'a, 'py> Encoder<'a, 'py> {
    /// An encoder that writes into `cache`, which is empty.
    pub fn new(py: Python<'py>, classes: &'a Classes, cache: &'a mut EncodeCache) -> Self {
        Self { py, classes, cache, all_valid: true, has_layers: false, unchanged: None }
    }

    /// Writes `value` as `node`, and returns what the walk accepts.
    pub fn encode(
        mut self,
        node: &'static Node,
        value: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyBytes>> {
        self.write(node, value, Place::ROOT)?;
        let made = self.octets()?;
        let octets = made.as_bytes();
        let is_good = self.all_valid
            && octets.len() <= MAX_MESSAGE_SIZE
            && match &node.kind {
                Kind::Sequence { fields, body_parts: true, .. } => {
                    let root = read_tlv(octets, 0, octets.len());
                    root.and_then(|root| p6_body_part_ids(octets, root, fields, None)).is_ok()
                }
                _ => true,
            };
        let read_back = || validate(node, octets, Options::default());
        debug_assert!(!is_good || read_back().is_ok());
        if !is_good {
            read_back()?;
        } else if !self.has_layers {
            self.cache.remember(&made, node);
        }
        Ok(made)
    }

    fn octets(&mut self) -> PyResult<Bound<'py, PyBytes>> {
        let py = self.py;
        let Some(validated) = &self.unchanged else {
            return Ok(PyBytes::new(py, self.cache.writer.octets()));
        };
        let left_out = validated.get().octets(py);
        let (before, after) = self.cache.writer.around();
        PyBytes::new_with(py, before.len() + left_out.len() + after.len(), |mut place| {
            for part in [before, left_out, after] {
                place.write_all(part)?;
            }
            Ok(())
        })
    }

    #[inline]
    fn writer(&mut self) -> &mut Writer {
        &mut self.cache.writer
    }

    /// Leaves the verdict to the walk unless `is_good`.
    #[inline]
    fn expect_valid(&mut self, is_good: bool) {
        self.all_valid &= is_good;
    }

    /// Writes `value` as `node`.
    fn write(
        &mut self,
        node: &'static Node,
        value: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
    ) -> Result<()> {
        if usize::from(place.depth) > MAX_DEPTH {
            self.expect_valid(false);
            if place.depth > MAX_NESTING {
                return Err(Error::new(Reason::Depth, 0).into());
            }
        }
        let end = self.writer().position();
        match &node.kind {
            Kind::Sequence { fields, at_least_one, .. } => {
                self.fields(node, fields, value, place.depth + 1)?;
                let is_empty = self.writer().position() == end;
                self.expect_valid(!(*at_least_one && is_empty));
            }
            Kind::SequenceOf { element, minimum, maximum, .. } => {
                let count = self.elements(element, value, place.inside(), false)?;
                self.expect_valid(*minimum <= count && count <= *maximum);
            }
            Kind::SetOf { element, minimum, maximum, .. } => {
                let count = self.elements(element, value, place.inside(), !node.issued)?;
                self.expect_valid(*minimum <= count && count <= *maximum);
            }
            Kind::Choice { fields } => return self.choice(node, fields, value, place),
            Kind::Alias(inner) => {
                let held = reader(self.classes.class(node)?, value, &mut None)?.get(0);
                let held = self.item(held)?;
                return self.write(inner, &held, place);
            }
            Kind::Open(table) => return self.open(node, table, value, place),
            Kind::Any => return self.verbatim(node, &self.classes.tlv, value, place.depth),
            Kind::Opaque(_) => {
                return self.verbatim(node, self.classes.class(node)?, value, place.depth);
            }
            Kind::ObjectIdentifier => {
                let text = cast::<PyString>(value).ok_or_else(Refusal::bad_type)?;
                let EncodeCache { writer, oids, .. } = &mut *self.cache;
                oids.content(text, |oid| writer.prepend(oid)).ok_or_else(Refusal::bad_value)?;
            }
            Kind::Containing(table) => self.containing(table, value, place)?,
            kind => {
                content(self.classes, &mut self.cache.writer, kind, value)?;
                let verdict = primitive::check(kind, self.writer().since(end));
                self.expect_valid(verdict.is_ok());
            }
        }
        let tag = place.tag.or(node.tags.octets().first().copied()).unwrap_or_default();
        self.writer().header(tag, end);
        Ok(())
    }

    fn item(&self, held: Held<'py>) -> Result<Bound<'py, PyAny>> {
        match held {
            Held::Value(item) => Ok(item),
            Held::None => Ok(self.py.None().into_bound(self.py)),
            Held::Nothing => Err(Refusal::bad_type()),
        }
    }

    /// The octets of one element, no less and no more: they must not become
    /// other fields.
    fn verbatim(
        &mut self,
        node: &'static Node,
        class: &Class,
        value: &Bound<'py, PyAny>,
        depth: u16,
    ) -> Result<()> {
        let der = self.item(reader(class, value, &mut None)?.get(0))?;
        let der = cast::<PyBytes>(&der).ok_or_else(Refusal::bad_type)?.as_bytes();
        let tlv = read_tlv(der, 0, der.len()).ok().filter(|tlv| tlv.end() == der.len());
        let tlv = tlv.ok_or_else(Refusal::bad_value)?;
        self.expect_valid(validate_element(node, der, tlv, depth.into()).is_ok());
        self.writer().prepend(der);
        Ok(())
    }

    /// A value of an open type: of the class its identifier stands for, or a
    /// TLV; where the identifier is not known, of any declared class.
    fn open(
        &mut self,
        node: &'static Node,
        table: &'static Table,
        value: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
    ) -> Result<()> {
        let classes = self.classes;
        let known = self.known(table, place.before).map(Node::published);
        let place = Place { tag: None, before: None, ..place };
        if let Some(node) = known {
            if classes.class(node)?.is_exactly_of(value) {
                return self.write(node, value, place);
            }
        }
        if value.is_instance(classes.tlv.class(self.py))? {
            self.expect_valid(known.is_none());
            return self.verbatim(node, &classes.tlv, value, place.depth);
        }
        if let Some(node) = known {
            return self.write(node, value, place);
        }
        if !value.is_instance(classes.asn1.bind(self.py))? {
            return Err(Refusal::bad_type());
        }
        // What is read back is of unknown type.
        self.expect_valid(false);
        let name = value.get_type().name()?;
        let node = classes.node(name.to_str()?).map_err(|_| Refusal::bad_type())?;
        self.write(node, value, place)
    }

    /// What the last OBJECT IDENTIFIER before an open type stands for.
    fn known(
        &mut self,
        table: &'static Table,
        before: Option<&Before<'_, 'py>>,
    ) -> Option<&'static Node> {
        let Before { sequence, fields, index } = before?;
        for (index, field) in fields.iter().enumerate().take(*index).rev() {
            if !matches!(field.node.kind, Kind::ObjectIdentifier) {
                continue;
            }
            if let Held::Value(item) = sequence.get(index) {
                if let Some(text) = cast::<PyString>(&item) {
                    return self.cache.oids.content(text, |oid| table.look_up(oid)).flatten();
                }
            }
        }
        None
    }

    /// The octets of an OCTET STRING that contains a message.
    fn containing(
        &mut self,
        table: &'static Table,
        value: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
    ) -> Result<()> {
        let octets = cast::<PyBytes>(value).ok_or_else(Refusal::bad_type)?;
        if let Some(contained) = self.known(table, place.before) {
            self.has_layers = true;
            if !self.cache.remembers(octets, contained) {
                let max_layers = DEFAULT_MESSAGE_LAYERS - 1;
                let options = Options { max_layers, ..Options::default() };
                self.expect_valid(validate(contained, octets.as_bytes(), options).is_ok());
            }
        }
        self.writer().prepend(octets.as_bytes());
        Ok(())
    }

    fn fields(
        &mut self,
        node: &'static Node,
        fields: &'static [Field],
        value: &Bound<'py, PyAny>,
        depth: u16,
    ) -> Result<()> {
        let classes = self.classes;
        let class = classes.class(node)?;
        let mut copy = None;
        let sequence = reader(class, value, &mut copy)?;
        for (index, field) in fields.iter().enumerate() {
            sequence.fetch(index, classes.class_of(field.node));
        }
        let mut written = Ok(());
        // The identifier of the element that stands after the field.
        let mut next = None;
        for (index, field) in fields.iter().enumerate().rev() {
            let held = sequence.get(index);
            let is_absent = match (&held, field.default) {
                (Held::None, _) => field.optional,
                (Held::Value(item), Some(_)) => {
                    let default = class.default(self.py, index).ok_or_else(Refusal::bad_type)?;
                    let is_default = is_equal(item, default)?;
                    match &field.written {
                        Some(place) if is_default => match self.is_written(place, sequence) {
                            Ok(is_written) => !is_written,
                            Err(refusal) => {
                                written = Err(refusal.within(Segment::Field(field.name)));
                                continue;
                            }
                        },
                        _ => is_default,
                    }
                }
                _ => false,
            };
            if is_absent {
                // What stands after it must not be taken for it.
                self.expect_valid(!next.is_some_and(|tag| field.accepts(tag)));
                continue;
            }
            let before = &Before { sequence, fields, index };
            let place = Place { tag: field.implicit, depth, before: Some(before) };
            let outcome = self.item(held).and_then(|item| self.field(field, &item, place));
            if let Err(refusal) = outcome {
                let refusal = refusal.within(Segment::Field(field.name));
                if refusal.is_final() {
                    return Err(refusal);
                }
                written = Err(refusal);
            }
            next = self.writer().first();
        }
        written
    }

    /// Whether a DEFAULT value is to be written out.
    fn is_written(&self, written: &Written, sequence: Reader<'_, 'py>) -> Result<bool> {
        match sequence.get(written.place) {
            Held::None => Ok(false),
            Held::Value(value) if value.is(PyBool::new(self.py, true)) => Ok(true),
            _ => Err(Refusal::bad_type()),
        }
    }

    /// A field or alternative that is there.
    #[inline(always)] // Two callers, in the innermost loop.
    fn field(
        &mut self,
        field: &'static Field,
        item: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
    ) -> Result<()> {
        let end = self.writer().position();
        let depth = place.depth + u16::from(field.explicit);
        self.write(field.node, item, Place { depth, ..place })?;
        if let Some(default) = field.default {
            let is_default = default == self.writer().since(end);
            self.expect_valid(!is_default || field.written.is_some());
        }
        if field.explicit {
            self.writer().header(field.tags.octets().first().copied().unwrap_or_default(), end);
        }
        let accepted = self.writer().first().is_some_and(|tag| field.accepts(tag));
        self.expect_valid(accepted && field.first.is_empty());
        Ok(())
    }

    fn choice(
        &mut self,
        node: &'static Node,
        fields: &'static [Field],
        value: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
    ) -> Result<()> {
        let classes = self.classes;
        let mut copy = None;
        let choice = reader(classes.class(node)?, value, &mut copy)?;
        if place.tag.is_some() {
            return Err(Refusal::bad_value());
        }
        let mut present = None;
        for (index, field) in fields.iter().enumerate() {
            match choice.get(index) {
                Held::None => {}
                held => {
                    if present.replace((index, field, held)).is_some() {
                        return Err(Refusal::bad_value());
                    }
                }
            }
        }
        let (index, field, held) = present.ok_or_else(Refusal::bad_value)?;
        self.item(held)
            .and_then(|item| self.field(field, &item, Place { tag: field.implicit, ..place }))
            .map_err(|refusal| refusal.within(Segment::Field(field.name)))?;
        // It must not be taken for an alternative that comes first.
        let tag = self.writer().first().unwrap_or_default();
        self.expect_valid(!fields.iter().take(index).any(|field| field.accepts(tag)));
        Ok(())
    }

    /// The elements of a SEQUENCE OF or SET OF; returns how many.
    fn elements(
        &mut self,
        element: &'static Node,
        value: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
        sorted: bool,
    ) -> Result<usize> {
        if let Some(tuple) = cast::<PyTuple>(value) {
            return self.each(element, tuple, place, sorted);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.each(element, &list.to_tuple(), place, sorted);
        }
        let lazy = self.classes.lazy.reader(value);
        // The walk saw them in a PKIData or PKIResponse that was the root of its layer.
        let in_root = place.depth == Place::ROOT.inside().inside().depth;
        if let Some(validated) = lazy.filter(|_| in_root).and_then(|it| unchanged(it, element)) {
            self.has_layers = true;
            self.writer().leave_out(validated.get().len());
            self.unchanged = Some(validated);
            return Ok(0);
        }
        if !value.is_instance(self.classes.lazy.class(self.py))? {
            return Err(Refusal::bad_type());
        }
        let name = value.getattr(pyo3::intern!(self.py, "type_name"))?;
        if name.cast::<PyString>().is_ok_and(|name| name == element.name) {
            let octets = value.getattr(pyo3::intern!(self.py, "octets"))?;
            let octets = cast::<PyBytes>(&octets).ok_or_else(Refusal::bad_type)?.as_bytes();
            self.expect_valid(octets.is_empty());
            self.writer().prepend(octets);
            return Ok(0);
        }
        let items = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
        self.each(element, &PyTuple::new(self.py, items)?, place, sorted)
    }

    fn each(
        &mut self,
        element: &'static Node,
        items: &Bound<'py, PyTuple>,
        place: Place<'_, 'py>,
        sorted: bool,
    ) -> Result<usize> {
        let end = self.writer().position();
        let count = items.len();
        let sorted = sorted && count > 1;
        let mut bounds = Vec::new();
        let class = self.classes.class_of(element);
        for item in items.iter_borrowed() {
            fetch(&item, class);
        }
        let mut written = Ok(count);
        for (index, item) in items.iter_borrowed().enumerate().rev() {
            if let Err(refusal) = self.write(element, &item, place) {
                if refusal.is_final() {
                    return Err(refusal);
                }
                written = Err(refusal.within(Segment::Index(index)));
            }
            if sorted {
                bounds.push(self.writer().position());
            }
        }
        if sorted && written.is_ok() {
            self.writer().sort(end, &bounds);
        }
        written
    }
}

/// The octets of a `LazySequence`, if they are known to be good.
fn unchanged<'py>(lazy: Reader<'_, 'py>, element: &Node) -> Option<Bound<'py, Validated>> {
    let held = |index| match lazy.get(index) {
        Held::Value(value) => Some(value),
        _ => None,
    };
    let validated = held(5)?.cast_into::<Validated>().ok()?;
    let offset = |index| usize::try_from(small_int(cast(&held(index)?)?)?).ok();
    let name = held(3)?;
    let is_same = cast::<PyString>(&name)? == element.name
        && validated.get().is_of(&held(0)?, offset(1)?, offset(2)?);
    is_same.then_some(validated)
}

/// Whether two values are equal to Python.
fn is_equal(item: &Bound<'_, PyAny>, default: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is_bool = |value: &Bound<'_, PyAny>| value.is_exact_instance_of::<PyBool>();
    // There is one object for each truth value.
    Ok(item.is(default) || !(is_bool(item) && is_bool(default)) && item.eq(default)?)
}
