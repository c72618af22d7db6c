"""Which certificates to publish, and where (RFC 10002 §6.18)."""

from __future__ import annotations

from collections.abc import Iterable

from cmcodec import types
from cmcodec.arguments import flag
from cmcodec.checked import checked
from cmcodec.controls.certificate_hashes import certificate_hashes
from cmcodec.errors import ForbiddenError
from cmcodec.types.crmf import PublicationAction
from cmcodec.verify.given import Certificates

__all__ = ["compute"]


@checked
def compute(
    certificates: Certificates,
    *,
    publish: bool = True,
    places: Iterable[types.SinglePubInfo] = (),
    hash: str | types.AlgorithmIdentifier = "id-sha256",  # noqa: A002 - what it is called
) -> types.CMCPublicationInfo:
    """The value of a publishCert control for certificates.

    ``publish`` False asks to publish them nowhere, and to take back what is published. ``places``:
    how and where; without them whoever publishes decides (RFC 4211 §6.3). ``hash``: what names the
    certificates, a name in `cmcodec.oids.NAMES` or an AlgorithmIdentifier. A certificate should
    stand in one such control only (R-161).

    Raises `ForbiddenError` for places where nothing is to be published (R-160), `EncodeError` for a
    digest that is not on offer, `DecodeError` and `TypeError` for what are no certificates.
    """
    found = tuple(places)
    if not flag("publish", publish) and found:
        raise ForbiddenError("R-160", "pubInfo.pubInfos")
    identifier, hashes = certificate_hashes(certificates, hash)
    action = PublicationAction.PLEASE_PUBLISH if publish else PublicationAction.DONT_PUBLISH
    return types.CMCPublicationInfo(
        hash_alg=identifier,
        cert_hashes=hashes,
        pub_info=types.PKIPublicationInfo(action=action, pub_infos=found or None),
    )
