"""What certificates and CRLs say of themselves, for people."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any, Final

from cmcodec import oids, types
from cmcodec.cli.options import printable
from cmcodec.cli.show.describe import extension, integer, name, oid, public_key, time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography import x509

    Lines = Iterator[tuple[str, str]]


_SHOWN: Final = (oids.ID_CE_EXT_KEY_USAGE, oids.ID_CE_CERTIFICATE_POLICIES)
"""Extensions in the summary of a certificate: what it is for."""


def certificate(value: types.Certificate) -> Lines:
    """What a certificate says of itself, each line with a label."""
    return _readable(value, _certificate)


def revocation_list(value: types.CertificateList) -> Lines:
    """What a CRL says of itself, each line with a label."""
    return _readable(value, _revocation_list)


def _readable(
    value: types.Certificate | types.CertificateList, describe: Callable[[Any], Lines]
) -> Lines:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            lines = list(describe(value.to_cryptography()))
        except Exception as error:
            # What cryptography raises for what it cannot read has no one class.
            lines = [("unreadable", printable(str(error)))]
    yield from lines
    yield "sha256", hashlib.sha256(value.der).hexdigest()


def _certificate(parsed: x509.Certificate) -> Lines:
    yield "subject", name(types.Name.from_cryptography(parsed.subject))
    yield "issuer", name(types.Name.from_cryptography(parsed.issuer))
    yield "serialNumber", integer(parsed.serial_number)
    since, until = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    yield "validity", f"{time(since)} to {time(until)}"
    try:
        yield "key", public_key(parsed.public_key())
    except Exception:
        yield "key", oid(parsed.public_key_algorithm_oid.dotted_string)
    for each in parsed.extensions:
        if each.oid.dotted_string in _SHOWN:
            shown = types.Extension(
                extn_id=each.oid.dotted_string,
                critical=each.critical,
                extn_value=each.value.public_bytes(),
            )
            label, _, text = extension(shown).partition(": ")
            yield label, text


def _revocation_list(parsed: x509.CertificateRevocationList) -> Lines:
    until = parsed.next_update_utc
    yield "issuer", name(types.Name.from_cryptography(parsed.issuer))
    yield "thisUpdate", time(parsed.last_update_utc)
    yield "nextUpdate", time(until) if until else "(absent)"
    yield "revoked", str(len(parsed))
