"""What users of `pyasn1`'s types write, with its decoder or with another (`fasder_peer`).

Octet strings that hold a type and values of open types are decoded by hand: ``walk`` decodes those
of all controls and attributes, ``load`` none but the messages themselves. (``decodeOpenTypes``
would do that for more than `cmcodec` opens, and only in pyasn1's own decoder.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import load_der_public_key
from pyasn1.codec.der import encoder
from pyasn1.type import char, univ
from pyasn1_modules import rfc5652, rfc6211, rfc6402

from benches.peers import signatures
from benches.peers.answers import COMMON_NAME, Fields
from benches.workload import EXTENSION_REQUEST, SENDER_NONCE, TRANSACTION_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# The values of controls and attributes by type; rfc6211 is imported to add its own.
VALUES = rfc5652.cmsAttributesMap
assert rfc6211.id_aa_cmsAlgorithmProtect in VALUES


@dataclass(frozen=True)
class Library:
    """The types with a decoder: octets and a type to a value of that type."""

    decode: Callable[[bytes, Any], Any]

    # --- decoding ----------------------------------------------------------------------------

    def load(self, der: bytes) -> list[tuple[Any, Any]]:
        """SignedData and PKIData of the batch and of each message in it."""
        return list(self._messages(der))

    def _messages(self, der: bytes) -> Iterator[tuple[Any, Any]]:
        _, content = outer = self._message(self.decode(der, rfc5652.ContentInfo()))
        yield outer
        for tagged in content["cmsSequence"]:
            yield self._message(tagged["contentInfo"])

    def _message(self, content_info: Any) -> tuple[Any, Any]:
        signed = self.decode(bytes(content_info["content"]), rfc5652.SignedData())
        octets = bytes(signed["encapContentInfo"]["eContent"])
        return signed, self.decode(octets, rfc6402.PKIData())

    def walk(self, der: bytes) -> list[tuple[Any, Any]]:
        """As `load`, with the decoded values of controls and attributes in their places."""
        loaded = self.load(der)
        for signed, content in loaded:
            for control in content["controlSequence"]:
                self._open(control)
            for request in content["reqSequence"]:
                if request.getName() == "tcr":
                    info = request["tcr"]["certificationRequest"]["certificationRequestInfo"]
                    for attribute in info["attributes"]:
                        self._open(attribute)
            for signer_info in signed["signerInfos"]:
                for attribute in signer_info["signedAttrs"]:
                    self._open(attribute)
        return loaded

    def _open(self, attribute: Any) -> None:
        values = attribute["attrValues"]
        for index, value in enumerate(list(values)):
            values.setComponentByPosition(
                index,
                self.decode(bytes(value), VALUES[attribute["attrType"]]),
                verifyConstraints=False,
                matchTags=False,
                matchConstraints=False,
            )

    def contents(self, loaded: list[tuple[Any, Any]]) -> list[Any]:
        """Each nested PKIData of what `load` and `walk` found."""
        return [content for _, content in loaded[1:]]

    def read(self, der: bytes) -> list[tuple[Any, ...]]:
        """Decodes everything and reads the six fields."""
        return list(map(self.six_fields, self.contents(self.load(der))))

    def six_fields(self, content: Any) -> tuple[Any, ...]:
        """The fields, as they are in a PKIData."""
        transaction_id = sender_nonce = None
        for control in content["controlSequence"]:
            kind = str(control["attrType"])
            if kind == TRANSACTION_ID:
                transaction_id = self._value(control["attrValues"][0], univ.Integer())
            elif kind == SENDER_NONCE:
                sender_nonce = self._value(control["attrValues"][0], univ.OctetString())
        request = content["reqSequence"][0]
        if request.getName() == "tcr":
            info = request["tcr"]["certificationRequest"]["certificationRequestInfo"]
            subject, key, extensions = info["subject"], info["subjectPublicKeyInfo"], None
            for attribute in info["attributes"]:
                if str(attribute["attrType"]) == EXTENSION_REQUEST:
                    extensions = self._value(attribute["attrValues"][0], rfc6402.ExtensionReq())
            return transaction_id, sender_nonce, subject, key, extensions, "pkcs10"
        template = request["crm"]["certReq"]["certTemplate"]
        pop = "signature" if request["crm"]["popo"].getName() == "signature" else "another"
        return (
            transaction_id,
            sender_nonce,
            template["subject"],
            template["publicKey"],
            template["extensions"],
            pop,
        )

    def _value(self, value: Any, spec: Any) -> Any:
        """The value of an open type, which `walk` has decoded."""
        return self.decode(bytes(value), spec) if isinstance(value, univ.Any) else value

    def fields(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[Fields]:
        for transaction_id, sender_nonce, subject, key, extensions, pop in rows:
            (name,) = (
                str(self.decode(bytes(attribute["value"]), char.UTF8String()))
                for rdn in subject["rdnSequence"]
                for attribute in rdn
                if str(attribute["type"]) == COMMON_NAME
            )
            size = len(key["subjectPublicKey"].asOctets())
            oids = tuple(str(extension["extnID"]) for extension in extensions)
            yield Fields(int(transaction_id), bytes(sender_nonce), name, size, oids, pop)

    # --- verifying ---------------------------------------------------------------------------

    def verify(self, der: bytes) -> int:
        verified = 0
        for signed, content in self._messages(der):
            self._verify(signed, content)
            verified += 1
        return verified

    def _verify(self, signed: Any, content: Any) -> None:
        """The signature of a message and the proofs of possession in it."""
        encapsulated = signed["encapContentInfo"]
        keys = dict(map(self._request_key, content["reqSequence"]))
        (signer,) = signed["signerInfos"]
        identifier = bytes(signer["sid"]["subjectKeyIdentifier"])
        key = keys.get(identifier)
        if signed["certificates"].isValue:
            for choice in signed["certificates"]:
                certificate = encoder.encode(choice["certificate"])
                key = key or signatures.certificate_key(certificate, identifier)
        values = {str(it["attrType"]): it["attrValues"][0] for it in signer["signedAttrs"]}
        content_type = self._value(values[signatures.CONTENT_TYPE], rfc5652.ContentType())
        if content_type != encapsulated["eContentType"]:
            raise signatures.Refused("content-type")
        signatures.check_digest(
            str(signer["digestAlgorithm"]["algorithm"]),
            bytes(self._value(values[signatures.MESSAGE_DIGEST], rfc5652.MessageDigest())),
            bytes(encapsulated["eContent"]),
        )
        # RFC 5652 §5.4: signed with the tag of SET OF instead of [0].
        attributes = b"\x31" + encoder.encode(signer["signedAttrs"])[1:]
        algorithm = str(signer["signatureAlgorithm"]["algorithm"])
        signatures.check_signature(key, algorithm, bytes(signer["signature"]), attributes)

    def _request_key(self, request: Any) -> tuple[bytes, Any]:
        """Key identifier and key of a request, whose proof of possession is verified."""
        if request.getName() == "tcr":
            return signatures.request_key(encoder.encode(request["tcr"]["certificationRequest"]))
        message = request["crm"]
        certificate_request, proof = message["certReq"], message["popo"]["signature"]
        template = certificate_request["certTemplate"]
        # It is [6] IMPLICIT in the template.
        key = load_der_public_key(b"\x30" + encoder.encode(template["publicKey"])[1:])
        algorithm = str(proof["algorithmIdentifier"]["algorithm"])
        signature = proof["signature"].asOctets()
        signatures.check_signature(key, algorithm, signature, encoder.encode(certificate_request))
        for extension in template["extensions"]:
            if str(extension["extnID"]) == signatures.KEY_IDENTIFIER:
                octets = bytes(extension["extnValue"])
                return bytes(self.decode(octets, univ.OctetString())), key
        raise signatures.Refused("no key identifier")
