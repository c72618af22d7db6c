"""What a shared secret authenticates inside of a message (RFC 10002 §6.16)."""

from __future__ import annotations

from typing import Any

import pytest

import cmcodec
from cmcodec import cms, oids, types
from cmcodec.cms import Recipient, RecipientKey
from cmcodec.controls import auth_data
from cmcodec.errors import ProofError, VerificationError
from cmcodec.limits import MAX_ITERATIONS
from cmcodec.types.controls import CMCFailInfo
from kit.controls import tagged_attribute
from kit.messages import (
    Signer,
    control,
    members,
    pki_data,
    pki_response,
    signed_by,
    signed_data,
    tcr,
)
from kit.vectors import shared

PASSWORD = b"first contact"
KEY = RecipientKey.from_password(PASSWORD)


def authenticated(
    number: int = 1, *, password: bytes = PASSWORD, content: Any = None, iterations: int = 1000
) -> bytes:
    """A PKIData with a transaction id under a MAC."""
    data = content or types.PKIData(
        control_sequence=(tagged_attribute(1, 5, types.TransactionId(number)),),
        req_sequence=(), cms_sequence=(), other_msg_sequence=(),
    )  # fmt: skip
    return cms.authenticate(data, Recipient.from_password(password, iterations=iterations))


ONE, OTHER = authenticated(1), authenticated(2)


def response(controls: Any, *inside: bytes) -> cmcodec.Message:
    octets = signed_by(
        Signer(), content=pki_response(controls, members(*inside)),
        content_type=oids.ID_CCT_PKI_RESPONSE,
    ).encode()  # fmt: skip
    return cmcodec.load(octets)


def named(*pairs: tuple[int, int]) -> list[bytes]:
    """authData controls: their ids, and those of the members they name."""
    return [control(own, 27, types.AuthPublish(member)) for own, member in pairs]


def wrong(message: Any, keys: Any = KEY) -> tuple[int, ...]:
    """The ids of the controls that fail; the failInfo is authDataFail."""
    with pytest.raises(ProofError) as raised:
        auth_data.open(message, keys)
    found = raised.value
    assert (found.reason, found.fail_info) == ("auth_data_wrong", CMCFailInfo.AUTH_DATA_FAIL)
    assert found.__cause__ is None
    return found.body_parts


def test_r_153_what_verifies_is_opened() -> None:
    """R-153: the controls of each PKIData, by the id of the control that names it."""
    message = response(named((5, 12), (6, 11)), ONE, OTHER)
    for source in (message, message.open()):
        (first, inner), (second, other) = auth_data.open(source, KEY)
        assert (first, second) == (5, 6)
        assert (inner.transaction_id, other.transaction_id) == (2, 1)
        assert inner.origin == other.origin == "mac"
        assert inner.find(types.TransactionId) == ((1, types.TransactionId(2)),)
    assert auth_data.open(message, iter([RecipientKey.from_password(b"no"), KEY]))[0][0] == 5


def test_r_153_in_a_request_too() -> None:
    """R-153: a PKIData may refer to AuthenticatedData as a PKIResponse may."""
    octets = signed_data(pki_data(named((5, 11)), [tcr()], members(ONE)))
    ((number, inner),) = auth_data.open(cmcodec.load(octets).open_unsigned(), KEY)
    assert (number, inner.transaction_id) == (5, 1)


def test_r_153_only_what_is_named() -> None:
    """R-153: other members are not looked at, and need no key."""
    assert auth_data.open(response([], ONE, OTHER), ()) == ()
    stranger = authenticated(3, password=b"another")
    assert [each for each, _ in auth_data.open(response(named((5, 11)), ONE, stranger), KEY)] == [5]


def test_r_154_a_mac_that_does_not_verify() -> None:
    """R-154: another password, none, a changed content or MAC: authDataFail names the control."""
    message = response(named((5, 11)), ONE)
    assert wrong(message, RecipientKey.from_password(b"wrong")) == (5,)
    assert wrong(message, RecipientKey.from_password(PASSWORD, "somebody")) == (5,)
    assert wrong(message, ()) == (5,)
    changed = bytearray(ONE)
    changed[-1] ^= 1
    assert wrong(response(named((5, 11)), bytes(changed))) == (5,)
    other_content = ONE.replace(types.TransactionId(1).to_der(), types.TransactionId(9).to_der(), 1)
    assert wrong(response(named((5, 11)), other_content)) == (5,)


def test_r_154_one_that_fails_fails_all() -> None:
    """R-154: the first control that fails is named, and nothing is returned."""
    stranger = authenticated(3, password=b"another")
    message = response(named((5, 11), (6, 12), (7, 13)), ONE, stranger, stranger)
    assert wrong(message) == (6,)


@pytest.mark.parametrize(
    "member",
    [
        signed_by(Signer()).encode(),
        signed_data(),
        shared("enveloped/pwri-aes128cbc.der"),
        authenticated(
            content=types.PKIResponse(control_sequence=(), cms_sequence=(), other_msg_sequence=())
        ),
    ],
    ids=["signed", "unsigned", "encrypted", "a response"],
)
def test_r_154_members_of_another_kind(member: bytes) -> None:
    """R-154: it is AuthenticatedData with a PKIData, also in a response."""
    assert wrong(response(named((5, 11)), member)) == (5,)


@pytest.mark.parametrize("number", [0, 5, 12])
def test_r_154_members_that_are_not_there(number: int) -> None:
    """R-154: neither the message itself nor a control is meant."""
    assert wrong(response(named((5, number)), ONE)) == (5,)


def test_r_154_too_many_iterations() -> None:
    """R-154, P10: whoever sends it cannot make the client work."""
    costly = authenticated(iterations=MAX_ITERATIONS).replace(
        types.TransactionId(MAX_ITERATIONS).to_der(),
        types.TransactionId(MAX_ITERATIONS + 1).to_der(),
    )
    assert wrong(response(named((5, 11)), costly)) == (5,)


def test_a_member_named_twice_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: a key is derived once for each member, however many controls name it."""
    calls: list[Any] = []
    monkeypatch.setattr(cmcodec.Message, "open", counted(cmcodec.Message.open, calls))
    found = auth_data.open(response(named(*((n, 11) for n in range(20, 60))), ONE), KEY)
    assert len(calls) == 1
    assert [each for each, _ in found] == list(range(20, 60))
    assert len({id(inner) for _, inner in found}) == 1


def counted(function: Any, calls: list[Any]) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return function(*args, **kwargs)

    return call


def test_what_has_no_controls() -> None:
    """A certs-only response and an envelope say nothing."""
    for name in ("response/simple-certs-only.der", "enveloped/pwri-aes128cbc.der"):
        with pytest.raises(VerificationError, match="wrong_content_type"):
            auth_data.open(cmcodec.load(shared(name)), KEY)
