"""``pyasn1-fasder``, a decoder in Rust for the types of `pyasn1_peer`; the rest is ``pyasn1``.

It checks that everything is DER, and encodes nothing.
"""

from __future__ import annotations

from typing import Any

from pyasn1_fasder import decode_der

from benches.peers.pyasn1_library import Library

NAME = "pyasn1-fasder"
DISTRIBUTIONS = ("pyasn1-fasder", "pyasn1", "pyasn1-modules", "cryptography")


def decode(der: bytes, spec: Any) -> Any:
    return decode_der(der, asn1Spec=spec)[0]


_library = Library(decode)
load = _library.load
read = _library.read
walk = _library.walk
contents = _library.contents
six_fields = _library.six_fields
fields = _library.fields
verify = _library.verify
