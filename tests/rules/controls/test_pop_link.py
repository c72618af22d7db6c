"""Linking proofs of possession to a proof of identity (RFC 10002 §6.3)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.controls import identity_proof, pop_link
from cmcodec.errors import EncodeError, LimitError, VerificationError
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import BOB, MOMENT, der, key
from kit.messages import control, pkcs10, pki_data, tcr
from kit.proofs import (
    CORPUS_SECRET,
    IDENTIFICATION,
    RANDOM,
    SECRET,
    full_request,
    full_response,
    vector,
    wrong,
)
from kit.vectors import shared

BAD_IDENTITY, BAD_ALG = types.CMCFailInfo.BAD_IDENTITY, types.CMCFailInfo.BAD_ALG
BAD_REQUEST = types.CMCFailInfo.BAD_REQUEST
R = control(1, 22, types.PopLinkRandom(RANDOM))
FIRST = pop_link.compute_v1(RANDOM, SECRET)
SECOND = pop_link.compute(RANDOM, SECRET)


def pbkdf2(iterations: int = 1000, *, octets: int | None = 32, salt: bytes = b"\1" * 8) -> Any:
    parameters = types.PBKDF2Params(
        salt=types.PBKDF2Salt(specified=salt),
        iteration_count=iterations,
        key_length=octets,
        prf=types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256),
    )
    return types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2, parameters=TLV(parameters.to_der()))


def linked(body_part_id: int, *attributes: tuple[int, Any]) -> bytes:
    """A PKCS#10 request with these attributes of id-cmc."""
    encoded = (attribute(f"{oids.ID_CMC}.{number}", each.to_der()) for number, each in attributes)
    return tcr(body_part_id, pkcs10(attributes=tuple(encoded)))


def linked_crmf(body_part_id: int, *controls: tuple[int, Any]) -> bytes:
    """A CRMF request with these controls, which challenges."""
    pairs = (seq(oid(f"{oids.ID_CMC}.{number}"), each.to_der()) for number, each in controls)
    request = seq(integer(body_part_id), seq(BOB.spki(0xA6)), seq(*pairs))
    return tlv(0xA1, request, tlv(0xA2, tlv(0x81, b"\1")))


def refusal(*requests: bytes, controls: tuple[bytes, ...] = (R,), **decisions: Any) -> Any:
    message = full_request(controls, requests)
    secret = decisions.pop("secret", SECRET)
    return wrong(lambda: pop_link.verify(message, secret, **decisions))


# --- what is computed ------------------------------------------------------------------------


def test_r_100_known_answers() -> None:
    """R-100, R-201: popLinkWitnessV2 with SHA-256 and HMAC-SHA256, and with PBKDF2."""
    assert SECOND.witness.hex() == (
        "66dcfd440d6187fb7ca3dc217c38adc0a27949a464456b820c159ad87732d9b8"
    )
    assert SECOND.key_gen_algorithm.algorithm == oids.ID_SHA256
    assert SECOND.mac_algorithm.algorithm == oids.ID_HMAC_WITH_SHA256
    derived = pop_link.compute(RANDOM, SECRET, key_gen=pbkdf2())
    assert derived.key_gen_algorithm == pbkdf2()
    assert derived.witness.hex() == (
        "198530938fb450fdd7bb79a8eab266485160972639b633b7685ba19dce3d490a"
    )


def test_r_103_known_answer() -> None:
    """R-103: popLinkWitness v1 has SHA-1 and HMAC-SHA1."""
    assert FIRST.value.hex() == "37e79f7f6db086c45caf18d65b16239ceba972d5"


def test_r_201_key_length_left_out() -> None:
    """R-201: PBKDF2 makes a key as long as the MAC where its parameters say nothing."""
    for mac, octets in (("id-hmacWithSHA256", 32), ("id-hmacWithSHA512", 64)):
        without = pop_link.compute(RANDOM, SECRET, key_gen=pbkdf2(octets=None), mac=mac)
        given = pop_link.compute(RANDOM, SECRET, key_gen=pbkdf2(octets=octets), mac=mac)
        assert without.witness == given.witness
        message = full_request([R], [linked(3, (33, without)), linked_crmf(4, (33, given))])
        pop_link.verify(message, SECRET)


def test_what_is_not_on_offer_is_not_made() -> None:
    """Parameters of PBKDF2 have to be there; rule P10 bounds its iterations before it runs."""
    other = types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2)
    for key_gen in ("id-PBKDF2", other, "id-hmacWithSHA256", "id-shake128"):
        with pytest.raises(EncodeError, match="unsupported_algorithm"):
            pop_link.compute(RANDOM, SECRET, key_gen=key_gen)
    with pytest.raises(EncodeError, match="unsupported_algorithm"):
        pop_link.compute(RANDOM, SECRET, mac="id-sha256")
    with pytest.raises(LimitError):
        pop_link.compute(RANDOM, SECRET, key_gen=pbkdf2(1_000_001))
    with pytest.raises(ValueError, match="secret"):
        pop_link.compute(RANDOM, b"")


# --- what is verified ------------------------------------------------------------------------


def test_r_102_another_implementation() -> None:
    """R-096, R-102: BouncyCastle's POP link in a PKCS#10 request."""
    message = vector("signed/poplink-v2-pkcs10.der")
    for source in (message, message.open()):
        pop_link.verify(source, CORPUS_SECRET)
        pop_link.verify(source, CORPUS_SECRET, compatibility=True)
        assert wrong(lambda s=source: pop_link.verify(s, CORPUS_SECRET[:-1])) == (
            "pop_link_wrong",
            BAD_IDENTITY,
            (3,),
        )


def test_r_100_another_implementation() -> None:
    """R-100, R-103: BouncyCastle computes the same witnesses, in both versions."""
    random = types.PopLinkRandom.from_der(shared("controls/22-popLinkRandom.value.der")).value
    first = pop_link.compute_v1(random, CORPUS_SECRET)
    assert first.to_der() == shared("controls/23-popLinkWitness.value.der")
    second = pop_link.compute(random, CORPUS_SECRET)
    assert second.to_der() == shared("controls/33-popLinkWitnessV2.value.der")


def test_r_101_in_both_forms_of_requests() -> None:
    """R-101: an attribute of PKCS#10, a control of CRMF, in both versions."""
    for number, value in ((23, FIRST), (33, SECOND)):
        requests = [linked(3, (number, value)), linked_crmf(4, (number, value))]
        pop_link.verify(full_request([R], requests), SECRET)


def test_r_102_missing_in_one_request() -> None:
    """R-102: every request needs its witness; those without are named."""
    good = linked(3, (33, SECOND))
    other = tlv(0xA2, integer(6), oid(oids.ID_DATA), EMPTY)
    assert refusal(good, tcr(4), linked_crmf(5, (33, SECOND)), other) == (
        "pop_link_missing",
        BAD_IDENTITY,
        (4, 6),
    )


def test_r_099_random_is_missing() -> None:
    """R-099: without popLinkRandom nothing is linked; without requests there is nothing to."""
    good = linked(3, (33, SECOND))
    assert refusal(good, controls=()) == ("pop_link_missing", BAD_IDENTITY, (3,))
    assert refusal() == ("pop_link_missing", BAD_IDENTITY, (0,))


def test_r_102_wrong_in_one_request() -> None:
    """R-102: every witness counts; the requests of wrong ones are named."""
    other = pop_link.compute(RANDOM[::-1], SECRET)
    requests = linked(3, (33, SECOND)), linked_crmf(4, (33, other)), linked(5, (23, FIRST))
    assert refusal(*requests) == ("pop_link_wrong", BAD_IDENTITY, (4,))
    assert refusal(*requests, secret=b"other") == ("pop_link_wrong", BAD_IDENTITY, (3, 4, 5))


def test_both_versions_must_hold() -> None:
    """Where both stand in a request, none of them makes up for the other."""
    pop_link.verify(full_request([R], [linked(3, (23, FIRST), (33, SECOND))]), SECRET)
    bad_first = pop_link.compute_v1(RANDOM, b"other")
    bad_second = pop_link.compute(RANDOM, b"other")
    expected = "pop_link_wrong", BAD_IDENTITY, (3,)
    assert refusal(linked(3, (23, bad_first), (33, SECOND))) == expected
    assert refusal(linked(3, (23, FIRST), (33, bad_second))) == expected


def test_rule_r3_short_and_empty_never_match() -> None:
    """Rule R3: a witness counts in full length; nothing matches an empty secret."""
    for witness in (b"", SECOND.witness[:-1], SECOND.witness + b"\0"):
        value = types.PopLinkWitnessV2(
            key_gen_algorithm=SECOND.key_gen_algorithm,
            mac_algorithm=SECOND.mac_algorithm,
            witness=witness,
        )
        assert refusal(linked(3, (33, value)))[0] == "pop_link_wrong"
        assert refusal(linked(3, (23, types.PopLinkWitness(witness))))[0] == "pop_link_wrong"
    assert refusal(linked(3, (33, SECOND)), secret=b"")[0] == "pop_link_wrong"


def test_t_04_compatibility() -> None:
    """T-04: Dogtag's key is of secret and identification, in the second version only."""
    named = control(2, 2, types.Identification(IDENTIFICATION))
    mixed = SECRET + IDENTIFICATION.encode()
    second = linked(3, (33, pop_link.compute(RANDOM, mixed)))
    assert refusal(second, controls=(R, named))[0] == "pop_link_wrong"
    pop_link.verify(full_request([R, named], [second]), SECRET, compatibility=True)
    plain = linked(3, (33, SECOND))
    pop_link.verify(full_request([R, named], [plain]), SECRET, compatibility=True)
    first = linked(3, (23, pop_link.compute_v1(RANDOM, mixed)))
    assert refusal(first, controls=(R, named), compatibility=True)[0] == "pop_link_wrong"
    assert refusal(second, compatibility=True)[0] == "pop_link_wrong"


def test_t_01_compatibility() -> None:
    """T-01: in a request 34 is a POP link witness, where the caller allows it."""
    for swapped in (linked(3, (34, SECOND)), linked_crmf(3, (34, SECOND))):
        pop_link.verify(full_request([R], [swapped]), SECRET, compatibility=True)
        assert refusal(swapped) == ("pop_link_missing", BAD_IDENTITY, (3,))
        assert refusal(swapped, secret=b"other", compatibility=True)[0] == "pop_link_wrong"


def test_what_stands_twice() -> None:
    """Which of two is meant, nobody can tell: badRequest."""
    good = linked(3, (33, SECOND))
    again = control(9, 22, types.PopLinkRandom(b"other"))
    assert refusal(good, controls=(R, again)) == ("duplicate_control", BAD_REQUEST, (1, 9))
    twice = linked(3, (33, SECOND), (33, pop_link.compute(RANDOM, b"other")))
    assert refusal(twice) == ("duplicate_control", BAD_REQUEST, (3,))


def test_an_unknown_algorithm_is_bad_alg() -> None:
    """RFC 10002 §6.1.4: badAlg, and the request that names it."""
    sha224 = types.AlgorithmIdentifier(algorithm=oids.ID_SHA224)
    for field in ("key_gen_algorithm", "mac_algorithm"):
        fields = {each: getattr(SECOND, each) for each in ("key_gen_algorithm", "mac_algorithm")}
        value = types.PopLinkWitnessV2(**(fields | {field: sha224}), witness=b"w" * 32)
        assert refusal(linked(3, (33, SECOND)), linked(4, (33, value))) == (
            "unsupported_algorithm",
            BAD_ALG,
            (4,),
        )
    source = types.PBKDF2Params(salt=types.PBKDF2Salt(other_source=sha224), iteration_count=1)
    key_gen = types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2, parameters=TLV(source.to_der()))
    value = types.PopLinkWitnessV2(
        key_gen_algorithm=key_gen, mac_algorithm=SECOND.mac_algorithm, witness=b"w" * 32
    )
    assert refusal(linked(3, (33, value)))[:2] == ("unsupported_algorithm", BAD_ALG)


def test_rule_p10_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule P10: 1,000,000 iterations for one message, and no derivation beyond."""

    def witness(key_gen: types.AlgorithmIdentifier) -> tuple[int, Any]:
        return 33, types.PopLinkWitnessV2(
            key_gen_algorithm=key_gen, mac_algorithm=SECOND.mac_algorithm, witness=b"w" * 32
        )

    def no_derivation(*_: object) -> None:
        raise AssertionError("derived")

    monkeypatch.setattr("hashlib.pbkdf2_hmac", no_derivation)
    for requests in (
        [linked(3, witness(pbkdf2(1_000_001)))],
        [linked(3, (33, SECOND)), linked_crmf(4, witness(pbkdf2(2**62)))],
        [linked(3, witness(pbkdf2(octets=65)))],
        [linked(3, witness(pbkdf2(600_000))), linked(4, witness(pbkdf2(600_000, salt=b"2")))],
    ):
        message = full_request([R], requests)
        with pytest.raises(LimitError):
            pop_link.verify(message, SECRET)


def test_a_derivation_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule V15: requests that name the same derivation share its key."""
    import hashlib

    calls = []
    derive = hashlib.pbkdf2_hmac
    made = (33, pop_link.compute(RANDOM, SECRET, key_gen=pbkdf2()))
    message = full_request([R], [linked(number, made) for number in range(3, 60)])
    monkeypatch.setattr("hashlib.pbkdf2_hmac", lambda *given: calls.append(given) or derive(*given))
    pop_link.verify(message, SECRET)
    assert len(calls) == 1


def test_what_is_no_request_links_nothing() -> None:
    with pytest.raises(VerificationError, match="wrong_content_type"):
        pop_link.verify(full_response(), SECRET)
    with pytest.raises(TypeError, match="secret"):
        pop_link.verify(full_request([R]), None)  # type: ignore[arg-type]


# --- names -----------------------------------------------------------------------------------

DEVICE = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Device 1"),
    ]
)
HOST = x509.SubjectAlternativeName([x509.DNSName("host.example"), x509.DNSName("b.example")])


def text(tag: int, value: str, oid_: str = oids.ID_AT_COMMON_NAME) -> bytes:
    return set_of(seq(oid(oid_), tlv(tag, value.encode())))


def country(value: str) -> bytes:
    return text(0x13, value, oids.ID_AT_COUNTRY_NAME)


def named(body_part_id: int, subject: bytes, *extensions: bytes, crmf: bool = False) -> bytes:
    """A request for a name, octet by octet."""
    if crmf:
        template = seq(
            tlv(0xA5, subject), BOB.spki(0xA6), tlv(0xA9, *extensions) if extensions else b""
        )
        return tlv(0xA1, seq(integer(body_part_id), template))
    asked = attribute(oids.ID_EXTENSION_REQUEST, seq(*extensions)) if extensions else b""
    info = seq(integer(0), subject, BOB.spki(), tlv(0xA0, asked))
    signed = seq(info, identifier(oids.ID_ED25519), tlv(0x03, b"\0", BOB.sign(info)))
    return tcr(body_part_id, signed)


def alternative(*names: str) -> bytes:
    value = seq(*(tlv(0x82, name.encode()) for name in names))
    return seq(oid(oids.ID_CE_SUBJECT_ALT_NAME), tlv(0x04, value))


SAME = seq(country("DE"), text(0x0C, "Device 1"))
PRINTABLE = seq(country("de"), text(0x13, " device  1 "))
OTHERS = (
    EMPTY,
    seq(text(0x0C, "Device 1")),
    seq(text(0x0C, "Device 1"), country("DE")),
    seq(country("DE"), text(0x0C, "Device 2")),
    seq(country("DE"), text(0x0C, "Device 1"), text(0x0C, "Device 1")),
    seq(country("DE"), text(0x0C, "Device 1", oids.ID_AT_ORGANIZATION_NAME)),
    seq(country("DE"), text(0x1E, "Device 1")),
)


def with_proof(*requests: bytes) -> cmcodec.Message:
    value = identity_proof.compute(seq(*requests), SECRET)
    return full_request([control(1, 34, value)], requests)


def test_r_106_subject() -> None:
    """R-097, R-105, R-106: every request has the name that goes with the secret."""
    message = with_proof(named(3, SAME), named(4, PRINTABLE), named(5, SAME, crmf=True))
    identity_proof.verify(message, SECRET)
    pop_link.verify_subject(message, DEVICE)
    for other in OTHERS:
        for crmf in (False, True):
            bad = with_proof(named(3, SAME), named(4, other, crmf=crmf))
            assert wrong(lambda m=bad: pop_link.verify_subject(m, DEVICE)) == (
                "name_mismatch",
                BAD_IDENTITY,
                (4,),
            )


def test_r_106_identity_proof_is_missing() -> None:
    """R-105, R-106: a name alone proves nothing; a MAC by the secret proves as much."""
    message = full_request([], [named(3, SAME)])
    assert wrong(lambda: pop_link.verify_subject(message, DEVICE)) == (
        "identity_proof_missing",
        BAD_IDENTITY,
        (3,),
    )
    content = types.PKIData.from_der(pki_data([], [named(3, SAME)]))
    octets = cms.authenticate(content, cms.Recipient.from_password(SECRET, iterations=1))
    opened = cmcodec.load(octets).open(cms.RecipientKey.from_password(SECRET))
    pop_link.verify_subject(opened, DEVICE)
    assert wrong(lambda: pop_link.verify_subject(opened, x509.Name([])))[0] == "name_mismatch"


def test_r_104_the_empty_name_is_nobody_s() -> None:
    """R-104: a secret goes with a name that is not empty."""
    message = with_proof(named(3, EMPTY), named(4, EMPTY, crmf=True))
    assert wrong(lambda: pop_link.verify_subject(message, x509.Name([]))) == (
        "name_mismatch",
        BAD_IDENTITY,
        (3, 4),
    )
    assert wrong(lambda: pop_link.verify_subject(with_proof(), DEVICE))[2] == (0,)
    with pytest.raises(TypeError, match="subject"):
        pop_link.verify_subject(message, "CN=Device 1")  # type: ignore[arg-type]


def certificate(subject: x509.Name = DEVICE, *extensions: Any) -> x509.Certificate:
    private = key("p-256", 7)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]))
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(MOMENT)
        .not_valid_after(MOMENT.replace(year=2036))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(private, hashes.SHA256())


def test_r_107_names_of_the_certificate() -> None:
    """R-096, R-107: subject and subjectAltName are the certificate's, in any order and case."""
    held = certificate(DEVICE, HOST)
    good = alternative("HOST.example", "b.example"), alternative("b.example", "host.example")
    requests = [
        named(3, SAME, good[0]),
        named(4, PRINTABLE, good[1]),
        named(5, SAME, good[1], crmf=True),
    ]
    for form in (held, der(held)):
        pop_link.verify_renewal(full_request([], requests), form)
    for index, request in enumerate(
        [
            named(9, SAME),
            named(9, SAME, alternative("host.example")),
            named(9, SAME, alternative("host.example", "b.example", "c.example")),
            named(9, SAME, good[0], good[0]),
            named(9, SAME, seq(oid(oids.ID_CE_SUBJECT_ALT_NAME), tlv(0x04, b"\x30\x02\x82"))),
            *(named(9, other, good[0]) for other in OTHERS),
        ]
    ):
        bad = full_request([], [*requests, request])
        expected = "name_mismatch", BAD_IDENTITY, (9,)
        assert wrong(lambda m=bad: pop_link.verify_renewal(m, held)) == expected, index


def test_r_107_names_by_one_field_alone() -> None:
    """R-107: a certificate may have only a subject, or only a subjectAltName, but not neither."""
    pop_link.verify_renewal(full_request([], [named(3, SAME)]), certificate())
    other = full_request([], [named(3, SAME, alternative("host.example"))])
    assert wrong(lambda: pop_link.verify_renewal(other, certificate()))[0] == "name_mismatch"
    only = certificate(x509.Name([]), HOST)
    good = full_request([], [named(3, EMPTY, alternative("host.example", "b.example"))])
    pop_link.verify_renewal(good, only)
    nobody = full_request([], [named(3, EMPTY)])
    assert wrong(lambda: pop_link.verify_renewal(nobody, certificate(x509.Name([]))))[2] == (3,)
    assert wrong(lambda: pop_link.verify_renewal(full_request(), certificate()))[2] == (0,)
    nameless = full_request([], [named(3, SAME), tlv(0xA2, integer(4), oid("1.2.3"), NULL)])
    assert wrong(lambda: pop_link.verify_renewal(nameless, certificate()))[2] == (4,)


def test_r_107_kinds_of_alternative_names() -> None:
    """R-107: mail addresses by their host, directory names as names, others by their octets."""
    directory = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A B", _ASN1Type.UTF8String)])
    held = certificate(
        DEVICE,
        x509.SubjectAlternativeName(
            [
                x509.RFC822Name("Me@host.example"),
                x509.DirectoryName(directory),
                x509.UniformResourceIdentifier("https://host.example/A"),
            ]
        ),
    )

    def asked(mail: bytes, common_name: str, uri: bytes) -> cmcodec.Message:
        names = (
            tlv(0x81, mail),
            tlv(0xA4, seq(text(0x13, common_name))),
            tlv(0x86, uri),
        )
        extension = seq(oid(oids.ID_CE_SUBJECT_ALT_NAME), tlv(0x04, seq(*names)))
        return full_request([], [named(3, SAME, extension)])

    good = b"Me@HOST.example", "a b", b"https://host.example/A"
    pop_link.verify_renewal(asked(*good), held)
    for index, other in enumerate((b"me@host.example", "ab", b"https://host.example/a")):
        bad = asked(*good[:index], other, *good[index + 1 :])  # type: ignore[arg-type]
        assert wrong(lambda m=bad: pop_link.verify_renewal(m, held))[0] == "name_mismatch"


def test_what_is_no_certificate_is_said() -> None:
    message = full_request([], [named(3, SAME)])
    for octets in (b"", EMPTY, b"-----BEGIN CERTIFICATE-----", None):
        with pytest.raises(EncodeError, match="certificate"):
            pop_link.verify_renewal(message, octets)  # type: ignore[arg-type]


def test_text_that_is_none_matches_only_itself() -> None:
    """Rule P9: what a certificate's name holds need not be the text that it says."""
    from cmcodec.controls import names

    def comparable(octets: bytes) -> object:
        value = seq(set_of(seq(oid(oids.ID_AT_COMMON_NAME), tlv(0x13, octets))))
        return names.comparable(types.Name.from_der(value))

    assert comparable(b"\xff") == comparable(b"\xff") != comparable(b"\xfe")


def test_a_certificate_whose_name_is_not_canonical_is_said() -> None:
    """Rule P3: what no request can ask for cannot be renewed."""
    one, two = (seq(oid(oids.ID_AT_COMMON_NAME), tlv(0x13, each)) for each in (b"a", b"b"))
    name = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, each, _ASN1Type.PrintableString)
                    for each in ("a", "b")
                ]
            )
        ]
    )
    octets = der(certificate(name))
    message = full_request([], [named(3, seq(tlv(0x31, one, two)))])
    pop_link.verify_renewal(message, octets)
    with pytest.raises(EncodeError, match="certificate"):
        pop_link.verify_renewal(message, octets.replace(one + two, two + one))
    broken = x509.UnrecognizedExtension(x509.ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\5\0")
    with pytest.raises(EncodeError, match="certificate"):
        pop_link.verify_renewal(message, certificate(DEVICE, broken))


def test_r_107_names_that_are_none() -> None:
    """R-107: what is no name in a certificate matches nothing."""
    from cmcodec.controls.names import CertificateNames

    held = CertificateNames.of(certificate())
    held.comparable()
    with pytest.raises(EncodeError, match="certificate"):
        held._replace(subject=seq(tlv(0x31))).comparable()


def test_r_095_hardware_token() -> None:
    """R-094, R-095: the token is identification and secret; names and encryption are checked."""
    token = "token-0001"
    holder = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Holder")])
    recipient = cms.Recipient.from_public_key(key("p-256").public_key(), key_identifier=b"id")
    opener = cms.RecipientKey.from_private_key(key("p-256"))

    def opened(common_name: str, identification: str = token) -> Any:
        requests = (named(3, seq(text(0x0C, common_name))),)
        value = identity_proof.compute(seq(*requests), token.encode(), identification)
        controls = control(1, 2, types.Identification(identification)), control(2, 34, value)
        encrypted = cms.encrypt(full_request(controls, requests), recipient)
        return cmcodec.load(encrypted).open(opener)

    good = opened("Holder")
    identity_proof.verify(good, token.encode())
    pop_link.verify_subject(good, holder)
    assert [layer.kind for layer in good.layers] == ["auth-enveloped", "signed"]
    assert good.find(types.Identification) == ((1, types.Identification(token)),)
    other = opened("Somebody")
    identity_proof.verify(other, token.encode())
    assert wrong(lambda: pop_link.verify_subject(other, holder))[0] == "name_mismatch"
    plain = full_request([], [named(3, seq(text(0x0C, "Holder")))])
    assert [layer.kind for layer in plain.open().layers] == ["signed"]
    assert wrong(lambda: identity_proof.verify(plain, token.encode()))[0] == (
        "identity_proof_missing"
    )
