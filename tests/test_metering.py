"""The processor time of cryptography is told from the rest."""

from __future__ import annotations

import threading

import pytest

from cmcodec import cms, metering
from cmcodec.cms import RecipientKey
from kit.authority import Authority, certified, renewal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The processor time of every thread, as the test says it."""
    times = [0.0]
    monkeypatch.setattr("cmcodec.metering.time.thread_time", lambda: times[0])
    return times


def test_a_block_counts_once(clock: list[float]) -> None:
    """What is inside another block is in it already; what is outside is not counted."""
    before = metering.spent()
    clock[0] += 8
    with metering.cryptography():
        with metering.cryptography():
            clock[0] += 1
        clock[0] += 2
    assert metering.spent() - before == pytest.approx(3)


def test_a_block_that_fails_counts(clock: list[float]) -> None:
    """And does not stay open."""
    before = metering.spent()

    def fail() -> None:
        clock[0] += 1
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"), metering.cryptography():
            fail()
    assert metering.spent() - before == pytest.approx(2)


def test_each_thread_has_its_own(clock: list[float]) -> None:
    """What another one does is not counted here."""
    before = metering.spent()

    def work() -> None:
        with metering.cryptography():
            clock[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert metering.spent() == before


def test_verifying_and_deriving_count() -> None:
    """A message that is verified, a chain, a key from a password."""
    octets = renewal(certified("device"))
    before = metering.spent()
    Authority().process(octets)
    verified = metering.spent()
    assert verified > before
    sealed = cms.encrypt(octets, [cms.Recipient.from_password(b"secret", iterations=50_000)])
    made = metering.spent()
    assert made > verified
    cms.decrypt(sealed, RecipientKey.from_password(b"secret"))
    assert metering.spent() > made
