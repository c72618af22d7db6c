"""What an RA sends on for a client (RFC 10002 §6.5, §6.8, §6.19, §6.20 and §8).

A signed message goes on as it is; what was encrypted for the RA, without the envelope and the
signatures around it. What the next server cannot check, a MAC whose secret only the RA has, is
taken away: the requests go on unchanged in a PKIData of the RA, with the controls that the client
sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Self, final

from cmcodec import oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.builders.parts import allocated, references
from cmcodec.cms.signing import sign_octets
from cmcodec.roles import records
from cmcodec.roles.applications import requester_record
from cmcodec.roles.decisions import Issue
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.cms.signing import SigningKey
    from cmcodec.roles.service.cases import Case

__all__ = ["OWN", "Entry", "Said", "changes", "is_bare", "is_remade", "own", "remade", "said"]

_IDENTITY: Final = (oids.ID_CMC_IDENTITY_PROOF, oids.ID_CMC_IDENTITY_PROOF_V2)
_FIELDS: Final = tuple(
    each.name for each in fields(types.CertTemplate) if each.name != "extensions"
)


@final
@dataclass(frozen=True, slots=True)
class Said:
    """What an RA says of a client's message, by ids in it.

    ``identified``: the proofs of identity that it has checked, or the requests whose sender it
    knows; 0 is the message. ``processed``: the controls that it has dealt with. ``possessed``: the
    requests whose keys it knows the sender to have. ``changes``: what requests are to have instead,
    and whether it replaces or is deleted.
    """

    identified: tuple[int, ...] = ()
    processed: tuple[int, ...] = ()
    possessed: tuple[int, ...] = ()
    changes: tuple[tuple[int, types.CertTemplate, bool], ...] = ()

    def controls(self, member: int) -> Iterator[tuple[str, Any]]:
        """As controls of the RA's message; ``member``: where the client's is in it, 0: itself."""
        around = (member,) if member else ()
        for number in self.identified:
            value = types.BodyPartPath((*around, number) if number else around)
            yield oids.ID_CMC_RA_IDENTITY_WITNESS, value
        if self.processed:
            parts = references((*around, number) for number in self.processed)
            yield oids.ID_CMC_CONTROL_PROCESSED, types.ControlsProcessed(body_list=parts)
        if self.possessed:
            witness = types.LraPopWitness(pki_data_bodyid=member, body_ids=self.possessed)
            yield oids.ID_CMC_LRA_POP_WITNESS, witness
        for number, template, is_new in self.changes:
            yield (
                oids.ID_CMC_MOD_CERT_TEMPLATE,
                types.ModCertTemplate(
                    pki_data_reference=types.BodyPartPath((member,)),
                    cert_references=types.BodyPartList((number,)),
                    replace=is_new,
                    cert_template=template,
                ),
            )

    def record(self) -> dict[str, Any]:
        """As a record has it."""
        changed = [(number, records.text(each.to_der()), new) for number, each, new in self.changes]
        return {
            "identified": self.identified,
            "processed": self.processed,
            "possessed": self.possessed,
            "changes": changed,
        }

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """And back."""
        return cls(
            tuple(record["identified"]),
            tuple(record["processed"]),
            tuple(record["possessed"]),
            tuple(
                (number, types.CertTemplate.from_der(records.octets(template)), new)
                for number, template, new in record["changes"]
            ),
        )


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """What goes on, and how its answer comes back.

    ``way``: ``"as-is"``; ``"opened"``, what was in an envelope, and ``"remade"``, where the answer
    is made for the message of ``original``; and those of `OWN`. ``more``: what else is kept.
    """

    octets: bytes
    about: Said
    way: str
    original: Case | None
    more: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As a record has it."""
        made: dict[str, Any] = {
            "octets": records.text(self.octets),
            "said": self.about.record(),
            "way": self.way,
            "digest": None,
            **{
                key: records.text(value) if isinstance(value, bytes) else value
                for key, value in self.more.items()
            },
        }
        if self.original is not None:
            arrival = self.original.arrival
            made["digest"] = arrival.digest.hex()
            made["original"] = records.text(arrival.message.to_der())
            made["requester"] = requester_record(self.original.requester)
        return made


OWN: Final = ("bare", "vouched", "generated")
"""Ways in which the RA is the client of the next server: of a client without CMC."""


def is_bare(case: Case) -> bool:
    """Whether a message is a PKCS#10 alone."""
    return isinstance(case.arrival.content, types.CertificationRequest)


def is_remade(case: Case) -> bool:
    """Whether the next server gets the requests in a PKIData of the RA."""
    return is_bare(case) or (case.arrival.is_maced and case.arrival.opened is not None)


def said(case: Case) -> Said:
    """What there is to say of a client's message, of which all proofs are right (R-164, R-209)."""
    changed = [
        (asked.number, template, is_new)
        for asked in case.asked
        if isinstance(asked.decision, Issue) and asked.decision.template is not None
        for template, is_new in changes(case.templates[asked.number,], asked.decision.template)
    ]
    identified: tuple[int, ...] = ()
    processed: tuple[int, ...] = ()
    possessed = tuple(asked.number for asked in case.asked if asked.is_decrypted)
    if is_remade(case):
        identified = tuple(asked.number for asked in case.asked)
    elif case.is_proved and _proofs(case):
        identified = processed = _proofs(case)
    elif case.requester.kind != "none" and possessed and case.arrival.signer is None:
        # It answers the challenge to a message that had the proof.
        identified = (0,)
    return Said(identified, processed, possessed, tuple(changed))


def _proofs(case: Case) -> tuple[int, ...]:
    return tuple(number for each in _IDENTITY for number, _ in case.arrival.control(each))


def remade(case: Case, signer: SigningKey) -> bytes:
    """The PKIData of the RA in the place of one under a MAC (R-176, R-178).

    The requests are those of the client, octet by octet (R-173). So are the controls, but for the
    proofs that the RA has checked, of which it says that they were right (R-166).
    """
    content, about = case.arrival.content, said(case)
    checked = {oids.ID_CMC_DECRYPTED_POP} if about.possessed else set()
    controls = [
        each for each in content.control_sequence if each.attr_type not in (*_IDENTITY, *checked)
    ]
    requests = case.arrival.requests
    return _own_message(tuple(controls), requests, about, signer, case.unsigned_data)


def own(
    request: types.TaggedRequest,
    about: Said,
    signer: SigningKey,
    random: Callable[[int], bytes],
) -> tuple[bytes, bytes]:
    """A PKIData of the RA with one request, in a transaction of its own (R-174).

    Returns it with the transaction id, in 16 octets.
    """
    key = random(16)
    builder = RequestBuilder(random=random).transaction(int.from_bytes(key, "big"))
    ids = (number for number in count(1) if number != request_id(request))
    controls = tuple(
        replace(each, body_part_id=number)
        for number, each in zip(ids, builder.content().control_sequence, strict=False)
    )
    return _own_message(controls, (request,), about, signer), key


def _own_message(
    controls: tuple[types.TaggedAttribute, ...],
    requests: tuple[types.TaggedRequest, ...],
    about: Said,
    signer: SigningKey,
    unsigned_data: tuple[types.CMCUnsignedData, ...] = (),
) -> bytes:
    """A PKIData of the RA with requests of others, and what it says of them."""
    own = list(about.controls(0))
    taken = [each.body_part_id for each in controls] + list(map(request_id, requests))
    ids = allocated([*taken, *(None for _ in own)])[len(taken) :]
    more = tuple(
        types.TaggedAttribute(body_part_id=number, attr_type=attr_type, attr_values=(value,))
        for number, (attr_type, value) in zip(ids, own, strict=True)
    )
    made = types.PKIData(
        control_sequence=(*controls, *more),
        req_sequence=requests,
        cms_sequence=(),
        other_msg_sequence=(),
    )
    return sign_octets(oids.ID_CCT_PKI_DATA, made.to_der(), signer, unsigned_data=unsigned_data)


def changes(
    asked: types.CertTemplate, decided: types.CertTemplate
) -> list[tuple[types.CertTemplate, bool]]:
    """The difference of two templates: what replaces or adds, and what is deleted (R-111)."""
    before = {each.extn_id: each for each in asked.extensions or ()}
    after = {each.extn_id: each for each in decided.extensions or ()}
    new: dict[str, Any] = {}
    gone: dict[str, Any] = {}
    for name in _FIELDS:
        old, value = getattr(asked, name), getattr(decided, name)
        if value is not None and value != old:
            new[name] = value
        elif value is None and old is not None:
            gone[name] = old
    added = tuple(each for key, each in after.items() if before.get(key) != each)
    removed = tuple(each for key, each in before.items() if key not in after)
    found = []
    if new or added:
        found.append((types.CertTemplate(**new, extensions=added or None), True))
    if gone or removed:
        found.append((types.CertTemplate(**gone, extensions=removed or None), False))
    return found
