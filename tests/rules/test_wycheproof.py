"""Project Wycheproof and ed25519-speccheck against the signature verifier (gate G8).

The vectors and their origin are in ``tests/vectors/wycheproof``. A vector that Wycheproof
calls valid verifies, one that it calls invalid is ``signature_invalid``; every other
expectation follows from a rule and is written out below.
"""

from __future__ import annotations

import json
import lzma
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from asn1crypto import algos, core, parser

from cmcodec._pure.verify.algorithm import signature_algorithm
from cmcodec._pure.verify.fault import Fault
from cmcodec._pure.verify.key import v9_read_key
from cmcodec._pure.verify.ml_dsa import PARAMETER_SETS
from cmcodec.algorithms import DIGESTS
from kit import vectors
from kit.der import NULL, identifier
from kit.der import spki as spki_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VECTORS = vectors.VECTORS / "wycheproof"
BY_NAME = {digest.name: digest for digest in DIGESTS}

OIDS = {
    "SHA-256": "1.2.840.113549.1.1.11",
    "SHA-384": "1.2.840.113549.1.1.12",
    "SHA-512": "1.2.840.113549.1.1.13",
}
ECDSA_OIDS = {
    "SHA-256": "1.2.840.10045.4.3.2",
    "SHA-384": "1.2.840.10045.4.3.3",
    "SHA-512": "1.2.840.10045.4.3.4",
}
RSASSA_PSS = "1.2.840.113549.1.1.10"
ED25519 = "1.3.101.112"
ED448 = "1.3.101.113"
ML_DSA = {
    "mldsa_44_verify": "2.16.840.1.101.3.4.3.17",
    "mldsa_65_verify": "2.16.840.1.101.3.4.3.18",
    "mldsa_87_verify": "2.16.840.1.101.3.4.3.19",
}
NOT_OFFERED = {} if PARAMETER_SETS else ML_DSA


class Verify(Protocol):
    """One signature check of a backend: the reason of the refusal, ``None`` when it verifies."""

    def __call__(
        self,
        spki: bytes,
        sig_alg_der: bytes,
        digest_alg: str | None,
        message: bytes,
        signature: bytes,
        legacy: bool = False,
    ) -> str | None:
        """Give the reason, as described above."""


def verify_pure(
    spki: bytes,
    sig_alg_der: bytes,
    digest_alg: str | None,
    message: bytes,
    signature: bytes,
    legacy: bool = False,
) -> str | None:
    """Verify with the fallback."""
    oid = core.ObjectIdentifier.load(parser.parse(sig_alg_der)[4])
    parameters = parser.parse(sig_alg_der)[4][len(oid.dump()) :] or None
    digest = BY_NAME.get(digest_alg or "")
    if digest_alg and not digest:
        return "unsupported_algorithm"
    try:
        algorithm = signature_algorithm(oid.native, parameters, digest, legacy=legacy)
        v9_read_key(spki, legacy=legacy).verify(algorithm, message, signature)
    except Fault as fault:
        return fault.reason
    return None


@pytest.fixture(params=[pytest.param(verify_pure, id="pure")])
def verify(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[Verify]:
    """Give the signature check of each backend in turn, and tell how many signatures it got."""
    tried = count()

    def counted(*arguments: Any, **options: Any) -> str | None:
        next(tried)
        reason: str | None = request.param(*arguments, **options)
        return reason

    yield counted
    record_property("tried", next(tried))


def pss_identifier(group: dict[str, Any]) -> bytes:
    """Return the AlgorithmIdentifier of RSASSA-PSS with the parameters of a group."""
    assert group["mgf"] == "MGF1"
    hashed, mask = (
        {"algorithm": group[key].lower().replace("-", "").replace("/", "_"), "parameters": None}
        for key in ("sha", "mgfSha")
    )
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": hashed,
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": mask},
            "salt_length": group["sLen"],
        }
    )
    return identifier(RSASSA_PSS, parameters.dump())


def groups(name: str) -> list[dict[str, Any]]:
    """Return the groups of a file of vectors, each with its key and its tests."""
    with lzma.open(VECTORS / f"{name}_test.json.xz") as file:
        found: list[dict[str, Any]] = json.load(file)["testGroups"]
    assert found
    return found


def checked(
    verify: Verify, group: dict[str, Any], sig_alg_der: bytes
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Give each test of a group, with the reason that the backend has for it."""
    spki = bytes.fromhex(group["publicKeyDer"])
    for test in group["tests"]:
        message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
        yield test, verify(spki, sig_alg_der, None, message, signature)


BY_RESULT = {"valid": None, "invalid": "signature_invalid"}


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_rsassa_pkcs1_v1_5(verify: Verify, bits: int) -> None:
    """V10: RSA PKCS#1 v1.5 compares the whole expected encoding (DigestInfo with NULL).

    Wycheproof calls a DigestInfo without NULL ``acceptable``; V10 does not accept it.
    """
    by_result = {**BY_RESULT, "acceptable": "signature_invalid"}
    for group in groups(f"rsa_signature_{bits}_sha256"):
        for test, reason in checked(verify, group, identifier(OIDS[group["sha"]], NULL)):
            assert test["result"] != "acceptable" or test["flags"] == ["MissingNull"]
            assert reason == by_result[test["result"]], test


@pytest.mark.parametrize(
    "name",
    [
        "rsa_pss_2048_sha256_mgf1_0",
        "rsa_pss_2048_sha256_mgf1_32",
        "rsa_pss_2048_sha256_mgf1_32_params",
        "rsa_pss_4096_sha256_mgf1_32",
    ],
)
def test_rsassa_pss(verify: Verify, name: str) -> None:
    """V10: MGF1 hash = hash, salt = hash length, or shorter where the library offers it."""
    for group in groups(name):
        for test, reason in checked(verify, group, pss_identifier(group)):
            assert reason == BY_RESULT[test["result"]], test


@pytest.mark.parametrize("name", ["rsa_pss_misc", "rsa_pss_misc_params"])
def test_rsassa_pss_parameters(verify: Verify, name: str) -> None:
    """V10: another MGF1 hash, a longer salt and a hash not in the table are unsupported.

    All signatures are valid. In ``misc_params`` the key is restricted to the same
    parameters, of which the algorithm is checked first.
    """
    lengths = {"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}
    verified = 0
    for group in groups(name):
        length = lengths.get(group["sha"], -1)
        offered = group["mgfSha"] == group["sha"] and group["sLen"] <= length
        for test, reason in checked(verify, group, pss_identifier(group)):
            assert test["result"] == "valid"
            assert reason == (None if offered else "unsupported_algorithm"), (group, test)
            verified += offered
    assert verified


def test_rsassa_pss_with_sha1(verify: Verify) -> None:
    """V10a: legacy adds SHA-1 to RSA PKCS#1 v1.5 only, so RSASSA-PSS with it stays unsupported."""
    for group in groups("rsa_pss_2048_sha1_mgf1_20"):
        for test in group["tests"]:
            arguments = (
                bytes.fromhex(group["publicKeyDer"]),
                pss_identifier(group),
                None,
                bytes.fromhex(test["msg"]),
                bytes.fromhex(test["sig"]),
            )
            assert verify(*arguments) == "unsupported_algorithm"
            assert verify(*arguments, legacy=True) == "unsupported_algorithm"


@pytest.mark.parametrize(
    "name", ["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"]
)
def test_ecdsa(verify: Verify, name: str) -> None:
    """V10: ECDSA r, s in 1...n-1, DER, high-s accepted."""
    for group in groups(name):
        for test, reason in checked(verify, group, identifier(ECDSA_OIDS[group["sha"]])):
            assert reason == BY_RESULT[test["result"]], test


def test_ed25519(verify: Verify) -> None:
    """V9: Ed25519 strict: s < L, canonical A and R, no small order, cofactorless."""
    for group in groups("ed25519"):
        for test, reason in checked(verify, group, identifier(ED25519)):
            assert reason == BY_RESULT[test["result"]], test


# The reason of each case of ed25519-speccheck, in the order of the file.
SPECCHECK = [
    "key_rejected",  # 0: A and R of small order, S = 0
    "key_rejected",  # 1: A of small order, R of mixed order
    "signature_invalid",  # 2: A of mixed order, R of small order
    None,  # 3: A and R of mixed order, but the cofactorless equation holds
    "signature_invalid",  # 4: the cofactored equation alone holds
    "signature_invalid",  # 5: the same, where 8h must not be reduced first
    "signature_invalid",  # 6: S > L
    "signature_invalid",  # 7: S much greater than L
    "signature_invalid",  # 8: R not canonical, and of small order; h over the octets received
    "signature_invalid",  # 9: R not canonical, and of small order; h over the reduced octets
    "key_rejected",  # 10: A not canonical, and of small order; h over the octets received
    "key_rejected",  # 11: A not canonical, and of small order; h over the reduced octets
]


def test_ed25519_speccheck(verify: Verify) -> None:
    """V9: Ed25519 strict, on the cases in which libraries disagree."""
    cases = json.loads((VECTORS / "ed25519-speccheck-cases.json").read_text())
    reasons = []
    for case in cases:
        key, message, signature = (
            bytes.fromhex(case[name]) for name in ("pub_key", "message", "signature")
        )
        spki = spki_of(identifier(ED25519), key)
        reasons.append(verify(spki, identifier(ED25519), None, message, signature))
    assert reasons == SPECCHECK


@pytest.mark.skipif(not PARAMETER_SETS, reason="this cryptography has no ML-DSA")
@pytest.mark.parametrize(("name", "oid"), ML_DSA.items())
def test_ml_dsa(verify: Verify, name: str, oid: str) -> None:
    """V9, V10: ML-DSA keys and signatures of exact length, the context empty.

    A signature that Wycheproof made with a context is none with the empty one.
    """
    for group in groups(name):
        for test, reason in checked(verify, group, identifier(oid)):
            expected = BY_RESULT[test["result"]]
            if "IncorrectPublicKeyLength" in test["flags"]:
                expected = "key_rejected"
            elif test.get("ctx"):
                expected = "signature_invalid"
            assert reason == expected, test


@pytest.mark.parametrize(("name", "oid"), [("ed448", ED448), *NOT_OFFERED.items()])
def test_algorithm_not_in_the_table(verify: Verify, name: str, oid: str) -> None:
    """V7: algorithms come from the table; unknown -> unsupported_algorithm.

    So is the key of such an algorithm, whatever is said to have been signed with it.
    """
    for group in groups(name):
        spki = bytes.fromhex(group.get("publicKeyDer") or "")
        for test in group["tests"]:
            signature = bytes.fromhex(test["sig"])
            assert verify(spki, identifier(oid), None, b"", signature) == "unsupported_algorithm"
        if spki:
            refused = verify(spki, identifier(ED25519), None, b"", b"")
            assert refused == "unsupported_algorithm"
