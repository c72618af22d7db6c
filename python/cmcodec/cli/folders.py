"""The folders of CAs and RAs, as commands open and serve them; what is wrong is told in a line."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import click

from cmcodec.cli.groups import Many
from cmcodec.cli.options import FILE, Misuse, backend_option, printable, read_certificates
from cmcodec.foreign import quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography import x509

    from cmcodec.embedded import EmbeddedCA, EmbeddedRA
    from cmcodec.embedded.serving.service import Service

__all__ = ["certificates", "name_of", "opened_ca", "opened_ra", "serve", "serving_options", "told"]

T = TypeVar("T")

_HTTP: Final = "127.0.0.1:8080"
"""Where a server listens that is told nothing else."""

_SERVING = (
    click.option("--http", metavar="HOST:PORT", help=f"CMC and EST over HTTP [{_HTTP}]."),
    click.option("--tcp", metavar="HOST:PORT", help="CMC over TCP; 5318 is its port."),
    click.option(
        "--watch", type=Path, metavar="FOLDER", help="Answer NAME.p10 and NAME.crq there."
    ),
    click.option(
        "--authorised-ra",
        cls=Many,
        type=FILE,
        metavar="FILE…",
        help="Certificates of RAs whose word counts.",
    ),
    click.option("--metrics", metavar="HOST:PORT", help="/metrics and /healthz, for Prometheus."),
    click.option("--log-json", is_flag=True, help="Log an object in each line."),
    click.option(
        "--workers", type=click.IntRange(1), default=1, metavar="N", help="Processes [1]."
    ),
)


class _Made(Protocol):
    def __call__(self, *, store_failed: Callable[[], None]) -> Service: ...


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with a folder, its store or an address, as wrong use of one line."""
    try:
        from cmcodec.embedded import FolderError
        from cmcodec.embedded.serving.listening import ServingError
        from cmcodec.errors import UnsupportedError
        from cmcodec.stores import StoreError
    except ImportError as error:
        raise Misuse(f"{error}: pip install 'cmcodec[server]'") from None
    try:
        yield
    except (FolderError, ServingError, UnsupportedError, ValueError) as error:
        raise Misuse(str(error)) from None
    except StoreError as error:
        raise Misuse(f"the store: {error}") from None
    except OSError as error:
        raise Misuse(f"{error.filename or 'the folder'}: {error.strerror or error}") from None


@contextmanager
def opened_ca(folder: Path, **options: Any) -> Iterator[EmbeddedCA]:
    """The CA of a folder."""
    with told():
        from cmcodec.embedded import EmbeddedCA

        ca = EmbeddedCA(path=folder, **options)
    try:
        yield ca
    finally:
        ca.close()


@contextmanager
def opened_ra(folder: Path, **options: Any) -> Iterator[EmbeddedRA]:
    """The RA of a folder."""
    with told():
        from cmcodec.embedded import EmbeddedRA

        ra = EmbeddedRA(path=folder, **options)
    try:
        yield ra
    finally:
        ra.close()


def certificates(names: tuple[str, ...]) -> list[x509.Certificate]:
    """The certificates in files, as objects of ``cryptography``."""
    from cryptography import x509

    found: list[x509.Certificate] = []
    for name in names:
        try:
            octets = read_certificates((name,))
            found += [quietly(x509.load_der_x509_certificate, each) for each in octets]
        except ValueError as error:
            raise Misuse(f"{printable(name)}: {error}") from None
    return found


def name_of(text: str | None) -> x509.Name | None:
    """A name as RFC 4514 writes it."""
    from cryptography import x509

    if text is None:
        return None
    try:
        return x509.Name.from_rfc4514_string(text)
    except ValueError:
        raise Misuse(f"{text!r} is no name: 'CN=device,O=Example'") from None


# --- servers ---------------------------------------------------------------------------------


def serving_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of servers; the command is called with ``serving``, and with what else it has."""

    @wraps(function)
    def command(**given: Any) -> Any:
        names = ("http", "tcp", "watch", "metrics", "log_json", "workers")
        return function(serving={name: given.pop(name) for name in names}, **given)

    made: Callable[..., Any] = backend_option(command)
    for option in reversed(_SERVING):
        made = option(made)
    return made


def serve(make: _Made, serving: dict[str, Any]) -> int:
    """Serves what was made, until a signal comes; what is wrong with it is told before."""
    with told():
        from cmcodec.embedded.serving import serve as run

        make(store_failed=lambda: None).close()
        if not any(serving[name] for name in ("http", "tcp", "watch")):
            serving = {**serving, "http": _HTTP}
        run(lambda failed: make(store_failed=failed), **serving)
    return 0
