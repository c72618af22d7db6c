"""The choice of backend, and what both do with octets that nobody has validated."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from asn1crypto import core

import cmcodec
from cmcodec import _backend, asn1, types
from cmcodec.asn1 import Asn1, LazySequence
from kit.answers import refusal
from kit.der import integer, seq, tlv
from kit.vectors import shared

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(cmcodec.__file__).parent.parent


def test_backend_has_a_name(backend: str) -> None:
    """``cmcodec.backend`` tells which one is at work."""
    assert cmcodec.backend == backend


def test_unknown_backend_is_unsupported(backend: str) -> None:
    """A misspelt backend is an error, and changes nothing."""
    with pytest.raises(cmcodec.UnsupportedError, match="CMCODEC_BACKEND=fast"):
        _backend.use("fast")
    assert cmcodec.backend == backend


@pytest.mark.parametrize(
    ("wanted", "answers"),
    [("pure", {"pure"}), ("auto", {"rust", "pure"}), ("", {"rust", "pure"}), ("fast", set())],
)
def test_backend_is_chosen_by_the_environment(wanted: str, answers: set[str], backend: str) -> None:
    """``CMCODEC_BACKEND``."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "CMCODEC_BACKEND": wanted}
    if not wanted:
        del environment["CMCODEC_BACKEND"]
    done = subprocess.run(
        [sys.executable, "-c", "import cmcodec; print(cmcodec.backend)"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (done.stdout.strip() in answers) == (done.returncode == 0) == bool(answers)


def test_importing_is_light() -> None:
    """The engine needs neither asn1crypto nor ``cryptography`` to load a message."""
    code = (
        "import sys, cmcodec; cmcodec.load(open(sys.argv[1], 'rb').read()).kind;"
        "assert cmcodec.backend == 'pure' or 'asn1crypto' not in sys.modules;"
        "assert 'cryptography' not in sys.modules or cmcodec.backend == 'pure'"
    )
    vector = Path(__file__).parent / "vectors" / "shared" / "signed" / "p256-pkcs10.der"
    subprocess.run(
        [sys.executable, "-c", code, str(vector)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
    )


def test_every_public_name_is_there_and_loaded_when_it_is_used() -> None:
    """Annotations too; the import alone loads no types and no ``cryptography``."""
    code = (
        "import sys, cmcodec;"
        "assert not {'cryptography', 'asn1crypto', 'cmcodec.asn1', 'cmcodec.types',"
        " 'cmcodec.verify'} & {*sys.modules};"
        "assert all(getattr(cmcodec, name) is not None for name in cmcodec.__all__);"
        "assert dir(cmcodec) == sorted(cmcodec.__all__);"
        "assert set(cmcodec.Buffer.__args__) == {bytes, bytearray, memoryview};"
        "assert bytes in cmcodec.CertificateLike.__args__;"
        "assert set(cmcodec.CertificateLike.__args__) < set(cmcodec.Trust.__args__)"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(PACKAGE)}
    )


class Foreign(Asn1):
    """A class that no backend knows."""


@pytest.mark.parametrize(
    "action",
    [
        lambda: Foreign.from_der(b"\x05\x00"),
        lambda: Foreign().to_der(),
        lambda: _backend.decode("CMCStatus", b"\x05\x00", False),
    ],
)
def test_undeclared_classes_are_key_errors(action: Callable[[], object]) -> None:
    """A mistake of the caller, never of the input."""
    with pytest.raises(KeyError):
        action()


@pytest.mark.parametrize(
    ("octets", "pos", "end", "refused"),
    [
        (b"", 0, 0, ("DecodeError", "truncated", 0, "bodyPartList")),
        (seq(integer(1)), 1, 5, ("DecodeError", "bad_tag", 1, "bodyPartList")),
        (b"xx" + seq(b"\x04\x00"), 2, 6, ("DecodeError", "bad_tag", 4, "bodyPartList[0]")),
        (b"xx" + seq(integer(1)) + b"xx", 2, 9, None),
        (b"xx" + seq(integer(1)) + b"xx", 2, 4, ("DecodeError", "truncated", 2, "bodyPartList")),
    ],
)
def test_decode_at(octets: bytes, pos: int, end: int, refused: object) -> None:
    """One value at its place, and where it ends; what follows it is not read."""
    assert refusal(lambda: _backend.decode_at("BodyPartList", octets, pos, end)) == refused
    if refused is None:
        found = _backend.decode_at("BodyPartList", octets, pos, end)
        assert found == (types.BodyPartList((1,)), 7)


def test_offsets() -> None:
    """Where each element starts."""
    octets = integer(1) + integer(300) + seq()
    assert _backend.offsets(octets, 0, len(octets)) == [0, 3, 7]
    assert _backend.offsets(octets, 3, 7) == [3]
    assert _backend.offsets(octets, 3, 3) == []
    refused = refusal(lambda: _backend.offsets(octets, 0, 5))
    assert refused
    assert refused[:3] == ("DecodeError", "truncated", 3)


def test_members_end_at_what_is_no_member() -> None:
    """A ValueError for octets that are no TaggedContentInfo, when they are reached."""
    good = seq(integer(5), seq())
    assert list(_backend.members(good, 0, len(good))) == [(5, 5, 7)]
    assert list(_backend.members(b"", 0, 0)) == []
    for octets in (b"\x30", seq(), seq(b"\x02\x05\x01")):
        members = _backend.members(good + octets, 0, len(good + octets))
        assert next(members) == (5, 5, 7)
        with pytest.raises(ValueError, match="no TaggedContentInfo"):
            next(members)


def test_nothing_built_is_kept() -> None:
    """Values own what is made for them, and give it back with themselves."""
    octets = shared("batch/batch-req-10.der")
    lasting = [asn1.NULL, types.PKIData, types.Extension, asn1.TLV, asn1.BitString, LazySequence]

    def read() -> list[int]:
        message = cmcodec.load(octets)
        assert message.unverified_structure
        assert all(nested.unverified_content for _, nested in message.unverified_messages)
        return [sys.getrefcount(value) for value in lasting]

    before = read()
    assert all(read() == before for _ in range(20))


@pytest.mark.parametrize(
    "body",
    ["__slots__ = ('more',)", "", "__slots__ = ('__dict__',)", "extn_id = property()"],
    ids=["one more slot", "any attribute", "a dict", "no slot"],
)
def test_classes_with_more_than_their_slots_are_refused(body: str, backend: str) -> None:
    """The engine writes slots only where it has seen that they stand."""
    if backend == "pure":
        pytest.skip("calls the class")
    code = f"""if True:
        from cmcodec import _backend, types
        class Extension(types.Extension):
            {body or "pass"}
        types.Extension = Extension
        try:
            _backend.decode("BitString", bytes((3, 2, 0, 1)), False)
        except TypeError as error:
            print(error)
    """
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "CMCODEC_BACKEND": "rust"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert "has more than its slots" in done.stdout


def test_object_identifiers_are_read_alike_however_many() -> None:
    """P8: what the engine remembers of them is bounded, and what it forgets it makes anew."""
    dotted = [f"1.3.6.1.4.1.{arc}" for arc in range(3000)]
    dotted += [f"1.2{f'.{2**64}' * arcs}" for arcs in range(1, 8)]
    for text in dotted + dotted[::-1]:
        octets = seq(core.ObjectIdentifier(text).dump())
        assert types.AlgorithmIdentifier.from_der(octets).algorithm == text


def test_threads_read_alike() -> None:
    """Values are built by any number of threads at once."""
    messages = cmcodec.load(shared("batch/batch-req-10.der")).unverified_messages
    expected = [message.unverified_content for _, message in messages]

    def read(_: int) -> bool:
        return [message.unverified_content for _, message in messages] == expected

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(40)))


@pytest.mark.parametrize(
    ("octets", "path"),
    [
        (b"", ("contentType",)),
        (b"\x30", ("contentType",)),
        (seq(b"\x06\x05\x2a"), ("content", "version")),
        (seq(b"\x06\x01\x2a", tlv(0xA0, integer(1))), ("content", "version")),
        (seq(b"\x06\x01\x2a", tlv(0xA0)), ("content",)),
        (seq(b"\x06\x01\x2a", tlv(0xA0, integer(1))), ("contentType", 0)),
        (seq(b"\x06\x01\x2a", tlv(0xA0, integer(1))), (0,)),
    ],
)
def test_locate_in_broken_octets(octets: bytes, path: tuple[str | int, ...]) -> None:
    """P9: nothing is found, and nothing raised."""
    assert _backend.locate("ContentInfo", octets, 0, len(octets), path) is None


def test_root_of_a_message_is_seen_behind_any_header() -> None:
    """A PKCS#10 begins with a SEQUENCE in its SEQUENCE, whatever the length octets."""
    for octets, root in (
        (b"", "contentInfo"),
        (b"\x30", "contentInfo"),
        (b"\x30\x02\x30\x00", "certificationRequest"),
        (b"\x30\x81\x80\x30" + bytes(127), "certificationRequest"),
        (b"\x30\xff\x30", "contentInfo"),
    ):
        refused = refusal(lambda octets=octets: cmcodec.load(octets))
        assert refused
        assert refused[3].startswith(root)


@pytest.mark.parametrize("left", range(60, 300, 20))
def test_little_stack_left_by_the_caller(left: int) -> None:
    """P9: deep in the caller's own recursion, a message is read or refused as too deep."""
    octets = shared("batch/batch-req-10.der")
    cmcodec.load(octets)  # whatever is imported on first use
    frame, used = sys._getframe(), 0
    while frame := frame.f_back:  # type: ignore[assignment]
        used += 1

    def call(levels: int) -> object:
        return call(levels - 1) if levels else refusal(lambda: cmcodec.load(octets))

    found = call(sys.getrecursionlimit() - used - left)
    assert found in (None, ("LimitError", "depth", 0, "contentInfo"))
