"""Requests, their proofs, and what controls refer to (rules R1 to R6)."""

from __future__ import annotations

import hashlib
from itertools import count
from typing import TYPE_CHECKING, Any

from cmcodec import oids
from cmcodec.reasons import Reason, Rule
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, tlv
from kit.keys import ALICE, BOB
from kit.messages import (
    Message,
    content_info,
    control,
    crm,
    members,
    pkcs10,
    pki_data,
    signed_by,
    tagged_content_info,
    tcr,
)

from .case import FAILED, GOOD, MALFORMED, Series, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .case import Case

NO_SIGNATURE = identifier(oids.ID_ALG_NO_SIGNATURE, NULL)
POP_INVALID = Reason.POP_INVALID


def cases() -> Iterator[Case]:
    for series in (
        pkcs10s(), crmfs(), asserted(), references(), inner(), proofs(), iterations(),
    ):  # fmt: skip
        yield from series.cases


def around(*requests: bytes, **parts: Any) -> bytes:
    """A signed PKIData with these requests."""
    return Message(content=pki_data(requests=requests, **parts)).encode()


def pkcs10s() -> Series:
    """The proof is over certificationRequestInfo as received."""
    found = Series(Rule.R1)
    good = Told("verified", pops=("verified",))
    failed = Told(FAILED, POP_INVALID, Rule.R1, pops=("failed",))
    found.passes("a PKCS#10", around(tcr()), good)
    found.passes("a bare PKCS#10", pkcs10(), good)
    for text, request in {
        "signed by another key": pkcs10(
            signature=ALICE.sign(seq(integer(0), EMPTY, BOB.spki(), tlv(0xA0)))
        ),
        "with a signature over something else": pkcs10(signature=BOB.sign(b"")),
        "with a signature of nothing": pkcs10(signature=b""),
        "whose signature has unused bits": _with_unused_bit(),
    }.items():
        found.says(f"a PKCS#10 {text}", around(tcr(3, request)), failed)
        found.says(f"a bare PKCS#10 {text}", request, failed)
    names = seq(tlv(0x31, *sorted((_attribute("2.5.4.3", b"a"), _attribute("2.5.4.10", b"b")))))
    found.passes("an RDN in order", around(tcr(3, _named(names))), good)
    names = seq(
        tlv(0x31, *sorted((_attribute("2.5.4.3", b"a"), _attribute("2.5.4.10", b"b")))[::-1])
    )
    found.refused("an RDN out of order", around(tcr(3, _named(names))), Reason.NOT_CANONICAL)
    found.refused("an RDN out of order, bare", _named(names), Reason.NOT_CANONICAL)
    two = (attribute("1.2.3", NULL), attribute("1.2.4", NULL))
    found.passes("attributes in order", around(tcr(3, _with(two))), good)
    octets = around(tcr(3, _with(two[::-1])))
    found.refused("attributes out of order", octets, Reason.NOT_CANONICAL)
    return found


def _attribute(number: str, text: bytes) -> bytes:
    return seq(oid(number), tlv(0x0C, text))


def _is_even(signature: bytes) -> bool:
    """Whether its last bit is zero, as a bit that is unused has to be."""
    return signature[-1] % 2 == 0


def _with_unused_bit() -> bytes:
    """A good signature but for its last bit, which is said to be unused."""
    many = ((attribute(f"1.2.3.{number}", NULL),) for number in count())
    chosen = next(each for each in many if _is_even(pkcs10(attributes=each)))
    right = pkcs10(attributes=chosen)
    return pkcs10(attributes=chosen, unused=b"\1", signature=right[-64:])


def _signed(info: bytes) -> bytes:
    return seq(info, identifier(oids.ID_ED25519), tlv(0x03, b"\0", BOB.sign(info)))


def _named(name: bytes) -> bytes:
    """A PKCS#10 for this name."""
    return _signed(seq(integer(0), name, BOB.spki(), tlv(0xA0)))


def _with(attributes: tuple[bytes, ...]) -> bytes:
    """A PKCS#10 with attributes in this order."""
    return _signed(seq(integer(0), EMPTY, BOB.spki(), tlv(0xA0, *attributes)))


def crmfs() -> Series:
    """The proof is over certReq as received."""
    found = Series(Rule.R1)
    good = Told("verified", pops=("verified",))
    failed = Told(FAILED, POP_INVALID, Rule.R1, pops=("failed",))
    algorithm = identifier(oids.ID_ED25519)
    found.passes("a CRMF request", around(crm()), good)
    request = seq(integer(3), seq(BOB.spki(0xA6)))

    def by(signature: bytes, unused: bytes = b"\0") -> bytes:
        return around(crm(tlv(0xA1, algorithm, tlv(0x03, unused, signature))))

    right = BOB.sign(request)
    found.passes("a CRMF request by hand", by(right), good)
    for text, octets in {
        "signed by another key": by(ALICE.sign(request)),
        "with a signature over its template": by(BOB.sign(seq(BOB.spki(0xA6)))),
        "with a signature of nothing": by(b""),
        "for another key": around(crm(key=ALICE.spki(0xA6))),
        "without a key": around(crm(key=b"")),
        "whose signature has an unused bit": _unused_in_crmf(),
    }.items():
        found.says(f"a CRMF request {text}", octets, failed)
    octets = by(right[:-1] + bytes([right[-1] | 1]), b"\1")
    found.refused("a CRMF request whose unused bit is set", octets, Reason.NOT_CANONICAL)
    ordered = sorted((_attribute("2.5.4.3", b"a"), _attribute("2.5.4.10", b"b")))
    for text, pair in (("in order", ordered), ("out of order", ordered[::-1])):
        name = tlv(0xA5, seq(tlv(0x31, *pair)))
        octets = around(crm(key=name + BOB.spki(0xA6)))
        if text == "in order":
            found.passes("a template with an RDN in order", octets, good)
        else:
            found.refused("a template with an RDN out of order", octets, Reason.NOT_CANONICAL)
    return found


def _unused_in_crmf() -> bytes:
    """The same in a message with a CRMF request."""
    key = BOB.spki(0xA6)
    identifier_, signature = next(
        (number, signature)
        for number in count(3)
        if _is_even(signature := BOB.sign(seq(integer(number), seq(key))))
    )
    popo = tlv(0xA1, identifier(oids.ID_ED25519), tlv(0x03, b"\1", signature))
    return around(crm(popo, body_part_id=identifier_))


def asserted() -> Series:
    """raVerified counts from an RA whom the caller declared."""
    found = Series(Rule.R2)
    octets = around(crm(b"\x80\0"))
    ra = {"authorised_ras": [ALICE.certificate()]}
    found.passes("raVerified by an RA", octets, Told("verified", pops=("ra-asserted",)), **ra)
    absent = Told("verified", pops=("absent",))
    found.says("raVerified by anybody", octets, absent)
    other = {"authorised_ras": [BOB.certificate()]}
    found.says("raVerified by another than the RA", octets, absent, **other)
    batch = Message(content=pki_data(members=members(_by_bob(crm(b"\x80\0"))))).encode()
    inner_ = Told("verified", path=(11,), pops=("absent",))
    found.says("raVerified inside a message of an RA", batch, GOOD, inner_, **ra)
    unsigned = signed_by(content=pki_data(requests=(crm(b"\x80\0"),))).encode()
    row = Told("unsigned", Reason.NO_SIGNER, Rule.V2, pops=("absent",))
    found.says("raVerified by nobody, the RA's certificate beside it", unsigned, row, **ra)
    return found


def _by_bob(request: bytes) -> bytes:
    from kit.messages import Signer

    return signed_by(
        Signer(key=BOB), certificates=(BOB.certificate(),), content=pki_data(requests=(request,))
    ).encode()


def references() -> Series:
    """Notes on controls, which change no verdict."""
    found = Series(Rule.R4)
    data = content_info(oids.ID_DATA, tlv(0x04, b"x"))
    inner_ = Message().encode()
    nested = Told("verified", path=(11,))

    def by(*controls: bytes, held: tuple[bytes, ...] = (inner_,), **parts: Any) -> bytes:
        return around(controls=controls, members=members(*held), **parts)

    def noted(*reasons: Reason, on: int = 1) -> Told:
        return Told("verified", notes=tuple((on, reason) for reason in reasons))

    found.passes("batchRequests of a message", by(control(1, 28, seq(integer(11)))), GOOD, nested)
    for text, value, reasons in (
        ("nowhere", seq(integer(99)), (Reason.DANGLING_REFERENCE,)),
        ("twice to one", seq(integer(11), integer(11)), (Reason.DUPLICATE_REFERENCE,)),
        ("to itself", seq(integer(1)), (Reason.DANGLING_REFERENCE,)),
    ):
        octets = by(control(1, 28, value))
        found.says(f"batchRequests {text}", octets, noted(*reasons), nested)
    octets = by(control(1, 28, seq(integer(11))), held=(data,))
    found.says("batchRequests to id-data", octets, noted(Reason.NOT_A_MESSAGE))
    witness = seq(integer(0), seq(integer(3)))
    found.passes("lraPOPWitness of a request", around(tcr(), controls=[control(1, 11, witness)]))
    octets = around(tcr(4), controls=[control(1, 11, witness)])
    found.says("lraPOPWitness of none", octets, noted(Reason.DANGLING_REFERENCE))
    identification = control(1, 2, tlv(0x0C, b"ee"))
    found.passes("identification once", around(controls=[identification]))
    octets = around(controls=[identification, control(2, 2, tlv(0x0C, b"ee"))])
    found.says("identification twice", octets, noted(Reason.DUPLICATE_CONTROL, on=2))
    extension = seq(oid("2.5.29.15"), tlv(0x04, b"\3\2\7\x80"))
    for times in (1, 2):
        asked = attribute(oids.ID_EXTENSION_REQUEST, seq(*[extension] * times))
        octets = around(tcr(3, pkcs10(attributes=(asked,))))
        if times == 1:
            found.passes("an extension once", octets)
        else:
            found.says("an extension twice", octets, noted(Reason.DUPLICATE_EXTENSION, on=3))
    return found


def inner() -> Series:
    """An inner message has its own verdict, and one that is none spoils no other."""
    found = Series(Rule.R5)
    good = Message().encode()
    bad = Message(certificates=()).encode()
    torn = content_info(oids.ID_SIGNED_DATA, seq(integer(3)))

    def by(*held: bytes) -> bytes:
        return around(members=members(*held))

    first, second, third = (Told("verified", path=(number,)) for number in (11, 12, 13))
    found.passes("three messages", by(good, good, good), GOOD, first, second, third)
    failed = Told(FAILED, Reason.SIGNER_NOT_FOUND, Rule.V8, (12,))
    found.says("a bad one between two", by(good, bad, good), GOOD, first, failed, third)
    broken = Told(MALFORMED, Reason.BAD_TAG, Rule.P3, (12,))
    found.says("one that is none between two", by(good, torn, good), GOOD, first, broken, third,
               refused=Reason.BAD_TAG)  # fmt: skip
    # The other way round: what is inside says nothing about what is around it.
    outer = Message(content=pki_data(members=members(good)), certificates=()).encode()
    found.says("a good one in a bad one", outer,
               Told(FAILED, Reason.SIGNER_NOT_FOUND, Rule.V8), first)  # fmt: skip
    encrypted = seq(
        integer(0), tlv(0x31, _recipient()),
        seq(oid(oids.ID_DATA), identifier("2.16.840.1.101.3.4.1.42", tlv(0x04, bytes(16))),
            tlv(0x80, bytes(16))),
    )  # fmt: skip
    message = Message(content=encrypted, content_type=oids.ID_ENVELOPED_DATA)
    row = Told("unverified", Reason.ENCRYPTED)
    found.says("a good signature over encrypted content", message.encode(), row)
    found.says("encrypted content", content_info(oids.ID_ENVELOPED_DATA, encrypted), row)
    row = Told("unverified", Reason.MAC_UNCHECKED)
    found.says("a MAC", content_info(oids.ID_CT_AUTH_DATA, _maced()), row)
    return found


def _recipient() -> bytes:
    """One with a key that was agreed on before."""
    return tlv(
        0xA2, integer(4), seq(tlv(0x04, b"id")), identifier("2.16.840.1.101.3.4.1.45"),
        tlv(0x04, bytes(40)),
    )  # fmt: skip


def _maced(recipient: bytes | None = None) -> bytes:
    """An AuthenticatedData over a PKIData, whose MAC is zeros."""
    recipient = recipient or _recipient()
    held = seq(oid(oids.ID_CCT_PKI_DATA), tlv(0xA0, tlv(0x04, pki_data())))
    digest = hashlib.sha256(pki_data()).digest()
    attributes = (
        attribute(oids.ID_CONTENT_TYPE, oid(oids.ID_CCT_PKI_DATA)),
        attribute(oids.ID_MESSAGE_DIGEST, tlv(0x04, digest)),
    )
    return seq(
        integer(0), tlv(0x31, recipient), identifier(oids.ID_HMAC_WITH_SHA256),
        tlv(0xA1, *[identifier(oids.ID_SHA256)[2:]]), held,
        tlv(0xA2, *sorted(attributes)), tlv(0x04, bytes(32)),
    )  # fmt: skip


def proofs() -> Series:
    """A wrong proof fails its message; an absent one and a needed challenge do not."""
    found = Series(Rule.R6)
    for text, popo, pop in (
        ("absent", b"", "absent"),
        ("a challenge for a key of encryption", tlv(0xA2, tlv(0x81, b"\1")), "challenge-needed"),
        ("a challenge for a key of agreement", tlv(0xA3, tlv(0x81, b"\1")), "challenge-needed"),
    ):
        found.passes(f"a proof {text}", around(crm(popo)), Told("verified", pops=(pop,)))
    octets = around(tcr(3, pkcs10(algorithm=NO_SIGNATURE, signature=b"")))
    found.passes("a proof of no signature", octets, Told("verified", pops=("absent",)))
    bad = tcr(3, pkcs10(signature=bytes(64)))
    failed = Told(FAILED, POP_INVALID, Rule.R1, pops=("failed",))
    found.says("a wrong proof", around(bad), failed)
    row = Told(FAILED, POP_INVALID, Rule.R1, pops=("verified", "failed", "absent"))
    found.says(
        "a wrong proof between others",
        around(tcr(5), bad, crm(b"", body_part_id=6)), row,
    )  # fmt: skip
    named = tlv(0xA0, tlv(0xA0, tlv(0x82, b"x")), BOB.spki())
    octets = around(crm(poposk_input=named))
    row = Told(FAILED, POP_INVALID, Rule.R6, pops=("failed",))
    found.says("POPOSigningKeyInput", octets, row)
    batch = around(members=[tagged_content_info(around(bad), 11)])
    row = Told(FAILED, POP_INVALID, Rule.R1, (11,), pops=("failed",))
    found.says("a wrong proof inside", batch, GOOD, row)
    return found


def iterations() -> Series:
    """A number of iterations is a number: nothing is derived before somebody asks."""
    found = Series(Rule.P10)
    row = Told("unverified", Reason.MAC_UNCHECKED)

    def by(number: int) -> bytes:
        derivation = tlv(
            0xA0, oid("1.2.840.113549.1.5.12"), seq(tlv(0x04, bytes(8)), integer(number))
        )
        wrap = identifier(
            "1.2.840.113549.1.9.16.3.9", identifier("2.16.840.1.101.3.4.1.42", tlv(0x04, bytes(16)))
        )
        recipient = tlv(0xA3, integer(0), derivation, wrap, tlv(0x04, bytes(48)))
        return content_info(oids.ID_CT_AUTH_DATA, _maced(recipient))

    for number in (1, 1_000_000, 1_000_001, (1 << 31) - 1):
        found.passes(f"{number} iterations, by a password", by(number), row)
    return found
