"""ML-DSA in messages (FIPS 204; RFC 9881 for keys, RFC 9882 for signatures; rules V7 to V10, R1).

The single decisions about algorithms, keys and signatures are in ``tests/vectors/signatures``.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import parser

import cmcodec
from cmcodec import _backend, oids
from cmcodec._pure.verify.ml_dsa import PARAMETER_SETS
from kit.der import NULL, attribute, identifier, oid, spki, tlv
from kit.keys import ALICE, Key
from kit.messages import (
    Message,
    Signer,
    crm,
    judged,
    pkcs10,
    pki_data,
    refused,
    requests_of,
    signed_by,
    signers_of,
    tcr,
    verify,
)
from kit.vectors import VECTORS, manifest

FOLDER = VECTORS / "ml-dsa"
SIGNED = FOLDER / "signers" / "ml-dsa-65-sha512.der"
OIDS = {44: oids.ID_ML_DSA_44, 65: oids.ID_ML_DSA_65, 87: oids.ID_ML_DSA_87}

NEEDS_ML_DSA = pytest.mark.skipif(not PARAMETER_SETS, reason="this cryptography has no ML-DSA")
EVERY_SET = pytest.mark.parametrize("bits", OIDS)


def is_offered() -> bool:
    """The engine always has ML-DSA, the fallback where ``cryptography`` has it."""
    return _backend.name() == "rust" or bool(PARAMETER_SETS)


# --- messages of others ----------------------------------------------------------------------


@pytest.mark.parametrize("expected", manifest(folder=FOLDER), ids=lambda row: row["file"])
def test_vectors(expected: dict[str, str]) -> None:
    """V14: the verdicts on messages of BouncyCastle, on both backends.

    Where there is no ML-DSA, everything signed with it is ``unsupported_algorithm``.
    """
    row = verify((FOLDER / expected["file"]).read_bytes())[0]
    if not is_offered():
        assert (row.verdict, row.reason, row.rule) == ("failed", "unsupported_algorithm", "V7")
        return
    assert row.kind == expected["kind"]
    assert (row.verdict, row.reason, row.rule) == (
        expected["verdict"], expected["reason"] or None, expected["rule"] or None,
    )  # fmt: skip
    assert ",".join(request.pop for request in row.requests) == expected["pop"]


def test_v13_chains() -> None:
    """V13: a chain of ML-DSA certificates is trusted where ML-DSA is on offer."""
    anchor = (FOLDER / "keys" / "ca-cert.der").read_bytes()
    at = datetime(2027, 1, 1, tzinfo=UTC)
    row = cmcodec.verify_batch(SIGNED.read_bytes(), trust=[anchor], at=at)[0]
    if is_offered():
        assert (row.verdict, row.signers[0].chain) == ("verified", "trusted")
    else:
        assert (row.verdict, row.reason) == ("failed", "unsupported_algorithm")


WITHOUT = """
import sys
sys.modules["cryptography.hazmat.primitives.asymmetric.mldsa"] = None
import cmcodec
row = cmcodec.verify_batch(sys.stdin.buffer.read())[0]
print(row.verdict, row.reason, row.rule, row.signers[0].algorithm)
"""


def test_v7_a_library_without_ml_dsa() -> None:
    """V7: the fallback on a ``cryptography`` before 47 says that the algorithm is not on offer."""
    command = [sys.executable, "-c", WITHOUT]
    package = str(Path(cmcodec.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": package, "CMCODEC_BACKEND": _backend.name()}
    done = subprocess.run(
        command, input=SIGNED.read_bytes(), capture_output=True, check=True, env=environment
    )
    assert done.stdout.decode().split() == (
        ["verified", "None", "None", "ML-DSA-65"]
        if _backend.name() == "rust"
        else ["failed", "unsupported_algorithm", "V7", oids.ID_ML_DSA_65]
    )


# --- messages made here ----------------------------------------------------------------------


class LatticeKey(Key):
    """A key of ML-DSA; seeds make keys that differ."""

    def __init__(self, bits: int, seed: int = 1) -> None:
        from cryptography.hazmat.primitives.asymmetric import mldsa

        super().__init__(seed)
        private = getattr(mldsa, f"MLDSA{bits}PrivateKey").from_seed_bytes(bytes([seed]) * 32)
        self.private = private
        self.public = private.public_key().public_bytes_raw()
        self.algorithm = OIDS[bits]
        self.parameters: tuple[bytes, ...] = ()

    def spki(self, tag: int = 0x30) -> bytes:
        return spki(identifier(self.algorithm, *self.parameters), self.public, tag=tag)


@functools.cache
def key(bits: int, seed: int = 1) -> LatticeKey:
    return LatticeKey(bits, seed)


def signer(own: Key, **fields: Any) -> Signer:
    """A SignerInfo of a key by its own algorithm, digestAlgorithm SHA-512."""
    return Signer(**{"key": own, "algorithm": identifier(own.algorithm), **fields})


def message(own: Key, **fields: Any) -> Message:
    return signed_by(signer(own, **fields), certificates=(own.certificate(),))


def requested(own: Key) -> tuple[bytes, ...]:
    return (attribute(oids.ID_EXTENSION_REQUEST, tlv(0x30, own.extension())),)


def csr(own: Key, **fields: Any) -> bytes:
    return pkcs10(own, **{"algorithm": identifier(own.algorithm), **fields})


def crmf(own: Key, extensions: bytes = b"", signature: bytes | None = None) -> bytes:
    """A CRMF request with a signature over its certReq."""
    parts = {"key": own.spki(0xA6), "extensions": extensions}
    request = parser.parse(crm(b"", **parts))[4]
    signature = own.sign(request) if signature is None else signature
    return crm(tlv(0xA1, identifier(own.algorithm), tlv(0x03, b"\0", signature)), **parts)


@NEEDS_ML_DSA
@EVERY_SET
def test_v8_certificates(bits: int) -> None:
    """V8: the signer's certificate is found by serial number and by key identifier."""
    own = key(bits)
    for sid in (own.by_serial(), own.by_ski()):
        row = judged(message(own, sid=sid))
        assert row.verdict == "verified"
        assert signers_of(row)[0][::3] == (f"ML-DSA-{bits}", own.certificate())


@NEEDS_ML_DSA
@EVERY_SET
def test_v8_request_keys(bits: int) -> None:
    """V8, R1: the key of a PKCS#10 or CRMF request signs its message and proves its possession."""
    own = key(bits)
    for request, form in (
        (tcr(3, csr(own, attributes=requested(own))), "pkcs10"),
        (crmf(own, own.extension()), "crmf"),
    ):
        by_request = replace(
            message(own, sid=own.by_ski()),
            content=pki_data(requests=(request,)), certificates=(),
        )  # fmt: skip
        row = judged(by_request)
        assert row.verdict == "verified"
        assert signers_of(row) == ((f"ML-DSA-{bits}", None, 3, None, None),)
        assert requests_of(row) == ((3, form, "verified"),)


@NEEDS_ML_DSA
@pytest.mark.parametrize(
    ("bits", "weak"), [(44, ()), (65, (oids.ID_SHA256,)), (87, (oids.ID_SHA256, oids.ID_SHA384))]
)
def test_v7_digest_algorithms(bits: int, weak: tuple[str, ...]) -> None:
    """V7: "Verifiers MAY reject a signature if the signer's choice of digest algorithm does not
    meet the security requirements" (RFC 9882 §3.3), and so do we. SHA-512 always will do.
    """
    own = key(bits)
    for name, dotted in (
        ("sha256", oids.ID_SHA256),
        ("sha384", oids.ID_SHA384),
        ("sha512", oids.ID_SHA512),
    ):
        for parameters in ((), (NULL,)):
            digest = identifier(dotted, *parameters)
            signed = replace(message(own, digest=digest, hash=name), digests=(digest,))
            if dotted in weak:
                found = refused(signed)
                assert found == ("algorithm_mismatch", "V7", identifier(OIDS[bits]))
            else:
                assert judged(signed).verdict == "verified"
            assert judged(signed).signers[0].algorithm == f"ML-DSA-{bits}"


@NEEDS_ML_DSA
@EVERY_SET
def test_v7_digest_algorithms_not_on_offer(bits: int) -> None:
    """V7, V10a: SHAKE256, which SHOULD be, is not on offer; SHA-1 not even with ``legacy``."""
    for dotted, name in ((oids.ID_SHAKE256, "sha512"), (oids.ID_SHA1, "sha1")):
        digest = identifier(dotted)
        signed = replace(message(key(bits), digest=digest, hash=name), digests=(digest,))
        assert refused(signed) == ("unsupported_algorithm", "V7", digest)
    assert refused(signed, legacy=True)[:2] == ("algorithm_mismatch", "V7")


@NEEDS_ML_DSA
@EVERY_SET
def test_v7_parameters(bits: int) -> None:
    """V7: "the parameters field MUST be absent" (RFC 9882 §3.3)."""
    own = key(bits)
    for parameters in (NULL, b"\x30\0", b"\x04\0"):
        algorithm = identifier(OIDS[bits], parameters)
        signed = message(own, algorithm=algorithm)
        assert refused(signed) == ("unsupported_algorithm", "V7", algorithm)
        request = tcr(3, csr(own, algorithm=algorithm))
        found = refused(Message(content=pki_data(requests=(request,))))
        assert found == ("unsupported_algorithm", "V7", request)


@NEEDS_ML_DSA
@EVERY_SET
def test_v7_algorithm_protection(bits: int) -> None:
    """V7: CMSAlgorithmProtection names the parameter set of the signature, no other."""
    own = key(bits)
    for named, dotted in OIDS.items():
        value = tlv(0x30, identifier(oids.ID_SHA512), identifier(dotted, tag=0xA1))
        protection = attribute(oids.ID_AA_CMS_ALGORITHM_PROTECT, value)
        signed = message(own, more=(protection,))
        if named == bits:
            assert judged(signed).verdict == "verified"
        else:
            assert refused(signed) == ("algorithm_mismatch", "V7", protection)


@NEEDS_ML_DSA
@EVERY_SET
def test_v7_key_of_another_algorithm(bits: int) -> None:
    """V7: a key serves its own parameter set alone."""
    own = key(bits)
    others = [key(other) for other in OIDS if other != bits]
    for other in (*others, ALICE):
        signed = replace(message(own), certificates=(other.certificate(),))
        assert refused(signed) == ("algorithm_mismatch", "V7", own.by_serial())
        signed = replace(message(other), certificates=(own.certificate(),))
        assert refused(signed) == ("algorithm_mismatch", "V7", other.by_serial())
        request = tcr(3, csr(own, algorithm=identifier(other.algorithm)))
        found = refused(Message(content=pki_data(requests=(request,))))
        assert found == ("algorithm_mismatch", "V7", request)


@NEEDS_ML_DSA
@EVERY_SET
def test_v9_keys(bits: int) -> None:
    """V9: a key has no parameters and the length of its parameter set (RFC 9881 §2 and §4)."""
    own = key(bits)
    signed = message(own)
    for public, parameters in (
        (b"", ()),
        (own.public[:-1], ()),
        (own.public + b"\0", ()),
        (tlv(0x04, own.public), ()),
        (own.public, (NULL,)),
        (own.public, (b"\x30\0",)),
    ):
        other = LatticeKey(bits)
        other.public, other.parameters = public, parameters
        bad = replace(signed, certificates=(other.certificate(),))
        assert refused(bad) == ("key_rejected", "V9", own.by_serial())
        request = tcr(3, csr(other))
        found = refused(Message(content=pki_data(requests=(request,))))
        assert found == ("key_rejected", "V9", request)


@NEEDS_ML_DSA
@EVERY_SET
def test_v10_signatures(bits: int) -> None:
    """V10: the signature is pure, with the empty context, over the attributes, of exact length."""
    own = key(bits)
    signed = message(own)
    attributes = (
        attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_CCT_PKI_DATA)),
        attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, sha512(pki_data()))),
    )
    octets = tlv(0x31, *sorted(attributes))
    good = own.sign(octets)
    by_hand = replace(signed, signers=(signer(own, signature=good),))
    assert judged(by_hand).verdict == "verified"
    private: Any = own.private
    wrong = [
        b"",
        good[:-1],
        good + b"\0",
        bytes(len(good)),
        *(flipped(good, at) for at in (0, len(good) // 2, len(good) - 1)),
        private.sign(octets, b"CMS"),  # a context
        own.sign(sha512(octets)),  # as if the digest were signed
        own.sign(b"\xa0" + octets[1:]),  # the tag as received
        own.sign(pki_data()),  # the content
        key(bits, 2).sign(octets),  # another key
    ]
    for signature in wrong:
        found = refused(replace(signed, signers=(signer(own, signature=signature),)))
        assert found == ("signature_invalid", "V10", tlv(0x04, signature))


@NEEDS_ML_DSA
@EVERY_SET
def test_r1_proofs_of_possession(bits: int) -> None:
    """R1: the proof is over the received certificationRequestInfo or certReq."""
    own, other = key(bits), key(bits, 2)
    wrong = other.sign(b"another message")
    for request in (
        tcr(3, csr(own, signature=wrong)),
        tcr(3, csr(own, signature=wrong[:-1])),
        tcr(3, csr(own, signature=b"")),
        crmf(own, signature=wrong),
        crmf(own, signature=flipped(wrong, 0)),
    ):
        signed = Message(content=pki_data(requests=(request,)))
        assert refused(signed) == ("pop_invalid", "R1", request)
    assert judged(csr(own)).verdict == "verified"
    row = judged(csr(own, signature=wrong))
    assert (row.verdict, row.reason, row.rule) == ("failed", "pop_invalid", "R1")


@NEEDS_ML_DSA
def test_v3_signers_of_old_and_new_algorithms() -> None:
    """V3: during a migration a message has a signer of each, and all must be good."""
    own = key(65)
    new = signer(own, sid=own.by_ski())
    both = Message(signers=(Signer(), new), certificates=(ALICE.certificate(), own.certificate()))
    assert sorted(str(found.algorithm) for found in judged(both).signers) == [
        "Ed25519",
        "ML-DSA-65",
    ]
    assert judged(both).verdict == "verified"
    bad = replace(both, signers=(Signer(), replace(new, signature=bytes(3309))))
    assert refused(bad)[:2] == ("signature_invalid", "V10")


def sha512(octets: bytes) -> bytes:
    return hashlib.sha512(octets).digest()


def flipped(octets: bytes, at: int) -> bytes:
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
