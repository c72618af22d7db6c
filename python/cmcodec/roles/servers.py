"""Who may answer requests: the certificates of servers (RFC 10002 §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cmcodec import oids
from cmcodec.foreign import quietly
from cmcodec.verify.path import readable

if TYPE_CHECKING:
    from cmcodec.types import Certificate
    from cmcodec.verify.verdict import Signer

__all__ = ["is_server"]

_SERVERS: Final = frozenset((oids.ID_KP_CMC_CA, oids.ID_KP_CMC_RA))


def is_server(signer: Signer) -> bool:
    """Whether a certificate may answer: a CA's, one of its issuer's name, or one for CMC.

    One that says where its owner offers CMC has to be one for CMC (R-181).
    """
    found = readable(signer.candidates[0])
    if found is None or found.facts is None or signer.certificate is None:
        return False
    if not _SERVERS.isdisjoint(signer.purposes):
        return True
    is_known = found.is_self_issued or found.facts.is_ca
    return is_known and not _offers(signer.certificate)


def _offers(certificate: Certificate) -> bool:
    """Whether a certificate has the access method id-ad-cmc, or may have it (R-181)."""
    try:
        extensions = quietly(lambda: certificate.to_cryptography().extensions)
    except ValueError:
        # Nobody can tell what is in it.
        return True
    return any(
        each.access_method.dotted_string == oids.ID_AD_CMC
        for extension in extensions
        if extension.oid.dotted_string == oids.ID_PE_SUBJECT_INFO_ACCESS
        for each in extension.value
    )
