"""A PKIData or PKIResponse in a SignedData by one signer (RFC 10002 §3.2 and §4.2, RFC 5652 §5).

Everything around a content is the same for all contents of one signer but for the digest, the
signature and the lengths. So it is encoded once, and a message costs the encoding of its content, a
digest, a signature and one splice.

Private keys stay in ``cryptography``, or behind the callback of whoever keeps them: signatures of
RSA, where the time goes, scale to all cores that way, and no copy of a key is made elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, final

from cryptography import x509

from cmcodec import _backend, oids, types
from cmcodec.arguments import flag, thread_count
from cmcodec.asn1 import TLV
from cmcodec.asn1.der import element, header, set_of
from cmcodec.checked import checked
from cmcodec.cms import private_keys
from cmcodec.cms.parallel import for_each
from cmcodec.errors import ArgumentError, EncodeError, SigningError
from cmcodec.reasons import Reason
from cmcodec.verify.batch import cores, verify_items
from cmcodec.verify.given import CertificateLike

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Content", "Draft", "SigningKey", "sign", "sign_many"]

Content: TypeAlias = types.PKIData | types.PKIResponse
"""What can be signed."""

CRLLike: TypeAlias = x509.CertificateRevocationList | types.CertificateList | bytes
"""A CRL as an object of ``cryptography``, of this package, or as DER."""

_ID_SIGNED_DATA: Final = types.ContentType(oids.ID_SIGNED_DATA).to_der()
_CONTENT_TYPES: Final = {
    "PKIData": oids.ID_CCT_PKI_DATA,
    "PKIResponse": oids.ID_CCT_PKI_RESPONSE,
}
_VERSION_1, _VERSION_3 = b"\x02\x01\x01", b"\x02\x01\x03"


@final
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A signer of messages: how to sign, and how verifiers find the key (RFC 5652 §5.3).

    Made from a key of ``cryptography`` by `from_private_key`, or directly with a callback, for a
    key in an HSM or a service:

    ``sign``: gets the DER of the signed attributes, the message and not its digest, and returns the
    signature as CMS has it: of ECDSA a DER ECDSA-Sig-Value. What it raises leaves `sign` and
    `sign_many` unchanged.
    ``algorithm``: one of ``sha256WithRSAEncryption``, ``RSASSA-PSS-SHA256``,
    ``ecdsa-with-SHA256``, each also with SHA-384 and SHA-512, ``Ed25519``, and ``ML-DSA-44``,
    ``-65`` and ``-87``.
    ``certificate``: the signer's; it goes into every message and names the signer by issuer and
    serial number (SignerInfo version 1).
    ``key_identifier``: names the signer by it (version 3) instead. With a certificate it must be
    the value of that one's subjectKeyIdentifier; without, it is that of a request in the PKIData,
    whose key signs (RFC 10002 §3.2).
    ``threads``: from how many at once `sign_many` calls ``sign`` unless it is told; None for all
    cores.
    ``check``: whether each message is verified before it is returned, so that a callback that
    returns anything but a good signature is noticed: then `SigningError` has the reason.
    ``public_key``: the DER of the SubjectPublicKeyInfo, which requests for this key need
    (`cmcodec.builders.NewRequest`).
    """

    sign: Callable[[bytes], bytes] = field(repr=False)
    algorithm: str
    certificate: CertificateLike | None = None
    key_identifier: bytes | None = None
    threads: int | None = 1
    check: bool = True
    public_key: bytes | None = None
    sid: types.SignerIdentifier = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        private_keys.algorithm(self.algorithm)
        object.__setattr__(self, "sid", _sid(self.certificate, self.key_identifier))

    @classmethod
    def from_private_key(
        cls,
        key: private_keys.PrivateKey,
        certificate: CertificateLike | None = None,
        *,
        key_identifier: bytes | None = None,
        algorithm: str | None = None,
        deterministic: bool = False,
    ) -> Self:
        """A signer with a key of ``cryptography``: RSA, ECDSA, Ed25519, ML-DSA where offered.

        ``algorithm``: SHA-256 with RSA PKCS#1 v1.5 by default, with ECDSA the hash of the curve's
        strength. ``deterministic``: ECDSA of RFC 6979; it changes nothing for others. ``threads``
        becomes 1 for P-256 and Ed25519, whose signatures are done before another thread wakes up,
        and None for all others.

        That key and certificate fit, and that verifiers accept them, is tested by a signature that
        is then dropped. Without a certificate only the messages can tell, so each is verified.

        Raises `SigningError`: ``unsupported_algorithm`` for keys and algorithms that are not
        offered, ``algorithm_mismatch`` for an algorithm of other keys, ``key_rejected`` for keys
        that rule V9 refuses, ``signature_invalid`` where the certificate is of another key,
        ``signer_not_found`` where it has another key identifier.
        """
        flag("deterministic", deterministic)
        named = None if algorithm is None else private_keys.algorithm(algorithm)
        chosen = named or private_keys.usual(key)
        made = cls(
            sign=private_keys.signing(key, chosen, deterministic=deterministic),
            algorithm=chosen.name,
            certificate=certificate,
            key_identifier=key_identifier,
            threads=1 if private_keys.is_fast(key) else None,
        )
        if certificate is None:
            return made
        sign(types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=()), made)
        return replace(made, check=False)


def _sid(
    certificate: CertificateLike | None, key_identifier: bytes | None
) -> types.SignerIdentifier:
    """RFC 5652 §5.3: issuer and serial number of a certificate, or a key identifier."""
    if certificate is None:
        if key_identifier is None:
            raise ArgumentError("certificate", hint="or a key_identifier: a signer needs one")
        return types.SignerIdentifier(subject_key_identifier=key_identifier)
    (octets,) = _certificates([certificate])
    found = _backend.certificate(octets)
    assert found  # It was encoded as one.
    issuer, serial_number, own_key_identifier, *_ = found
    if key_identifier is None:
        named = element(0x30, issuer, serial_number)
        return types.SignerIdentifier(
            issuer_and_serial_number=types.IssuerAndSerialNumber.from_der(named)
        )
    if own_key_identifier != key_identifier:
        raise SigningError(Reason.SIGNER_NOT_FOUND)
    return types.SignerIdentifier(subject_key_identifier=own_key_identifier)


@final
@dataclass(frozen=True, slots=True)
class Draft:
    """A content, and the certificates and CRLs that only its own message carries.

    A certificate that is issued goes there (RFC 10002 §4.2).
    """

    content: Content
    certificates: Iterable[CertificateLike] = ()
    crls: Iterable[CRLLike] = ()


@checked
def sign(
    content: Content | Draft,
    signer: SigningKey,
    *,
    certificates: Iterable[CertificateLike] = (),
    crls: Iterable[CRLLike] = (),
    signing_time: datetime | None = None,
) -> bytes:
    """A content as a complete message: the DER of a ContentInfo with a SignedData.

    It has one SignerInfo with the signed attributes contentType, messageDigest,
    CMSAlgorithmProtection (RFC 6211) and, where given, ``signing_time`` (RFC 5652 §11.3, in whole
    seconds). It carries ``certificates``, beside that of the signer, and ``crls``.

    Raises `EncodeError` for a content, a certificate or a time that has no encoding, and
    `SigningError` where the signer's messages are verified and this one does not verify, also
    because of a proof of possession in it.
    """
    return _Signing(signer, certificates, crls, signing_time).message(content)


@checked
def sign_many(
    contents: Iterable[Content | Draft],
    signer: SigningKey,
    *,
    certificates: Iterable[CertificateLike] = (),
    crls: Iterable[CRLLike] = (),
    signing_time: datetime | None = None,
    threads: int | None = None,
) -> list[bytes]:
    """`sign` for many contents, in parallel; the messages are in the order of the contents.

    ``certificates``, ``crls`` and ``signing_time`` are those of every message; what only one
    carries stands in its `Draft`. ``threads``: those of the signer by default, 1,024 at
    most. They help as far as
    ``sign`` releases the GIL, which ``cryptography`` does from about 47 on, and 44 does not.

    Raises what `sign` raises for the first content that is refused, with its index in the path:
    ``contents[7].controlSequence[0]``. Then nothing is returned, though others may have been
    signed.
    """
    drafts = list(contents)
    signing = _Signing(signer, certificates, crls, signing_time)
    made = [b""] * len(drafts)

    def work(index: int) -> None:
        made[index] = signing.message(drafts[index], f"contents[{index}]")

    for_each(len(drafts), work, thread_count(threads or signer.threads or cores()))
    return made


@final
class _Signing:
    """What is the same in all messages of one call."""

    __slots__ = ("_carried", "_certificates", "_crls", "_frames", "_signer")

    def __init__(
        self,
        signer: SigningKey,
        certificates: Iterable[CertificateLike],
        crls: Iterable[CRLLike],
        signing_time: datetime | None,
    ) -> None:
        own = () if signer.certificate is None else (signer.certificate,)
        self._signer = signer
        self._certificates = _certificates(own) + _certificates(certificates)
        self._crls = _crls(crls)
        self._carried = _carried(self._certificates, self._crls)
        self._frames = {
            name: _Frame(signer, content_type, signing_time)
            for name, content_type in _CONTENT_TYPES.items()
        }

    def message(self, draft: Content | Draft, place: str = "") -> bytes:
        """The message; paths of errors begin with ``place``, and no others are touched."""
        try:
            frame, content, carried = self._encode(draft)
        except EncodeError as error:
            path = f"{place}.{error.path}".strip(".")
            raise EncodeError(error.reason, None, path) from None
        info = frame.signer_info(self._signer, content, place)
        octets = frame.around(content, carried, info)
        refusal = _refusal(octets) if self._signer.check else None
        if refusal is not None:
            raise SigningError(refusal, None, place)
        return octets

    def _encode(self, draft: Content | Draft) -> tuple[_Frame, bytes, bytes]:
        """What stands around a content, its encoding, and what its message carries."""
        content, carried = draft, self._carried
        if isinstance(draft, Draft):
            content = draft.content
            certificates, crls = _certificates(draft.certificates), _crls(draft.crls)
            if certificates or crls:
                carried = _carried(self._certificates + certificates, self._crls + crls)
        name = getattr(content, "__asn1_name__", "")
        frame = self._frames.get(name)
        if frame is None:
            raise EncodeError(Reason.BAD_TYPE)
        try:
            return frame, _backend.encode(name, content), carried
        except EncodeError as error:
            # The content is what was given, so that paths begin inside of it.
            raise EncodeError(error.reason, None, error.path.partition(".")[2]) from None


def sign_octets(
    content_type: str,
    octets: bytes,
    signers: SigningKey | Sequence[SigningKey],
    *,
    certificates: Iterable[CertificateLike] = (),
    crls: Iterable[CRLLike] = (),
    signing_time: datetime | None = None,
    unsigned_data: tuple[types.CMCUnsignedData, ...] = (),
) -> bytes:
    """A SignedData with a SignerInfo of each signer around any octets: a ContentInfo.

    ``unsigned_data`` stands alike in the unsigned attributes of all of them (RFC 10002 §3.2.3).
    Raises what `sign` raises, and `EncodeError` without a signer.
    """
    each = (signers,) if isinstance(signers, SigningKey) else tuple(signers)
    if not each:
        raise EncodeError(Reason.BAD_VALUE, None, "signer", hint="at least one")
    own = [signer.certificate for signer in each if signer.certificate is not None]
    carried = _carried(_certificates((*own, *certificates)), _crls(crls))
    frames = [_Frame(signer, content_type, signing_time) for signer in each]
    unsigned = b""
    if unsigned_data:
        attribute = types.Attribute(
            attr_type=oids.ID_AA_CMC_UNSIGNED_DATA, attr_values=unsigned_data
        )
        unsigned = element(0xA1, attribute.to_der())
    infos = [
        frame.signer_info(signer, octets, "", unsigned)
        for frame, signer in zip(frames, each, strict=True)
    ]
    digests = set_of(list({frame.digest_algorithm for frame in frames}))
    named = types.ContentType(content_type).to_der()
    message = around(named, digests, octets, carried, set_of(infos))
    refusal = _refusal(message) if any(signer.check for signer in each) else None
    if refusal is not None:
        raise SigningError(refusal)
    return message


def around(
    content_type: bytes, digests: bytes, content: bytes, carried: bytes, infos: bytes
) -> bytes:
    """A SignedData around a content: a ContentInfo. All but the content are elements.

    Lengths are found from the inside out, so that the content is copied only once.
    """
    octet_string = header(0x04, len(content))
    explicit = header(0xA0, len(octet_string) + len(content))
    held = content_type + explicit + octet_string
    encapsulated = header(0x30, len(held) + len(content)) + held
    before = _VERSION_3 + digests + encapsulated
    after = carried + infos
    before = header(0x30, len(before) + len(content) + len(after)) + before
    before = header(0xA0, len(before) + len(content) + len(after)) + before
    before = _ID_SIGNED_DATA + before
    before = header(0x30, len(before) + len(content) + len(after)) + before
    return b"".join((before, content, after))


def _refusal(octets: bytes) -> str | None:
    """Why a message does not verify, encrypted content apart."""
    (row,) = verify_items([octets], nested=False, threads=1)
    is_good = row.verdict == "verified" or row.reason is Reason.ENCRYPTED
    return None if is_good else row.reason or row.verdict


def _certificates(given: Iterable[CertificateLike]) -> tuple[bytes, ...]:
    from cmcodec.verify.certificates import certificate_octets

    return _elements("certificates", types.Certificate, given, certificate_octets)


def _crls(given: Iterable[CRLLike]) -> tuple[bytes, ...]:
    return _elements("crls", types.CertificateList, given, _crl_octets)


def _crl_octets(crl: CRLLike) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    if isinstance(crl, TLV):
        return crl.der
    return bytes(crl) if isinstance(crl, bytes) else crl.public_bytes(Encoding.DER)


def _elements(
    field: str, cls: type[TLV], given: Iterable[Any], octets: Callable[[Any], bytes]
) -> tuple[bytes, ...]:
    """The octets of what is given, each of them one element of this type."""
    found: list[bytes] = []
    for each in given:
        try:
            found.append(cls(octets(each)).to_der())
        except EncodeError as error:
            raise EncodeError(error.reason, None, f"{field}[{len(found)}]") from None
        except (AttributeError, TypeError, ValueError) as error:
            # In none of the forms that are accepted, or PEM that is none.
            raise EncodeError(Reason.BAD_VALUE, None, f"{field}[{len(found)}]") from error
    return tuple(found)


def _carried(certificates: tuple[bytes, ...], crls: tuple[bytes, ...]) -> bytes:
    """The fields ``certificates`` and ``crls`` of a SignedData, each absent if there are none."""
    return b"".join(
        element(tag, *sorted(set(octets)))
        for tag, octets in ((0xA0, certificates), (0xA1, crls))
        if octets
    )


def carried_elements(certificates: Iterable[CertificateLike], crls: Iterable[CRLLike]) -> bytes:
    """The fields ``certificates`` and ``crls`` of a SignedData; raises `EncodeError`."""
    return _carried(_certificates(certificates), _crls(crls))


@final
class _Frame:
    """What is the same around all contents of one type, but for its lengths."""

    __slots__ = (
        "_after", "_before", "_content_type", "_digests", "_hash", "_named",
        "_signature_algorithm", "digest_algorithm",
    )  # fmt: skip

    def __init__(
        self, signer: SigningKey, content_type: str, signing_time: datetime | None
    ) -> None:
        chosen = private_keys.algorithm(signer.algorithm)
        self.digest_algorithm = chosen.digest_algorithm.to_der()
        # SignedData is of version 3 because its content is not id-data; SignerInfo by its sid.
        by_key_identifier = signer.sid.subject_key_identifier is not None
        version = _VERSION_3 if by_key_identifier else _VERSION_1
        self._hash = getattr(hashlib, chosen.digest.name)
        self._content_type = types.ContentType(content_type).to_der()
        self._digests = set_of([self.digest_algorithm])
        self._named = version + signer.sid.to_der() + self.digest_algorithm
        self._signature_algorithm = chosen.signature_algorithm.to_der()

        # The place of the digest is fixed: attributes are sorted, and their types already differ.
        placeholder = bytes(self._hash().digest_size)
        values = {
            oids.ID_CONTENT_TYPE: types.ContentType(content_type),
            oids.ID_MESSAGE_DIGEST: types.MessageDigest(placeholder),
            oids.ID_AA_CMS_ALGORITHM_PROTECT: types.CMSAlgorithmProtection(
                digest_algorithm=chosen.digest_algorithm,
                signature_algorithm=chosen.signature_algorithm,
            ),
        }
        if signing_time is not None:
            values[oids.ID_SIGNING_TIME] = signing_time_value(signing_time)
        attributes = set_of(
            [
                types.Attribute(attr_type=oid, attr_values=(value,)).to_der()
                for oid, value in values.items()
            ]
        )
        self._before, self._after = attributes.rsplit(placeholder, 1)

    def signer_info(
        self, signer: SigningKey, content: bytes, place: str, unsigned: bytes = b""
    ) -> bytes:
        """The SignerInfo over this content; ``unsigned`` are the unsigned attributes."""
        attributes = b"".join((self._before, self._hash(content).digest(), self._after))
        signature = signer.sign(attributes)
        if type(signature) is not bytes:
            raise SigningError(Reason.SIGNATURE_INVALID, None, place)
        return element(
            0x30,
            self._named,
            # RFC 5652 §5.4: signed with the tag of SET OF, sent with [0].
            b"\xa0",
            attributes[1:],
            self._signature_algorithm,
            element(0x04, signature),
            unsigned,
        )

    def around(self, content: bytes, carried: bytes, info: bytes) -> bytes:
        """The message with this content; ``carried`` are its certificates and CRLs."""
        return around(self._content_type, self._digests, content, carried, element(0x31, info))


def signing_time_value(moment: datetime) -> types.SigningTime:
    """RFC 5652 §11.3: UTCTime until 2049, in whole seconds; raises `EncodeError` without a zone."""
    if moment.utcoffset() is None:
        raise EncodeError(Reason.BAD_VALUE, None, "signingTime")
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if 1950 <= moment.year <= 2049:
        return types.SigningTime(types.Time(utc_time=moment))
    return types.SigningTime(types.Time(general_time=moment))
