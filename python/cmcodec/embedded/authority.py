"""A CA in a folder: its role, with everything that the role leaves to whoever embeds it.

It issues with ``cryptography``, by profiles; it revokes, makes CRLs, and publishes into a folder.
For labs and tests, and to show how a role is embedded; a CA in production keeps its own issuance.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import oids, types
from cmcodec.controls.certificate_hashes import certificate_hashes
from cmcodec.controls.names import comparable
from cmcodec.embedded import outcomes, register
from cmcodec.embedded.config import read_ca
from cmcodec.embedded.counted import CountedStore, uncounted
from cmcodec.embedded.folder import (
    CA_CERTIFICATE,
    CA_KEY,
    CONFIG,
    SERVER_CERTIFICATE,
    SERVER_KEY,
    Folder,
    FolderError,
    FolderReason,
)
from cmcodec.embedded.issuing import Issuer, metered
from cmcodec.embedded.publishing import Publisher
from cmcodec.embedded.serving.service import Answer
from cmcodec.errors import EncodeError
from cmcodec.roles import (
    CertificationAuthority,
    Issue,
    IssuedCertificate,
    Pend,
    Refuse,
    default_policy,
)
from cmcodec.roles.applications import Revocation
from cmcodec.roles.ca import now
from cmcodec.stores import add_secret, attempting
from cmcodec.types.controls import CMCFailInfo
from cmcodec.types.pkix import CRLReason
from cmcodec.verify.certificates import certificate_octets
from cmcodec.verify.trust import Checker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from cmcodec.embedded.config import CAConfig
    from cmcodec.roles import Application, Decision
    from cmcodec.stores import Store, Transaction

__all__ = ["EmbeddedCA", "Listed"]

T = TypeVar("T")

_LOG: Final = logging.getLogger("cmcodec.embedded")
_PROFILE: Final = "ee"
"""The profile of whoever has no other."""

_TOGETHER: Final = 64
_EVERY: Final = 10.0

ListedState: TypeAlias = Literal["issued", "confirmed", "revoked"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A certificate of the CA, as ``cmc ca list`` has it."""

    certificate: x509.Certificate
    state: ListedState
    application_id: bytes | None
    requester: str


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddedCA:
    """The CA of a folder. Safe in many threads; processes share the folder.

    ``authorised_ras``: certificates of RAs whose word counts, beside those that were issued by the
    profile of RAs. ``manual``: what the policy would issue waits for `decide`. ``confirm``: as
    `Rules.confirm`, in the place of what ``config.toml`` says. ``store_failed`` is called for each
    transaction that the store failed.

    Raises `FolderError` for a folder that is no CA's, and `StoreError`.
    """

    path: str | Path
    authorised_ras: Iterable[x509.Certificate] = ()
    manual: bool = False
    confirm: bool | None = None
    store_failed: Callable[[], None] = uncounted
    clock: Callable[[], datetime] = now
    role: CertificationAuthority = field(init=False, repr=False)
    config: CAConfig = field(init=False, repr=False)
    store: Store = field(init=False, repr=False)
    _issuer: Issuer = field(init=False, repr=False)
    _publisher: Publisher = field(init=False, repr=False)
    _ras: frozenset[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        put = partial(object.__setattr__, self)
        folder = Folder(self.path)
        if not folder.has(CA_CERTIFICATE):
            text = f"there is no CA: cmc ca init {folder.path}"
            raise FolderError(FolderReason.MISSING, folder.path, text)
        config = read_ca(folder)
        if self.confirm is not None:
            config = replace(config, rules=replace(config.rules, confirm=self.confirm))
        certificate = folder.certificate(CA_CERTIFICATE)
        server = folder.certificate(SERVER_CERTIFICATE)
        key = folder.key(SERVER_KEY, server)
        put("config", config)
        put("_issuer", Issuer(certificate, folder.key(CA_KEY, certificate).for_request))
        put("_publisher", Publisher(folder / config.published))
        put("_ras", frozenset(map(certificate_octets, self.authorised_ras)))
        put("store", CountedStore(folder.store(config.store), self.store_failed))
        put(
            "role",
            CertificationAuthority(
                signer=metered(key.signer(server)),
                issue=self._issue,
                store=self.store,
                policy=self._policy,
                rules=config.rules,
                trust=self._is_trusted,
                authorised_ras=self._is_authorised,
                keys=[key.opener(server)],
                chain=[certificate],
                revoke=self._revoke,
                publish=self._publish,
                certificate=self._certificate,
                crl=self._crl,
                clock=self.clock,
            ),
        )

    def respond(self, octets: bytes) -> bytes:
        """The answer to a request, as `CertificationAuthority.respond`."""
        return self.role.respond(octets)

    # --- as a service ------------------------------------------------------------------------

    @property
    def every(self) -> float:
        """Seconds from one `tick` to the next."""
        return _EVERY

    @property
    def together(self) -> int:
        """How many messages are answered at once, at most: in four transactions, as one is."""
        return _TOGETHER

    def answer_all(self, messages: Sequence[bytes]) -> list[Answer]:
        """`respond` to each, and what a server counts."""
        processed, outside = outcomes.timed(lambda: self.role.process_all(messages))
        share = outside / max(1, len(messages))
        return [Answer(each.octets, outcomes.of(each.statuses), share) for each in processed]

    def tick(self) -> None:
        """Finishes what no message will, and publishes a new CRL in time."""
        self.role.settle()
        self._publish_crl()

    def health(self) -> Mapping[str, bool]:
        """Whether the store and the keys answer."""
        return outcomes.health(self.store, self.role.signer.sign, self._issuer.sign)

    def gauges(self) -> Mapping[str, float]:
        """How much waits for somebody, and since when."""
        since = [each.since for each in self.pending() if each.since is not None]
        oldest = self.clock() - min(since) if since else timedelta(0)
        return {
            "cmc_applications_pending": len(since),
            "cmc_applications_pending_oldest_seconds": oldest.total_seconds(),
        }

    def close(self) -> None:
        """Gives up what the store holds open."""
        self.store.close()

    # --- what the role asks ------------------------------------------------------------------

    def _policy(self, application: Application) -> Decision:
        if comparable(application.template.subject) == comparable(self._issuer_name):
            return Refuse(CMCFailInfo.BAD_REQUEST, "that is the name of the CA")
        decision = default_policy(application)
        if self.manual and isinstance(decision, Issue):
            return Pend(self.clock() + self.config.rules.poll_after)
        return decision

    def _issue(self, application: Application, template: types.CertTemplate) -> x509.Certificate:
        """Issues by the profile; the serial number is that of the application.

        So whoever is asked twice finds what was issued first. What was not recorded, nobody has.
        """
        serial = int.from_bytes(application.id, "big") >> 1 or 1
        moment = self.clock().replace(microsecond=0)
        made = self.role.find_issued(self._named(serial)) if application.again else None
        if made is not None:
            return made.certificate
        name = self._profile_of(application, moment)
        profile = self.config.profiles.get(name)
        if profile is None:
            raise LookupError(f"there is no profile {name!r} in {CONFIG}")
        taken = profile.taken(template.extensions)
        decided = application.decided(replace(template, extensions=taken or None))
        builder, key = decided.builder(self._issuer.name), decided.public_key
        certificate = self._issuer.certify(builder, key, profile, serial=serial, now=moment)
        who = application.requester
        _LOG.info("issued %x: %s, by %s", serial, certificate.subject.rfc4514_string(), who)
        if name != _PROFILE:
            self._unit(lambda each: register.put_profile(each, certificate, name))
        return certificate

    def _profile_of(self, application: Application, moment: datetime) -> str:
        """That of the secret, or of the certificate that is renewed."""
        found, old = application.requester.about, application.renews
        if old is not None:
            found = self._unit(lambda each: register.profile(each, old, moment))
        return found or _PROFILE

    def _is_trusted(
        self, certificate: x509.Certificate, others: list[x509.Certificate], at: datetime
    ) -> bool:
        """Whether a certificate is of this CA and not revoked, or that of an RA that is known."""
        octets = certificate_octets(certificate)
        if octets in self._ras:
            return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        checker = Checker([certificate_octets(self._issuer.certificate)], [], at)
        carried = list(map(certificate_octets, others))
        if checker.paths(carried).chain(octets).anchor_sha256 is None:
            return False
        serial = certificate.serial_number
        return self._unit(lambda each: register.revoked(each, serial, at)) is None

    def _is_authorised(self, certificate: x509.Certificate) -> bool:
        """Whether a trusted certificate is that of an RA."""
        if certificate_octets(certificate) in self._ras:
            return True
        if not _has_purpose(certificate, oids.ID_KP_CMC_RA):
            return False
        moment = self.clock()
        name = self._unit(lambda each: register.profile(each, certificate, moment))
        profile = None if name is None else self.config.profiles.get(name)
        return profile is not None and profile.authorised_ra

    def _revoke(self, wanted: Revocation) -> None:
        if wanted.certificate.issuer.to_der() != self._issuer_name.to_der():
            raise LookupError("another CA issued it")
        revoked = register.Revoked(
            serial=wanted.certificate.serial_number,
            reason=int(wanted.reason),
            date=self.clock(),
            invalidity_date=wanted.invalidity_date,
        )

        def keep(transaction: Transaction) -> None:
            found = self._found(transaction, revoked.serial, revoked.date)
            if found is None:
                raise LookupError("there is no such certificate")
            register.revoke(transaction, revoked, found.not_valid_after_utc)

        self._unit(keep)
        _LOG.info("revoked %x, by %s", revoked.serial, wanted.requester)
        self._publish_crl()

    def _publish(self, info: types.CMCPublicationInfo) -> None:
        """Publishes certificates, or no longer; raises `LookupError` for one that is not there."""
        known = [certificate_octets(each.certificate) for each in self.role.issued()]
        try:
            _, hashes = certificate_hashes(known, info.hash_alg)
        except EncodeError as error:
            raise LookupError(str(error)) from None
        found = dict(zip(hashes, known, strict=True))
        wanted = set(info.cert_hashes)
        if wanted - found.keys():
            raise LookupError("there is no such certificate")
        is_wanted = info.pub_info.action == types.PublicationAction.PLEASE_PUBLISH
        for digest in wanted:
            (self._publisher.put if is_wanted else self._publisher.remove)(found[digest])

    def _certificate(self, issuer: types.GeneralName, serial: int) -> bytes | None:
        if issuer.directory_name is None or issuer.directory_name != self._issuer_name:
            return None
        moment = self.clock()
        if serial == self._issuer.certificate.serial_number:
            return certificate_octets(self._issuer.certificate)
        found = self._unit(lambda transaction: self._found(transaction, serial, moment))
        return None if found is None else certificate_octets(found)

    def _crl(self, wanted: types.GetCRL) -> bytes | None:
        """The newest CRL, or the newest that is older than a time; there are no others."""
        if wanted.issuer_name != self._issuer_name or wanted.crl_name is not None:
            return None
        if wanted.time is None:
            return self.crl()
        moment = wanted.time
        return self._unit(lambda transaction: register.crl_before(transaction, moment))

    # --- what who runs it asks ---------------------------------------------------------------

    def crl(self) -> bytes:
        """The CRL, in DER: a new one where something was revoked since the last."""
        moment = self.clock().replace(microsecond=0)
        lifetime = timedelta(days=self.config.crl_days)

        def make(revoked: list[register.Revoked], number: int) -> bytes:
            made = self._issuer.crl(revoked, number=number, now=moment, until=moment + lifetime)
            return made.public_bytes(Encoding.DER)

        return self._unit(lambda each: register.crl(each, moment, lifetime, make))

    def certificates(self) -> Iterator[Listed]:
        """Every certificate that has not ended, those of its own server first."""
        moment = self.clock()

        def read(transaction: Transaction) -> tuple[list[x509.Certificate], set[int]]:
            revoked = {each.serial for each in register.all_revoked(transaction, moment)}
            return register.all_own(transaction, moment), revoked

        own, revoked = self._unit(read)

        def listed(
            certificate: x509.Certificate, state: ListedState, identifier: bytes | None, by: str
        ) -> Listed:
            is_revoked = certificate.serial_number in revoked
            return Listed(
                certificate=certificate,
                state="revoked" if is_revoked else state,
                application_id=identifier,
                requester=by,
            )

        for each in own:
            yield listed(each, "issued", None, "none")
        for found in self.role.issued():
            state: ListedState = "confirmed" if found.state == "confirmed" else "issued"
            yield listed(found.certificate, state, found.application_id, found.requester)

    def pending(self) -> Iterator[Application]:
        """What waits for `approve` or `refuse`."""
        return self.role.pending()

    def approve(self, application_id: bytes) -> None:
        """Lets a certificate be issued; raises `LookupError` where no such application waits."""
        self.role.decide(application_id, Issue())

    def refuse(
        self,
        application_id: bytes,
        fail_info: CMCFailInfo = CMCFailInfo.BAD_REQUEST,
        text: str | None = None,
    ) -> None:
        """Refuses one; ``text`` goes to the client. Raises `LookupError` as `approve`."""
        self.role.decide(application_id, Refuse(fail_info, text))

    def revoke(self, serial: int, reason: CRLReason = CRLReason.UNSPECIFIED) -> None:
        """Revokes a certificate; raises `LookupError` where there is none of this number."""
        self._revoke(Revocation(certificate=self._named(serial), reason=reason))

    def add_secret(
        self,
        identification: str,
        secret: bytes,
        *,
        subject: x509.Name | None = None,
        profile: str = _PROFILE,
        uses: int = 1,
    ) -> None:
        """Makes a shared secret known, and the profile of what is issued on it.

        Raises `LookupError` for an unknown profile, and what `cmcodec.stores.add_secret` raises.
        """
        if profile not in self.config.profiles:
            known = ", ".join(self.config.profiles)
            raise LookupError(f"there is no profile {profile!r}, only {known}")
        add_secret(self.store, identification, secret, subject=subject, uses=uses, about=profile)

    # --- helpers -----------------------------------------------------------------------------

    @cached_property
    def _issuer_name(self) -> types.Name:
        return types.Name.from_cryptography(self._issuer.name)

    def _named(self, serial: int) -> types.IssuerAndSerialNumber:
        return types.IssuerAndSerialNumber(issuer=self._issuer_name, serial_number=serial)

    def _found(
        self, transaction: Transaction, serial: int, moment: datetime
    ) -> x509.Certificate | None:
        """A certificate of this CA that has not ended."""
        own = register.own(transaction, serial, moment)
        if own is not None:
            return own
        found = IssuedCertificate.read(transaction, self._named(serial), moment)
        return None if found is None else found.certificate

    def _publish_crl(self) -> None:
        self._publisher.put_crl(self.crl())

    def _unit(self, work: Callable[[Transaction], T]) -> T:
        return attempting(self.store, work)


def _has_purpose(certificate: x509.Certificate, purpose: str) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return x509.ObjectIdentifier(purpose) in found.value
