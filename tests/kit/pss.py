"""RSASSA-PSS-params, and every way to be none that is on offer (rule V10)."""

from __future__ import annotations

from .der import EMPTY, NULL, identifier, integer, tlv

DIGEST_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}


def pss(name: str, salt: int | None, *, mask: str | None = None, tail: bytes = b"") -> bytes:
    """Return RSASSA-PSS-params; ``salt=None`` leaves saltLength out."""
    mgf = identifier("1.2.840.113549.1.1.8", identifier(DIGEST_OIDS[mask or name]))
    length = b"" if salt is None else tlv(0xA2, integer(salt))
    return tlv(0x30, tlv(0xA0, identifier(DIGEST_OIDS[name])), tlv(0xA1, mgf), length, tail)


SHA256_IDENTIFIER = identifier(DIGEST_OIDS["sha256"])
PSS_NOT_OFFERED = {
    "absent": b"",
    "NULL": NULL,
    "all DEFAULT": EMPTY,
    "SHA-1": pss("sha1", 20),
    "SHA-224": pss("sha224", 28),
    "other MGF1 hash": pss("sha256", 32, mask="sha512"),
    "salt too long": pss("sha256", 33),
    "salt of two octets": pss("sha256", 256),
    "salt negative": pss("sha256", -1),
    "salt DEFAULT": pss("sha256", 20),
    "salt without octets": pss("sha256", None, tail=tlv(0xA2, b"\x02\x00")),
    "salt not minimal": pss("sha256", None, tail=tlv(0xA2, b"\x02\x02\x00\x20")),
    "salt not an INTEGER": pss("sha256", None, tail=tlv(0xA2, b"\x04\x01\x20")),
    "salt absent in its tag": pss("sha256", None, tail=b"\xa2\x00"),
    "salt primitive": pss("sha256", None, tail=b"\x82\x03\x02\x01\x20"),
    "salt twice": pss("sha256", 32, tail=tlv(0xA2, integer(32))),
    "trailer DEFAULT": pss("sha256", 32, tail=tlv(0xA3, integer(1))),
    "trailer 2": pss("sha256", 32, tail=tlv(0xA3, integer(2))),
    "trailing element": pss("sha256", 32) + NULL,
    "length not minimal": b"\x30\x81" + pss("sha256", 32)[1:],
    "length indefinite": b"\x30\x80" + pss("sha256", 32)[2:] + b"\x00\x00",
    "high tag number": b"\x3f\x10" + pss("sha256", 32)[1:],
    "five octets of length": b"\x30\x85\x00\x00\x00\x00" + pss("sha256", 32)[1:],
    "no length": b"\x30",
    "truncated": pss("sha256", 32)[:-1],
    "SET": b"\x31" + pss("sha256", 32)[1:],
    "too long": pss("sha256", 32, tail=tlv(0xA3, b"\x00" * 64)),
    "out of order": tlv(
        0x30,
        tlv(0xA1, identifier("1.2.840.113549.1.1.8", SHA256_IDENTIFIER)),
        tlv(0xA0, SHA256_IDENTIFIER),
    ),
    "no mask": tlv(0x30, tlv(0xA0, SHA256_IDENTIFIER), tlv(0xA2, integer(32))),
    "not MGF1": tlv(
        0x30,
        tlv(0xA0, SHA256_IDENTIFIER),
        tlv(0xA1, identifier("1.2.840.113549.1.1.9", SHA256_IDENTIFIER)),
    ),
    "hash parameters": tlv(
        0x30,
        tlv(0xA0, identifier(DIGEST_OIDS["sha256"], EMPTY)),
        tlv(0xA1, identifier("1.2.840.113549.1.1.8", SHA256_IDENTIFIER)),
    ),
}
"""None of these parameters is on offer; of a key that restricts itself with one, no signature."""
