"""Known answers of derivations and key wraps, also against a second implementation (kit.layers)."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmcodec import oids, types
from cmcodec.algorithms import AGREEMENTS, KEY_WRAPS
from cmcodec.asn1 import TLV
from cmcodec.cms import ciphers, derivation
from cmcodec.cms.ciphers import Wrapping
from kit import layers
from kit.der import identifier, tlv

Z = bytes(range(32))
WRAP = types.AlgorithmIdentifier(algorithm=oids.ID_AES256_WRAP)
KEK, CEK = bytes(range(32)), bytes(range(0x30, 0x40))


def agreement(oid: str) -> Any:
    return next(row for row in AGREEMENTS if row.oid == oid)


def pbkdf2(length: int | None = 32) -> types.AlgorithmIdentifier:
    parameters = types.PBKDF2Params(
        salt=types.PBKDF2Salt(specified=b"\1" * 8),
        iteration_count=1000,
        key_length=length,
        prf=types.AlgorithmIdentifier(algorithm=oids.ID_HMAC_WITH_SHA256),
    )
    return types.AlgorithmIdentifier(algorithm=oids.ID_PBKDF2, parameters=TLV(parameters.to_der()))


def test_shared_info_without_ukm() -> None:
    """RFC 5753 §7.2: keyInfo and the length of the key in bits."""
    expected = "3015300b060960864801650304012da206040400000100"
    assert derivation.shared_info(WRAP, None, 32).hex() == expected
    assert layers.shared_info(layers.WRAP, None).hex() == expected


def test_shared_info_with_ukm() -> None:
    """RFC 5753 §7.2: entityUInfo is the ukm."""
    expected = "301c300b060960864801650304012da0050403756b6da206040400000100"
    assert derivation.shared_info(WRAP, b"ukm", 32).hex() == expected
    assert layers.shared_info(layers.WRAP, b"ukm").hex() == expected


def test_kek_x963_sha256() -> None:
    """RFC 5753 §7.1: dhSinglePass-stdDH-sha256kdf without ukm."""
    found = derivation.agreed_key(
        agreement(oids.DH_SINGLE_PASS_STD_DH_SHA256KDF_SCHEME), Z, WRAP, None, 32
    )
    assert found.hex() == "4a05bb60553c66fc1f7b0a83e1c5a7fd88e38bdc847af06c6bdc3b56a348ccb5"


def test_kek_hkdf_sha256_without_ukm() -> None:
    """RFC 8418 §2.2: no salt."""
    scheme = agreement(oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME)
    found = derivation.agreed_key(scheme, Z, WRAP, None, 32)
    assert found.hex() == "ad876c55596d24628c2d82224f45e4c03e5879fc3a83ec4b0b500997fce37f66"


def test_kek_hkdf_sha256_with_ukm() -> None:
    """RFC 8418 §2.2: the ukm is the salt, and in the info."""
    scheme = agreement(oids.DH_SINGLE_PASS_STD_DH_HKDF_SHA256_SCHEME)
    found = derivation.agreed_key(scheme, Z, WRAP, b"ukm", 32)
    assert found.hex() == "3c084b741f8ca3405ecf13f9e3f0a041bb8334ad0047d61f8dd217748bddd087"


def test_kek_esdh() -> None:
    """RFC 2631 §2.1.2."""
    found = derivation.agreed_key(agreement(oids.ID_ALG_ESDH), Z, WRAP, None, 32)
    assert found.hex() == "db66f37e0d0f7c8ecc14f4bbfa9b0e3d82238c40dbec7454547737870886af63"


def test_kek_kem() -> None:
    """RFC 9629 §5, RFC 9936 §2.2.1."""
    assert layers.kem_info(layers.WRAP).hex() == "3010300b060960864801650304012d020120"
    found = derivation.encapsulated_key(Z, WRAP, None, 32)
    assert found.hex() == "aaa237fc6d36938fe0d1530fd772f1521580137bdc365d60ed034c840cd9bc62"


def test_pwri_kek_wrap() -> None:
    """RFC 3211 §2.3: AES-256 in CBC, twice."""
    expected = "4ebacf244f31df2aa3c3b75b37602f648600a879a3b3a41496237b1d77f54d24"
    iv = bytes(range(0x20, 0x30))
    parameters = identifier(oids.ID_AES256_CBC, tlv(0x04, iv))
    named = types.AlgorithmIdentifier(algorithm=oids.ID_ALG_PWRI_KEK, parameters=TLV(parameters))
    wrapping = Wrapping.read(named)
    assert wrapping.wrap(KEK, CEK, lambda size: b"\xaa" * size).hex() == expected
    assert wrapping.unwrap(KEK, bytes.fromhex(expected)) == CEK
    assert layers.pwri_kek_wrap(KEK, iv, CEK).hex() == expected


def test_aes_key_wrap() -> None:
    """RFC 3394: AES-256 around 16 octets."""
    expected = "a4267e9e8ef7cf910d53aae93b814194a8e863155282643c"
    wrapping = Wrapping.read(WRAP)
    assert wrapping.wrap(KEK, CEK, os.urandom).hex() == expected
    assert wrapping.unwrap(KEK, bytes.fromhex(expected)) == CEK
    assert layers.key_wrap(KEK, CEK).hex() == expected


def test_pwri_password() -> None:
    """R-025: the identifier, then the secret; RFC 8018 §5.2 with the length of the key."""
    from cmcodec import cms

    key = cms.RecipientKey.from_password(b"correct horse battery", "ee-0001")
    password = key._opener.password.octets  # type: ignore[attr-defined]
    expected = "65652d30303031636f727265637420686f7273652062617474657279"
    assert password.hex() == expected
    kek = "a87750db09e5d1dea80f1035225fa7b78ac5fd680a2c34d1bc06dde1b627d5b5"
    assert derivation.password_key(pbkdf2(), password, 16).hex() == kek
    assert derivation.password_key(pbkdf2(None), password, 32).hex() == kek


# --- a second implementation -----------------------------------------------------------------


@pytest.mark.parametrize("scheme", [row.oid for row in AGREEMENTS])
@given(secret=st.binary(min_size=1, max_size=80), ukm=st.none() | st.binary(max_size=70))
@pytest.mark.parametrize("wrap", KEY_WRAPS)
def test_agreed_keys(scheme: str, wrap: Any, secret: bytes, ukm: bytes | None) -> None:
    named = types.AlgorithmIdentifier(algorithm=wrap.oid)
    found = derivation.agreed_key(agreement(scheme), secret, named, ukm, wrap.key_octets)
    if scheme == oids.ID_ALG_ESDH:
        assert found == layers.esdh(secret, wrap.oid, ukm, wrap.key_octets)
    else:
        encoded = identifier(wrap.oid)
        assert found == layers.derived(scheme, secret, encoded, ukm, wrap.key_octets)


@given(secret=st.binary(min_size=1, max_size=80), ukm=st.none() | st.binary(max_size=70))
def test_encapsulated_keys(secret: bytes, ukm: bytes | None) -> None:
    info = layers.kem_info(layers.WRAP, 32, ukm)
    assert derivation.encapsulated_key(secret, WRAP, ukm, 32) == layers.hkdf(
        "sha256", secret, None, info
    )


@given(octets=st.binary(min_size=3, max_size=200), kek=st.binary(min_size=32, max_size=32))
def test_pwri_kek_round_trips(octets: bytes, kek: bytes) -> None:
    """RFC 3211: any length from 3 to 255 octets; a changed octet gives no key or another."""
    named = types.AlgorithmIdentifier.from_der(layers.pwri_kek())
    wrapping = Wrapping.read(named)
    wrapped = wrapping.wrap(kek, octets, os.urandom)
    assert wrapping.unwrap(kek, wrapped) == octets
    assert wrapping.unwrap(kek, wrapped[:-1]) is None
    assert wrapping.unwrap(kek, wrapped[:16]) is None
    changed = bytes([wrapped[0] ^ 1]) + wrapped[1:]
    assert wrapping.unwrap(kek, changed) != octets


@given(
    count=st.integers(2, 8),
    kek=st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
)
def test_aes_key_wraps(count: int, kek: bytes) -> None:
    row = next(row for row in KEY_WRAPS if row.key_octets == len(kek))
    wrapping = Wrapping.read(ciphers.wrap_identifier(row))
    key = hashlib.sha512(kek).digest()[: 8 * count]
    assert wrapping.wrap(kek, key, os.urandom) == layers.key_wrap(kek, key)
    assert wrapping.unwrap(kek, layers.key_wrap(kek, key)) == key
    assert wrapping.unwrap(kek, b"") is None
    assert wrapping.unwrap(kek, b"12345") is None
