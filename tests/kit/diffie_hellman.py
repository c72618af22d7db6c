"""Keys of Diffie-Hellman over finite fields, whose groups have a q (RFC 2631 §2.2).

The groups were made with ``dsa.generate_parameters`` of ``cryptography``.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

_GROUPS = {
    1024: (
        int(
            "fc50f196bd67082f6ca9ffc17f0f20c2129c9cf29b881a3ece61450e4fb2ab8b885ac4030a874a048195"
            "73f97bc52a42202846cbf554d9938cf38553d017d7b2eb93a0524616b9dd721b795e3433002f0a6270b7"
            "edee71ef4e96c44271c1caab53de945045e9831f3fcda62c2d24e61c345c028a9d619c2522ecac3fbc63"
            "db3f",
            16,
        ),
        int(
            "ac43a28b281473ccec723a5c9d99e5e1e4f3a8c9",
            16,
        ),
        int(
            "2b1246be3b401a88568b00d0fb8f8c783b09ce2acfee35ec63c234f7fe3baa5bef2012aee7e2a410183f"
            "6b91c6e0900745436b1c84b7972dbd0e25be35a30de484938b2f482ec2e5044cfc6d5a80fc55f8469033"
            "1f40deea57f1570dcb1c62e92a2b90fb3a4b6fa45768a1f7b0f9a26f7e9ec503dd4f642a453a90412ac3"
            "c092",
            16,
        ),
    ),
    2048: (
        int(
            "d5d506ebe3af0a8fe293ee004c36ec399c87b8fb6356bb7f2631f1c7c2fc2d7a31342c070b9a60723711"
            "9461a5f886fd3cddf606b7f9292695d3fd12c1b0509862f901ec334d237a5f866e0ab8a40bae3d9746d8"
            "0dd1ef8a676a4f4f2f0b8a98a249b4f2d3eabc29f13c8615e4132a982d9bd851cca12e7664263a769458"
            "7b905964db7a7b7419d6882fa32d066c0b556ee83deee9c84267c7034888e77c9fac62b46fb2a2ff93a2"
            "bf9232247a1563846fbb0a88192f8bc4e7d431e3eac31e749620ef3c3bbb0fdd2deae634fe60615a946e"
            "eb603bb2aac437481d127ab245d5ae1a6d4ae4dbc47f3d26f78afdb3b6c0ccd29e5fc96599b5261d391c"
            "5d18b9c5",
            16,
        ),
        int(
            "876891141baa2ce2f8b9d74cedc091446c3d56c97afcae8597657faf88e17c41",
            16,
        ),
        int(
            "4993a53b804be35e32078ba413a603f83f58066ea109ba236f3620b5ccd6e31264ababe426e49b9a259b"
            "286ca0748929dbea68c374835694c667e084e6abf453ea1090436533649e6362a8072140e5d529d8d893"
            "a644972e6df1654b3d3333b42e508e5ca64e40a394fcaa3b8655b88ac01966860e44d470f35ab13d3fd9"
            "c190ed63836d472838aab606091ce258011a38fa58df6dc8f3e982f04ff6fb8cbb8c3d0e833d3e2522ef"
            "8bcba17573b0fd75d429d024b0bd5b2674f051d3450bc4fa83872bfb243fb7e9f3abb39ebd6f95945126"
            "a268b39ef0845e62b263fc1e2ea1f85e803a96c7e8fdaf428a6f8db5b16b4d7d517fc4025fccf41c314c"
            "21850fda",
            16,
        ),
    ),
}
"""p, q and g by the bits of p: q has 160 or 256 bits."""


_SMALL_Q = 2**159 + 299
_SMALL_P = (2**608 + 182) * _SMALL_Q + 1
_GROUPS[768] = _SMALL_P, _SMALL_Q, pow(2, (_SMALL_P - 1) // _SMALL_Q, _SMALL_P)

_SAFE_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A"
    "08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9"
    "A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163"
    "BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C5"
    "5DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFF"
    "FFFFFFFF",
    16,
)
"""That of 2048 bits of RFC 3526 §3, whose g is 2 and whose q nobody writes."""

_SMALL_SAFE_PRIME = int(
    "e635c0cc1fce7ed543b030c71d808ff63c57924f47c6d195abcce0fcbf305adb"
    "d4fd7e62ed65704ac522e19c0d42b259e03d000a9ea83e911293239e31aab8c7",
    16,
)
"""One that ``openssl dhparam`` made: no library knows its q."""


def _quietly(p: int, q: int | None, g: int, x: int) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptography.hazmat.primitives.asymmetric import dh

        numbers = dh.DHParameterNumbers(p, g, q)
        return dh.DHPrivateNumbers(x, dh.DHPublicNumbers(pow(g, x, p), numbers)).private_key()


def secret(number: int) -> int:
    """The number x of a key."""
    return 2**150 + 12345 + number


@cache
def dh_key(bits: int = 2048, number: int = 0) -> Any:
    """A private key of ``cryptography``, the same in all tests; it warns of all its uses."""
    return _quietly(*_GROUPS[bits], secret(number))


@cache
def dh_key_without_q(number: int = 0) -> Any:
    """The same in a group that does not say its q."""
    return _quietly(_SAFE_PRIME, None, 2, secret(number))


@cache
def nameless_key(number: int = 0) -> Any:
    """One in a small group that does not say its q, and of which no library knows it."""
    return _quietly(_SMALL_SAFE_PRIME, None, 2, secret(number))


def group(bits: int = 2048) -> tuple[int, int, int]:
    """p, q and g."""
    return _GROUPS[bits]
