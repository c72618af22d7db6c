"""The messages that the benches work on, all made here and the same wherever they are made.

Batches of distinct Full PKI Requests: each carries one certification request, a PKCS#10 or CRMF
with a signature as proof of possession, and one SignerInfo, by the requested key (a first request,
with identification and identity proof) or by a certificate of the same kind of key (a renewal, with
its chain of two). Keys are RSA-2048, P-256 and Ed25519 in turn; a registration authority signs the
batch around them. P-256 and Ed25519 keys are fresh in each message; the RSA keys are 256, in turn,
so that a cache of fewer is of no use.

Batches of the responses to them, one response of 5 MB, and shapes that cost as much as a message
can: `SHAPES` has them all, with the verdicts that are right.

What is made is kept in ``benches/.cache``, which may be deleted.

    python -m benches.workload 10000                # makes the batch; prints what is in it
    python -m benches.workload many-controls 1000   # or any other shape
"""

from __future__ import annotations

from benches.workload.certificates import EXTENSIONS, anchors
from benches.workload.mixes import (
    BATCH,
    FIRST_ID,
    HUGE,
    LARGE,
    MIXED,
    MIXES,
    SMALL,
    Facts,
    Mix,
    facts,
    octets,
)
from benches.workload.requests import batch, batch_file, describe, single
from benches.workload.shapes import SHAPES, Shape
from benches.workload.store import CACHE
from cmcodec.oids import ID_CCT_PKI_DATA as PKI_DATA
from cmcodec.oids import ID_CCT_PKI_RESPONSE as PKI_RESPONSE
from cmcodec.oids import ID_CMC
from cmcodec.oids import ID_CMC_SENDER_NONCE as SENDER_NONCE
from cmcodec.oids import ID_CMC_TRANSACTION_ID as TRANSACTION_ID
from cmcodec.oids import ID_EXTENSION_REQUEST as EXTENSION_REQUEST
from cmcodec.oids import ID_SIGNED_DATA as SIGNED_DATA

__all__ = [
    "BATCH",
    "CACHE",
    "EXTENSIONS",
    "EXTENSION_REQUEST",
    "FIRST_ID",
    "HUGE",
    "ID_CMC",
    "LARGE",
    "MIXED",
    "MIXES",
    "PKI_DATA",
    "PKI_RESPONSE",
    "SENDER_NONCE",
    "SHAPES",
    "SIGNED_DATA",
    "SMALL",
    "TRANSACTION_ID",
    "Facts",
    "Mix",
    "Shape",
    "anchors",
    "batch",
    "batch_file",
    "describe",
    "facts",
    "octets",
    "single",
]
