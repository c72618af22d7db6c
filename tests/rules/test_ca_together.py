"""The certification authority: many messages answered at once, each as if it were alone."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from cmcodec.stores import StoreError
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Answer,
    Authority,
    batch,
    certified,
    device,
    identified,
    new,
    ra,
    renewal,
    signer,
    with_ras,
)

if TYPE_CHECKING:
    from cmcodec.roles import Application

OLD = certified("device")
SUCCESS, FAILED = CMCStatus.SUCCESS, CMCStatus.FAILED
LATER = ((FAILED, CMCFailInfo.TRY_LATER),)


def test_each_is_answered_by_itself() -> None:
    """In their order: what is good, what is refused, and what is no message at all."""
    authority = Authority()
    authority.secret()
    messages = [device(1), b"garbage", identified(), identified(secret=b"wrong"), device(2)]
    found = authority.build().process_all(messages)
    assert [each.statuses for each in found] == [
        ((SUCCESS, None),),
        ((FAILED, CMCFailInfo.BAD_REQUEST),),
        ((SUCCESS, None),),
        ((FAILED, CMCFailInfo.BAD_IDENTITY),),
        ((SUCCESS, None),),
    ]
    for each, common_name in ((found[0], "device 1"), (found[4], "device 2")):
        (certificate,) = Answer(each.octets, each.outcomes, each.kind).certificates()
        assert certificate.subject.rfc4514_string() == f"CN={common_name}"
    assert authority.build().process_all([]) == ()


def test_few_transactions_serve_all() -> None:
    """As many as one message has."""
    authority = Authority()
    counts = []
    for messages in ([device(1)], [device(number) for number in range(2, 12)]):
        before = authority.store.transactions
        authority.build().process_all(messages)
        counts.append(authority.store.transactions - before)
    assert counts[0] == counts[1]


def test_the_same_octets_are_worked_on_once() -> None:
    """And have one answer."""
    authority = Authority()
    octets = renewal(OLD)
    one, other, again = authority.build().process_all([octets, device(1), octets])
    assert one == again
    assert one.octets != other.octets
    assert authority.calls == 2
    assert authority.build().respond(octets) == one.octets


def test_a_secret_counts_once_among_them() -> None:
    """Of two exchanges that begin at once, the second comes too late."""
    authority = Authority()
    authority.secret()
    found = authority.build().process_all([identified(new()), identified(new(number=2))])
    assert [each.statuses[0][0] for each in found] == [SUCCESS, FAILED]


def test_nobody_suffers_from_what_came_beside_it() -> None:
    """A defect that one of them meets is its own; nothing of the others is done twice."""

    class Broken(Exception):
        """What no code expects."""

    authority = Authority()
    ca = authority.build()
    messages = [device(1), device(2), device(3)]
    write = ca._replies.write

    def breaking(cases: Any) -> None:
        if any(case.arrival.digest == sha256(messages[1]).digest() for case in cases):
            raise Broken
        write(cases)

    object.__setattr__(ca._replies, "write", breaking)
    found = ca.process_all(messages)
    assert [each.statuses[0][0] for each in found] == [SUCCESS, FAILED, SUCCESS]
    assert found[1].statuses == ((FAILED, CMCFailInfo.INTERNAL_CA_ERROR),)
    assert len(list(authority.build().issued())) == 3
    authority.advance(minutes=2)
    assert authority.build().process(messages[1]).statuses == ((SUCCESS, None),)
    assert len(list(authority.build().issued())) == 3


def test_all_of_them_wait_for_a_store_that_is_down() -> None:
    """R-017: tryLater, for each."""
    authority = Authority()

    class Down:
        def transaction(self) -> Any:
            raise StoreError("down")

        def close(self) -> None:
            """Nothing is open."""

    found = authority.build(store=Down()).process_all([device(1), device(2)])
    assert [each.statuses for each in found] == [LATER, LATER]


def test_a_message_that_stands_twice_in_a_batch_has_one_certificate() -> None:
    """The issuer is asked once for an application, however often it comes."""
    made: list[Any] = []

    def issue(application: Application, template: Any) -> Any:
        made.append(application.id)
        return authority.issue(application, template)

    authority = with_ras(issue=issue)
    member = renewal(OLD)
    octets = batch(member, member).sign(signer(ra()))
    found = authority.build().process(octets)
    assert [each.status for each in found.outcomes] == [SUCCESS, SUCCESS]
    assert found.outcomes[0].certificate == found.outcomes[1].certificate
    assert len(made) == 1


@pytest.mark.parametrize("again", [False, True])
def test_an_application_says_whether_it_may_come_again(again: bool) -> None:
    """After a call that ended too early; the certificate that was recorded first counts."""
    seen: list[bool] = []

    def issue(application: Application, template: Any) -> Any:
        seen.append(application.again)
        authority.issued.clear()
        return authority.issue(application, template)

    authority = Authority({"issue": issue})
    octets = renewal(OLD)
    if again:
        write = "cmcodec.roles.service.replies.Replies.write"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(write, _broken)
            authority.process(octets)
        authority.advance(minutes=2)
    answer = authority.process(octets)
    (recorded,) = authority.build().issued()
    assert answer.certificates() == [recorded.certificate]
    assert seen == ([False, True] if again else [False])


def _broken(*_: Any) -> None:
    raise RuntimeError("power")
