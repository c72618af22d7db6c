"""AlgorithmIdentifiers of encryption and MACs: which row they name, and their parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cmcodec import _backend, oids, types
from cmcodec.asn1 import TLV
from cmcodec.errors import CMCError, EncodeError, VerificationError
from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cmcodec.asn1 import Asn1

NULL: Final = TLV(b"\x05\x00")

Row = TypeVar("Row", bound=Any)
Parameters = TypeVar("Parameters", bound="Asn1")


def unsupported() -> VerificationError:
    """What a message gets whose algorithm is not on offer."""
    return VerificationError(Reason.UNSUPPORTED_ALGORITHM, rule=Rule.V7)


def row_of(rows: Iterable[Row], identifier: types.AlgorithmIdentifier) -> Row:
    """The row of an algorithm whose parameters are absent or NULL; raises `VerificationError`."""
    if identifier.parameters in (None, NULL):
        for row in rows:
            if row.oid == identifier.algorithm:
                return row
    raise unsupported()


def parameters(
    identifier: types.AlgorithmIdentifier, oid: str, cls: type[Parameters]
) -> Parameters:
    """The parameters of an algorithm that has to be this one; raises `VerificationError`."""
    if identifier.algorithm != oid or identifier.parameters is None:
        raise unsupported()
    try:
        return cls.from_der(identifier.parameters.der)
    except CMCError:
        raise unsupported() from None


def named(rows: Iterable[Row], name: str) -> Row:
    """The row that the caller asks for by its name in `cmcodec.oids.NAMES`.

    Raises `EncodeError` where messages are not made with it.
    """
    for row in rows:
        if oids.name(row.oid) == name and getattr(row, "made", True):
            return row
    raise EncodeError(Reason.UNSUPPORTED_ALGORITHM, None, name)


def elements(octets: bytes) -> list[bytes]:
    """The elements inside one that was read as DER."""
    start = 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)
    places = [*_backend.offsets(octets, start, len(octets)), len(octets)]
    return [octets[first:end] for first, end in pairwise(places)]
