"""What octets are that are no message, in words: told by their beginning, whatever the size.

Nothing here decides anything: a reader who took the wrong file learns which one it is.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["head_as_text", "hint", "hint_of_label"]

_HEAD: Final = 1 << 16
_MOST_ELEMENTS: Final = 256
"""Elements that are looked at; a certificate has some eighty before its extensions."""
_DEEPEST: Final = 6
_CONSTRUCTED: Final = 0x20
_LONG_FORM: Final = 0x80
_LEAST_HEADER: Final = 2
_INTEGERS: Final = (0x02, 0x0A)
_OBJECT_IDENTIFIER: Final = 0x06
_LEAST_TEXT: Final = 4

_MARKS: Final = (
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP file"),
    (rb"\x1f\x8b", "a gzip file"),
    (rb"BZh[1-9]", "a bzip2 file"),
    (rb"\xfd7zXZ\0", "an xz file"),
    (rb"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z file"),
    (rb".{257}ustar", "a tar file"),
    (rb"%PDF-", "a PDF file"),
    (rb"PAR1", "a Parquet file"),
    (rb"ARROW1", "an Arrow file"),
    (rb"SQLite format 3\0", "an SQLite database"),
    (rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce", "a Java keystore"),
    (rb"openssh-key-v1\0", "an SSH private key"),
    # RFC 9580 §4.2 and §5: signatures, keys and session keys, of versions 3 to 6.
    (
        rb"([\x84\x88\x8c\x94\x98].|[\x85\x89\x8d\x95\x99]..|\xa3(?=[\x01-\x03]))[\x01-\x06]"
        rb"|[\xc1-\xc6]([\x00-\xbf]|[\xc0-\xdf].|\xff....)[\x03-\x06]",
        "OpenPGP",
    ),
)
"""How files of other kinds begin."""

_TEXTS: Final = (
    (rb"[{[]", "JSON"),
    (rb"(?i)<(!doctype html|html|head|body)\b", "HTML"),
    (rb"<[?!A-Za-z]", "XML"),
    (rb"(ssh-|ecdsa-sha2-|sk-(ssh|ecdsa)-)\S+ AAAA|---- BEGIN SSH2 PUBLIC", "an SSH public key"),
    (rb"PuTTY-User-Key-File-|---- BEGIN SSH2 .*PRIVATE", "an SSH private key"),
    (
        rb"From |(?i:Received|Return-Path|From|To|Subject|Date|MIME-Version|Content-Type|Message-ID"
        rb"|Delivered-To|DKIM-Signature):",
        "a mail, not what is attached to it",
    ),
    (rb"-+ ?BEGIN ", "text whose armour begins with a broken line"),
    (rb"HTTP/[0-9.]+ \d{3}|(GET|POST) /", "an HTTP message"),
    (
        rb"(?i)\S{1,200}\.(der|ber|pem|b64|txt|cer|crt|csr|req|p10|p7[bcmrs]|crq|crp|cmc)\Z",
        "the name of a file, not what is in it",
    ),
    (rb"([0-9A-Fa-f]{2}[\s:]*){16}", "text in hexadecimal digits"),
)
"""How texts begin, white space left out."""

_LABELS: Final = (
    (rb"PGP ", "OpenPGP"),
    (rb"ENCRYPTED PRIVATE KEY", "an encrypted private key"),
    (rb".*PRIVATE KEY", "a private key"),
)
"""What stands in an armour that is no base64: lines of header or a checksum are in it."""

_DER: Final = (
    ("30{ 30{ a0? 02 30 30 30{ 17|18 17|18 } 30 30{ 30 03 } * } 30 03 }", "a certificate"),
    ("30{ 30{ 02=1? 30 30 17|18 * } 30 03 }", "a CRL"),
    # Of a long one the end is not looked at.
    ("30{ 30{ 02=1? 30 30 17|18 17|18? 30{ 30{ 02 17|18 * } * } * } * }", "a CRL"),
    ("30{ 30{ 06 * } 03 }", "a public key"),
    ("30{ 02=3 30{ 06 a0 } * }", "a PKCS#12 file"),
    ("30{ 02=[01] 30{ 06 * } 04 * }", "a private key"),
    ("30{ 02=[01] 02 02 02 02 02 * }", "a private key"),
    ("30{ 02=1 04 a0{ 06 } * }", "a private key"),
    ("30{ 30{ 06 30 } 04 }", "an encrypted private key"),
    ("30{ 30{ a0? a1? 30{ 30{ 30{ 30{ 06 * } 04 04 02 } * } * } * } * }", "an OCSP request"),
    ("30{ 0a=0 a0{ 30{ 06 04 } } }", "an OCSP response"),
    ("30{ 0a=[1-6] }", "an OCSP response"),
    ("30{ 02=1 30{ 30{ 06 * } 04 } * }", "a time stamp request"),
    ("30{ 30{ 02=[01] 30? } 30{ 06=ID_SIGNED_DATA * } }", "a time stamp response"),
    ("30{ 30{ 02=[2-5] 30{ 0c * }? 03 } }", "a time stamp response"),
    (
        "30{ 06=ID_SIGNED_DATA a0{ 30{ 02 31 30{ 06=ID_CT_TST_INFO * } * } } }",
        "a time stamp token",
    ),
    ("30{ 06=ID_SIGNED_DATA a0{ 30{ 02 31 30{ 06=ID_DATA a0 } * } } }", "CMS over id-data"),
    ("30{ 30{ 02=[1-3] [8a][0-8] [8a][0-8] * } [ab][0-9a] * }", "a CMP message"),
    ("30{ 30{ 02 30{ [8a][0-9] * } 30? } [8a][0-3]? 30? }", "a CRMF request without a message"),
    (
        "30{ 30{ 30{ 02 30{ [8a][0-9] * } 30? } [8a][0-3]? 30? } * }",
        "a list of CRMF requests without a message",
    ),
    ("30{ 30{ 30{ 02=0 30 30 a0 } 30 03 } * }", "a list of PKCS#10 requests"),
    ("30{ 30{ 06 a0 } * }", "a list of CMS messages"),
    ("30{ 30{ 30{ 02 06 31 } * } 30 30 30 }", "a PKIData without CMS around it"),
    ("30{ 30{ } 30{ a[0-2]{ 02 * } * } 30 30 }", "a PKIData without CMS around it"),
    ("30{ 30{ 30{ 02 06 31 } * } 30 30 }", "a PKIResponse without CMS around it"),
)
"""The elements of other types, as `_pattern` reads them."""

_MESSAGES: Final = ("30{ 06 a0 }", "30{ 30{ 02=0 30 30 a0 } 30 03 }")
"""A ContentInfo, and a CertificationRequest."""


def hint(octets: bytes) -> str:
    """What octets are that are no message, in words; empty where that is not known."""
    head = octets[:_HEAD]
    if not head.strip():
        return "this is nothing but white space" if head else "this is empty"
    if _is_followed(octets):
        return "there are several messages, one behind the other"
    found = _first(_MARKS, head) or _element(head) or _text(head)
    return f"this is {found}" if found else ""


def hint_of_label(label: bytes) -> str:
    """What is in an armour with this label, where its lines are no base64; empty where unknown."""
    found = _first(_LABELS, label)
    return f"this is {found}" if found else ""


def head_as_text(head: bytes) -> bytes:
    """The beginning of a text without its byte order mark, in UTF-8 as far as it can be read."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="ignore").encode(errors="ignore")
    return head.removeprefix(codecs.BOM_UTF8)


def _first(table: tuple[tuple[bytes, str], ...], head: bytes) -> str:
    return next((what for mark, what in table if re.match(mark, head, re.DOTALL)), "")


def _text(head: bytes) -> str:
    text = head_as_text(head)
    try:
        # A character may be cut off at the end.
        characters = codecs.getincrementaldecoder("utf-8")().decode(text)
    except UnicodeDecodeError:
        return ""
    if len(characters) < _LEAST_TEXT or re.search(r"[\0-\x08\x0b\x0c\x0e-\x1f]", characters):
        return ""
    return _first(_TEXTS, text.strip()) or "text"


# --- elements ----------------------------------------------------------------------------------


def _element(head: bytes) -> str:
    """What an element is that begins with a SEQUENCE, by the shape of what is in it."""
    if head[:1] != b"\x30":
        return ""
    shape = _shape(head)
    return next((what for pattern, what in _DER if _pattern(pattern).match(shape)), "")


def _is_followed(octets: bytes) -> bool:
    """Whether octets begin with a message, and go on with another."""
    if len(octets) < _LEAST_HEADER or octets[:1] != b"\x30":
        return False
    _, end = _header(octets, 0, len(octets))
    return _is_message(octets[: min(end, _HEAD)]) and _is_message(octets[end : end + _HEAD])


def _is_message(head: bytes) -> bool:
    shape = _shape(head)
    return any(_pattern(pattern).match(shape) for pattern in _MESSAGES)


def _header(octets: bytes, pos: int, end: int) -> tuple[int, int]:
    """Where the content of an element starts, and where it ends: at ``end`` if not before."""
    length, content = octets[pos + 1], pos + _LEAST_HEADER
    if length >= _LONG_FORM:
        long = octets[content : content + (length & ~_LONG_FORM)]
        content += len(long)
        # Without a length it goes on up to a mark, which is not looked for.
        length = int.from_bytes(long) if long else end
    return content, min(content + length, end)


def _shape(octets: bytes) -> str:
    """Elements as text: ``30(02=3;30(06=2a03;05;);04;);``.

    Small INTEGERs and OBJECT IDENTIFIERs have their value.
    """
    return "".join(_shapes(octets, 0, len(octets), 0, [_MOST_ELEMENTS]))


def _shapes(octets: bytes, pos: int, end: int, depth: int, left: list[int]) -> Iterator[str]:
    """The parts of `_shape`; ``left`` has one number, how many elements more there may be."""
    while pos + _LEAST_HEADER <= end and left[0]:
        left[0] -= 1
        tag = octets[pos]
        content, pos = _header(octets, pos, end)
        yield f"{tag:02x}"
        if tag in _INTEGERS and pos - content == 1:
            yield f"={octets[content]}"
        elif tag == _OBJECT_IDENTIFIER:
            yield f"={octets[content:pos].hex()}"
        elif tag & _CONSTRUCTED and depth < _DEEPEST:
            yield "("
            yield from _shapes(octets, content, pos, depth + 1, left)
            yield ")"
        yield ";"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A regular expression for shapes.

    Each word is an element: its tag, perhaps behind that ``=`` and its value, perhaps ``?`` where
    it may be absent. An OBJECT IDENTIFIER has its name in `oids`. ``30{`` begins what is in an
    element, up to ``}``; ``*`` is all that may follow there.
    """
    from cmcodec import oids
    from cmcodec.asn1.scalars import encode_object_identifier

    made = []
    for word in text.split():
        tag, _, value = word.rstrip("?{").partition("=")
        if tag == "*":
            made.append(_REST)
        elif tag == "}":
            made.append(r"\);)?" if word.endswith("?") else r"\);)")
        elif word.endswith("{"):
            made.append(rf"(?:(?:{tag})\(")
        else:
            if tag == "06" and value:
                value = encode_object_identifier(getattr(oids, value)).hex()
            absent = "?" if word.endswith("?") else ""
            made.append(f"(?:(?:{tag}){f'={value}' if value else _ANY};){absent}")
    return re.compile("".join(made))


def _inside(depth: int) -> str:
    """What may stand between two parentheses."""
    deeper = "" if depth == _DEEPEST else rf"|\({_inside(depth + 1)}\)"
    return f"(?:[^()]{deeper})*"


_REST: Final = _inside(0)
_ANY: Final = rf"(?:=[0-9a-f]+)?(?:\({_REST}\))?"
