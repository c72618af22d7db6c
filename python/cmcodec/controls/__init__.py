"""What controls compute and prove (RFC 10002 §6): a module for each.

A check returns nothing and raises `ProofError`, which says what a server answers and which body
parts it concerns. No function returns a bool.
"""

from __future__ import annotations

from cmcodec.controls import (
    auth_data,
    conversation,
    dh_pop,
    encrypted_pop,
    identity_proof,
    no_signature,
    placement,
    pop_link,
    publication,
    references,
    revocation,
    templates,
    trust_anchors,
    unsigned_data,
)
from cmcodec.controls.placement import check

__all__ = [
    "auth_data",
    "check",
    "conversation",
    "dh_pop",
    "encrypted_pop",
    "identity_proof",
    "no_signature",
    "placement",
    "pop_link",
    "publication",
    "references",
    "revocation",
    "templates",
    "trust_anchors",
    "unsigned_data",
]
