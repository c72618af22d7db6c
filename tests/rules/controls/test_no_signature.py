"""id-alg-noSignature (RFC 10002 §C.1)."""

from __future__ import annotations

import cmcodec
from cmcodec import oids, types
from cmcodec.controls import no_signature
from kit.der import NULL, identifier, integer, seq, tlv
from kit.keys import BOB
from kit.messages import Signer, pki_data, signed_by, tcr

CERT_REQUEST = bytes.fromhex(
    "3036020200c93030a5023000a62a300506032b656e032100000102030405060708090a0b0c0d0e0f1011121314"
    "15161718191a1b1c1d1e1f"
)
"""That of the TaggedRequest crm with the id 201: empty subject, X25519 key 00..1f."""
ALGORITHM = identifier(oids.ID_ALG_NO_SIGNATURE, NULL)


def test_no_signature_known_answer() -> None:
    """R-203: noSignature BIT STRING over that CertRequest, an OCTET STRING inside."""
    value = no_signature.value(CERT_REQUEST)
    assert value.hex() == "63eb00c7e4880b3db2430beddc9516a389e0f0d9"
    inside = types.NoSignatureValue(value).to_der()
    assert tlv(0x03, b"\0", inside).hex() == ("031700041463eb00c7e4880b3db2430beddc9516a389e0f0d9")
    assert ALGORITHM.hex() == "300c06082b060105050706020500"


def test_rule_v12_it_proves_nothing() -> None:
    """Rule V12: a right value and a wrong one are alike, in a request and in a SignerInfo."""
    info = seq(integer(0), seq(), BOB.spki(), tlv(0xA0))
    for value in (no_signature.value(info), b"", bytes(20)):
        request = seq(info, ALGORITHM, tlv(0x03, b"\0", tlv(0x04, value)))
        content = pki_data((), [tcr(3, request)])
        signer = Signer(algorithm=ALGORITHM, sid=BOB.by_ski(), signature=value)
        message = cmcodec.load(signed_by(signer, content=content).encode())
        opened = message.open_unsigned()
        assert opened.origin == "none"
        assert [each.pop for each in opened.requests] == ["absent"]
