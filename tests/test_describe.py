"""Values in a line, as `cmc inspect` shows them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cmcodec import oids, types
from cmcodec.asn1 import NULL, TLV, BitString, schema
from cmcodec.cli.show import describe
from kit.der import integer, seq, tlv

BOTH_BACKENDS = False


def shown(value: object, cls: type | None = None) -> str | None:
    return describe.one_line(value, schema.node(cls or type(value)))


def test_reasons_of_a_crl_have_their_names() -> None:
    """RFC 10002 §6.10: by the bits that are set."""
    (field,) = (each for each in schema.node(types.GetCRL).fields if each.name == "reasons")
    assert describe.one_line(BitString(b"\x60", 5), field.node) == "keyCompromise, cACompromise"
    assert describe.one_line(BitString(b""), field.node) == "(none)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (types.GeneralName(ip_address=bytes((192, 0, 2, 1))), "iPAddress: 192.0.2.1"),
        (types.GeneralName(ip_address=bytes(15) + b"\1"), "iPAddress: ::1"),
        (types.GeneralName(ip_address=b"\1\2"), "iPAddress: 0102"),
        (types.GeneralName(dns_name="a.example"), "dNSName: a.example"),
        (types.TransactionId(7), "7"),
        (types.DataReturn(b"x"), "78"),
        (types.Name(null=NULL), "NULL (legacy form)"),
        (types.Name(rdn_sequence=()), "(empty name)"),
        (TLV(tlv(0x0C, b"\xff")), "0c01ff"),
        (TLV(integer(7)), "7"),
        (TLV(b"\x05\x00"), "NULL"),
        (types.AlgorithmIdentifier(algorithm=oids.ID_SHA256, parameters=None),
         "id-sha256 (2.16.840.1.101.3.4.2.1)"),
        (types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2, parameters=TLV(seq(seq()))),
         "id-PBKDF2 (1.2.840.113549.1.5.12), 30023000"),
    ],
)  # fmt: skip
def test_what_stands_in_a_line(value: object, text: str) -> None:
    """Also what fits no declaration: as far as it can be read, else in hexadecimal."""
    assert shown(value) == text


def test_what_no_declaration_names_is_shown_as_it_is() -> None:
    """A time that is no Time, an extension without a class, a key that ``cryptography`` lacks."""
    (field,) = (each for each in schema.node(types.PendInfo).fields if each.name == "pendTime")
    assert describe.one_line(datetime(2027, 1, 1, tzinfo=UTC), field.node) == "2027-01-01 00:00:00Z"
    plain = types.Extension(extn_id="1.2.3", critical=True, extn_value=b"\x05\0")
    assert shown(plain) == "1.2.3, critical: 0500"
    odd = types.SubjectPublicKeyInfo(
        algorithm=types.AlgorithmIdentifier(algorithm="1.2.3"),
        subject_public_key=BitString(b"\1\2"),
    )
    assert shown(odd) == "1.2.3, 2 octets"


def test_numbers_without_a_name_are_numbers() -> None:
    """RFC 10002 §6.1.4: codes from 1000 on are private."""
    assert describe.named_number(2, types.CMCFailInfo) == "badRequest (2)"
    assert describe.named_number(1500, types.CMCFailInfo) == "1500"
    assert describe.named_number(7, None) == "7"
