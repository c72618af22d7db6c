"""The structures of the Arrow C data and stream interfaces, and the capsules they travel in.

https://arrow.apache.org/docs/format/CDataInterface.html; the capsules are those of
https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import Any, Final

__all__ = [
    "ARRAY",
    "SCHEMA",
    "STREAM",
    "ArrowArray",
    "ArrowSchema",
    "ArrowStream",
    "GetLastError",
    "GetNext",
    "GetSchema",
    "ReleaseArray",
    "ReleaseSchema",
    "ReleaseStream",
    "moved",
]

SCHEMA: Final = b"arrow_schema"
ARRAY: Final = b"arrow_array"
STREAM: Final = b"arrow_array_stream"
"""The names of capsules."""


class ArrowSchema(Structure):
    """A type, with the name of a field."""


class ArrowArray(Structure):
    """Values."""


class ArrowStream(Structure):
    """Arrays of one type, one after the other."""


ReleaseSchema = CFUNCTYPE(None, POINTER(ArrowSchema))
ReleaseArray = CFUNCTYPE(None, POINTER(ArrowArray))
GetSchema = CFUNCTYPE(c_int, POINTER(ArrowStream), POINTER(ArrowSchema))
GetNext = CFUNCTYPE(c_int, POINTER(ArrowStream), POINTER(ArrowArray))
GetLastError = CFUNCTYPE(c_void_p, POINTER(ArrowStream))
ReleaseStream = CFUNCTYPE(None, POINTER(ArrowStream))

ArrowSchema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    # Not c_char_p: it has octets of zero.
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(ArrowSchema))),
    ("dictionary", POINTER(ArrowSchema)),
    ("release", ReleaseSchema),
    ("private_data", c_void_p),
]
ArrowArray._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(ArrowArray))),
    ("dictionary", POINTER(ArrowArray)),
    ("release", ReleaseArray),
    ("private_data", c_void_p),
]
ArrowStream._fields_ = [
    ("get_schema", GetSchema),
    ("get_next", GetNext),
    ("get_last_error", GetLastError),
    ("release", ReleaseStream),
    ("private_data", c_void_p),
]


def moved(structure: Any) -> Any:
    """What a structure holds, which from now on is the caller's to release."""
    made = type(structure)()
    ctypes.memmove(ctypes.byref(made), ctypes.byref(structure), ctypes.sizeof(made))
    structure.release = type(structure.release)()
    return made
