"""Every bound on untrusted input, named, with its reason (RULES P1 to P8, V2, V8).

The engine has the same numbers in ``rust/cmcodec/src/limits.rs``; a test compares them.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 32
"""Deepest nesting of TLVs within one message layer (P1)."""

DEFAULT_MESSAGE_LAYERS: Final = 8
"""PKI messages inside PKI messages by default (P6)."""

MAX_MESSAGE_LAYERS: Final = 32
"""What the default may be raised to (P6)."""

DEFAULT_MESSAGE_SIZE: Final = 512 * 1024 * 1024
"""Octets in a message by default (P6)."""

MAX_MESSAGE_SIZE: Final = 0xFFFF_FFFF
"""What the default may be raised to: offsets have 32 bits."""

MAX_BODY_PARTS: Final = 1_000_000
"""Elements of one PKIData or PKIResponse (P6)."""

MAX_OID_OCTETS: Final = 128
"""Octets of the content of an OBJECT IDENTIFIER (P5)."""

MAX_ARC_OCTETS: Final = 19
"""Octets of one arc: with at most two bits in the first of them, arcs stay below 2^128 (P5)."""

MAX_INTEGER_OCTETS: Final = 2048
"""Octets of an INTEGER, a leading zero octet not counted: 16,384 bits (P5)."""

MAX_SIGNERS: Final = 64
"""SignerInfos of one SignedData (V2)."""

MAX_KEY_CANDIDATES: Final = 4
"""Candidate keys tried for one SignerInfo (V8, V15)."""
