"""A validated message at a place of a buffer, and what a backend tells of it.

`cmcodec.message.Message` is this with all that users do; what verifies stands between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from cmcodec import _backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmcodec import types
    from cmcodec.verify.verdict import Encoding, Kind

_ROOTS: Final = {"simple-request": "CertificationRequest", "wrapped-request": "WrappedRequest"}
_CONTENT: Final = ("content", "encapContentInfo", "eContent")


class Loaded:
    """A validated message. Its content is reached only under names that say ``unverified``."""

    __slots__ = ("_end", "_nested_validated", "_root", "_start", "buffer", "encoding")

    def __init__(
        self,
        buffer: bytes,
        span: tuple[int, int],
        encoding: Encoding,
        root: str,
        nested_validated: bool = False,
    ) -> None:
        self.buffer: Final = buffer
        self._start, self._end = span
        self.encoding: Final = encoding
        self._root: Final = root
        # Whether what is nested in it was validated too, within the bounds of encoding.
        self._nested_validated: Final = nested_validated

    @classmethod
    def of(cls, der: bytes, span: tuple[int, int], kind: Kind) -> Self:
        """The message of this kind at ``span`` of a buffer that was validated."""
        return cls(der, span, "der", _ROOTS.get(kind, "ContentInfo"))

    def _kind(self) -> tuple[Kind, str, int, int]:
        return _backend.message_kind(self.buffer, self._start, self._end, self._root)

    @property
    def wrapped(self) -> bool:
        """Whether this is a wrapped request (rule V1), which `load` was told to expect."""
        return self._root == "WrappedRequest"

    @property
    def kind(self) -> Kind:
        """Which of the four PKI messages this is, or ``"other"`` for any other CMS content.

        Also ``"wrapped-request"``, where `load` was told to expect one.
        """
        return self._kind()[0]

    @property
    def span(self) -> tuple[int, int]:
        """Where the message stands in ``buffer``, the DER form of what was loaded."""
        return self._start, self._end

    def to_der(self) -> bytes:
        """The message in DER: as received, or converted where its wrapper was BER."""
        return self.buffer[self._start : self._end]

    @property
    def unverified_structure(self) -> types.ContentInfo | types.CertificationRequest:
        """The whole message, CMS wrapper included, before any verification."""
        name = self._root
        if name == "WrappedRequest":
            name = "ContentInfo"
        structure: types.ContentInfo | types.CertificationRequest = _backend.decode_at(
            name, self.buffer, self._start, self._end
        )[0]
        return structure

    @property
    def unverified_content(
        self,
    ) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """What the message says, before any verification; None unless it is a request or response.

        A simple response says nothing: its certificates are in ``certificates``.
        """
        content: types.PKIData | types.PKIResponse | types.CertificationRequest | None = (
            _backend.content(
                self.buffer, self._start, self._end, self._root, self._nested_validated
            )
        )
        return content

    def _cms_sequence(self) -> tuple[int, int]:
        """Where the members of cmsSequence stand; an empty span where there are none."""
        _, name, start, end = self._kind()
        found = None
        if name in ("PKIData", "PKIResponse"):
            found = _backend.locate(name, self.buffer, start, end, ("cmsSequence",))
        return found[1:] if found else (0, 0)

    @property
    def certificates(self) -> tuple[types.Certificate, ...]:
        """The X.509 certificates the wrapper carries, which being there makes none trusted."""
        return tuple(
            choice.certificate
            for choice in self._choices("certificates", "CertificateChoices")
            if choice.certificate is not None
        )

    @property
    def crls(self) -> tuple[types.CertificateList, ...]:
        """The CRLs the wrapper carries."""
        return tuple(
            choice.crl
            for choice in self._choices("crls", "RevocationInfoChoice")
            if choice.crl is not None
        )

    def _choices(self, field: str, type_name: str) -> Iterator[Any]:
        found = self._locate(("content", field))
        _, pos, end = found or (0, 0, 0)
        while pos < end:
            choice, pos = _backend.decode_at(type_name, self.buffer, pos, end)
            yield choice

    def _locate(self, path: tuple[str | int, ...]) -> tuple[int, int, int] | None:
        name, start, end = self._root, self._start, self._end
        if name == "WrappedRequest":
            name = "ContentInfo"
            if path[:3] == _CONTENT and path[3:]:
                # No type says that id-data holds a request.
                path = path[3:]
                _, name, start, end = self._kind()
        return _backend.locate(name, self.buffer, start, end, path)

    def __repr__(self) -> str:
        size = self._end - self._start
        return f"<{type(self).__name__} {self.kind}, {self.encoding}, {size} octets>"


def members(message: Loaded) -> Iterator[tuple[int, Loaded]]:
    """The messages in cmsSequence with their body part ids, in order."""
    # Reaches into what it knows to be its own.
    for identifier, start, end in _backend.members(message.buffer, *message._cms_sequence()):  # noqa: SLF001
        yield identifier, Loaded(message.buffer, (start, end), "der", "ContentInfo")
