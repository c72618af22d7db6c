"""Proof of identity by a shared secret, in both versions (RFC 10002 §6.2).

The key is the digest of the secret, or of the secret and the identification where that control is
there (R-092); the witness is a MAC over the encoding of reqSequence, as received.
"""

from __future__ import annotations

from hmac import compare_digest

from cmcodec import oids, types
from cmcodec.arguments import flag
from cmcodec.checked import checked
from cmcodec.controls import algorithms
from cmcodec.controls.algorithms import Algorithm
from cmcodec.controls.messages import Source, octets_of, request_of, single
from cmcodec.errors import ArgumentError
from cmcodec.reasons import Reason
from cmcodec.verify.references import request_id

__all__ = ["compute", "compute_v1", "proofs", "verify"]


@checked
def compute(
    req_sequence: bytes,
    secret: bytes,
    identification: str | None = None,
    *,
    hash: Algorithm = "id-sha256",  # noqa: A002 - the contract's own name
    mac: Algorithm = "id-hmacWithSHA256",
) -> types.IdentityProofV2:
    """The value of identityProofV2 (RFC 10002 §6.2.1).

    ``req_sequence``: the whole encoding of reqSequence, tag and length included, exactly as it is
    going to stand in the PKIData. ``identification``: the value of that control, where there is
    one. ``hash`` and ``mac``: names, or AlgorithmIdentifiers.

    Raises `EncodeError` for an empty secret and for an algorithm not on offer.
    """
    proof = types.IdentityProofV2(
        proof_alg_id=algorithms.chosen(hash, algorithms.check_digest),
        mac_alg_id=algorithms.chosen(mac, algorithms.check_mac),
        witness=b"",
    )
    witness = _witness(proof, _keyed(secret, identification), req_sequence)
    return types.IdentityProofV2(
        proof_alg_id=proof.proof_alg_id, mac_alg_id=proof.mac_alg_id, witness=witness
    )


@checked
def compute_v1(
    req_sequence: bytes, secret: bytes, identification: str | None = None
) -> types.IdentityProof:
    """The value of identityProof: the same with SHA-1 and HMAC-SHA1 (RFC 10002 §6.2.2, R-091)."""
    proof = compute(
        req_sequence, secret, identification, hash=algorithms.SHA1, mac=algorithms.HMAC_SHA1
    )
    return types.IdentityProof(proof.witness)


@checked
def verify(message: Source, secret: bytes, *, compatibility: bool = False) -> None:
    """Checks the identity proofs of a request over its reqSequence as received (R-089).

    ``message``: a Full PKI Request, loaded or opened. Where both versions stand, both must hold;
    algorithms are those that the proof names. Nothing matches an empty secret.

    ``compatibility`` also takes a proof under the number of popLinkWitnessV2, which some modules
    gave to identityProofV2 (T-01), and a first version whose key leaves the identification out, as
    Dogtag makes it (T-03).

    Raises `ProofError` with badIdentity, the control and the requests: ``identity_proof_missing``,
    ``identity_proof_wrong``; with badAlg for an algorithm that is not on offer; with badRequest for
    a control that stands twice. `VerificationError` for what is no PKIData.
    """
    flag("compatibility", compatibility)
    if not isinstance(secret, bytes):
        raise ArgumentError("secret", secret)
    content = request_of(message)
    requests = tuple(map(request_id, content.req_sequence))
    found = list(proofs(content, compatibility=compatibility))
    if not found:
        raise algorithms.refused(Reason.IDENTITY_PROOF_MISSING, requests or (0,))
    named = single(content, oids.ID_CMC_IDENTIFICATION)
    identification = None if named is None else named[1].value
    received = octets_of(message, "reqSequence")
    assert received is not None
    wrong = []
    for body_part_id, proof, is_first in found:
        keys = [secret + (identification or "").encode()]
        if compatibility and is_first and identification:
            keys.append(secret)
        with algorithms.concerning(body_part_id):
            expected = [_witness(proof, key, received) for key in keys]
        # Rule R3. Every one is compared: which key it was that fitted stays here.
        fitting = [compare_digest(proof.witness, each) for each in expected]
        if not secret or not any(fitting):
            wrong.append(body_part_id)
    if wrong:
        raise algorithms.refused(Reason.IDENTITY_PROOF_WRONG, (*wrong, *requests))


@checked
def proofs(
    content: types.PKIData, *, compatibility: bool
) -> tuple[tuple[int, types.IdentityProofV2, bool], ...]:
    """Body part id and value of each identity proof, and whether it is of the first version.

    A first version is given as the second would say it. Raises `ProofError` for a control that
    stands twice.
    """
    found: list[tuple[int, types.IdentityProofV2, bool]] = []
    first = single(content, oids.ID_CMC_IDENTITY_PROOF)
    if first is not None:
        same = types.IdentityProofV2(
            proof_alg_id=algorithms.SHA1,
            mac_alg_id=algorithms.HMAC_SHA1,
            witness=first[1].value,
        )
        found.append((first[0], same, True))
    numbers = (oids.ID_CMC_IDENTITY_PROOF_V2, oids.ID_CMC_POP_LINK_WITNESS_V2)
    for number in numbers if compatibility else numbers[:1]:
        second = single(content, number)
        if second is not None:
            same = types.IdentityProofV2.from_der(second[1].to_der())
            found.append((second[0], same, False))
    return tuple(found)


def _keyed(secret: bytes, identification: str | None) -> bytes:
    """What the key is the digest of: the secret first (T-03)."""
    return algorithms.secret_octets(secret) + (identification or "").encode()


def _witness(proof: types.IdentityProofV2, keyed: bytes, req_sequence: bytes) -> bytes:
    key = algorithms.digest(proof.proof_alg_id, keyed)
    return algorithms.mac(proof.mac_alg_id, key, req_sequence)
