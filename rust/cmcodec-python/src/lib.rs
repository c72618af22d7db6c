//! The engine as the Python module `cmcodec._rust`: conversion between Python
//! values and octets, and no decision about the protocol.

mod amended;
mod build;
mod classes;
mod encode;
mod errors;
mod functions;
mod object;
mod oid_texts;
mod rows;
mod validated;
mod verify;
mod written;

use pyo3::prelude::*;

/// The engine behind the public names of `cmcodec`.
#[pymodule]
mod _rust {
    #[pymodule_export]
    use crate::functions::{
        certificate, certificate_signature, content, decode, decode_at, encode, load, locate,
        members, message_kind, offsets,
    };
    #[pymodule_export]
    use crate::verify::{Verdicts, lanes, verify};
    #[pymodule_export]
    use crate::written::{Columns, Tally, new_columns, new_tally};
}
