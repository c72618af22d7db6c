"""Several signatures at once: what is reported is the same with lanes and without (V14)."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import cmcodec
import published
from cmcodec import UnsupportedError, _backend
from cmcodec.verify.lanes import LanesWarning
from kit import corpus
from kit.keys import BOB
from kit.messages import Message, members, pkcs10, pki_data, tcr
from kit.mutants import mutant
from kit.vectors import BATCH, shared

if TYPE_CHECKING:
    from kit.command import Run

COPIES = 8
"""As many as fill a register, where a message has one signature."""
RAS = [shared("keys/ra-p256-cert.der")]


def reported(items: Any, lanes: Any, **decisions: Any) -> list[str]:
    """Every row, with all that it says."""
    return list(map(repr, cmcodec.verify_batch(items, lanes=lanes, **decisions)))


def assert_same(items: Any, **decisions: Any) -> list[str]:
    """With lanes and without, on one thread and on several; the rows."""
    expected = reported(items, "off", threads=1, **decisions)
    for threads in (1, 3):
        assert reported(items, "auto", threads=threads, **decisions) == expected
    return expected


@pytest.mark.parametrize("legacy", [False, True])
def test_v14_lanes_change_no_row(legacy: bool, backend: str) -> None:
    """V14: of the vectors and of every hostile message, each several times, in any order."""
    cases = [case.octets for case in published.cases().values()]
    items = (corpus.messages() + cases) * (COPIES if backend == "rust" else 1)
    Random(1).shuffle(items)
    items = items[: 4000 if backend == "rust" else 300]
    assert len(assert_same(items, legacy=legacy, authorised_ras=RAS)) > len(items)


def test_v14_lanes_change_no_row_of_a_batch(backend: str) -> None:
    """V14: of members that are good and of those that are not, beside one another."""
    random = Random(2)
    good = [member.to_der() for _, member in cmcodec.load(BATCH.read_bytes()).unverified_messages]
    inside = [random.choice(good) for _ in range(400 if backend == "rust" else 60)]
    inside = [mutant(random, each) if random.random() < 0.3 else each for each in inside]
    readable = [each for each in inside if cmcodec.verify_batch(each)[0].verdict != "malformed"]
    batch = Message(content=pki_data(members=members(*readable))).encode()
    rows = assert_same(batch, authorised_ras=RAS)
    assert len(rows) >= len(readable)
    assert {row.verdict for row in cmcodec.verify_batch(batch)} >= {"verified", "failed"}


def test_r6_each_of_many_requests_has_its_own_answer() -> None:
    """R6: lanes look at 128 requests at once; wrong ones are told from those beside them."""
    wrong = {1, 2, 127, 128, 129, 130, 255, 256, 257, 299, 300}
    other = pkcs10(signature=BOB.sign(b"another request"))
    requests = [tcr(at, other if at in wrong else None) for at in range(1, 301)]
    message = Message(content=pki_data(requests=requests)).encode()
    assert_same(message)
    for lanes in ("off", "auto"):
        (row,) = cmcodec.verify_batch(message, lanes=lanes)
        assert {it.id for it in row.requests if it.pop != "verified"} == wrong


def test_v15_lanes_change_nothing_where_all_fails() -> None:
    """V15: the library is asked about each."""
    items = [shared("negative/flipped-signature.der")] * 100
    assert_same(items)
    assert {row.reason for row in cmcodec.verify_batch(items, lanes="auto")} == {
        "signature_invalid"
    }


def test_lanes_are_looked_for_once_and_named(backend: str) -> None:
    """Where a backend has none, ``auto`` says the same as ``off``."""
    info = cmcodec.backend_info()
    assert (info.name, info.lanes_wanted) == (backend, "off")
    assert info.lanes == "absent" or backend == "rust"


def test_lanes_are_auto_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call decides, then the environment; what is neither is refused, and says where."""
    octets = shared("signed/p256-pkcs10.der")
    with pytest.raises(ValueError, match="lanes: 'on' is not one of auto, off"):
        cmcodec.verify_batch(octets, lanes="on")  # type: ignore[arg-type]
    monkeypatch.setenv("CMCODEC_LANES", "auto")
    assert cmcodec.backend_info().lanes_wanted == "auto"
    assert cmcodec.verify_batch(octets)[0].verdict == "verified"
    monkeypatch.setenv("CMCODEC_LANES", "8")
    with pytest.raises(UnsupportedError, match="CMCODEC_LANES=8: not one of auto, off"):
        cmcodec.verify_batch(octets)
    assert cmcodec.verify_batch(octets, lanes="off")[0].verdict == "verified"


def test_the_command_takes_lanes(cmc: Run) -> None:
    """``--lanes`` and ``--no-lanes`` say the same, octet for octet."""
    said = [cmc("verify", "--json", option, BATCH).stdout for option in ("--lanes", "--no-lanes")]
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == 1001
    assert "lanes" in cmc("--version").stdout
    refused = cmc("verify", BATCH, CMCODEC_LANES="8")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "cmc: CMCODEC_LANES=8: not one of auto, off\n"


class Erring:
    """The verdicts of a backend whose lanes erred on the way."""

    disagreement = ("ecdsa-with-SHA256", b"\1\2", b"message", b"\3")

    def __init__(self, verdicts: Any) -> None:
        self._verdicts = verdicts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._verdicts, name)


def test_a_disagreement_is_a_warning_with_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is given as well; what the maintainers need stands in the warning."""
    verify = _backend.verify
    monkeypatch.setattr(_backend, "verify", lambda *items, **said: Erring(verify(*items, **said)))
    octets = shared("signed/p256-pkcs10.der")
    with pytest.warns(LanesWarning, match="key 0102 and signature 03") as caught:
        report = cmcodec.verify_batch(octets)
    assert report.counts() == {"verified": 1}
    (warning,) = (each.message for each in caught)
    assert isinstance(warning, LanesWarning)
    assert (warning.algorithm, warning.key) == ("ecdsa-with-SHA256", b"\1\2")
    assert (warning.message, warning.signature) == (b"message", b"\3")
