"""Trust anchors that a server publishes (RFC 10002 §6.15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from cmcodec import oids, types
from cmcodec.arguments import flag, moment
from cmcodec.checked import checked
from cmcodec.cms.envelopes import layer_of, single
from cmcodec.cms.identifiers import row_of
from cmcodec.cms.opening import Opened
from cmcodec.controls.certificate_hashes import CURRENT, certificate_hashes
from cmcodec.errors import ArgumentError, ProofError, VerificationError
from cmcodec.reasons import Reason, Rule
from cmcodec.types.controls import CMCFailInfo
from cmcodec.verify.given import Certificates
from cmcodec.verify.verdict import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["accept", "compute"]


@checked
def compute(
    certificates: Certificates,
    seq_number: int,
    *,
    hash: str | types.AlgorithmIdentifier = "id-sha256",  # noqa: A002 - what it is called
) -> types.PublishTrustAnchors:
    """The value of a trustedAnchors control: all certificates that clients are to trust.

    ``seq_number`` is greater than that of the list before. ``hash``: what names the certificates, a
    name in `cmcodec.oids.NAMES` or an AlgorithmIdentifier; SHA-256 is what everybody has (R-147).
    The message needs a signing time (R-150), and best carries the certificates too.

    Raises `EncodeError` for a digest that is not on offer, `DecodeError` and `TypeError` for what
    are no certificates.
    """
    identifier, hashes = certificate_hashes(certificates, hash)
    return types.PublishTrustAnchors(
        seq_number=seq_number, hash_algorithm=identifier, anchor_hashes=hashes
    )


@checked
def accept(
    opened: Opened,
    *,
    last: int,
    may_publish: Callable[[Signer], bool],
    tolerance: timedelta = timedelta(minutes=10),
    at: datetime | None = None,
) -> tuple[bytes, ...]:
    """The hashes of the anchors that a message publishes, once all four checks have passed.

    They are digests of whole certificates by ``hashAlgorithm`` of the control, in its order. The
    certificates may be among those that ``opened.message`` carries.

    1. Every signer's chain leads to one whom ``trust`` of `Message.open` named (R-148).
    2. ``may_publish`` returns True for each of them (R-149).
    3. Their signing times, which the signatures cover, are not further than ``tolerance`` from
       ``at``, now by default (R-150).
    4. seqNumber is greater than ``last``, that of the list accepted before (R-151). Publishers
       count by themselves: whoever has several keeps a number for each (R-152).

    Where the message has a MAC by a password, as the messages in `auth_data.open` have, whoever has
    the secret takes the place of the signer and of the anchor (RFC 10002 §6.16): ``may_publish``
    gets a `Signer` with the name of the MAC and without a certificate, and the time is that among
    the attributes under the MAC.

    Raises `ProofError` with the id of the control: ``not_permitted`` (badRequest), ``not_current``
    (badTime), also without a time, ``not_newer`` (badRequest); ``control_misplaced`` and
    ``duplicate_control`` (badRequest) where it does not stand once, in a response or under a MAC.
    `VerificationError` with ``untrusted_chain``, ``unsupported_algorithm`` for a digest that is not
    on offer, and ``bad_value`` for a hash that is not as long as the digest. `TypeError` for a
    message that was not opened, and for what is neither True nor False.
    """
    if not isinstance(opened, Opened):
        raise ArgumentError("opened", opened)
    now = datetime.now(UTC) if at is None else moment("at", at)
    control, value = _only(opened)

    def refuse(reason: Reason, fail_info: CMCFailInfo = CMCFailInfo.BAD_REQUEST) -> NoReturn:
        raise ProofError(reason, fail_info, (control,))

    for signer in _signers(opened):
        if not flag("may_publish", may_publish(signer)):
            refuse(Reason.NOT_PERMITTED)
    for time in _times(opened):
        if time is None or abs(now - time) > tolerance:
            refuse(Reason.NOT_CURRENT, CMCFailInfo.BAD_TIME)
    if value.seq_number <= last:
        refuse(Reason.NOT_NEWER)
    octets = row_of(CURRENT, value.hash_algorithm).octets
    if any(len(each) != octets for each in value.anchor_hashes):
        raise VerificationError(Reason.BAD_VALUE, path="anchorHashes")
    return value.anchor_hashes


def _only(opened: Opened) -> tuple[int, types.PublishTrustAnchors]:
    """The control, with its id: once, in a response or in a PKIData for authData."""
    found = opened.find(oids.ID_CMC_TRUSTED_ANCHORS)
    may_stand = opened.origin == "mac" or isinstance(opened.content, types.PKIResponse)
    if len(found) == 1 and may_stand:
        return found[0]
    reason = Reason.DUPLICATE_CONTROL if found and may_stand else Reason.CONTROL_MISPLACED
    ids = tuple(dict(found)) or (0,)
    raise ProofError(reason, CMCFailInfo.BAD_REQUEST, ids, Rule.R4)


def _signers(opened: Opened) -> tuple[Signer, ...]:
    """Who is asked about; raises `VerificationError` where no anchor is behind one of them."""
    if opened.origin == "mac":
        algorithm = opened.layers[-1].algorithm
        return (Signer(algorithm=algorithm, certificate_sha256=None, request_id=None, chain=None),)
    signers = opened.signers
    if not signers or any(signer.chain != "trusted" for signer in signers):
        raise VerificationError(Reason.UNTRUSTED_CHAIN, rule=Rule.V13)
    return signers


def _times(opened: Opened) -> Iterator[datetime | None]:
    """The signing time under each signature or MAC, which may lack it (RFC 5652 §11.3)."""
    layer: Any = layer_of(opened.message)
    attributes: list[Sequence[types.Attribute] | None] = (
        [layer.auth_attrs]
        if opened.origin == "mac"
        else [info.signed_attrs for info in layer.signer_infos]
    )
    for each in attributes:
        found = single(each or (), oids.ID_SIGNING_TIME)
        yield found.value.value if isinstance(found, types.SigningTime) else None
