"""`asn1crypto`, and ``cryptography`` for signatures.

It parses what it is asked for and nothing else. ``load`` and ``walk`` ask for all of it by
``.native``: nested messages and certificates are opened, the values of extensions and keys are
not. In its favour: it does not refuse everything that is not DER, looks for no repeated body part
ids, and bounds neither depth nor counts; ``verify`` touches what it needs only, so that most of a
message is not even parsed, and an object counts as fresh while it encodes its primitive values in
its constructor, outside the time.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from asn1crypto import cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from benches.peers import asn1crypto_schema as schema
from benches.peers import ingredients, signatures
from benches.peers.answers import COMMON_NAME, Fields
from benches.peers.ingredients import IdentityProof
from benches.workload import (
    EXTENSION_REQUEST,
    PKI_DATA,
    PKI_RESPONSE,
    SENDER_NONCE,
    SIGNED_DATA,
    TRANSACTION_ID,
    certificates,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benches.peers.ingredients import Algorithm, Answer, Ingredients

NAME = "asn1crypto"
DISTRIBUTIONS = ("asn1crypto", "cryptography")


# --- decoding --------------------------------------------------------------------------------


def load(der: bytes) -> Any:
    """Everything as ``.native``: it parses nothing that it is not asked for."""
    return schema.ContentInfo.load(der, strict=True).native


walk = load
"""Its only way to have everything is the dictionaries of ``.native``."""


def contents(native: Any) -> list[Any]:
    """Each nested PKIData of what `load` and `walk` found."""
    return [_e_content(it["content_info"]) for it in _e_content(native)["cms_sequence"]]


def _e_content(native: Any) -> Any:
    return native["content"]["encap_content_info"]["e_content"]


def six_fields(content: Any) -> tuple[Any, ...]:
    """The fields, as they are in the dictionary of a PKIData."""
    controls = {it["attr_type"]: it["attr_values"][0] for it in content["control_sequence"]}
    request = content["req_sequence"][0]
    if "certification_request" in request:
        info = request["certification_request"]["certification_request_info"]
        subject, key = info["subject"], info["subject_public_key_info"]
        (extensions,) = (it["values"][0] for it in info["attributes"])
        pop = "pkcs10"
    else:
        template = request["cert_req"]["cert_template"]
        subject, key = template["subject"], template["public_key"]
        extensions = template["extensions"]
        pop = "signature" if "signature" in request["popo"] else "another"
    nonce = controls[SENDER_NONCE]
    return controls[TRANSACTION_ID], nonce, subject, key, extensions, pop


def fields(rows: Iterable[tuple[Any, ...]]) -> Iterable[Fields]:
    for transaction_id, sender_nonce, subject, key, extensions, pop in rows:
        (name,) = (it["value"] for rdn in subject for it in rdn if it["type"] == COMMON_NAME)
        size = len(key["subject_public_key"])
        oids = tuple(it["extn_id"] for it in extensions)
        yield Fields(transaction_id, sender_nonce, name, size, oids, pop)


def read(der: bytes) -> list[tuple[Any, ...]]:
    """Parses lazily what leads to the six fields, which are made native."""
    outer = _content(schema.ContentInfo.load(der, strict=True))
    return [_read(_content(message)) for message in _messages(outer)]


def _content(content_info: Any) -> Any:
    return content_info["content"]["encap_content_info"]["e_content"].parsed


def _messages(content: Any) -> Iterator[Any]:
    """The messages of a batch, each loaded by itself: in the batch it would keep what it parsed."""
    for tagged in content["cms_sequence"]:
        yield schema.ContentInfo.load(tagged["content_info"].dump())


def _read(content: Any) -> tuple[Any, ...]:
    transaction_id = sender_nonce = None
    for control in content["control_sequence"]:
        kind = control["attr_type"].native
        if kind == TRANSACTION_ID:
            transaction_id = control["attr_values"][0].native
        elif kind == SENDER_NONCE:
            sender_nonce = control["attr_values"][0].native
    request = content["req_sequence"][0]
    if request.name == "tcr":
        info = request.chosen["certification_request"]["certification_request_info"]
        subject, key = info["subject"], info["subject_public_key_info"]
        (extensions,) = (
            it["values"][0] for it in info["attributes"] if it["type"].native == EXTENSION_REQUEST
        )
        pop = "pkcs10"
    else:
        template = request.chosen["cert_req"]["cert_template"]
        subject, key = template["subject"], template["public_key"]
        extensions = template["extensions"]
        pop = "signature" if request.chosen["popo"].name == "signature" else "another"
    return transaction_id, sender_nonce, subject.native, key.native, extensions.native, pop


# --- encoding --------------------------------------------------------------------------------


class Parts(NamedTuple):
    """A message but for the layers that hold the octets of its content. It encodes once: asn1crypto
    keeps what it has encoded."""

    content: Any
    digest_algorithms: Any
    certificates: Any
    signer_infos: Any


def objects(der: bytes) -> Iterator[Parts]:
    return (_parts(it) for it in ingredients.messages(der))


def encode(objects: Iterable[Parts]) -> list[bytes]:
    return [_whole(it).dump() for it in objects]


def _settled(value: Any, encoding: bytes) -> Any:
    return type(value).load(encoding)


def _whole(parts: Parts) -> Any:
    """The message. Each layer that is signed is encoded and loaded again, as one who signs it may:
    for the layers above, asn1crypto would encode it again, twice for each of them."""
    (tagged,), (signer_info,) = parts.content["req_sequence"], parts.signer_infos
    request, field = tagged.chosen, "cert_req"
    if tagged.name == "tcr":
        request, field = request["certification_request"], "certification_request_info"
    request[field] = _settled(request[field], request[field].dump())
    attributes = signer_info["signed_attrs"]
    signer_info["signed_attrs"] = _settled(attributes, b"\x31" + attributes.dump()[1:])
    encapsulated = {"e_content_type": PKI_DATA, "e_content": parts.content}
    signed = {
        "version": "v3",
        "digest_algorithms": parts.digest_algorithms,
        "encap_content_info": schema.EncapsulatedContentInfo(encapsulated),
        "signer_infos": parts.signer_infos,
    }
    if parts.certificates is not None:
        signed["certificates"] = parts.certificates
    return schema.ContentInfo({"content_type": SIGNED_DATA, "content": schema.SignedData(signed)})


def _parts(it: Ingredients) -> Parts:
    content = schema.PKIData(
        {
            "control_sequence": [
                {
                    "body_part_id": number,
                    "attr_type": oid,
                    "attr_values": schema.CONTROLS[oid]([_control(value)]),
                }
                for number, oid, value in it.controls
            ],
            "req_sequence": [_pkcs10(it) if it.form == "pkcs10" else _crmf(it)],
            "cms_sequence": [],
            "other_msg_sequence": [],
        }
    )
    certificates = [x509.Certificate.load(der) for der in it.certificates]
    return Parts(
        content,
        schema.AlgorithmIdentifiers([_algorithm(it.digest)]),
        schema.Certificates(certificates) if certificates else None,
        schema.SignerInfos([_signer_info(it)]),
    )


def _control(value: Any) -> Any:
    if isinstance(value, IdentityProof):
        return {
            "proof_alg_id": _algorithm(value.proof_algorithm),
            "mac_alg_id": _algorithm(value.mac_algorithm),
            "witness": value.witness,
        }
    return value


def _signer_info(it: Ingredients) -> Any:
    protection = {
        "digest_algorithm": _algorithm(it.digest),
        "signature_algorithm": _algorithm(it.signature_algorithm),
    }
    values = {
        signatures.CONTENT_TYPE: PKI_DATA,
        signatures.MESSAGE_DIGEST: it.message_digest,
        signatures.SIGNING_TIME: schema.Time({"utc_time": core.UTCTime(it.signing_time)}),
        signatures.ALGORITHM_PROTECTION: schema.CMSAlgorithmProtection(protection),
    }
    return {
        "version": "v3",
        "sid": {"subject_key_identifier": it.signer},
        "digest_algorithm": _algorithm(it.digest),
        "signed_attrs": [
            {"type": oid, "values": schema.SIGNED_ATTRIBUTES[oid]([value])}
            for oid, value in values.items()
        ],
        "signature_algorithm": _algorithm(it.signature_algorithm),
        "signature": it.signature,
    }


def _pkcs10(it: Ingredients) -> Any:
    attributes = [{"type": EXTENSION_REQUEST, "values": [_extensions(it)]}]
    request = {
        "certification_request_info": {
            "version": 0,
            "subject": _name(it),
            "subject_public_key_info": _key(it),
            "attributes": attributes,
        },
        "signature_algorithm": _algorithm(it.pop_algorithm),
        "signature": it.pop,
    }
    tagged = {"body_part_id": ingredients.REQUEST_ID, "certification_request": request}
    return schema.TaggedRequest({"tcr": tagged})


def _crmf(it: Ingredients) -> Any:
    template = {"subject": _name(it), "public_key": _key(it), "extensions": _extensions(it)}
    proof = {"algorithm_identifier": _algorithm(it.pop_algorithm), "signature": it.pop}
    message = {
        "cert_req": {"cert_req_id": ingredients.REQUEST_ID, "cert_template": template},
        "popo": {"signature": proof},
    }
    return schema.TaggedRequest({"crm": message})


def _name(it: Ingredients) -> Any:
    return [[{"type": oid, "value": core.load(value)}] for oid, value in it.subject]


def _key(it: Ingredients) -> Any:
    return {"algorithm": _algorithm(it.key_algorithm), "subject_public_key": it.key}


def _extensions(it: Ingredients) -> Any:
    return [
        {"extn_id": oid, "critical": critical, "extn_value": octets}
        for oid, critical, octets in it.extensions
    ]


def _algorithm(it: Algorithm) -> Any:
    if it.parameters is None:
        return schema.AlgorithmIdentifier({"algorithm": it.oid})
    return schema.AlgorithmIdentifier({"algorithm": it.oid, "parameters": core.load(it.parameters)})


# --- verifying -------------------------------------------------------------------------------


def verify(der: bytes) -> int:
    outer = _verify(schema.ContentInfo.load(der, strict=True))
    verified = 1
    for message in _messages(outer):
        _verify(message)
        verified += 1
    return verified


def _verify(content_info: Any) -> Any:
    """The content of a message, whose signature and proofs of possession are verified."""
    signed = content_info["content"]
    encapsulated = signed["encap_content_info"]
    content = encapsulated["e_content"].parsed
    keys = dict(map(_request_key, content["req_sequence"]))
    (signer,) = signed["signer_infos"]
    identifier = signer["sid"].chosen.native
    key = keys.get(identifier)
    for certificate in signed["certificates"]:
        key = key or signatures.certificate_key(certificate.dump(), identifier)
    values = {it["type"].native: it["values"][0] for it in signer["signed_attrs"]}
    if values[signatures.CONTENT_TYPE].native != encapsulated["e_content_type"].native:
        raise signatures.Refused("content-type")
    digest_algorithm = signer["digest_algorithm"]["algorithm"].native
    digest = values[signatures.MESSAGE_DIGEST].native
    signatures.check_digest(digest_algorithm, digest, bytes(encapsulated["e_content"]))
    # RFC 5652 §5.4: signed with the tag of SET OF instead of [0].
    attributes = b"\x31" + signer["signed_attrs"].dump()[1:]
    algorithm = signer["signature_algorithm"]["algorithm"].native
    signatures.check_signature(key, algorithm, signer["signature"].native, attributes)
    return content


def _request_key(request: Any) -> tuple[bytes, Any]:
    """Key identifier and key of a request, whose proof of possession is verified."""
    if request.name == "tcr":
        return signatures.request_key(request.chosen["certification_request"].dump())
    certificate_request, proof = request.chosen["cert_req"], request.chosen["popo"].chosen
    template = certificate_request["cert_template"]
    key = load_der_public_key(template["public_key"].untag().dump())
    algorithm = proof["algorithm_identifier"]["algorithm"].native
    signature = proof["signature"].native
    signatures.check_signature(key, algorithm, signature, certificate_request.dump())
    for extension in template["extensions"]:
        if extension["extn_id"].native == signatures.KEY_IDENTIFIER:
            return core.OctetString.load(extension["extn_value"].native).native, key
    raise signatures.Refused("no key identifier")


# --- building --------------------------------------------------------------------------------


def build(answers: list[Answer]) -> bytes:
    """What is the same in all messages is made once, and what is signed is not encoded again."""
    signer = _Authority()
    messages = [signer.sign(_response(it), it.certificates) for it in answers]
    ids = list(range(1, 1 + len(messages)))
    batch = {
        "control_sequence": [_tagged(1 + len(ids), ingredients.BATCH_RESPONSES, ids)],
        "cms_sequence": [
            {"body_part_id": number, "content_info": schema.ContentInfo.load(octets)}
            for number, octets in zip(ids, messages, strict=True)
        ],
        "other_msg_sequence": [],
    }
    return signer.sign(schema.PKIResponse(batch).dump())


def _response(it: Answer) -> bytes:
    status = {
        "cmc_status": 0,
        "body_list": [schema.BodyPartReference({"body_part_id": ingredients.REQUEST_ID})],
    }
    content = {
        "control_sequence": [
            _tagged(1, TRANSACTION_ID, it.transaction_id),
            _tagged(2, SENDER_NONCE, it.sender_nonce),
            _tagged(3, ingredients.RECIPIENT_NONCE, it.recipient_nonce),
            _tagged(4, ingredients.STATUS, status),
        ],
        "cms_sequence": [],
        "other_msg_sequence": [],
    }
    octets: bytes = schema.PKIResponse(content).dump()
    return octets


def _tagged(number: int, oid: str, value: Any) -> dict[str, Any]:
    return {
        "body_part_id": number,
        "attr_type": oid,
        "attr_values": schema.CONTROLS[oid]([value]),
    }


class _Authority:
    """The key of the authority, and what names it."""

    def __init__(self) -> None:
        self._key: Any = certificates.authority()
        self._certificate = x509.Certificate.load(certificates.authority_certificate())
        named = {
            "issuer": self._certificate.issuer,
            "serial_number": self._certificate.serial_number,
        }
        self._sid = cms.SignerIdentifier({"issuer_and_serial_number": named})
        self._digest = schema.AlgorithmIdentifier({"algorithm": "2.16.840.1.101.3.4.2.1"})
        self._algorithm = schema.AlgorithmIdentifier({"algorithm": signatures.ECDSA_SHA256})
        protection = {"digest_algorithm": self._digest, "signature_algorithm": self._algorithm}
        self._protection = schema.CMSAlgorithmProtection(protection)
        self._ecdsa = ec.ECDSA(hashes.SHA256())

    def sign(self, content: bytes, carried: Iterable[bytes] = ()) -> bytes:
        values = {
            signatures.CONTENT_TYPE: PKI_RESPONSE,
            signatures.MESSAGE_DIGEST: hashlib.sha256(content).digest(),
            signatures.ALGORITHM_PROTECTION: self._protection,
        }
        attributes = schema.CMSAttributes(
            {"type": oid, "values": schema.SIGNED_ATTRIBUTES[oid]([value])}
            for oid, value in values.items()
        )
        octets = attributes.dump()
        signer_info = {
            "version": "v1",
            "sid": self._sid,
            "digest_algorithm": self._digest,
            "signed_attrs": _settled(attributes, octets),
            "signature_algorithm": self._algorithm,
            "signature": self._key.sign(octets, self._ecdsa),
        }
        own = self._certificate.dump()
        signed = {
            "version": "v3",
            "digest_algorithms": [self._digest],
            "encap_content_info": {
                "e_content_type": PKI_RESPONSE,
                "e_content": core.ParsableOctetString(content),
            },
            "certificates": [x509.Certificate.load(der) for der in {own, *carried}],
            "signer_infos": [signer_info],
        }
        data = schema.SignedData(signed)
        message = {"content_type": SIGNED_DATA, "content": _settled(data, data.dump())}
        whole: bytes = schema.ContentInfo(message).dump()
        return whole
