"""Linking requests by the names that they ask for (RFC 10002 §6.3.2 and §6.3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from cmcodec import oids, types
from cmcodec.checked import checked
from cmcodec.cms.opening import Opened
from cmcodec.controls import algorithms, identity_proof, names
from cmcodec.controls.messages import Source, inner_of, request_of
from cmcodec.controls.requests import extension_values, simple_request, subject_of
from cmcodec.errors import ArgumentError
from cmcodec.reasons import Reason
from cmcodec.verify.given import CertificateLike
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@checked
def verify_subject(message: Source, subject: x509.Name) -> None:
    """Checks that every request asks for the name that goes with a secret (RFC 10002 §6.3.2).

    The name is not empty, and the message has an identity proof, which `identity_proof.verify`
    checks first (R-106); one that is opened and has its MAC from the secret has proved it so.

    Raises `ProofError` with badIdentity: ``identity_proof_missing``, and ``name_mismatch`` with the
    requests that ask for another name. `ArgumentError` for what is no name, `VerificationError` for
    what is no PKIData.
    """
    if not isinstance(subject, x509.Name):
        raise ArgumentError("subject", subject)
    content = request_of(message)
    ids = tuple(map(request_id, content.req_sequence))
    by_mac = isinstance(message, Opened) and message.origin == "mac"
    if not by_mac and not any(identity_proof.proofs(content, compatibility=True)):
        raise algorithms.refused(Reason.IDENTITY_PROOF_MISSING, ids or (0,))
    wanted = names.comparable(types.Name.from_der(subject.public_bytes()))
    _match(
        content.req_sequence,
        lambda request: names.comparable(subject_of(request)),
        wanted,
        some=bool(wanted),
    )


@checked
def verify_renewal(message: Source, certificate: CertificateLike) -> None:
    """Checks that every request has the names of a certificate (RFC 10002 §6.3.3, R-107).

    ``certificate`` is that of the message's signer. Subject and subjectAltName must match, in each
    request; another name is asked for with changeSubjectName, beside the old one.

    ``message`` may be a PKCS#10 that a certificate has signed, too (rule V1).

    Raises `ProofError` (``name_mismatch``) with badIdentity and the requests that have other names;
    `EncodeError` for what is no certificate; `VerificationError` for what is no request.
    """
    content = inner_of(message)
    if isinstance(content, types.CertificationRequest):
        requests: Sequence[types.TaggedRequest] = (simple_request(content),)
    else:
        requests = request_of(message).req_sequence
    subject, alternatives = names.CertificateNames.of(certificate).comparable()

    def names_of(request: types.TaggedRequest) -> object:
        values = extension_values(request, oids.ID_CE_SUBJECT_ALT_NAME)
        return names.comparable(subject_of(request)), names.comparable_alternatives(values)

    _match(requests, names_of, (subject, alternatives), some=bool(subject or alternatives))


def _match(
    requests: Sequence[types.TaggedRequest],
    names_of: Callable[[types.TaggedRequest], object],
    wanted: object,
    *,
    some: bool,
) -> None:
    """Raises `ProofError` unless there are requests, and names, and each request has these."""
    ids = tuple(map(request_id, requests))
    wrong = tuple(
        body_part_id
        for body_part_id, request in zip(ids, requests, strict=True)
        if not some or names_of(request) != wanted
    )
    if wrong or not ids:
        raise algorithms.refused(Reason.NAME_MISMATCH, wrong or (0,))
