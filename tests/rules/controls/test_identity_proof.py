"""Identity proof by a shared secret (RFC 10002 §6.2)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.controls import identity_proof
from cmcodec.errors import EncodeError, VerificationError
from kit.der import EMPTY, NULL, identifier, seq
from kit.keys import BOB
from kit.messages import Signer as Info
from kit.messages import (
    control,
    crm,
    pkcs10,
    pki_data,
    signed_by,
    tcr,
)
from kit.proofs import (
    CORPUS_SECRET,
    IDENTIFICATION,
    SECRET,
    full_request,
    full_response,
    vector,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BAD_IDENTITY, BAD_ALG = types.CMCFailInfo.BAD_IDENTITY, types.CMCFailInfo.BAD_ALG
BAD_REQUEST = types.CMCFailInfo.BAD_REQUEST
REQUESTS = (tcr(3), crm(body_part_id=4))
IDENTIFIED = control(1, 2, types.Identification(IDENTIFICATION))


def proof(
    identification: str | None = None,
    *,
    number: int = 34,
    body_part_id: int = 2,
    make: Callable[..., Any] = identity_proof.compute,
    secret: bytes = SECRET,
    **algorithms: Any,
) -> bytes:
    """A control over `REQUESTS`."""
    value = make(seq(*REQUESTS), secret, identification, **algorithms)
    return control(body_part_id, number, value)


def first(identification: str | None = None, **more: Any) -> bytes:
    return proof(identification, number=3, make=identity_proof.compute_v1, **more)


def refusal(*controls: bytes, secret: bytes = SECRET, **decisions: Any) -> Any:
    message = full_request(controls, REQUESTS)
    return wrong(lambda: identity_proof.verify(message, secret, **decisions))


# --- what is computed ------------------------------------------------------------------------


def test_r_088_known_answers() -> None:
    """R-088, R-092: identityProofV2 with SHA-256, without and with I."""
    assert identity_proof.compute(EMPTY, SECRET).witness.hex() == (
        "f11a11ffd1ffc84d4c043a2f9332b7f1c5730f1c2cd6babde9bc62179a1c0d07"
    )
    assert identity_proof.compute(EMPTY, SECRET, IDENTIFICATION).witness.hex() == (
        "824f35e538b555f8c28b22bd1350229828863e36bfc54feddea879fa8b91db90"
    )


def test_r_088_known_message() -> None:
    """R-088: PKIData with identification (id 2) and identityProofV2 (id 3), octet for octet."""
    value = identity_proof.compute(EMPTY, SECRET, IDENTIFICATION)
    content = pki_data([control(2, 2, types.Identification(IDENTIFICATION)), control(3, 34, value)])
    assert content.hex() == (
        "30703068301802010206082b0601050507070231090c0765652d30303031304c02010306082b0601050507"
        "0722313d303b300b0609608648016503040201300a06082a864886f70d02090420824f35e538b555f8c28b"
        "22bd1350229828863e36bfc54feddea879fa8b91db90300030003000"
    )
    message = cmcodec.load(signed_by(Info(), content=content).encode())
    identity_proof.verify(message, SECRET)
    assert wrong(lambda: identity_proof.verify(message, SECRET[:-1])) == (
        "identity_proof_wrong",
        BAD_IDENTITY,
        (3,),
    )


def test_r_091_known_answers() -> None:
    """R-091: identityProof v1, without and with I, has SHA-1 and HMAC-SHA1."""
    assert identity_proof.compute_v1(EMPTY, SECRET).value.hex() == (
        "9fa01e5318f8115b36476fd853a6192a14a86a53"
    )
    assert identity_proof.compute_v1(EMPTY, SECRET, IDENTIFICATION).value.hex() == (
        "71ebee5774cb7c991a36399e3b979ca8b5854970"
    )


def test_r_200_defaults_are_sha256() -> None:
    """R-200: SHA-256 and HMAC-SHA256, without parameters (RFC 5754 §2)."""
    made = identity_proof.compute(EMPTY, SECRET)
    assert made.proof_alg_id == types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
    assert made.mac_alg_id == types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256)


@pytest.mark.parametrize(
    ("hash_", "mac", "library"),
    [
        ("id-sha384", "id-hmacWithSHA384", "sha384"),
        ("id-sha512", "id-hmacWithSHA512", "sha512"),
        ("id-sha1", "id-hmacWithSHA1", "sha1"),
        ("id-sha1", "hMAC-SHA1", "sha1"),
    ],
)
def test_algorithms_by_name(hash_: str, mac: str, library: str) -> None:
    """Every digest and MAC on offer; those of RFC 5274 among them, for servers of its time."""
    made = identity_proof.compute(EMPTY, SECRET, hash=hash_, mac=mac)
    key = hashlib.new(library, SECRET).digest()
    assert made.witness == hmac.digest(key, EMPTY, library)
    message = full_request([proof(hash=hash_, mac=mac)], REQUESTS)
    identity_proof.verify(message, SECRET)


def test_algorithms_by_identifier_keep_their_parameters() -> None:
    """An AlgorithmIdentifier is carried as given; NULL means absent."""
    given_hash = types.AlgorithmIdentifier(algorithm=oids.ID_SHA256, parameters=TLV(NULL))
    made = identity_proof.compute(EMPTY, SECRET, hash=given_hash)
    assert made.proof_alg_id == given_hash
    assert made.witness == identity_proof.compute(EMPTY, SECRET).witness


@pytest.mark.parametrize("name", ["id-sha224", "sha256", "id-hmacWithSHA256", "id-PBKDF2", ""])
def test_what_is_not_on_offer_is_not_made(name: str) -> None:
    with pytest.raises(EncodeError, match="unsupported_algorithm"):
        identity_proof.compute(EMPTY, SECRET, hash=name)
    with pytest.raises(EncodeError, match="unsupported_algorithm"):
        identity_proof.compute(
            EMPTY, SECRET, mac=types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
        )


def test_arguments_are_what_they_should_be() -> None:
    """Mistakes of the caller are no proofs."""
    with pytest.raises(ValueError, match="secret"):
        identity_proof.compute(EMPTY, b"")
    with pytest.raises(TypeError, match="secret"):
        identity_proof.compute_v1(EMPTY, "secret")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="algorithm"):
        identity_proof.compute(EMPTY, SECRET, hash=None)  # type: ignore[arg-type]
    message = full_request([proof()], REQUESTS)
    with pytest.raises(TypeError, match="secret"):
        identity_proof.verify(message, "secret")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="compatibility"):
        identity_proof.verify(message, SECRET, compatibility=1)  # type: ignore[arg-type]


# --- what is verified ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["signed/selfsigned-ski-rsa2048.der", "signed/selfsigned-ski-p256.der"],
)
def test_r_089_another_implementation(name: str) -> None:
    """R-089: BouncyCastle's proofs, over the octets received, loaded and opened."""
    message = vector(name)
    for source in (message, message.open()):
        identity_proof.verify(source, CORPUS_SECRET)
        identity_proof.verify(source, CORPUS_SECRET, compatibility=True)
        assert wrong(lambda s=source: identity_proof.verify(s, CORPUS_SECRET + b"\n"))[:2] == (
            "identity_proof_wrong",
            BAD_IDENTITY,
        )


def test_r_089_wrong_secret() -> None:
    """R-089: a proof with another secret is badIdentity, and names control and requests."""
    message = vector("negative/identityproofv2-wrong-secret.der")
    content: Any = message.unverified_content
    (at,) = [
        each.body_part_id
        for each in content.control_sequence
        if each.attr_type == oids.ID_CMC_IDENTITY_PROOF_V2
    ]
    ids = [each.tcr.body_part_id for each in content.req_sequence]
    for compatibility in (False, True):
        assert wrong(
            lambda c=compatibility: identity_proof.verify(message, CORPUS_SECRET, compatibility=c)
        ) == ("identity_proof_wrong", BAD_IDENTITY, (at, *ids))


def test_r_089_other_requests() -> None:
    """R-089: a proof is over these requests, in this order, and over all of them."""
    for requests in (REQUESTS[::-1], REQUESTS[:1], (*REQUESTS, tcr(5)), ()):
        message = full_request([proof()], requests)
        reason, fail_info, ids = wrong(lambda m=message: identity_proof.verify(m, SECRET))
        assert (reason, fail_info) == ("identity_proof_wrong", BAD_IDENTITY)
        assert ids[0] == 2


def test_r_089_missing() -> None:
    """R-089: without a proof the requests are refused, and without requests the message."""
    assert refusal(IDENTIFIED) == ("identity_proof_missing", BAD_IDENTITY, (3, 4))
    empty = full_request()
    assert wrong(lambda: identity_proof.verify(empty, SECRET)) == (
        "identity_proof_missing",
        BAD_IDENTITY,
        (0,),
    )


def test_r_090_secrets_of_any_length() -> None:
    """R-090: at least 16 characters are taken, and any more."""
    for secret in (b"x", b"16 characters ok", "dévice-中".encode(), bytes(range(256)) * 40):
        identity_proof.verify(full_request([proof(secret=secret)], REQUESTS), secret)


def test_r_092_with_identification() -> None:
    """R-092: with the identification control its value belongs to the key, behind the secret."""
    identity_proof.verify(full_request([IDENTIFIED, proof(IDENTIFICATION)], REQUESTS), SECRET)
    made = identity_proof.compute(EMPTY, SECRET, "dévice-中")
    key = hashlib.sha256(SECRET + "dévice-中".encode()).digest()
    assert made.witness == hmac.digest(key, EMPTY, "sha256")
    expected = "identity_proof_wrong", BAD_IDENTITY, (2, 3, 4)
    assert refusal(IDENTIFIED, proof()) == expected
    assert refusal(proof(IDENTIFICATION)) == expected
    assert (
        refusal(control(1, 2, types.Identification("ee-0002")), proof(IDENTIFICATION)) == expected
    )


def test_r_092_first_version() -> None:
    """R-091, R-092: the first version has the identification in its key, too."""
    identity_proof.verify(full_request([IDENTIFIED, first(IDENTIFICATION)], REQUESTS), SECRET)
    identity_proof.verify(full_request([first()], REQUESTS), SECRET)
    assert refusal(IDENTIFIED, first()) == ("identity_proof_wrong", BAD_IDENTITY, (2, 3, 4))


def test_t_03_compatibility() -> None:
    """T-03: Dogtag's first version leaves the identification out; its second does not."""
    message = full_request([IDENTIFIED, first()], REQUESTS)
    identity_proof.verify(message, SECRET, compatibility=True)
    identity_proof.verify(
        full_request([IDENTIFIED, first(IDENTIFICATION)], REQUESTS), SECRET, compatibility=True
    )
    assert refusal(IDENTIFIED, first(), secret=b"other", compatibility=True)[0] == (
        "identity_proof_wrong"
    )
    assert refusal(IDENTIFIED, proof(), compatibility=True)[0] == "identity_proof_wrong"


def test_t_01_compatibility() -> None:
    """T-01: in a controlSequence 33 is an identity proof, where the caller allows it."""
    swapped = [IDENTIFIED, proof(IDENTIFICATION, number=33)]
    identity_proof.verify(full_request(swapped, REQUESTS), SECRET, compatibility=True)
    assert refusal(*swapped) == ("identity_proof_missing", BAD_IDENTITY, (3, 4))
    assert refusal(*swapped, secret=b"other", compatibility=True) == (
        "identity_proof_wrong",
        BAD_IDENTITY,
        (2, 3, 4),
    )


def test_both_versions_must_hold() -> None:
    """Where both stand, none of them makes up for the other."""
    good = [first(), proof(body_part_id=5)]
    identity_proof.verify(full_request(good, REQUESTS), SECRET)
    other = {"secret": b"other"}
    assert refusal(first(**other), proof(body_part_id=5))[2] == (2, 3, 4)
    assert refusal(first(), proof(body_part_id=5, **other))[2] == (5, 3, 4)
    assert refusal(first(**other), proof(body_part_id=5, **other))[2] == (2, 5, 3, 4)


def test_rule_r3_short_and_empty_never_match() -> None:
    """Rule R3: a witness counts in full length; nothing matches an empty secret."""
    made = identity_proof.compute(seq(*REQUESTS), SECRET)
    for witness in (b"", made.witness[:-1], made.witness[:1], made.witness + b"\0"):
        value = types.IdentityProofV2(
            proof_alg_id=made.proof_alg_id, mac_alg_id=made.mac_alg_id, witness=witness
        )
        assert refusal(control(2, 34, value))[0] == "identity_proof_wrong"
        assert refusal(control(2, 3, types.IdentityProof(witness)))[0] == "identity_proof_wrong"
    key = hashlib.sha256(b"").digest()
    value = types.IdentityProofV2(
        proof_alg_id=made.proof_alg_id,
        mac_alg_id=made.mac_alg_id,
        witness=hmac.digest(key, seq(*REQUESTS), "sha256"),
    )
    assert refusal(control(2, 34, value), secret=b"")[0] == "identity_proof_wrong"


def test_an_unknown_algorithm_is_bad_alg() -> None:
    """RFC 10002 §6.1.4: badAlg, and the control that names it."""
    sha224 = types.AlgorithmIdentifier(algorithm=oids.ID_SHA224)
    odd = types.AlgorithmIdentifier(algorithm=oids.ID_SHA256, parameters=TLV(EMPTY))
    hmac_sha256 = types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256)
    for hash_, mac in ((sha224, hmac_sha256), (odd, hmac_sha256), (hmac_sha256, sha224)):
        value = types.IdentityProofV2(proof_alg_id=hash_, mac_alg_id=mac, witness=b"w" * 32)
        assert refusal(control(2, 34, value)) == ("unsupported_algorithm", BAD_ALG, (2,))


def test_controls_that_stand_twice() -> None:
    """Which of two is meant, nobody can tell: badRequest."""
    assert refusal(proof(), proof(body_part_id=9)) == ("duplicate_control", BAD_REQUEST, (2, 9))
    twice = [IDENTIFIED, control(9, 2, types.Identification("other")), proof(IDENTIFICATION)]
    assert refusal(*twice) == ("duplicate_control", BAD_REQUEST, (1, 9))
    value = identity_proof.compute(seq(*REQUESTS), SECRET)
    assert refusal(control(2, 34, value, value)) == ("control_misplaced", BAD_REQUEST, (2,))
    assert refusal(control(2, 34)) == ("control_misplaced", BAD_REQUEST, (2,))


def test_what_is_no_request_has_no_proof() -> None:
    """A PKIResponse and a bare PKCS#10 prove nothing."""
    for message in (full_response(), cmcodec.load(pkcs10())):
        with pytest.raises(VerificationError, match="wrong_content_type"):
            identity_proof.verify(message, SECRET)


def test_in_a_message_authenticated_by_a_mac() -> None:
    """The octets are found in AuthenticatedData, too."""
    content = types.PKIData.from_der(pki_data([IDENTIFIED, proof(IDENTIFICATION)], REQUESTS))
    octets = cms.authenticate(content, cms.Recipient.from_password(b"pw", iterations=1))
    opened = cmcodec.load(octets).open(cms.RecipientKey.from_password(b"pw"))
    identity_proof.verify(opened, SECRET)
    assert wrong(lambda: identity_proof.verify(opened, b"pw"))[0] == "identity_proof_wrong"


def test_in_a_message_that_nobody_signed() -> None:
    """R-203: a key that cannot sign leaves the proof to the secret."""
    none = identifier(oids.ID_ALG_NO_SIGNATURE, NULL)
    signer = Info(algorithm=none, sid=BOB.by_ski(), signature=b"")
    content = pki_data([IDENTIFIED, proof(IDENTIFICATION)], REQUESTS)
    opened = cmcodec.load(signed_by(signer, content=content).encode()).open_unsigned()
    identity_proof.verify(opened, SECRET)
    assert wrong(lambda: identity_proof.verify(opened, b"other"))[2] == (2, 3, 4)


@given(
    secret=st.binary(min_size=1, max_size=80),
    identification=st.none() | st.text(max_size=20),
    other=st.binary(max_size=80),
    version=st.sampled_from([3, 34]),
)
def test_what_is_computed_verifies(
    secret: bytes, identification: str | None, other: bytes, version: int
) -> None:
    """R-088, R-092: for every secret and identification, and for no other secret."""
    named = [] if identification is None else [control(1, 2, types.Identification(identification))]
    make = first if version == 3 else proof
    message = full_request([*named, make(identification, secret=secret)], REQUESTS)
    identity_proof.verify(message, secret)
    if other != secret:
        assert wrong(lambda: identity_proof.verify(message, other))[0] == "identity_proof_wrong"
