"""The certification authority: the same octets, and hooks that raise."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import oids
from cmcodec.roles import Issue, Refuse, Rules, ca, public_keys
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Authority,
    certified,
    damaged,
    failed,
    identified,
    renewal,
)
from kit.watched_stores import FailingStore

if TYPE_CHECKING:
    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision


BAD = CMCFailInfo.BAD_REQUEST
BUSY, INTERNAL = CMCFailInfo.TRY_LATER, CMCFailInfo.INTERNAL_CA_ERROR
OLD = certified("device")


# --- the same octets ------------------------------------------------------------------------------


def test_the_same_octets_get_the_same_answer() -> None:
    """R-017: as long as answers are kept; then they begin a new exchange."""
    authority = Authority({"rules": Rules(answers_kept=timedelta(days=2))})
    octets = renewal(OLD)
    first = authority.process(octets)
    authority.advance(days=1)
    again = authority.process(octets)
    assert (again.octets, again.outcomes) == (first.octets, ())
    assert authority.calls == 1
    authority.advance(days=1)
    assert authority.process(octets).octets != first.octets
    assert len(authority.issued) == 2


def test_who_is_busy_with_a_message_is_left_to_it() -> None:
    """R-017: meanwhile it is tryLater; when the time is over, whoever comes takes it over."""
    authority = Authority()
    octets = renewal(OLD)
    inner: list[Any] = []

    def slow(application: Application, template: Any) -> Any:
        if not inner:
            inner.append(authority.process(octets))
            authority.advance(minutes=1)
            inner.append(authority.process(octets))
        return authority.issue(application, template)

    outer = authority.process(octets, issue=slow)
    busy, taken = inner
    assert busy.statuses() == failed(BUSY, 0)
    assert taken.certificates()
    assert outer.octets == taken.octets
    assert len(authority.issued) == 1


def test_who_was_overtaken_before_it_decided_gives_up() -> None:
    """R-017: the decision that counts is that of who has the message."""
    authority = Authority()
    octets = renewal(OLD)
    taken: list[Any] = []

    def slow(application: Application) -> Decision:
        authority.advance(minutes=1)
        taken.append(authority.process(octets))
        return Refuse(BAD)

    outer = authority.process(octets, policy=slow)
    assert taken[0].certificates()
    assert outer.octets == taken[0].octets
    assert not outer.outcomes
    assert authority.process(octets).octets == taken[0].octets


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("x"), INTERNAL),
        (OSError("x"), BUSY),
        (TimeoutError("x"), BUSY),
        (ConnectionError("x"), BUSY),
    ],
    ids=repr,
)
@pytest.mark.parametrize("hook", ["policy", "issue"])
def test_a_hook_that_raises(
    hook: str, error: Exception, code: CMCFailInfo, caplog: pytest.LogCaptureFixture
) -> None:
    """R-017: the client learns internalCAError or tryLater; the rest is logged."""

    def fail(*arguments: Any) -> Any:
        raise error

    authority = Authority()
    octets = renewal(OLD)
    answer = authority.process(octets, **{hook: fail})
    assert answer.statuses() == failed(code, 3)
    assert answer.controls(oids.ID_CMC_STATUS_INFO_V2)[0].status_string is None
    (outcome,) = answer.outcomes
    assert (outcome.error, outcome.status, outcome.fail_info) == (error, CMCStatus.FAILED, code)
    assert outcome.application_id is not None
    assert outcome.application_id.hex() in caplog.text
    again = authority.process(octets)
    assert again.certificates()
    assert [each.application_id for each in again.outcomes] == [outcome.application_id]


def test_a_decision_is_kept() -> None:
    """R-017: a policy is asked once; what it puts off it is asked again."""
    asked: list[bytes] = []

    def policy(application: Application) -> Decision:
        asked.append(application.id)
        return Issue()

    def fail(*arguments: Any) -> Any:
        raise OSError

    authority = Authority({"policy": policy})
    octets = renewal(OLD)
    assert authority.process(octets, issue=fail).statuses() == failed(BUSY, 3)
    assert authority.process(octets).certificates()
    assert len(asked) == 1
    later = Authority()
    octets = renewal(OLD)
    put_off = lambda application: Refuse(BUSY)  # noqa: E731
    assert later.process(octets, policy=put_off).statuses() == failed(BUSY, 3)
    assert later.process(octets).certificates()


def test_other_hooks_that_raise() -> None:
    """R-017: decorate, the callbacks of secrets and trust, the clock of another zone."""

    def fail(*arguments: Any) -> Any:
        raise ConnectionError

    for options, code in (
        ({"decorate": fail}, BUSY),
        ({"trust": fail}, BUSY),
        ({"authorised_ras": fail}, BUSY),
    ):
        authority = Authority()
        octets = renewal(OLD)
        assert authority.process(octets, **options).statuses() == failed(code, 0)
        assert authority.process(octets).certificates()
    authority = Authority()
    octets = identified()
    assert authority.process(octets, secrets=fail).statuses() == failed(BUSY, 0)
    authority.secret()
    assert authority.process(octets).certificates()


def test_a_store_that_is_down() -> None:
    """R-017: tryLater, whichever transaction it is; the same octets are worked on again."""
    for number in range(8):
        authority = Authority()
        octets = renewal(OLD)
        store = FailingStore(authority.store, number, OSError("down"))
        answer = authority.process(octets, store=store)
        if answer.certificates():
            break
        assert answer.statuses() == failed(BUSY, 0)
        authority.advance(minutes=2)
        assert authority.process(octets).certificates()
        assert len(authority.issued) == 1
    assert number > 2


def test_refusals_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """R-017: with the reason, whether a message or a request is refused."""
    caplog.set_level(logging.INFO, "cmcodec.roles")
    authority = Authority({"policy": lambda application: Refuse(CMCFailInfo.UNSUPPORTED_EXT)})
    for octets in (damaged(renewal(OLD)), renewal(OLD)):
        caplog.clear()
        authority.process(octets)
        assert "refused" in caplog.text


@pytest.mark.parametrize("missing", [(), public_keys.WEAKNESSES])
def test_missing_checks_of_keys_are_named_at_the_start(
    missing: tuple[str, ...], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-210: where they are not installed; once in a process."""
    monkeypatch.setattr(public_keys, "missing", lambda: missing)
    ca._name_missing_checks.cache_clear()
    for _ in range(2):
        Authority().build()
    ca._name_missing_checks.cache_clear()
    assert [each.message.count(", ") for each in caplog.records] == [4] * bool(missing)
