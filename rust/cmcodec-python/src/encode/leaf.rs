//! The contents of primitive values.

use cmcodec::limits::DEFAULT_MESSAGE_LAYERS;
use cmcodec::schema::Kind;
use cmcodec::schema::walk::{Options, validate};
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};

use super::{Encoder, Place, Refusal, Result};
use crate::object::{Held, hexadecimal, small_int};

impl<'py> Encoder<'_, 'py> {
    /// The content of a primitive value.
    pub(super) fn primitive(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
        place: Place<'_, 'py>,
    ) -> Result<()> {
        let py = self.py;
        match kind {
            Kind::Boolean => {
                let truth = cast::<PyBool>(value).ok_or_else(Refusal::bad_type)?.is_true();
                self.writer().prepend(&[if truth { 0xFF } else { 0x00 }]);
            }
            Kind::Integer { .. } | Kind::Enumerated { .. } => self.integer(value)?,
            Kind::BitString { .. } => {
                let registry = self.registry;
                let mut copy = None;
                let bits = self.reader(&registry.bit_string, value, &mut copy)?;
                let (Held::Value(data), Held::Value(unused)) = (bits.get(0), bits.get(1)) else {
                    return Err(Refusal::bad_value());
                };
                let data = cast::<PyBytes>(&data).ok_or_else(Refusal::bad_value)?;
                let unused = cast::<PyInt>(&unused).ok_or_else(Refusal::bad_value)?;
                let unused = small_int(unused).and_then(|it| u8::try_from(it).ok());
                let unused = unused.filter(|it| *it <= 7).ok_or_else(Refusal::bad_value)?;
                self.writer().prepend(data.as_bytes());
                self.writer().prepend(&[unused]);
            }
            Kind::OctetString => {
                let octets = cast::<PyBytes>(value).ok_or_else(Refusal::bad_type)?;
                self.writer().prepend(octets.as_bytes());
            }
            Kind::Containing(table) => {
                let octets = cast::<PyBytes>(value).ok_or_else(Refusal::bad_type)?;
                if let Some(contained) = self.known(table, place.before) {
                    self.has_layers = true;
                    if !self.scratch.remembers(octets, contained) {
                        let max_layers = DEFAULT_MESSAGE_LAYERS - 1;
                        let options = Options { max_layers, ..Options::default() };
                        self.prove(validate(contained, octets.as_bytes(), options).is_ok());
                    }
                }
                self.writer().prepend(octets.as_bytes());
            }
            Kind::Null => {
                if !value.is(self.registry.null.bind(py)) {
                    let class = self.registry.null.bind(py).get_type();
                    if !value.is_instance(&class)? {
                        return Err(Refusal::bad_type());
                    }
                }
            }
            Kind::Utf8String => {
                let text = cast::<PyString>(value).ok_or_else(Refusal::bad_type)?;
                self.writer().prepend(text.to_str().map_err(|_| Refusal::bad_value())?.as_bytes());
            }
            Kind::Ia5String => {
                let text = cast::<PyString>(value).ok_or_else(Refusal::bad_type)?;
                let text = text.to_str().map_err(|_| Refusal::bad_value())?;
                if !text.is_ascii() {
                    return Err(Refusal::bad_value());
                }
                self.writer().prepend(text.as_bytes());
            }
            Kind::GeneralizedTime | Kind::UtcTime => self.time(kind, value)?,
            // `write` handles every other kind itself.
            _ => return Err(Refusal::bad_type()),
        }
        Ok(())
    }

    fn integer(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        let number = cast::<PyInt>(value).ok_or_else(Refusal::bad_type)?;
        if value.is_exact_instance_of::<PyBool>() {
            return Err(Refusal::bad_type());
        }
        if let Some(small) = small_int(number) {
            self.writer().integer(small);
            return Ok(());
        }
        let text = hexadecimal(number)?;
        self.writer().hexadecimal(text.to_str()?);
        Ok(())
    }

    fn time(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        let class = self.registry.datetime.bind(self.py);
        if !value.is_instance(class)? {
            return Err(Refusal::bad_type());
        }
        if value.get_type().is(class) {
            if let Some((year, text)) = self.plain_time(value)? {
                let text = match kind {
                    Kind::UtcTime if (1950..2050).contains(&year) => text.get(2..),
                    Kind::UtcTime => None,
                    _ => Some(&text[..]),
                };
                self.writer().prepend(text.ok_or_else(Refusal::bad_value)?);
                return Ok(());
            }
        }
        let function = match kind {
            Kind::UtcTime => "encode_utc_time",
            _ => "encode_generalized_time",
        };
        // What both backends write with Python's own types.
        let octets = self.py.import("cmcodec._scalars")?.getattr(function)?.call1((value,))?;
        let octets = cast::<PyBytes>(&octets).ok_or_else(Refusal::bad_value)?;
        self.writer().prepend(octets.as_bytes());
        Ok(())
    }

    /// A time in UTC in whole seconds, which nearly every one is, as a
    /// GeneralizedTime, and its year.
    fn plain_time(&self, value: &Bound<'py, PyAny>) -> PyResult<Option<(u16, [u8; 15])>> {
        let py = self.py;
        let zone = value.getattr(pyo3::intern!(py, "tzinfo"))?;
        let fraction: u32 = value.getattr(pyo3::intern!(py, "microsecond"))?.extract()?;
        if fraction != 0 || !zone.is(self.registry.utc.bind(py)) {
            return Ok(None);
        }
        let year: u16 = value.getattr(pyo3::intern!(py, "year"))?.extract()?;
        let pairs = [
            u8::try_from(year / 100)?,
            u8::try_from(year % 100)?,
            value.getattr(pyo3::intern!(py, "month"))?.extract()?,
            value.getattr(pyo3::intern!(py, "day"))?.extract()?,
            value.getattr(pyo3::intern!(py, "hour"))?.extract()?,
            value.getattr(pyo3::intern!(py, "minute"))?.extract()?,
            value.getattr(pyo3::intern!(py, "second"))?.extract()?,
        ];
        let mut text = *b"00000000000000Z";
        for (digits, pair) in text.chunks_exact_mut(2).zip(pairs) {
            if let [tens, ones] = digits {
                *tens += pair / 10;
                *ones += pair % 10;
            }
        }
        Ok(Some((year, text)))
    }
}

/// `value` as a Python type or one derived from it.
#[inline]
pub(super) fn cast<'v, 'py, T: PyTypeInfo>(
    value: &'v Bound<'py, PyAny>,
) -> Option<&'v Bound<'py, T>> {
    // To compare the type is quicker than to ask for its flags.
    value.cast_exact::<T>().or_else(|_| value.cast::<T>()).ok()
}
