"""EnvelopedData and AuthEnvelopedData, opened and made (RFC 5652 §6, RFC 5083).

After the recipient is found there is one error for everything that can be wrong with a key, a
padding or a tag: `DecryptionError` with the reason ``decryption_failed`` and without a cause.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, TypeVar, final

from cmcodec import metering, oids, types
from cmcodec.algorithms import CONTENT_CIPHERS, Mode
from cmcodec.arguments import by_chance, flag
from cmcodec.asn1.der import set_of
from cmcodec.checked import checked
from cmcodec.cms.ciphers import ContentEncryption
from cmcodec.cms.derivation import check_password_derivation
from cmcodec.cms.identifiers import named
from cmcodec.cms.recipients import Recipient, RecipientKey
from cmcodec.cms.signing import SigningKey, sign_octets
from cmcodec.errors import (
    ArgumentError,
    DecryptionError,
    EncodeError,
    ForbiddenError,
    LimitError,
    VerificationError,
)
from cmcodec.limits import MAX_LAYER_ITERATIONS, MAX_RECIPIENT_KEYS, MAX_RECIPIENTS
from cmcodec.message import Message, load
from cmcodec.reasons import Reason, Rule
from cmcodec.received import Buffer
from cmcodec.verify.given import CertificateLike

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cmcodec.asn1 import Asn1

__all__ = ["Decrypted", "RecipientKind", "decrypt", "encrypt", "sign_envelope"]

T = TypeVar("T")

RecipientKind: TypeAlias = Literal["ktri", "kari", "kekri", "pwri", "kemri"]
"""Which kind of RecipientInfo gave the key (RFC 5652 §6.2, RFC 9629 §3)."""

_KINDS: Final[tuple[RecipientKind, ...]] = ("ktri", "kari", "kekri", "pwri")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decrypted:
    """The content of an EnvelopedData or AuthEnvelopedData.

    ``content_type`` is its OBJECT IDENTIFIER, ``algorithm`` the name of the cipher, ``recipient``
    the kind of RecipientInfo that was opened. ``authenticated``: whether a tag says that whoever
    made it had the key, which says nothing about who that was. ``unverified_octets``: the content,
    which nobody has signed so far.
    """

    content_type: str
    algorithm: str
    recipient: RecipientKind
    authenticated: bool
    unverified_octets: bytes = field(repr=False)


@checked
def decrypt(
    message: Buffer | Message | types.ContentInfo,
    keys: RecipientKey | Iterable[RecipientKey],
    *,
    legacy: bool = False,
) -> Decrypted:
    """Opens one EnvelopedData or AuthEnvelopedData, whatever its content (RFC 5652 §6).

    ``message`` is one that `load` accepts, or a value. ``keys`` are tried in the order in which
    recipients stand. ``legacy`` also opens des-ede3-cbc.

    Raises what `load` raises; `VerificationError` where it is no such layer
    (``wrong_content_type``), where its version, its attributes or the length of its tag are wrong,
    and for algorithms that are not on offer; `LimitError` for more than 64 recipients, 4 keys that
    fit one, 1,000,000 iterations, or 4,000,000 in all; `DecryptionError` with ``no_recipient``
    where no key fits, and ``decryption_failed`` for all that is wrong behind that.
    """
    flag("legacy", legacy)
    loaded = loaded_message(message)
    found = candidates(loaded, layer_of(loaded), keys, legacy=legacy)
    return next(each.decrypted for each in found if each.is_whole)


class Candidate(NamedTuple):
    """What a key opened, and whether the padding of CBC is right.

    Where it is wrong, whoever goes on with the content does so all the same, and then refuses it:
    nobody sees from how long that took which octets were wrong.
    """

    decrypted: Decrypted
    is_whole: bool


def candidates(
    loaded: Message,
    layer: Asn1,
    keys: RecipientKey | Iterable[RecipientKey],
    *,
    legacy: bool,
) -> Iterator[Candidate]:
    """What each key that fits opens of an envelope; in the end `DecryptionError`.

    ``layer`` is the content of the message. Without a tag a wrong key may open something too, by
    chance.
    """
    if isinstance(layer, types.AuthEnvelopedData):
        return _open_authenticated(layer, authenticated_octets(loaded), keys)
    if isinstance(layer, types.EnvelopedData):
        return _open(layer, keys, legacy=legacy)
    raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)


def loaded_message(message: Buffer | Message | types.ContentInfo) -> Message:
    """A message in any of the forms that are accepted."""
    if isinstance(message, types.ContentInfo):
        return load(message.to_der())
    return message if isinstance(message, Message) else load(message)


def layer_of(message: Message) -> Asn1:
    """The content of its ContentInfo; raises `VerificationError` for a bare PKCS#10."""
    structure = message.unverified_structure
    if not isinstance(structure, types.ContentInfo):
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    return structure.content


def encrypted_content(layer: Asn1) -> types.EncryptedContentInfo:
    """What is encrypted in an envelope; raises `VerificationError` for what is none."""
    if isinstance(layer, types.AuthEnvelopedData):
        return layer.auth_encrypted_content_info
    if isinstance(layer, types.EnvelopedData):
        return layer.encrypted_content_info
    raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)


def authenticated_octets(message: Message) -> bytes:
    """The authAttrs as received under the tag of SET OF, over which tag or MAC are (R-220, R-234).

    Empty where there are none.
    """
    octets = message.octets("content.authAttrs")
    return b"" if octets is None else b"\x31" + octets[1:]


def check_version(version: int, *allowed: int) -> None:
    """V1: the version of a layer is checked when it is opened."""
    if version not in allowed:
        raise VerificationError(Reason.VERSION_MISMATCH, rule=Rule.V1)


def _open(
    layer: types.EnvelopedData, keys: RecipientKey | Iterable[RecipientKey], *, legacy: bool
) -> Iterator[Candidate]:
    check_version(layer.version, _version(layer))
    held = layer.encrypted_content_info
    cipher = ContentEncryption.read(held.content_encryption_algorithm, Mode.CBC, legacy=legacy)
    encrypted = _held(held)

    def opened(key: bytes) -> tuple[bytes, bool] | None:
        return cipher.decrypt(key, encrypted)

    for kind, (octets, is_whole) in try_keys(
        layer.recipient_infos, keys, cipher.row.key_octets, opened
    ):
        yield _candidate(held, cipher, kind, octets, is_whole=is_whole)


def _open_authenticated(
    layer: types.AuthEnvelopedData, aad: bytes, keys: RecipientKey | Iterable[RecipientKey]
) -> Iterator[Candidate]:
    check_version(layer.version, 0)
    held = layer.auth_encrypted_content_info
    cipher = ContentEncryption.read(held.content_encryption_algorithm, Mode.GCM, legacy=False)
    if len(layer.mac) != cipher.tag_octets:
        #
        raise VerificationError(Reason.BAD_VALUE, path="mac", rule=Rule.P3)
    attributes = layer.auth_attrs
    if attributes is None and held.content_type != oids.ID_DATA:
        #
        raise VerificationError(Reason.ATTRIBUTE_MISSING, path="authAttrs", rule=Rule.V4)
    if attributes is not None:
        check_content_type(attributes, held.content_type)
    encrypted = _held(held)

    def opened(key: bytes) -> tuple[bytes, bool] | None:
        return cipher.decrypt(key, encrypted, aad, layer.mac)

    for kind, (octets, is_whole) in try_keys(
        layer.recipient_infos, keys, cipher.row.key_octets, opened
    ):
        yield _candidate(held, cipher, kind, octets, is_whole=is_whole)


def _candidate(
    held: types.EncryptedContentInfo,
    cipher: ContentEncryption,
    kind: RecipientKind,
    octets: bytes,
    *,
    is_whole: bool,
) -> Candidate:
    decrypted = Decrypted(
        content_type=held.content_type,
        algorithm=oids.name(cipher.row.oid),
        recipient=kind,
        authenticated=cipher.row.mode is Mode.GCM,
        unverified_octets=octets,
    )
    return Candidate(decrypted, is_whole)


def _held(held: types.EncryptedContentInfo) -> bytes:
    if held.encrypted_content is None:
        raise VerificationError(Reason.CONTENT_MISSING, rule=Rule.V1)
    return held.encrypted_content


def check_content_type(attributes: Sequence[types.Attribute], content_type: str) -> None:
    """V4, V5: the contentType attribute stands once and names the content."""
    found = single(attributes, oids.ID_CONTENT_TYPE)
    if found is None:
        raise VerificationError(Reason.ATTRIBUTE_MISSING, path="authAttrs", rule=Rule.V4)
    if not isinstance(found, types.ContentType) or found.value != content_type:
        raise VerificationError(Reason.CONTENT_TYPE_MISMATCH, path="authAttrs", rule=Rule.V5)


def single(attributes: Sequence[types.Attribute], oid: str) -> object | None:
    """The value of an attribute that may stand once, with one value (V4)."""
    found = [attribute for attribute in attributes if attribute.attr_type == oid]
    if len(found) > 1 or any(len(attribute.attr_values) != 1 for attribute in found):
        raise VerificationError(Reason.ATTRIBUTE_DUPLICATE, path="authAttrs", rule=Rule.V4)
    return found[0].attr_values[0] if found else None


# --- recipients ------------------------------------------------------------------------------


def try_keys(
    infos: Sequence[types.RecipientInfo],
    keys: RecipientKey | Iterable[RecipientKey],
    key_octets: int,
    opened: Callable[[bytes], T | None],
    *,
    any_length: bool = False,
) -> Iterator[tuple[RecipientKind, T]]:
    """What each key opens that opens anything, and the kind of its recipient; in the end an error.

    Where a key is not to be had, one by chance takes its place, so that nobody sees the difference
    (RFC 3218 §2.3.2).
    """
    for kind, attempt in _attempts(infos, keys):
        by_chance = os.urandom(key_octets)
        with metering.cryptography():
            found = attempt()
        fits = found and (any_length or len(found) == key_octets)
        content = opened(found if found and fits else by_chance)
        if content is not None:
            yield kind, content
    raise DecryptionError(Reason.DECRYPTION_FAILED)


def _attempts(
    infos: Sequence[types.RecipientInfo], keys: RecipientKey | Iterable[RecipientKey]
) -> list[tuple[RecipientKind, Callable[[], bytes | None]]]:
    """Every key that fits a recipient; nothing is derived or decrypted yet (rule P10)."""
    given = (keys,) if isinstance(keys, RecipientKey) else tuple(keys)
    for key in given:
        if not isinstance(key, RecipientKey):
            raise ArgumentError("keys", key)
    refused = None
    found: list[tuple[RecipientKind, Callable[[], bytes | None]]] = []
    iterations = 0
    for info in _recipients(infos):
        before = len(found)
        for key in given:
            try:
                attempt = key.attempt(info)
            except VerificationError as error:
                refused = error
                continue
            if attempt is not None:
                found.append((_kind(info), attempt))
                iterations += _iterations(info)
        if len(found) - before > MAX_RECIPIENT_KEYS or iterations > MAX_LAYER_ITERATIONS:
            raise LimitError(Reason.LIMIT, None, "recipientInfos")
    if not found:
        raise refused or DecryptionError(Reason.NO_RECIPIENT)
    return found


def _recipients(infos: Sequence[types.RecipientInfo]) -> list[types.RecipientInfo]:
    """Each recipient in a RecipientInfo of its own: several may share one kari."""
    found: list[types.RecipientInfo] = []
    for info in infos[: MAX_RECIPIENTS + 1]:
        _check_recipient(info)
        kari = info.kari
        if kari is None:
            found.append(info)
        else:
            found += [
                types.RecipientInfo(kari=replace(kari, recipient_encrypted_keys=(each,)))
                for each in kari.recipient_encrypted_keys[: MAX_RECIPIENTS + 1]
            ]
    if max(len(infos), len(found)) > MAX_RECIPIENTS:
        raise LimitError(Reason.LIMIT, None, "recipientInfos")
    return found


def _iterations(info: types.RecipientInfo) -> int:
    """What it takes to derive the key of a recipient that a password fits."""
    derivation = None if info.pwri is None else info.pwri.key_derivation_algorithm
    return 0 if derivation is None else check_password_derivation(derivation)[0].iteration_count


def _kind(info: types.RecipientInfo) -> RecipientKind:
    return next((kind for kind in _KINDS if getattr(info, kind) is not None), "kemri")


def _check_recipient(info: types.RecipientInfo) -> None:
    """V1: the version of each RecipientInfo (RFC 5652 §6.2, RFC 9629 §3)."""
    if info.ktri is not None:
        check_version(info.ktri.version, 0 if info.ktri.rid.subject_key_identifier is None else 2)
    elif info.kari is not None:
        check_version(info.kari.version, 3)
    elif info.kekri is not None:
        check_version(info.kekri.version, 4)
    elif info.pwri is not None:
        check_version(info.pwri.version, 0)
    elif info.ori is not None and isinstance(info.ori.ori_value, types.KEMRecipientInfo):
        check_version(info.ori.ori_value.version, 0)


def of_originator(originator: types.OriginatorInfo | None) -> tuple[bool, bool]:
    """Whether it has anything of another format, and an attribute certificate (RFC 5652 §6.1)."""
    choices = () if originator is None else originator.certs or ()
    crls = () if originator is None else originator.crls or ()
    is_other = any(each.other is not None for each in choices)
    is_other = is_other or any(each.other is not None for each in crls)
    return is_other, any(each.v2_attr_cert is not None for each in choices)


def _version(layer: types.EnvelopedData) -> int:
    """RFC 5652 §6.1."""
    is_other, is_v2 = of_originator(layer.originator_info)
    if is_other:
        return 4
    infos = layer.recipient_infos
    if is_v2 or any(info.pwri is not None or info.ori is not None for info in infos):
        return 3
    by_name = all(info.ktri is not None and info.ktri.version == 0 for info in infos)
    is_plain = layer.originator_info is None and layer.unprotected_attrs is None
    return 0 if by_name and is_plain else 2


# --- making ----------------------------------------------------------------------------------


@checked
def encrypt(
    message: Buffer | Message | types.ContentInfo,
    recipients: Recipient | Iterable[Recipient],
    *,
    algorithm: str = "id-aes256-GCM",
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Option 1 of RFC 10002 §5: an envelope around a signed message; the DER of a ContentInfo.

    ``algorithm``: ``id-aes128-GCM``, ``-192-`` or ``-256-`` make an AuthEnvelopedData, the same
    with ``-CBC`` an EnvelopedData. ``random``: where keys, nonces and salts come from. The key of
    Diffie-Hellman and of a KEM for this one message, and the padding of RSA, are the library's own.

    Raises what `load` raises, `EncodeError` for a name that is not on offer, `ForbiddenError` for a
    message that is not a SignedData (R-231) over a PKIData or PKIResponse (R-070), `EncodeError`
    without a recipient, `LimitError` for more than 64, and for 4,000,000 iterations in all.
    """
    loaded = loaded_message(message)
    content = loaded.octets("content")
    if not content or not isinstance(layer_of(loaded), types.SignedData):
        raise ForbiddenError("R-231")
    if loaded.kind not in ("full-request", "full-response"):
        raise ForbiddenError("R-070")
    return seal(content, oids.ID_SIGNED_DATA, recipients, algorithm, random).to_der()


@checked
def sign_envelope(
    envelope: Buffer | Message | types.ContentInfo,
    signer: SigningKey,
    *,
    certificates: Iterable[CertificateLike] = (),
    signing_time: datetime | None = None,
) -> bytes:
    """Option 2 of RFC 10002 §5: a signature around what `encrypt` made; the DER of a ContentInfo.

    Raises what `load` and `cmcodec.cms.sign` raise, and `ForbiddenError` for what is no envelope
    (R-072) of a SignedData (R-231).
    """
    loaded = loaded_message(envelope)
    layer = layer_of(loaded)
    content_type = _ENVELOPES.get(type(layer))
    content = loaded.octets("content")
    if content_type is None or content is None:
        raise ForbiddenError("R-072")
    if encrypted_content(layer).content_type != oids.ID_SIGNED_DATA:
        raise ForbiddenError("R-231")
    return sign_octets(
        content_type, content, signer, certificates=certificates, signing_time=signing_time
    )


_ENVELOPES: Final[dict[type, str]] = {
    types.EnvelopedData: oids.ID_ENVELOPED_DATA,
    types.AuthEnvelopedData: oids.ID_CT_AUTH_ENVELOPED_DATA,
}


def seal(
    content: bytes,
    content_type: str,
    recipients: Recipient | Iterable[Recipient],
    algorithm: str,
    random: Callable[[int], bytes],
) -> types.ContentInfo:
    """An envelope around any content."""
    row = named([row for row in CONTENT_CIPHERS if not row.legacy], algorithm)
    cipher = ContentEncryption.make(row, random)
    key = by_chance(random, row.key_octets)
    infos = recipient_infos(recipients, key, random)
    value = types.ContentType(content_type)
    attribute = types.Attribute(attr_type=oids.ID_CONTENT_TYPE, attr_values=(value,))
    encrypted, tag = cipher.encrypt(key, content, set_of([attribute.to_der()]))
    held = types.EncryptedContentInfo(
        content_type=content_type,
        content_encryption_algorithm=cipher.identifier(),
        encrypted_content=encrypted,
    )
    if row.mode is Mode.GCM:
        return types.ContentInfo(
            content_type=oids.ID_CT_AUTH_ENVELOPED_DATA,
            content=types.AuthEnvelopedData(
                version=0,
                recipient_infos=infos,
                auth_encrypted_content_info=held,
                auth_attrs=(attribute,),
                mac=tag,
            ),
        )
    layer = types.EnvelopedData(version=0, recipient_infos=infos, encrypted_content_info=held)
    layer = replace(layer, version=_version(layer))
    return types.ContentInfo(content_type=oids.ID_ENVELOPED_DATA, content=layer)


def recipient_infos(
    recipients: Recipient | Iterable[Recipient], key: bytes, random: Callable[[int], bytes]
) -> tuple[types.RecipientInfo, ...]:
    """The RecipientInfos that hold a key."""
    given = (recipients,) if isinstance(recipients, Recipient) else tuple(recipients)
    if not all(isinstance(recipient, Recipient) for recipient in given):
        raise ArgumentError("recipients", hint="each is a Recipient")
    if not given:
        raise EncodeError(Reason.BAD_VALUE, None, "recipients", hint="at least one")
    if len(given) > MAX_RECIPIENTS:
        raise LimitError(Reason.LIMIT, None, "recipients")
    made = [recipient.make(key, random) for recipient in given]
    if sum(map(_iterations, made)) > MAX_LAYER_ITERATIONS:
        # No password would open it.
        raise LimitError(Reason.LIMIT, None, "recipients")
    return tuple(made)
