"""The search for certification paths (rules V13, V15; RFC 4158).

It goes from the anchors to the signers, so that no key is tried which an anchor's has not
certified: certificates that anybody may have added cost a step each. An issuer is a name and a key;
a certificate that leads to the same issuer and allows no more leads nowhere new. There are as many
steps as suit the number of certificates.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec.limits import CHAIN_STEPS, CHAIN_STEPS_PER_CERTIFICATE, MAX_CHAIN_STATES
from cmcodec.verify.path import (
    Certificate,
    Path,
    authority_fault,
    holder_fault,
    signer_fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from cmcodec.reasons import Reason

__all__ = ["ChainResult", "Index", "Search"]

_COMPARISONS: Final = 128
"""Comparisons of a name with a constraint that take as long as a step."""


class ChainResult(NamedTuple):
    """SHA-256 of the anchor that a signer's certificate leads to, or in words why it leads to none.

    The hash is empty where a callback trusts the signer.
    """

    anchor_sha256: str | None
    detail: str | None = None


class Index:
    """Certificates by their subjects."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._found: dict[bytes, list[Certificate]] = {}
        self.issuers: dict[bytes, None] = {}
        self.count = 0
        for self.count, certificate in enumerate(certificates, 1):
            self._found.setdefault(certificate.subject, []).append(certificate)
            self.issuers[certificate.issuer] = None

    def __getitem__(self, subject: bytes) -> list[Certificate]:
        return self._found.get(subject, [])


class _Fault(NamedTuple):
    """Why a certificate is on no path; ``genuine`` where the issuer did sign it."""

    text: str
    certificate: Certificate
    issuer: Certificate
    genuine: bool

    def __str__(self) -> str:
        return self.text.format(it=self.certificate, by=self.issuer)


class Search:
    """The issuers that are reached with the certificates of one message.

    ``anchors`` and ``known`` are the caller's. ``signature`` tells why a certificate was not signed
    by a key. ``signs``: whether the certificates that are asked about must be such that sign
    messages. ``steps`` are left for issuers, and as many for signers, so that the ones leave
    something to the others.
    """

    def __init__(
        self,
        anchors: Index,
        known: Index,
        carried: Index,
        at: datetime,
        signature: Callable[[bytes, bytes], Reason | None],
        *,
        signs: bool = True,
    ) -> None:
        self._anchors, self._known, self._carried = anchors, known, carried
        self._end_fault = signer_fault if signs else holder_fault
        self._at = at
        self._signature = signature
        # By the name of their issuer and its identifier for the key: CAs that somebody names.
        self._issued: dict[bytes, dict[bytes | None, list[Certificate]]] = {}
        named = 0
        for certificate in self._named():
            named += 1
            key = certificate.facts.authority_key if certificate.facts else None
            keys = self._issued.setdefault(certificate.issuer, {})
            keys.setdefault(key, []).append(certificate)
        steps = CHAIN_STEPS + CHAIN_STEPS_PER_CERTIFICATE * max(named, carried.count)
        self.steps = {"issuers": steps, "signers": steps}
        # By name in the order in which they are reached, and by name and key.
        self._reached: dict[bytes, list[Path]] = {}
        self._states: dict[tuple[bytes, bytes], list[Path]] = {}
        self._rooted: set[bytes] = set()
        self._faults: dict[bytes, _Fault] = {}
        # From where to go on, by how well what follows names the key of its issuer.
        self._tiers: list[list[Path]] | None = None

    def chain(self, signer: Certificate) -> ChainResult:
        """The anchor that a signer's certificate leads to."""
        for anchor in self._anchors[signer.subject]:
            if anchor.octets == signer.octets:
                return self._itself(anchor)
        self._root(signer.issuer)
        seen, more = 0, True
        while True:
            reached = self._reached.get(signer.issuer, [])
            new, seen = reached[seen:], len(reached)
            for path in sorted(new, key=lambda path: signer.differs_from(path.issuer)):
                if self._leads(path, signer):
                    return _trusted(path.anchor)
            if not more:
                return ChainResult(None, self._why(signer))
            more = self._grow()

    def _itself(self, anchor: Certificate) -> ChainResult:
        """What an anchor signed itself is trusted if it may sign messages."""
        text = self._end_fault(anchor, self._at) or Path.of(anchor).signer_fault(anchor)
        if text is None:
            return _trusted(anchor)
        return ChainResult(None, str(_Fault(text, anchor, anchor, genuine=True)))

    def _named(self) -> Iterator[Certificate]:
        """Every certificate that another one names as its issuer, the caller's first."""
        names = deque((*self._carried.issuers, *self._known.issuers))
        seen: set[bytes] = set()
        while names:
            name = names.popleft()
            if name not in seen:
                seen.add(name)
                for certificate in (*self._known[name], *self._carried[name]):
                    names.append(certificate.issuer)
                    yield certificate

    def _step(self, who: str, cost: int = 1) -> bool:
        """Goes a step; False where none is left."""
        self.steps[who] -= cost
        return self.steps[who] >= 0

    # --- reaching issuers ---

    def _root(self, name: bytes) -> None:
        """Reaches the anchors of a name, unless they are."""
        if name not in self._rooted:
            self._rooted.add(name)
            for anchor in self._anchors[name]:
                text = authority_fault(anchor, self._at)
                if text is None:
                    self._arrive(Path.of(anchor))
                else:
                    self._note(_Fault(text, anchor, anchor, genuine=True))

    def _arrive(self, path: Path) -> Path:
        issuer = path.issuer
        self._states.setdefault((issuer.subject, issuer.spki), []).append(path)
        self._reached.setdefault(issuer.subject, []).append(path)
        return path

    def _grow(self) -> bool:
        """Reaches CAs that are one certificate further; False where nothing is left to try."""
        if self._tiers is None:
            for name in self._issued:
                self._root(name)
            roots = [root for name in self._issued for root in self._reached.get(name, ())]
            self._tiers = [roots, [], []]
        tier = next((tier for tier, paths in enumerate(self._tiers) if paths), None)
        if tier is None:
            return False
        paths, self._tiers[tier] = self._tiers[tier], []
        for path in paths:
            for certificate in self._issued_by(path.issuer, tier):
                if not self._step("issuers"):
                    self._tiers = [[], [], []]
                    return True
                longer = self._reach(path, certificate)
                if longer:
                    self._tiers[0].append(longer)
        if tier < 2:
            self._tiers[tier + 1] += paths
        return True

    def _issued_by(self, issuer: Certificate, tier: int) -> Iterator[Certificate]:
        """The CAs that name an issuer and its key; then no key; then another (§4.2.1.1)."""
        keys, own = self._issued.get(issuer.subject, {}), issuer.key_identifier
        named: tuple[Iterable[bytes | None], ...]
        if own is None:
            named = ((), keys, ())
        else:
            named = ((own,), (None,), (key for key in keys if key not in (own, None)))
        for key in named[tier]:
            yield from keys.get(key, ())

    def _reach(self, path: Path, certificate: Certificate) -> Path | None:
        """The path with another CA, if it leads to where none has led."""
        if certificate.facts is None:
            self._note(_Fault("{it} is not readable", certificate, certificate, genuine=True))
            return None
        longer = path.to(certificate)
        states = self._states.get((certificate.subject, certificate.spki), ())
        if len(states) >= MAX_CHAIN_STATES or any(known.allows_what(longer) for known in states):
            return None
        text = self._signature_fault(path, certificate)
        genuine = text is None
        if text is None:
            text = authority_fault(certificate, self._at)
        if text is None and self._step("issuers", path.comparisons(certificate) // _COMPARISONS):
            text = path.authority_fault(longer)
            if text is None:
                return self._arrive(longer)
        if text is not None:
            self._note(_Fault(text, certificate, path.issuer, genuine))
        return None

    def _leads(self, path: Path, signer: Certificate) -> bool:
        """Whether the issuer at the end of a path issued a certificate that may sign messages."""
        if not self._step("signers"):
            return False
        text = self._signature_fault(path, signer)
        genuine = text is None
        if text is None:
            text = self._end_fault(signer, self._at)
        if text is None and self._step("signers", path.comparisons(signer) // _COMPARISONS):
            text = path.signer_fault(signer)
            if text is None:
                return True
        if text is not None:
            self._note(_Fault(text, signer, path.issuer, genuine))
        return False

    def _signature_fault(self, path: Path, certificate: Certificate) -> str | None:
        reason = self._signature(certificate.octets, path.issuer.spki)
        return reason and f"the signature of {{it}} under the key of {{by}}: {reason}"

    # --- why not ---

    def _note(self, fault: _Fault) -> None:
        """Keeps the first fault of each certificate, of one that is genuine where there is one."""
        octets = fault.certificate.octets
        known = self._faults.get(octets)
        if known is None or (fault.genuine and not known.genuine):
            self._faults[octets] = fault

    def _why(self, signer: Certificate) -> str:
        """The fault of the certificate nearest to the signer, a genuine one first."""
        if min(self.steps.values()) < 0:
            return "the search for a chain took more steps than suit the number of certificates"
        level, seen = [signer], set[bytes]()
        doubtful: _Fault | None = None
        while True:
            for certificate in level:
                fault = self._faults.get(certificate.octets)
                if fault is not None and fault.genuine:
                    return str(fault)
                doubtful = doubtful or fault
            names = {certificate.issuer: None for certificate in level}
            above = [
                issuer
                for name in names
                if name not in seen
                for index in (self._anchors, self._known, self._carried)
                for issuer in index[name]
            ]
            if not above:
                return str(doubtful or f"no trust anchor issued {level[0]}")
            seen |= names.keys()
            level = above


def _trusted(anchor: Certificate) -> ChainResult:
    return ChainResult(hashlib.sha256(anchor.octets).hexdigest())
