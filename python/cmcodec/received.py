"""What a message may be wrapped in when it arrives (rules P4, P11)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, TypeAlias

from cmcodec.errors import DecodeError
from cmcodec.reasons import Reason

Buffer: TypeAlias = bytes | bytearray | memoryview

_PEM: Final = re.compile(
    rb"-----BEGIN ([A-Z0-9 #]{1,64})-----[ \t\r]*\n([A-Za-z0-9+/=\s]*)-----END \1-----\s*"
)
_MAX_PREAMBLE: Final = 1 << 16


def received_octets(data: Buffer) -> bytes:
    """The octets as ``bytes``, out of their PEM armour if they have one.

    Anything but ``bytes`` is copied, because it can change under a running verification (rule
    P11). Raises `DecodeError` for broken armour.
    """
    octets = data if type(data) is bytes else bytes(memoryview(data))
    # RFC 7468 §2: text may stand before the armour. No DER message begins like text.
    armour = -1 if octets[:1] == b"\x30" else octets.find(b"-----BEGIN ", 0, _MAX_PREAMBLE)
    if armour < 0:
        return octets
    found = _PEM.fullmatch(octets, armour)
    if found is None:
        raise DecodeError(Reason.BAD_VALUE, 0, "pem")
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error:
        raise DecodeError(Reason.BAD_VALUE, 0, "pem") from None
