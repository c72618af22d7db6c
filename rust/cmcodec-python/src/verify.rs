//! Verification without the interpreter, and its report.

use std::sync::Mutex;

use cmcodec::schema::walk::Options;
use cmcodec::verify::report::{Row, Signer, SignerKey, Verdict, fingerprint};
use cmcodec::verify::{Config, KnownCertificates, Report, verify as verify_items};
use pyo3::exceptions::{PyIndexError, PyKeyboardInterrupt};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

/// The rows over a list of messages; each is made a tuple when it is asked for.
#[pyclass(frozen, module = "cmcodec._rust")]
pub struct Verdicts {
    /// The DER form of each item, which is the item itself unless it was BER.
    ders: Vec<Py<PyBytes>>,
    report: Report,
    config: Config,
}

/// Verifies every message in `items` on `threads` threads.
#[pyfunction]
#[pyo3(signature = (
    items, *, strict, max_layers, max_size, nested, certificates, authorised_ras, legacy, threads,
    progress
))]
#[allow(clippy::too_many_arguments)] // One for each decision of the caller.
pub fn verify(
    py: Python<'_>,
    items: Vec<Bound<'_, PyBytes>>,
    strict: bool,
    max_layers: usize,
    max_size: usize,
    nested: bool,
    certificates: Vec<Vec<u8>>,
    authorised_ras: Vec<[u8; 32]>,
    legacy: bool,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Verdicts> {
    let config = Config {
        options: Options { strict, max_layers, max_size, ..Options::default() },
        nested,
        legacy,
        certificates: KnownCertificates::new(certificates),
        authorised_ras: authorised_ras.into_iter().collect(),
        threads,
    };
    let octets: Vec<&[u8]> = items.iter().map(|item| item.as_bytes()).collect();
    let raised = Mutex::new(None);
    let tell = |done: usize, total: usize| {
        let told = Python::attach(|py| -> PyResult<()> {
            py.check_signals()?;
            if let Some(progress) = &progress {
                progress.call1(py, (done, total))?;
            }
            Ok(())
        });
        match told {
            Ok(()) => true,
            Err(error) => {
                if let Ok(mut slot) = raised.lock() {
                    *slot = Some(error);
                }
                false
            }
        }
    };
    let mut report = py.detach(|| verify_items(&octets, &config, &tell)).map_err(|_| {
        let raised = raised.lock().ok().and_then(|mut slot| slot.take());
        raised.unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
    })?;
    let mut ders: Vec<Py<PyBytes>> = items.into_iter().map(Bound::unbind).collect();
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
        self.report.rows.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyTuple>> {
        let row =
            self.report.rows.get(index).ok_or_else(|| PyIndexError::new_err("no such row"))?;
        self.tuple(py, row)
    }

    /// The octets that the offsets of an item refer to.
    fn der<'py>(&self, py: Python<'py>, item: usize) -> PyResult<Bound<'py, PyBytes>> {
        let der = self.ders.get(item).ok_or_else(|| PyIndexError::new_err("no such item"))?;
        Ok(der.bind(py).clone())
    }

    /// Item and offset of each message that was not readable.
    fn malformed(&self) -> Vec<(usize, usize)> {
        let rows = self.report.rows.iter();
        rows.filter(|row| row.finding.verdict == Verdict::Malformed)
            .map(|row| (row.item, row.span.start))
            .collect()
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
    fn tuple<'py>(&self, py: Python<'py>, row: &Row) -> PyResult<Bound<'py, PyTuple>> {
        let der = self.der(py, row.item)?;
        let der = der.as_bytes();
        let finding = &row.finding;
        let fault = finding.fault;
        let signers = finding
            .signers
            .iter()
            .map(|signer| self.signer(py, der, signer))
            .collect::<PyResult<Vec<_>>>()?;
        let requests = finding.requests.iter().map(|r| (r.id, r.form.name(), r.pop.name()));
        let transaction_id = finding
            .transaction_id
            .as_ref()
            .and_then(|range| der.get(range.clone()))
            .map(|content| PyBytes::new(py, content));
        let fields = [
            row.item.into_pyobject(py)?.into_any(),
            PyTuple::new(py, row.path.iter())?.into_any(),
            finding.kind.name().into_pyobject(py)?.into_any(),
            row.encoding.name().into_pyobject(py)?.into_any(),
            finding.verdict.name().into_pyobject(py)?.into_any(),
            fault.map(|fault| fault.reason.code()).into_pyobject(py)?.into_any(),
            fault.and_then(|fault| fault.rule).map(|rule| rule.id()).into_pyobject(py)?.into_any(),
            fault.and_then(|fault| fault.offset).into_pyobject(py)?.into_any(),
            PyTuple::new(py, signers)?.into_any(),
            PyTuple::new(py, requests.collect::<Vec<_>>())?.into_any(),
            transaction_id.into_pyobject(py)?.into_any(),
            (row.span.start, row.span.end).into_pyobject(py)?.into_any(),
            finding.has_references.into_pyobject(py)?.to_owned().into_any(),
        ];
        PyTuple::new(py, fields)
    }

    fn signer<'py>(
        &self,
        py: Python<'py>,
        der: &[u8],
        signer: &Signer,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let mut digest = None;
        let mut request = None;
        let mut certificate = None;
        let mut reason = None;
        match &signer.key {
            Ok(SignerKey::Certificate(source)) => {
                certificate = source.octets(der, &self.config.certificates);
                digest = certificate.map(|octets| hex(&fingerprint(octets)));
            }
            Ok(SignerKey::Request(id)) => request = Some(*id),
            Err(why) => reason = Some(why.code()),
        }
        (signer.algorithm, digest, request, certificate.map(|c| PyBytes::new(py, c)), reason)
            .into_pyobject(py)
    }
}

fn hex(octets: &[u8]) -> String {
    use std::fmt::Write;

    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}
