"""Certification requests for keys, PKCS#10 or CRMF (RFC 10002 §3.2.1.2, RFC 2986, RFC 4211)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from cryptography import x509

from cmcodec import oids, types
from cmcodec.asn1 import BitString
from cmcodec.builders.unsigned import NO_SIGNATURE
from cmcodec.checked import checked
from cmcodec.cms import private_keys
from cmcodec.cms.signing import SigningKey
from cmcodec.controls import dh_pop, no_signature
from cmcodec.errors import ArgumentError, EncodeError
from cmcodec.reasons import Reason
from cmcodec.verify.given import CertificateLike

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["NewRequest"]

RequestForm: TypeAlias = Literal["pkcs10", "crmf"]
RequestPop: TypeAlias = Literal["signature", "no-signature", "challenge", "dh"]

_NO_NAME: Final = types.Name.from_der(b"\x30\x00")
_CHALLENGE: Final = types.POPOPrivKey(subsequent_message=types.SubsequentMessage.CHALLENGE_RESP)


@final
@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A certificate that is asked for, and the key that it is for.

    ``key``: a private key of ``cryptography``, or a `cmcodec.cms.SigningKey` with a ``public_key``.
    ``subject``: a name, which may be empty. ``extensions``: of ``cryptography`` or of this package;
    a subjectKeyIdentifier, the SHA-1 of the key, is added unless one is given. ``form``:
    ``"pkcs10"`` or ``"crmf"``. ``pop``: how possession of the key is proved: ``"signature"``;
    ``"no-signature"`` for keys that cannot sign (RFC 10002 §C.1); ``"challenge"``, in CRMF, which
    the server answers with an encryptedPOP; ``"dh"``, in PKCS#10, for Diffie-Hellman (RFC 6955),
    with ``dh_recipient``, the certificate of the other side, for the static forms.
    ``algorithm``: the name of that of the signature or of ``"dh"``, by default the usual one of the
    key. ``attributes``: more attributes of a PKCS#10. ``change_subject_name``: the name that the
    certificate is to have instead. ``body_part_id``: by default the next that is free.
    """

    key: Any = field(repr=False)
    subject: x509.Name | types.Name = field(default_factory=lambda: _NO_NAME)
    extensions: Iterable[x509.Extension[Any] | types.Extension] = ()
    form: RequestForm = "pkcs10"
    pop: RequestPop = "signature"
    algorithm: str | None = None
    attributes: Iterable[types.Attribute] = ()
    change_subject_name: types.ChangeSubjectName | None = None
    dh_recipient: CertificateLike | None = None
    body_part_id: int | None = None

    def __post_init__(self) -> None:
        if self.form not in ("pkcs10", "crmf"):
            raise _refused("form", f"{self.form!r} is not one of pkcs10, crmf")
        if self.pop not in ("signature", "no-signature", "challenge", "dh"):
            raise _refused("pop", f"{self.pop!r} is unknown")
        if self.pop == "challenge" and self.form != "crmf":
            raise _refused("pop", "a challenge needs form='crmf'")
        if self.pop == "dh" and self.form != "pkcs10":
            raise _refused("pop", "dh needs form='pkcs10'")
        for name in ("extensions", "attributes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        public_key_info(self.key)


def _refused(argument: str, hint: str) -> EncodeError:
    return EncodeError(Reason.BAD_VALUE, None, argument, hint=hint)


def public_key_info(key: Any) -> types.SubjectPublicKeyInfo:
    """The SubjectPublicKeyInfo of a private key; raises `ArgumentError` for what has none."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, SigningKey):
        if key.public_key is None:
            raise ArgumentError("key", hint="a SigningKey needs its public_key to be asked for")
        return types.SubjectPublicKeyInfo.from_der(key.public_key)
    if not hasattr(key, "public_key"):
        raise ArgumentError("key", hint=f"{type(key).__name__} is no private key")
    octets = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return types.SubjectPublicKeyInfo.from_der(octets)


def key_identifier(extensions: Iterable[types.Extension]) -> bytes | None:
    """The value of the subjectKeyIdentifier among extensions."""
    for extension in extensions:
        if extension.extn_id == oids.ID_CE_SUBJECT_KEY_IDENTIFIER:
            return types.Data.from_der(extension.extn_value).value
    return None


def asked_extensions(request: NewRequest) -> tuple[types.Extension, ...]:
    """The extensions of a request: those given, and a subjectKeyIdentifier (RFC 10002 §3.2).

    Raises `EncodeError` (``duplicate_extension``) where one is given twice.
    """
    given = tuple(map(_extension, request.extensions))
    numbers = [extension.extn_id for extension in given]
    if len(set(numbers)) != len(numbers):
        raise EncodeError(Reason.DUPLICATE_EXTENSION, None, "extensions")
    if oids.ID_CE_SUBJECT_KEY_IDENTIFIER in numbers:
        return given
    # RFC 5280 §4.2.1.2, method (1).
    bits = public_key_info(request.key).subject_public_key.data
    identifier = hashlib.sha1(bits, usedforsecurity=False).digest()
    own = types.Extension(
        extn_id=oids.ID_CE_SUBJECT_KEY_IDENTIFIER, extn_value=types.Data(identifier).to_der()
    )
    return (*given, own)


def _extension(given: x509.Extension[Any] | types.Extension) -> types.Extension:
    return given if isinstance(given, types.Extension) else types.Extension.from_cryptography(given)


def name_of(given: x509.Name | types.Name) -> types.Name:
    """A name as this package has it."""
    return given if isinstance(given, types.Name) else types.Name.from_cryptography(given)


# --- making ----------------------------------------------------------------------------------


def make(
    request: NewRequest, body_part_id: int, more: Sequence[tuple[str, Any]]
) -> types.TaggedRequest:
    """The request with its proof of possession.

    ``more`` are attributes of the PKCS#10 or controls of the CRMF: type and value.
    """
    changed = request.change_subject_name
    if changed is not None:
        more = (*more, (oids.ID_CMC_CHANGE_SUBJECT_NAME, changed))
    if request.form == "crmf":
        return types.TaggedRequest(crm=_crmf(request, body_part_id, more))
    tagged = types.TaggedCertificationRequest(
        body_part_id=body_part_id, certification_request=_pkcs10(request, more)
    )
    return types.TaggedRequest(tcr=tagged)


def _pkcs10(request: NewRequest, more: Sequence[tuple[str, Any]]) -> types.CertificationRequest:
    asked = types.ExtensionReq(asked_extensions(request))
    own = ((oids.ID_EXTENSION_REQUEST, asked), *more)
    info = types.CertificationRequestInfo(
        version=0,
        subject=name_of(request.subject),
        subject_public_key_info=public_key_info(request.key),
        attributes=(
            *(types.Attribute(attr_type=oid, attr_values=(value,)) for oid, value in own),
            *request.attributes,
        ),
    )
    algorithm, signature = _proof(request, info.to_der())
    return types.CertificationRequest(
        certification_request_info=info,
        signature_algorithm=algorithm,
        signature=BitString(signature),
    )


def _crmf(
    request: NewRequest, body_part_id: int, more: Sequence[tuple[str, Any]]
) -> types.CertReqMsg:
    if request.attributes:
        raise EncodeError(Reason.BAD_VALUE, None, "attributes")
    template = types.CertTemplate(
        subject=name_of(request.subject),
        public_key=public_key_info(request.key),
        extensions=asked_extensions(request),
    )
    controls = tuple(types.AttributeTypeAndValue(type=oid, value=value) for oid, value in more)
    asked = types.CertRequest(
        cert_req_id=body_part_id, cert_template=template, controls=controls or None
    )
    if request.pop == "challenge":
        popo = _challenge(request.key)
    else:
        algorithm, signature = _proof(request, asked.to_der())
        popo = types.ProofOfPossession(
            signature=types.POPOSigningKey(
                algorithm_identifier=algorithm, signature=BitString(signature)
            )
        )
    return types.CertReqMsg(cert_req=asked, popo=popo)


def _challenge(key: Any) -> types.ProofOfPossession:
    """RFC 4211 §4.2: a key that transports, or one that agrees."""
    transports = public_key_info(key).algorithm.algorithm in (
        oids.RSA_ENCRYPTION, oids.ID_ALG_ML_KEM_768, oids.ID_ALG_ML_KEM_1024,
    )  # fmt: skip
    if transports:
        return types.ProofOfPossession(key_encipherment=_CHALLENGE)
    return types.ProofOfPossession(key_agreement=_CHALLENGE)


def _proof(request: NewRequest, signed: bytes) -> tuple[types.AlgorithmIdentifier, bytes]:
    """Algorithm and octets of what stands for the signature."""
    if request.pop == "no-signature":
        # RFC 10002 §C.1: in a BIT STRING stands the encoding of the OCTET STRING.
        octets = types.NoSignatureValue(no_signature.value(signed)).to_der()
        return NO_SIGNATURE, octets
    if request.pop == "dh":
        algorithm = request.algorithm or ""
        octets = dh_pop.sign(signed, request.key, request.dh_recipient, algorithm=algorithm)
        number = oids.number(algorithm)
        assert number is not None
        return types.AlgorithmIdentifier(algorithm=number), octets
    if isinstance(request.key, SigningKey):
        chosen = private_keys.algorithm(request.algorithm or request.key.algorithm)
        return chosen.signature_algorithm, request.key.sign(signed)
    named = request.algorithm
    chosen = private_keys.usual(request.key) if named is None else private_keys.algorithm(named)
    sign = private_keys.signing(request.key, chosen, deterministic=False)
    return chosen.signature_algorithm, sign(signed)
