"""What links proofs of possession to a proof of identity (RFC 10002 §6.3).

A witness in each request is a MAC of a random value, which a control holds, under a key from the
shared secret. Requests are linked by their names too: to a secret that goes with one, or to the
certificate that signs the message.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cmcodec import oids, types
from cmcodec.arguments import flag
from cmcodec.checked import checked
from cmcodec.controls import algorithms
from cmcodec.controls.algorithms import Algorithm
from cmcodec.controls.linked_names import verify_renewal, verify_subject
from cmcodec.controls.messages import Source, request_of, single
from cmcodec.controls.requests import attributes_of
from cmcodec.errors import ArgumentError, LimitError, ProofError
from cmcodec.limits import MAX_ITERATIONS
from cmcodec.reasons import Reason, Rule
from cmcodec.verify.references import request_id

__all__ = ["compute", "compute_v1", "verify", "verify_renewal", "verify_subject"]


@checked
def compute(
    random: bytes,
    secret: bytes,
    *,
    key_gen: Algorithm = "id-sha256",
    mac: Algorithm = "id-hmacWithSHA256",
) -> types.PopLinkWitnessV2:
    """The value of popLinkWitnessV2 (RFC 10002 §6.3.1.1, R-100).

    ``random`` is the value of the one popLinkRandom control, of 64 octets or more (R-098). The
    witness goes into each request before that is signed: an attribute of PKCS#10, a control of
    CRMF (R-101). ``key_gen``: a digest by name or identifier, or id-PBKDF2 with its parameters,
    where a keyLength left out is the length of the MAC. The identification is no part of the key
    (T-04).

    Raises `EncodeError` for an empty secret and for an algorithm not on offer, and
    `LimitError` for more than 1,000,000 iterations (rule P10).
    """
    derivation = algorithms.chosen(key_gen, algorithms.check_derivation)
    chosen_mac = algorithms.chosen(mac, algorithms.check_mac)
    key = algorithms.derived_key(derivation, algorithms.secret_octets(secret), chosen_mac)
    return types.PopLinkWitnessV2(
        key_gen_algorithm=derivation,
        mac_algorithm=chosen_mac,
        witness=algorithms.mac(chosen_mac, key, random),
    )


@checked
def compute_v1(random: bytes, secret: bytes) -> types.PopLinkWitness:
    """The value of popLinkWitness: with SHA-1 and HMAC-SHA1 (RFC 10002 §6.3.1.2, R-103)."""
    made = compute(random, secret, key_gen=algorithms.SHA1, mac=algorithms.HMAC_SHA1)
    return types.PopLinkWitness(made.witness)


@checked
def verify(message: Source, secret: bytes, *, compatibility: bool = False) -> None:
    """Checks that every request of reqSequence has a witness, and each witness (R-102).

    Where both versions stand, both must hold. Nothing matches an empty secret, and a message
    without requests links nothing. Different derivations of one message have 1,000,000 iterations
    together.

    ``compatibility`` also takes a witness under the number of identityProofV2, which some modules
    gave to popLinkWitnessV2 (T-01), and a second version whose key is of secret and identification,
    as Dogtag makes it (T-04).

    Raises `ProofError` with badIdentity and the requests at fault: ``pop_link_missing``,
    ``pop_link_wrong``; with badAlg for an algorithm that is not on offer; with badRequest for a
    control or attribute that stands twice. `LimitError` for too many iterations, before anything
    is derived; `VerificationError` for what is no PKIData.
    """
    flag("compatibility", compatibility)
    if not isinstance(secret, bytes):
        raise ArgumentError("secret", secret)
    content = request_of(message)
    requests = {
        request_id(request): _witnesses(request, compatibility=compatibility)
        for request in content.req_sequence
    }
    random = single(content, oids.ID_CMC_POP_LINK_RANDOM)
    missing = [each for each, found in requests.items() if random is None or not found]
    if random is None or missing or not requests:
        raise algorithms.refused(Reason.POP_LINK_MISSING, tuple(missing) or (0,))
    named = single(content, oids.ID_CMC_IDENTIFICATION) if compatibility else None
    keyed = [secret] if named is None else [secret, secret + named[1].value.encode()]
    _check(requests)
    expected: dict[tuple[_Algorithms, bool], list[bytes]] = {}
    wrong = []
    for body_part_id, found in requests.items():
        for witness, is_first in found:
            used = _algorithms(witness)
            if (used, is_first) not in expected:
                expected[used, is_first] = [
                    algorithms.mac(
                        witness.mac_algorithm,
                        algorithms.derived_key(
                            witness.key_gen_algorithm, key, witness.mac_algorithm
                        ),
                        random[1].value,
                    )
                    for key in (keyed[:1] if is_first else keyed)
                ]
            # Rule R3. Every one is compared: which key it was that fitted stays here.
            fitting = [compare_digest(witness.witness, each) for each in expected[used, is_first]]
            if not secret or not any(fitting):
                wrong.append(body_part_id)
                break
    if wrong:
        raise algorithms.refused(Reason.POP_LINK_WRONG, tuple(wrong))


_Algorithms = tuple[types.AlgorithmIdentifier, types.AlgorithmIdentifier]
_Witnesses = list[tuple[types.PopLinkWitnessV2, bool]]

_NUMBERS: Final = (
    oids.ID_CMC_POP_LINK_WITNESS,
    oids.ID_CMC_POP_LINK_WITNESS_V2,
    oids.ID_CMC_IDENTITY_PROOF_V2,
)


def _algorithms(witness: types.PopLinkWitnessV2) -> _Algorithms:
    return witness.key_gen_algorithm, witness.mac_algorithm


def _witnesses(request: types.TaggedRequest, *, compatibility: bool) -> _Witnesses:
    """The witnesses of a request, and whether each is of the first version.

    A first version is given as the second would say it.
    """
    found: _Witnesses = []
    seen: set[str] = set()
    for attr_type, value in attributes_of(request):
        if attr_type not in (_NUMBERS if compatibility else _NUMBERS[:2]):
            continue
        if attr_type in seen:
            bad = types.CMCFailInfo.BAD_REQUEST
            raise ProofError(Reason.DUPLICATE_CONTROL, bad, (request_id(request),), Rule.R4)
        seen.add(attr_type)
        if isinstance(value, types.PopLinkWitness):
            first = types.PopLinkWitnessV2(
                key_gen_algorithm=algorithms.SHA1,
                mac_algorithm=algorithms.HMAC_SHA1,
                witness=value.value,
            )
            found.append((first, True))
        else:
            found.append((types.PopLinkWitnessV2.from_der(value.to_der()), False))
    return found


def _check(requests: dict[int, _Witnesses]) -> None:
    """Every algorithm is on offer, and the work is bounded, before anything is derived."""
    seen: set[_Algorithms] = set()
    iterations = 0
    for body_part_id, found in requests.items():
        for witness, _ in found:
            if _algorithms(witness) in seen:
                continue
            seen.add(_algorithms(witness))
            with algorithms.concerning(body_part_id):
                algorithms.check_mac(witness.mac_algorithm)
                iterations += algorithms.check_derivation(witness.key_gen_algorithm)
            if iterations > MAX_ITERATIONS:
                raise LimitError(Reason.LIMIT, None, "keyGenAlgorithm")
