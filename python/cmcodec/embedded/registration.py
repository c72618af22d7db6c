"""An RA in a folder, between its clients and the URL of the next server."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from cmcodec import cms, keys
from cmcodec.embedded import outcomes
from cmcodec.embedded.config import RAConfig, read_ra, text_of
from cmcodec.embedded.counted import CountedStore, uncounted
from cmcodec.embedded.folder import CONFIG, Folder, FolderError, FolderReason
from cmcodec.embedded.issuing import metered
from cmcodec.embedded.serving.service import Answer
from cmcodec.errors import CMCError
from cmcodec.roles import RegistrationAuthority
from cmcodec.roles.ca import now
from cmcodec.stores import add_secret
from cmcodec.transports import TransportError, connect
from cmcodec.verify.certificates import certificate_octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from cryptography import x509

    from cmcodec.keys import Key
    from cmcodec.stores import Store
    from cmcodec.transports import Sender

__all__ = ["EmbeddedRA", "create_ra"]

_LOG: Final = logging.getLogger("cmcodec.embedded")

CERTIFICATE: Final = "ra-cert.pem"
KEY: Final = "ra-key.pem"
TRUST: Final = "trust.pem"
ENCRYPT_TO: Final = "encrypt-to.pem"

_BATCH: Final = 10_000


def create_ra(
    path: str | Path,
    *,
    upstream: str,
    certificate: x509.Certificate,
    key: Key,
    key_uri: str = "",
    trust: Iterable[x509.Certificate] = (),
    encrypt_to: Iterable[x509.Certificate] = (),
) -> None:
    """Makes the folder of an RA.

    ``upstream``: the URL of the next server. ``certificate``, ``key``: the RA's own; a key of a
    file is copied into the folder, one in a token stays there, behind ``key_uri``. ``trust``: whom
    it trusts, below and above. ``encrypt_to``: who reads what it sends up.

    Raises `FolderError`, and `ValueError` for a URL that is none.
    """
    connect(upstream).close()
    Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Folder(path)
    for name in (CONFIG, CERTIFICATE, KEY):
        if folder.has(name):
            raise FolderError(FolderReason.EXISTS, folder / name, "there is an RA already")
    folder.check(CERTIFICATE, key, certificate)
    is_token = keys.is_uri(key_uri)
    if not is_token:
        folder.put_key(KEY, key.for_request)
    folder.put_certificates(CERTIFICATE, [certificate])
    folder.put_certificates(TRUST, trust)
    folder.put_certificates(ENCRYPT_TO, encrypt_to)
    # Last: with it there is an RA.
    folder.put_text(
        CONFIG, text_of(RAConfig, upstream=upstream, **({"key": key_uri} if is_token else {}))
    )


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddedRA:
    """The RA of a folder. Safe in many threads; processes share the folder.

    ``authorised_ras``: certificates of RAs whose batches it takes. ``batch``: whether and how many
    requests are collected before they go up together; each client is told tryLater until the answer
    is there. None: each goes up at once. ``interval``: seconds until what is collected, or is due,
    goes up. ``store_failed`` is called for each transaction that the store failed.

    Raises `FolderError` for a folder that is no RA's, and `StoreError`.
    """

    path: str | Path
    authorised_ras: Iterable[x509.Certificate] = ()
    batch: int | None = None
    interval: float = 5.0
    store_failed: Callable[[], None] = uncounted
    clock: Callable[[], datetime] = now
    role: RegistrationAuthority = field(init=False, repr=False)
    store: Store = field(init=False, repr=False)
    _upstream: _Upstream = field(init=False, repr=False)

    def __post_init__(self) -> None:
        folder = Folder(self.path)
        if not folder.has(CONFIG):
            text = f"there is no RA: cmc ra init {folder.path}"
            raise FolderError(FolderReason.MISSING, folder.path, text)
        config = read_ra(folder)
        certificate = folder.certificate(CERTIFICATE)
        key = folder.key(config.key, certificate)
        opener = _opener(key, certificate)
        trust = folder.certificates(TRUST)
        store = CountedStore(folder.store(config.store), self.store_failed)
        role = RegistrationAuthority(
            signer=metered(key.signer(certificate)),
            store=store,
            rules=config.rules,
            trust=trust,
            authorised_ras=[certificate_octets(each) for each in self.authorised_ras],
            keys=opener,
            upstream_trust=trust,
            upstream_keys=opener,
            encrypt_to=[
                cms.Recipient.from_certificate(each) for each in folder.certificates(ENCRYPT_TO)
            ],
            clock=self.clock,
        )
        object.__setattr__(self, "role", role)
        object.__setattr__(self, "store", store)
        object.__setattr__(self, "_upstream", _Upstream(config.upstream))

    def respond(self, octets: bytes) -> bytes:
        """The answer to a request: that of the next server, or of the RA itself."""
        if self.batch is None:
            return self.role.respond(octets, self._upstream.ask)
        answer = self.role.respond(octets)
        if self.role.waiting(self.batch) < self.batch:
            return answer
        try:
            self.send()
        except (OSError, TransportError) as error:
            _LOG.error("a batch is sent again: %r", error)
        return self.role.respond(octets)

    def send(self) -> None:
        """Sends up what waits, and asks for what is due.

        Where each goes up at once, this is what nobody has sent within `Rules.claim_for`: before,
        it is with a thread of `respond`, whose client would be told tryLater.

        Raises `TransportError` and `StoreError`; what was not answered is sent again.
        """
        waited = self.role.rules.claim_for if self.batch is None else None
        while (batch := self.role.batch(self.batch or _BATCH, waited=waited)) is not None:
            self._exchange(batch.octets)
        for octets in self.role.due():
            self._exchange(octets)

    def _exchange(self, octets: bytes) -> None:
        """Asks the next server; what it answers to one message is of no account for others."""
        answer = self._upstream.ask(octets)
        try:
            self.role.deliver(answer)
        except CMCError as error:
            _LOG.error("an answer of the next server is not taken: %r", error)

    def add_secret(
        self,
        identification: str,
        secret: bytes,
        *,
        subject: x509.Name | None = None,
        uses: int = 1,
    ) -> None:
        """Makes a shared secret known, as `cmcodec.stores.add_secret`."""
        add_secret(self.store, identification, secret, subject=subject, uses=uses)

    # --- as a service ------------------------------------------------------------------------

    @property
    def every(self) -> float:
        """Seconds from one `tick` to the next."""
        return self.interval

    @property
    def together(self) -> int:
        """One message: each waits for the next server by itself."""
        return 1

    def answer_all(self, messages: Sequence[bytes]) -> list[Answer]:
        """`respond` to each, and what a server counts."""
        return [self._answer(octets) for octets in messages]

    def _answer(self, octets: bytes) -> Answer:
        found, outside = outcomes.timed(lambda: self.respond(octets))
        return Answer(found, outcomes.of_answer(found), outside)

    def tick(self) -> None:
        """`send`."""
        self.send()

    def health(self) -> Mapping[str, bool]:
        """Whether the store and the key answer."""
        return outcomes.health(self.store, self.role.signer.sign)

    def gauges(self) -> Mapping[str, float]:
        """How much has not been sent up."""
        return {"cmc_messages_waiting": self.role.waiting()}

    def close(self) -> None:
        """Closes connections, and gives up what the store holds open."""
        self._upstream.close()
        self.store.close()


def _opener(key: Key, certificate: x509.Certificate) -> list[cms.RecipientKey]:
    """What opens messages for the RA, where its key can."""
    try:
        return [key.opener(certificate)]
    except TypeError:
        return []


class _Upstream:
    """Asks the next server; each thread has a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()
        self._all: list[Sender] = []

    def ask(self, octets: bytes) -> bytes:
        """The answer to a message; raises `TransportError`."""
        sender: Sender | None = getattr(self._own, "sender", None)
        if sender is None:
            sender = self._own.sender = connect(self._url)
            self._all.append(sender)
        return sender.send(octets)

    def close(self) -> None:
        for sender in self._all:
            sender.close()
