"""What certificates and CRLs say of themselves, for people."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING

from cmcodec import types
from cmcodec.cli.common import printable
from cmcodec.cli.describe import integer, name, oid, public_key, time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509


def certificate(value: types.Certificate) -> Iterator[tuple[str, str]]:
    """What a certificate says of itself, each line with a label."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = value.to_cryptography()
            lines = list(_certificate(parsed))
        except Exception as error:
            # What cryptography raises for what it cannot read has no one class.
            lines = [("unreadable", printable(str(error)))]
    yield from lines
    yield "sha256", hashlib.sha256(value.der).hexdigest()


def _certificate(parsed: x509.Certificate) -> Iterator[tuple[str, str]]:
    yield "subject", name(types.Name.from_cryptography(parsed.subject))
    yield "issuer", name(types.Name.from_cryptography(parsed.issuer))
    yield "serialNumber", integer(parsed.serial_number)
    since, until = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    yield "validity", f"{time(since)} to {time(until)}"
    try:
        yield "key", public_key(parsed.public_key())
    except Exception:
        yield "key", oid(parsed.public_key_algorithm_oid.dotted_string)


def revocation_list(value: types.CertificateList) -> Iterator[tuple[str, str]]:
    """What a CRL says of itself, each line with a label."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = value.to_cryptography()
            until = parsed.next_update_utc
            lines = [
                ("issuer", name(types.Name.from_cryptography(parsed.issuer))),
                ("thisUpdate", time(parsed.last_update_utc)),
                ("nextUpdate", time(until) if until else "(absent)"),
                ("revoked", str(len(parsed))),
            ]
        except Exception as error:
            # What cryptography raises for what it cannot read has no one class.
            lines = [("unreadable", printable(str(error)))]
    yield from lines
    yield "sha256", hashlib.sha256(value.der).hexdigest()
