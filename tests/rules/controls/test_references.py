"""What references to body parts lead to (RFC 10002 §3.2.2)."""

from __future__ import annotations

from typing import Any

import pytest

import cmcodec
from cmcodec import oids, types
from cmcodec.controls import references
from cmcodec.errors import ProofError
from cmcodec.types.controls import CMCFailInfo
from kit.answers import refusal
from kit.controls import references as named
from kit.der import NULL, oid, seq, tlv
from kit.messages import (
    Signer,
    content_info,
    control,
    crm,
    integer,
    members,
    pkcs10,
    pki_data,
    pki_response,
    signed_by,
    signed_data,
    tagged_content_info,
    tcr,
)
from kit.vectors import shared

TRANSACTION = types.TransactionId(1)
OTHER_MSG = seq(integer(9), oid("1.3.6.1.4.1.99999.1"), NULL)


def signed(content: bytes) -> bytes:
    return signed_by(Signer(), content=content).encode()


INNERMOST = signed(pki_data([control(2, 5, TRANSACTION)], [tcr(3)]))
MIDDLE = signed(pki_data([control(4, 5, TRANSACTION)], [crm(body_part_id=5)], members(INNERMOST)))
ANSWER = signed_by(
    Signer(),
    content=pki_response([control(2, 5, TRANSACTION)]),
    content_type=oids.ID_CCT_PKI_RESPONSE,
).encode()
DATA = content_info(oids.ID_DATA, tlv(0x04, b"data"))
OUTER = cmcodec.load(
    signed(
        pki_data([control(1, 5, TRANSACTION)], [tcr(7)], members(MIDDLE, ANSWER, DATA), [OTHER_MSG])
    )
)
"""11: MIDDLE, and in it 11: INNERMOST; 12: ANSWER; 13: DATA; 9: something else."""


def dangling(path: Any, message: Any = OUTER) -> None:
    with pytest.raises(ProofError) as raised:
        references.follow(message, path)
    found = raised.value
    assert (found.reason, found.rule) == ("dangling_reference", "R4")
    assert found.fail_info is CMCFailInfo.BAD_REQUEST


def number(found: Any) -> tuple[str, int]:
    """What was found, and its id."""
    if isinstance(found, types.TaggedAttribute):
        return "control", found.body_part_id
    assert isinstance(found, types.TaggedRequest)
    return "request", (
        found.crm.cert_req.cert_req_id if found.crm else found.tcr.body_part_id  # type: ignore[union-attr]
    )


def test_t_25_paths_walk_cms_sequence() -> None:
    """T-25: the first id is in the current message; a control, a request or a member is last."""
    assert number(references.follow(OUTER, (1,))) == ("control", 1)
    assert number(references.follow(OUTER, (7,))) == ("request", 7)
    assert references.follow(OUTER, (11,)) == cmcodec.load(MIDDLE)
    assert number(references.follow(OUTER, (11, 4))) == ("control", 4)
    assert number(references.follow(OUTER, (11, 5))) == ("request", 5)
    assert references.follow(OUTER, (11, 11)) == cmcodec.load(INNERMOST)
    assert number(references.follow(OUTER, (11, 11, 3))) == ("request", 3)
    assert number(references.follow(OUTER, (12, 2))) == ("control", 2)
    assert references.follow(OUTER, (13,)) == cmcodec.load(DATA)


@pytest.mark.parametrize(
    "path", [(), (8,), (9,), (11, 1), (11, 7), (12, 11), (13, 1), (1, 1), (7, 7), (11, 11, 11), 99]
)
def test_t_25_paths_that_lead_nowhere(path: Any) -> None:
    """T-25, R-110: unknown ids, other messages, ids of an outer layer, ways through no message."""
    dangling(path)


def test_t_26_zero_is_the_current_message() -> None:
    """T-26: alone, in front of a path, and inside of it."""
    assert references.follow(OUTER, (0,)) is OUTER
    assert references.follow(OUTER, 0) is OUTER
    assert references.follow(OUTER, (0, 11)) == references.follow(OUTER, (11,))
    assert references.follow(OUTER, (0, 11, 0, 5)) == references.follow(OUTER, (11, 5))
    assert references.follow(OUTER, (11, 0)) == references.follow(OUTER, (11,))
    dangling((0, 8))
    dangling((12, 0, 3))


def test_paths_in_every_form() -> None:
    """A BodyPartPath, either alternative of a BodyPartReference, any iterable, one id."""
    found = references.follow(OUTER, (11, 5))
    assert references.follow(OUTER, types.BodyPartPath((11, 5))) == found
    assert references.follow(OUTER, named((11, 5))[0]) == found
    assert references.follow(OUTER, iter([11, 5])) == found
    assert references.follow(OUTER, named(7)[0]) == references.follow(OUTER, 7)


def test_r_133_what_an_ra_witnessed_the_possession_for() -> None:
    """R-133: pkiDataBodyid 0 is the current PKIData, else a member of cmsSequence."""
    for value, expected in (
        (types.LraPopWitness(pki_data_bodyid=0, body_ids=(7,)), [7]),
        (types.LraPopWitness(pki_data_bodyid=11, body_ids=(5,)), [5]),
    ):
        found = [references.follow(OUTER, (value.pki_data_bodyid, each)) for each in value.body_ids]
        assert [number(each) for each in found] == [("request", each) for each in expected]
    dangling((11, 7))


def test_r_164_what_an_ra_has_processed() -> None:
    """R-164: controls, here by their id and inside by their path."""
    value = types.ControlsProcessed(body_list=named(1, (11, 4)))
    found = [references.follow(OUTER, reference) for reference in value.body_list]
    assert [number(each) for each in found] == [("control", 1), ("control", 4)]


def test_r_241_what_an_ra_has_identified() -> None:
    """R-241: a control, a Full PKI Request in cmsSequence, a Simple one in reqSequence."""
    paths = (types.BodyPartPath((11, 4)), types.BodyPartPath((11,)), types.BodyPartPath((7,)))
    of_control, full, simple = (references.follow(OUTER, path) for path in paths)
    assert number(of_control) == ("control", 4)
    assert isinstance(full, cmcodec.Message)
    assert full.kind == "full-request"
    assert number(simple) == ("request", 7)


def test_r_168_the_response_inside_a_response() -> None:
    """R-168: the member of cmsSequence that responseBody names, to be opened by itself."""
    content = pki_response([control(1, 37, types.BodyPartPath((11,)))], members(ANSWER))
    message = cmcodec.load(signed_data(content, oids.ID_CCT_PKI_RESPONSE))
    answer: Any = message.unverified_content
    found = references.follow(message, answer.control_sequence[0].attr_values[0])
    assert isinstance(found, cmcodec.Message)
    assert found.kind == "full-response"
    assert found.verify().origin == "certificate"
    dangling((12,), message)


def test_encrypted_members_are_found_and_not_entered() -> None:
    """R-071: what is in an envelope is not to be seen."""
    envelope = shared("enveloped/rsa-keytrans-aes256cbc.der")
    message = cmcodec.load(signed_data(pki_data(members=members(envelope))))
    assert references.follow(message, (11,)) == cmcodec.load(envelope)
    dangling((11, 3), message)


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(DATA, id="data"),
        pytest.param(MIDDLE[:-1] + bytes([MIDDLE[-1] ^ 1]), id="bad-signature"),
        pytest.param(shared("enveloped/rsa-keytrans-aes256cbc.der"), id="not-for-us"),
    ],
)
def test_r_032_what_nothing_refers_to_changes_nothing(extra: bytes) -> None:
    """R-032, R-054: a member of cmsSequence or otherMsgSequence that no control names is ignored.

    A control that names one makes a difference (rule R4).
    """
    sent = ([control(1, 5, TRANSACTION)], [tcr(7)])
    alone = cmcodec.load(signed(pki_data(*sent))).open()
    message = cmcodec.load(signed(pki_data(*sent, members(extra), [OTHER_MSG])))
    found = message.open()
    assert found.notes == alone.notes == ()
    assert found.requests == alone.requests
    assert found.content.control_sequence == alone.content.control_sequence
    named_too = control(2, 28, types.BodyPartList((9,)))
    octets = signed(pki_data([*sent[0], named_too], sent[1], members(extra), [OTHER_MSG]))
    (note,) = cmcodec.load(octets).open().notes
    assert note.body_part_id == 2


def test_members_under_a_mac_are_entered() -> None:
    """R-016: a PKIData in AuthenticatedData has its ids, too."""
    request = shared("authdata/pwri-hmacsha256-req.der")
    message = cmcodec.load(signed_data(pki_data(members=members(request))))
    content: Any = cmcodec.load(request).unverified_content
    first = content.control_sequence[0]
    assert references.follow(message, (11, first.body_part_id)) == first


def test_messages_that_are_no_messages_of_others() -> None:
    """A bare PKCS#10 and an envelope have no body parts but themselves."""
    for octets in (pkcs10(), shared("enveloped/rsa-keytrans-aes256cbc.der"), DATA):
        message = cmcodec.load(octets)
        assert references.follow(message, 0) is message
        dangling((1,), message)


def test_opened_messages() -> None:
    """What was opened, and what nobody has signed, is followed as what was loaded is."""
    for opened in (OUTER.open(), cmcodec.load(signed_data(pki_data(requests=[tcr(7)])))
                   .open_unsigned()):  # fmt: skip
        assert number(references.follow(opened, (7,))) == ("request", 7)
        assert references.follow(opened, 0) is opened.message
    assert refusal(lambda: references.follow(OUTER, 99)) == (
        "ProofError", "dangling_reference", None, "",
    )  # fmt: skip


def test_the_greatest_ids() -> None:
    """R-056: 2^32-1 is an id."""
    inner = signed_data(pki_data(requests=[tcr(2**32 - 1)]))
    message = cmcodec.load(signed_data(pki_data(members=[tagged_content_info(inner, 2**32 - 1)])))
    assert number(references.follow(message, (2**32 - 1, 2**32 - 1))) == ("request", 2**32 - 1)
