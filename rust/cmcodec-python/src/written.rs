//! What is written of the rows of a report: columns, lines and counts.

use std::sync::{Mutex, PoisonError};

use cmcodec::verify::columns::{self, Array};
use cmcodec::verify::report::{PopState, Verdict};
use cmcodec::verify::tally;
use cmcodec::verify::told::Chain;
use cmcodec::{Reason, Rule};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::verify::Verdicts;

/// Columns of Arrow in the making.
#[pyclass(frozen, module = "cmcodec._rust")]
pub struct Columns(Mutex<Option<columns::Columns>>);

/// An array: length, nulls, buffers and children.
type Made<'py> = (usize, usize, Vec<Option<Bound<'py, PyBytes>>>, Bound<'py, PyList>);

/// Columns without rows.
#[pyfunction(name = "columns")]
#[pyo3(signature = (*, plain, places))]
pub fn new_columns(plain: bool, places: bool) -> Columns {
    Columns(Mutex::new(Some(columns::Columns::new(plain, places))))
}

#[pymethods]
impl Columns {
    /// Adds rows of `verdicts`; its first item has the number `first`.
    #[pyo3(signature = (verdicts, start, stop, amended, *, first, nested))]
    #[allow(clippy::too_many_arguments)] // Those of the interface.
    fn add(
        &self,
        py: Python<'_>,
        verdicts: &Bound<'_, Verdicts>,
        start: usize,
        stop: usize,
        amended: &Bound<'_, PyDict>,
        first: u64,
        nested: bool,
    ) -> PyResult<()> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut columns = slot.take().ok_or_else(ended)?;
        columns.begin(first, nested);
        let told = verdicts.get().tell(py, start..stop, amended, &mut columns);
        *slot = Some(columns);
        told
    }

    /// The columns as children of one array, once.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Made<'py>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let columns = slot.take().ok_or_else(ended)?;
        let made = py.detach(|| columns.finish());
        let array = made.map_err(|_| {
            PyValueError::new_err("a column has more than 2 GiB of text: give fewer messages")
        })?;
        list(py, array)
    }
}

fn ended() -> PyErr {
    PyValueError::new_err("these columns are finished")
}

fn list(py: Python<'_>, array: Array) -> PyResult<Made<'_>> {
    let Array { len, nulls, buffers, children } = array;
    let octets = |buffer: Option<Vec<u8>>| buffer.map(|buffer| PyBytes::new(py, &buffer));
    let buffers = buffers.into_iter().map(octets).collect();
    let children: Vec<Made<'_>> =
        children.into_iter().map(|child| list(py, child)).collect::<PyResult<_>>()?;
    Ok((len, nulls, buffers, PyList::new(py, children)?))
}

/// Counts over rows.
#[pyclass(frozen, module = "cmcodec._rust")]
pub struct Tally(Mutex<tally::Tally>);

/// Of rows: verdict, reason, rule, whether they are nested; how many, and the first of them.
type Group = (&'static str, Option<&'static str>, Option<&'static str>, bool, usize, Vec<usize>);

/// Names, each with how often it was met.
type Counts = Vec<(&'static str, usize)>;

/// Counts over no rows.
#[pyfunction(name = "tally")]
#[pyo3(signature = (examples, /))]
pub fn new_tally(examples: usize) -> Tally {
    Tally(Mutex::new(tally::Tally::new(examples)))
}

#[pymethods]
impl Tally {
    /// Counts rows of `verdicts`.
    #[pyo3(signature = (verdicts, start, stop, amended, /))]
    fn add(
        &self,
        py: Python<'_>,
        verdicts: &Bound<'_, Verdicts>,
        start: usize,
        stop: usize,
        amended: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        verdicts.get().tell(py, start..stop, amended, &mut *tally)
    }

    /// The groups; and the counts of chains, proofs of possession and notes.
    fn counts(&self) -> (Vec<Group>, Counts, Counts, Counts) {
        let tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let group = |(group, count, first): &(tally::Group, usize, Vec<usize>)| {
            let rule = group.reason.and_then(Reason::rule).map(Rule::name);
            let reason = group.reason.map(Reason::name);
            (Verdict::name(group.verdict), reason, rule, group.is_nested, *count, first.clone())
        };
        let notes = tally.notes.iter().map(|(reason, count)| (reason.name(), *count)).collect();
        let groups = tally.groups.iter().map(group).collect();
        let chains = named(Chain::ALL.map(Chain::name), tally.chains);
        (groups, chains, named(PopState::ALL.map(PopState::name), tally.pops), notes)
    }
}

fn named<const N: usize>(names: [&'static str; N], counts: [usize; N]) -> Counts {
    names.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
}
