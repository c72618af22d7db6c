"""Accessors on the octets of a validated message (the engine's ``view``).

What is found are elements and slices as received, so that digests and signatures are checked over
them and never over anything encoded again. After the walk of ``load`` nothing here raises; before
it, `Fault` or `ValueError` would.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from asn1crypto import core

from cmcodec._pure.primitives import dotted, number
from cmcodec._pure.tlv import Fault, Tlv, children, header, read_tlv

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["full-request", "full-response", "simple-request", "simple-response", "other"]


def oid_octets(dotted: str) -> bytes:
    """The content octets of an OBJECT IDENTIFIER: received ones are compared, never decoded."""
    contents: bytes = core.ObjectIdentifier(dotted).contents
    return contents


# SPEC A.1
DATA = oid_octets("1.2.840.113549.1.7.1")
SIGNED_DATA = oid_octets("1.2.840.113549.1.7.2")
ENVELOPED_DATA = oid_octets("1.2.840.113549.1.7.3")
ENCRYPTED_DATA = oid_octets("1.2.840.113549.1.7.6")
AUTHENTICATED_DATA = oid_octets("1.2.840.113549.1.9.16.1.2")
AUTH_ENVELOPED_DATA = oid_octets("1.2.840.113549.1.9.16.1.23")
PKI_DATA = oid_octets("1.3.6.1.5.5.7.12.2")
PKI_RESPONSE = oid_octets("1.3.6.1.5.5.7.12.3")

# RFC 5652 §11, RFC 6211 §2
CONTENT_TYPE = oid_octets("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid_octets("1.2.840.113549.1.9.4")
SIGNING_TIME = oid_octets("1.2.840.113549.1.9.5")
ALGORITHM_PROTECTION = oid_octets("1.2.840.113549.1.9.52")

_ID_CMC = oid_octets("1.3.6.1.5.5.7.7")
_TRANSACTION_ID = _ID_CMC + b"\x05"
# addExtensions, decryptedPOP, lraPOPWitness, authData, batchRequests, batchResponses,
# modCertTemplate, controlProcessed, raIdentityWitness, responseBody (SPEC A.2).
_REFERENCES = frozenset(
    _ID_CMC + bytes([number]) for number in (8, 10, 11, 27, 28, 29, 31, 32, 35, 37)
)

NULL = b"\x05\x00"

SEQUENCE = 0x30


def octets(data: bytes, tlv: Tlv) -> bytes:
    """The whole element."""
    return data[tlv.start : tlv.end]


def content(data: bytes, tlv: Tlv) -> bytes:
    """The content octets."""
    return data[tlv.content : tlv.end]


def inside(data: bytes, tlv: Tlv) -> Iterator[Tlv]:
    """The elements of a constructed one."""
    return children(data, tlv.content, tlv.end)


def first(data: bytes, tlv: Tlv) -> Tlv:
    """The first element of a constructed one."""
    return read_tlv(data, tlv.content, tlv.end)


# --- CMS -------------------------------------------------------------------------------------


class ContentInfo(NamedTuple):
    """RFC 5652 §3: ``type`` is the OBJECT IDENTIFIER, ``content`` what stands in [0]."""

    type: Tlv
    content: Tlv


def content_info(data: bytes, tlv: Tlv) -> ContentInfo:
    """Take a ContentInfo apart."""
    content_type, explicit = inside(data, tlv)
    return ContentInfo(content_type, first(data, explicit))


class Encapsulated(NamedTuple):
    """RFC 5652 §5.2: ``octets`` is the OCTET STRING, if there is one."""

    type: Tlv
    octets: Tlv | None


def encapsulated(data: bytes, tlv: Tlv) -> Encapsulated:
    """Take an EncapsulatedContentInfo apart."""
    content_type, *explicit = inside(data, tlv)
    return Encapsulated(content_type, first(data, explicit[0]) if explicit else None)


class SignedData(NamedTuple):
    """RFC 5652 §5.1."""

    version: Tlv
    digest_algorithms: Tlv
    encapsulated: Encapsulated
    certificates: Tlv | None
    crls: Tlv | None
    signer_infos: Tlv

    def has_right_version(self, data: bytes) -> bool:
        """Whether the version is what RFC 5652 §5.1 calls for; content is not id-data (R-213)."""
        certificates = (
            {tlv.tag for tlv in inside(data, self.certificates)} if self.certificates else set()
        )
        crls = {tlv.tag for tlv in inside(data, self.crls)} if self.crls else set()
        expected = 3
        if 0xA3 in certificates or 0xA1 in crls:
            expected = 5
        elif 0xA2 in certificates:
            expected = 4
        return content(data, self.version) == bytes([expected])


def signed_data(data: bytes, tlv: Tlv) -> SignedData:
    """Take a SignedData apart."""
    version, digest_algorithms, content_info, *optional, signer_infos = inside(data, tlv)
    sets = {field.tag: field for field in optional}
    return SignedData(
        version,
        digest_algorithms,
        encapsulated(data, content_info),
        sets.get(0xA0),
        sets.get(0xA1),
        signer_infos,
    )


def authenticated_content(data: bytes, tlv: Tlv) -> Encapsulated:
    """The content of an AuthenticatedData (RFC 5652 §9.1): its second SEQUENCE."""
    _, content_info = (field for field in inside(data, tlv) if field.tag == SEQUENCE)
    return encapsulated(data, content_info)


class SignerInfo(NamedTuple):
    """RFC 5652 §5.3."""

    element: Tlv
    version: Tlv
    sid: Tlv
    digest_algorithm: Tlv
    signed_attrs: Tlv | None
    signature_algorithm: Tlv
    signature: Tlv

    def has_right_version(self, data: bytes) -> bool:
        """Whether the version is what RFC 5652 §5.3 calls for by the form of the sid (R-214)."""
        return content(data, self.version) == (b"\3" if self.sid.tag == 0x80 else b"\1")


def signer_info(data: bytes, tlv: Tlv) -> SignerInfo:
    """Take a SignerInfo apart."""
    version, sid, digest_algorithm, *rest = inside(data, tlv)
    signed_attrs = rest.pop(0) if rest[0].tag == 0xA0 else None
    return SignerInfo(tlv, version, sid, digest_algorithm, signed_attrs, rest[0], rest[1])


class Attribute(NamedTuple):
    """RFC 5652 §5.3: ``type`` is the content of the OBJECT IDENTIFIER, ``values`` the SET OF."""

    element: Tlv
    type: bytes
    values: Tlv


def attributes(data: bytes, tlv: Tlv) -> Iterator[Attribute]:
    """The elements of a SET OF Attribute."""
    for element in inside(data, tlv):
        start, end = header(data, element.content, element.end)
        yield Attribute(element, data[start:end], read_tlv(data, end, element.end))


class Algorithm(NamedTuple):
    """RFC 5280 §4.1.1.2: dotted OBJECT IDENTIFIER, and the element of the parameters."""

    oid: str
    parameters: bytes | None

    def matches(self, other: Algorithm) -> bool:
        """Whether the two are equal, absent parameters and NULL being alike."""
        return self.oid == other.oid and (self.parameters or NULL) == (other.parameters or NULL)


def algorithm(data: bytes, tlv: Tlv) -> Algorithm:
    """Take an AlgorithmIdentifier apart, under whichever tag it stands."""
    start, end = header(data, tlv.content, tlv.end)
    return Algorithm(dotted(data[start:end]), data[end : tlv.end] or None)


# --- kinds -----------------------------------------------------------------------------------


_FULL: dict[bytes, Kind] = {PKI_DATA: "full-request", PKI_RESPONSE: "full-response"}


def kind(data: bytes, info: ContentInfo) -> tuple[Kind, Encapsulated | None]:
    """What a ContentInfo is to CMC, and its content where that is not hidden."""
    content_type = content(data, info.type)
    if content_type == AUTHENTICATED_DATA:
        held = authenticated_content(data, info.content)
        return _FULL.get(content(data, held.type), "other"), held
    if content_type != SIGNED_DATA:
        return "other", None
    signed = signed_data(data, info.content)
    return kind_of_signed(data, signed), signed.encapsulated


def kind_of_signed(data: bytes, signed: SignedData) -> Kind:
    """What a SignedData is to CMC: certs-only is a Simple PKI Response (RFC 10002 §4.1)."""
    content_type = content(data, signed.encapsulated.type)
    full = _FULL.get(content_type)
    if full:
        return full
    held, signers = signed.encapsulated.octets, signed.signer_infos
    empty = held is None or held.content == held.end
    if empty and signers.content == signers.end and content_type == DATA:
        return "simple-response"
    return "other"


# --- PKIData and PKIResponse -----------------------------------------------------------------


class Body(NamedTuple):
    """RFC 10002 §3.2.1 and §4.2; a PKIResponse has no requests."""

    controls: Tlv
    requests: Tlv | None
    messages: Tlv


def body(data: bytes, held: Encapsulated) -> Body | None:
    """The PKIData or PKIResponse that is encapsulated, if one is."""
    content_type = content(data, held.type)
    if held.octets is None or content_type not in _FULL:
        return None
    controls, *rest = inside(data, first(data, held.octets))
    requests = rest.pop(0) if content_type == PKI_DATA else None
    return Body(controls, requests, rest[0])


def controls(data: bytes, tlv: Tlv) -> tuple[bytes | None, bool]:
    """Of a controlSequence: the transaction id's octets, and whether a control has references."""
    transaction: list[bytes | None] = []
    references = False
    for control in inside(data, tlv):
        _, after = header(data, control.content, control.end)
        start, after = header(data, after, control.end)
        oid = data[start:after]
        references = references or oid in _REFERENCES
        if oid == _TRANSACTION_ID and not transaction:
            value = next(inside(data, read_tlv(data, after, control.end)), None)
            transaction.append(content(data, value) if value else None)
    return (transaction[0] if transaction else None), references


class Part(NamedTuple):
    """RFC 10002 §3.2.1.3, TaggedContentInfo."""

    element: Tlv
    body_part_id: int
    content_info: Tlv


def parts(data: bytes, tlv: Tlv) -> Iterator[Part]:
    """The elements of a cmsSequence."""
    return (part(data, element) for element in inside(data, tlv))


def part(data: bytes, element: Tlv) -> Part:
    """Take a TaggedContentInfo apart."""
    identifier = first(data, element)
    # Nothing is proven of a confined member but its id (RULES R5).
    info = Tlv(0, identifier.end, identifier.end, element.end)
    with suppress(Fault):
        read = read_tlv(data, identifier.end, element.end)
        info = read if read.tag == 0x30 and read.end == element.end else info
    return Part(element, number(content(data, identifier)), info)


# --- requests --------------------------------------------------------------------------------


class CertificationRequest(NamedTuple):
    """RFC 2986 §4.2. ``info`` is what is signed."""

    info: Tlv
    signature_algorithm: Tlv
    signature: Tlv
    spki: Tlv
    attributes: Tlv | None


def certification_request(data: bytes, tlv: Tlv) -> CertificationRequest:
    """Take a PKCS#10 request apart."""
    info, signature_algorithm, signature = inside(data, tlv)
    _, _, spki, *optional = inside(data, info)
    return CertificationRequest(
        info, signature_algorithm, signature, spki, optional[0] if optional else None
    )


class CertReqMsg(NamedTuple):
    """RFC 4211 §3. ``request`` is what is signed; ``key`` and ``extensions`` are the template's."""

    request: Tlv
    popo: Tlv | None
    key: Tlv | None
    extensions: Tlv | None


def cert_req_msg(data: bytes, tlv: Tlv) -> CertReqMsg:
    """Take a CRMF request apart."""
    request, *rest = inside(data, tlv)
    _, template, *_ = inside(data, request)
    fields = {field.tag: field for field in inside(data, template)}
    popo = rest[0] if rest and rest[0].tag != SEQUENCE else None
    return CertReqMsg(request, popo, fields.get(0xA6), fields.get(0xA9))


class Request(NamedTuple):
    """RFC 10002 §3.2.1.2, TaggedRequest: one of the two is there, or neither in an orm."""

    element: Tlv
    body_part_id: int
    tcr: CertificationRequest | None
    crm: CertReqMsg | None


def request(data: bytes, element: Tlv) -> Request:
    """Take a TaggedRequest apart."""
    head = first(data, element)
    if element.tag == 0xA1:
        identifier = number(content(data, first(data, head)))
        return Request(element, identifier, None, cert_req_msg(data, element))
    identifier = number(content(data, head))
    if element.tag == 0xA0:
        held = read_tlv(data, head.end, element.end)
        return Request(element, identifier, certification_request(data, held), None)
    return Request(element, identifier, None, None)


def public_key(data: bytes, asked: Request) -> bytes | None:
    """The SubjectPublicKeyInfo of a request; the template's gets its own tag back."""
    if asked.tcr:
        return octets(data, asked.tcr.spki)
    if asked.crm and asked.crm.key:
        return b"\x30" + data[asked.crm.key.start + 1 : asked.crm.key.end]
    return None
