"""Messages by mail (RFC 10003 §5)."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from cmcodec.transports import Limits, TransportError, mail
from kit.transports import coded_smime_types, enveloped, messages

MESSAGES = messages()
PKCS7 = "application/pkcs7-mime"
TABLE = {
    "simple-request": ("application/pkcs10", None, ".p10"),
    "full-request": (PKCS7, "CMC-Request", ".p7m"),
    "simple-response": (PKCS7, "certs-only", ".p7c"),
    "full-response": (PKCS7, "CMC-Response", ".p7m"),
}
ADDRESSES = {"sender": "ee@example.com", "recipient": "ca@example.com"}


@pytest.mark.parametrize("kind", TABLE)
def test_r_188_a_mail_says_what_it_carries(kind: str) -> None:
    """R-188, R-238: content type, smime-type and a name with its extension, all of it in ASCII."""
    made = mail.compose(MESSAGES[kind], **ADDRESSES)
    octets = made.as_bytes()
    octets.decode("ascii")
    read = message_from_bytes(octets, policy=SMTP)
    content_type, smime_type, extension = TABLE[kind]
    assert (read["From"], read["To"]) == (ADDRESSES["sender"], ADDRESSES["recipient"])
    assert (read.get_content_type(), read.get_param("smime-type")) == (content_type, smime_type)
    assert str(read.get_param("name")).endswith(extension)
    assert read.get_filename() == read.get_param("name")
    assert max(map(len, octets.splitlines())) <= 78
    assert mail.extract(octets) == mail.extract(made) == mail.extract(read) == MESSAGES[kind]


def test_what_is_encrypted_needs_a_direction() -> None:
    """R-188: smime-type says what is in it, which does not show."""
    octets = enveloped(MESSAGES["full-request"])
    with pytest.raises(ValueError, match="direction"):
        mail.compose(octets, **ADDRESSES)
    made = mail.compose(octets, **ADDRESSES, direction="answer")
    assert made.get_param("smime-type") == "CMC-Response"
    assert mail.extract(made.as_bytes()) == octets


def part(headers: str, body: str = "MAUCAQE=") -> bytes:
    return f"From: a@b\r\n{headers}\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n".encode()


@pytest.mark.parametrize(
    "headers",
    [
        f"Content-Type: {PKCS7}; smime-type=CMC-Request; name=r.p7m",
        f"Content-Type: {PKCS7.upper()}; SMIME-TYPE=cmc-request",
        f'Content-Type: {PKCS7}; smime-type="CMC-RESPONSE"',
        f"Content-Type: {PKCS7}; name=Any.P7M",
        f"Content-Type: {PKCS7}\r\nContent-Disposition: attachment; filename=any.p7c",
        "Content-Type: application/pkcs10",
        *(f"Content-Type: {PKCS7}; {coded}" for coded in coded_smime_types("CMC-Request")),
    ],
)
def test_mails_of_others_are_read(headers: str) -> None:
    """Whatever the case, coded (RFC 2231) or not; where there is no smime-type, by the name."""
    assert mail.extract(part(headers)) == bytes.fromhex("3005020101")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"Subject: nothing\r\n\r\nhere",
        part(f"Content-Type: {PKCS7}; smime-type=signed-data; name=r.p7m"),
        part(f"Content-Type: {PKCS7}; name=r.txt"),
        *(
            part(f"Content-Type: {PKCS7}; {coded}; name=r.p7m")
            for coded in coded_smime_types("signed-data")
        ),
        part("Content-Type: application/pkcs10", "!!!!"),
    ],
)
def test_a_mail_without_a_message(octets: bytes) -> None:
    """Other S/MIME, other names, and what is no base64."""
    with pytest.raises(TransportError) as caught:
        mail.extract(octets)
    assert caught.value.reason == "media_type"


def test_a_message_is_found_among_other_parts() -> None:
    """Beside a text; of two nobody knows which is meant."""
    both = EmailMessage(policy=SMTP)
    both.set_content("See the attachment.")
    one = mail.compose(MESSAGES["full-request"], **ADDRESSES)
    both.make_mixed()
    for header in ("From", "To", "Subject"):
        del one[header]
    both.attach(one)
    assert mail.extract(both.as_bytes()) == MESSAGES["full-request"]
    both.attach(one)
    with pytest.raises(TransportError):
        mail.extract(both.as_bytes())


@pytest.mark.parametrize("address", ["a@example.com\r\nBcc: b@example.com", "a\nb@example.com"])
def test_an_address_adds_no_header(address: str) -> None:
    """Addresses with line breaks are refused."""
    with pytest.raises(ValueError, match="linefeed"):
        mail.compose(MESSAGES["full-request"], sender=address, recipient="ca@example.com")


LIMITED = {
    "parts in parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(2000)
    ),
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 101,
    "a boundary": b'Content-Type: multipart/mixed; boundary="' + b";" * 10**6 + b"\r\n\r\n",
    "comments": b"Content-Type: application/pkcs10" + b"(" * 10**6 + b"\r\n\r\n",
    "a name": part("Content-Type: application/pkcs10; name=" + "a" * 1000),
    "a name in pieces": part(
        f"Content-Type: {PKCS7}" + "".join(f";\r\n name*{n}=a" for n in range(100_000))
    ),
    "words": part(
        "Content-Type: application/pkcs10\r\nContent-Disposition: attachment; filename="
        + "=?utf-8?q?a?= " * 100_000
    ),
    "a message": part("Content-Type: application/pkcs10", "MAUC" * 400),
    "a mail": part("Content-Type: application/pkcs10", "MAUC" * 600),
}


@pytest.mark.parametrize("what", LIMITED)
def test_a_mail_costs_little(what: str) -> None:
    """P7, P9: what would take long, or a stack, is refused before anybody looks into it."""
    max_size = 1000 if what in ("a message", "a mail") else 10**8
    with pytest.raises(TransportError) as caught:
        mail.extract(LIMITED[what], limits=Limits(max_size=max_size))
    assert caught.value.reason == "limit"


def test_as_many_parts_as_there_may_be() -> None:
    """P7: 99 in one, the last of which is the message."""
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    found = part("Content-Type: application/pkcs10").partition(b"\r\n")[2]
    octets = head + b"--b\r\n\r\nx\r\n" * 98 + b"--b\r\n" + found + b"--b--\r\n"
    assert mail.extract(octets) == bytes.fromhex("3005020101")


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: a/b; name*=",
        f"Content-Type: {PKCS7}; smime-typ*",
        "Content-Type: ;\0=",
        "Content-Type: application/pkcs10; name*0=a; name*=b",
    ],
)
def test_a_header_that_is_none(header: str) -> None:
    """P9: the parser of another policy has exceptions of its own."""
    for octets in (part(header), message_from_bytes(part("Content-Type: a/b"), policy=SMTP)):
        with pytest.raises(TransportError, match="media_type"):
            mail.extract(octets)
