//! The sink that makes Python values.

use cmcodec::der::Tlv;
use cmcodec::error::{Error, Reason, Result};
use cmcodec::schema::primitive::{Moment, small_integer};
use cmcodec::schema::sink::Sink;
use cmcodec::schema::{Kind, Node};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString, PyTuple};

use crate::object::Instance;
use crate::registry::Registry;

/// Makes the declared classes' instances from octets that were validated.
pub struct Builder<'a, 'py> {
    py: Python<'py>,
    registry: &'a Registry,
    buffer: Bound<'py, PyBytes>,
    /// What Python raised, if it did; the walk then ends with an error that
    /// nobody sees.
    pub raised: Option<PyErr>,
}

/// A value of several others in the making.
pub enum Frame<'a, 'py> {
    Instance(Instance<'a, 'py>),
    Tuple(Vec<Bound<'py, PyAny>>),
}

impl<'a, 'py> Builder<'a, 'py> {
    pub fn new(registry: &'a Registry, buffer: Bound<'py, PyBytes>) -> Self {
        Self { py: buffer.py(), registry, buffer, raised: None }
    }

    fn catch<T>(&mut self, result: PyResult<T>) -> Result<T> {
        result.map_err(|raised| {
            self.raised = Some(raised);
            Error::new(Reason::Limit, 0)
        })
    }

    fn make_leaf(&self, node: &'static Node, data: &[u8], tlv: Tlv) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let content = tlv.value(data);
        let text = || String::from_utf8_lossy(content);
        let made = match &node.kind {
            Kind::Boolean => PyBool::new(py, content != [0]).to_owned().into_any(),
            Kind::Integer { .. } | Kind::Enumerated { .. } => self.integer(node, content)?,
            Kind::BitString { .. } => {
                let (unused, octets) = content.split_first().unwrap_or((&0, &[]));
                let values =
                    [PyBytes::new(py, octets).into_any(), PyInt::new(py, *unused).into_any()];
                self.registry.bit_string.make(py, values)?
            }
            Kind::OctetString | Kind::Containing(_) => PyBytes::new(py, content).into_any(),
            Kind::Null => self.registry.null.bind(py).clone(),
            Kind::ObjectIdentifier => self.registry.oid(py, content).into_any(),
            Kind::Utf8String | Kind::Ia5String => PyString::new(py, &text()).into_any(),
            Kind::GeneralizedTime => self.datetime(Moment::generalized(content))?,
            Kind::UtcTime => self.datetime(Moment::utc(content))?,
            Kind::Opaque => {
                let octets = PyBytes::new(py, tlv.octets(data)).into_any();
                self.registry.class(node)?.make(py, [octets])?
            }
            Kind::SequenceOf { element, .. } => {
                let values = [
                    self.buffer.clone().into_any(),
                    PyInt::new(py, tlv.content()).into_any(),
                    PyInt::new(py, tlv.end()).into_any(),
                    PyString::intern(py, element.name).into_any(),
                    py.None().into_bound(py),
                ];
                self.registry.parts.make(py, values)?
            }
            _ => {
                let octets = PyBytes::new(py, tlv.octets(data)).into_any();
                self.registry.tlv.make(py, [octets])?
            }
        };
        Ok(made)
    }

    fn integer(&self, node: &Node, content: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let Some(value) = small_integer(content) else {
            let keywords = PyDict::new(py);
            keywords.set_item("signed", true)?;
            let octets = PyBytes::new(py, content);
            return self.registry.int_from_bytes.bind(py).call((octets, "big"), Some(&keywords));
        };
        let value = PyInt::new(py, value).into_any();
        match self.registry.numbers(node) {
            Some(members) => Ok(members.bind(py).get_item(&value)?.unwrap_or(value)),
            None => Ok(value),
        }
    }

    fn datetime(&self, moment: std::result::Result<Moment, Reason>) -> PyResult<Bound<'py, PyAny>> {
        let Ok(m) = moment else { return Ok(self.py.None().into_bound(self.py)) };
        let utc = self.registry.utc.bind(self.py);
        self.registry.datetime.bind(self.py).call1((
            m.year,
            m.month,
            m.day,
            m.hour,
            m.minute,
            m.second,
            m.microsecond,
            utc,
        ))
    }
}

impl<'a, 'py> Sink for Builder<'a, 'py> {
    type Value = Bound<'py, PyAny>;
    type Frame = Frame<'a, 'py>;

    const DESCENDS: bool = false;

    fn open(&mut self, node: &'static Node) -> Result<Frame<'a, 'py>> {
        if matches!(node.kind, Kind::SequenceOf { .. } | Kind::SetOf { .. }) {
            return Ok(Frame::Tuple(Vec::new()));
        }
        let registry = self.registry;
        let instance = registry.class(node).and_then(|class| class.begin(self.py));
        self.catch(instance).map(Frame::Instance)
    }

    fn add(
        &mut self,
        frame: &mut Frame<'a, 'py>,
        index: usize,
        value: Bound<'py, PyAny>,
    ) -> Result<()> {
        match frame {
            Frame::Instance(instance) => {
                let set = instance.set(index, &value);
                self.catch(set)
            }
            Frame::Tuple(values) => {
                values.push(value);
                Ok(())
            }
        }
    }

    fn close(&mut self, _: &'static Node, frame: Frame<'a, 'py>) -> Result<Bound<'py, PyAny>> {
        let value = match frame {
            Frame::Instance(instance) => instance.finish(),
            Frame::Tuple(values) => PyTuple::new(self.py, values).map(Bound::into_any),
        };
        self.catch(value)
    }

    fn leaf(&mut self, node: &'static Node, data: &[u8], tlv: Tlv) -> Result<Bound<'py, PyAny>> {
        let value = self.make_leaf(node, data, tlv);
        self.catch(value)
    }

    fn name(&mut self, node: &'static Node, value: Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let made = self.registry.class(node).and_then(|class| class.make(self.py, [value]));
        self.catch(made)
    }
}
