"""Who asks for a certificate, and what for: what a policy and an issuer are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from cryptography import x509

from cmcodec import oids, types
from cmcodec.roles import records
from cmcodec.types.pkix import as_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from cmcodec.verify.verdict import Pop

__all__ = ["Application", "Issuer", "Requester", "RequesterKind", "Revocation"]

RequesterKind: TypeAlias = Literal["certificate", "secret", "ra", "none"]

_NO_NAME: Final = types.Name(rdn_sequence=())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asks, as far as it is proved.

    ``kind``: ``"certificate"``: a trusted one signed; ``"secret"``: a shared secret was proved,
    that of ``identification``; ``"ra"``: an authorised RA says who it is, or asks itself;
    ``"none"``: nobody knows. ``certificate``: the one that signed, trusted, where one did. ``ras``:
    those whose messages it came in, outermost last. ``about``: what `cmcodec.stores.add_secret` was
    told of the secret.
    """

    kind: RequesterKind
    certificate: x509.Certificate | None = None
    identification: str | None = None
    ras: tuple[x509.Certificate, ...] = ()
    about: str | None = None

    def __str__(self) -> str:
        """As an operator reads it: ``secret device-1``, ``certificate CN=alice``, ``ra CN=RA``."""
        if self.kind == "secret":
            named = self.identification
        else:
            by = self.ras[-1] if self.kind == "ra" and self.ras else self.certificate
            # Of a copy: a certificate of ``cryptography`` keeps the names that were asked for.
            named = None if by is None else _loaded(_certificate(by)).subject.rfc4514_string()
        return f"{self.kind} {named}" if named else self.kind


NOBODY: Final = Requester(kind="none")
"""Who asks where nothing is proved."""


@final
@dataclass(frozen=True, kw_only=True)
class Application:
    """A certification request whose proofs are good, and what is known of it.

    ``id``: 16 octets, the same whenever this request comes again in its exchange. ``request``: as
    received. ``template``: what it asks for once the changes of all RAs are applied; for an issuer
    as it was decided. ``pop``: how possession of the key was proved. ``renews``: the certificate of
    the same names that signed. ``path``: ids in cmsSequence, then its own; (1,) for a bare PKCS#10.
    ``reg_info``: the regInfo controls of its message. ``unsigned_data``: what stands beside the
    signatures of its message, which nobody has authenticated. ``since`` and ``until``: where it
    waits for somebody (`CertificationAuthority.pending`), since when, and when the client asks
    again. ``again``: whether it may have been issued before, by a call that ended too early: an
    issuer that keeps what it made needs to look there only then.
    """

    id: bytes
    request: types.TaggedRequest
    template: types.CertTemplate
    requester: Requester
    pop: Pop
    renews: x509.Certificate | None = None
    path: tuple[int, ...] = (1,)
    transaction_id: int | None = None
    reg_info: tuple[bytes, ...] = ()
    unsigned_data: tuple[types.CMCUnsignedData, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    again: bool = False

    def csr(self) -> x509.CertificateSigningRequest | None:
        """The request as an object of ``cryptography``, where it is a PKCS#10.

        Raises what ``cryptography`` raises for what it cannot read.
        """
        asked = self.request.tcr
        return None if asked is None else asked.certification_request.to_cryptography()

    def builder(self, issuer: x509.Name) -> x509.CertificateBuilder:
        """A certificate with the names, the key and the extensions of the template.

        For PKCS#10 and CRMF alike. Serial number, validity and what the issuer adds are left.
        Extensions are taken as they stand; a subjectAltName is critical where the subject is empty
        (RFC 5280 §4.2.1.6). Raises `ValueError` for a key or a name that ``cryptography`` refuses.
        """
        made = (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .subject_name(self.subject)
            .public_key(self.public_key)
        )
        has_name = bool((self.template.subject or _NO_NAME).rdn_sequence)
        for each in self.template.extensions or ():
            is_alone = each.extn_id == oids.ID_CE_SUBJECT_ALT_NAME and not has_name
            identifier = x509.ObjectIdentifier(each.extn_id)
            made = made.add_extension(
                x509.UnrecognizedExtension(identifier, each.extn_value),
                critical=bool(each.critical) or is_alone,
            )
        return made

    @property
    def public_key(self) -> CertificatePublicKeyTypes:
        """The key to be certified; raises `ValueError` for one that ``cryptography`` refuses."""
        key: Any = self._asked.public_key()
        return key  # type: ignore[no-any-return]

    @property
    def subject(self) -> x509.Name:
        """The name that is asked for, which may be empty."""
        return self._asked.subject

    @property
    def extensions(self) -> x509.Extensions:
        """The extensions that are asked for; raises `ValueError` for those that are malformed."""
        return self._asked.extensions

    @cached_property
    def _asked(self) -> x509.CertificateSigningRequest:
        """The template as a request that nobody signed: one part may be bad and others good."""
        template = self.template
        if template.public_key is None:
            raise ValueError("the template has no key")
        return as_request(template.subject, template.public_key, template.extensions or ())

    def decided(self, template: types.CertTemplate | None) -> Application:
        """The application as it was decided."""
        return self if template is None else replace(self, template=template)


Issuer: TypeAlias = "Callable[[Application, types.CertTemplate], x509.Certificate | bytes]"
"""Issues a certificate for an application, by the template that was decided.

May be called again with the same id, after a crash, and then returns what it made.
"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A certificate that is to be revoked, and who wants it (RFC 10002 §6.11)."""

    certificate: types.IssuerAndSerialNumber
    reason: types.CRLReason | int
    invalidity_date: datetime | None = None
    comment: str | None = None
    requester: Requester = NOBODY


# --- as records ------------------------------------------------------------------------------


def requester_record(requester: Requester) -> dict[str, Any]:
    """A requester as a record has it."""
    return {
        "kind": requester.kind,
        "certificate": requester.certificate and _certificate(requester.certificate),
        "identification": requester.identification,
        "ras": [_certificate(each) for each in requester.ras],
        "about": requester.about,
    }


def requester_of(record: dict[str, Any]) -> Requester:
    """And back."""
    own = record["certificate"]
    return Requester(
        kind=record["kind"],
        certificate=own and _loaded(own),
        identification=record["identification"],
        ras=tuple(map(_loaded, record["ras"])),
        about=record["about"],
    )


def application_record(application: Application) -> dict[str, Any]:
    """An application as a record has it."""
    return {
        "id": records.text(application.id),
        "request": records.text(application.request.to_der()),
        "template": records.text(application.template.to_der()),
        "requester": requester_record(application.requester),
        "pop": application.pop,
        "renews": application.renews and _certificate(application.renews),
        "path": application.path,
        "transaction_id": application.transaction_id and hex(application.transaction_id),
        "reg_info": list(map(records.text, application.reg_info)),
        "unsigned_data": [records.text(each.to_der()) for each in application.unsigned_data],
    }


def application_of(record: dict[str, Any]) -> Application:
    """And back."""
    renews, number = record["renews"], record["transaction_id"]
    return Application(
        id=records.octets(record["id"]),
        request=types.TaggedRequest.from_der(records.octets(record["request"])),
        template=types.CertTemplate.from_der(records.octets(record["template"])),
        requester=requester_of(record["requester"]),
        pop=record["pop"],
        renews=renews and _loaded(renews),
        path=tuple(record["path"]),
        transaction_id=int(number, 16) if isinstance(number, str) else number,
        reg_info=tuple(map(records.octets, record["reg_info"])),
        unsigned_data=tuple(
            types.CMCUnsignedData.from_der(records.octets(each)) for each in record["unsigned_data"]
        ),
    )


def _certificate(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return records.text(certificate.public_bytes(Encoding.DER))


def _loaded(value: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(records.octets(value))
