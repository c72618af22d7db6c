"""Certification paths: what a certificate may stand for on one (rule V13, RFC 5280 §6.1).

What is wrong is said in words, in which ``{it}`` is the certificate and ``{by}`` its issuer.

Policies are not processed: a path on which one must be explicit is refused (RFC 5280 §6.1.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self, TypeVar

from cmcodec import _backend, oids
from cmcodec.asn1 import Asn1, BitString
from cmcodec.limits import MAX_CHAIN_AUTHORITIES
from cmcodec.types import (
    AuthorityKeyIdentifier,
    BasicConstraints,
    Extensions,
    KeyUsage,
    NameConstraints,
    PolicyConstraints,
    Validity,
)
from cmcodec.verify.names import names_of, outside, title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cmcodec.types import Extension, GeneralName

__all__ = ["Certificate", "Path", "authority_fault", "holder_fault", "readable", "signer_fault"]

T = TypeVar("T", bound=Asn1)

_PROCESSED: Final = {
    oids.ID_CE_AUTHORITY_KEY_IDENTIFIER,
    oids.ID_CE_BASIC_CONSTRAINTS,
    oids.ID_CE_CERTIFICATE_POLICIES,
    oids.ID_CE_EXT_KEY_USAGE,
    oids.ID_CE_INHIBIT_ANY_POLICY,
    oids.ID_CE_KEY_USAGE,
    oids.ID_CE_NAME_CONSTRAINTS,
    oids.ID_CE_POLICY_CONSTRAINTS,
    oids.ID_CE_POLICY_MAPPINGS,
    oids.ID_CE_SUBJECT_ALT_NAME,
    oids.ID_CE_SUBJECT_KEY_IDENTIFIER,
}
"""Extensions that may be critical. Those about policies count where one must be explicit."""

_UNLIMITED: Final = MAX_CHAIN_AUTHORITIES + 2
"""More certificates than a path has."""

_EMPTY: Final = b"\x30\x00"


class Certificate:
    """A certificate; raises `ValueError` for what has not the shape of one."""

    def __init__(self, octets: bytes) -> None:
        outline = _backend.certificate(octets)
        if outline is None:
            raise ValueError("no certificate")
        self.octets = octets
        self.issuer, _, self.key_identifier, self._validity, self.subject, self.spki, _ = outline
        self._extensions = outline[-1]
        self.is_self_issued = self.issuer == self.subject

    @cached_property
    def facts(self) -> Facts | None:
        """What it says about paths; None where that cannot be read."""
        try:
            return Facts.of(self._validity, self._listed)
        except ValueError:
            return None

    @cached_property
    def names(self) -> list[GeneralName] | None:
        """The names to which constraints apply; None where they cannot be read."""
        try:
            found = self._listed.get(oids.ID_CE_SUBJECT_ALT_NAME)
            return names_of(self.subject, found.extn_value if found else None)
        except ValueError:
            return None

    @property
    def _listed(self) -> Mapping[str, Extension]:
        """RFC 5280 §4.2: each extension stands once; raises `ValueError`."""
        listed = Extensions.from_der(self._extensions) if self._extensions else ()
        found = {extension.extn_id: extension for extension in listed}
        if len(found) < len(listed):
            raise ValueError("an extension stands twice")
        return found

    def differs_from(self, issuer: Certificate) -> bool:
        """Whether it names another key than the issuer's (RFC 5280 §4.2.1.1)."""
        named, own = self.facts and self.facts.authority_key, issuer.key_identifier
        return None not in (named, own) and named != own

    def __str__(self) -> str:
        return title(self.subject)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says about itself and what follows it on a path.

    ``path_length`` CAs may follow; ``explicit_policy`` certificates need no policy yet. ``unknown``
    is the first critical extension that is not processed.
    """

    since: datetime
    until: datetime
    is_ca: bool
    path_length: int
    explicit_policy: int
    usages: BitString | None
    constraints: NameConstraints | None
    authority_key: bytes | None
    unknown: str | None

    @classmethod
    def of(cls, validity: bytes, listed: Mapping[str, Extension]) -> Self:
        """What these elements say; raises `ValueError` where one cannot be read."""

        def value(oid: str, cls: type[T]) -> T | None:
            return cls.from_der(listed[oid].extn_value) if oid in listed else None

        valid = Validity.from_der(validity)
        basic = value(oids.ID_CE_BASIC_CONSTRAINTS, BasicConstraints) or BasicConstraints()
        policy = value(oids.ID_CE_POLICY_CONSTRAINTS, PolicyConstraints) or PolicyConstraints()
        key = value(oids.ID_CE_AUTHORITY_KEY_IDENTIFIER, AuthorityKeyIdentifier)
        critical = (oid for oid, extension in listed.items() if extension.critical)
        return cls(
            since=valid.not_before.value,
            until=valid.not_after.value,
            is_ca=basic.ca,
            path_length=_number(basic.path_len_constraint),
            explicit_policy=_number(policy.require_explicit_policy),
            usages=value(oids.ID_CE_KEY_USAGE, BitString),
            constraints=value(oids.ID_CE_NAME_CONSTRAINTS, NameConstraints),
            authority_key=key.key_identifier if key else None,
            unknown=next((oid for oid in critical if oid not in _PROCESSED), None),
        )


def readable(octets: bytes) -> Certificate | None:
    """The certificate, or None for what has not the shape of one."""
    try:
        return Certificate(octets)
    except ValueError:
        return None


def _number(of: int | None) -> int:
    """A number of certificates; raises `ValueError` for a negative one."""
    if of is not None and of < 0:
        raise ValueError("a negative number of certificates")
    return _UNLIMITED if of is None else min(of, _UNLIMITED)


# --- what may be wrong with a certificate ---------------------------------------------------------


def _fault(facts: Facts | None, at: datetime) -> str | None:
    """RFC 5280 §6.1.3 (a) (2), §6.1.4 (o) and §6.1.5 (f)."""
    if facts is None:
        return "{it} is not readable"
    if at < facts.since:
        return f"{{it}} is not valid before {facts.since:%Y-%m-%dT%H:%M:%SZ}"
    if at > facts.until:
        return f"{{it}} expired on {facts.until:%Y-%m-%dT%H:%M:%SZ}"
    if facts.unknown is not None:
        return f"{{it}} has a critical extension that is not processed: {facts.unknown}"
    return None


def authority_fault(certificate: Certificate, at: datetime) -> str | None:
    """Why a certificate may issue none (RFC 5280 §6.1.4 (k) and (n))."""
    facts = certificate.facts
    text = _fault(facts, at)
    if text is None and certificate.subject == _EMPTY:
        text = "a CA has no name"
    if text is None and facts and not facts.is_ca:
        text = "{it} is no CA: its basicConstraints lack cA"
    if text is None and facts and facts.usages and KeyUsage.KEY_CERT_SIGN not in facts.usages:
        text = "the keyUsage of {it} lacks keyCertSign"
    return text


def holder_fault(certificate: Certificate, at: datetime) -> str | None:
    """Why a certificate says nothing about its key, whatever the key is for."""
    return _fault(certificate.facts, at)


def signer_fault(certificate: Certificate, at: datetime) -> str | None:
    """Why a certificate may sign no message (RFC 5280 §4.2.1.3)."""
    facts = certificate.facts
    text = holder_fault(certificate, at)
    if text is None and facts and facts.usages is not None:
        signs = (KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION)
        if not any(usage in facts.usages for usage in signs):
            text = "the keyUsage of {it} lacks digitalSignature and nonRepudiation"
    return text


# --- paths -------------------------------------------------------------------------------------

_POLICY: Final = "{it} needs an explicit policy, and policies are not processed"


@dataclass(frozen=True, slots=True)
class Path:
    """A path from an anchor to an issuer, and what may follow (RFC 5280 §6.1.2).

    ``authorities`` counts the CAs behind the anchor. ``constraints`` are the certificates on the
    path that have some.
    """

    anchor: Certificate
    issuer: Certificate
    authorities: int
    path_length: int
    explicit_policy: int
    constraints: tuple[Certificate, ...]

    @classmethod
    def of(cls, anchor: Certificate) -> Self:
        """That of an anchor, whose own extensions limit what follows."""
        return cls(anchor, anchor, -1, _UNLIMITED, _UNLIMITED, ()).to(anchor)

    def to(self, authority: Certificate) -> Self:
        """The path with another CA at its end (RFC 5280 §6.1.4)."""
        facts = authority.facts
        assert facts
        counts = not authority.is_self_issued and self.authorities >= 0
        return type(self)(
            self.anchor,
            authority,
            self.authorities + 1,
            min(self.path_length - counts, facts.path_length),
            min(max(self.explicit_policy - counts, 0), facts.explicit_policy),
            (*self.constraints, authority) if facts.constraints else self.constraints,
        )

    def allows_what(self, other: Path) -> bool:
        """Whether everything may follow that may follow another path to the same issuer."""
        return (
            self.authorities <= other.authorities
            and self.path_length >= other.path_length
            and self.explicit_policy >= other.explicit_policy
            and set(self.constraints) <= set(other.constraints)
        )

    def authority_fault(self, longer: Path) -> str | None:
        """Why the path may not lead to this CA (RFC 5280 §6.1.3 (b) to (f), §6.1.4 (l))."""
        if longer.authorities > MAX_CHAIN_AUTHORITIES:
            return f"more than {MAX_CHAIN_AUTHORITIES} CAs stand between a trust anchor and {{it}}"
        if longer.path_length < 0:
            return "a pathLenConstraint allows no CA below {by}: {it}"
        if self.explicit_policy <= 0:
            return _POLICY
        return None if longer.issuer.is_self_issued else self._name_fault(longer.issuer)

    def signer_fault(self, signer: Certificate) -> str | None:
        """Why a signer may not be at the end of the path (RFC 5280 §6.1.3 (b) to (f), §6.1.5)."""
        if self.explicit_policy <= 1 or (signer.facts and signer.facts.explicit_policy == 0):
            return _POLICY
        return self._name_fault(signer)

    def comparisons(self, certificate: Certificate) -> int:
        """How many names are compared with constraints."""
        subtrees = sum(
            len(each.permitted_subtrees or ()) + len(each.excluded_subtrees or ())
            for each in self._name_constraints()
        )
        return subtrees and subtrees * len(certificate.names or ())

    def _name_fault(self, certificate: Certificate) -> str | None:
        for constraints in self._name_constraints():
            if certificate.names is None:
                return "the names of {it} are not readable"
            kind = outside(constraints, certificate.names)
            if kind is not None:
                return f"the name constraints above {{it}} do not allow its {kind}"
        return None

    def _name_constraints(self) -> Iterator[NameConstraints]:
        for authority in self.constraints:
            assert authority.facts
            assert authority.facts.constraints
            yield authority.facts.constraints
