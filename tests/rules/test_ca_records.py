"""The certification authority: what it says of what it has issued and answered."""

from __future__ import annotations

from datetime import timedelta

from cmcodec import oids, types
from cmcodec.builders import RequestBuilder
from cmcodec.roles import Refuse, Rules
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Authority,
    batch,
    certified,
    confirming,
    identified,
    issued_to,
    new,
    pending,
    ra,
    renewal,
    signer,
    with_ras,
)
from kit.chains import DAY

OLD = certified("device")
FAILED, SUCCESS = CMCStatus.FAILED, CMCStatus.SUCCESS


def states(authority: Authority) -> list[str]:
    return [each.state for each in authority.build().issued()]


def test_what_was_issued_is_listed() -> None:
    """Each certificate with its application, and who asked as the proof showed it."""
    authority = Authority()
    authority.secret()
    assert list(authority.build().issued()) == []
    first = authority.process(identified())
    (found,) = authority.build().issued()
    assert found.certificate == issued_to(first).certificate
    assert found.application_id == first.outcomes[0].application_id
    assert (found.requester, found.identification) == ("secret device", "device")
    assert found.state == "issued"
    authority.process(renewal(OLD))
    requesters = {each.requester for each in authority.build().issued()}
    assert requesters == {"secret device", "certificate CN=device"}


def test_the_ra_that_asked_is_named() -> None:
    """The outermost RA, whatever it says of others."""
    authority = with_ras()
    authority.process(RequestBuilder().transaction().add_request(new()).sign(signer(ra())))
    (found,) = authority.build().issued()
    assert (found.requester, found.identification) == ("ra CN=RA 0", None)


def test_one_is_found_by_its_issuer_and_serial_number() -> None:
    """Another serial number is that of none, and so is one that has ended."""
    authority = Authority()
    certificate = issued_to(authority.process(renewal(OLD))).certificate
    issuer = types.Name.from_cryptography(certificate.issuer)
    named = types.IssuerAndSerialNumber(issuer=issuer, serial_number=certificate.serial_number)
    found = authority.build().find_issued(named)
    assert found is not None
    assert found.certificate == certificate
    other = types.IssuerAndSerialNumber(issuer=issuer, serial_number=4711)
    assert authority.build().find_issued(other) is None
    authority.now += 91 * DAY
    assert authority.build().find_issued(named) is None
    assert states(authority) == []


def test_the_state_follows_the_confirmation() -> None:
    """R-144, R-146: waited for, accepted, rejected, or not said in time."""
    rules = Rules(confirm=True, confirm_within=timedelta(hours=2))
    for accept, after in ((True, "confirmed"), (False, "rejected")):
        authority = Authority({"rules": rules})
        first = authority.process(renewal(OLD))
        assert states(authority) == ["confirming"]
        authority.process(confirming(first, accept=accept))
        assert states(authority) == [after]
    authority = Authority({"rules": rules})
    authority.process(renewal(OLD))
    authority.advance(hours=2)
    authority.build().settle()
    assert states(authority) == ["expired"]


def test_who_confirms_without_being_asked_is_heard() -> None:
    """R-146: the answer is success, and it is listed as confirmed."""
    authority = Authority()
    first = authority.process(renewal(OLD))
    assert states(authority) == ["issued"]
    answer = authority.process(confirming(first))
    assert [each[0] for each in answer.statuses()] == [SUCCESS]
    assert states(authority) == ["confirmed"]


def test_what_was_said_stands_beside_the_answer() -> None:
    """Statuses of requests and of controls; none for an answer that was given before."""
    authority = Authority()
    octets = renewal(OLD)
    assert authority.build().process(octets).statuses == ((SUCCESS, None),)
    assert authority.build().process(octets).statuses == ()
    refused = authority.build(policy=lambda _: Refuse(CMCFailInfo.BAD_REQUEST))
    assert refused.process(renewal(OLD)).statuses == ((FAILED, CMCFailInfo.BAD_REQUEST),)
    assert authority.build(policy=pending).process(renewal(OLD)).statuses == (
        (CMCStatus.PENDING, None),
    )
    control = RequestBuilder().transaction().add_control(types.RegInfo(b""), oids.ID_CMC_REG_INFO)
    assert authority.build().process(control.sign(signer(OLD))).statuses == ()
    assert authority.build().process(b"garbage").statuses == ((FAILED, CMCFailInfo.BAD_REQUEST),)


def test_what_was_said_inside_a_batch() -> None:
    """Of each message in it."""
    authority = with_ras()
    members = [renewal(OLD), identified(secret=b"wrong")]
    said = authority.build().process(batch(*members).sign(signer(ra()))).statuses
    assert said == ((SUCCESS, None), (FAILED, CMCFailInfo.BAD_IDENTITY))
