"""Everything around a PKIData or PKIResponse, opened and checked (RFC 10002 §3.2 and §5).

Three nestings are read: a signature, an envelope around it, and a signature around that; and a MAC
by a password. What is in another order never opens.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final, overload

from cmcodec import oids, types
from cmcodec.algorithms import DIGESTS
from cmcodec.arguments import flag
from cmcodec.asn1 import display
from cmcodec.asn1.der import element, header
from cmcodec.asn1.scalars import encode_object_identifier
from cmcodec.cms.authenticated import check_mac
from cmcodec.cms.envelopes import (
    candidates,
    check_content_type,
    encrypted_content,
    layer_of,
    single,
)
from cmcodec.cms.identifiers import row_of
from cmcodec.errors import CMCError, VerificationError
from cmcodec.foreign import quietly
from cmcodec.message import Sealed, load
from cmcodec.reasons import Reason, Rule
from cmcodec.verify.batch import verify_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from cmcodec.asn1 import Asn1
    from cmcodec.cms.envelopes import Candidate, Decrypted
    from cmcodec.cms.recipients import RecipientKey
    from cmcodec.message import Message
    from cmcodec.types.cmc import AnyValue
    from cmcodec.verify.checks import RequestKeys
    from cmcodec.verify.given import Certificates, Trust
    from cmcodec.verify.verdict import Note, RequestReport, Row, Signer

__all__ = [
    "Layer",
    "LayerKind",
    "Opened",
    "OpenedOrigin",
    "Unsigned",
    "open_message",
    "open_unsigned",
    "opened_as",
]

LayerKind: TypeAlias = Literal["signed", "enveloped", "auth-enveloped", "authenticated"]
OpenedOrigin: TypeAlias = Literal["certificate", "request-key", "mac"]

_ENVELOPES: Final[dict[type, LayerKind]] = {
    types.EnvelopedData: "enveloped",
    types.AuthEnvelopedData: "auth-enveloped",
}
_OBJECT_IDENTIFIER: Final = 0x06
_LAYERS: Final = (oids.ID_ENVELOPED_DATA, oids.ID_CT_AUTH_ENVELOPED_DATA)
_ENCODED: Final = {
    oid: element(_OBJECT_IDENTIFIER, encode_object_identifier(oid))
    for oid in (*_LAYERS, oids.ID_SIGNED_DATA)
}
_PKI: Final = (oids.ID_CCT_PKI_DATA, oids.ID_CCT_PKI_RESPONSE)
_BEHIND: Final = (Reason.UNTRUSTED_CHAIN, Reason.UNTRUSTED_REQUEST_KEY, Reason.POP_INVALID)
"""What can be wrong with a message whose signatures are good."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a message that was opened.

    ``algorithm``: the name of that of its first signature, of its cipher or of its MAC.
    ``recipient``: which kind of RecipientInfo gave the key, None for a signature. ``signers``: one
    for each SignerInfo.
    """

    kind: LayerKind
    algorithm: str
    recipient: str | None = None
    signers: tuple[Signer, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The layer as JSON types."""
        return {
            "kind": self.kind,
            "algorithm": self.algorithm,
            "recipient": self.recipient,
            "signers": [signer.to_dict() for signer in self.signers],
        }


class _Content(Sealed):
    """A message whose layers are open, and what is in the innermost of them."""

    __slots__ = ("_content", "_layers", "_message", "_origin", "_row")
    _message: Message
    _origin: Literal["certificate", "request-key", "mac", "none"]
    _layers: tuple[Layer, ...]
    _row: Row
    _content: types.PKIData | types.PKIResponse | types.CertificationRequest | None

    @property
    def message(self) -> Message:
        """The innermost message."""
        return self._message

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, outermost first."""
        return self._layers

    @property
    def requests(self) -> tuple[RequestReport, ...]:
        """The certification requests and the state of their proofs of possession."""
        return self._row.requests

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is odd and changes no verdict (rule R4)."""
        return self._row.notes

    @property
    def transaction_id(self) -> int | None:
        """The value of the transactionId control."""
        return self._row.transaction_id

    @property
    def inner(self) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """The content of the innermost message, decoded once."""
        try:
            return self._content
        except AttributeError:
            object.__setattr__(self, "_content", self._message.unverified_content)
            return self._content

    @overload
    def find(self, control: type[AnyValue]) -> tuple[tuple[int, AnyValue], ...]: ...
    @overload
    def find(self, control: str) -> tuple[tuple[int, Any], ...]: ...
    def find(self, control: Any) -> tuple[tuple[int, Any], ...]:
        """Body part id and value of each control that is meant, as `types.PKIData.find` finds it.

        None in a PKCS#10, which has no controls.
        """
        content = self.inner
        if not isinstance(content, types.PKIData | types.PKIResponse):
            return ()
        return content.find(control)

    def octets(self, path: str) -> bytes | None:
        """The octets of an element of the content exactly as received; None where there is none.

        ``path`` is one of `Message.locate`, from the content on: ``reqSequence[0].crm``.
        """
        around = "content.encapContentInfo.eContent."
        return self._message.octets(
            around + path if self._message.kind != "simple-request" else path
        )

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON types: origin, layers, requests, transaction id, content."""
        number = self.transaction_id
        return {
            "origin": self._origin,
            "layers": [layer.to_dict() for layer in self.layers],
            "requests": [request.to_dict() for request in self.requests],
            "transaction_id": None if number is None else hex(number),
            "content": display.to_dict(self.inner),
        }

    def __repr__(self) -> str:
        kinds = ", ".join(layer.kind for layer in self._layers)
        return f"<{type(self).__name__} {self._message.kind}, {kinds or 'no layers'}>"


@final
class Opened(_Content):
    """A message of which every layer is opened and checked. It comes from `Message.open` alone.

    It says what was proved of the message as a whole; a control that proves more, a shared secret
    or the possession of a key, is checked by a module of `cmcodec.controls`.
    """

    __slots__ = ()
    _origin: OpenedOrigin

    @property
    def origin(self) -> OpenedOrigin:
        """What the content has from whoever made it.

        ``"certificate"``: a signature of a certificate; ``"mac"``: a MAC by a password;
        ``"request-key"``: a signature by a key that only a request of it has, which authenticates
        nobody.
        """
        return self._origin

    @property
    def content(self) -> types.PKIData | types.PKIResponse | types.CertificationRequest | None:
        """The request or response."""
        return self.inner

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Those of the innermost layer."""
        return self._row.signers


@final
class Unsigned(_Content):
    """A message that nobody has authenticated: it has no signature, or id-alg-noSignature."""

    __slots__ = ()

    @property
    def origin(self) -> Literal["none"]:
        """Nobody."""
        return "none"

    @property
    def unverified_content(self) -> types.PKIData | types.PKIResponse | None:
        """What the message says."""
        content = self.inner
        assert not isinstance(content, types.CertificationRequest)
        return content


# --- opening ---------------------------------------------------------------------------------


def open_message(
    message: Message,
    keys: RecipientKey | Iterable[RecipientKey],
    *,
    trust: Trust | None,
    certificates: Certificates,
    authorised_ras: Certificates,
    at: datetime | None,
    legacy: bool,
    request_keys: RequestKeys,
) -> Opened:
    """The work of `Message.open`."""
    flag("legacy", legacy)

    def verified(inner: Message, *, nested: bool) -> Row:
        allowed = "all" if nested and request_keys == "nested" else request_keys
        return _verify(
            inner,
            trust=trust,
            certificates=certificates,
            authorised_ras=authorised_ras,
            at=at,
            legacy=legacy,
            request_keys=allowed,
        )

    structure = message.unverified_structure
    layer = structure.content if isinstance(structure, types.ContentInfo) else None
    if isinstance(layer, types.AuthenticatedData):
        algorithm = check_mac(message, keys, legacy=legacy)
        row = _bare(layer.encap_content_info, legacy=legacy)
        _settle_unsigned(row)
        recipient = Layer(kind="authenticated", algorithm=algorithm, recipient="pwri")
        return _opened(message, (recipient,), row, "mac")
    if isinstance(layer, (types.EnvelopedData, types.AuthEnvelopedData)):
        return _inside(message, layer, (), keys, verified, legacy=legacy)
    row = verified(message, nested=False)
    if row.reason is Reason.ENCRYPTED:
        # Option 2 of RFC 10002 §5.
        envelope = _envelope(layer, row)
        held = layer_of(envelope)
        return _inside(envelope, held, (_signed(row),), keys, verified, legacy=legacy)
    return opened_as(message, row)


def opened_as(message: Message, row: Row) -> Opened:
    """A message that is not encrypted, with the row that verifying it gave.

    Raises `VerificationError` where it is not verified.
    """
    _settle(row)
    is_bare = row.kind == "simple-request"
    layers = () if is_bare else (_signed(row),)
    return _opened(message, layers, row, "request-key" if is_bare else None)


def _opened(
    message: Message, layers: tuple[Layer, ...], row: Row, origin: OpenedOrigin | None
) -> Opened:
    known = origin or row.origin
    assert known is not None
    made: Opened = _made(Opened, message, layers, row, known)
    return made


def _made(
    cls: type[Any], message: Message, layers: tuple[Layer, ...], row: Row, origin: str
) -> Any:
    made = object.__new__(cls)
    put = object.__setattr__
    put(made, "_message", message)
    put(made, "_layers", layers)
    put(made, "_origin", origin)
    put(made, "_row", row)
    return made


def _signed(row: Row) -> Layer:
    algorithm = row.signers[0].algorithm if row.signers else None
    return Layer(kind="signed", algorithm=algorithm or "", signers=row.signers)


def _settle(row: Row) -> None:
    """Raises `VerificationError` for a message that is not verified."""
    if row.verdict != "verified":
        raise VerificationError(row.reason or Reason.NO_SIGNER, row.offset, rule=row.rule)


def _verify(message: Message, **decisions: Any) -> Row:
    """The row of a message, with its signatures, chains and proofs."""
    return verify_items([message.item], nested=False, threads=1, **decisions)[0]


def _bare(held: types.EncapsulatedContentInfo, *, legacy: bool) -> Row:
    """What is found in a content without looking at who made it: requests, proofs, notes."""
    signed = types.SignedData(
        version=3, digest_algorithms=(), encap_content_info=held, signer_infos=()
    )
    info = types.ContentInfo(content_type=oids.ID_SIGNED_DATA, content=signed)
    return verify_items([info.to_der()], nested=False, threads=1, legacy=legacy)[0]


def _settle_unsigned(row: Row) -> None:
    """The same for a content that nobody signed: what is found in it is as it should be."""
    if row.reason not in (Reason.NO_SIGNER, Reason.NO_SIGNATURE):
        _settle(row)
    if any(request.pop == "failed" for request in row.requests):
        raise VerificationError(Reason.POP_INVALID, rule=Rule.R1)


def _envelope(layer: object, row: Row) -> Message:
    """The envelope inside a good signature, as a message of its own.

    Raises `VerificationError` for a signer who is not trusted, which a row does not tell of what is
    encrypted, and for encrypted content that is no layer of a message.
    """
    held = layer.encap_content_info if isinstance(layer, types.SignedData) else None
    if held is None or held.e_content is None or held.e_content_type not in _LAYERS:
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    if any(signer.chain == "untrusted" for signer in row.signers):
        raise VerificationError(Reason.UNTRUSTED_CHAIN, row.span[0], rule=Rule.V13)
    return load(_content_info(held.e_content_type, held.e_content))


def _content_info(content_type: str, content: bytes) -> bytes:
    return element(0x30, _ENCODED[content_type], header(0xA0, len(content)), content)


def _inside(
    envelope: Message,
    held: Asn1,
    around: tuple[Layer, ...],
    keys: RecipientKey | Iterable[RecipientKey],
    verified: Callable[..., Row],
    *,
    legacy: bool,
) -> Opened:
    """The signed message in an envelope, of which ``held`` is the content.

    Inside CBC everything up to the good signature gets one error: what differs there, a padding,
    a tag, a signature, tells whoever changes octets about the content.
    """
    for layer, (decrypted, is_whole) in _decrypted(envelope, held, keys, legacy=legacy):
        try:
            inner = _inner(decrypted)
            row = verified(inner, nested=bool(around))
            _check_kind(row)
            if not decrypted.authenticated and not (is_whole and _is_signed(row)):
                continue
        except CMCError:
            if decrypted.authenticated:
                raise
        else:
            _settle(row)
            return _opened(inner, (*around, layer, _signed(row)), row, None)
    raise AssertionError("the last of them raises")


def _is_signed(row: Row) -> bool:
    """Whether the signatures of a message in CBC are good, whatever is wrong behind them.

    What no signature covers is right too, as far as that can be told: an IV changes a version (rule
    V1), and other octets a certificate.
    """
    is_good = bool(row.signers) and all(
        signer.reason is None and (not signer.candidates or _is_intact(signer.candidates[0]))
        for signer in row.signers
    )
    is_odd = any(note.reason is Reason.VERSION_MISMATCH for note in row.notes)
    return is_good and not is_odd and (row.verdict == "verified" or row.reason in _BEHIND)


def _is_intact(certificate: bytes) -> bool:
    """False for a certificate that its own key should have signed, and has not."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        found = quietly(x509.load_der_x509_certificate, certificate)
        if found.issuer == found.subject:
            found.verify_directly_issued_by(found)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the verifier reads and this library does not is not looked at either.
        pass
    return True


def _decrypted(
    envelope: Message,
    held: Asn1,
    keys: RecipientKey | Iterable[RecipientKey],
    *,
    legacy: bool,
) -> Iterator[tuple[Layer, Candidate]]:
    """What each key that fits opens; in the end `DecryptionError`."""
    if encrypted_content(held).content_type != oids.ID_SIGNED_DATA:
        #
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    for found in candidates(envelope, held, keys, legacy=legacy):
        kind, opened = _ENVELOPES[type(held)], found.decrypted
        yield Layer(kind=kind, algorithm=opened.algorithm, recipient=opened.recipient), found


def _inner(decrypted: Decrypted) -> Message:
    """The message in an envelope, which may stand there as a ContentInfo too."""
    octets = decrypted.unverified_octets
    is_signed = True
    if _first(octets) == _OBJECT_IDENTIFIER:
        message = load(octets)
        is_signed = message.octets("contentType") == _ENCODED[oids.ID_SIGNED_DATA]
    else:
        message = load(_content_info(oids.ID_SIGNED_DATA, octets))
    if not is_signed:
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    return message


def _check_kind(row: Row) -> None:
    """Raises `VerificationError` for a SignedData over anything but a PKIData or PKIResponse."""
    if row.kind not in ("full-request", "full-response"):
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)


def _first(octets: bytes) -> int | None:
    """The tag of the first element in a SEQUENCE; None for what is none."""
    if octets[:1] != b"\x30" or len(octets) < 2:
        return None
    pos = 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)
    return octets[pos] if pos < len(octets) else None


def open_unsigned(
    message: Message, keys: RecipientKey | Iterable[RecipientKey], *, legacy: bool
) -> Unsigned:
    """The work of `Message.open_unsigned`."""
    flag("legacy", legacy)
    held = layer_of(message)
    if type(held) not in _ENVELOPES:
        return _unsigned(message, (), legacy=legacy)
    for layer, (decrypted, is_whole) in _decrypted(message, held, keys, legacy=legacy):
        try:
            opened = _unsigned(_inner(decrypted), (layer,), legacy=legacy)
        except CMCError:
            if decrypted.authenticated:
                raise
        else:
            if is_whole:
                return opened
    raise AssertionError("the last of them raises")


def _unsigned(message: Message, around: tuple[Layer, ...], *, legacy: bool) -> Unsigned:
    """A PKIData or PKIResponse without a SignerInfo, or with id-alg-noSignature alone."""
    signed = layer_of(message)
    if not isinstance(signed, types.SignedData):
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    held = signed.encap_content_info
    if held.e_content_type not in _PKI:
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    if held.e_content is None:
        raise VerificationError(Reason.CONTENT_MISSING, rule=Rule.V1)
    row = _verify(message, legacy=legacy)
    layers = around
    if row.signers:
        if len(row.signers) != 1 or row.signers[0].reason is not Reason.NO_SIGNATURE:
            # Somebody signed: that is to be verified.
            raise VerificationError(row.reason or Reason.WRONG_CONTENT_TYPE, rule=row.rule)
        layers = (*around, _signed(row))
        _check_digest(signed, held)
    _settle_unsigned(row)
    made: Unsigned = _made(Unsigned, message, layers, row, "none")
    return made


def _check_digest(signed: types.SignedData, held: types.EncapsulatedContentInfo) -> None:
    """V5, V6: what a SignerInfo without a signature says of the content."""
    (info,) = signed.signer_infos
    attributes = info.signed_attrs or ()
    check_content_type(attributes, held.e_content_type)
    digest = row_of(DIGESTS, info.digest_algorithm)
    computed = hashlib.new(digest.name, held.e_content or b"").digest()
    if single(attributes, oids.ID_MESSAGE_DIGEST) != types.MessageDigest(computed):
        raise VerificationError(Reason.DIGEST_MISMATCH, rule=Rule.V6)
