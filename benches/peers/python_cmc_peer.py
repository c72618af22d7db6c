"""``python_cmc`` with `asn1crypto`'s own ``cms`` around it, and ``cryptography`` for signatures.

What 1.22 cannot do, its user has to: a member of cmsSequence is typed as EncapsulatedContentInfo,
which a SignedData does not fit, so its octets are taken and loaded as what they are; the tags of
ProofOfPossession are explicit, so the five classes down to it are declared anew. Its ``.native``
opens keys and extensions, which `cmcodec` keeps as octets: that is how its classes are declared.
As in `asn1crypto_peer`, little is checked and ``verify`` parses only what it needs. Encoding is
`asn1crypto`'s own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from asn1crypto import cms, core
from cryptography.hazmat.primitives.serialization import load_der_public_key
from python_cmc import cmc, crmf

from benches.peers import signatures
from benches.peers.answers import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "python_cmc"
DISTRIBUTIONS = ("python_cmc", "asn1crypto", "cryptography")


class ProofOfPossession(core.Choice):
    _alternatives: ClassVar = [
        ("raVerified", core.Null, {"implicit": 0}),
        ("signature", crmf.POPOSigningKey, {"implicit": 1}),
        ("keyEncipherment", crmf.POPOPrivKey, {"explicit": 2}),
        ("keyAgreement", crmf.POPOPrivKey, {"explicit": 3}),
    ]


class CertReqMsg(core.Sequence):
    _fields: ClassVar = [
        ("certReq", cmc.CertRequest),
        ("popo", ProofOfPossession, {"optional": True}),
        ("regInfo", cmc.AttributeTypeAndValues, {"optional": True}),
    ]


class TaggedRequest(core.Choice):
    _alternatives: ClassVar = [
        ("tcr", cmc.TaggedCertificationRequest, {"implicit": 0}),
        ("crm", CertReqMsg, {"implicit": 1}),
        ("orm", cmc.ORM, {"implicit": 2}),
    ]


class TaggedRequests(core.SequenceOf):
    _child_spec = TaggedRequest


class PKIData(core.Sequence):
    _fields: ClassVar = [
        ("controlSequence", cmc.Controls),
        ("reqSequence", TaggedRequests),
        ("cmsSequence", cmc.TaggedContentInfos),
        ("otherMsgSequence", cmc.OtherMsgs),
    ]


# --- decoding --------------------------------------------------------------------------------


def load(der: bytes) -> list[Any]:
    """Everything as ``.native``: it parses nothing that it is not asked for."""
    outer = cms.ContentInfo.load(der, strict=True)
    found = []
    for message in _messages(_content(outer)):
        content = _content(message)
        assert message.native
        assert content.native
        found.append(content)
    assert outer.native
    assert _content(outer)["controlSequence"].native
    return found


walk = load


def _content(content_info: Any) -> Any:
    encapsulated = content_info["content"]["encap_content_info"]
    return PKIData.load(encapsulated["content"].native, strict=True)


def _messages(content: Any) -> Iterator[Any]:
    for tagged in content["cmsSequence"]:
        yield cms.ContentInfo.load(tagged["contentInfo"].dump())


def contents(loaded: list[Any]) -> list[Any]:
    """Each nested PKIData of what `load` and `walk` found."""
    return loaded


def read(der: bytes) -> list[tuple[Any, ...]]:
    """Parses lazily what leads to the six fields."""
    outer = _content(cms.ContentInfo.load(der, strict=True))
    return [six_fields(_content(message)) for message in _messages(outer)]


def six_fields(content: Any) -> tuple[Any, ...]:
    """The fields, as they are in a PKIData."""
    transaction_id = sender_nonce = None
    for control in content["controlSequence"]:
        kind = control["attrType"].native
        if kind == "id-cmc-transactionId":
            transaction_id = control["attrValues"][0].native
        elif kind == "id-cmc-senderNonce":
            sender_nonce = control["attrValues"][0].native
    request = content["reqSequence"][0]
    if request.name == "tcr":
        info = request.chosen["certificationRequest"]["certification_request_info"]
        subject, key = info["subject"], info["subject_pk_info"]
        (extensions,) = (
            it["values"][0] for it in info["attributes"] if it["type"].native == "extension_request"
        )
        pop = "pkcs10"
    else:
        template = request.chosen["certReq"]["certTemplate"]
        subject, key = template["subject"], template["publicKey"]
        extensions = template["extensions"]
        pop = "signature" if request.chosen["popo"].name == "signature" else "another"
    return (
        transaction_id,
        sender_nonce,
        subject.native,
        bytes(key["public_key"]),
        list(map(_extension, extensions)),
        pop,
    )


def _extension(extension: Any) -> tuple[str, bool, bytes]:
    value = bytes(extension["extn_value"])
    return extension["extn_id"].dotted, extension["critical"].native, value


def fields(rows: Iterable[tuple[Any, ...]]) -> Iterable[Fields]:
    for transaction_id, sender_nonce, subject, key, extensions, pop in rows:
        oids = tuple(oid for oid, _, _ in extensions)
        yield Fields(transaction_id, sender_nonce, subject["common_name"], len(key), oids, pop)


# --- verifying -------------------------------------------------------------------------------


def verify(der: bytes) -> int:
    outer = _verify(cms.ContentInfo.load(der, strict=True))
    verified = 1
    for message in _messages(outer):
        _verify(message)
        verified += 1
    return verified


def _verify(content_info: Any) -> Any:
    """The content of a message, whose signature and proofs of possession are verified."""
    signed = content_info["content"]
    encapsulated = signed["encap_content_info"]
    octets = encapsulated["content"].native
    content = PKIData.load(octets, strict=True)
    keys = dict(map(_request_key, content["reqSequence"]))
    (signer,) = signed["signer_infos"]
    identifier = signer["sid"].chosen.native
    key = keys.get(identifier)
    for certificate in signed["certificates"]:
        key = key or signatures.certificate_key(certificate.chosen.dump(), identifier)
    values = {it["type"].native: it["values"][0] for it in signer["signed_attrs"]}
    if values["content_type"].native != encapsulated["content_type"].native:
        raise signatures.Refused("content-type")
    digest_algorithm = signer["digest_algorithm"]["algorithm"].dotted
    signatures.check_digest(digest_algorithm, values["message_digest"].native, octets)
    # RFC 5652 §5.4: signed with the tag of SET OF instead of [0].
    attributes = b"\x31" + signer["signed_attrs"].dump()[1:]
    algorithm = signer["signature_algorithm"]["algorithm"].dotted
    signatures.check_signature(key, algorithm, signer["signature"].native, attributes)
    return content


def _request_key(request: Any) -> tuple[bytes, Any]:
    """Key identifier and key of a request, whose proof of possession is verified."""
    if request.name == "tcr":
        return signatures.request_key(request.chosen["certificationRequest"].dump())
    certificate_request, proof = request.chosen["certReq"], request.chosen["popo"].chosen
    template = certificate_request["certTemplate"]
    key = load_der_public_key(template["publicKey"].untag().dump())
    algorithm = proof["algorithmIdentifier"]["algorithm"].native
    signature = proof["signature"].contents[1:]
    signatures.check_signature(key, algorithm, signature, certificate_request.dump())
    for extension in template["extensions"]:
        if extension["extn_id"].native == "key_identifier":
            return extension["extn_value"].parsed.native, key
    raise signatures.Refused("no key identifier")
