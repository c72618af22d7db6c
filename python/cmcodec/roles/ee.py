"""End entities: who asks for certificates, and with what (RFC 10002 §3 and §6)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, final

from cmcodec import types
from cmcodec.arguments import flag
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.builders.new_requests import name_of, public_key_info
from cmcodec.cms import Recipient, RecipientKey, SigningKey
from cmcodec.controls.messages import request_of
from cmcodec.limits import MAX_ITERATIONS
from cmcodec.message import load
from cmcodec.roles.end_entity import outgoing
from cmcodec.roles.end_entity.asked import Asked
from cmcodec.roles.end_entity.exchange import Exchange, begun, resumed
from cmcodec.verify.certificates import certificates_octets
from cmcodec.verify.references import request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cryptography import x509

    from cmcodec.builders.requests import Request
    from cmcodec.verify.given import CertificateLike, Trust

__all__ = ["Client"]


def _now() -> datetime:
    return datetime.now(UTC)


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Client:
    """An end entity, which gets, renews and revokes certificates without any I/O.

    Each method begins an `Exchange`, whose ``request`` the caller moves to a server::

        client = Client(trust=[anchor], secret=secret, identification="device-1")
        exchange = client.enroll(NewRequest(key=key, subject=name))
        while exchange.state == "send":
            exchange = exchange.receive(post(exchange.request))

    ``trust``: anchors or a callback, as `Message.verify` has them: whose answers and whose
    certificates count. ``signer``: a key with a certificate that is there already. ``secret``: what
    the server and this client alone know, ``identification`` how the server finds it; together they
    prove identity (§6.2). ``link_pop``: each request has a witness of the secret too (§6.3.1).
    ``mac``: where no signer is given, first messages have a MAC by the secret (§3.2) of this many
    ``iterations`` of PBKDF2. ``keys``: what opens encrypted answers, and challenges for keys in an
    HSM; what is encrypted for a new certificate, the key of its request opens. ``encrypt_to``: who
    reads the requests, each of which then goes in an envelope (§5); what has a MAC cannot, so only
    ``mac`` and messages without requests have one. ``accept``: whether a certificate is accepted
    that the server wants confirmed: True, False, or None for later (`Exchange.confirm`); without
    it, the trusted certificate of the request's key is. ``compatibility``: takes certificates alone
    as the answer to a Full request, an answer that returns the nonce without the transactionId, and
    what old peers mean (T-01); what proves the secret it sends in the first version too, which
    rests on SHA-1. ``decorate`` adds to the first message of an
    exchange before it is signed: dataReturn, regInfo, publishCert, private controls; but no
    request, nor may it take anything away. With it, nothing is a Simple PKI Request, and a
    revocation with the secret in it takes no other control (R-016). ``clock``: the time, with its
    zone; ``random``: where nonces, keys and salts come from.

    The first message of an exchange is signed by ``signer``; else by a request's key that can sign;
    else, or with ``mac``, it has a MAC by the secret; else it has no signature. Later ones: by
    ``signer``; else an answer to a challenge by a request's key (where none can sign: MAC, else no
    signature); what becomes of a certificate by its key under it; anything else has a MAC by the
    secret, or the request once more and its key's signature.

    Raises `ValueError` for ``mac`` or ``link_pop`` without a secret and for an empty one, a signer
    without a certificate, and iterations outside 1 to 1,000,000; `TypeError` for what is none of
    these; `DecodeError` for what is no certificate. A client is not pickled: it has a secret.
    """

    trust: Trust = field(repr=False)
    signer: SigningKey | None = None
    secret: bytes | None = field(default=None, repr=False)
    identification: str | None = None
    link_pop: bool = False
    mac: bool = False
    iterations: int = 600_000
    keys: Iterable[RecipientKey] = ()
    encrypt_to: Iterable[Recipient] = ()
    accept: Callable[[x509.Certificate], bool | None] | None = None
    compatibility: bool = False
    decorate: Callable[[RequestBuilder], RequestBuilder] | None = None
    clock: Callable[[], datetime] = field(default=_now, repr=False)
    random: Callable[[int], bytes] = field(default=os.urandom, repr=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not callable(self.trust):
            put(self, "trust", tuple(certificates_octets("trust", self.trust)))
        if self.signer is not None and self.signer.certificate is None:
            raise ValueError("signer: a key with a certificate")
        if self.secret is not None and not isinstance(self.secret, bytes):
            raise TypeError(f"secret: bytes, not {type(self.secret).__name__}")
        if self.secret == b"":
            raise ValueError("secret: at least one octet")
        for name in ("link_pop", "mac"):
            if flag(name, getattr(self, name)) and self.secret is None:
                raise ValueError(f"{name}: a secret is needed")
        flag("compatibility", self.compatibility)
        if not 1 <= self.iterations <= MAX_ITERATIONS:
            raise ValueError(f"iterations: 1 to {MAX_ITERATIONS}")
        for name, kind in (("keys", RecipientKey), ("encrypt_to", Recipient)):
            given = getattr(self, name)
            many = (given,) if isinstance(given, kind) else tuple(given)
            if not all(isinstance(each, kind) for each in many):
                raise TypeError(f"{name}: {kind.__name__}")
            put(self, name, many)

    # --- what is asked for ---------------------------------------------------------------------

    def enroll(self, *requests: Request) -> Exchange:
        """Certificates for keys (§3): new requests, or finished ones as `add_request` takes them.

        A sole PKCS#10 of a client that neither signs nor has a secret nor encrypts nor decorates is
        a Simple PKI Request. Everything else is a Full one, with a transaction id and a nonce, an
        identity proof where there is a secret and no MAC, and a POP link where that is wanted.
        Without requests nothing is sent: a certificate and a key that an RA makes are waited for.

        Raises what ``decorate``, `RequestBuilder.add_request`, `RequestBuilder.sign` and
        `RequestBuilder.without_signature` raise, and `ValueError` where ``decorate`` adds a request
        or takes something away; `ForbiddenError` (R-016) for several requests of which no key can
        sign where nothing else authenticates them, and (R-100) for finished ones with ``link_pop``.
        """
        if not requests:
            return begun(self, None, ())
        is_bare = not (self.signer or self.secret or self.encrypt_to or self.decorate)
        sole = outgoing.simple(requests) if is_bare else None
        if sole is not None and sole.tcr is not None:
            octets = sole.tcr.certification_request.to_der()
            given = requests[0] if isinstance(requests[0], NewRequest) else None
            item = Asked(number=1, what=sole, new=given)
            made = outgoing.Outgoing(octets, octets)
            return begun(self, made, (item,), is_simple=True)
        return self._asking(self._builder(), requests, identify=self.secret is not None)

    def renew(self, certificate: CertificateLike, *requests: Request) -> Exchange:
        """New certificates with the names of one that there is (§6.3.3), signed by its key.

        Nothing is done to the old one. There is no identification and no identity proof (R-026).
        Raises `ValueError` without a signer or a request, `ForbiddenError` (R-107) for a signer
        with another certificate, and what `enroll` raises.
        """
        if self.signer is None:
            raise ValueError("signer: that of the certificate")
        if not requests:
            raise ValueError("requests: at least one")
        return self._asking(self._builder().renew(certificate), requests, identify=False)

    def _asking(
        self, builder: RequestBuilder, requests: Sequence[Request], *, identify: bool
    ) -> Exchange:
        builder, new = outgoing.with_requests(builder, requests)
        if identify and self.link_pop:
            builder = outgoing.linked(self, builder)
        made = outgoing.first(self, builder, new, identify=identify)
        items = [
            Asked(number=request_id(each), what=each, new=new.get(request_id(each)))
            for each in request_of(load(made.message)).req_sequence
        ]
        return begun(self, made, items, identify=identify)

    def revoke(
        self,
        certificate: CertificateLike | types.IssuerAndSerialNumber,
        reason: types.CRLReason | int,
        *,
        comment: str | None = None,
        invalidity_date: datetime | None = None,
    ) -> Exchange:
        """The revocation of a certificate (§6.11).

        It is signed by the signer (R-136); else it has a MAC with ``mac``; else the secret itself
        is in it (R-137, R-138), and whoever reads it on the way knows it: encrypt it, and let the
        secret be for this certificate alone (R-141). Raises `ValueError` for a client that has
        neither, and what is no certificate.
        """
        asked = RequestBuilder(random=self.random).revoke(
            certificate, reason, invalidity_date=invalidity_date, comment=comment
        )
        (control,) = asked.content().control_sequence
        (value,) = control.attr_values
        assert isinstance(value, types.RevokeRequest)
        made = outgoing.revoking(self, self._builder(), value)
        return self._controlled(made, value)

    def get_certificate(
        self, issuer: x509.Name | types.Name | types.GeneralName, serial: int
    ) -> Exchange:
        """A certificate, by its issuer and serial number (§6.9).

        Signed by the signer, else with a MAC by the secret; raises `ValueError` without both.
        """
        if not isinstance(issuer, types.GeneralName):
            issuer = types.GeneralName(directory_name=name_of(issuer))
        return self._fetching(types.GetCert(issuer_name=issuer, serial_number=serial))

    def get_crl(self, issuer: x509.Name | types.Name) -> Exchange:
        """The newest CRL of an issuer (§6.10); as `get_certificate`."""
        return self._fetching(types.GetCRL(issuer_name=name_of(issuer)))

    def _fetching(self, value: types.GetCert | types.GetCRL) -> Exchange:
        made = outgoing.asking(self, self._builder().add_control(value))
        return self._controlled(made, value)

    def _controlled(
        self,
        made: outgoing.Outgoing,
        value: types.GetCert | types.GetCRL | types.RevokeRequest,
    ) -> Exchange:
        """An exchange about one control."""
        number = next(
            control.body_part_id
            for control in request_of(load(made.message)).control_sequence
            for each in control.attr_values
            if isinstance(each, type(value))
        )
        return begun(self, made, [Asked(number=number, what=value)])

    def resume(self, saved: bytes, *requests: NewRequest) -> Exchange:
        """The exchange that `Exchange.save` made ``saved`` of, in the state that it was in.

        ``requests``: new requests whose keys have to sign or to open again; each is found by its
        public key. Raises `ValueError` for what was not saved, for a request that is not in it, and
        where the secret of a revocation is to be sent that this client does not have.
        """
        keys = {public_key_info(each.key).to_der(): each for each in requests}
        return resumed(self, saved, keys)

    def _builder(self) -> RequestBuilder:
        return RequestBuilder(random=self.random).transaction()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client is not pickled: it has a secret")
