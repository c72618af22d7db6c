//! Reasons and rules as members of `cmcodec.reasons`, and the exceptions of `cmcodec.errors`.

use cmcodec::error::{Error, Reason};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

mod python {
    pyo3::import_exception!(cmcodec.errors, DecodeError);
    pyo3::import_exception!(cmcodec.errors, EncodeError);
    pyo3::import_exception!(cmcodec.errors, LimitError);
}

/// The members of `Reason` and `Rule` that a reason stands for; None for no rule.
type Members = (Py<PyAny>, Py<PyAny>);

static MEMBERS: PyOnceLock<Vec<Members>> = PyOnceLock::new();

/// The member of `Reason`, and that of `Rule`, or None for no rule.
pub fn reason_and_rule(py: Python<'_>, reason: Reason) -> PyResult<&'static Members> {
    let every = MEMBERS.get_or_try_init(py, || {
        let reasons = py.import("cmcodec.reasons")?;
        let member = |class, code| reasons.call_method1(class, (code,)).map(Bound::unbind);
        Reason::ALL
            .iter()
            .map(|reason| {
                let rule = reason.rule().map(|rule| member("Rule", rule.name())).transpose()?;
                Ok((member("Reason", reason.name())?, rule.unwrap_or_else(|| py.None())))
            })
            .collect::<PyResult<_>>()
    });
    every?.get(reason as usize).ok_or_else(|| PyKeyError::new_err(reason.name()))
}

/// The exception of a refusal while reading: the one place where reasons get classes.
pub fn raise(py: Python<'_>, root: &str, error: &Error) -> PyErr {
    exception(py, root, error, |reason, path| {
        let arguments = (reason, error.offset(), path);
        match error.reason() {
            Reason::Depth | Reason::Limit | Reason::LimitP5 | Reason::LimitP6 | Reason::LimitV2 => {
                python::LimitError::new_err(arguments)
            }
            _ => python::DecodeError::new_err(arguments),
        }
    })
}

/// The exception of a refusal while encoding.
pub fn refuse(py: Python<'_>, root: &str, error: &Error) -> PyErr {
    exception(py, root, error, |reason, path| {
        python::EncodeError::new_err((reason, None::<usize>, path))
    })
}

/// The exception that `made_of` makes of the member of `Reason` and the path from the root on.
fn exception(
    py: Python<'_>,
    root: &str,
    error: &Error,
    made_of: impl FnOnce(Py<PyAny>, String) -> PyErr,
) -> PyErr {
    let path = error.path();
    let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    match reason_and_rule(py, error.reason()) {
        Ok((reason, _)) => made_of(reason.clone_ref(py), format!("{root}{joint}{path}")),
        Err(raised) => raised,
    }
}
