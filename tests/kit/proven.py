"""Requests in which everything proves something."""

from __future__ import annotations

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cmcodec import oids, types
from cmcodec.controls import dh_pop, identity_proof, pop_link

from .der import EMPTY, attribute, identifier, integer, oid, seq, set_of, tlv
from .diffie_hellman import dh_key
from .keys import BOB, key
from .messages import control, pkcs10, pki_data, tcr
from .proofs import IDENTIFICATION, RANDOM, SECRET


def linked() -> bytes:
    """A request with every control that proves something."""
    witness = pop_link.compute(RANDOM, SECRET)
    first = pop_link.compute_v1(RANDOM, SECRET)
    pkcs10_ = pkcs10(
        attributes=(
            attribute(oids.ID_CMC_POP_LINK_WITNESS_V2, witness.to_der()),
            attribute(oids.ID_CMC_POP_LINK_WITNESS, first.to_der()),
        )
    )
    held = seq(oid(oids.ID_CMC_POP_LINK_WITNESS_V2), witness.to_der())
    inner = seq(integer(4), seq(BOB.spki(0xA6)), seq(held))
    requests = tcr(3, pkcs10_), tlv(0xA1, inner, tlv(0xA2, tlv(0x81, b"\1")))
    answer = types.DecryptedPOP(
        body_part_id=4, the_pop_alg_id=witness.mac_algorithm, the_pop=bytes(32)
    )
    controls = (
        control(1, 2, types.Identification(IDENTIFICATION)),
        control(2, 34, identity_proof.compute(seq(*requests), SECRET, IDENTIFICATION)),
        control(5, 3, identity_proof.compute_v1(seq(*requests), SECRET, IDENTIFICATION)),
        control(6, 22, types.PopLinkRandom(RANDOM)),
        control(7, 10, answer),
        control(8, 5, types.TransactionId(1)),
        control(9, 6, types.SenderNonce(b"nonce")),
        control(10, 4, types.DataReturn(b"data")),
    )
    return pki_data(controls, requests)


def cms_public(private: Any) -> bytes:
    """The SubjectPublicKeyInfo of a private key."""
    octets: bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def recipient_certificate(private: Any) -> bytes:
    """A certificate of Diffie-Hellman or of a curve; nobody verifies its signature."""
    name = seq(set_of(seq(oid(oids.ID_AT_COMMON_NAME), tlv(0x0C, b"RA"))))
    times = seq(tlv(0x17, b"260101000000Z"), tlv(0x17, b"360101000000Z"))
    algorithm = identifier(oids.ID_ED25519)
    tbs = seq(tlv(0xA0, integer(2)), integer(5), algorithm, name, times, name, cms_public(private))
    return seq(tbs, algorithm, tlv(0x03, b"\0", bytes(64)))


DH_POPS = {
    "dh": "id-alg-dhPop-static-sha256-hmac-sha256",
    "ecdh": "id-alg-ecdhPop-static-sha256-hmac-sha256",
    "discrete-log": "id-alg-dhPop-sha256",
}


class DhRequest(NamedTuple):
    """A PKCS#10 with a proof by Diffie-Hellman; the key that it is for, and its certificate."""

    octets: bytes
    key: Any
    certificate: bytes


def dh_request(name: str) -> DhRequest:
    """One for each algorithm of `DH_POPS`."""
    private = key("p-256", 2) if name == "ecdh" else dh_key(1024, 2)
    mine = key("p-256", 1) if name == "ecdh" else dh_key(1024, 1)
    held = recipient_certificate(mine)
    info = seq(integer(0), EMPTY, cms_public(private), tlv(0xA0))
    signature = dh_pop.sign(info, private, held, algorithm=DH_POPS[name])
    number = oids.number(DH_POPS[name])
    assert number is not None
    octets = seq(info, identifier(number), tlv(0x03, b"\0", signature))
    return DhRequest(octets, mine, held)
