//! The contents of primitive values.

use cmcodec::der::writer::Writer;
use cmcodec::schema::Kind;
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};

use super::refusal::{Refusal, Result};
use crate::classes::Classes;
use crate::object::{Class, Held, Reader, hexadecimal, small_int};

/// Writes the content of a primitive value.
pub fn content(
    classes: &Classes,
    writer: &mut Writer,
    kind: &Kind,
    value: &Bound<'_, PyAny>,
) -> Result<()> {
    let py = value.py();
    match kind {
        Kind::Boolean => {
            let truth = cast::<PyBool>(value).ok_or_else(Refusal::bad_type)?.is_true();
            writer.prepend(&[if truth { 0xFF } else { 0x00 }]);
        }
        Kind::Integer { .. } | Kind::Enumerated { .. } => integer(writer, value)?,
        Kind::BitString { .. } => {
            let mut copy = None;
            let bits = reader(&classes.bit_string, value, &mut copy)?;
            let (Held::Value(data), Held::Value(unused)) = (bits.get(0), bits.get(1)) else {
                return Err(Refusal::bad_value());
            };
            let data = cast::<PyBytes>(&data).ok_or_else(Refusal::bad_value)?;
            let unused = cast::<PyInt>(&unused).ok_or_else(Refusal::bad_value)?;
            let unused = small_int(unused).and_then(|it| u8::try_from(it).ok());
            let unused = unused.filter(|it| *it <= 7).ok_or_else(Refusal::bad_value)?;
            writer.prepend(data.as_bytes());
            writer.prepend(&[unused]);
        }
        Kind::OctetString => {
            let octets = cast::<PyBytes>(value).ok_or_else(Refusal::bad_type)?;
            writer.prepend(octets.as_bytes());
        }
        Kind::Null => {
            if !value.is(classes.null.bind(py)) {
                let class = classes.null.bind(py).get_type();
                if !value.is_instance(&class)? {
                    return Err(Refusal::bad_type());
                }
            }
        }
        Kind::Utf8String => {
            let text = cast::<PyString>(value).ok_or_else(Refusal::bad_type)?;
            writer.prepend(text.to_str().map_err(|_| Refusal::bad_value())?.as_bytes());
        }
        Kind::Ia5String => {
            let text = cast::<PyString>(value).ok_or_else(Refusal::bad_type)?;
            let text = text.to_str().map_err(|_| Refusal::bad_value())?;
            if !text.is_ascii() {
                return Err(Refusal::bad_value());
            }
            writer.prepend(text.as_bytes());
        }
        Kind::BmpString => {
            let text = cast::<PyString>(value).ok_or_else(Refusal::bad_type)?;
            let units = text.to_str().map_err(|_| Refusal::bad_value())?.encode_utf16();
            writer.prepend(&units.flat_map(u16::to_be_bytes).collect::<Vec<_>>());
        }
        Kind::GeneralizedTime | Kind::UtcTime => time(classes, writer, kind, value)?,
        // The encoder writes every other kind itself.
        _ => return Err(Refusal::bad_type()),
    }
    Ok(())
}

fn integer(writer: &mut Writer, value: &Bound<'_, PyAny>) -> Result<()> {
    let number = cast::<PyInt>(value).ok_or_else(Refusal::bad_type)?;
    if value.is_exact_instance_of::<PyBool>() {
        return Err(Refusal::bad_type());
    }
    if let Some(small) = small_int(number) {
        writer.integer(small);
        return Ok(());
    }
    let text = hexadecimal(number)?;
    writer.hexadecimal(text.to_str()?);
    Ok(())
}

fn time(
    classes: &Classes,
    writer: &mut Writer,
    kind: &Kind,
    value: &Bound<'_, PyAny>,
) -> Result<()> {
    let py = value.py();
    let class = classes.datetime.bind(py);
    if !value.is_instance(class)? {
        return Err(Refusal::bad_type());
    }
    if value.get_type().is(class) {
        if let Some((year, text)) = plain_time(classes, value)? {
            let text = match kind {
                Kind::UtcTime if (1950..2050).contains(&year) => text.get(2..),
                Kind::UtcTime => None,
                _ => Some(&text[..]),
            };
            writer.prepend(text.ok_or_else(Refusal::bad_value)?);
            return Ok(());
        }
    }
    let function = match kind {
        Kind::UtcTime => "encode_utc_time",
        _ => "encode_generalized_time",
    };
    // What both backends write with Python's own types.
    let octets = py.import("cmcodec.asn1.scalars")?.getattr(function)?.call1((value,))?;
    let octets = cast::<PyBytes>(&octets).ok_or_else(Refusal::bad_value)?;
    writer.prepend(octets.as_bytes());
    Ok(())
}

/// A time in UTC in whole seconds, which nearly every one is, as a
/// GeneralizedTime, and its year.
fn plain_time(classes: &Classes, value: &Bound<'_, PyAny>) -> PyResult<Option<(u16, [u8; 15])>> {
    let py = value.py();
    let zone = value.getattr(pyo3::intern!(py, "tzinfo"))?;
    let fraction: u32 = value.getattr(pyo3::intern!(py, "microsecond"))?.extract()?;
    if fraction != 0 || !zone.is(classes.utc.bind(py)) {
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

/// Reads an instance of `class`; `copy` is for one of a class derived from it.
#[inline]
pub fn reader<'v, 'py>(
    class: &'v Class,
    value: &'v Bound<'py, PyAny>,
    copy: &'v mut Option<Bound<'py, PyAny>>,
) -> Result<Reader<'v, 'py>> {
    if let Some(reader) = class.reader(value) {
        return Ok(reader);
    }
    let copied = class.copy(value)?.ok_or_else(Refusal::bad_type)?;
    class.reader(copy.insert(copied)).ok_or_else(Refusal::bad_type)
}

/// `value` as a Python type or one derived from it.
#[inline]
pub fn cast<'v, 'py, T: PyTypeInfo>(value: &'v Bound<'py, PyAny>) -> Option<&'v Bound<'py, T>> {
    // To compare the type is quicker than to ask for its flags.
    value.cast_exact::<T>().or_else(|_| value.cast::<T>()).ok()
}
