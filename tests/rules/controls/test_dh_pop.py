"""Proof of possession of Diffie-Hellman keys (RFC 6955)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate

from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.controls import dh_pop
from cmcodec.errors import DecodeError, EncodeError, SigningError, UnsupportedError
from kit.der import EMPTY, NULL, identifier, integer, oid, seq, set_of, tlv
from kit.diffie_hellman import dh_key, dh_key_without_q, group, secret
from kit.keys import BOB, certificate, key
from kit.proofs import wrong

POP_FAILED, BAD_ALG = types.CMCFailInfo.POP_FAILED, types.CMCFailInfo.BAD_ALG
WRONG = "pop_wrong", POP_FAILED, (1,)
DIGESTS = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
STATIC = {name: f"id-alg-dhPop-static-{name}-hmac-{name}" for name in DIGESTS}
CURVE = {name: f"id-alg-ecdhPop-static-{name}-hmac-{name}" for name in DIGESTS if name != "sha1"}
DISCRETE_LOG = {name: f"id-alg-dhPop-{name}" for name in DIGESTS}


def named(text: str) -> bytes:
    return seq(set_of(seq(oid(oids.ID_AT_ORGANIZATION_NAME), tlv(0x0C, text.encode()))))


def spki(private: Any) -> bytes:
    octets: bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def recipient(
    private: Any,
    *,
    subject: bytes = named("RA"),
    issuer: bytes = named("CA"),
    extensions: tuple[bytes, ...] = (),
    serial: int = 5,
) -> bytes:
    """A certificate whose signature nobody looks at."""
    times = seq(tlv(0x17, b"260101000000Z"), tlv(0x17, b"360101000000Z"))
    algorithm = identifier(oids.ID_ED25519)
    more = tlv(0xA3, seq(*extensions)) if extensions else b""
    first = tlv(0xA0, integer(2)), integer(serial), algorithm, issuer, times
    tbs = seq(*first, subject, spki(private), more)
    return seq(tbs, algorithm, tlv(0x03, b"\0", bytes(64)))


def request(
    private: Any,
    algorithm: str,
    certificate: bytes | None = None,
    *,
    subject: bytes = EMPTY,
    parameters: bytes = b"",
    signature: bytes | None = None,
    unused: bytes = b"\0",
) -> bytes:
    """A PKCS#10 request with such a proof."""
    info = seq(integer(0), subject, spki(private), tlv(0xA0))
    if signature is None:
        signature = dh_pop.sign(info, private, certificate, algorithm=algorithm)
    number = oids.number(algorithm)
    assert number is not None
    return seq(info, identifier(number, parameters), tlv(0x03, unused, signature))


def refusal(octets: bytes, *recipient_: Any) -> Any:
    return wrong(lambda: dh_pop.verify(octets, *recipient_))


RA, EE = dh_key(number=1), dh_key(number=2)
RA_EC, EE_EC = key("p-256", 1), key("p-256", 2)


# --- the static forms ------------------------------------------------------------------------


def test_r_202_known_static_answer() -> None:
    """R-202: Static (EC)DH-POP SHA-256: ZZ 00..1f, subject = issuer = O=CA, info 3000."""
    name = bytes.fromhex("300d310b3009060355040a0c024341")
    assert name == named("CA")
    value = dh_pop.static_value("sha256", bytes(range(32)), name, name, EMPTY)
    assert value.hex() == "4d9b584a9a164d8c50eb4122223103a9db50aadeefafd388e8e7d8ce909c1f8e"


@pytest.mark.parametrize("digest", ["", "\0", "sha256\0", "md2", "md5", "shake_128", "x" * 300])
def test_r_202_static_value_by_no_digest_of_a_form(digest: str) -> None:
    """R-202: whatever a library knows of other names."""
    with pytest.raises(EncodeError, match="unsupported_algorithm"):
        dh_pop.static_value(digest, bytes(32), b"", b"", EMPTY)


@pytest.mark.parametrize("name", STATIC.values())
def test_r_202_static_dh(name: str) -> None:
    """R-202, R-208: RFC 6955 §4 with every hash, over a group with q and one without.

    Shows algorithms: DH-POP.
    """
    for make in (lambda number: dh_key(2048, number), dh_key_without_q):
        ra, ee = make(1), make(2)
        held = recipient(ra)
        octets = request(ee, name, held)
        dh_pop.verify(octets, ra, held)
        dh_pop.verify(types.CertificationRequest.from_der(octets), ra, held)
        assert refusal(octets, make(3), held) == WRONG


@pytest.mark.parametrize("kind", ["p-256", "p-384", "p-521"])
@pytest.mark.parametrize("name", CURVE.values())
def test_r_202_static_ecdh(name: str, kind: str) -> None:
    """R-202, R-208: RFC 6955 §6 with every hash, over every curve."""
    ra, ee = key(kind, 1), key(kind, 2)
    held = recipient(ra)
    octets = request(ee, name, held)
    dh_pop.verify(octets, ra, load_der_x509_certificate(held))
    assert refusal(octets, key(kind, 3), held) == WRONG


def test_r_202_against_a_second_implementation() -> None:
    """R-202: ZZ as long as p, the names of the recipient around it, HMAC over the request."""
    held = recipient(RA)
    octets = request(EE, STATIC["sha256"], held)
    read = types.CertificationRequest.from_der(octets)
    p, _, g = group()
    zz = pow(pow(g, secret(2), p), secret(1), p).to_bytes((p.bit_length() + 7) // 8, "big")
    k = hashlib.sha256(named("RA") + zz + named("CA")).digest()
    info = read.certification_request_info.to_der()
    found = types.DhSigStatic.from_der(read.signature.data)
    assert found.hash_value == hmac.digest(k, info, "sha256")
    assert found.issuer_and_serial is not None
    assert found.issuer_and_serial.to_der() == seq(named("CA"), integer(5))


def test_r_202_changed_static_proofs() -> None:
    """R-202: every octet counts, and who it is for; short values never match (rule R3)."""
    name, held = CURVE["sha256"], recipient(RA_EC)
    good = request(EE_EC, name, held)
    read = types.CertificationRequest.from_der(good)
    value = types.DhSigStatic.from_der(read.signature.data)
    anonymous = replace(value, issuer_and_serial=None)
    dh_pop.verify(request(EE_EC, name, signature=anonymous.to_der()), RA_EC, held)
    for hash_value in (b"", value.hash_value[:-1], value.hash_value + b"\0", bytes(32)):
        bad = replace(value, hash_value=hash_value).to_der()
        assert refusal(request(EE_EC, name, signature=bad), RA_EC, held) == WRONG
    for signature in (b"", EMPTY, value.to_der() + b"\0"):
        assert refusal(request(EE_EC, name, signature=signature), RA_EC, held) == WRONG
    other_request = request(EE_EC, name, subject=named("other"), signature=value.to_der())
    assert refusal(other_request, RA_EC, held) == WRONG
    other_key = request(key("p-256", 3), name, signature=value.to_der())
    assert refusal(other_key, RA_EC, held) == WRONG
    for other in (
        recipient(RA_EC, serial=6),
        recipient(RA_EC, subject=named("other")),
        recipient(RA_EC, issuer=named("other")),
    ):
        assert refusal(good, RA_EC, other) == WRONG
    by_sha512 = request(EE_EC, CURVE["sha512"], signature=value.to_der())
    assert refusal(by_sha512, RA_EC, held) == WRONG
    padded = replace(value, hash_value=value.hash_value[:-1] + b"\0").to_der()
    assert refusal(request(EE_EC, name, signature=padded, unused=b"\1"), RA_EC, held) == WRONG


def test_r_202_an_alternative_name_for_an_empty_one() -> None:
    """R-202: RFC 6955 §4: subject and issuer may be empty; alternative names stand for them."""
    names = [seq(tlv(0x82, text)) for text in (b"ra.example", b"ca.example")]
    extensions = tuple(
        seq(oid(number), tlv(0x04, value))
        for number, value in zip(
            (oids.ID_CE_SUBJECT_ALT_NAME, oids.ID_CE_ISSUER_ALT_NAME), names, strict=True
        )
    )
    held = recipient(RA_EC, subject=EMPTY, issuer=EMPTY, extensions=extensions)
    octets = request(EE_EC, CURVE["sha256"], held)
    dh_pop.verify(octets, RA_EC, held)
    read = types.CertificationRequest.from_der(octets)
    from cryptography.hazmat.primitives.asymmetric import ec

    zz = RA_EC.exchange(ec.ECDH(), EE_EC.public_key())
    info = read.certification_request_info.to_der()
    assert types.DhSigStatic.from_der(read.signature.data).hash_value == (
        dh_pop.static_value("sha256", zz, *names, info)
    )
    bare = recipient(RA_EC, subject=EMPTY, issuer=EMPTY)
    dh_pop.verify(request(EE_EC, CURVE["sha256"], bare), RA_EC, bare)
    assert refusal(octets, RA_EC, bare) == WRONG
    # Beside a name an alternative one counts for nothing.
    beside = recipient(RA_EC, extensions=extensions)
    dh_pop.verify(request(EE_EC, CURVE["sha256"], recipient(RA_EC)), RA_EC, beside)


def test_r_202_keys_of_another_group() -> None:
    """R-202, rule V9: keys agree within one group only, and points are on the curve."""
    held = recipient(RA_EC)
    with pytest.raises(SigningError, match="key_rejected"):
        dh_pop.sign(EMPTY, key("p-384", 1), held, algorithm=CURVE["sha256"])
    with pytest.raises(SigningError, match="key_rejected"):
        dh_pop.sign(EMPTY, dh_key(1024), recipient(RA), algorithm=STATIC["sha256"])
    with pytest.raises(SigningError, match="key_rejected"):
        dh_pop.sign(EMPTY, EE, held, algorithm=STATIC["sha256"])
    value = types.DhSigStatic(hash_value=bytes(32)).to_der()
    for private in (key("p-384", 1), key("ed25519"), EE):
        octets = request(private, CURVE["sha256"], signature=value)
        assert refusal(octets, RA_EC, held) == WRONG
    off = request(EE_EC, CURVE["sha256"], signature=value)
    place = off.index(spki(EE_EC)) + len(spki(EE_EC)) - 1
    off = off[:place] + bytes([off[place] ^ 1]) + off[place + 1 :]
    assert refusal(off, RA_EC, held) == WRONG


def test_a_caller_without_key_or_certificate() -> None:
    """The static forms are for somebody, with a key of the right kind."""
    held = recipient(RA_EC)
    octets = request(EE_EC, CURVE["sha256"], held)
    for given in ((), (RA_EC,), (None, held), (RA, held)):
        assert refusal(octets, *given) == ("unsupported_algorithm", BAD_ALG, (1,))
    by_field = request(EE, STATIC["sha256"], recipient(RA))
    assert refusal(by_field, RA_EC, held) == ("unsupported_algorithm", BAD_ALG, (1,))
    with pytest.raises(EncodeError, match="certificate"):
        dh_pop.verify(octets, RA_EC, b"no certificate")
    with pytest.raises(TypeError, match="recipient_certificate"):
        dh_pop.sign(EMPTY, EE_EC, algorithm=CURVE["sha256"])
    for private, name in (
        (EE, CURVE["sha256"]),
        (EE_EC, STATIC["sha256"]),
        (EE_EC, DISCRETE_LOG["sha256"]),
        (key("rsa-2048"), STATIC["sha256"]),
    ):
        with pytest.raises(TypeError):
            dh_pop.sign(EMPTY, private, held, algorithm=name)
    for name in ("id-alg-ecdhPop-static-sha1-hmac-sha1", "sha256", "id-alg-noSignature"):
        with pytest.raises(EncodeError, match="unsupported_algorithm"):
            dh_pop.sign(EMPTY, EE_EC, held, algorithm=name)


def test_other_requests_are_said() -> None:
    """RFC 10002 §6.1.4: badAlg for another algorithm, or one with parameters."""
    plain = request(EE, "id-Ed25519", signature=b"x")
    assert refusal(plain) == ("unsupported_algorithm", BAD_ALG, (1,))
    held = recipient(RA_EC)
    good = types.CertificationRequest.from_der(request(EE_EC, CURVE["sha256"], held))
    odd = types.AlgorithmIdentifier(
        algorithm=good.signature_algorithm.algorithm, parameters=TLV(EMPTY)
    )
    with pytest.raises(DecodeError):
        dh_pop.verify(b"no request")
    assert wrong(lambda: dh_pop.verify(replace(good, signature_algorithm=odd), RA_EC, held)) == (
        "unsupported_algorithm",
        BAD_ALG,
        (1,),
    )


def test_r_198_nobody_is_warned() -> None:
    """R-198: what ``cryptography`` says of the future of DH reaches no user; warnings fail here."""
    held = recipient(RA)
    cms.Recipient.from_certificate(held)
    cms.RecipientKey.from_private_key(RA, held)
    cms.RecipientKey.from_callbacks(held, agree=bytes)


# --- discrete-log signatures -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bits"),
    [(name, bits) for name in DIGESTS for bits in (1024, 2048)],
)
def test_r_202_discrete_log(name: str, bits: int) -> None:
    """R-202, R-208: RFC 6955 §5 where q is no longer than the hash, else unsupported.

    Shows algorithms: DH-POP.
    """
    private = dh_key(bits)
    if group(bits)[1].bit_length() > 8 * DIGESTS[name]:
        with pytest.raises(UnsupportedError, match="unsupported_algorithm"):
            dh_pop.sign(EMPTY, private, algorithm=DISCRETE_LOG[name])
        octets = request(private, DISCRETE_LOG[name], signature=seq(integer(1), integer(1)))
        with pytest.raises(UnsupportedError, match="unsupported_algorithm"):
            dh_pop.verify(octets)
        return
    octets = request(private, DISCRETE_LOG[name])
    dh_pop.verify(octets)
    read = types.CertificationRequest.from_der(octets)
    other = request(private, DISCRETE_LOG[name], subject=named("x"), signature=read.signature.data)
    assert refusal(other) == WRONG
    other = request(dh_key(bits, 1), DISCRETE_LOG[name], signature=read.signature.data)
    assert refusal(other) == WRONG


def test_r_202_discrete_log_against_a_second_implementation() -> None:
    """R-202: ``cryptography`` verifies what is signed, as DSA over the same group."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import dsa

    p, q, g = group()
    signature = dh_pop.sign(b"info", dh_key(), algorithm=DISCRETE_LOG["sha512"])
    y = pow(g, secret(0), p)
    public = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    public.verify(signature, b"info", hashes.SHA512())


def test_r_202_parameters_of_the_group() -> None:
    """R-202: DomainParameters may stand beside the signature if they are the key's."""
    private = dh_key()
    own = types.SubjectPublicKeyInfo.from_der(spki(private)).algorithm.parameters
    other = types.SubjectPublicKeyInfo.from_der(spki(dh_key(1024))).algorithm.parameters
    assert own is not None
    assert other is not None
    name = DISCRETE_LOG["sha256"]
    dh_pop.verify(request(private, name, parameters=own.der))
    assert refusal(request(private, name, parameters=other.der))[:2] == (
        "unsupported_algorithm",
        BAD_ALG,
    )


def test_r_202_values_that_are_no_signatures() -> None:
    """R-202: r and s are between 0 and q, strict DER, and nothing else."""
    name = DISCRETE_LOG["sha256"]
    _, q, _ = group()
    good = types.CertificationRequest.from_der(request(dh_key(), name)).signature.data
    value = types.ECDSASigValue.from_der(good)
    for r, s in (
        (0, value.s), (value.r, 0), (-value.r, value.s), (value.r + q, value.s),
        (value.r, value.s + q), (q, value.s), (value.r, q), (value.s, value.r),
    ):  # fmt: skip
        assert refusal(request(dh_key(), name, signature=seq(integer(r), integer(s)))) == WRONG
    for signature in (b"", EMPTY, good + b"\0", seq(integer(value.r))):
        assert refusal(request(dh_key(), name, signature=signature)) == WRONG
    assert refusal(request(dh_key(), name, signature=good[:-1] + b"\0", unused=b"\1")) == WRONG
    rubbish = seq(identifier(oids.DHPUBLICNUMBER, seq(NULL)), tlv(0x03, b"\0", integer(2)))
    for octets in (BOB.spki(), spki(key("p-256")), rubbish):
        info = seq(integer(0), EMPTY, octets, tlv(0xA0))
        number = oids.number(name)
        assert number is not None
        bad = seq(info, identifier(number), tlv(0x03, b"\0", good))
        assert refusal(bad) == WRONG


def forged(p: int, q: int, g: int, y: int, sign_with: int | None = None) -> bytes:
    """A request by a key of any group, signed as if it were one."""
    numbers = seq(integer(p), integer(g), integer(q))
    key_octets = seq(identifier(oids.DHPUBLICNUMBER, numbers), tlv(0x03, b"\0", integer(y)))
    info = seq(integer(0), EMPTY, key_octets, tlv(0xA0))
    signature = seq(integer(1), integer(1))
    if sign_with is not None:
        m = int.from_bytes(hashlib.sha256(info).digest(), "big")
        m >>= max(0, 256 - q.bit_length())
        r = pow(g, 3, p) % q
        s = pow(3, -1, q) * (m + r * sign_with) % q
        signature = seq(integer(r), integer(s))
    number = oids.number(DISCRETE_LOG["sha256"])
    assert number is not None
    return seq(info, identifier(number), tlv(0x03, b"\0", signature))


def test_r_202_groups_that_are_none() -> None:
    """R-202: p and q are prime, q divides p-1, g and y are of order q (RFC 6955 §5)."""
    p, q, g = group()
    x = 1234567
    dh_pop.verify(forged(p, q, g, pow(g, x, p), x))
    assert refusal(forged(p, q, g, 1, 0)) == WRONG
    assert refusal(forged(p, q, g, p - 1)) == WRONG
    assert refusal(forged(p, q, 1, pow(g, x, p), x)) == WRONG
    assert refusal(forged(p, q + 2, g, pow(g, x, p))) == WRONG
    # A q that is too short: everybody finds the key.
    assert refusal(forged(p, 2, p - 1, p - 1, 1)) == WRONG
    # Not prime: q a divisor of p-1 that is no prime, p a square.
    small_p, small_q, small_g = group(1024)
    public = pow(small_g, x, small_p)
    assert refusal(forged(small_p, 2 * small_q, small_g, public, x)) == WRONG
    number = oids.number(DISCRETE_LOG["sha256"])
    assert number is not None
    numbers = seq(integer(small_p), integer(small_g), integer(2 * small_q))
    key_octets = seq(identifier(oids.DHPUBLICNUMBER, numbers), tlv(0x03, b"\0", integer(public)))
    info = seq(integer(0), EMPTY, key_octets, tlv(0xA0))
    for s in (2, small_q):
        signature = tlv(0x03, b"\0", seq(integer(3), integer(s)))
        assert refusal(seq(info, identifier(number), signature)) == WRONG
    # Half of these have an s without an inverse; the others have a signature that holds.
    for own in range(5, 13):
        even = forged(small_p, 2 * small_q, small_g, pow(small_g, own, small_p), own)
        assert refusal(even) == WRONG
    squared = small_p**2
    generator = pow(small_g, small_p, squared)
    assert refusal(forged(squared, small_q, generator, pow(generator, x, squared), x)) == WRONG


def test_rule_p8_groups_too_large_are_not_looked_at() -> None:
    """R-202: a p of more than 4096 bits is not tested for being prime."""
    _, q, _ = group()
    large = (1 << 4200) + 1
    with pytest.raises(UnsupportedError):
        dh_pop.verify(forged(large, q, 2, 4))


def test_r_202_groups_without_q() -> None:
    """R-202: a safe prime's q is longer than any hash."""
    private = dh_key_without_q()
    with pytest.raises(UnsupportedError):
        dh_pop.sign(EMPTY, private, algorithm=DISCRETE_LOG["sha512"])
    value = seq(integer(1), integer(1))
    p = private.parameters().parameter_numbers().p
    with pytest.raises(UnsupportedError):
        dh_pop.verify(forged(p, (p - 1) // 2, 2, 4))
    # PKCS #3 has no q at all, and a length in its place.
    for length in ((), (integer(160),)):
        numbers = seq(integer(p), integer(2), *length)
        octets = seq(identifier("1.2.840.113549.1.3.1", numbers), tlv(0x03, b"\0", integer(4)))
        info = seq(integer(0), EMPTY, octets, tlv(0xA0))
        number = oids.number(DISCRETE_LOG["sha512"])
        assert number is not None
        assert refusal(seq(info, identifier(number), tlv(0x03, b"\0", value))) == WRONG


def test_r_202_a_group_that_is_not_signed_with() -> None:
    """R-202: DSA of the installation has sizes of its own; others are verified all the same."""
    with pytest.raises(UnsupportedError, match="unsupported_algorithm"):
        dh_pop.sign(EMPTY, dh_key(768), algorithm=DISCRETE_LOG["sha256"])
    p, q, g = group(768)
    dh_pop.verify(forged(p, q, g, pow(g, 5, p), 5))


def test_the_certificate_of_a_key_that_signs_is_none_of_its_own() -> None:
    """R-202: a certificate with another kind of key agrees with nobody."""
    held = certificate("ed25519")
    with pytest.raises(SigningError, match="key_rejected"):
        dh_pop.sign(EMPTY, EE_EC, held, algorithm=CURVE["sha256"])
