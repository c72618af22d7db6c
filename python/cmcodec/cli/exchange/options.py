"""The options of every command that asks a server, and the client that they make."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, final

import click

from cmcodec.cli.options import (
    FILE,
    Misuse,
    backend_option,
    printable,
    read_certificates,
    read_key,
    read_secret,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography import x509

    from cmcodec.cms import Recipient, RecipientKey, SigningKey
    from cmcodec.roles import Client

__all__ = ["Options", "exchange_options", "first_certificate", "signing_key"]

_SHARED = (
    click.option("--signer", type=FILE, help="The certificate that signs the request."),
    click.option(
        "--signer-key", type=FILE, metavar="KEY", help="Its key: a file, or a pkcs11: URI."
    ),
    click.option("--key-password-file", type=FILE, help="The password of keys in files."),
    click.option("--secret-file", type=FILE, help="The secret that the server knows too."),
    click.option("--identification", metavar="TEXT", help="How the server finds that secret."),
    click.option("--link-pop", is_flag=True, help="Link each request to the secret."),
    click.option("--mac", is_flag=True, help="Authenticate by a MAC of the secret."),
    click.option("--hold", is_flag=True, help="Leave a confirmation to confirm and reject."),
    click.option(
        "--encrypt-to", multiple=True, type=FILE, help="Certificates: who reads the request."
    ),
    click.option("--trust", multiple=True, type=FILE, help="CAs: whose answers count."),
    click.option(
        "--to", metavar="URL", help="Send it: http(s)://, est(s)://, cmc://, file:FOLDER."
    ),
    click.option("--out", type=FILE, help="For the certificates; without --to, the request."),
    click.option("--state", type=FILE, help="What goes on with it needs [OUT.state]."),
    click.option("--compatibility", is_flag=True, help="Take what older servers say, too."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object."),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What these options say, by their names."""

    signer: str | None = None
    signer_key: str | None = None
    key_password_file: str | None = None
    secret_file: str | None = None
    identification: str | None = None
    link_pop: bool = False
    mac: bool = False
    hold: bool = False
    encrypt_to: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    to: str | None = None
    out: str | None = None
    state: str | None = None
    compatibility: bool = False
    as_json: bool = False
    held: list[x509.Certificate] = field(default_factory=list, init=False)
    """The certificates that ``--hold`` leaves to somebody."""

    @property
    def password(self) -> bytes | None:
        """That of keys in files."""
        return None if self.key_password_file is None else read_secret(self.key_password_file)

    def client(self, *, is_answered: bool) -> Client:
        """The client that asks; ``is_answered``: whether it takes an answer.

        Ends with what is wrong: files that cannot be read, options that do not go together.
        """
        from cmcodec.roles import Client

        if is_answered and not self.trust:
            raise Misuse("--trust FILE is needed: the CAs whose answers count")
        if self.identification is not None and self.secret_file is None:
            raise Misuse("--identification goes with --secret-file")
        signer, keys = self._signer()
        accept = self._hold if self.hold else None
        try:
            return Client(
                trust=read_certificates(self.trust),
                signer=signer,
                secret=None if self.secret_file is None else read_secret(self.secret_file),
                identification=self.identification,
                link_pop=self.link_pop,
                mac=self.mac,
                keys=keys,
                encrypt_to=list(self._recipients()),
                accept=accept,
                compatibility=self.compatibility,
            )
        except ValueError as error:
            raise Misuse(f"{error}: --secret-file") from None

    def _hold(self, certificate: x509.Certificate) -> None:
        self.held.append(certificate)

    def _signer(self) -> tuple[SigningKey | None, list[RecipientKey]]:
        if (self.signer is None) != (self.signer_key is None):
            raise Misuse("--signer and --signer-key go together")
        if self.signer is None or self.signer_key is None:
            return None, []
        return signing_key(self.signer, self.signer_key, self.password)

    def _recipients(self) -> Iterable[Recipient]:
        from cmcodec.cms import Recipient
        from cmcodec.errors import EncodeError

        for name in self.encrypt_to:
            try:
                yield Recipient.from_certificate(first_certificate(name))
            except (EncodeError, TypeError) as error:
                raise Misuse(f"{printable(name)}: nothing is encrypted for it: {error}") from None


def exchange_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """These options of a command, which is called with `Options` and with what else it has."""

    @wraps(function)
    def command(**given: Any) -> Any:
        names = [each.name for each in fields(Options) if each.init]
        return function(Options(**{name: given.pop(name) for name in names}), **given)

    made: Callable[..., Any] = backend_option(command)
    for option in reversed(_SHARED):
        made = option(made)
    return made


def first_certificate(name: str) -> bytes:
    """The certificate in a file, or the first of a chain."""
    return read_certificates((name,))[0]


def signing_key(
    certificate: str, key: str, password: bytes | None
) -> tuple[SigningKey, list[RecipientKey]]:
    """Who signs with a key and a certificate, and what opens answers with it."""
    from cmcodec.errors import SigningError

    own, octets = read_key(key, password), first_certificate(certificate)
    try:
        signer = own.signer(octets)
    except SigningError as error:
        shown = printable(key.partition("?")[0])
        raise Misuse(f"{shown}: does not sign for {printable(certificate)}: {error}") from None
    try:
        return signer, [own.opener(octets)]
    except TypeError:
        # It is for signatures alone.
        return signer, []
