"""What a SignedData is made of, and whom it names (rules V1 to V6, V8, V11, V13)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cmcodec import oids
from cmcodec.reasons import Reason, Rule
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import ALICE, BOB, VALIDITY, Key
from kit.messages import (
    EMPTY_PKI_DATA,
    Message,
    Signer,
    content_info,
    crm,
    members,
    pkcs10,
    pki_data,
    pki_response,
    required_attributes,
    signed_by,
    tcr,
)

from .case import FAILED, GOOD, Series, Told
from .keys import rsa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .case import Case

NOTED = Told("verified", notes=((None, Reason.VERSION_MISMATCH),))
TYPE, DIGEST = required_attributes()
TIME = attribute(oids.ID_SIGNING_TIME, tlv(0x17, b"260301120000Z"))


def cases() -> Iterator[Case]:
    for series in (
        contents(), versions(), request_versions(), signers(), every_signer(),
        attributes(), content_types(), message_digests(), found_by(), identifiers(), request_keys(),
        unsigned_attributes(), chains(), trusted_request_keys(), failed_work(),
    ):  # fmt: skip
        yield from series.cases


# --- V1 ------------------------------------------------------------------------------------------


def contents() -> Series:
    """Which content a signature may be over."""
    found = Series(Rule.V1)
    found.passes("a PKIData", Message().encode())
    response = Message(content=pki_response(), content_type=oids.ID_CCT_PKI_RESPONSE)
    found.passes("a PKIResponse", response.encode())
    for kind in (oids.ID_CCT_PKI_DATA, oids.ID_CCT_PKI_RESPONSE, oids.ID_ENVELOPED_DATA):
        octets = Message(content=None, content_type=kind).encode()
        found.fails(f"no content of {kind}", octets, Reason.CONTENT_MISSING)
    wrong = Reason.WRONG_CONTENT_TYPE
    for kind in (oids.ID_DATA, oids.ID_SIGNED_DATA, "1.2.3"):
        octets = Message(content=b"x", content_type=kind).encode()
        found.fails(f"content of {kind}", octets, wrong)
    request = Message(content=pkcs10(), content_type=oids.ID_DATA, version=1)
    found.passes("a PKCS#10 in id-data, expected", request.encode(), wrapped=True)
    found.fails("a PKCS#10 in id-data", request.encode(), wrong)
    found.fails("id-data outside", content_info(oids.ID_DATA, tlv(0x04, b"x")), wrong)
    certs_only = signed_by(content=None, content_type=oids.ID_DATA)
    found.passes("certificates only", certs_only.encode(), Told("unsigned"))
    signed = replace(certs_only, signers=(Signer(),))
    found.fails("certificates only, signed", signed.encode(), wrong)
    octets = replace(certs_only, content=b"x").encode()
    found.fails("id-data with content and no signer", octets, wrong)
    return found


def versions() -> Series:
    """Versions that CMS has are a note, others a failure."""
    found = Series(Rule.V1)
    for version in (3, 0, 5):
        row = GOOD if version == 3 else NOTED
        found.passes(f"SignedData version {version}", Message(version=version).encode(), row)
    for version in (-1, 6, 256, 1 << 64):
        octets = Message(version=version).encode()
        found.fails(f"SignedData version {version}", octets, Reason.VERSION_MISMATCH)
    for version in (1, 0, 5):
        row = GOOD if version == 1 else NOTED
        octets = signed_by(Signer(version=version)).encode()
        found.passes(f"SignerInfo version {version}", octets, row)
    for version in (-1, 6, 1 << 64):
        octets = signed_by(Signer(version=version)).encode()
        found.fails(f"SignerInfo version {version}", octets, Reason.VERSION_MISMATCH)
    octets = signed_by(Signer(sid=ALICE.by_ski(), version=1)).encode()
    found.passes("SignerInfo version 1 beside a key identifier", octets, NOTED)
    return found


def request_versions() -> Series:
    """Those of requests are covered by their proofs."""
    found = Series(Rule.V1)
    for version in (0, 1, 2, -1, 256):
        octets = Message(content=pki_data(requests=(tcr(3, pkcs10(version=version)),))).encode()
        if version == 0:
            found.passes("PKCS#10 version 0", octets)
        else:
            found.fails(f"PKCS#10 version {version}", octets, Reason.VERSION_MISMATCH)
    for version in (2, None, 0, 1, 3, -1):
        octets = Message(content=pki_data(requests=(crm(version=version),))).encode()
        if version in {2, None}:
            found.passes(f"CertTemplate version {version}", octets)
        else:
            found.fails(f"CertTemplate version {version}", octets, Reason.VERSION_MISMATCH)
    return found


# --- V2, V3 --------------------------------------------------------------------------------------


def signers() -> Series:
    """At least one, at most 64."""
    found = Series(Rule.V2)
    for count in (1, 64):
        found.passes(f"signers: {count}", signed_by(*[Signer()] * count).encode())
    found.fails("signers: 65", signed_by(*[Signer()] * 65).encode(), Reason.LIMIT)
    found.fails("signers: 1000", signed_by(*[Signer()] * 1000).encode(), Reason.LIMIT)
    different = tuple(Key(number) for number in range(1, 66))
    for count in (64, 65):
        chosen = different[:count]
        octets = signed_by(
            *(Signer(key=key, sid=key.by_ski()) for key in chosen),
            certificates=tuple(key.certificate(n) for n, key in enumerate(chosen, 1)),
        ).encode()
        if count == 64:
            found.passes("signers with keys of their own: 64", octets)
        else:
            found.fails("signers with keys of their own: 65", octets, Reason.LIMIT)
    found.says("no signer", signed_by().encode(), Told("unsigned", Reason.NO_SIGNER, Rule.V2))
    return found


def every_signer() -> Series:
    """One bad signer spoils the message, wherever it stands."""
    found = Series(Rule.V3)
    found.passes("64 good signers", signed_by(*[Signer()] * 64).encode())
    bad = Signer(signature=b"\xff" * 64)
    found.fails(
        "63 good signers and a bad one", signed_by(*[Signer()] * 63, bad).encode(),
        Reason.SIGNATURE_INVALID, Rule.V10,
    )  # fmt: skip
    unknown = Signer(key=BOB, sid=BOB.by_serial(9))
    found.fails(
        "63 good signers and an unknown one", signed_by(*[Signer()] * 63, unknown).encode(),
        Reason.SIGNER_NOT_FOUND, Rule.V8,
    )  # fmt: skip
    return found


# --- V4, V5, V6 ----------------------------------------------------------------------------------


class _Received(Signer):
    """A SignerInfo whose attributes stand and are signed in the order given."""

    def encode(self, content_type: str, content: bytes) -> bytes:
        assert self.attributes is not None
        received = tlv(0x31, *self.attributes)
        in_order = replace(self, signature=self.signature or self.key.sign(received))
        encoded = Signer(**vars(in_order)).encode(content_type, content)
        ordered = set_of(*self.attributes, tag=0xA0)
        assert ordered in encoded
        return encoded.replace(ordered, tlv(0xA0, *self.attributes))


def attributes() -> Series:
    """Signed attributes are there once, with one value, in order."""
    found = Series(Rule.V4)
    found.passes("contentType and messageDigest", Message().encode())
    missing, twice = Reason.ATTRIBUTE_MISSING, Reason.ATTRIBUTE_DUPLICATE
    without = Signer(without_attributes=True, signature=ALICE.sign(EMPTY_PKI_DATA))
    found.fails("no attributes, the content signed", signed_by(without).encode(), missing)

    def with_attributes(*given: bytes) -> bytes:
        return signed_by(Signer(attributes=given)).encode()

    found.fails("no contentType", with_attributes(DIGEST), missing)
    found.fails("no messageDigest", with_attributes(TYPE), missing)
    found.fails("neither of them", with_attributes(TIME), missing)
    # RFC 5652 §5.3: SIZE (1..MAX).
    found.refused("an empty SET of attributes", with_attributes(), Reason.BAD_VALUE)
    found.fails("contentType twice, alike", with_attributes(TYPE, TYPE, DIGEST), twice)
    found.fails("messageDigest twice, alike", with_attributes(TYPE, DIGEST, DIGEST), twice)
    other = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(64)))
    found.fails("messageDigest twice", with_attributes(TYPE, DIGEST, other), twice)
    for name, kind, value in (
        ("contentType", oids.ID_CONTENT_TYPE, oid(oids.ID_CCT_PKI_DATA)),
        ("messageDigest", oids.ID_MESSAGE_DIGEST, DIGEST[-66:]),
    ):
        rest = DIGEST if name == "contentType" else TYPE
        for count in (0, 2):
            given = attribute(kind, *[value] * count)
            octets = with_attributes(rest, given)
            found.fails(f"{name} with {count} values", octets, twice)
    found.passes("signingTime once", with_attributes(TYPE, DIGEST, TIME))
    found.fails("signingTime twice", with_attributes(TYPE, DIGEST, TIME, TIME), twice)
    unknown = tuple(attribute(f"1.2.{n}", NULL) for n in range(3))
    found.passes("attributes that nobody knows", with_attributes(TYPE, DIGEST, *unknown))
    unsorted = Reason.ATTRIBUTES_UNSORTED
    ordered = sorted((TYPE, DIGEST, TIME))
    in_order = _Received(attributes=tuple(ordered))
    found.passes("attributes in order", signed_by(in_order).encode())
    for first, second in ((0, 1), (1, 2), (0, 2)):
        swapped = list(ordered)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        name = f"attributes {first} and {second} out of order"
        signer = _Received(attributes=tuple(swapped))
        found.refused(f"{name}, signed so", signed_by(signer).encode(), unsorted)
        signer = replace(signer, signature=ALICE.sign(tlv(0x31, *ordered)))
        found.refused(f"{name}, signed in order", signed_by(signer).encode(), unsorted)
    two = tlv(0x31, integer(1), integer(2))
    found.passes("values in order", with_attributes(TYPE, DIGEST, seq(oid("1.2.3"), two)))
    wrong = tlv(0x31, integer(2), integer(1))
    octets = with_attributes(TYPE, DIGEST, seq(oid("1.2.3"), wrong))
    found.refused("values out of order", octets, Reason.NOT_CANONICAL)
    return found


def content_types() -> Series:
    """The attribute says what eContentType says."""
    found = Series(Rule.V5)
    found.passes("contentType of a PKIData", Message().encode())
    for kind in (oids.ID_CCT_PKI_RESPONSE, oids.ID_DATA, f"{oids.ID_CCT_PKI_DATA}.1", "1.3"):
        given = attribute(oids.ID_CONTENT_TYPE, oid(kind))
        octets = signed_by(Signer(attributes=(given, DIGEST))).encode()
        found.fails(f"contentType {kind}", octets, Reason.CONTENT_TYPE_MISMATCH)
    # The same octets are a PKIData and, but for one field, a PKIResponse.
    content = seq(EMPTY, EMPTY, EMPTY)
    signer = Signer(attributes=required_attributes(content))
    octets = signed_by(
        signer, content=content, content_type=oids.ID_CCT_PKI_RESPONSE
    ).encode()  # fmt: skip
    found.fails("a PKIResponse signed as a PKIData", octets, Reason.CONTENT_TYPE_MISMATCH)
    return found


def message_digests() -> Series:
    """The digest of the content, all of it."""
    found = Series(Rule.V6)
    digest = hashlib.sha512(EMPTY_PKI_DATA).digest()
    found.passes("messageDigest", Message().encode())
    for text, octets in {
        "an octet short": digest[:-1],
        "an octet long": digest + b"\0",
        "empty": b"",
        "its last bit changed": digest[:-1] + bytes([digest[-1] ^ 1]),
        "by SHA-256": hashlib.sha256(EMPTY_PKI_DATA).digest(),
        "with the OCTET STRING": hashlib.sha512(tlv(0x04, EMPTY_PKI_DATA)).digest(),
        "of nothing": hashlib.sha512(b"").digest(),
    }.items():
        given = attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, octets))
        signed = signed_by(Signer(attributes=(TYPE, given))).encode()
        found.fails(f"messageDigest {text}", signed, Reason.DIGEST_MISMATCH)
    return found


# --- V8 ------------------------------------------------------------------------------------------


def found_by() -> Series:
    """Issuer and number, as octets; four certificates at most, and the caller's."""
    found = Series(Rule.V8)
    absent = Reason.SIGNER_NOT_FOUND
    found.passes("by issuer and number", Message().encode())
    for serial in (0, 2, -1, 1 << 64):
        octets = signed_by(Signer(sid=ALICE.by_serial(serial))).encode()
        found.fails(f"by number {serial}", octets, absent)
    lower = seq(Key.name(b"ca"), integer(1))
    found.fails("by an issuer in another case", signed_by(Signer(sid=lower)).encode(), absent)
    found.fails("no certificate", Message(certificates=()).encode(), absent)
    octets = Message(certificates=()).encode()
    found.passes("a certificate of the caller", octets, certificates=[ALICE.certificate()])
    others = [BOB.certificate(1, bytes([4, 0, 4, 1, number])) for number in range(4)]
    # The longest stands last.
    last = ALICE.certificate(1, b"the last of them")
    octets = Message(certificates=(*others[:3], last)).encode()
    found.passes("three certificates of other keys before it", octets)
    octets = Message(certificates=(*others, last)).encode()
    found.fails("four certificates of other keys before it", octets, Reason.SIGNATURE_INVALID,
                Rule.V10)  # fmt: skip
    inner = Message(certificates=()).encode()
    octets = Message(content=pki_data(members=members(inner))).encode()
    failed = Told(FAILED, absent, Rule.V8, (11,))
    found.says("a certificate of the message around it", octets, GOOD, failed)
    return found


def _identified(*extensions: bytes) -> bytes:
    """A certificate of ALICE with these extensions."""
    listed = tlv(0xA3, seq(*extensions)) if extensions else b""
    tbs = seq(
        tlv(0xA0, integer(2)), integer(1), identifier(oids.ID_ED25519), ALICE.issuer(),
        VALIDITY, EMPTY, ALICE.spki(), listed,
    )  # fmt: skip
    return seq(tbs, identifier(oids.ID_ED25519), tlv(0x03, b"\0"))


def _ski(value: bytes) -> bytes:
    """A subjectKeyIdentifier extension with these octets in it."""
    return seq(oid(oids.ID_CE_SUBJECT_KEY_IDENTIFIER), tlv(0x04, value))


def identifiers() -> Series:
    """Key identifiers: once, not empty, with nothing behind them, or there is none."""
    found = Series(Rule.V8)
    absent = Reason.SIGNER_NOT_FOUND
    own = ALICE.identifier
    right = _ski(tlv(0x04, own))

    def by(*extensions: bytes, sid: bytes = own) -> bytes:
        signer = Signer(sid=tlv(0x80, sid))
        return signed_by(signer, certificates=(_identified(*extensions),)).encode()

    found.passes("by key identifier", by(right))
    found.fails("a certificate without extensions", by(), absent)
    for text, extensions in IDENTIFIERS.items():
        found.fails(f"a certificate with {text}", by(*extensions(own)), absent)
    found.fails("an identifier cut off", by(right, sid=own[:-1]), absent)
    found.fails("an identifier and more", by(right, sid=own + b"\0"), absent)
    for text, extensions in MORE_IDENTIFIERS.items():
        found.passes(f"a certificate with {text}", by(*extensions(own)))
    found.passes("an empty identifier", by(_ski(tlv(0x04)), sid=b""))
    found.fails("an empty identifier of a certificate that has none", by(sid=b""), absent)
    return found


IDENTIFIERS: dict[str, Any] = {
    "another identifier": lambda own: (_ski(tlv(0x04, own[::-1])),),
    "an empty identifier": lambda own: (_ski(tlv(0x04)),),
    "an identifier without its OCTET STRING": lambda own: (_ski(own),),
    "octets behind its identifier": lambda own: (_ski(tlv(0x04, own) + b"\0"),),
    "an identifier in another type": lambda own: (_ski(tlv(0x0C, own)),),
    "an identifier of indefinite length": lambda own: (
        _ski(b"\x24\x80" + tlv(0x04, own) + b"\0\0"),
    ),
    "an identifier whose length is not minimal": lambda own: (
        _ski(b"\x04\x81" + bytes([len(own)]) + own),
    ),
    "an extension of nothing": lambda own: (_ski(b""),),
    "another identifier before its own": lambda own: (
        _ski(tlv(0x04, own[::-1])),
        _ski(tlv(0x04, own)),
    ),
    "an empty identifier before its own": lambda own: (_ski(tlv(0x04)), _ski(tlv(0x04, own))),
    "an extension of nothing before its own": lambda own: (_ski(b""), _ski(tlv(0x04, own))),
}
"""Ways to have no key identifier, or another: of two extensions the first counts."""

MORE_IDENTIFIERS: dict[str, Any] = {
    "its identifier twice": lambda own: (_ski(tlv(0x04, own)),) * 2,
    "another identifier behind its own": lambda own: (_ski(tlv(0x04, own)), _ski(tlv(0x04, b"x"))),
    "an extension of nothing behind its own": lambda own: (_ski(tlv(0x04, own)), _ski(b"")),
}
"""Ways to have more than a key identifier."""


TWICE = ((3, Reason.DUPLICATE_EXTENSION),)


def _asking(*extensions: bytes) -> bytes:
    return pkcs10(attributes=(attribute(oids.ID_EXTENSION_REQUEST, seq(*extensions)),))


def request_keys() -> Series:
    """A request whose subjectKeyIdentifier equals the sid signs, if it is the only one."""
    found = Series(Rule.V8)
    own = BOB.identifier
    by_bob = Signer(key=BOB, sid=BOB.by_ski())
    right = _ski(tlv(0x04, own))

    def by(*requests: bytes, signers: tuple[Signer, ...] = (by_bob,), **fields: Any) -> bytes:
        defaults = {"certificates": (), "content": pki_data(requests=requests)}
        return signed_by(*signers, **(defaults | fields)).encode()

    found.passes("by the key of a PKCS#10", by(tcr(3, _asking(right))))
    found.passes("by the key of a CRMF request", by(crm(extensions=right)))
    absent = Reason.SIGNER_NOT_FOUND
    for text, extensions in IDENTIFIERS.items():
        # Two extensions of one kind are a note beside it.
        failed = Told(FAILED, absent, Rule.V8, notes=TWICE[: len(extensions(own)) - 1])
        octets = by(tcr(3, _asking(*extensions(own))))
        found.says(f"a PKCS#10 with {text}", octets, failed)
        octets = by(crm(extensions=b"".join(extensions(own))))
        found.says(f"a CRMF request with {text}", octets, failed)
    for text, extensions in MORE_IDENTIFIERS.items():
        octets = by(tcr(3, _asking(*extensions(own))))
        found.passes(f"a PKCS#10 with {text}", octets, Told("verified", notes=TWICE))
        octets = by(crm(extensions=b"".join(extensions(own))))
        found.passes(f"a CRMF request with {text}", octets, Told("verified", notes=TWICE))
    octets = by(tcr(3, _asking(right)), crm(body_part_id=4, extensions=right))
    found.fails("by the key of two requests", octets, Reason.SIGNER_AMBIGUOUS)
    sole = Reason.REQUEST_KEY_NOT_SOLE_SIGNER
    octets = by(
        tcr(3, _asking(right)), signers=(by_bob, Signer()), certificates=(ALICE.certificate(),)
    )
    found.fails("by the key of a request, beside another", octets, sole)
    octets = by(tcr(3, _asking(right)), signers=(by_bob, by_bob))
    found.fails("by the key of a request, twice", octets, sole)
    found.fails("by the key of a request without one", by(crm(b"", key=b"", extensions=right)),
                absent)  # fmt: skip
    inner = by()
    outer = pki_data(requests=(tcr(3, _asking(right)),), members=members(inner))
    octets = by(content=outer)
    failed = Told(FAILED, absent, Rule.V8, (11,))
    found.says("by the key of a request of the message around it", octets, GOOD, failed)
    return found


# --- V11, V13, V15 -------------------------------------------------------------------------------


def unsigned_attributes() -> Series:
    """They change no verdict; what they hold must be readable all the same."""
    found = Series(Rule.V11)
    found.passes("no unsigned attribute", Message().encode())
    unknown = attribute("1.2.3", NULL)
    for text, given in {
        "one that nobody knows": (unknown,),
        "contentType of another type": (attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_DATA)),),
        "messageDigest of zeros": (attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, bytes(64))),),
        "signingTime": (TIME,),
        "one twice": (unknown, unknown),
    }.items():
        octets = signed_by(Signer(unsigned=given)).encode()
        found.passes(f"unsigned attributes: {text}", octets)
    bad = Signer(signature=b"\xff" * 64, unsigned=(unknown,))
    found.fails("an unsigned attribute beside a bad signature", signed_by(bad).encode(),
                Reason.SIGNATURE_INVALID, Rule.V10)  # fmt: skip
    return found


NOW = datetime(2027, 1, 1, tzinfo=UTC)
ROOT, CA, EE = Key(41), Key(42), Key(43)


def _extension(number: str, value: bytes, *, critical: bool = True) -> bytes:
    return seq(oid(number), b"\x01\x01\xff" if critical else b"", tlv(0x04, value))


def _usage(*bits: int) -> bytes:
    """A keyUsage of these bits, below eight."""
    value = sum(0x80 >> bit for bit in bits)
    unused = 7 - max(bits)
    return _extension("2.5.29.15", tlv(0x03, bytes([unused, value])))


IS_CA = _extension("2.5.29.19", seq(b"\x01\x01\xff"))


def _issued(
    own: Key, name: bytes, by: Key, issuer: bytes, *extensions: bytes,
    validity: bytes = VALIDITY, serial: int = 1, signature: bytes | None = None,
) -> bytes:  # fmt: skip
    algorithm = identifier(oids.ID_ED25519)
    listed = tlv(0xA3, seq(*extensions)) if extensions else b""
    tbs = seq(
        tlv(0xA0, integer(2)), integer(serial), algorithm, Key.name(issuer),
        validity, Key.name(name), own.spki(), listed,
    )  # fmt: skip
    signed = by.sign(tbs) if signature is None else signature
    return seq(tbs, algorithm, tlv(0x03, b"\0", signed))


ANCHOR = _issued(ROOT, b"root", ROOT, b"root", IS_CA)


def chains() -> Series:
    """From the signer to an anchor; times, signatures, usages and constraints count."""
    found = Series(Rule.V13)
    untrusted = Reason.UNTRUSTED_CHAIN
    trusting = {"trust": [ANCHOR], "at": NOW}
    past = seq(tlv(0x17, b"200101000000Z"), tlv(0x17, b"261231235959Z"))
    until = seq(tlv(0x17, b"200101000000Z"), tlv(0x17, b"270101000000Z"))
    coming = seq(tlv(0x17, b"270101000001Z"), tlv(0x17, b"460101000000Z"))

    def by(*carried: bytes, key: Key = EE) -> bytes:
        signer = Signer(key=key, sid=seq(Key.name(b"ca"), integer(1)))
        return signed_by(signer, certificates=carried).encode()

    ca = _issued(CA, b"ca", ROOT, b"root", IS_CA, _usage(5))
    ee = _issued(EE, b"ee", CA, b"ca", _usage(0))
    found.passes("a chain", by(ee, ca), **trusting)
    other = _issued(Key(44), b"root", Key(44), b"root", IS_CA)
    found.fails("an anchor with another key", by(ee, ca), untrusted, trust=[other], at=NOW)
    found.fails("nobody trusted", by(ee, ca), untrusted, trust=[], at=NOW)
    found.fails("without the CA", by(ee), untrusted, **trusting)
    octets = by(_issued(EE, b"ee", CA, b"ca", validity=until), ca)
    found.passes("a signer in its last second", octets, **trusting)
    for text, validity in (("expired", past), ("not valid yet", coming)):
        octets = by(_issued(EE, b"ee", CA, b"ca", validity=validity), ca)
        found.fails(f"a signer {text}", octets, untrusted, **trusting)
        octets = by(ee, _issued(CA, b"ca", ROOT, b"root", IS_CA, validity=validity))
        found.fails(f"a CA {text}", octets, untrusted, **trusting)
    for text, extensions in {
        "that does not say so": (),
        "that says FALSE": (_extension("2.5.29.19", seq()),),
        "without keyCertSign": (IS_CA, _usage(0, 6)),
        "with an extension that nobody knows": (IS_CA, _extension("1.2.3", NULL)),
        "of names elsewhere": (
            IS_CA,
            _extension("2.5.29.30", seq(tlv(0xA0, seq(tlv(0xA4, Key.name(b"x")))))),
        ),
    }.items():
        octets = by(ee, _issued(CA, b"ca", ROOT, b"root", *extensions))
        found.fails(f"a CA {text}", octets, untrusted, **trusting)
    octets = by(_issued(EE, b"ee", CA, b"ca", _usage(1)), ca)
    found.passes("a signer with nonRepudiation", octets, **trusting)
    octets = by(_issued(EE, b"ee", CA, b"ca", _usage(2)), ca)
    found.fails("a signer that may only encrypt", octets, untrusted, **trusting)
    octets = by(_issued(EE, b"ee", ROOT, b"ca"), ca)
    found.fails("a signer whom another key issued", octets, untrusted, **trusting)
    octets = by(ee, _issued(CA, b"ca", ROOT, b"root", IS_CA, signature=bytes(64)))
    found.fails("a CA with a bad signature", octets, untrusted, **trusting)
    octets = by(ee, _issued(CA, b"ca", CA, b"ca", IS_CA))
    found.fails("a CA that only trusts itself", octets, untrusted, **trusting)
    for count in (8, 9):
        line = [_issued(CA, b"ca", Key(60), b"c0", IS_CA)]
        line += [
            _issued(Key(60 + n), b"c%d" % n, Key(61 + n), b"c%d" % (n + 1), IS_CA)
            for n in range(count - 2)
        ]
        line += [_issued(Key(58 + count), b"c%d" % (count - 2), ROOT, b"root", IS_CA)]
        octets = by(ee, *line)
        if count == 8:
            found.passes("eight CAs between", octets, **trusting)
        else:
            found.fails("nine CAs between", octets, untrusted, **trusting)
    octets = by(ee, _issued(CA, b"ca", ROOT, b"root", _extension("2.5.29.19", seq(
        b"\x01\x01\xff", integer(0)))))  # fmt: skip
    found.passes("a CA that allows no other", octets, **trusting)
    first = _issued(CA, b"ca", Key(60), b"c0", IS_CA)
    last = _issued(Key(60), b"c0", ROOT, b"root", _extension("2.5.29.19", seq(
        b"\x01\x01\xff", integer(0))))  # fmt: skip
    found.fails("a CA that allows no other, and another", by(ee, first, last), untrusted,
                **trusting)  # fmt: skip
    return found


def trusted_request_keys() -> Series:
    """With trust, whoever has only a request's key is nobody."""
    found = Series(Rule.V13)
    untrusted = Reason.UNTRUSTED_REQUEST_KEY
    right = _ski(tlv(0x04, BOB.identifier))
    by_bob = Signer(key=BOB, sid=BOB.by_ski())
    content = pki_data(requests=(tcr(3, _asking(right)),))
    octets = signed_by(by_bob, content=content, certificates=()).encode()
    found.passes("a request's key, nobody trusted", octets)
    found.fails("a request's key", octets, untrusted, trust=[ANCHOR], at=NOW)
    everyone = {"trust": [ANCHOR], "at": NOW, "request_keys": "all"}
    found.passes("a request's key, all of them allowed", octets, **everyone)
    found.passes("a bare PKCS#10, nobody trusted", pkcs10())
    found.fails("a bare PKCS#10", pkcs10(), untrusted, trust=[ANCHOR], at=NOW)
    ca = _issued(CA, b"ca", ROOT, b"root", IS_CA, _usage(5))
    ee = _issued(EE, b"ee", CA, b"ca", _usage(0))
    signer = Signer(key=EE, sid=seq(Key.name(b"ca"), integer(1)))
    batch = signed_by(
        signer, content=pki_data(members=members(octets)), certificates=(ee, ca)
    ).encode()
    nested = {"trust": [ANCHOR], "at": NOW, "request_keys": "nested"}
    found.passes("a request's key in a message of an RA, allowed", batch, GOOD,
                 Told("verified", path=(11,)), **nested)  # fmt: skip
    found.says(
        "a request's key in a message of an RA", batch, GOOD,
        Told(FAILED, untrusted, Rule.V13, (11,)), trust=[ANCHOR], at=NOW,
    )  # fmt: skip
    return found


def failed_work() -> Series:
    """Keys that do not verify cost work, of which a message has so much."""
    found = Series(Rule.V15)
    heavy = [rsa(8192, (1 << 33) - 1, factor) for factor in (1, 3, 5, 7)]
    found.passes("64 signers", signed_by(*[Signer()] * 64).encode())
    certificates = tuple(key.certificate(number) for key in heavy for number in range(1, 65))
    digest = identifier(oids.ID_SHA256)
    algorithm = identifier(oids.SHA256_WITH_RSA_ENCRYPTION, NULL)
    signers_ = tuple(
        Signer(
            sid=ALICE.by_serial(number), digest=digest, algorithm=algorithm, hash="sha256",
            signature=bytes(1023) + bytes([number]),
        )
        for number in range(1, 65)
    )  # fmt: skip
    octets = signed_by(*signers_, certificates=certificates, digests=(digest,)).encode()
    found.fails("64 signers with four of the heaviest keys each", octets,
                Reason.SIGNATURE_INVALID, Rule.V10)  # fmt: skip
    return found
