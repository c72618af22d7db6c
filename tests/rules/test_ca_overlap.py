"""The certification authority: renewals overlap, and a crash loses and doubles nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec import types
from cmcodec.builders import RequestBuilder
from cmcodec.roles import Issue, Pend, Rules
from cmcodec.roles.store import Kind
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    LATER,
    Authority,
    builder,
    certified,
    confirming,
    new,
    pending,
    polling,
    renewal,
    signer,
)
from kit.chains import Issued
from kit.keys import SHA256, key

if TYPE_CHECKING:
    from collections.abc import Callable

OLD = certified("device")
SUCCESS = CMCStatus.SUCCESS
REVOKED = types.CRLReason.SUPERSEDED


def revoke(made: RequestBuilder) -> RequestBuilder:
    return made.revoke(OLD.certificate, REVOKED)


def publish(made: RequestBuilder) -> RequestBuilder:
    return made.add_control(publication())


def publication() -> types.CMCPublicationInfo:
    wanted = types.PKIPublicationInfo(action=1)
    return types.CMCPublicationInfo(
        hash_alg=SHA256, cert_hashes=(hashlib.sha256(OLD.der).digest(),), pub_info=wanted
    )


def done(authority: Authority) -> tuple[int, int]:
    return len(authority.revoked), len(authority.published)


# --- overlap ---------------------------------------------------------------------------------


def test_a_renewal_revokes_nothing() -> None:
    """R-107: the old certificate stays, neither revoked nor unpublished, whatever time passes."""
    authority = Authority()
    assert authority.process(renewal(OLD)).certificates()
    authority.advance(days=60)
    assert authority.build().settle() == 0
    assert done(authority) == (0, 0)


def test_a_rule_revokes_what_was_replaced() -> None:
    """R-107: some time after the new certificate was collected, as superseded."""
    authority = Authority({"rules": Rules(revoke_replaced_after=timedelta(days=7))})
    assert authority.process(renewal(OLD)).certificates()
    authority.advance(days=6)
    authority.build().settle()
    assert not authority.revoked
    authority.advance(days=1)
    assert authority.build().settle() == 1
    assert authority.build().settle() == 0
    (revocation,) = authority.revoked
    assert revocation.certificate.serial_number == OLD.certificate.serial_number
    assert revocation.reason is REVOKED


def test_a_rule_waits_for_the_confirmation() -> None:
    """R-144: the time counts from it; where it does not come, the old certificate stays."""
    rules = Rules(confirm=True, revoke_replaced_after=timedelta(days=7))
    authority = Authority({"rules": rules})
    first = authority.process(renewal(OLD))
    authority.advance(hours=20)
    assert authority.process(confirming(first)).statuses()[0][0] == SUCCESS
    authority.advance(days=6, hours=23)
    authority.build().settle()
    assert not authority.revoked
    authority.advance(hours=1)
    authority.build().settle()
    assert [each.certificate.serial_number for each in authority.revoked] == [
        OLD.certificate.serial_number
    ]
    for accept in (False, None):
        authority = Authority({"rules": rules})
        first = authority.process(renewal(OLD))
        if accept is False:
            authority.process(confirming(first, accept=False))
        authority.advance(days=30)
        authority.build().settle()
        (revocation,) = authority.revoked
        assert revocation.certificate.serial_number != OLD.certificate.serial_number


def test_revoking_and_publishing_go_with_the_new_certificate() -> None:
    """R-159, R-244: beside a request they wait until it is collected, and then are done.

    Shows CA: publishCert.
    """
    authority = Authority()
    order: list[str] = []
    answer = authority.process(
        renewal(OLD, change=lambda made: publish(revoke(made))),
        revoke=lambda found: order.append("revoke"),
        publish=lambda found: order.append("publish"),
    )
    assert {each[0] for each in answer.statuses()} == {SUCCESS}
    assert order == ["revoke", "publish"]


@pytest.mark.parametrize("accept", [True, False, None])
def test_revoking_and_publishing_wait_for_the_confirmation(accept: bool | None) -> None:
    """R-144, R-159: never before it, and not at all where it is refused or does not come."""
    authority = Authority({"rules": Rules(confirm=True)})
    first = authority.process(renewal(OLD, change=lambda made: publish(revoke(made))))
    assert done(authority) == (0, 0)
    if accept is None:
        authority.advance(days=1)
        authority.build().settle()
    else:
        assert authority.process(confirming(first, accept=accept)).statuses()[0][0] == SUCCESS
    old = [each for each in authority.revoked
           if each.certificate.serial_number == OLD.certificate.serial_number]  # fmt: skip
    assert (len(old), len(authority.published)) == ((1, 1) if accept else (0, 0))


def test_revoking_and_publishing_wait_for_the_decision() -> None:
    """R-142, R-159: an application that waits keeps what waits for it."""
    authority = Authority({"policy": pending})
    first = authority.process(renewal(OLD, change=lambda made: publish(revoke(made))))
    assert done(authority) == (0, 0)
    authority.build().decide(first.token, Issue())
    assert done(authority) == (0, 0)
    assert authority.process(polling(first, OLD)).certificates()
    assert done(authority) == (1, 1)


def test_nothing_is_revoked_where_nothing_is_issued() -> None:
    """R-159: a request that fails leaves the old certificate as it is."""
    authority = Authority()
    octets = renewal(OLD, new(number=91), change=lambda made: publish(revoke(made)))
    answer = authority.process(octets)
    codes = [CMCFailInfo.NO_KEY_REUSE, *[CMCFailInfo.BAD_REQUEST] * 2]
    assert sorted(each[2] for each in answer.statuses()) == sorted(codes)
    assert done(authority) == (0, 0)


def test_publishing_alone_is_done_at_once() -> None:
    """R-159: a certificate is published, or no longer.

    Shows CA: publishCert.
    """
    authority = Authority()
    octets = RequestBuilder().transaction().add_control(publication()).sign(signer(OLD))
    assert authority.process(octets).statuses()[0][0] == SUCCESS
    assert authority.published == [publication()]
    assert authority.process(octets).statuses()[0][0] == SUCCESS
    assert len(authority.published) == 1

    def unknown(info: Any) -> None:
        raise LookupError

    octets = RequestBuilder().transaction().add_control(publication()).sign(signer(OLD))
    assert authority.process(octets, publish=unknown).statuses()[0][2] == CMCFailInfo.BAD_CERT_ID
    octets = RequestBuilder().transaction().add_control(publication()).sign(signer(OLD))
    answer = authority.process(octets, publish=None)
    assert answer.statuses()[0][0] == CMCStatus.NO_SUPPORT


def test_what_could_not_be_done_is_done_later() -> None:
    """R-159: whatever a hook raised, it is called again, except for what is not there."""
    calls: list[str] = []

    def failing(error: Exception) -> Callable[[Any], None]:
        def fail(value: Any) -> None:
            calls.append(type(error).__name__)
            raise error

        return fail

    authority = Authority()
    octets = renewal(OLD, change=lambda made: publish(revoke(made)))
    answer = authority.process(octets, revoke=failing(OSError()), publish=failing(ValueError()))
    assert answer.certificates()
    assert calls == ["OSError", "ValueError"]
    assert authority.build().settle() == 0
    authority.advance(minutes=1)
    assert authority.build().settle() == 2
    assert done(authority) == (1, 1)
    authority = Authority()
    authority.process(renewal(OLD, change=revoke), revoke=failing(LookupError()))
    authority.advance(minutes=1)
    assert authority.build().settle() == 0
    assert not authority.store.keys(Kind.DUE)


def test_what_waits_for_several_is_done_once() -> None:
    """R-142, R-159: beside one that is issued and one that waits, it is done with the last."""
    decisions: list[Any] = [Issue(), Pend(LATER)]
    authority = Authority({"policy": lambda application: decisions.pop(0)})
    made = revoke(builder(new(number=2), new(number=3))).renew(OLD.certificate)
    first = authority.process(made.sign(signer(OLD)))
    assert len(first.certificates()) == 1
    assert done(authority) == (0, 0)
    authority.build().decide(first.token, Issue())
    assert authority.process(polling(first, OLD)).certificates()
    assert done(authority) == (1, 0)
    authority.advance(days=1)
    authority.build().settle()
    assert done(authority) == (1, 0)


def test_a_certificate_of_several_is_rejected() -> None:
    """R-146, R-159: then the old one stays, whatever becomes of the others."""
    authority = Authority({"rules": Rules(confirm=True)})
    made = revoke(builder(new(number=2), new(number=3))).renew(OLD.certificate)
    first = authority.process(made.sign(signer(OLD)))
    opened = first.opened()
    issued = dict(zip((2, 3), (each.certificate for each in first.outcomes), strict=True))
    for number, accept in ((2, True), (3, False)):
        own = Issued(issued[number], key("p-256", number))
        reply = RequestBuilder().follow_up(opened)
        reply = reply.confirm(own.certificate) if accept else reply.reject(own.certificate)
        assert authority.process(reply.sign(signer(own))).statuses()[0][0] == SUCCESS
    authority.build().settle()
    (revocation,) = authority.revoked
    assert revocation.certificate.serial_number == issued[3].serial_number


def test_settle_removes_what_has_expired() -> None:
    """R-017: answers, nonces, messages; in small steps."""
    authority = Authority()
    for _ in range(3):
        authority.process(renewal(OLD))
    assert authority.store.keys(Kind.ANSWER)
    authority.advance(days=8)
    authority.build().settle()
    for kind in (Kind.ANSWER, Kind.MESSAGE, Kind.NONCE):
        assert not authority.store.keys(kind)
    assert len(authority.store.keys(Kind.ISSUED)) == 3
