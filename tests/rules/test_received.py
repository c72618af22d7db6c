"""Rule P4: what is around a message, decided by one recogniser for single messages and batches."""

from __future__ import annotations

import base64
import mmap
import tracemalloc
from typing import TYPE_CHECKING

import pytest

import cmcodec
from cmcodec.reasons import Rule
from cmcodec.received import received_octets, several
from kit.keys import ALICE
from kit.vectors import VECTORS, shared
from kit.wrong_inputs import armour

if TYPE_CHECKING:
    from pathlib import Path

    from cmcodec.verify.batch import Item

MESSAGE = shared("signed/p256-pkcs10.der")
BASE64 = base64.encodebytes(MESSAGE)
FIELD = VECTORS / "field"


def judged(item: Item) -> tuple[str, str | None, str | None, int | None]:
    """The verdict over the one message of a batch."""
    (row,) = cmcodec.verify_batch(item)
    return row.verdict, row.reason, row.rule, row.offset


def refused(item: bytes | str) -> cmcodec.DecodeError:
    """Why a message is refused, by `load` and with the same reason by `verify_batch`."""
    with pytest.raises(cmcodec.DecodeError) as caught:
        cmcodec.load(item)
    error = caught.value
    verdict, reason, _, offset = judged(item)
    assert (verdict, reason, offset) == ("malformed", error.reason, error.offset)
    return error


FORMS = {
    "DER": MESSAGE,
    "armour": armour(MESSAGE),
    "CRLF": armour(MESSAGE).replace(b"\n", b"\r\n"),
    "bare CR": armour(MESSAGE).replace(b"\n", b"\r"),
    "old label": armour(MESSAGE, label="NEW CERTIFICATE REQUEST"),
    "label with a hyphen": armour(MESSAGE, label="X-509"),
    "no label": armour(MESSAGE, label=""),
    "text before": b"Subject: Gr\xc3\xbc\xc3\x9fe\n\n" + armour(MESSAGE),
    "text that begins like a SEQUENCE": b"0 is the first digit\n" + armour(MESSAGE),
    "white space after the labels": armour(MESSAGE).replace(b"-----\n", b"----- \t\n"),
    "base64": BASE64,
    "base64 in CRLF": BASE64.replace(b"\n", b"\r\n"),
    "base64 in one line": base64.b64encode(MESSAGE),
    "base64 after white space": b"\r\n  " + BASE64 + b" \n\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_p4_forms(form: str) -> None:
    """P4: a message is what is in it, however it is wrapped."""
    octets = FORMS[form]
    assert cmcodec.load(octets).to_der() == MESSAGE
    assert judged(octets)[0] == "verified"


@pytest.mark.parametrize("form", [form for form in FORMS if form != "DER"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
def test_p4_encodings(form: str, encoding: str) -> None:
    """P4: text is UTF-8 or UTF-16 where its byte order mark says so, and may be a ``str``."""
    text = FORMS[form].decode()
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    octets = (mark + text).encode(encoding)
    for given in (octets, text, f"\ufeff{text}"):
        assert cmcodec.load(given).to_der() == MESSAGE
        assert judged(given)[0] == "verified"


def test_p4_text_is_one_message() -> None:
    """P4: a ``str`` is a message of a batch, and no iterable of characters."""
    text = armour(MESSAGE).decode()
    assert len(cmcodec.verify_batch(text)) == 1
    assert cmcodec.verify_batch([text, MESSAGE, "MIIB"]).counts() == {
        "verified": 2,
        "malformed": 1,
    }


BROKEN = {
    "there are several PEM blocks in one text": armour(MESSAGE) * 2,
    "text follows the armour": armour(MESSAGE) + b"goodbye",
    "the armour has no last line": armour(MESSAGE)[:-12],
    "the first line of the armour is broken": armour(MESSAGE).replace(
        b"BEGIN CMS-----", b"BEGIN CMS"
    ),
    "the first and the last line of the armour have different labels": armour(MESSAGE).replace(
        b"END CMS", b"END PKCS7"
    ),
    "this is text that is not base64": armour(MESSAGE).replace(b"M", b"!"),
    "this is text that is not UTF-16, though its byte order mark says so": b"\xff\xfe\x00\xd8",
}


@pytest.mark.parametrize("hint", BROKEN)
def test_p4_broken_text(hint: str) -> None:
    """P4: what is wrong with the text is bad_value at ``pem``; the hint says what it is."""
    error = refused(BROKEN[hint])
    assert (error.reason, error.offset, error.path) == ("bad_value", 0, "pem")
    assert error.hint == hint
    assert str(error) == f"bad_value at offset 0 in pem: {hint}"
    assert judged(BROKEN[hint]) == ("malformed", "bad_value", Rule.P4, 0)


@pytest.mark.parametrize(
    "text", [BASE64[:-3], BASE64.replace(b"Q", b"*", 1), BASE64 + b"=", BASE64 + b"\n-- \nEve"]
)
def test_p4_broken_base64(text: bytes) -> None:
    """P4: base64 without armour, cut off or with something else in it."""
    error = refused(text)
    assert (error.reason, error.path) == ("bad_value", "pem")
    assert error.hint == "this is text that is not base64"


def test_p4_broken_text_spoils_nothing() -> None:
    """R5, P4: it is a row of its own, at its place."""
    report = cmcodec.verify_batch([MESSAGE, armour(MESSAGE) * 2, MESSAGE])
    assert [row.verdict for row in report] == ["verified", "malformed", "verified"]
    assert [row.index for row in report.failures()] == [1]
    assert report.der(1) == b""
    assert report[1].span == (0, 0)


def test_p6_text_is_bounded() -> None:
    """P6: three octets of text for each octet that a message may have."""
    text = b" " * (3 * len(MESSAGE) - len(armour(MESSAGE))) + armour(MESSAGE)
    assert cmcodec.load(text, max_size=len(MESSAGE)).to_der() == MESSAGE
    for longer in (b" " + text, ("\ufeff" + armour(MESSAGE).decode() * 2).encode("utf-16-le")):
        with pytest.raises(cmcodec.LimitError) as caught:
            cmcodec.load(longer, max_size=len(MESSAGE))
        assert (caught.value.reason, caught.value.path) == ("limit", "pem")
        (row,) = cmcodec.verify_batch(longer, max_size=len(MESSAGE))
        assert (row.verdict, row.reason, row.rule) == ("malformed", "limit", Rule.P6)


@pytest.mark.parametrize("width", [2, 64])
def test_p6_text_takes_little_memory(width: int) -> None:
    """P6, P8: four times the input at most, in whatever groups base64 stands."""
    text = base64.b64encode(b"\x30\x84" + bytes(300_000))
    lines = b"\n".join(text[at : at + width] for at in range(0, len(text), width))
    octets = b"-----BEGIN CMS-----\n" + lines + b"\n-----END CMS-----\n"
    tracemalloc.start()
    received_octets(octets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(octets)


@pytest.mark.parametrize(
    ("file", "verdict"),
    [
        ("csr-no-armour.b64", ("simple-request", "verified")),
        ("certsonly-base64-crlf.b64", ("simple-response", "unsigned")),
        ("csr-utf16le.txt", ("simple-request", "verified")),
        ("csr-bare-cr.pem", ("simple-request", "verified")),
    ],
)
def test_p4_field(file: str, verdict: tuple[str, str]) -> None:
    """P4: files that EST, CertEnroll, PowerShell and old editors leave."""
    octets = (FIELD / file).read_bytes()
    (row,) = cmcodec.verify_batch(octets)
    assert (row.kind, row.verdict) == verdict
    message = cmcodec.load(octets)
    assert message.kind == verdict[0]
    assert len(message.certificates) == (3 if message.kind == "simple-response" else 0)


def test_p4_two_blocks() -> None:
    """P4: two requests in one file are not one message."""
    error = refused((FIELD / "csr-two-blocks.pem").read_bytes())
    assert (error.reason, error.path) == ("bad_value", "pem")
    assert error.hint == "there are several PEM blocks in one text"
    two = (FIELD / "csr-two-blocks.pem").read_bytes()
    assert cmcodec.verify_batch(several(two)).counts() == {"verified": 2}


TWO = armour(MESSAGE) + b"\nthe second:\n" + armour(MESSAGE, label="PKCS7") + b"\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_p4_a_file_of_several_blocks(encoding: str, end: str) -> None:
    """P4: each of them is a message, in whatever encoding the text around them is."""
    octets = TWO.decode().replace("\n", end).encode(encoding)
    for given in (octets, bytearray(octets), memoryview(octets)):
        found = several(given)
        assert [cmcodec.load(each).to_der() for each in found] == [MESSAGE, MESSAGE]
    assert refused(octets).hint == "there are several PEM blocks in one text"


@pytest.mark.parametrize("form", FORMS)
def test_p4_a_file_of_one_message(form: str) -> None:
    """P4: what is one message is one, and is left as it is."""
    assert several(FORMS[form]) == [FORMS[form]]


@pytest.mark.parametrize(
    ("middle", "hint"),
    [
        (armour(MESSAGE)[:-15], "the armour has no last line"),
        (b"-----BEGIN CMS\n", "the first line of the armour is broken"),
        (armour(MESSAGE).replace(b"M", b"!"), "this is text that is not base64"),
        (armour(ALICE.certificate()), "this is a certificate"),
    ],
)
def test_p4_a_broken_block_spoils_no_other(middle: bytes, hint: str) -> None:
    """P4, R5: each of a file's blocks has its own verdict."""
    first, broken, last = several(armour(MESSAGE) + middle + armour(MESSAGE))
    assert [judged(each)[0] for each in (first, broken, last)] == [
        "verified",
        "malformed",
        "verified",
    ]
    assert refused(broken).hint == hint


def test_p4_lines_that_belong_to_no_block() -> None:
    """P4: a last line alone is text, a first line alone begins a block."""
    stray, block = b"-----END CMS-----\n", armour(MESSAGE)
    for first in (block, stray + block):
        for last in (block, block[:-20]):
            assert b"".join(several(first + last)) == first + last
            found = [judged(each)[0] for each in several(first + last)]
            assert found == ["verified", "verified" if last == block else "malformed"]
    assert several(block[:-20]) == [block[:-20]]
    broken = "\ufeff-----BEGIN CMS-----\n".encode("utf-16-le") + b"\x00\xd8"
    assert several(broken) == [broken]


def test_p4_text_behind_the_last_block() -> None:
    """P4: it belongs to that block, which is refused as it is alone."""
    first, last = several(armour(MESSAGE) * 2 + b"goodbye")
    assert judged(first)[0] == "verified"
    assert refused(last).hint == "text follows the armour"


@pytest.mark.parametrize("text", [b"To whom it may concern\n", "Grüße\n".encode("utf-16")])
def test_p8_of_a_file_that_is_no_message_only_the_beginning_is_read(
    text: bytes, tmp_path: Path
) -> None:
    """P8: a large file that is mapped takes no more memory than its beginning."""
    file = tmp_path / "large"
    file.write_bytes(text + text[-2:] * 4_000_000)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        tracemalloc.start()
        (found,) = several(mapped)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 1 << 20
    assert refused(found).reason == refused(file.read_bytes()).reason
