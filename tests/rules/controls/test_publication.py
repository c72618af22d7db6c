"""Which certificates to publish (RFC 10002 §6.18)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from cmcodec import oids, types
from cmcodec.asn1 import TLV
from cmcodec.controls import publication
from cmcodec.errors import DecodeError, EncodeError, ForbiddenError
from kit.keys import SHA512, certificate, der

ONE, OTHER = (certificate("ed25519", number) for number in (0, 1))
WEB = types.SinglePubInfo(
    pub_method=types.PublicationMethod.WEB,
    pub_location=types.GeneralName(uniform_resource_identifier="http://pub.example/"),
)


def pub_info(value: types.CMCPublicationInfo) -> tuple[int, Any]:
    assert types.CMCPublicationInfo.from_der(value.to_der()) == value
    return value.pub_info.action, value.pub_info.pub_infos


def test_certificates_are_named_by_their_digests() -> None:
    """Digests of the whole DER, in the order given; SHA-256 without parameters by default."""
    value = publication.compute([ONE, der(OTHER)])
    assert value.hash_alg == types.AlgorithmIdentifier(algorithm=oids.ID_SHA256)
    assert value.cert_hashes == tuple(hashlib.sha256(der(each)).digest() for each in (ONE, OTHER))
    assert pub_info(value) == (types.PublicationAction.PLEASE_PUBLISH, None)
    assert publication.compute(ONE).cert_hashes == value.cert_hashes[:1]


@pytest.mark.parametrize("name", ["id-sha384", "id-sha512"])
def test_other_digests(name: str) -> None:
    """By name or as an AlgorithmIdentifier, which is taken as it is."""
    value = publication.compute(ONE, hash=name)
    assert value.cert_hashes == (hashlib.new(name[3:], der(ONE)).digest(),)
    assert oids.name(value.hash_alg.algorithm) == name
    with_null = types.AlgorithmIdentifier(algorithm=oids.ID_SHA512, parameters=TLV(b"\x05\x00"))
    assert publication.compute(ONE, hash=with_null).hash_alg == with_null
    assert publication.compute(ONE, hash=SHA512) == publication.compute(ONE, hash="id-sha512")


@pytest.mark.parametrize(
    "digest",
    [
        "id-sha1", "id-sha224", "SHA-256", "id-hmacWithSHA256",
        types.AlgorithmIdentifier(algorithm=oids.ID_SHA1),
        types.AlgorithmIdentifier(algorithm=oids.ID_SHA256, parameters=TLV(b"\x02\x01\x01")),
    ],
)  # fmt: skip
def test_digests_that_are_not_on_offer(digest: Any) -> None:
    """SHA-1 is not, and no other parameters."""
    with pytest.raises(EncodeError, match="unsupported_algorithm"):
        publication.compute(ONE, hash=digest)


def test_r_160_no_places_where_nothing_is_published() -> None:
    """R-160: pubInfos do not stand beside dontPublish."""
    with pytest.raises(ForbiddenError) as raised:
        publication.compute(ONE, publish=False, places=[WEB])
    assert (raised.value.reason, raised.value.rule) == ("forbidden", "R-160")
    withdrawn = publication.compute(ONE, publish=False)
    assert pub_info(withdrawn) == (types.PublicationAction.DONT_PUBLISH, None)
    assert pub_info(publication.compute(ONE, places=[WEB])) == (1, (WEB,))


def test_r_244_without_places_whoever_publishes_decides() -> None:
    """R-244: pleasePublish has pubInfos only where some are given."""
    assert pub_info(publication.compute([ONE], places=())) == (1, None)
    assert pub_info(publication.compute([ONE], places=iter([WEB, WEB]))) == (1, (WEB, WEB))


def test_what_is_no_certificate() -> None:
    """P9: nothing is published of it."""
    with pytest.raises(DecodeError):
        publication.compute([b"\x30\x00"])
    with pytest.raises(TypeError, match="certificates"):
        publication.compute([1])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="publish"):
        publication.compute([ONE], publish="no")  # type: ignore[arg-type]
