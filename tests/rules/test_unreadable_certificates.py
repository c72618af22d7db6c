"""Certificates that ``cryptography`` does not read, or not to their end (rule P9)."""

from __future__ import annotations

import base64

import pytest

import cmcodec
from cmcodec import types
from cmcodec.builders import RequestBuilder
from cmcodec.cms import RecipientKey
from cmcodec.errors import DecodeError, EncodeError
from kit.keys import crl, der
from kit.layers import AuthEnveloped, Enveloped, kekri, signed_value
from kit.messages import Signer, signed_by
from kit.trees import Tree, encode, parse, tree
from kit.unreadable import NO_TEXT, named, of_issuer, of_version, with_field

KEK = RecipientKey.from_kek(bytes(32), b"kek-1")


def test_a_name_that_is_no_text_is_refused() -> None:
    """R-107, R-144: by what confirms, rejects, revokes and renews, when it is called."""
    octets, subject = of_issuer(NO_TEXT), with_field(0x30, 3, named(NO_TEXT))
    for call in (
        lambda: RequestBuilder().confirm(octets),
        lambda: RequestBuilder().reject(octets),
        lambda: RequestBuilder().revoke(octets, 0),
        lambda: RequestBuilder().renew(subject),
    ):
        with pytest.raises(EncodeError, match="bad_value in certificate"):
            call()


@pytest.mark.parametrize("value", [tree(0x05), tree(0x0C), tree(0x02, b"\1")])
def test_a_name_is_taken_as_it_is(value: Tree) -> None:
    """R-144: whatever the type of a value is, and however long, it names the certificate."""
    content = RequestBuilder().confirm(of_issuer(value)).content()
    ((_, confirmed),) = content.find(types.CMCCertId)
    issuer = confirmed.issuer_and_serial_number.issuer
    assert issuer.to_der() == named(value).encode()


@pytest.mark.parametrize("attribute", [[], [tree(0x30, [tree(0x06, b"\x55\x04\x03")])]])
def test_a_part_of_a_name_has_an_attribute_with_a_value(attribute: list[Tree]) -> None:
    """R-144, X.501 §9.3: without one, nothing names the certificate."""
    octets = with_field(0x30, 1, tree(0x30, [tree(0x31, attribute)]))
    with pytest.raises(EncodeError, match="bad_value in certificate"):
        RequestBuilder().confirm(octets)


def test_an_alternative_name_that_is_none_is_refused() -> None:
    """R-107: a renewal asks for the names of the certificate, which are to be read."""
    extension = tree(0x30, [tree(0x06, b"\x55\x1d\x11"), tree(0x04, b"\x30")])
    octets = with_field(0xA3, 0, tree(0xA3, [tree(0x30, [extension])]))
    with pytest.raises(EncodeError, match="bad_value in certificate"):
        RequestBuilder().renew(octets)


@pytest.mark.parametrize("version", [3, 19, 127])
def test_a_signer_of_an_odd_version_in_a_layer(version: int) -> None:
    """V1: the version of a certificate, which no signature here covers, changes nothing."""
    message = signed_by(Signer(), certificates=(of_version(version),)).encode()
    plain = cmcodec.load(message).open()
    for layer in (Enveloped, AuthEnveloped):
        octets = layer(signed_value(message), (kekri(),)).encode()
        assert cmcodec.load(octets).open(KEK).message == plain.message


def test_a_certificate_of_an_odd_version_in_text() -> None:
    """A caller's certificates in PEM are read by ``cryptography``, which refuses its version."""
    text = base64.encodebytes(of_version(19))
    armoured = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    with pytest.raises(DecodeError, match="bad_value"):
        cmcodec.verify_batch(b"", certificates=armoured)
    with pytest.raises(EncodeError, match="bad_value in certificate"):
        RequestBuilder().confirm(armoured)


@pytest.mark.parametrize("cls", [types.Certificate, types.CertificateList])
def test_an_odd_version_is_a_value_error(cls: type[types.Certificate]) -> None:
    """To be an object of ``cryptography``, octets are what that reads."""
    octets = of_version(19) if cls is types.Certificate else crl_of_version(19)
    with pytest.raises(ValueError, match="19 is not a valid"):
        cls(octets).to_cryptography()


def crl_of_version(number: int) -> bytes:
    forest = parse(der(crl()))
    forest[0].trees[0].trees[0].inside = bytes([number])
    return encode(forest)
