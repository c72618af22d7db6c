"""Values of `cmcodec.types` as objects of asn1crypto, and back.

    from cmcodec.compat.asn1crypto import from_asn1crypto, to_asn1crypto

    certificate = to_asn1crypto(types.Certificate(der))        # asn1crypto.x509.Certificate
    name = from_asn1crypto(certificate.subject)                # cmcodec.types.Name
    request = from_asn1crypto(octet_string, types.SenderNonce) # told which

Both go by way of DER. Types that asn1crypto has (certificates, CRLs, names, extensions, keys,
algorithms, PKCS#10, CMS) become its own classes; the others become the classes of
`cmcodec.compat.python_cmc`, which are derived from asn1crypto's. A type that is a scalar under a
name of its own, such as `SenderNonce`, becomes that scalar.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from asn1crypto import core

from cmcodec import types
from cmcodec.asn1 import Asn1, schema
from cmcodec.compat import _derived
from cmcodec.compat._tables import ALSO, STANDARD

# The derived classes of the drop-in have their names from there.
from cmcodec.compat.python_cmc import cmc as _cmc  # noqa: F401

__all__ = ["from_asn1crypto", "to_asn1crypto"]

T = TypeVar("T", bound=Asn1)


def to_asn1crypto(value: Asn1) -> Any:
    """The object of asn1crypto with the same octets; asn1crypto reads it as it is looked at.

    Raises `EncodeError` where ``value`` has no encoding, and `ValueError` where asn1crypto has no
    such form, as for a name that is NULL instead of empty.
    """
    if not isinstance(value, Asn1):
        raise TypeError(f"{type(value).__name__}: not a value of cmcodec.types")
    octets = value.to_der()
    try:
        return _derived.derive(schema.node(type(value))).load(octets, strict=True)
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError(f"{type(value).__name__}: asn1crypto does not read this") from error


@overload
def from_asn1crypto(obj: Any, cls: type[T]) -> T: ...
@overload
def from_asn1crypto(obj: Any, cls: None = None) -> Asn1: ...
def from_asn1crypto(obj: Any, cls: type[Asn1] | None = None) -> Asn1:
    """The value of ``cls``, or of the type that the class of ``obj`` stands for.

    A context tag that ``obj`` has as a field of another object is left out. Raises `DecodeError`
    where its octets are not strict DER of the type (``dump(force=True)`` makes DER of BER),
    `ValueError` where it is not complete, and `TypeError` where it is no object of asn1crypto or
    no type can be told from its class.
    """
    if not isinstance(obj, core.Asn1Value):
        raise TypeError(f"{type(obj).__name__}: not an object of asn1crypto")
    wanted = cls or next((known for c in type(obj).__mro__ if (known := _TYPES.get(c))), None)
    if wanted is None:
        raise TypeError(f"{type(obj).__name__}: which type of cmcodec.types is this?")
    return wanted.from_der((obj.untag() if obj.implicit or obj.explicit else obj).dump())


def _types() -> dict[Any, type[Asn1]]:
    found: dict[Any, type[Asn1]] = dict(ALSO)
    for name in types.__all__:
        declared = getattr(types, name)
        if isinstance(declared, type) and issubclass(declared, Asn1):
            made = _derived.derive(schema.node(declared))
            if declared in STANDARD or getattr(made, "_node", None) is schema.node(declared):
                found[made] = declared
    return found


_TYPES = _types()
"""The declared type for each class that stands for one."""
