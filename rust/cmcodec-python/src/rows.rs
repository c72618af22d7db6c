//! Rows of a report as values of the classes of `cmcodec.verify.verdict`.
//!
//! Each class has a table here: one line for each of its attributes, its name
//! and what it is.

use cmcodec::generated::algorithm_tables::SIGNATURE_NAMES;
use cmcodec::verify::report::{fingerprint, hexadecimal};
use cmcodec::{
    AlgorithmName, CertificateSource, Config, Encoding, MessageKind, PopState, Reason, Request,
    RequestForm, Row, Signer, SignerKey, Verdict,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString, PyTuple};

use crate::errors::reason_and_rule;
use crate::object::{Class, integer, tuple};

type Made<'py> = PyResult<Bound<'py, PyAny>>;

/// An attribute, and what it is of a `T`.
type Attribute<T> = (&'static str, for<'py> fn(&Maker<'_, 'py>, &T) -> Made<'py>);

static ROW: [Attribute<Row>; 15] = [
    ("index", |it, row| it.int(row.item)),
    ("path", |it, row| it.tuple(&row.path, |id| it.int(*id as usize))),
    ("kind", |it, row| it.word(&it.words.kinds, row.finding.kind as usize)),
    ("encoding", |it, row| it.word(&it.words.encodings, row.encoding as usize)),
    ("verdict", |it, row| it.word(&it.words.verdicts, row.finding.verdict as usize)),
    ("reason", |it, row| Ok(it.reason(row.finding.fault.map(|fault| fault.reason))?.0)),
    ("rule", |it, row| Ok(it.reason(row.finding.fault.map(|fault| fault.reason))?.1)),
    ("offset", |it, row| it.option(row.finding.fault.and_then(|fault| fault.offset))),
    ("signers", |it, row| {
        it.tuple(&row.finding.signers, |signer| it.make(&it.words.signer, &SIGNER, signer))
    }),
    ("requests", |it, row| {
        it.tuple(&row.finding.requests, |request| it.make(&it.words.request, &REQUEST, request))
    }),
    ("transaction_id", |it, row| it.transaction_id(row)),
    ("notes", |it, row| {
        let noted = row.finding.has_other_version.then_some(Reason::VersionMismatch);
        it.tuple(noted.as_slice(), |reason| it.make(&it.words.note, &NOTE, reason))
    }),
    ("span", |it, row| it.tuple(&[row.span.start, row.span.end], |offset| it.int(*offset))),
    ("_buffer", |it, _| Ok(it.der.clone().into_any())),
    ("_may_have_notes", |it, row| {
        Ok(PyBool::new(it.py, row.finding.may_have_notes).to_owned().into_any())
    }),
];

static SIGNER: [Attribute<Signer>; 8] = [
    ("algorithm", |it, signer| it.algorithm(signer.algorithm)),
    ("certificate_sha256", |it, signer| it.fingerprint(signer)),
    ("request_id", |it, signer| match signer.key {
        Ok(SignerKey::Request(id)) => it.int(id as usize),
        _ => it.none(),
    }),
    ("chain", |it, signer| match it.certificate(signer) {
        Some(_) => Ok(it.words.unchecked.bind(it.py).clone().into_any()),
        None => it.none(),
    }),
    ("anchor_sha256", |it, _| it.none()),
    ("reason", |it, signer| Ok(it.reason(signer.key.as_ref().err().copied())?.0)),
    ("detail", |it, _| it.none()),
    ("candidates", |it, signer| {
        it.tuple(Maker::sources(signer), |source| match it.octets(source) {
            Some(octets) => Ok(PyBytes::new(it.py, octets).into_any()),
            None => it.none(),
        })
    }),
];

static REQUEST: [Attribute<Request>; 4] = [
    ("id", |it, request| it.int(request.id as usize)),
    ("form", |it, request| it.word(&it.words.forms, request.form as usize)),
    ("algorithm", |it, request| match request.algorithm {
        Some(name) => it.algorithm(name),
        None => it.none(),
    }),
    ("pop", |it, request| it.word(&it.words.pops, request.pop as usize)),
];

/// Of the message as a whole.
static NOTE: [Attribute<Reason>; 2] =
    [("body_part_id", |it, _| it.none()), ("reason", |it, reason| Ok(it.reason(Some(*reason))?.0))];

/// The classes, and every word that stands in a row, interned.
struct Words {
    row: Class,
    signer: Class,
    request: Class,
    note: Class,
    kinds: Vec<Py<PyString>>,
    encodings: Vec<Py<PyString>>,
    verdicts: Vec<Py<PyString>>,
    forms: Vec<Py<PyString>>,
    pops: Vec<Py<PyString>>,
    algorithms: Vec<Py<PyString>>,
    unchecked: Py<PyString>,
}

static WORDS: PyOnceLock<Words> = PyOnceLock::new();

impl Words {
    fn new(py: Python<'_>) -> PyResult<Self> {
        let verdict = py.import("cmcodec.verify.verdict")?;
        let row = verdict.getattr("Row")?.cast_into()?;
        let signer = verdict.getattr("Signer")?.cast_into()?;
        let request = verdict.getattr("RequestReport")?.cast_into()?;
        let note = verdict.getattr("Note")?.cast_into()?;
        let word = |name| PyString::intern(py, name).unbind();
        Ok(Self {
            row: Class::new(&row, ROW.iter().map(|(name, _)| *name))?,
            signer: Class::new(&signer, SIGNER.iter().map(|(name, _)| *name))?,
            request: Class::new(&request, REQUEST.iter().map(|(name, _)| *name))?,
            note: Class::new(&note, NOTE.iter().map(|(name, _)| *name))?,
            kinds: MessageKind::ALL.iter().map(|kind| word(kind.name())).collect(),
            encodings: Encoding::ALL.iter().map(|encoding| word(encoding.name())).collect(),
            verdicts: Verdict::ALL.iter().map(|verdict| word(verdict.name())).collect(),
            forms: RequestForm::ALL.iter().map(|form| word(form.name())).collect(),
            pops: PopState::ALL.iter().map(|pop| word(pop.name())).collect(),
            algorithms: SIGNATURE_NAMES.iter().map(|(_, _, name)| word(name)).collect(),
            unchecked: word("unchecked"),
        })
    }
}

/// Makes the rows of one item.
struct Maker<'a, 'py> {
    py: Python<'py>,
    words: &'a Words,
    /// What the offsets count in.
    der: &'a Bound<'py, PyBytes>,
    config: &'a Config,
}

/// `row`, of which the offsets count in `der`.
pub fn row<'py>(der: &Bound<'py, PyBytes>, row: &Row, config: &Config) -> Made<'py> {
    let py = der.py();
    let words = WORDS.get_or_try_init(py, || Words::new(py))?;
    let maker = Maker { py, words, der, config };
    maker.make(&words.row, &ROW, row)
}

impl<'py> Maker<'_, 'py> {
    fn make<T>(&self, class: &Class, attributes: &[Attribute<T>], of: &T) -> Made<'py> {
        let mut instance = class.begin(self.py)?;
        for (index, (_, attribute)) in attributes.iter().enumerate() {
            instance.set(index, attribute(self, of)?);
        }
        instance.finish().ok_or_else(|| PyTypeError::new_err("an attribute is missing"))
    }

    fn none(&self) -> Made<'py> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn int(&self, number: usize) -> Made<'py> {
        Ok(PyInt::new(self.py, number).into_any())
    }

    fn option(&self, number: Option<usize>) -> Made<'py> {
        number.map_or_else(|| self.none(), |number| self.int(number))
    }

    fn word(&self, words: &[Py<PyString>], number: usize) -> Made<'py> {
        match words.get(number) {
            Some(word) => Ok(word.bind(self.py).clone().into_any()),
            None => self.none(),
        }
    }

    fn tuple<T>(&self, items: &[T], make: impl Fn(&T) -> Made<'py>) -> Made<'py> {
        match items {
            [] => Ok(PyTuple::empty(self.py).into_any()),
            [only] => tuple(self.py, [make(only)?].into_iter()),
            several => {
                let made = several.iter().map(make).collect::<PyResult<Vec<_>>>()?;
                tuple(self.py, made.into_iter())
            }
        }
    }

    /// The members of `Reason` and of `Rule`.
    fn reason(&self, reason: Option<Reason>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let Some(reason) = reason else { return Ok((self.none()?, self.none()?)) };
        let (reason, rule) = reason_and_rule(self.py, reason)?;
        Ok((reason.bind(self.py).clone(), rule.bind(self.py).clone()))
    }

    fn algorithm(&self, name: AlgorithmName) -> Made<'py> {
        match name {
            AlgorithmName::Known(index) => self.word(&self.words.algorithms, index),
            AlgorithmName::Other(_) => {
                Ok(PyString::new(self.py, &name.text(self.der.as_bytes())).into_any())
            }
        }
    }

    /// Where the certificates are of which the key verified a signature.
    fn sources(signer: &Signer) -> &[CertificateSource] {
        match &signer.key {
            Ok(SignerKey::Certificates(sources)) => sources,
            _ => &[],
        }
    }

    fn octets<'b>(&'b self, source: &CertificateSource) -> Option<&'b [u8]> {
        source.octets(self.der.as_bytes(), &self.config.certificates)
    }

    /// The certificate that a signer is called by.
    fn certificate<'b>(&'b self, signer: &Signer) -> Option<&'b [u8]> {
        Self::sources(signer).first().and_then(|source| self.octets(source))
    }

    fn fingerprint(&self, signer: &Signer) -> Made<'py> {
        let Some(octets) = self.certificate(signer) else { return self.none() };
        let text = hexadecimal(&fingerprint(octets));
        Ok(PyString::from_bytes(self.py, &text)?.into_any())
    }

    fn transaction_id(&self, row: &Row) -> Made<'py> {
        let content = row.finding.transaction_id.clone();
        match content.and_then(|range| self.der.as_bytes().get(range)) {
            Some(content) => integer(self.py, content),
            None => self.none(),
        }
    }
}
