"""What is asked for: keys, names and extensions, as options say it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import click

from cmcodec.cli.options import FILE, Misuse, printable, read_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography import x509

    from cmcodec.builders import NewRequest
    from cmcodec.cli.exchange.options import Options

__all__ = [
    "AskedKey",
    "alternative_names",
    "asked_key",
    "extension",
    "key_options",
    "new_request",
    "serial_number",
    "subject_name",
]

_NAME_KINDS: Final = ("dns", "email", "uri", "ip")


def key_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which key is to be certified: ``new``, ``key_out`` and ``key``."""
    for option in (
        click.option("--key", type=FILE, metavar="KEY", help="The key: a file, or a pkcs11: URI."),
        click.option("--key-out", type=FILE, help="Where the new key is kept, mode 0600."),
        click.option(
            "--new",
            metavar="NEWKEY",
            help="Make a key: rsa2048, rsa3072, rsa4096, p256, p384, p521, ed25519, mldsa65, "
            "x25519 or mlkem768.",
        ),
    ):
        function = option(function)
    return function


@final
@dataclass(frozen=True, slots=True, repr=False)
class AskedKey:
    """The key that is to be certified, and the file that a new one is kept in."""

    key: Any
    out: str | None = None

    def keep(self) -> None:
        """Writes a new key, and never over anything; ends with what is wrong."""
        from cmcodec import keys

        if self.out is None:
            return
        try:
            keys.write(self.out, self.key)
        except FileExistsError:
            raise Misuse(
                f"{printable(self.out)}: is there, and no key is written over it"
            ) from None
        except OSError as error:
            raise Misuse(f"{printable(self.out)}: {error.strerror or error}") from None


def asked_key(
    options: Options, *, new: str | None, key_out: str | None, key: str | None
) -> AskedKey:
    """The key that these options name; a new one is not written yet."""
    from pathlib import Path

    from cmcodec.cli.show.progress import Working
    from cmcodec.cms.key_kinds import new_key
    from cmcodec.errors import SigningError, UnsupportedError

    if (new is None) != (key_out is None):
        raise Misuse("--new NEWKEY and --key-out FILE go together")
    if new is None or key_out is None:
        assert key is not None
        try:
            return AskedKey(read_key(key, options.password).for_request)
        except (SigningError, TypeError) as error:
            shown = printable(key.partition("?")[0])
            raise Misuse(f"{shown}: no certificate is asked for with it: {error}") from None
    if Path(key_out).exists():
        raise Misuse(f"{printable(key_out)}: is there, and no key is written over it")
    try:
        with Working(f"making a key, {new}"):
            return AskedKey(new_key(new), key_out)
    except (ValueError, UnsupportedError) as error:
        raise Misuse(f"--new: {error}") from None


def new_request(key: Any, *, form: str | None = None, **fields: Any) -> NewRequest:
    """A request for a key, which proves possession as it can.

    A key that signs does so. Any other is challenged, in CRMF, or proves nothing by itself in a
    PKCS#10 (RFC 10002 §C.1).
    """
    from cmcodec.builders import NewRequest

    if _signs(key):
        return NewRequest(key=key, form=form or "pkcs10", **fields)  # type: ignore[arg-type]
    if form == "pkcs10":
        return NewRequest(key=key, pop="no-signature", **fields)
    return NewRequest(key=key, form="crmf", pop="challenge", **fields)


def _signs(key: Any) -> bool:
    from cmcodec.cms import SigningKey, private_keys
    from cmcodec.errors import SigningError

    if isinstance(key, SigningKey):
        return True
    try:
        private_keys.usual(key)
    except SigningError:
        return False
    return True


def subject_name(text: str, option: str = "--subject") -> x509.Name:
    """A name by RFC 4514."""
    from cryptography import x509

    try:
        return x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise Misuse(f"{option}: no name by RFC 4514, as CN=device,O=Example: {error}") from None


def alternative_names(texts: Iterable[str], *, critical: bool) -> x509.Extension[Any]:
    """A subjectAltName of names with their kinds: ``dns:host.example``."""
    from cryptography import x509

    names = x509.SubjectAlternativeName([_general_name(text) for text in texts])
    return x509.Extension(names.oid, critical, names)


def _general_name(text: str) -> x509.GeneralName:
    from cryptography import x509

    kind, _, name = text.partition(":")
    if kind not in _NAME_KINDS or not name:
        wanted = ", ".join(f"{each}:NAME" for each in _NAME_KINDS)
        raise Misuse(f"--san {printable(text)}: one of {wanted}")
    try:
        if kind == "ip":
            return x509.IPAddress(ipaddress.ip_address(name))
        classes: tuple[Callable[[str], x509.GeneralName], ...] = (
            x509.DNSName,
            x509.RFC822Name,
            x509.UniformResourceIdentifier,
        )
        return dict(zip(_NAME_KINDS[:3], classes, strict=True))[kind](name)
    except ValueError as error:
        raise Misuse(f"--san {printable(text)}: {error}") from None


def extension(text: str) -> x509.Extension[Any]:
    """An extension as its OBJECT IDENTIFIER and the hex of its value, DER."""
    from cryptography import x509

    number, equals, value = text.partition("=")
    try:
        found = x509.UnrecognizedExtension(x509.ObjectIdentifier(number), bytes.fromhex(value))
    except ValueError:
        equals = ""
    if not equals:
        raise Misuse(
            f"--extension {printable(text)}: an OID, and its value in DER, in hexadecimal: OID=HEX"
        )
    return x509.Extension(found.oid, critical=False, value=found)


def serial_number(text: str) -> int:
    """A serial number: decimal, or hexadecimal behind 0x."""
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        raise Misuse(f"--serial {printable(text)}: decimal, or hexadecimal behind 0x") from None
