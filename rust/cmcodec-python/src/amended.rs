//! Rows that were amended above the engine, as what they tell.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use cmcodec::verify::told::{Chain, Named, Told, ToldRequest, ToldSigner};
use cmcodec::{Encoding, MessageKind, PopState, Reason, RequestForm, Verdict};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyDict, PyInt};

use crate::object::hexadecimal;

/// What is said of some rows instead of what the engine found; None: nothing at all.
pub type Amended = HashMap<usize, Option<Told<'static>>>;

/// A `Row`.
#[derive(FromPyObject)]
struct Row<'py> {
    index: usize,
    path: Vec<u32>,
    kind: PyBackedStr,
    encoding: PyBackedStr,
    verdict: PyBackedStr,
    reason: Option<PyBackedStr>,
    rule: Option<PyBackedStr>,
    offset: Option<usize>,
    signers: Vec<Signer>,
    requests: Vec<Request>,
    transaction_id: Option<Bound<'py, PyInt>>,
    notes: Vec<Note>,
    span: (usize, usize),
}

/// A `Signer`.
#[derive(FromPyObject)]
struct Signer {
    algorithm: Option<PyBackedStr>,
    certificate_sha256: Option<PyBackedStr>,
    request_id: Option<u32>,
    chain: Option<PyBackedStr>,
    anchor_sha256: Option<PyBackedStr>,
    reason: Option<PyBackedStr>,
    detail: Option<PyBackedStr>,
    candidates: Vec<PyBackedBytes>,
}

/// A `RequestReport`.
#[derive(FromPyObject)]
struct Request {
    id: u32,
    form: PyBackedStr,
    algorithm: Option<PyBackedStr>,
    pop: PyBackedStr,
}

/// A `Note`.
#[derive(FromPyObject)]
struct Note {
    body_part_id: Option<u32>,
    reason: PyBackedStr,
}

/// Reads what a caller gives: rows, or None, by their numbers.
pub fn amended(given: &Bound<'_, PyDict>) -> PyResult<Amended> {
    let mut named = Named::default();
    let read = |(number, row): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let row: Option<Row<'_>> = row.extract()?;
        let told = row.map(|row| row.tell(&mut named)).transpose()?;
        Ok((number.extract()?, told))
    };
    given.iter().map(read).collect()
}

impl Row<'_> {
    fn tell(self, named: &mut Named) -> PyResult<Told<'static>> {
        let text = self.transaction_id.map(|number| hexadecimal(&number)).transpose()?;
        let note = |note: Note| Ok((note.body_part_id, reason(&note.reason, None)?));
        let why = self.reason.map(|code| reason(&code, self.rule.as_deref())).transpose()?;
        Ok(Told {
            item: self.index,
            path: Cow::Owned(self.path),
            kind: one(&MessageKind::ALL, MessageKind::name, &self.kind)?,
            encoding: one(&Encoding::ALL, Encoding::name, &self.encoding)?,
            verdict: one(&Verdict::ALL, Verdict::name, &self.verdict)?,
            reason: why,
            offset: self.offset,
            span: self.span.0..self.span.1,
            signers: self.signers.into_iter().map(|it| it.tell(named)).collect::<PyResult<_>>()?,
            requests: self.requests.into_iter().map(Request::tell).collect::<PyResult<_>>()?,
            transaction_id: text.map(|text| text.extract()).transpose()?,
            notes: self.notes.into_iter().map(note).collect::<PyResult<_>>()?,
        })
    }
}

impl Signer {
    fn tell(self, named: &mut Named) -> PyResult<ToldSigner<'static>> {
        let certificate = self.candidates.first();
        let purposes = certificate.map(|octets| named.facts(octets).purposes);
        let chain = self.chain.map(|word| one(&Chain::ALL, Chain::name, &word)).transpose()?;
        Ok(ToldSigner {
            algorithm: self.algorithm.map(owned),
            certificate: self.certificate_sha256.map(|text| digest(&text)).transpose()?,
            request_id: self.request_id,
            chain,
            anchor: self.anchor_sha256.map(|text| digest(&text)).transpose()?,
            reason: self.reason.map(|code| reason(&code, None)).transpose()?,
            detail: self.detail.map(owned),
            purposes: purposes.unwrap_or_else(|| Arc::from([])),
        })
    }
}

impl Request {
    fn tell(self) -> PyResult<ToldRequest<'static>> {
        Ok(ToldRequest {
            id: self.id,
            form: one(&RequestForm::ALL, RequestForm::name, &self.form)?,
            algorithm: self.algorithm.map(owned),
            pop: one(&PopState::ALL, PopState::name, &self.pop)?,
        })
    }
}

#[allow(clippy::needless_pass_by_value)] // As `Option::map` hands it over.
fn owned(text: PyBackedStr) -> Cow<'static, str> {
    Cow::Owned(text.to_string())
}

/// The value of this name.
fn one<T: Copy>(every: &[T], name: impl Fn(T) -> &'static str, text: &str) -> PyResult<T> {
    let found = every.iter().copied().find(|value| name(*value) == text);
    found.ok_or_else(|| PyValueError::new_err(format!("{text:?} is not known")))
}

/// The reason of this code under this rule; without a rule, that of the usual one.
fn reason(code: &str, rule: Option<&str>) -> PyResult<Reason> {
    let mut every = Reason::ALL.into_iter().filter(|reason| reason.name() == code);
    let usual = every.clone().next();
    let is_it = |reason: &Reason| reason.rule().map(|rule| rule.name()) == rule;
    let found = if rule.is_some() { every.find(is_it) } else { None };
    found.or(usual).ok_or_else(|| PyValueError::new_err(format!("{code:?} is not known")))
}

/// 32 octets in hexadecimal.
fn digest(text: &str) -> PyResult<[u8; 32]> {
    let mut octets = [0; 32];
    for (place, octet) in octets.iter_mut().enumerate() {
        let pair = text.get(2 * place..2 * place + 2);
        *octet = pair
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .ok_or_else(|| PyValueError::new_err("not a SHA-256"))?;
    }
    Ok(octets)
}
