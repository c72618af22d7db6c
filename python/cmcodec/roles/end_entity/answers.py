"""What an end entity reads in a response, in the order of its work (RFC 10002 §4 and §6).

First the layers are opened and whoever answers is looked at, then the conversation, and only then
what the response says: its statuses, what a secret authenticates in it, trust anchors, and the
responses it refers to, which are read in the same way.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn, final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from cmcodec import cms, controls, oids, types
from cmcodec.arguments import moment
from cmcodec.asn1 import TLV
from cmcodec.cms.envelopes import encrypted_content, layer_of
from cmcodec.cms.identifiers import elements
from cmcodec.controls import auth_data, conversation, references, statuses, trust_anchors
from cmcodec.errors import (
    DecodeError,
    DecryptionError,
    LimitError,
    ProofError,
    VerificationError,
)
from cmcodec.limits import MAX_MESSAGE_LAYERS
from cmcodec.message import Message, load
from cmcodec.reasons import Reason, Rule
from cmcodec.roles.servers import is_server
from cmcodec.types.controls import CMCFailInfo
from cmcodec.verify.trust import Checker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from cmcodec.cms import Opened, RecipientKey
    from cmcodec.roles.ee import Client
    from cmcodec.verify.verdict import Signer

__all__ = ["Answer", "challenges_in", "read"]

_LOG: Final = logging.getLogger("cmcodec.ee")
_ENVELOPES: Final = (types.EnvelopedData, types.AuthEnvelopedData)


@final
@dataclass(slots=True, kw_only=True)
class Answer:
    """What a response says, with all responses that it refers to.

    ``messages``: those that say something, the outermost first; none for a Simple PKI Response.
    ``certificates`` and ``crls`` came with them, each once, and nobody is to trust them for that.
    ``keys``: made by an RA. ``anchors``: the hashes of those that were published.
    ``response_info``: the values of these controls, in their order.
    """

    messages: list[Message] = field(default_factory=list)
    statuses: list[types.CMCStatusInfoV2] = field(default_factory=list)
    certificates: dict[bytes, None] = field(default_factory=dict)
    crls: dict[bytes, None] = field(default_factory=dict)
    keys: list[PrivateKeyTypes] = field(default_factory=list)
    anchors: tuple[bytes, ...] = ()
    response_info: list[bytes] = field(default_factory=list)

    def challenges(self) -> list[types.TaggedRequest]:
        """The requests whose keys are to be proved by decryption."""
        return [
            challenge.request for message in self.messages for challenge in challenges_in(message)
        ]

    def carry(self, message: Message) -> None:
        """Takes what a message carries in its wrapper."""
        self.certificates |= dict.fromkeys(each.der for each in message.certificates)
        self.crls |= dict.fromkeys(each.der for each in message.crls)


def challenges_in(message: Message) -> list[types.EncryptedPOP]:
    """The challenges of one response."""
    content = message.unverified_content
    assert isinstance(content, types.PKIResponse)
    return [value for _, value in content.find(oids.ID_CMC_ENCRYPTED_POP)]


def read(
    client: Client,
    sent: Message | None,
    octets: bytes,
    *,
    unsigned: bool,
    keys: Sequence[RecipientKey] = (),
) -> Answer:
    """What a server says to the message that was sent; None where it was not asked.

    ``unsigned``: whether a Simple PKI Response may be the answer. ``keys`` open it beside those of
    the client.

    Raises what `load` and `Message.open` raise; `VerificationError` (``no_signer``) for a Simple
    PKI Response that may not be, ``wrong_content_type`` for what is no response, ``not_permitted``
    for a signer who is no server; and what the checks of `cmcodec.controls` raise.
    """
    message = load(octets)
    answer = Answer()
    if message.kind == "simple-response":
        if not unsigned:
            raise VerificationError(Reason.NO_SIGNER, rule=Rule.V2)
        answer.carry(message)
        return answer
    reader = _Reader(client, sent, answer, keys)
    opened = reader.open(message)
    conversation.check(opened, sent, compatibility=client.compatibility)
    reader.take(opened)
    return answer


@final
class _Reader:
    """Reads one response and those inside it, each once."""

    __slots__ = ("_answer", "_checker", "_client", "_keys", "_now", "_seen", "_sent")

    def __init__(
        self, client: Client, sent: Message | None, answer: Answer, keys: Sequence[RecipientKey]
    ) -> None:
        self._client, self._sent, self._answer = client, sent, answer
        self._now = moment("clock", client.clock())
        self._keys = (*_keys_of(client), *keys)
        self._checker = Checker(client.trust, [], self._now)
        self._seen: set[Message] = set()

    def open(self, message: Message) -> Opened:
        """A response of somebody who may answer."""
        trust = self._client.trust
        # A server need not send what the client has already.
        known = () if callable(trust) else trust
        opened = message.open(self._keys, trust=trust, certificates=known, at=self._now)
        if not isinstance(opened.content, types.PKIResponse):
            raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
        if opened.origin != "mac":
            self._check_signers(opened)
        controls.check(opened.content, compatibility=self._client.compatibility)
        return opened

    def _check_signers(self, opened: Opened) -> None:
        """Every signer is a server, under one of the certificates of its key at least."""
        carried = [each.der for each in opened.message.certificates]
        paths = self._checker.paths(carried)
        for signer in opened.signers:
            named = (signer.named(each) for each in signer.candidates)
            if not any(
                is_server(each) and paths.chain(each.candidates[0]).anchor_sha256 is not None
                for each in named
            ):
                raise VerificationError(Reason.NOT_PERMITTED)

    def take(self, opened: Opened) -> None:
        """What a response says, and then those that it refers to."""
        message, answer = opened.message, self._answer
        self._seen.add(message)
        answer.messages.append(message)
        answer.statuses += statuses.read(opened)
        infos = opened.find(oids.ID_CMC_RESPONSE_INFO)
        answer.response_info += [info.value for _, info in infos]
        answer.carry(message)
        for _, member in message.unverified_messages:
            # What stands under a MAC has its certificates there.
            if member.kind == "simple-response":
                answer.carry(member)
        for _, inner in auth_data.open(opened, self._keys):
            self._publish(inner)
        self._publish(opened)
        bodies = opened.find(oids.ID_CMC_RESPONSE_BODY)
        for control, path in bodies:
            self._follow(opened, control, path)
        if bodies:
            answer.keys += self._made_keys(message)

    def _follow(self, opened: Opened, control: int, path: types.BodyPartPath) -> None:
        """R-168: the embedded response is processed."""
        found = references.follow(opened, path)
        if not isinstance(found, Message):
            bad = CMCFailInfo.BAD_REQUEST
            raise ProofError(Reason.DANGLING_REFERENCE, bad, (control,), Rule.R4)
        if found.kind == "simple-response":
            self._answer.carry(found)
            return
        if found in self._seen:
            return
        self._seen.add(found)
        if len(self._seen) > MAX_MESSAGE_LAYERS:
            raise LimitError(Reason.LIMIT, None, "responseBody")
        inner = self.open(found)
        if self._is_ours(inner):
            conversation.check(inner, self._sent)
        self.take(inner)

    def _is_ours(self, inner: Opened) -> bool:
        """Whether an embedded response is of this very conversation, and no RA's own."""
        if self._sent is None or not inner.find(oids.ID_CMC_RECIPIENT_NONCE):
            return False
        content = self._sent.unverified_content
        if not isinstance(content, types.PKIData):
            return False
        own = [value.value for _, value in content.find(oids.ID_CMC_TRANSACTION_ID)]
        return [inner.transaction_id] == own

    def _publish(self, opened: Opened) -> None:
        """R-148 … R-151: anchors that do not pass all checks are not taken."""
        if not opened.find(oids.ID_CMC_TRUSTED_ANCHORS):
            return
        try:
            # The nonce says that the list is not an older one.
            found = trust_anchors.accept(opened, last=-1, may_publish=_may_publish, at=self._now)
        except VerificationError as error:
            _LOG.warning("trust anchors are not taken: %s", error.reason)
            return
        self._answer.anchors += found

    def _made_keys(self, message: Message) -> Iterator[PrivateKeyTypes]:
        """The keys that an RA has made, in members that are encrypted for this client."""
        for _, member in message.unverified_messages:
            layer = layer_of(member)
            if (
                not isinstance(layer, _ENVELOPES)
                or encrypted_content(layer).content_type != oids.ID_CT_KP_A_KEY_PACKAGE
            ):
                continue
            try:
                opened = cms.decrypt(member, self._keys)
            except DecryptionError:
                # It may be for another one.
                continue
            yield from _private_keys(opened.unverified_octets)


def _keys_of(client: Client) -> tuple[RecipientKey, ...]:
    """What opens answers: the keys that the client was given, and its secret."""
    keys = tuple(client.keys)
    if client.secret is None:
        return keys
    password = cms.RecipientKey.from_password(client.secret, client.identification or "")
    return (*keys, password)


def _may_publish(signer: Signer) -> bool:
    """R-149: whoever may answer; who has the secret, has no certificate."""
    return not signer.candidates or is_server(signer)


def _private_keys(octets: bytes) -> Iterator[PrivateKeyTypes]:
    """RFC 5958 §2: the keys of an AsymmetricKeyPackage; raises `DecodeError` for what is none."""
    try:
        package = TLV.from_der(octets).der
    except DecodeError:
        _refuse()
    if package[:1] != b"\x30":
        _refuse()
    for each in elements(package):
        try:
            yield load_der_private_key(each, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            _refuse()


def _refuse() -> NoReturn:
    raise DecodeError(Reason.BAD_VALUE, 0, "AsymmetricKeyPackage")
