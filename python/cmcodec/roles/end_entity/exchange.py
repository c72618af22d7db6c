"""One exchange of an end entity with a server, from what is asked to its end (RFC 10002 §6)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Literal, NoReturn, final

from cmcodec import oids, types
from cmcodec.arguments import moment
from cmcodec.message import load
from cmcodec.roles.end_entity import outgoing, saved, steps
from cmcodec.roles.end_entity.answers import Answer, read
from cmcodec.roles.end_entity.progress import Progress
from cmcodec.roles.end_entity.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from cmcodec.builders import NewRequest
    from cmcodec.cms import RecipientKey
    from cmcodec.roles.ee import Client
    from cmcodec.roles.end_entity.asked import Asked
    from cmcodec.roles.end_entity.outgoing import Outgoing
    from cmcodec.roles.end_entity.steps import ExchangeState

__all__ = ["Exchange", "begun", "resumed"]


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """What a client asked for, and how far that is; each call returns a new one.

    It comes from the methods of a `Client`. ``state`` says what is to be done:

    - ``"send"``: ``request`` goes to the server, its answer to `receive`.
    - ``"wait"``: the server has not decided, or is busy; `due` has the next request from
      ``not_before`` on. None: what an RA makes is received without being asked for.
    - ``"confirm"``: a certificate was issued, and the ``accept`` callback said None; `confirm` or
      `reject` has the next request.
    - ``"done"``: nothing is open, and something was obtained.
    - ``"failed"``: nothing is open, and nothing was obtained; ``statuses`` say why.

    ``certificates``: those issued, in the order of the requests (of requests that failed there is
    none), those for keys made by an RA behind them; the one that was asked for. Each is of the key
    of its request and leads to whom the client trusts. One that is to be confirmed is there once
    the server has answered the confirmation, and is not to be used before (R-145). ``chain``: other
    certificates that came, which makes none trusted (R-066). ``crls``: those that came; one that
    was asked for is signed by a trusted CA, the others nobody has looked at. ``statuses``: those
    of the last answer, behind those with which a request failed before it. ``keys``: those made
    by an RA, in the order of their certificates. ``anchors``: hashes of the trust anchors that the
    server published, where all checks of RFC 10002 §6.15 held; the nonce of this exchange stands
    for the number of the last list. Whoever takes one as an anchor keeps with it where it came from
    and what it may be used for (R-248). ``response_info``: the values of all responseInfo controls
    that came, in their order, which mean what both sides have agreed on (§6.12).
    """

    request: bytes | None = field(repr=False)
    state: ExchangeState
    not_before: datetime | None = None
    certificates: tuple[x509.Certificate, ...] = ()
    chain: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    crls: tuple[x509.CertificateRevocationList, ...] = field(default=(), repr=False)
    statuses: tuple[types.CMCStatusInfoV2, ...] = ()
    keys: tuple[PrivateKeyTypes, ...] = field(default=(), repr=False)
    anchors: tuple[bytes, ...] = ()
    response_info: tuple[bytes, ...] = field(default=(), repr=False)
    _client: Client = field(repr=False)
    _progress: Progress = field(repr=False)

    @property
    def transaction_id(self) -> int | None:
        """That of its messages (§6.6); None where none has been, as in a Simple PKI Request."""
        message = None if self._progress.sent is None else load(self._progress.sent)
        content = None if message is None else message.unverified_content
        if not isinstance(content, types.PKIData):
            return None
        found = content.find(oids.ID_CMC_TRANSACTION_ID)
        return None if not found else int(found[0][1].value)

    def receive(self, octets: bytes) -> Exchange:
        """The exchange after an answer (RFC 10002 §4).

        It answers challenges, asks again, confirms and follows responseBody: whatever is to be
        sent next stands in ``request``. What one answer decides of some requests is kept while the
        others go on. A challenge that cannot be answered is answered by an abort (R-127), and
        that is what the exchange fails with, once it is answered, be it by nothing.

        Raises `ValueError` where nothing was sent, and where a challenge is for a key that is not
        known (`Client.resume`). For a bad answer, after which this exchange is as it was:

        - `DecodeError`, `DecryptionError`: it cannot be read;
        - `VerificationError`: it is not authentic, ``untrusted_chain`` also where what was asked
          for is missing in it or leads to nobody trusted, ``not_permitted`` where a certificate
          signed that is no server's: neither a CA's nor of its issuer's name nor with the purpose
          id-kp-cmcCA or id-kp-cmcRA;
        - `ProofError`: it does not answer what was sent (``nonce_wrong``, ``transaction_wrong``),
          an AuthenticatedData in it is not of the secret (``auth_data_wrong``), its controls are
          misplaced or refer to nothing.

        What nobody signed, an internalCAError of a server that cannot, is not believed: anybody
        can send it. What ``accept`` raises leaves this call unchanged.
        """
        if self.request is None and self._progress.items:
            raise ValueError("no answer is expected: nothing was sent")
        progress = self._progress
        sent = None if progress.sent is None else load(progress.sent)
        if progress.step == "abort" and not octets:
            answer = Answer()
        else:
            unsigned, keys = self._takes_unsigned(), self._openers()
            answer = read(self._client, sent, octets, unsigned=unsigned, keys=keys)
        return Turn(self._client, self, progress, answer).taken()

    def _openers(self) -> list[RecipientKey]:
        """What opens answers to whoever has one of the certificates that were issued."""
        items = [item for item in self._progress.items if item.certificate is not None]
        return [item.opener for item in items if item.opener is not None]

    def _takes_unsigned(self) -> bool:
        """Whether certificates alone are an answer."""
        progress = self._progress
        kinds = {type(item.what) for item in progress.items}
        if progress.step not in ("request", "answer", "poll") or types.RevokeRequest in kinds:
            return False
        if kinds and kinds <= {types.GetCert, types.GetCRL}:
            return True
        return bool(kinds) and (progress.is_simple or self._client.compatibility)

    def due(self) -> Exchange:
        """The exchange with its next request, once its time has come; before, the same.

        That asks for what is pending, by the tokens as they came (R-142), or is the same request
        once more where the server was busy. Raises what `cmcodec.builders.RequestBuilder` raises:
        `ForbiddenError` (R-016) where nothing is there to sign or authenticate it with.
        """
        now, progress = moment("clock", self._client.clock()), self._progress
        if self.state != "wait" or (self.not_before is not None and now < self.not_before):
            return self
        if progress.is_again:
            again = replace(progress, is_again=False)
            return replace(
                self, state="send", request=progress.octets, not_before=None, _progress=again
            )
        polled = [item for item in progress.items if item.due is not None and item.due <= now]
        if not polled:
            return self
        taken = {item.number for item in progress.items}
        free = (number for number in count(1) if number not in taken)
        builder = steps.following(self._client, progress)
        for token in dict.fromkeys(item.token for item in polled):
            assert token is not None
            builder = builder.add_control(types.QueryPending(token), body_part_id=next(free))
        made = outgoing.polling(self._client, builder, polled)
        return steps.sending(self, progress, "poll", made)

    def confirm(self) -> Exchange:
        """The exchange in which every certificate that waits for this is accepted (§6.14).

        Raises `ValueError` in another state than ``"confirm"``.
        """
        return self._decided("accepted", None)

    def reject(self, text: str | None = None) -> Exchange:
        """The exchange in which they are rejected; ``text`` is for people.

        Raises `ValueError` in another state than ``"confirm"``.
        """
        return self._decided("rejected", text)

    def _decided(self, state: Literal["accepted", "rejected"], text: str | None) -> Exchange:
        if self.state != "confirm":
            raise ValueError(f"nothing is to be confirmed in the state {self.state!r}")
        items = tuple(
            replace(item, state=state, text=text) if item.state == "undecided" else item
            for item in self._progress.items
        )
        return steps.proceeding(self._client, self, replace(self._progress, items=items))

    def save(self) -> bytes:
        """What `Client.resume` goes on with: JSON, in which no key and no shared secret stands.

        It says what the requests and certificates say, in clear, and what is trusted from here on:
        whoever can change it, can change what is obtained. ``keys`` are not in it.
        """
        return saved.dumped(self, self._progress)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an exchange is kept with save() and Client.resume()")


def begun(
    client: Client,
    made: Outgoing | None,
    items: Iterable[Asked],
    *,
    is_simple: bool = False,
    identify: bool = False,
) -> Exchange:
    """An exchange whose first message is made; without one it waits for what is not asked for."""
    progress = Progress(
        items=tuple(items),
        step="request",
        sent=made and made.message,
        octets=made and made.octets,
        is_simple=is_simple,
        identify=identify,
    )
    return Exchange(
        request=made and made.octets,
        state="wait" if made is None else "send",
        _client=client,
        _progress=progress,
    )


def resumed(client: Client, octets: bytes, new: dict[bytes, NewRequest]) -> Exchange:
    """An exchange as it was saved, with new requests by their public keys."""
    shown, progress = saved.restored(octets, client)
    if not new.keys() <= {item.public_key for item in progress.items}:
        raise ValueError("requests: one of them is not in the exchange")
    items = tuple(replace(item, new=new.get(item.public_key or b"")) for item in progress.items)
    return Exchange(
        **shown,
        request=progress.octets if shown["state"] == "send" else None,
        certificates=progress.obtained(),
        chain=progress.others(),
        _client=client,
        _progress=replace(progress, items=items),
    )
