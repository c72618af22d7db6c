"""What is known of a verified message: declared classes, which the backends make.

They stand below the backends. A report adds what is found above them: chains and notes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from cmcodec.asn1 import display

if TYPE_CHECKING:
    from cmcodec.reasons import Reason, Rule
    from cmcodec.types import Certificate

Kind: TypeAlias = Literal[
    "full-request",
    "full-response",
    "simple-request",
    "simple-response",
    "wrapped-request",
    "other",
]
Encoding: TypeAlias = Literal["der", "ber"]
Verdict: TypeAlias = Literal["verified", "failed", "unsigned", "unverified", "malformed"]
Form: TypeAlias = Literal["pkcs10", "crmf", "other"]
Pop: TypeAlias = Literal["verified", "ra-asserted", "absent", "challenge-needed", "failed"]
Chain: TypeAlias = Literal["unchecked", "trusted", "untrusted"]
Origin: TypeAlias = Literal["certificate", "request-key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One SignerInfo: which key verified it, and whether that key's certificate is trusted.

    ``algorithm`` is the name of the signature algorithm, or its OBJECT IDENTIFIER where it is not
    on offer. ``certificate_sha256`` names the certificate, ``request_id`` the certification request
    whose own key signed; both are None where the signature is not good, and then ``reason`` says
    why. ``chain`` is None without a certificate, ``"unchecked"`` without trust anchors;
    ``anchor_sha256`` names the anchor of a trusted chain. ``detail`` says in words why a chain is
    untrusted: which certificate expired, lacks a keyUsage, has a bad signature. The words may
    change, and names of certificates stand in them as they were received. ``candidates`` are the
    DER octets of every certificate whose key verifies the signature, the one named first: anybody
    can add a certificate to a message (rule V8).
    """

    algorithm: str | None
    certificate_sha256: str | None
    request_id: int | None
    chain: Chain | None
    anchor_sha256: str | None = None
    reason: Reason | None = None
    detail: str | None = None
    candidates: tuple[bytes, ...] = field(default=(), repr=False, compare=False)

    @property
    def certificate(self) -> Certificate | None:
        """The certificate that ``certificate_sha256`` names."""
        from cmcodec.types import Certificate

        return Certificate(self.candidates[0]) if self.candidates else None

    def to_dict(self) -> dict[str, Any]:
        """The signer as JSON types."""
        return {
            "algorithm": self.algorithm,
            "certificate_sha256": self.certificate_sha256,
            "request_id": self.request_id,
            "chain": self.chain,
            "anchor_sha256": self.anchor_sha256,
            "reason": self.reason,
            "detail": self.detail,
        }

    def named(self, certificate: bytes, **changes: Any) -> Self:
        """The signer called by another of its candidates."""
        others = (each for each in self.candidates if each != certificate)
        sha256 = hashlib.sha256(certificate).hexdigest()
        candidates = (certificate, *others)
        return replace(self, certificate_sha256=sha256, candidates=candidates, **changes)

    @property
    def purposes(self) -> tuple[str, ...]:
        """What the key is for: the OBJECT IDENTIFIERs of its certificate's extendedKeyUsage.

        In the order received; empty where there is none, or none that can be read. ``oids`` has
        names for those of CMC (RFC 6402 §2.10), among others: ``oids.ID_KP_CMC_RA in
        signer.purposes``.
        """
        return _purposes(self.candidates[0]) if self.candidates else ()


_EXT_KEY_USAGE: Final = bytes.fromhex("0603551d25")
"""id-ce-extKeyUsage as it is encoded."""


@lru_cache(64)
def _purposes(certificate: bytes) -> tuple[str, ...]:
    """Those of a certificate: one has signed many messages."""
    from cmcodec import _backend, oids
    from cmcodec.types import Extensions, ExtKeyUsageSyntax

    # Most have none, and to look for the extension costs more than to see that it is not there.
    outline = _backend.certificate(certificate) if _EXT_KEY_USAGE in certificate else None
    if outline is None or outline[-1] is None:
        return ()
    try:
        values = {each.extn_id: each.extn_value for each in Extensions.from_der(outline[-1])}
        found = values.get(oids.ID_CE_EXT_KEY_USAGE)
        return () if found is None else tuple(ExtKeyUsageSyntax.from_der(found))
    except ValueError:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReport:
    """One certification request and the state of its proof of possession (rules R1, R2, R6).

    ``algorithm`` is that of the signature that is to prove possession, called what a `Signer` calls
    its own; None where there is no signature.
    """

    id: int
    form: Form
    algorithm: str | None
    pop: Pop

    def to_dict(self) -> dict[str, Any]:
        """The request as JSON types."""
        return {"id": self.id, "form": self.form, "algorithm": self.algorithm, "pop": self.pop}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is odd and changes no verdict (rules R4, V1).

    ``body_part_id`` is that of the control or of the request, None for the message itself.
    """

    body_part_id: int | None
    reason: Reason


class InBuffer:
    """What a row knows beside what it says; no part of its equality, repr, dict or pickle."""

    __slots__ = ("_buffer", "_may_have_notes")
    _buffer: bytes
    _may_have_notes: bool

    @property
    def buffer(self) -> bytes | None:
        """The octets that offset and span count in; None for a row made by hand or unpickled."""
        return getattr(self, "_buffer", None)

    @property
    def may_have_notes(self) -> bool:
        """Whether there may be something to note of a control or a request (rule R4)."""
        return getattr(self, "_may_have_notes", False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Row(InBuffer):
    """The verdict over one PKI message.

    ``index`` is the position of the input it came in, ``path`` the body part ids from the
    outermost message to this one (empty for the outermost). ``offset`` and ``span`` count octets
    in the DER form of that input. ``reason`` and ``rule`` are None for a verified message.
    """

    index: int
    path: tuple[int, ...]
    kind: Kind
    encoding: Encoding
    verdict: Verdict
    reason: Reason | None
    rule: Rule | None
    offset: int | None
    signers: tuple[Signer, ...]
    requests: tuple[RequestReport, ...]
    transaction_id: int | None
    notes: tuple[Note, ...]
    span: tuple[int, int]

    @property
    def origin(self) -> Origin | None:
        """Whose key is good for the message; None where no signer is good.

        ``"certificate"`` where a certificate names a signer, trusted or not. ``"request-key"``
        where only a request of the message has the key, a bare PKCS#10 with a good proof of
        possession included: whoever made the message has the key, and may be anybody (rule V13).
        """
        if any(signer.certificate_sha256 is not None for signer in self.signers):
            return "certificate"
        if any(signer.request_id is not None for signer in self.signers):
            return "request-key"
        is_bare = self.kind == "simple-request"
        good = is_bare and any(request.pop == "verified" for request in self.requests)
        return "request-key" if good else None

    def with_changes(self, **changes: Any) -> Self:
        """The row with other values, in the same buffer."""
        made = replace(self, **changes)
        for name in InBuffer.__slots__:
            if hasattr(self, name):
                object.__setattr__(made, name, getattr(self, name))
        return made

    def in_buffer(self, buffer: bytes) -> Self:
        """Gives a row that was unpickled the octets that it is of."""
        object.__setattr__(self, "_buffer", buffer)
        return self

    def __repr__(self) -> str:
        texts = (f"{item.name}={_text(getattr(self, item.name))}" for item in fields(self))
        return f"Row({', '.join(texts)})"

    def to_dict(self, file: str | None = None) -> dict[str, Any]:
        """The row as JSON types; ``file`` takes the place of ``index`` where given.

        `origin` stands behind the signers that it comes from. ``transaction_id`` is hexadecimal
        text, ``"0x1f"`` or ``"-0x1f"``: many readers lose digits of such numbers.
        """
        number = self.transaction_id
        return {
            **({"index": self.index} if file is None else {"file": file}),
            "path": list(self.path),
            "kind": self.kind,
            "encoding": self.encoding,
            "verdict": self.verdict,
            "reason": self.reason,
            "rule": self.rule,
            "offset": self.offset,
            "span": list(self.span),
            "signers": [signer.to_dict() for signer in self.signers],
            "origin": self.origin,
            "requests": [request.to_dict() for request in self.requests],
            "transaction_id": None if number is None else hex(number),
            "notes": [
                {"body_part_id": note.body_part_id, "reason": note.reason} for note in self.notes
            ],
        }


def _text(value: object) -> str:
    """The ``repr``, which Python refuses for integers of more than 4,300 digits (rule P9)."""
    return display.decimal(value) if type(value) is int else repr(value)
