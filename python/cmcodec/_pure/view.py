"""Accessors on the octets of a validated message.

What is found are elements and slices as received, so that digests and signatures are checked over
them and never over anything encoded again. After the walk of ``load`` nothing here raises; before
it, `Error`, `ValueError` or `AttributeError` would.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from cmcodec import oids, types
from cmcodec._pure.codec.fields import alternatives, fields
from cmcodec._pure.codec.primitives import dotted, encode_object_identifier, number
from cmcodec._pure.codec.tlv import Error, Tlv, children, read_tlv
from cmcodec.types.tables import CONTROL_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cmcodec.verify.verdict import Kind


@cache
def oid_octets(oid: str) -> bytes:
    """The content octets of an OBJECT IDENTIFIER: received ones are compared, never decoded."""
    octets = encode_object_identifier(oid)
    assert octets is not None
    return octets


DATA = oid_octets(oids.ID_DATA)
SIGNED_DATA = oid_octets(oids.ID_SIGNED_DATA)
AUTHENTICATED_DATA = oid_octets(oids.ID_CT_AUTH_DATA)
PKI_DATA = oid_octets(oids.ID_CCT_PKI_DATA)
PKI_RESPONSE = oid_octets(oids.ID_CCT_PKI_RESPONSE)

_TRANSACTION_ID = oid_octets(oids.ID_CMC_TRANSACTION_ID)
_REFERRING = frozenset(oid_octets(row.oid) for row in CONTROL_ROWS if row.refers)
_COUNTED = frozenset(oid_octets(row.oid) for row in CONTROL_ROWS if row.at_most is not None)

NULL = b"\x05\x00"

SEQUENCE = 0x30


def octets(data: bytes, tlv: Tlv) -> bytes:
    """The whole element."""
    return data[tlv.start : tlv.end]


def content(data: bytes, tlv: Tlv) -> bytes:
    """The content octets."""
    return data[tlv.content : tlv.end]


def inside(data: bytes, tlv: Tlv | None) -> Iterator[Tlv]:
    """The elements of a constructed one; none where there is none."""
    return children(data, tlv.content, tlv.end) if tlv else iter(())


def first(data: bytes, tlv: Tlv) -> Tlv:
    """The first element of a constructed one."""
    return read_tlv(data, tlv.content, tlv.end)


# --- CMS -------------------------------------------------------------------------------------

content_info = fields(types.ContentInfo)
encapsulated = fields(types.EncapsulatedContentInfo)
signed_data = fields(types.SignedData)
signer_info = fields(types.SignerInfo)
algorithm_protection = fields(types.CMSAlgorithmProtection)
ess_cert_id = fields(types.ESSCertID, "cert_hash")
ess_cert_id_v2 = fields(types.ESSCertIDv2, "hash_algorithm", "cert_hash")
_authenticated_data = fields(types.AuthenticatedData, "encap_content_info")
attribute = fields(types.Attribute)

CERTIFICATES = alternatives(types.CertificateChoices)
_CRLS = alternatives(types.RevocationInfoChoice)
SIGNER_IDENTIFIERS = alternatives(types.SignerIdentifier)
CMS_VERSIONS = tuple(bytes([number]) for number in range(6))
"""The content octets of every version that CMS has (RFC 5652 §10.2.5)."""


def signed_data_version(data: bytes, signed: Any) -> bytes:
    """The content octets of the version that a SignedData calls for (RFC 5652 §5.1, R-213)."""
    certificates = {CERTIFICATES[tlv.tag] for tlv in inside(data, signed.certificates)}
    if "other" in certificates or "other" in {_CRLS[tlv.tag] for tlv in inside(data, signed.crls)}:
        return b"\x05"
    if "v2_attr_cert" in certificates:
        return b"\x04"
    held = encapsulated(data, signed.encap_content_info)
    infos = (signer_info(data, element) for element in inside(data, signed.signer_infos))
    if (
        content(data, held.e_content_type) != DATA
        or "v1_attr_cert" in certificates
        or any(content(data, info.version) == b"\x03" for info in infos)
    ):
        return b"\x03"
    return b"\x01"


def signer_info_version(data: bytes, info: Any) -> bytes:  # noqa: ARG001 - as that of SignedData
    """The content octets of the version that a SignerInfo calls for (RFC 5652 §5.3, R-214)."""
    by_name = SIGNER_IDENTIFIERS[info.sid.tag] == "issuer_and_serial_number"
    return b"\x01" if by_name else b"\x03"


class Algorithm(NamedTuple):
    """RFC 5280 §4.1.1.2: dotted OBJECT IDENTIFIER, and the element of the parameters."""

    oid: str
    parameters: bytes | None

    def matches(self, other: Algorithm) -> bool:
        """Whether the two are equal, absent parameters and NULL being alike."""
        return self.oid == other.oid and (self.parameters or NULL) == (other.parameters or NULL)


_algorithm_identifier = fields(types.AlgorithmIdentifier)
_CACHED_ALGORITHM_OCTETS = 128


def algorithm(data: bytes, tlv: Tlv) -> Algorithm:
    """Takes an AlgorithmIdentifier apart, under whichever tag it stands."""
    octets = data[tlv.content : tlv.end]
    if len(octets) > _CACHED_ALGORITHM_OCTETS:
        return _algorithm.__wrapped__(octets)
    return _algorithm(octets)


@lru_cache(maxsize=256)
def _algorithm(octets: bytes) -> Algorithm:
    found = _algorithm_identifier(octets, Tlv(SEQUENCE, 0, 0, len(octets)))
    parameters = octets[found.parameters.start :] if found.parameters else None
    return Algorithm(dotted(content(octets, found.algorithm)), parameters)


# --- kinds -----------------------------------------------------------------------------------

_FULL: dict[bytes, Kind] = {PKI_DATA: "full-request", PKI_RESPONSE: "full-response"}


def kind(data: bytes, info: Any, *, wrapped: bool) -> tuple[Kind, Any]:
    """What a ContentInfo is to CMC, and its EncapsulatedContentInfo where that is not hidden.

    With ``wrapped`` a PKCS#10 in a SignedData over id-data is a wrapped request.
    """
    content_type = content(data, info.content_type)
    if content_type == AUTHENTICATED_DATA:
        held = encapsulated(data, _authenticated_data(data, info.content).encap_content_info)
        return _FULL.get(content(data, held.e_content_type), "other"), held
    if content_type != SIGNED_DATA:
        return "other", None
    signed = signed_data(data, info.content)
    held = encapsulated(data, signed.encap_content_info)
    return kind_of_signed(data, signed, held, wrapped=wrapped), held


def kind_of_signed(data: bytes, signed: Any, held: Any, *, wrapped: bool) -> Kind:
    """What a SignedData is to CMC: certs-only is a Simple PKI Response (RFC 10002 §4.1)."""
    content_type = content(data, held.e_content_type)
    full = _FULL.get(content_type)
    if full:
        return full
    empty = held.e_content is None or held.e_content.content == held.e_content.end
    signers = signed.signer_infos
    if empty and signers.content == signers.end and content_type == DATA:
        return "simple-response"
    return "wrapped-request" if wrapped and _holds_request(data, held) else "other"


def _holds_request(data: bytes, held: Any) -> bool:
    """Whether a PKCS#10 begins in id-data (MS-WCCE §3.1.1.4.3.1.4): a SEQUENCE of version and Name.

    Whether it is one to its end, `load` looks where it is told to.
    """
    if content(data, held.e_content_type) != DATA or held.e_content is None:
        return False
    try:
        request = first(data, held.e_content)
        info = first(data, request)
        version, subject = islice(inside(data, info), 2)
    except (Error, ValueError):
        return False
    tags = bytes([request.tag, info.tag, version.tag, subject.tag])
    return tags in _REQUEST_TAGS and _first_tag(data, subject) in (None, 0x31)


_REQUEST_TAGS = (b"\x30\x30\x02\x30", b"\x30\x30\x02\x05")
"""Of a CertificationRequest: itself, its certificationRequestInfo, version, and subject."""


def _first_tag(data: bytes, tlv: Tlv) -> int | None:
    with suppress(Error):
        return next((element.tag for element in inside(data, tlv)), None)
    return None


# --- PKIData and PKIResponse -----------------------------------------------------------------

_BODIES = {
    PKI_DATA: fields(types.PKIData, "control_sequence", "req_sequence"),
    PKI_RESPONSE: fields(types.PKIResponse, "control_sequence"),
}
_control = fields(types.TaggedAttribute, "attr_type", "attr_values")


class WrappedBody(NamedTuple):
    """What stands in the place of a PKIData in a wrapped request: its one element is a PKCS#10."""

    req_sequence: Tlv
    control_sequence: None = None


def body(data: bytes, held: Any) -> Any:
    """The PKIData or PKIResponse in an EncapsulatedContentInfo; None where there is none."""
    read = _BODIES.get(content(data, held.e_content_type))
    return read(data, first(data, held.e_content)) if read and held.e_content else None


class Controls(NamedTuple):
    """What the verdict says of controls: the transaction id, and whether one may have a note."""

    transaction_id: int | None = None
    may_have_notes: bool = False


def controls(data: bytes, found: Any) -> Controls:
    """The controls of a PKIData or PKIResponse, if there is one."""
    transaction_id: int | None = None
    may_have_notes = False
    seen: set[bytes] = set()
    for element in inside(data, found and found.control_sequence):
        control = _control(data, element)
        oid = content(data, control.attr_type)
        may_have_notes |= oid in _REFERRING or oid in seen
        if oid == _TRANSACTION_ID:
            value = next(inside(data, control.attr_values), None)
            # One that stands twice is none (rule R4).
            transaction_id = number(content(data, value)) if value and oid not in seen else None
        if oid in _COUNTED:
            seen.add(oid)
    return Controls(transaction_id, may_have_notes)


class Member(NamedTuple):
    """RFC 10002 §3.2.1.3, TaggedContentInfo."""

    element: Tlv
    body_part_id: int
    content_info: Tlv


def member(data: bytes, element: Tlv) -> Member:
    """Takes a TaggedContentInfo apart, of which nothing but the id may be valid (rule R5)."""
    identifier = first(data, element)
    info = Tlv(0, identifier.end, identifier.end, element.end)
    if info.start < info.end:  # an exception takes longer than all the rest
        with suppress(Error):
            read = read_tlv(data, info.start, info.end)
            info = read if read.tag == SEQUENCE and read.end == info.end else info
    return Member(element, number(content(data, identifier)), info)


# --- requests --------------------------------------------------------------------------------

_certification_request = fields(types.CertificationRequest)
_certification_request_info = fields(
    types.CertificationRequestInfo, "version", "subject_public_key_info", "attributes"
)
_tagged_certification_request = fields(types.TaggedCertificationRequest)
_other_request = fields(types.OtherRequest, "body_part_id")
_cert_req_msg = fields(types.CertReqMsg)
_cert_request = fields(types.CertRequest)
_cert_template = fields(types.CertTemplate, "version", "public_key", "extensions")
popo_signing_key = fields(types.POPOSigningKey)

_REQUESTS = alternatives(types.TaggedRequest)
PROOFS = alternatives(types.ProofOfPossession)


class Request(NamedTuple):
    """RFC 10002 §3.2.1.2, TaggedRequest, or a PKCS#10 request by itself.

    ``pkcs10`` is the CertificationRequest, ``crmf`` the CertReqMsg: one of the two, or neither in
    an orm. ``spki`` is the SubjectPublicKeyInfo under whichever tag, ``wanted`` what may ask for a
    key identifier: attributes of PKCS#10, extensions of CRMF.
    """

    element: Tlv
    body_part_id: int
    pkcs10: Any = None
    crmf: Any = None
    spki: Tlv | None = None
    wanted: Tlv | None = None
    version: Tlv | None = None


def simple_request(data: bytes, element: Tlv) -> Request:
    """Takes a PKCS#10 request apart that stands by itself; it counts as number 1."""
    return _pkcs10(data, element, element, 1)


def _pkcs10(data: bytes, request: Tlv, element: Tlv, body_part_id: int) -> Request:
    found = _certification_request(data, request)
    info = _certification_request_info(data, found.certification_request_info)
    spki, attributes = info.subject_public_key_info, info.attributes
    return Request(element, body_part_id, found, None, spki, attributes, info.version)


def request(data: bytes, element: Tlv) -> Request:
    """Takes a TaggedRequest apart."""
    form = _REQUESTS[element.tag]
    if form == "crm":
        crmf = _cert_req_msg(data, element)
        asked = _cert_request(data, crmf.cert_req)
        template = _cert_template(data, asked.cert_template)
        identifier = number(content(data, asked.cert_req_id))
        spki, extensions = template.public_key, template.extensions
        return Request(element, identifier, None, crmf, spki, extensions, template.version)
    if form == "tcr":
        tagged = _tagged_certification_request(data, element)
        identifier = number(content(data, tagged.body_part_id))
        return _pkcs10(data, tagged.certification_request, element, identifier)
    other = _other_request(data, element)
    return Request(element, number(content(data, other.body_part_id)))


def requests(data: bytes, found: Any) -> Iterator[Request]:
    """The requests of a PKIData; none in a PKIResponse, or where there is nothing."""
    read = request_reader(found)
    for element in inside(data, getattr(found, "req_sequence", None)):
        yield read(data, element)


def request_reader(found: Any) -> Callable[[bytes, Tlv], Request]:
    """What takes the requests of a PKIData apart, or that in the place of one."""
    return simple_request if isinstance(found, WrappedBody) else request


def public_key(data: bytes, asked: Request) -> bytes | None:
    """The SubjectPublicKeyInfo of a request; the template's gets its own tag back."""
    return b"\x30" + data[asked.spki.start + 1 : asked.spki.end] if asked.spki else None
