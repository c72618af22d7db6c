"""Proofs of possession (RULES R1, R2, R6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cmcodec._pure import signatures, view
from cmcodec._pure.signatures import Refused
from cmcodec._pure.signers import RULES, Failure, public_key

if TYPE_CHECKING:
    from cmcodec._pure.tlv import Tlv
    from cmcodec._pure.view import CertificationRequest, Request

Form = Literal["pkcs10", "crmf", "other"]
State = Literal["verified", "ra-asserted", "absent", "challenge-needed", "failed"]

RequestRow = tuple[int, Form, State]
"""Body part id, form, state of the proof of possession."""


class _Proof(NamedTuple):
    """A signature that is to prove possession of a key."""

    algorithm: Tlv
    signature: Tlv
    signed: bytes
    key: bytes | None


def evaluate(
    data: bytes, request: Request, *, ra_authorised: bool, legacy: bool
) -> tuple[RequestRow, Failure | None]:
    """The state of the proof in a TaggedRequest.

    ``ra_authorised``: the message is signed by an RA that may assert possession (R2).
    """
    state: State = "absent"
    failure = None
    try:
        if request.tcr:
            state = _prove(data, _of_pkcs10(data, request.tcr), legacy=legacy)
        elif request.crm and request.crm.popo:
            popo = request.crm.popo
            state = _popo(data, request, popo, ra_authorised=ra_authorised, legacy=legacy)
    except Refused as refused:
        state, failure = "failed", _failure(refused.reason, request.element.start)
    except Failure as refused_form:
        state, failure = "failed", refused_form.with_traceback(None)
    form: Form = "pkcs10" if request.tcr else "crmf" if request.crm else "other"
    return (request.body_part_id, form, state), failure


def evaluate_pkcs10(
    data: bytes, request: CertificationRequest, *, legacy: bool
) -> tuple[State, Failure | None]:
    """The state of the proof in a Simple PKI Request."""
    try:
        return _prove(data, _of_pkcs10(data, request), legacy=legacy), None
    except Refused as refused:
        return "failed", _failure(refused.reason, 0)


def _failure(reason: str, offset: int) -> Failure:
    if reason == "signature_invalid":
        return Failure("pop_invalid", offset, "R1")
    return Failure(reason, offset, RULES[reason])


def _of_pkcs10(data: bytes, request: CertificationRequest) -> _Proof:
    return _Proof(
        request.signature_algorithm,
        request.signature,
        view.octets(data, request.info),
        view.octets(data, request.spki),
    )


def _popo(data: bytes, request: Request, popo: Tlv, *, ra_authorised: bool, legacy: bool) -> State:
    """The state of the ProofOfPossession of a crm (RFC 4211 §4)."""
    if popo.tag == 0x80:
        return "ra-asserted" if ra_authorised else "absent"
    if popo.tag != 0xA1:
        return "challenge-needed"
    head, *rest = view.inside(data, popo)
    if head.tag == 0xA0:  # RFC 10002 §3.2.1.2.2 refuses poposkInput
        raise Failure("pop_invalid", request.element.start, "R6")
    signed = view.octets(data, view.first(data, request.element))
    proof = _Proof(head, rest[0], signed, view.public_key(data, request))
    return _prove(data, proof, legacy=legacy)


def _prove(data: bytes, proof: _Proof, *, legacy: bool) -> State:
    """Return where the proof is good or nothing to go by; raises `Refused`."""
    identifier = view.algorithm(data, proof.algorithm)
    try:
        algorithm = signatures.signature_algorithm(*identifier, None, legacy=legacy)
    except Refused:
        if proof.key is None:
            raise Refused("signature_invalid") from None
        raise
    if algorithm.family == "none":  # V12, R6
        return "absent"
    if proof.key is None:
        raise Refused("signature_invalid")
    key = public_key(proof.key, legacy=legacy)
    signature = view.content(data, proof.signature)
    if signature[:1] != b"\0":  # no algorithm on offer has signatures that end within an octet
        raise Refused("signature_invalid")
    key.verify(algorithm, proof.signed, signature[1:])
    return "verified"
