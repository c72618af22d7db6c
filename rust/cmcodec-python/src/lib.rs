//! The engine as the Python module `cmcodec._rust`: conversion between Python
//! values and octets, and no decision about the protocol.

mod build;
mod encode;
mod functions;
mod object;
mod oids;
mod proof;
mod registry;
mod scratch;
mod verify;

use pyo3::prelude::*;

/// The engine behind the public names of `cmcodec`.
#[pymodule]
mod _rust {
    #[pymodule_export]
    use crate::functions::{
        content, decode, decode_at, encode, load, locate, members, offsets, outline,
    };
    #[pymodule_export]
    use crate::verify::{Verdicts, verify};
}
