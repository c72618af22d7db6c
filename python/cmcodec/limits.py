"""Every bound on untrusted input, named, with its reason (rules P1 to P8, V2, V8, V9).

``tools/generate.py`` writes them down for the engine.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 32
"""Deepest nesting of elements within one message layer (P1). Real messages stay below 20."""

DEFAULT_MESSAGE_LAYERS: Final = 8
"""PKI messages inside PKI messages by default (P6): EE in RA in RA is 3."""

MAX_MESSAGE_LAYERS: Final = 32
"""What the default may be raised to (P6): bounds the stack of the walk."""

MAX_CLIENT_LAYERS: Final = 4
"""PKI messages inside one another that an RA takes from a client (P6): each RA adds one."""

DEFAULT_MESSAGE_SIZE: Final = 512 * 1024 * 1024
"""Octets in a message by default (P6)."""

MAX_MESSAGE_SIZE: Final = 0xFFFF_FFFF
"""What the default may be raised to: offsets have 32 bits."""

MAX_TEXT_RATIO: Final = 3
"""Octets of text around a message for each octet it may have (P6): base64 in UTF-16 takes 2.7."""

MAX_BODY_PARTS: Final = 1_000_000
"""Elements of one PKIData or PKIResponse (P6)."""

MAX_TOLERANT_LEVELS: Final = 2
"""Values that are read as a type, and else as any, inside one another (P7): each is read again."""

MAX_OID_OCTETS: Final = 128
"""Octets of the content of an OBJECT IDENTIFIER (P5): longer ones take quadratic time to print."""

MAX_ARC_OCTETS: Final = 19
"""Octets of one arc: with at most two bits in the first of them, arcs stay below 2^128 (P5)."""

MAX_INTEGER_OCTETS: Final = 2048
"""Octets of an INTEGER, a leading zero octet not counted: 16,384 bits (P5)."""

MAX_SIGNERS: Final = 64
"""SignerInfos of one SignedData (V2)."""

MAX_KEY_CANDIDATES: Final = 4
"""Certificates of the message tried for one SignerInfo, and as many of the caller (V8, V15)."""

MAX_FAILED_WORK: Final = 512
"""Work on candidate keys of one message that do not verify (V15).

In verifications by RSA keys of 2048 bits: 64 signers with P-384 keys that all fail stay below, as
does one with eight of the longest RSA keys.
"""

FEW_EXTENSIONS: Final = 32
"""Extensions of a request that are compared with one another while it is verified (R4)."""

MAX_CHAIN_AUTHORITIES: Final = 8
"""CAs between a trust anchor and a signer (V13). Real chains have 3 at most."""

CHAIN_STEPS: Final = 128
"""Pairs of issuer and certificate looked at for one message, whatever it carries (V15): two for
each of as many signers as there may be.
"""

CHAIN_STEPS_PER_CERTIFICATE: Final = 2
"""How many more for each certificate (V15): one by the new key of a CA, one by the old."""

MAX_CHAIN_STATES: Final = 8
"""Ways on which one key is reached that differ in what they allow (V15)."""

MAX_THREADS: Final = 1024
"""Threads of one call: to start 1,000,000 takes 25 s, and no machine has so many cores."""

MIN_RSA_MODULUS_BITS: Final = 2048
"""Shortest RSA modulus (V9)."""

MAX_RSA_MODULUS_BITS: Final = 8192
"""Longest RSA modulus (V9): bounds the time of one verification."""

LEGACY_RSA_MODULUS_BITS: Final = 1024
"""The one shorter RSA modulus that ``legacy`` admits (V10a)."""

MIN_RSA_EXPONENT: Final = 3
"""Smallest RSA exponent (V9)."""

MAX_RSA_EXPONENT: Final = 1 << 33
"""Largest RSA exponent (V9): bounds the time of one verification."""

MAX_RECIPIENTS: Final = 64
"""RecipientInfos of one encrypted or MACed layer, and RecipientEncryptedKeys of one of them."""

MAX_RECIPIENT_KEYS: Final = 4
"""Keys of the caller tried for one recipient."""

MAX_ITERATIONS: Final = 1_000_000
"""Iterations of one PBKDF2 (P10)."""

MAX_LAYER_ITERATIONS: Final = 4 * MAX_ITERATIONS
"""Iterations for all recipients of one encrypted or MACed layer, and all keys that fit them (P10):
six recipients with 600,000, and one password.
"""

MAX_GROUP_MODULUS_BITS: Final = 4096
"""Longest modulus of a Diffie-Hellman group that a proof of possession names: it is to be prime."""

MIN_GROUP_ORDER_BITS: Final = 160
"""Shortest q of such a group (RFC 2631 §2.2.1.1)."""
