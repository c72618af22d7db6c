"""Proofs of possession (rules V1, R1, R2, R6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmcodec._pure import view
from cmcodec._pure.verify.algorithm import algorithm_name, signature_algorithm
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.signer import public_key
from cmcodec.algorithms import Scheme
from cmcodec.reasons import Reason, Rule
from cmcodec.verify.verdict import RequestReport

if TYPE_CHECKING:
    from cmcodec._pure.codec.tlv import Tlv
    from cmcodec._pure.view import Request
    from cmcodec.verify.verdict import Form, Pop


class _Proof(NamedTuple):
    """A signature that is to prove possession of a key."""

    algorithm: Tlv
    signature: Tlv
    signed: bytes
    key: bytes | None


def evaluate(
    data: bytes, request: Request, *, ra_authorised: bool, legacy: bool
) -> tuple[RequestReport, Fault | None]:
    """The state of the proof in a request.

    ``ra_authorised``: the message is signed by an RA that may assert possession (rule R2).
    """
    state: Pop = "failed"
    fault = None
    try:
        v1_request_version(data, request)
        proof = r6_proof_form(data, request, ra_authorised=ra_authorised)
        state = r1_proof(data, proof, legacy=legacy) if isinstance(proof, _Proof) else proof
    except Fault as found:
        fault = found.at(request.element.start if found.offset is None else found.offset)
    form: Form = "pkcs10" if request.pkcs10 else "crmf" if request.crmf else "other"
    signed_with = _signed_with(data, request)
    name = algorithm_name(*view.algorithm(data, signed_with), None) if signed_with else None
    return RequestReport(id=request.body_part_id, form=form, algorithm=name, pop=state), fault


def _signed_with(data: bytes, request: Request) -> Tlv | None:
    """The algorithm of the signature that is to prove possession, None where there is none."""
    found: Tlv | None = None
    popo = request.crmf and request.crmf.popo
    if request.pkcs10:
        found = request.pkcs10.signature_algorithm
    elif popo and view.PROOFS[popo.tag] == "signature":
        found = view.popo_signing_key(data, popo).algorithm_identifier
    return found


def v1_request_version(data: bytes, request: Request) -> None:
    """Refuses a PKCS#10 of another version than 0, and a CertTemplate of another than 2.

    A CertTemplate may have none (RFC 2986 §4.1, RFC 4211 §5).
    """
    expected = b"\0" if request.pkcs10 else b"\2"
    if request.version and view.content(data, request.version) != expected:
        raise Fault(Reason.VERSION_MISMATCH, request.version.start)


def r6_proof_form(data: bytes, request: Request, *, ra_authorised: bool) -> _Proof | Pop:
    """The signature that is to prove possession, or the state where there is none (RFC 4211 §4).

    RFC 10002 §3.2.1.2.2 refuses poposkInput.
    """
    key = view.public_key(data, request)
    if request.pkcs10:
        found = request.pkcs10
        signed = view.octets(data, found.certification_request_info)
        return _Proof(found.signature_algorithm, found.signature, signed, key)
    popo = request.crmf and request.crmf.popo
    if not popo:
        return "absent"
    form = view.PROOFS[popo.tag]
    if form == "ra_verified":
        return "ra-asserted" if ra_authorised else "absent"
    if form != "signature":
        return "challenge-needed"
    found = view.popo_signing_key(data, popo)
    if found.poposk_input:
        raise Fault(Reason.POP_INVALID, rule=Rule.R6)
    signed = view.octets(data, request.crmf.cert_req)
    return _Proof(found.algorithm_identifier, found.signature, signed, key)


def r1_proof(data: bytes, proof: _Proof, *, legacy: bool) -> Pop:
    """Checks a signature over the received octets; raises `Fault`.

    With id-alg-noSignature there is none (rules V12, R6).
    """
    try:
        identifier = view.algorithm(data, proof.algorithm)
        algorithm = signature_algorithm(*identifier, None, legacy=legacy)
        if algorithm.scheme is Scheme.NO_SIGNATURE:
            return "absent"
        signature = view.content(data, proof.signature)
        key = public_key(proof.key or b"", legacy=legacy)
        if signature[:1] != b"\0":  # no algorithm on offer has signatures that end within an octet
            raise Fault(Reason.SIGNATURE_INVALID)
        key.verify(algorithm, proof.signed, signature[1:])
    except Fault as fault:
        if proof.key is None or fault.reason is Reason.SIGNATURE_INVALID:
            raise Fault(Reason.POP_INVALID) from None
        raise
    return "verified"
