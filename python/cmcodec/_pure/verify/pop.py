"""Proofs of possession (rules V1, R1, R2, R6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec._pure import view
from cmcodec._pure.verify.algorithm import algorithm_name, signature_algorithm
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.signer import public_key
from cmcodec.algorithms import DH_PROOFS, Scheme
from cmcodec.reasons import Reason, Rule
from cmcodec.verify.verdict import RequestReport

if TYPE_CHECKING:
    from cmcodec._pure.codec.tlv import Tlv
    from cmcodec._pure.verify.algorithm import SignatureAlgorithm
    from cmcodec._pure.view import Request
    from cmcodec.verify.verdict import Form, Pop


_DH_PROOFS: Final = {row.oid for row in DH_PROOFS}


class _Proof(NamedTuple):
    """A signature that is to prove possession of a key, and what it is called."""

    algorithm: SignatureAlgorithm | Fault
    name: str
    signature: bytes
    signed: bytes
    key: bytes | None
    poposk_input: Tlv | None = None


def evaluate(
    data: bytes, request: Request, *, ra_authorised: bool, legacy: bool
) -> tuple[RequestReport, Fault | None]:
    """The state of the proof in a request.

    ``ra_authorised``: the message is signed by an RA that may assert possession (rule R2).
    """
    state: Pop = "failed"
    fault = None
    proof = r6_proof_form(data, request, ra_authorised=ra_authorised, legacy=legacy)
    try:
        v1_request_version(data, request)
        if isinstance(proof, _Proof):
            r6_poposk_input(proof)
            state = r1_proof(proof, legacy=legacy)
        else:
            state = proof
    except Fault as found:
        fault = found.at(request.element.start if found.offset is None else found.offset)
    form: Form = "pkcs10" if request.pkcs10 else "crmf" if request.crmf else "other"
    name = proof.name if isinstance(proof, _Proof) else None
    return RequestReport(id=request.body_part_id, form=form, algorithm=name, pop=state), fault


def v1_request_version(data: bytes, request: Request) -> None:
    """Refuses a PKCS#10 of another version than 0, and a CertTemplate of another than 2.

    A CertTemplate may have none (RFC 2986 §4.1, RFC 4211 §5).
    """
    expected = b"\0" if request.pkcs10 else b"\2"
    if request.version and view.content(data, request.version) != expected:
        raise Fault(Reason.VERSION_MISMATCH, request.version.start)


def r6_proof_form(
    data: bytes, request: Request, *, ra_authorised: bool, legacy: bool
) -> _Proof | Pop:
    """The signature that is to prove possession, or the state where there is none (RFC 4211 §4)."""
    key = view.public_key(data, request)
    if request.pkcs10:
        signed = view.octets(data, request.pkcs10.certification_request_info)
        algorithm = _read(data, request.pkcs10.signature_algorithm, legacy=legacy)
        return _Proof(*algorithm, view.content(data, request.pkcs10.signature), signed, key)
    popo = request.crmf and request.crmf.popo
    if not popo:
        return "absent"
    form = view.PROOFS[popo.tag]
    if form == "ra_verified":
        return "ra-asserted" if ra_authorised else "absent"
    if form != "signature":
        return "challenge-needed"
    found = view.popo_signing_key(data, popo)
    signed = view.octets(data, request.crmf.cert_req)
    algorithm = _read(data, found.algorithm_identifier, legacy=legacy)
    signature = view.content(data, found.signature)
    return _Proof(*algorithm, signature, signed, key, found.poposk_input)


def _read(data: bytes, identifier: Tlv, *, legacy: bool) -> tuple[SignatureAlgorithm | Fault, str]:
    """The algorithm, or why it is refused, and its name."""
    named = view.algorithm(data, identifier)
    try:
        algorithm = signature_algorithm(*named, None, legacy=legacy)
    except Fault as fault:
        return fault.with_traceback(None), algorithm_name(*named, None)
    return algorithm, algorithm.name


def r6_poposk_input(proof: _Proof) -> None:
    """Refuses poposkInput, as RFC 10002 §3.2.1.2.2 does."""
    if proof.poposk_input:
        raise Fault(Reason.POP_INVALID, rule=Rule.R6)


def r1_proof(proof: _Proof, *, legacy: bool) -> Pop:
    """Checks a signature over the received octets; raises `Fault`.

    With id-alg-noSignature there is none (rules V12, R6), nor with what is for its recipient alone
    (RFC 6955).
    """
    try:
        if isinstance(proof.algorithm, Fault):
            if proof.name in _DH_PROOFS:
                return "absent"
            raise proof.algorithm
        if proof.algorithm.scheme is Scheme.NO_SIGNATURE:
            return "absent"
        key = public_key(proof.key or b"", legacy=legacy)
        if (
            proof.signature[:1] != b"\0"
        ):  # no algorithm on offer has signatures that end within an octet
            raise Fault(Reason.SIGNATURE_INVALID)
        key.verify(proof.algorithm, proof.signed, proof.signature[1:])
    except Fault as fault:
        if proof.key is None or fault.reason is Reason.SIGNATURE_INVALID:
            raise Fault(Reason.POP_INVALID) from None
        raise
    return "verified"
