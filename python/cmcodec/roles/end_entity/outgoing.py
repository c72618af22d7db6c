"""Who signs the messages of an end entity, and what is around them (RFC 10002 §3.2 and §5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from cmcodec import cms, oids, types
from cmcodec.arguments import moment
from cmcodec.asn1 import BitString
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.builders.finished import asked_identifier, finished, id_of
from cmcodec.builders.new_requests import asked_extensions
from cmcodec.builders.parts import allocated
from cmcodec.builders.unsigned import without_signers
from cmcodec.cms import SigningKey, private_keys
from cmcodec.errors import SigningError
from cmcodec.verify.path import readable, signer_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cmcodec.builders.requests import Request
    from cmcodec.message import Message
    from cmcodec.roles.ee import Client
    from cmcodec.roles.end_entity.asked import Asked

__all__ = [
    "Outgoing",
    "answering",
    "enveloped",
    "first",
    "linked",
    "polling",
    "revoking",
    "settling",
    "simple",
    "with_requests",
]


class Outgoing(NamedTuple):
    """A message, and the octets that are sent: the same, or an envelope around it."""

    message: bytes
    octets: bytes


# --- the first message -----------------------------------------------------------------------


def with_requests(
    builder: RequestBuilder, requests: Sequence[Request]
) -> tuple[RequestBuilder, dict[int, NewRequest]]:
    """A builder with these requests, whose ids come first; and those whose keys are known."""
    given = [each if isinstance(each, NewRequest) else finished(each) for each in requests]
    numbers = allocated(
        each.body_part_id if isinstance(each, NewRequest) else id_of(each) for each in given
    )
    for each, number in zip(given, numbers, strict=True):
        builder = builder.add_request(each, body_part_id=number)
    new = zip(numbers, given, strict=True)
    return builder, {number: each for number, each in new if isinstance(each, NewRequest)}


def simple(requests: Sequence[Request]) -> types.TaggedRequest | None:
    """The sole PKCS#10 that proves possession itself: what may be a Simple PKI Request."""
    if len(requests) != 1:
        return None
    (request,) = requests
    if isinstance(request, NewRequest):
        if request.form != "pkcs10" or request.pop not in ("signature", "dh"):
            return None
        request = replace(request, body_part_id=None)
    else:
        asked = finished(request)
        if isinstance(asked, types.TaggedRequest):
            if asked.tcr is None:
                return None
            asked = asked.tcr.certification_request
        if asked.signature_algorithm.algorithm == oids.ID_ALG_NO_SIGNATURE:
            return None
        request = asked
    return RequestBuilder().add_request(request, body_part_id=1).content().req_sequence[0]


def first(
    client: Client, builder: RequestBuilder, new: dict[int, NewRequest], *, identify: bool
) -> Outgoing:
    """The first message with certification requests.

    Signed by the client's signer; else by the first key of a request that can sign; else, or where
    the client says so, with a MAC by the secret; else by nobody. Where it is to be encrypted, no
    MAC takes the place of a signature: what has one is in no envelope.
    """
    builder = _decorated(client, builder)
    number = next((number for number, each in new.items() if _signs(each)), None)
    is_secret = client.secret is not None
    by_key = number is not None and not client.mac
    if client.signer is None and not by_key and is_secret and (client.mac or not client.encrypt_to):
        return _maced(client, builder)
    if identify:
        builder = _identified(client, builder)
    if client.signer is not None:
        return _signed(client, builder, client.signer)
    if by_key:
        return enveloped(client, builder.sign_with_request_key(number))
    return enveloped(client, builder.without_signature())


def linked(client: Client, builder: RequestBuilder) -> RequestBuilder:
    """With a POP link (§6.3.1); for old servers in the first version too."""
    assert client.secret is not None
    if client.compatibility:
        builder = builder.link_pop(client.secret, version=1)
    return builder.link_pop(client.secret)


def revoking(client: Client, builder: RequestBuilder, request: types.RevokeRequest) -> Outgoing:
    """A revocation: signed, else with a MAC where the client says so, else with the secret in it.

    Raises `ValueError` for a client that has neither a signer nor a secret.
    """
    if client.signer is not None or client.mac or client.secret is None:
        return asking(client, builder.add_control(request))
    builder = builder.add_control(replace(request, shared_secret=client.secret))
    if client.identification is not None:
        builder = builder.add_control(types.Identification(client.identification))
    builder = _decorated(client, builder)
    return enveloped(client, builder.without_signature())


def asking(client: Client, builder: RequestBuilder) -> Outgoing:
    """A first message without requests: signed, else with a MAC.

    Raises `ValueError` for a client that has neither a signer nor a secret.
    """
    return _controls(client, _decorated(client, builder))


def _controls(client: Client, builder: RequestBuilder) -> Outgoing:
    """A message without requests: signed, else with a MAC; raises `ValueError` without both."""
    if client.signer is not None:
        return _signed(client, builder, client.signer)
    if client.secret is None:
        raise ValueError("a signer or a secret is needed")
    return _maced(client, builder)


def _identified(client: Client, builder: RequestBuilder) -> RequestBuilder:
    """With a proof of the secret (§6.2); for old servers in the first version too."""
    assert client.secret is not None
    if client.compatibility:
        builder = builder.identify(client.secret, client.identification, version=1)
    return builder.identify(client.secret, client.identification)


def _decorated(client: Client, builder: RequestBuilder) -> RequestBuilder:
    """With what the caller adds: what the client relies on stays, and it knows every request."""
    if client.decorate is None:
        return builder
    made = client.decorate(builder)
    if not isinstance(made, RequestBuilder):
        raise TypeError(f"decorate returns a RequestBuilder, not {type(made).__name__}")
    if not made.extends(builder):
        raise ValueError("decorate: adds no request and takes nothing away")
    return made


# --- later ones ------------------------------------------------------------------------------


def answering(
    client: Client, builder: RequestBuilder, items: Iterable[Asked], *, identify: bool
) -> Outgoing:
    """Answers to challenges, beside the requests, of which one signs if its key can."""
    signer = client.signer or _first_signer(items)
    if signer is None and client.secret is not None and not client.encrypt_to:
        return _maced(client, builder)
    if identify:
        builder = _identified(client, builder)
    if signer is not None:
        return _signed(client, builder, signer)
    return enveloped(client, builder.without_signature())


def settling(client: Client, builder: RequestBuilder, item: Asked) -> Outgoing:
    """That a certificate is accepted or rejected, signed by its key under it."""
    assert item.certificate is not None
    signer = client.signer
    if signer is None and _may_sign(client, item.certificate):
        signer = _signer_of(item, item.certificate)
    if signer is not None:
        return _signed(client, builder, signer)
    return polling(client, builder, (item,))


def polling(client: Client, builder: RequestBuilder, items: Sequence[Asked]) -> Outgoing:
    """A message about requests that are not in it: with a MAC, or else with them in it again."""
    if client.signer is not None or client.secret is not None:
        return _controls(client, builder)
    for item in items:
        builder = builder.add_request(item.request)
    signer = _first_signer(items)
    if signer is not None:
        return _signed(client, builder, signer)
    return enveloped(client, builder.without_signature())


# --- who ----------------------------------------------------------------------------------------


def _signs(request: NewRequest) -> bool:
    """Whether the key of a request can sign; one for encryption is not to, if it could."""
    if request.pop in ("no-signature", "dh") or (
        request.pop == "challenge" and not _is_for_signatures(request)
    ):
        return False
    if isinstance(request.key, SigningKey):
        return True
    try:
        private_keys.usual(request.key)
    except SigningError:
        return False
    return True


def _is_for_signatures(request: NewRequest) -> bool:
    """What the keyUsage that is asked for says, where there is one (RFC 5280 §4.2.1.3)."""
    usages = [
        BitString.from_der(each.extn_value)
        for each in asked_extensions(request)
        if each.extn_id == oids.ID_CE_KEY_USAGE
    ]
    signs = (types.KeyUsage.DIGITAL_SIGNATURE, types.KeyUsage.NON_REPUDIATION)
    return all(any(each in usage for each in signs) for usage in usages)


def _may_sign(client: Client, certificate: bytes) -> bool:
    """Whether a certificate is for signatures too."""
    found = readable(certificate)
    if found is None or found.facts is None:
        return False
    return signer_fault(found, max(moment("clock", client.clock()), found.facts.since)) is None


def _first_signer(items: Iterable[Asked]) -> SigningKey | None:
    return next((signer for item in items if (signer := _signer_of(item)) is not None), None)


def _signer_of(item: Asked, certificate: bytes | None = None) -> SigningKey | None:
    """The key of a request under a certificate, or under the identifier that it asks for."""
    if item.new is None or not _signs(item.new):
        return None
    key = item.new.key
    identifier = asked_identifier(item.request) if certificate is None else None
    if certificate is None and identifier is None:
        return None
    if isinstance(key, SigningKey):
        return replace(key, certificate=certificate, key_identifier=identifier)
    return SigningKey.from_private_key(
        key, certificate, key_identifier=identifier, algorithm=item.new.algorithm
    )


# --- what is around --------------------------------------------------------------------------


def _signed(client: Client, builder: RequestBuilder, signer: SigningKey) -> Outgoing:
    return enveloped(client, builder.sign(signer), signer)


def _maced(client: Client, builder: RequestBuilder) -> Outgoing:
    """A message with a MAC is in no envelope (R-231)."""
    assert client.secret is not None
    octets = builder.authenticate(
        client.secret, client.identification or "", iterations=client.iterations
    )
    return Outgoing(octets, octets)


def enveloped(client: Client, message: bytes, signer: SigningKey | None = None) -> Outgoing:
    """A message in an envelope, if the client wants that, and that signed where there is a name."""
    if not client.encrypt_to:
        return Outgoing(message, message)
    envelope = cms.encrypt(message, client.encrypt_to, random=client.random)
    if signer is not None and signer.certificate is not None:
        envelope = cms.sign_envelope(envelope, signer)
    return Outgoing(message, envelope)


# --- secrets that are in it --------------------------------------------------------------------


def without_secret(message: Message) -> bytes | None:
    """The content of a revocation by secret, without the secret; None for any other message."""
    content = message.unverified_content
    if not isinstance(content, types.PKIData):
        return None
    controls = tuple(map(_blank, content.control_sequence))
    if controls == tuple(content.control_sequence):
        return None
    return replace(content, control_sequence=controls).to_der()


def with_secret(content: types.PKIData, secret: bytes) -> bytes:
    """And the message with it again."""
    controls = tuple(
        replace(
            each,
            attr_values=tuple(
                replace(value, shared_secret=secret)
                if isinstance(value, types.RevokeRequest)
                else value
                for value in each.attr_values
            ),
        )
        for each in content.control_sequence
    )
    octets = replace(content, control_sequence=controls).to_der()
    return without_signers(oids.ID_CCT_PKI_DATA, octets)


def _blank(control: types.TaggedAttribute) -> types.TaggedAttribute:
    values = tuple(
        replace(value, shared_secret=None) if isinstance(value, types.RevokeRequest) else value
        for value in control.attr_values
    )
    return replace(control, attr_values=values)
