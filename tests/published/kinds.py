"""A message of each kind; identity proofs and POP links that hold, and some that do not."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids
from cmcodec.reasons import Reason, Rule
from hostile.case import GOOD, VERIFIED, Told
from hostile.keys import rsa
from kit.der import EMPTY, NULL, attribute, identifier, integer, oid, seq, tlv
from kit.keys import ALICE, BOB
from kit.messages import (
    Message,
    Signer,
    control,
    crm,
    members,
    pkcs10,
    pki_data,
    pki_response,
    signed_by,
    tcr,
)

from . import answers
from .controls import HMAC_SHA256, SHA256, octets, text
from .vector import Vector, slug

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVED: Final = Told(VERIFIED, pops=("verified",))
UNSIGNED: Final = Told("unsigned")
SIGNED: Final[dict[str, Any]] = {"signature": "valid", "algorithms": ("Ed25519",)}


def vectors() -> Iterator[Vector]:
    """All of them."""
    yield from _full_requests()
    yield from _full_responses()
    yield from _others()
    yield from _identity_proofs()
    yield from _links()


def _of(
    kind: str, title: str, rule: str, message: Message | bytes, *rows: Told, **more: Any
) -> Vector:
    return Vector(
        id=f"kinds/{kind}/{slug(title)}",
        kind=kind,
        title=title,
        rules=(rule,),
        octets=message if isinstance(message, bytes) else message.encode(),
        rows=rows,
        **more,
    )


def _response(*controls: bytes, held: tuple[bytes, ...] = (), **fields: Any) -> Message:
    content = pki_response(controls, members(*held))
    return Message(content=content, content_type=oids.ID_CCT_PKI_RESPONSE, **fields)


REQUEST: Final = Message(content=pki_data([control(1, 5, integer(77))], [tcr()])).encode()
WITH_IDENTIFIER: Final = pkcs10(
    attributes=(attribute(oids.ID_EXTENSION_REQUEST, seq(BOB.extension())),)
)
BOTH: Final = (ALICE.certificate(1), BOB.certificate(2))


def _full_requests() -> Iterator[Vector]:
    kind = "full-request"
    yield _of(kind, "a PKCS#10", "R-005", REQUEST, PROVED, **SIGNED)
    by_crmf = Message(content=pki_data(requests=[crm()]))
    yield _of(kind, "a CRMF request", "R-004", by_crmf, PROVED, **SIGNED)
    other = tlv(0xA2, integer(5), oid("1.2.3"), NULL)
    three = Message(content=pki_data(requests=[tcr(), crm(body_part_id=4), other]))
    row = Told(VERIFIED, pops=("verified", "verified", "absent"))
    yield _of(kind, "requests of three forms", "R-030", three, row, **SIGNED)
    yield _of(kind, "nothing", "R-029", Message(), GOOD, **SIGNED)
    own = signed_by(
        Signer(key=BOB, sid=BOB.by_ski()),
        content=pki_data(requests=[tcr(3, WITH_IDENTIFIER)]),
        certificates=(),
    )
    yield _of(kind, "signed with the key of its request", "R-021", own, PROVED,
              algorithms=("Ed25519",))  # fmt: skip
    two = signed_by(Signer(), Signer(key=BOB, sid=BOB.by_serial(2)), certificates=BOTH)
    yield _of(kind, "two signers", "R-051", two, GOOD, **SIGNED)
    named = signed_by(Signer(sid=ALICE.by_ski()))
    yield _of(kind, "a signer by key identifier", "R-214", named, GOOD, **SIGNED)
    algorithm = identifier(oids.SHA256_WITH_RSA_ENCRYPTION, NULL)
    by_rsa = signed_by(
        Signer(key=rsa(), digest=SHA256, hash="sha256", algorithm=algorithm),
        certificates=(rsa().certificate(),),
        digests=(SHA256,),
    )
    yield _of(kind, "signed with RSA", "R-196", by_rsa, GOOD, signature="valid",
              algorithms=("sha256WithRSAEncryption",))  # fmt: skip
    controls = [control(1, 28, seq(integer(11), integer(12)))]
    batch = Message(content=pki_data(controls, members=members(REQUEST, REQUEST)))
    inside = (Told(VERIFIED, path=(number,), pops=("verified",)) for number in (11, 12))
    yield _of(kind, "a batch", "R-155", batch, GOOD, *inside, **SIGNED)
    armoured = b"-----BEGIN CMC-----\n" + base64.encodebytes(REQUEST) + b"-----END CMC-----\n"
    yield _of(kind, "armoured", "P4", armoured, PROVED, algorithms=("Ed25519",),
              optional="what may stand around a message as text")  # fmt: skip


def _full_responses() -> Iterator[Vector]:
    kind = "full-response"
    success = control(1, 25, seq(integer(0), seq(integer(1))))
    status = _response(success)
    yield _of(kind, "a status", "R-068", status, GOOD, **SIGNED)
    batch = _response(control(1, 29, seq(integer(11))), held=(status.encode(),))
    inside = Told(VERIFIED, path=(11,))
    yield _of(kind, "answers to a batch", "R-156", batch, GOOD, inside, **SIGNED)
    issued = _response(success, certificates=BOTH)
    yield _of(kind, "a certificate", "R-069", issued, GOOD, **SIGNED)
    failed = control(1, 25, seq(integer(2), seq(integer(0)), integer(13)))
    nobody = _response(failed, signers=(), certificates=(), digests=())
    row = Told("unsigned", Reason.NO_SIGNER, Rule.V2)
    yield _of(kind, "of whom cannot sign", "R-053", nobody, row, signature="invalid")


def _others() -> Iterator[Vector]:
    yield _of("simple-request", "a PKCS#10", "R-003", pkcs10(), PROVED)
    yield _of("simple-request", "with an extension", "R-012", WITH_IDENTIFIER, PROVED)
    for title, certificates in (("a certificate", BOTH[:1]), ("two certificates", BOTH)):
        held = seq(
            integer(1), tlv(0x31), seq(oid(oids.ID_DATA)), tlv(0xA0, *sorted(certificates)),
            tlv(0x31),
        )  # fmt: skip
        octets_ = seq(oid(oids.ID_SIGNED_DATA), tlv(0xA0, held))
        yield _of("simple-response", title, "R-062", octets_, UNSIGNED)
    wrapped = signed_by(Signer(), content=pkcs10(), content_type=oids.ID_DATA, version=1)
    yield _of("wrapped-request", "a PKCS#10", "V1", wrapped, PROVED, given={"wrapped": True},
              optional="no standard has a PKCS#10 in id-data", **SIGNED)  # fmt: skip


# --- proofs --------------------------------------------------------------------------------------


def _proof(title: str, rule: str, content: bytes, fails: Reason | None = None) -> Vector:
    return Vector(
        id=f"proofs/{slug(title)}",
        kind="full-request",
        title=title,
        rules=(rule,),
        octets=Message(content=content).encode(),
        rows=(PROVED,),
        needs={"secret": answers.SECRET.decode()} | ({} if fails is None else {"fails": fails}),
        **SIGNED,
    )


def _identity_proofs() -> Iterator[Vector]:
    requests = seq(tcr())
    alone, both = answers.SECRET, answers.SECRET + answers.IDENTIFICATION.encode()
    identification = control(1, 2, text(answers.IDENTIFICATION))

    def proof(title: str, rule: str, *controls: bytes, fails: Reason | None = None) -> Vector:
        return _proof(title, rule, pki_data(controls, [tcr()]), fails)

    def second(secret: bytes, over: bytes = requests, size: int = 32) -> bytes:
        witness = answers.proof("sha256", secret, over)[:size]
        return control(2, 34, seq(SHA256, HMAC_SHA256, octets(witness)))

    first = control(2, 3, octets(answers.proof("sha1", both, requests)))
    yield proof("identityProof", "R-091", identification, first)
    yield proof("identityProofV2", "R-088", identification, second(both))
    yield proof("identityProofV2 without identification", "R-092", second(alone))
    for title, made in {
        "with another secret": second(both + b"x"),
        "without the identification that is there": second(alone),
        "over other requests": second(both, EMPTY),
        "of half the octets": second(both, size=16),
        "of nothing": second(both, size=0),
    }.items():
        yield proof(f"identityProofV2 {title}", "R-089", identification, made,
                    fails=Reason.IDENTITY_PROOF_WRONG)  # fmt: skip


def _links() -> Iterator[Vector]:
    random = control(1, 22, octets(answers.RANDOM))

    def linked(*witnesses: bytes) -> bytes:
        """A PKIData with a request with these attributes."""
        return pki_data([random], [tcr(3, pkcs10(attributes=witnesses))])

    def second(secret: bytes) -> bytes:
        witness = octets(answers.proof("sha256", secret, answers.RANDOM))
        return attribute(oids.ID_CMC_POP_LINK_WITNESS_V2, seq(SHA256, HMAC_SHA256, witness))

    witness = octets(answers.proof("sha1", answers.SECRET, answers.RANDOM))
    first = attribute(oids.ID_CMC_POP_LINK_WITNESS, witness)
    yield _proof("popLinkWitness", "R-103", linked(first))
    yield _proof("popLinkWitnessV2", "R-100", linked(second(answers.SECRET)))
    yield _proof("popLinkWitnessV2 with another secret", "R-102",
                 linked(second(answers.SECRET + b"x")), Reason.POP_LINK_WRONG)  # fmt: skip
    yield _proof("popLinkWitness that is not there", "R-102", linked(), Reason.POP_LINK_MISSING)
