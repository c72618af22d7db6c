"""Whole messages as plain values, of which every peer builds the objects that it encodes.

The same for all, so that none starts from something that it has decoded, and perhaps kept, before.
And the answers to a batch, of which every peer builds a batch of responses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import cmcodec
from benches import workload
from benches.workload import ID_CMC
from benches.workload.mixes import octets
from cmcodec import types

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST_ID = 101
"""Body part id, or certReqId, of every request."""

IDENTIFICATION = f"{ID_CMC}.2"
IDENTITY_PROOF_V2 = f"{ID_CMC}.34"
RECIPIENT_NONCE = f"{ID_CMC}.7"
STATUS = f"{ID_CMC}.25"
BATCH_RESPONSES = f"{ID_CMC}.29"


class Algorithm(NamedTuple):
    """An algorithm and its parameters in DER: an OBJECT IDENTIFIER, NULL or nothing."""

    oid: str
    parameters: bytes | None


class IdentityProof(NamedTuple):
    """The value of IdentityProofV2."""

    proof_algorithm: Algorithm
    mac_algorithm: Algorithm
    witness: bytes


@dataclass(frozen=True)
class Ingredients:
    """A message of `workload` without its structure."""

    controls: tuple[tuple[int, str, int | bytes | str | IdentityProof], ...]
    """Body part id, type, value."""
    form: str
    subject: tuple[tuple[str, bytes], ...]
    """Types and values in DER, each in an RDN of its own."""
    key_algorithm: Algorithm
    key: bytes
    extensions: tuple[tuple[str, bool, bytes], ...]
    pop_algorithm: Algorithm
    pop: bytes
    signer: bytes
    digest: Algorithm
    message_digest: bytes
    signing_time: datetime
    signature_algorithm: Algorithm
    signature: bytes
    certificates: tuple[bytes, ...]


def messages(der: bytes) -> Iterator[Ingredients]:
    """Of every message nested in a batch."""
    for _, message in cmcodec.load(der).unverified_messages:
        yield _ingredients(message.unverified_structure, message.unverified_content)


def received(der: bytes) -> list[bytes]:
    """Every message nested in a batch, as it stands there."""
    return [message.to_der() for _, message in cmcodec.load(der).unverified_messages]


# --- answers ---------------------------------------------------------------------------------

_CERTIFIED = workload.MIXES["mixed-with-certificates"]


@dataclass(frozen=True)
class Answer:
    """What a response says of its request: success, and the certificate with that of its issuer."""

    transaction_id: int
    sender_nonce: bytes
    recipient_nonce: bytes
    certificates: tuple[bytes, ...]


def answers(der: bytes) -> list[Answer]:
    """To each request of a batch, with certificates like those that it asks for."""
    count = len(cmcodec.load(der).unverified_messages)
    certified = cmcodec.load(workload.batch(count, _CERTIFIED)).unverified_messages
    return [
        Answer(
            transaction_id=workload.facts(index).transaction_id,
            sender_nonce=octets("answer", index, 16),
            recipient_nonce=workload.facts(index).sender_nonce,
            certificates=tuple(it.der for it in message.certificates),
        )
        for index, (_, message) in enumerate(certified)
    ]


def check_built(der: bytes, count: int) -> None:
    """Fails unless this is the batch of the right responses, and every signature in it is good."""
    report = cmcodec.verify_batch(der)
    assert report.counts() == {"verified": count + 1}
    assert not any(row.notes for row in report)
    outer: Any = cmcodec.load(der).unverified_content
    (listed,) = (it for it in outer.control_sequence if it.attr_type == BATCH_RESPONSES)
    found = cmcodec.load(der).unverified_messages
    assert listed.attr_values == (types.BodyPartList(tuple(number for number, _ in found)),)
    right = answers(workload.batch(count))
    for expected, (_, message) in zip(right, found, strict=True):
        content: Any = message.unverified_content
        values = {it.attr_type: it.attr_values[0].value for it in content.control_sequence[:3]}
        assert message.kind == "full-response"
        assert values == {
            workload.TRANSACTION_ID: expected.transaction_id,
            workload.SENDER_NONCE: expected.sender_nonce,
            RECIPIENT_NONCE: expected.recipient_nonce,
        }
        assert content.control_sequence[3].attr_values[0] == SUCCESS
        assert set(expected.certificates) <= {it.der for it in message.certificates}


SUCCESS = types.CMCStatusInfoV2(
    cmc_status=types.CMCStatus.SUCCESS,
    body_list=(types.BodyPartReference(body_part_id=REQUEST_ID),),
)
"""The status of every request."""

# --- decoding --------------------------------------------------------------------------------


def _ingredients(structure: Any, content: Any) -> Ingredients:
    request = content.req_sequence[0]
    if request.tcr is not None:
        form, info = "pkcs10", request.tcr.certification_request.certification_request_info
        subject, key = info.subject, info.subject_public_key_info
        extensions = info.attributes[0].attr_values[0].value
        pop_algorithm = request.tcr.certification_request.signature_algorithm
        pop = request.tcr.certification_request.signature
    else:
        form, template = "crmf", request.crm.cert_req.cert_template
        subject, key = template.subject, template.public_key
        extensions = template.extensions
        pop_algorithm = request.crm.popo.signature.algorithm_identifier
        pop = request.crm.popo.signature.signature
    (signer_info,) = structure.content.signer_infos
    attributes = {it.attr_type.rpartition(".")[2]: it for it in signer_info.signed_attrs}
    return Ingredients(
        controls=tuple(
            (it.body_part_id, it.attr_type, _control(it.attr_values[0]))
            for it in content.control_sequence
        ),
        form=form,
        subject=tuple((it.type, it.value.der) for rdn in subject.rdn_sequence for it in rdn),
        key_algorithm=_algorithm(key.algorithm),
        key=key.subject_public_key.data,
        extensions=tuple((it.extn_id, it.critical, it.extn_value) for it in extensions),
        pop_algorithm=_algorithm(pop_algorithm),
        pop=pop.data,
        signer=signer_info.sid.subject_key_identifier,
        digest=_algorithm(signer_info.digest_algorithm),
        message_digest=attributes["4"].attr_values[0].value,
        signing_time=attributes["5"].attr_values[0].value.utc_time.replace(tzinfo=UTC),
        signature_algorithm=_algorithm(signer_info.signature_algorithm),
        signature=signer_info.signature,
        certificates=tuple(it.certificate.der for it in structure.content.certificates or ()),
    )


def _control(value: Any) -> int | bytes | str | IdentityProof:
    if isinstance(value, types.IdentityProofV2):
        algorithms = _algorithm(value.proof_alg_id), _algorithm(value.mac_alg_id)
        return IdentityProof(*algorithms, value.witness)
    plain: int | bytes | str = value.value
    return plain


def _algorithm(identifier: Any) -> Algorithm:
    parameters = identifier.parameters
    return Algorithm(identifier.algorithm, None if parameters is None else parameters.der)
