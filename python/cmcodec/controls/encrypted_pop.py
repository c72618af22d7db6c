"""Proof of possession by decryption: the challenge and its answer (RFC 10002 §6.7).

A server encrypts a value for the key that is to be certified; the client answers with a MAC of the
request under that value. Of the value no more than 64 octets are the key (R-129, T-05); the request
is the whole TaggedRequest with its tag, as it stands in the message.
"""

from __future__ import annotations

import hashlib
import hmac as hmac_
import os
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm

from cmcodec import oids, types
from cmcodec.arguments import by_chance
from cmcodec.checked import checked
from cmcodec.cms.envelopes import decrypt, seal
from cmcodec.cms.recipients import Recipient, RecipientKey, diffie_hellman
from cmcodec.controls import algorithms
from cmcodec.controls.algorithms import Algorithm
from cmcodec.controls.messages import Source, octets_of, request_of
from cmcodec.controls.requests import extension_values, public_key_of
from cmcodec.errors import (
    ArgumentError,
    CMCError,
    DecryptionError,
    EncodeError,
    ProofError,
    VerificationError,
)
from cmcodec.reasons import Reason
from cmcodec.verify.references import request_id

__all__ = ["answer", "challenge", "stateless_value", "verify"]

_VALUE_OCTETS: Final = 32
_KEY_OCTETS: Final = 64


@checked
def challenge(
    request: types.TaggedRequest,
    *,
    value: bytes | None = None,
    content: str = "id-aes256-GCM",
    mac: Algorithm = "id-hmacWithSHA256",
    hash: Algorithm = "id-sha256",  # noqa: A002 - the contract's own name
    random: Callable[[int], bytes] = os.urandom,
) -> tuple[types.EncryptedPOP, bytes]:
    """A challenge for a request, and the value that its answer is checked with (R-124).

    ``value`` is 32 octets of ``random`` unless given. ``content`` is the cipher, as `cms.encrypt`
    has it: with GCM an AuthEnvelopedData, with CBC an EnvelopedData. The recipient is named by the
    SubjectKeyIdentifier that the request asks for (R-125), else by the empty name and its body part
    id (R-126). ``mac`` is for the answer, ``hash`` for the witness.

    Raises `EncodeError` for an empty value, for an algorithm that is not on offer, and
    for a request without a key, or with one that nothing is encrypted for.
    """
    made = by_chance(random, _VALUE_OCTETS) if value is None else value
    if not made:
        raise EncodeError(Reason.BAD_VALUE, None, "value", hint="at least one octet")
    witness_alg = algorithms.chosen(hash, algorithms.check_digest)
    challenged = types.EncryptedPOP(
        request=request,
        cms=seal(made, oids.ID_DATA, _recipient(request), content, random),
        the_pop_alg_id=algorithms.chosen(mac, algorithms.check_mac),
        witness_alg_id=witness_alg,
        witness=algorithms.digest(witness_alg, made),
    )
    return challenged, made


@checked
def stateless_value(seed: bytes, request: types.TaggedRequest) -> bytes:
    """A value that need not be kept: HMAC-SHA256 of the request under a seed (RFC 10002 §6.7).

    A server keeps the seed secret, and changes it from time to time. Raises `ValueError` for an
    empty one.
    """
    return hmac_.digest(algorithms.secret_octets(seed), request.to_der(), hashlib.sha256)


@checked
def answer(
    challenge: types.EncryptedPOP, key: RecipientKey, body_part_id: int
) -> types.DecryptedPOP:
    """The answer to a challenge, beside the same request in a new PKIData (R-128).

    ``body_part_id`` is that of the request there. The caller sees to it that the request in the
    challenge is its own.

    Raises `ProofError` (``challenge_wrong``, popFailed, for the whole message) where the challenge
    cannot be decrypted with this key, or its witness is wrong: the client aborts (R-127). The same
    with badAlg for a digest or MAC that is not on offer, and `LimitError` for a derivation that
    takes too long.
    """
    with algorithms.concerning(0):
        algorithms.check_mac(challenge.the_pop_alg_id)
        algorithms.check_digest(challenge.witness_alg_id)
    try:
        decrypted = decrypt(challenge.cms, key)
    except (DecryptionError, VerificationError):
        raise algorithms.pop_failed(Reason.CHALLENGE_WRONG, 0) from None
    value = decrypted.unverified_octets
    witness = algorithms.digest(challenge.witness_alg_id, value)
    is_right = hmac_.compare_digest(witness, challenge.witness)
    if not is_right or not value or decrypted.content_type != oids.ID_DATA:
        raise algorithms.pop_failed(Reason.CHALLENGE_WRONG, 0)
    return types.DecryptedPOP(
        body_part_id=body_part_id,
        the_pop_alg_id=challenge.the_pop_alg_id,
        the_pop=_the_pop(challenge.the_pop_alg_id, value, challenge.request.to_der()),
    )


@checked
def verify(message: Source, answer: types.DecryptedPOP, value: bytes) -> None:
    """Checks an answer over the request in the same message, as received.

    ``answer`` is a value of decryptedPOP in ``message``, ``value`` what this very request was
    challenged with: a server that keeps values keeps the requests with them, and one that does
    not makes the value of the request in this message, by `stateless_value`. Nothing matches an
    empty value.

    Raises `ProofError`: ``pop_wrong`` with popFailed and the request; ``dangling_reference`` with
    badRequest and the control, where the message has no such request; with badAlg for a MAC that is
    not on offer. `VerificationError` for what is no PKIData.
    """
    if not isinstance(value, bytes):
        raise ArgumentError("value", value)
    content = request_of(message)
    controls = tuple(
        body_part_id
        for body_part_id, each in content.find(oids.ID_CMC_DECRYPTED_POP)
        if each == answer
    ) or (0,)
    ids = list(map(request_id, content.req_sequence))
    if answer.body_part_id not in ids:
        bad = types.CMCFailInfo.BAD_REQUEST
        raise ProofError(Reason.DANGLING_REFERENCE, bad, controls, Reason.DANGLING_REFERENCE.rule)
    request = octets_of(message, f"reqSequence[{ids.index(answer.body_part_id)}]")
    assert request is not None
    with algorithms.concerning(*controls):
        expected = _the_pop(answer.the_pop_alg_id, value, request)
    # Rule R3.
    if not hmac_.compare_digest(answer.the_pop, expected) or not value:
        raise algorithms.pop_failed(Reason.POP_WRONG, answer.body_part_id)


def _the_pop(mac: types.AlgorithmIdentifier, value: bytes, request: bytes) -> bytes:
    return algorithms.mac(mac, value[:_KEY_OCTETS], request)


def _recipient(request: types.TaggedRequest) -> Recipient:
    """The key that is to be certified."""
    spki = public_key_of(request)
    if spki is None:
        raise EncodeError(Reason.BAD_VALUE, None, "publicKey")
    try:
        key = diffie_hellman.public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise EncodeError(Reason.KEY_REJECTED, None, "publicKey") from None
    identifier = _key_identifier(request)
    named = types.IssuerAndSerialNumber(
        issuer=types.Name(rdn_sequence=()), serial_number=request_id(request)
    )
    try:
        return Recipient.from_public_key(
            key,
            key_identifier=identifier,
            issuer_and_serial=named if identifier is None else None,
        )
    except TypeError:
        raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, "publicKey") from None


def _key_identifier(request: types.TaggedRequest) -> bytes | None:
    """The one SubjectKeyIdentifier that the request asks for; None where there is none."""
    values = extension_values(request, oids.ID_CE_SUBJECT_KEY_IDENTIFIER)
    try:
        (octets,) = values
        return types.Data.from_der(octets).value
    except (CMCError, ValueError):
        return None
