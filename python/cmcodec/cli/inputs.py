"""The messages that commands are given: in files, of which one may hold several, and in folders."""

from __future__ import annotations

import mmap
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec.cli.options import Failure, Misuse, bad_message, opened, printable, read_rest
from cmcodec.errors import CMCError
from cmcodec.hints import hint
from cmcodec.message import load
from cmcodec.received import several

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cmcodec.message import Message

__all__ = ["Input", "Inputs", "loaded", "mapped", "read_message", "read_messages"]

_HEAD: Final = 4 << 20
"""Octets that are read first: those of most files, and of the others enough to tell what it is."""

_SEQUENCE: Final = b"\x30"
_LONG_FORM: Final = 0x80
_OBJECT_IDENTIFIER: Final = 0x06


class Input(NamedTuple):
    """A message as it was received, and the file it came from: which one of several, else 0."""

    file: str
    number: int
    octets: bytes

    @property
    def name(self) -> str:
        """What it is called where it is spoken of: ``requests.pem#2``."""
        return f"{self.file}#{self.number}" if self.number else self.file


@dataclass(slots=True)
class Inputs:
    """What was read; ``passed_over``: the files that were not, and why, a line for each."""

    messages: list[Input] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Reads a file, or standard input for ``-``."""
        found = _messages(name)
        first = 1 if len(found) > 1 else 0
        self.messages += [Input(name, n, octets) for n, octets in enumerate(found, first)]


def read_messages(names: Sequence[str], *, recursive: bool | None = None) -> Inputs:
    """The messages in files; with ``recursive``, also those of all files below folders.

    It is None where the command has no such option.

    A file that was named and cannot be read, or has more than `options.MAX_FILE_SIZE` octets, ends
    the command; one that was found in a folder is passed over.
    """
    inputs = Inputs()
    for name in names:
        if recursive is None or not os.path.isdir(name):
            inputs.add(name)
        elif not recursive:
            raise Misuse(f"{printable(name)}: this is a folder: --recursive takes all files in it")
        elif not (paths := _below(name)):
            raise Misuse(f"{printable(name)}: there is no file in this folder")
        else:
            for path in paths:
                try:
                    inputs.add(path)
                except Failure as error:
                    inputs.passed_over.append(error.message)
    return inputs


def read_message(name: str) -> bytes:
    """What is to be one message, in a file, as it was received."""
    found = _messages(name)
    return found[0] if len(found) == 1 else b"".join(found)


def loaded(name: str) -> Message:
    """The one message in a file, validated; ends where there is none."""
    try:
        return load(read_message(name))
    except CMCError as error:
        raise bad_message(name, error) from None


@contextmanager
def mapped(name: str) -> Iterator[bytes | mmap.mmap]:
    """A file, of which no more is read than is looked at; or all of standard input for ``-``."""
    with opened(name) as stream:
        octets: bytes | mmap.mmap
        try:
            octets = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            # A pipe, or an empty file.
            octets = read_rest(stream, name)
    try:
        yield octets
    finally:
        if isinstance(octets, mmap.mmap):
            octets.close()


def _messages(name: str) -> list[bytes]:
    """The messages in a file; of a large one that can be none, its beginning alone.

    Of a CRL, say, that is refused as truncated, with the hint that it is a CRL.
    """
    with opened(name) as stream:
        head = stream.read(_HEAD)
        found = several(head)
        # One piece that is not all of it: what no message begins with.
        is_cut = len(found) == 1 and len(found[0]) < len(head)
        if len(head) < _HEAD or is_cut or _is_no_message(head):
            return found
        return several(read_rest(stream, name, head))


def _is_no_message(head: bytes) -> bool:
    """Whether this begins a SEQUENCE that is known to be neither CMS nor a PKCS#10."""
    if head[:1] != _SEQUENCE or head[1] < _LONG_FORM:
        return False
    first = head[2 + (head[1] & ~_LONG_FORM)]
    return first != _OBJECT_IDENTIFIER and bool(hint(head))


def _below(folder: str) -> list[str]:
    """The files in a folder and in all folders below, in order; links to folders are left out."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders.sort()
        paths = (os.path.join(parent, file) for file in sorted(files))
        found += [path for path in paths if os.path.isfile(path)]
    return found
