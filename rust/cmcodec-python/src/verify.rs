//! Verification without the interpreter, and its report.

use std::ops::Range;
use std::sync::Mutex;

use cmcodec::load::Encoding;
use cmcodec::schema::walk::Options;
use cmcodec::verify::lines::{Form, Lines};
use cmcodec::verify::report::Verdict;
use cmcodec::verify::told::{Sink, tell};
use cmcodec::verify::{Config, Item, KnownCertificates, Report, verify as verify_items};
use pyo3::exceptions::{PyIndexError, PyKeyboardInterrupt};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::amended::amended;
use crate::rows;

/// The rows over a list of messages; each is made when it is asked for.
#[pyclass(frozen, module = "cmcodec._rust")]
pub struct Verdicts {
    /// The DER form of each item, which is the item itself unless it was BER.
    ders: Vec<Py<PyBytes>>,
    report: Report,
    config: Config,
}

/// An item: octets as received, or a message that was validated, its span in
/// a buffer and how it was encoded; each also with whether a wrapped request
/// counts.
#[derive(FromPyObject)]
pub enum Given<'py> {
    Received(Bound<'py, PyBytes>),
    Validated(Bound<'py, PyBytes>, usize, usize, PyBackedStr),
    ReceivedSo(Bound<'py, PyBytes>, bool),
    ValidatedSo(Bound<'py, PyBytes>, usize, usize, PyBackedStr, bool),
}

impl<'py> Given<'py> {
    fn item(&self) -> Item<'_> {
        let validated = |buffer, start, end, encoding: &PyBackedStr, wrapped| Item::Validated {
            buffer,
            span: start..end,
            encoding: if **encoding == *"ber" { Encoding::Ber } else { Encoding::Der },
            wrapped,
        };
        match self {
            Self::ReceivedSo(octets, true) => Item::Wrapped(octets.as_bytes()),
            Self::Received(octets) | Self::ReceivedSo(octets, false) => {
                Item::Received(octets.as_bytes())
            }
            Self::Validated(buffer, start, end, encoding) => {
                validated(buffer.as_bytes(), *start, *end, encoding, false)
            }
            Self::ValidatedSo(buffer, start, end, encoding, wrapped) => {
                validated(buffer.as_bytes(), *start, *end, encoding, *wrapped)
            }
        }
    }

    fn buffer(self) -> Py<PyBytes> {
        match self {
            Self::Received(buffer)
            | Self::Validated(buffer, ..)
            | Self::ReceivedSo(buffer, _)
            | Self::ValidatedSo(buffer, ..) => buffer.unbind(),
        }
    }
}

/// A signature: its algorithm, the key, what was signed, and the octets.
type Evidence<'py> = (&'static str, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// What lanes this process has.
#[pyfunction]
pub fn lanes() -> &'static str {
    cmcodec::verify::job::lanes().name()
}

/// Verifies every message in `items` on `threads` threads.
#[pyfunction]
#[pyo3(signature = (
    items, *, strict, max_layers, max_size, nested, certificates, authorised_ras, legacy, threads,
    lanes, progress
))]
#[allow(clippy::too_many_arguments)] // One for each decision of the caller.
pub fn verify(
    py: Python<'_>,
    items: Vec<Given<'_>>,
    strict: bool,
    max_layers: usize,
    max_size: usize,
    nested: bool,
    certificates: Vec<Vec<u8>>,
    authorised_ras: Vec<[u8; 32]>,
    legacy: bool,
    threads: usize,
    lanes: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<Verdicts> {
    let config = Config {
        options: Options { strict, max_layers, max_size, ..Options::default() },
        nested,
        legacy,
        certificates: KnownCertificates::new(certificates),
        authorised_ras: authorised_ras.into_iter().collect(),
        threads,
        lanes,
    };
    let given: Vec<Item<'_>> = items.iter().map(Given::item).collect();
    let raised = Mutex::new(None);
    let tell = |done: usize, total: usize| {
        let told = Python::try_attach(|py| -> PyResult<()> {
            py.check_signals()?;
            if let Some(progress) = &progress {
                progress.call1(py, (done, total))?;
            }
            Ok(())
        });
        // Where the interpreter has ended, nobody waits for what is found.
        let Some(told) = told else { return false };
        told.map_err(|error| raised.lock().map(|mut slot| *slot = Some(error)).ok()).is_ok()
    };
    let mut report = py.detach(|| verify_items(&given, &config, &tell)).map_err(|_| {
        let raised = raised.lock().ok().and_then(|mut slot| slot.take());
        raised.unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
    })?;
    let mut ders: Vec<Py<PyBytes>> = items.into_iter().map(Given::buffer).collect();
    for (item, der) in report.take_converted() {
        if let Some(place) = ders.get_mut(item) {
            *place = PyBytes::new(py, &der).unbind();
        }
    }
    Ok(Verdicts { ders, report, config })
}

#[pymethods]
impl Verdicts {
    fn __len__(&self) -> usize {
        self.report.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let no_such_row = || PyIndexError::new_err("no such row");
        let der = self.der(py, self.report.item(index).ok_or_else(no_such_row)?)?;
        let row = self.report.row(index, der.as_bytes()).ok_or_else(no_such_row)?;
        rows::row(&der, &row, &self.config)
    }

    /// Why lanes were stopped, if they were: algorithm, key, what was signed, signature.
    #[getter]
    fn disagreement<'py>(&self, py: Python<'py>) -> Option<Evidence<'py>> {
        self.report.disagreement.as_ref().map(|it| {
            let [key, message, signature] =
                [&it.key, &it.message, &it.signature].map(|octets| PyBytes::new(py, octets));
            (it.algorithm, key, message, signature)
        })
    }

    /// The octets that the offsets of an item refer to.
    #[pyo3(signature = (item, /))]
    fn der<'py>(&self, py: Python<'py>, item: usize) -> PyResult<Bound<'py, PyBytes>> {
        let der = self.ders.get(item).ok_or_else(|| PyIndexError::new_err("no such item"))?;
        Ok(der.bind(py).clone())
    }

    /// Whether a nested message could not be read; `start` is where it stands in its item.
    #[pyo3(signature = (item, start, /))]
    fn is_malformed(&self, py: Python<'_>, item: usize, start: usize) -> PyResult<bool> {
        Ok(self.report.is_malformed(item, start, self.der(py, item)?.as_bytes()))
    }

    /// Which row is that of an item.
    #[pyo3(signature = (item, /))]
    fn position(&self, item: usize) -> PyResult<usize> {
        self.report.position(item).ok_or_else(|| PyIndexError::new_err("no such item"))
    }

    /// The rows that may have notes.
    #[pyo3(signature = (start, stop, /))]
    fn noted(&self, start: usize, stop: usize) -> Vec<usize> {
        self.report.noted(start..stop)
    }

    /// Lines of JSON.
    #[pyo3(signature = (start, stop, amended, firsts, /))]
    fn json_lines<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        stop: usize,
        amended: &Bound<'py, PyDict>,
        firsts: Option<&Bound<'py, PyList>>,
    ) -> PyResult<Bound<'py, PyString>> {
        self.lines(py, Form::Json, start..stop, amended, firsts)
    }

    /// Lines of CSV.
    #[pyo3(signature = (start, stop, amended, firsts, /))]
    fn csv_lines<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        stop: usize,
        amended: &Bound<'py, PyDict>,
        firsts: Option<&Bound<'py, PyList>>,
    ) -> PyResult<Bound<'py, PyString>> {
        self.lines(py, Form::Csv, start..stop, amended, firsts)
    }

    /// How many rows have each verdict.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counted = PyDict::new(py);
        for (verdict, count) in Verdict::ALL.iter().zip(self.report.counts()) {
            counted.set_item(verdict.name(), count)?;
        }
        Ok(counted)
    }
}

impl Verdicts {
    /// Tells `sink` of some rows, outside of the interpreter.
    pub fn tell(
        &self,
        py: Python<'_>,
        range: Range<usize>,
        given: &Bound<'_, PyDict>,
        sink: &mut (impl Sink + Send),
    ) -> PyResult<()> {
        let amended = amended(given)?;
        let items = self.items(&range);
        let ders = self.ders.get(items.clone()).unwrap_or_default();
        let ders: Vec<&[u8]> = ders.iter().map(|der| der.as_bytes(py)).collect();
        let der = |item: usize| ders.get(item - items.start).copied().unwrap_or_default();
        py.detach(|| tell(&self.report, range, der, &self.config, &amended, sink));
        Ok(())
    }

    /// The items that some rows belong to.
    fn items(&self, rows: &Range<usize>) -> Range<usize> {
        let last = rows.end.min(self.report.len()).checked_sub(1);
        let first = self.report.item(rows.start);
        match (first, last.and_then(|last| self.report.item(last))) {
            (Some(first), Some(last)) => first..last + 1,
            _ => 0..0,
        }
    }

    fn lines<'py>(
        &self,
        py: Python<'py>,
        form: Form,
        range: Range<usize>,
        amended: &Bound<'py, PyDict>,
        firsts: Option<&Bound<'py, PyList>>,
    ) -> PyResult<Bound<'py, PyString>> {
        let items = self.items(&range);
        let first = items.start;
        let texts: Option<Vec<PyBackedStr>> = firsts
            .map(|firsts| items.map(|item| firsts.get_item(item)?.extract()).collect())
            .transpose()?;
        let name = texts.as_ref().map(|texts| {
            move |item: usize| texts.get(item - first).map(|text| &**text).unwrap_or_default()
        });
        let mut lines = Lines { form, firsts: name, text: String::new() };
        self.tell(py, range, amended, &mut lines)?;
        Ok(PyString::new(py, &lines.text))
    }
}
