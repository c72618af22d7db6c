"""AuthenticatedData with a password, opened and made (RFC 10002 §3.2, RFC 5652 §9)."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from cmcodec import oids, types
from cmcodec.algorithms import DIGESTS, MACS
from cmcodec.arguments import by_chance
from cmcodec.asn1.der import set_of
from cmcodec.checked import checked
from cmcodec.cms.envelopes import (
    authenticated_octets,
    check_content_type,
    check_version,
    of_originator,
    recipient_infos,
    single,
    try_keys,
)
from cmcodec.cms.identifiers import NULL, named, row_of, unsupported
from cmcodec.cms.recipients import Recipient
from cmcodec.cms.signing import signing_time_value
from cmcodec.errors import EncodeError, ForbiddenError, VerificationError
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmcodec.algorithms import Digest, Mac
    from cmcodec.asn1 import Asn1
    from cmcodec.cms.recipients import RecipientKey
    from cmcodec.message import Message

__all__ = ["authenticate", "check_mac"]

_CONTENT_TYPES = {"PKIData": oids.ID_CCT_PKI_DATA, "PKIResponse": oids.ID_CCT_PKI_RESPONSE}


def check_mac(
    message: Message, keys: RecipientKey | Iterable[RecipientKey], *, legacy: bool
) -> str:
    """The name of the MAC of an AuthenticatedData over a PKIData or PKIResponse, which holds.

    Raises `VerificationError` for what no secret is needed for (version, recipients, attributes,
    algorithms, digest), and `DecryptionError` for a key or a MAC that is wrong.
    """
    structure = message.unverified_structure
    assert isinstance(structure, types.ContentInfo)
    layer = structure.content
    assert isinstance(layer, types.AuthenticatedData)
    is_other, is_v2 = of_originator(layer.originator_info)
    check_version(layer.version, 3 if is_other else 1 if is_v2 else 0)
    held = layer.encap_content_info
    if held.e_content_type not in _CONTENT_TYPES.values() or any(
        info.pwri is None for info in layer.recipient_infos
    ):
        # the recipient is a password.
        raise VerificationError(Reason.WRONG_CONTENT_TYPE, rule=Rule.V1)
    if held.e_content is None:
        raise VerificationError(Reason.CONTENT_MISSING, rule=Rule.V1)
    attributes = layer.auth_attrs
    if attributes is None or layer.digest_algorithm is None:
        #
        raise VerificationError(Reason.ATTRIBUTE_MISSING, path="authAttrs", rule=Rule.V4)
    check_content_type(attributes, held.e_content_type)
    mac, digest = row_of(MACS, layer.mac_algorithm), row_of(DIGESTS, layer.digest_algorithm)
    if digest.legacy and not legacy and mac.digest != digest.name:
        # HMAC with SHA-1 comes with digests of it.
        raise unsupported()
    _check_attributes(attributes, layer, digest, held.e_content)
    authenticated = authenticated_octets(message)

    def holds(key: bytes) -> bytes | None:
        computed = hmac.digest(key, authenticated, mac.digest)
        return b"" if hmac.compare_digest(computed, layer.mac) else None

    next(try_keys(layer.recipient_infos, keys, mac.octets, holds, any_length=True))
    return oids.name(mac.oid)


def _check_attributes(
    attributes: Sequence[types.Attribute],
    layer: types.AuthenticatedData,
    digest: Digest,
    content: bytes,
) -> None:
    """V4, V6, V7: messageDigest; signingTime and CMSAlgorithmProtection where they stand."""
    claimed = single(attributes, oids.ID_MESSAGE_DIGEST)
    if claimed is None:
        raise VerificationError(Reason.ATTRIBUTE_MISSING, path="authAttrs", rule=Rule.V4)
    single(attributes, oids.ID_SIGNING_TIME)
    protection = single(attributes, oids.ID_AA_CMS_ALGORITHM_PROTECT)
    if isinstance(protection, types.CMSAlgorithmProtection):
        same = (
            protection.signature_algorithm is None
            and _alike(protection.digest_algorithm, layer.digest_algorithm)
            and _alike(protection.mac_algorithm, layer.mac_algorithm)
        )
        if not same:
            raise VerificationError(Reason.ALGORITHM_MISMATCH, path="authAttrs", rule=Rule.V7)
    computed = hashlib.new(digest.name, content).digest()
    if claimed != types.MessageDigest(computed):
        raise VerificationError(Reason.DIGEST_MISMATCH, path="authAttrs", rule=Rule.V6)


def _alike(one: types.AlgorithmIdentifier | None, other: types.AlgorithmIdentifier | None) -> bool:
    """Whether two identifiers are equal, absent parameters and NULL being alike."""
    if one is None or other is None:
        return one is other
    return one.algorithm == other.algorithm and (
        one.parameters == other.parameters
        or (one.parameters in (None, NULL) and other.parameters in (None, NULL))
    )


@checked
def authenticate(
    content: types.PKIData | types.PKIResponse,
    recipient: Recipient,
    *,
    mac: str = "id-hmacWithSHA256",
    signing_time: datetime | None = None,
    unsigned_data: Iterable[types.CMCUnsignedData] = (),
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """A content under a MAC by a password (RFC 10002 §3.2): the DER of a ContentInfo.

    The key of the MAC is random (R-024). ``signing_time``: what trustedAnchors under it needs
    (R-150), as `cmcodec.cms.sign` has it. Prefer a signature where there is a key that can make
    one.

    Raises `ForbiddenError` for a recipient that is no password (R-023), `EncodeError` for a content
    that has no encoding and a name that is not on offer.
    """
    content_type = _CONTENT_TYPES.get(getattr(content, "__asn1_name__", ""))
    if content_type is None:
        raise EncodeError(Reason.BAD_TYPE)
    row = named(MACS, mac)
    key = by_chance(random, row.octets)
    infos = recipient_infos(recipient, key, random)
    if any(info.pwri is None for info in infos):
        raise ForbiddenError("R-023")
    octets = content.to_der()
    mac_algorithm = types.AlgorithmIdentifier(algorithm=row.oid)
    digest = _digest_of(row)
    digest_algorithm = types.AlgorithmIdentifier(algorithm=digest.oid)
    values: dict[str, Asn1] = {
        oids.ID_CONTENT_TYPE: types.ContentType(content_type),
        oids.ID_MESSAGE_DIGEST: types.MessageDigest(hashlib.new(digest.name, octets).digest()),
        oids.ID_AA_CMS_ALGORITHM_PROTECT: types.CMSAlgorithmProtection(
            digest_algorithm=digest_algorithm, mac_algorithm=mac_algorithm
        ),
    }
    if signing_time is not None:
        values[oids.ID_SIGNING_TIME] = signing_time_value(signing_time)
    attributes = tuple(
        types.Attribute(attr_type=oid, attr_values=(value,)) for oid, value in values.items()
    )
    authenticated = set_of([attribute.to_der() for attribute in attributes])
    unsigned = tuple(unsigned_data)
    layer = types.AuthenticatedData(
        version=0,
        recipient_infos=infos,
        mac_algorithm=mac_algorithm,
        digest_algorithm=digest_algorithm,
        encap_content_info=types.EncapsulatedContentInfo(
            e_content_type=content_type, e_content=octets
        ),
        auth_attrs=attributes,
        mac=hmac.digest(key, authenticated, row.digest),
        unauth_attrs=(
            types.Attribute(attr_type=oids.ID_AA_CMC_UNSIGNED_DATA, attr_values=unsigned),
        )
        if unsigned
        else None,
    )
    return types.ContentInfo(content_type=oids.ID_CT_AUTH_DATA, content=layer).to_der()


def _digest_of(mac: Mac) -> Digest:
    return next(digest for digest in DIGESTS if digest.name == mac.digest)
