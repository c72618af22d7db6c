"""Certificate chains: which signers a caller trusts (rule V13, RFC 10002 §9).

CMC certificates carry neither WebPKI key usages nor a subject alternative name, so a chain is a
certification path of RFC 5280 §6.1 from an anchor to a certificate that may sign messages, and
nothing more. Revocation is not checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from cmcodec import _backend, metering
from cmcodec.foreign import quietly
from cmcodec.verify.certificates import certificates_octets
from cmcodec.verify.path import readable
from cmcodec.verify.search import ChainResult, Index, Search

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from cmcodec.reasons import Reason
    from cmcodec.verify.given import Trust

__all__ = ["Checker", "Paths"]

_REMEMBERED: Final = 1024
"""Certificates and signatures that are kept for other messages: some megabytes."""

_UNREADABLE: Final = ChainResult(None, "the certificate is not readable")


def _loaded(octets: bytes) -> x509.Certificate | None:
    from cryptography import x509

    try:
        return quietly(x509.load_der_x509_certificate, octets)
    except ValueError:
        return None


def _signature(certificate: bytes, spki: bytes) -> Reason | None:
    """Why the signature of a certificate is not by this key; None where it is."""
    with metering.cryptography():
        return _backend.certificate_signature(certificate, spki)


class Checker:
    """Finds what signers' certificates lead to; what was found once is not searched for again.

    With ``signs=False`` a certificate may be for any purpose.
    """

    def __init__(
        self, trust: Trust, extra: list[bytes], at: datetime, *, signs: bool = True
    ) -> None:
        self._found: dict[bytes, ChainResult] = {}
        self._begin: Callable[[list[bytes]], Callable[[bytes], ChainResult]]
        if callable(trust):
            self._begin = _Callback(trust, extra, at)
        else:
            self._begin = _Anchors(certificates_octets("trust", trust), extra, at, signs=signs)

    def paths(self, carried: list[bytes]) -> Paths:
        """The chains of one message, which carries these certificates."""
        return Paths(carried, self._begin, self._found)


class Paths:
    """Finds what the certificates of one message, or of the caller, lead to."""

    def __init__(
        self,
        carried: list[bytes],
        begin: Callable[[list[bytes]], Callable[[bytes], ChainResult]],
        found: dict[bytes, ChainResult],
    ) -> None:
        self._carried, self._begin, self._found = carried, begin, found
        self._digest = hashlib.sha256()
        for octets in carried:
            self._digest.update(hashlib.sha256(octets).digest())

    def chain(self, certificate: bytes) -> ChainResult:
        """The anchor that a certificate leads to, or why it leads to none."""
        digest = self._digest.copy()
        digest.update(certificate)
        key = digest.digest()
        if key not in self._found:
            self._found[key] = self._find(certificate)
        return self._found[key]

    @cached_property
    def _find(self) -> Callable[[bytes], ChainResult]:
        return self._begin(self._carried)


class _Anchors:
    """Trust in what leads to certificates of the caller."""

    def __init__(
        self, anchors: list[bytes], extra: list[bytes], at: datetime, *, signs: bool
    ) -> None:
        self._at, self._signs = at, signs
        # For other messages with the same certificates.
        self._readable = lru_cache(_REMEMBERED)(readable)
        self._signature = lru_cache(_REMEMBERED)(_signature)
        self._anchors, self._known = self._index(anchors), self._index(extra)

    def __call__(self, carried: list[bytes]) -> Callable[[bytes], ChainResult]:
        known = self._index(carried)
        search = Search(
            self._anchors, self._known, known, self._at, self._signature, signs=self._signs
        )

        def chain(octets: bytes) -> ChainResult:
            certificate = self._readable(octets)
            if certificate is None or certificate.facts is None:
                return _UNREADABLE
            return search.chain(certificate)

        return chain

    def _index(self, octets: list[bytes]) -> Index:
        """Each of the certificates once."""
        read = (self._readable(each) for each in dict.fromkeys(octets))
        return Index(certificate for certificate in read if certificate is not None)


class _Callback:
    """Trust in what a function of the caller accepts."""

    def __init__(self, callback: Callable[..., object], extra: list[bytes], at: datetime) -> None:
        self._callback, self._extra, self._at = callback, extra, at

    def __call__(self, carried: list[bytes]) -> Callable[[bytes], ChainResult]:
        loaded = [(octets, _loaded(octets)) for octets in (*carried, *self._extra)]

        def ask(octets: bytes) -> ChainResult:
            signer = _loaded(octets)
            if signer is None:
                return _UNREADABLE
            others = [each for other, each in loaded if other != octets and each is not None]
            if _answer(self._callback(signer, others, self._at)):
                return ChainResult("")
            return ChainResult(None, "the callback answered False")

        return ask


def _answer(answer: object) -> bool:
    """What a callback returned, which is True or False: what merely counts as true, trusts."""
    if answer is True or answer is False:
        return answer
    if isinstance(answer, Coroutine):
        answer.close()
    raise TypeError(f"a trust callback returns True or False, not {answer!r}")
