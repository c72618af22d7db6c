"""What the commands share: reading files, the choice of backend, and errors of one line."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager, nullcontext
from typing import IO, TYPE_CHECKING, Final

import click

import cmcodec
from cmcodec.errors import DecodeError, UnsupportedError
from cmcodec.limits import DEFAULT_MESSAGE_SIZE, MAX_TEXT_RATIO
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.shell_completion import CompletionItem

    from cmcodec.errors import CMCError
    from cmcodec.keys import Key

MAX_FILE_SIZE: Final = MAX_TEXT_RATIO * DEFAULT_MESSAGE_SIZE
"""Octets read from one file: the largest message in the longest text around it (rule P6)."""

WRAPPED: Final = "Expect PKCS#10 in a SignedData over id-data, as Windows renews."
"""What ``--wrapped`` does."""

_CHUNK: Final = 1 << 20


class _File(click.ParamType[str]):
    """The name of a file, which shells complete."""

    name = "file"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


FILE: Final = _File()
"""The type of what names a file, or standard input by ``-``."""


class Failure(click.ClickException):
    """Ends the program with one line on standard error: a message is bad."""

    exit_code = 1

    def show(self, file: IO[str] | None = None) -> None:
        """Prints the line; without ``file``, on standard error."""
        click.echo(f"cmc: {self.message}", file=file, err=file is None)


class Misuse(Failure):
    """The same where it is not the message that is at fault."""

    exit_code = 2


def reason_of(error: CMCError) -> str:
    """What is wrong: in words first, where it is known what the octets are."""
    hint = getattr(error, "hint", "")
    place = str(error).removesuffix(f": {hint}")
    return f"{hint}: {place}" if hint else place


def bad_message(name: str, error: CMCError) -> Failure:
    """The refusal of the message in a file."""
    return Failure(f"{printable(name)}: {reason_of(error)}")


def printable(text: str, longest: int = 200) -> str:
    """Text from a message, without what would move the cursor or turn the line around."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in cut
    )


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """A file to read, or standard input for ``-``; what is wrong with it is told in a line.

    A folder, and a file of more than `MAX_FILE_SIZE`, are refused before anything is read.
    """
    if name == "-" and sys.stdin is None:
        raise Misuse("-: standard input is closed")
    try:
        if name != "-" and os.path.isdir(name):
            raise Misuse(f"{printable(name)}: this is a folder")
        with nullcontext(sys.stdin.buffer) if name == "-" else open(name, "rb") as stream:
            status = os.fstat(stream.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > MAX_FILE_SIZE:
                raise too_large(name, f"{status.st_size:,}")
            yield stream
    except OSError as error:
        raise Misuse(f"{printable(name)}: {error.strerror or error}") from None


def too_large(name: str, size: str) -> Failure:
    """The refusal of a file of this many octets, or of more than that."""
    bound = f"{MAX_FILE_SIZE:,} are read at most"
    return Failure(f"{printable(name)}: {Reason.LIMIT}: {size} octets, and {bound}")


def read_input(name: str) -> bytes:
    """The octets of a file, or of standard input for ``-``."""
    with opened(name) as stream:
        return read_rest(stream, name)


def read_rest(stream: IO[bytes], name: str, before: bytes = b"") -> bytes:
    """What is left of a stream, behind the octets that were read from it ``before``."""
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return before + stream.read() if before else stream.read()
    chunks = [before]
    total = len(before)
    while chunk := stream.read(_CHUNK):
        total += len(chunk)
        if total > MAX_FILE_SIZE:
            raise too_large(name, f"more than {MAX_FILE_SIZE:,}")
        chunks.append(chunk)
    return b"".join(chunks)


def read_certificates(names: tuple[str, ...]) -> list[bytes]:
    """The certificates in files: one in DER, or any number in PEM."""
    from cmcodec.verify.certificates import certificates_octets

    found: list[bytes] = []
    for name in names:
        try:
            found += certificates_octets(name, read_input(name))
        except DecodeError:
            raise Misuse(f"{printable(name)}: neither DER nor PEM certificates") from None
    return found


def read_secret(name: str) -> bytes:
    """A password or shared secret; a newline at the end is no part of it."""
    octets = read_input(name)
    return octets.removesuffix(b"\n").removesuffix(b"\r")


def read_key(name: str, password: bytes | None = None) -> Key:
    """The private key in a file, or behind a ``pkcs11:`` URI."""
    from cmcodec import keys

    try:
        if keys.is_uri(name):
            return keys.read(name)
        return keys.FileKey(keys.parse(read_input(name), password))
    except (keys.KeyAccessError, UnsupportedError) as error:
        # A URI may say where the PIN is.
        shown = printable(name.partition("?")[0])
        raise Misuse(f"{shown}: {error}") from None


def write_output(name: str, octets: bytes, *, private: bool = False) -> None:
    """A file with these octets in the place of one that may be there; ``private``: mode 0600."""
    from cmcodec import durable

    try:
        durable.write(name, octets, mode=durable.PRIVATE if private else None)
    except OSError as error:
        raise Misuse(f"{printable(name)}: {error.strerror or error}") from None


def backend_option(function: Callable[..., object]) -> Callable[..., object]:
    """The option ``--backend``, which takes effect at once and is no argument of the command."""
    return click.option(
        "--backend",
        type=click.Choice(["auto", "rust", "pure"]),
        expose_value=False,
        callback=_use_backend,
        help="Which backend to use, rather than CMCODEC_BACKEND.",
    )(function)


def _use_backend(_: click.Context, __: click.Parameter, wanted: str | None) -> None:
    if wanted is None:
        return
    try:
        cmcodec.use_backend(wanted)
    except (ImportError, UnsupportedError) as error:
        raise Misuse(f"--backend {wanted}: {error}") from None
