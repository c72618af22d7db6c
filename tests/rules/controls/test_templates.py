"""What each request asks for once all changes are applied (RFC 10002 §6.5, §7.1)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import oids, types
from cmcodec.controls import templates
from cmcodec.errors import ProofError, VerificationError
from cmcodec.types.controls import CMCFailInfo
from kit import controls as built
from kit.der import attribute, integer, oid, seq, set_of, tlv
from kit.keys import ALICE, BOB
from kit.messages import (
    Signer,
    content_info,
    control,
    members,
    pki_data,
    pki_response,
    signed_by,
    signed_data,
    tagged_content_info,
)
from kit.vectors import shared

EMPTY = types.Name(rdn_sequence=())
SAN, USAGE, SKI = (
    oids.ID_CE_SUBJECT_ALT_NAME,
    oids.ID_CE_KEY_USAGE,
    oids.ID_CE_SUBJECT_KEY_IDENTIFIER,
)


def name(text: str) -> types.Name:
    return built.name(text)


def extension(number: str, value: bytes, *, critical: bool = False) -> types.Extension:
    return types.Extension(extn_id=number, critical=critical, extn_value=value)


def names(*dns: str) -> types.GeneralNames:
    return types.GeneralNames(tuple(types.GeneralName(dns_name=each) for each in dns))


def san(*dns: str, critical: bool = False) -> types.Extension:
    return extension(SAN, names(*dns).to_der(), critical=critical)


KEY_USAGE = extension(USAGE, bytes.fromhex("03020780"), critical=True)
OTHER_USAGE = extension(USAGE, bytes.fromhex("03020520"), critical=True)
BOTH = pytest.mark.parametrize("form", ["pkcs10", "crmf"])


def asking(
    form: str,
    number: int,
    *extensions: types.Extension,
    change: types.ChangeSubjectName | None = None,
    subject: types.Name | None = None,
    changes: int = 1,
) -> bytes:
    """A request in either form, which asks for the same."""
    wanted = [each.to_der() for each in extensions]
    who = (subject or name("Device")).to_der()
    if form == "pkcs10":
        attributes = []
        if wanted:
            attributes.append(attribute(oids.ID_EXTENSION_REQUEST, seq(*wanted)))
        if change is not None:
            attributes += [attribute(oids.ID_CMC_CHANGE_SUBJECT_NAME, change.to_der())] * changes
        info = seq(integer(0), who, BOB.spki(), set_of(*attributes, tag=0xA0))
        csr = seq(info, seq(oid(oids.ID_ED25519)), tlv(0x03, b"\0", BOB.sign(info)))
        return tlv(0xA0, integer(number), csr)
    template = seq(tlv(0xA5, who), BOB.spki(0xA6), tlv(0xA9, *wanted) if wanted else b"")
    changed = b""
    if change is not None:
        one = seq(oid(oids.ID_CMC_CHANGE_SUBJECT_NAME), change.to_der())
        changed = seq(*[one] * changes)
    request = seq(integer(number), template, changed)
    popo = tlv(0xA1, seq(oid(oids.ID_ED25519)), tlv(0x03, b"\0", BOB.sign(request)))
    return tlv(0xA1, request, popo)


def expected(*extensions: types.Extension, **fields: Any) -> types.CertTemplate:
    """The template of `asking`, with other fields."""
    values = {
        "subject": name("Device"),
        "public_key": types.SubjectPublicKeyInfo.from_der(BOB.spki()),
        "extensions": extensions or None,
    }
    return types.CertTemplate(**{**values, **fields})


def signed(content: bytes) -> bytes:
    return signed_by(Signer(), content=content).encode()


def modify(
    number: int, path: tuple[int, ...], requests: tuple[int, ...], *, replace: bool = True,
    **fields: Any,
) -> bytes:  # fmt: skip
    value = types.ModCertTemplate(
        pki_data_reference=types.BodyPartPath(path),
        cert_references=types.BodyPartList(requests),
        replace=replace,
        cert_template=types.CertTemplate(**fields),
    )
    return control(number, 31, value)


def add(number: int, where: int, requests: tuple[int, ...], *extensions: types.Extension) -> bytes:
    value = types.AddExtensions(
        pki_data_reference=where, cert_references=requests, extensions=extensions
    )
    return control(number, 8, value)


def effective(
    controls: Any = (), requests: Any = (), inside: Any = ()
) -> dict[tuple[int, ...], types.CertTemplate]:
    return templates.effective(cmcodec.load(signed(pki_data(controls, requests, inside))))


def refused(*parts: Any) -> tuple[str, tuple[int, ...]]:
    """Reason and ids; the failInfo is badRequest."""
    with pytest.raises(ProofError) as raised:
        effective(*parts)
    assert raised.value.fail_info is CMCFailInfo.BAD_REQUEST
    return raised.value.reason, raised.value.body_parts


# --- requests --------------------------------------------------------------------------------


@BOTH
def test_r_012_both_forms_are_a_template(form: str) -> None:
    """R-012: subject, key and the extensions in the attribute; alike in PKCS#10 and CRMF."""
    assert effective((), [asking(form, 3, san("a"), KEY_USAGE)]) == {
        (3,): expected(san("a"), KEY_USAGE)
    }
    assert effective((), [asking(form, 3)]) == {(3,): expected()}
    assert effective() == {}


def test_t_22_extensions_in_microsofts_attribute() -> None:
    """T-22: szOID_CERT_EXTENSIONS holds extensions as the attribute of PKCS#9 does."""
    extensions = [
        attribute(number, seq(each.to_der()))
        for number, each in ((oids.ID_EXTENSION_REQUEST, san("a")),
                             (oids.SZ_OID_CERT_EXTENSIONS, KEY_USAGE))
    ]  # fmt: skip
    info = seq(integer(0), name("Device").to_der(), BOB.spki(), set_of(*extensions, tag=0xA0))
    csr = seq(info, seq(oid(oids.ID_ED25519)), tlv(0x03, b"\0", BOB.sign(info)))
    found = templates.effective(cmcodec.load(csr))
    assert set(found[1,].extensions or ()) == {san("a"), KEY_USAGE}
    assert found == templates.effective(cmcodec.load(csr).open(request_keys="all"))


def test_requests_of_another_form_have_no_template() -> None:
    """R-037: an orm is none, and nothing can be changed in it."""
    other = tlv(0xA2, integer(5), oid("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    assert list(effective((), [other, asking("crmf", 3)])) == [(3,)]
    changed = modify(9, (0,), (5,), subject=EMPTY)
    assert refused([changed], [other]) == ("dangling_reference", (9,))


def test_paths_lead_through_signed_members_only() -> None:
    """The path of a request; what is encrypted, MACed, unsigned or no request is left out."""
    innermost = signed(pki_data(requests=[asking("crmf", 3)]))
    middle = signed(pki_data((), [asking("pkcs10", 3)], members(innermost)))
    mac = shared("authdata/pwri-hmacsha256-req.der")
    envelope = shared("enveloped/rsa-keytrans-aes256cbc.der")
    unsigned = signed_data(pki_data(requests=[asking("crmf", 3)]))
    response = signed_by(
        Signer(), content=pki_response(), content_type=oids.ID_CCT_PKI_RESPONSE
    ).encode()
    data = content_info(oids.ID_DATA, tlv(0x04, b"data"))
    inside = members(middle, mac, envelope, unsigned, response, data)
    assert list(effective((), [asking("crmf", 7)], inside)) == [(7,), (11, 3), (11, 11, 3)]
    for number, member in enumerate((mac, envelope, unsigned), 12):
        assert member
        changed = modify(9, (number,), (3,), subject=EMPTY)
        assert refused([changed], (), inside) == ("dangling_reference", (9,))


def test_messages_in_every_form() -> None:
    """A message, what was opened, also by a MAC, and what nobody signed."""
    content = pki_data(requests=[asking("crmf", 3)])
    for source in (
        cmcodec.load(signed(content)),
        cmcodec.load(signed(content)).open(),
        cmcodec.load(signed_data(content)),
        cmcodec.load(signed_data(content)).open_unsigned(),
    ):
        assert templates.effective(source) == {(3,): expected()}
    assert templates.effective(cmcodec.load(shared("authdata/pwri-hmacsha256-req.der")))


@pytest.mark.parametrize(
    "octets",
    [
        signed_data(pki_response(), oids.ID_CCT_PKI_RESPONSE),
        shared("enveloped/rsa-keytrans-aes256cbc.der"),
        shared("response/simple-certs-only.der"),
    ],
    ids=["response", "encrypted", "certs-only"],
)
def test_what_is_no_request(octets: bytes) -> None:
    """A response asks for nothing, and nobody has seen what is encrypted."""
    with pytest.raises(VerificationError, match="wrong_content_type"):
        templates.effective(cmcodec.load(octets))


# --- changeSubjectName -----------------------------------------------------------------------


@BOTH
def test_r_172_new_names_replace_old_ones(form: str) -> None:
    """R-172: subject and subjectAltName are replaced, in their place; the rest stays."""
    change = types.ChangeSubjectName(subject=name("New"), subject_alt=names("new"))
    asked = asking(form, 3, san("old", critical=True), KEY_USAGE, change=change)
    assert effective((), [asked]) == {(3,): expected(san("new"), KEY_USAGE, subject=name("New"))}
    without = asking(form, 3, KEY_USAGE, change=change)
    assert effective((), [without]) == {(3,): expected(KEY_USAGE, san("new"), subject=name("New"))}


@BOTH
def test_r_172_the_name_that_is_absent_is_cleared(form: str) -> None:
    """R-172: no subject makes it empty, no subjectAltName removes the extension."""
    only_subject = types.ChangeSubjectName(subject=name("New"))
    asked = asking(form, 3, san("old"), change=only_subject)
    assert effective((), [asked]) == {(3,): expected(subject=name("New"))}
    vector = types.ChangeSubjectName.from_der(bytes.fromhex("300da10b8209612e6578616d706c65"))
    asked = asking(form, 3, san("old"), KEY_USAGE, change=vector)
    assert effective((), [asked]) == {(3,): expected(san("a.example"), KEY_USAGE, subject=EMPTY)}


@BOTH
def test_t_08_subject_alt_name_without_its_tag(form: str) -> None:
    """T-08: as RFC 6402 printed it, it is the same change."""
    change = types.ChangeSubjectName(subject=name("New"), legacy_subject_alt=names("new"))
    asked = asking(form, 3, change=change)
    assert effective((), [asked]) == {(3,): expected(san("new"), subject=name("New"))}


@BOTH
def test_r_172_one_change_for_one_request(form: str) -> None:
    """R-172: the same twice is one, two different ones conflict."""
    change = types.ChangeSubjectName(subject=name("New"))
    asked = asking(form, 3, change=change, changes=2)
    assert effective((), [asked]) == {(3,): expected(subject=name("New"))}


def test_r_172_two_changes_of_one_request_conflict() -> None:
    """R-172: two names for one request are badRequest for it."""
    one, other = (types.ChangeSubjectName(subject=name(text)).to_der() for text in "AB")
    number = oids.ID_CMC_CHANGE_SUBJECT_NAME
    attributes = set_of(attribute(number, one), attribute(number, other), tag=0xA0)
    info = seq(integer(0), b"\x30\x00", BOB.spki(), attributes)
    csr = seq(info, seq(oid(oids.ID_ED25519)), tlv(0x03, b"\0", BOB.sign(info)))
    assert refused((), [tlv(0xA0, integer(3), csr)]) == ("template_conflict", (3,))
    with pytest.raises(ProofError) as raised:
        templates.effective(cmcodec.load(csr))
    assert raised.value.body_parts == (1,)


@BOTH
def test_r_112_an_ra_overrides_a_new_name(form: str) -> None:
    """R-112: changeSubjectName is part of the request, and comes before all controls."""
    change = types.ChangeSubjectName(subject=name("New"), subject_alt=names("new"))
    asked = [asking(form, 3, change=change)]
    by_ra = modify(9, (0,), (3,), subject=name("RA"))
    assert effective([by_ra], asked) == {(3,): expected(san("new"), subject=name("RA"))}
    outer = modify(9, (11,), (3,), extensions=(san("ra"),))
    found = effective([outer], (), members(signed(pki_data(requests=asked))))
    assert found == {(11, 3): expected(san("ra"), subject=name("New"))}


# --- modCertTemplate -------------------------------------------------------------------------

VALIDITY = types.OptionalValidity(not_after=types.Time(utc_time=built.NEW_YEAR_2027))


@BOTH
def test_r_111_fields_are_replaced(form: str) -> None:
    """R-111: present fields replace those of the template, absent ones leave them alone."""
    asked = [asking(form, 3, san("a"), KEY_USAGE)]
    kept = (san("a"), KEY_USAGE)
    fields = {"subject": name("RA"), "validity": VALIDITY, "serial_number": 7, "issuer": name("CA")}
    for some in ({"subject": EMPTY}, {"validity": VALIDITY}, fields):
        found = effective([modify(9, (0,), (3,), **some)], asked)
        assert found == {(3,): expected(*kept, **some)}


@BOTH
def test_r_111_fields_are_deleted(form: str) -> None:
    """R-111: with replace FALSE what is present is deleted, whatever its value."""
    vector = types.ModCertTemplate.from_der(
        bytes.fromhex("301430030201013004020200c90101003004a5023000")
    )
    inside = [tagged_content_info(signed(pki_data(requests=[asking(form, 201, san("a"))])), 1)]
    assert effective([control(9, 31, vector)], (), inside) == {
        (1, 201): expected(san("a"), subject=None)
    }
    changed = modify(9, (0,), (3,), replace=False, extensions=(san("another"), KEY_USAGE))
    assert effective([changed], [asking(form, 3, san("a"), OTHER_USAGE)]) == {(3,): expected()}


@BOTH
def test_r_111_each_extension_is_a_field(form: str) -> None:
    """R-111: replaced in its place, added, or deleted; others stay as they are."""
    asked = [asking(form, 3, san("a"), KEY_USAGE)]
    added = extension(SKI, b"\x04\x01\x01")
    found = effective([modify(9, (0,), (3,), extensions=(added, san("b", "c")))], asked)
    assert found == {(3,): expected(san("b", "c"), KEY_USAGE, added)}
    found = effective([modify(9, (0,), (3,), replace=False, extensions=(san("b"), added))], asked)
    assert found == {(3,): expected(KEY_USAGE)}


def test_r_109_only_the_requests_that_are_named() -> None:
    """R-109: by bodyPartID of PKCS#10 and certReqId of CRMF, each once."""
    asked = [asking("pkcs10", 3), asking("crmf", 4), asking("crmf", 5)]
    found = effective([modify(9, (0,), (3, 4, 3), subject=EMPTY)], asked)
    changed = expected(subject=EMPTY)
    assert found == {(3,): changed, (4,): changed, (5,): expected()}


def nested(*controls: bytes) -> tuple[Any, Any, list[bytes]]:
    """Requests 3 in the PKIData at (), (11,) and (11, 11), and 3 at (12,)."""
    innermost = signed(pki_data(requests=[asking("crmf", 3)]))
    middle = signed(pki_data((), [asking("pkcs10", 3)], members(innermost)))
    other = signed(pki_data(requests=[asking("crmf", 3)]))
    return controls, [asking("crmf", 3)], members(middle, other)


@pytest.mark.parametrize("path", [(), (11,), (11, 11), (12,)])
def test_r_110_paths_to_the_pkidata(path: tuple[int, ...]) -> None:
    """R-110, T-26: {0} is the current PKIData, {n} that in member n, {n, m} one further inside."""
    forms: list[tuple[int, ...]] = [path or (0,), (0, *path), (0, *path, 0)]
    for reference in forms:
        found = effective(*nested(modify(9, reference, (3,), subject=EMPTY)))
        assert [each for each, template in found.items() if template.subject == EMPTY] == [
            (*path, 3)
        ]
        assert len(found) == 4


@pytest.mark.parametrize(
    ("path", "request_ids"),
    [((13,), (3,)), ((11, 12), (3,)), ((12, 11), (3,)), ((0,), (4,)), ((11,), (3, 4)), ((3,), (3,)),
     ((0,), (11,))],
)  # fmt: skip
def test_r_110_targets_that_are_not_there(
    path: tuple[int, ...], request_ids: tuple[int, ...]
) -> None:
    """R-110: badRequest names the control, of either kind."""
    changed = modify(9, path, request_ids, subject=EMPTY)
    assert refused(*nested(changed)) == ("dangling_reference", (9,))
    if len(path) == 1:
        added = add(8, path[0], request_ids, san("a"))
        assert refused(*nested(added)) == ("dangling_reference", (8,))


def test_r_110_an_inner_control_that_names_nothing() -> None:
    """R-110: the control of an inner layer is named by its own id there."""
    inner = signed(pki_data([modify(4, (0,), (9,), subject=EMPTY)], [asking("crmf", 3)]))
    assert refused((), (), members(inner)) == ("dangling_reference", (4,))


def test_r_112_the_outermost_layer_has_the_last_word() -> None:
    """R-112: inner layers are applied first, and outer ones override them field by field."""
    client = signed(
        pki_data([modify(5, (0,), (3,), subject=name("client"), serial_number=1)],
                 [asking("pkcs10", 3, san("a"))])
    )  # fmt: skip
    first_ra = signed(
        pki_data(
            [modify(5, (11,), (3,), subject=name("first RA"), serial_number=2, issuer=name("CA"))],
            (), members(client),
        )
    )  # fmt: skip
    found = effective(
        [modify(5, (11, 11), (3,), subject=name("second RA"), extensions=(KEY_USAGE,))],
        (), members(first_ra),
    )  # fmt: skip
    assert found == {
        (11, 11, 3): expected(
            san("a"), KEY_USAGE, subject=name("second RA"), serial_number=2, issuer=name("CA")
        )
    }


def test_r_112_deleted_inside_and_set_outside_and_the_reverse() -> None:
    """R-112: whichever is outermost counts."""
    delete = {"replace": False, "extensions": (san("x"),)}
    for inner, outer, result in (
        (delete, {"extensions": (san("b"),)}, (san("b"),)),
        ({"extensions": (san("b"),)}, delete, ()),
    ):
        asked: Any = pki_data([modify(5, (0,), (3,), **inner)], [asking("crmf", 3, san("a"))])
        found = effective([modify(5, (11,), (3,), **outer)], (), members(signed(asked)))
        assert found == {(11, 3): expected(*result)}


@pytest.mark.parametrize("replace", [True, False])
def test_the_key_that_proved_possession_stays(replace: bool) -> None:
    """R-211: an RA may give a key to a request without one, but puts none in another's place."""
    other, own = (types.SubjectPublicKeyInfo.from_der(each.spki()) for each in (ALICE, BOB))
    asked = [asking("crmf", 3)]
    changed = modify(9, (0,), (3,), replace=replace, public_key=other)
    assert refused([changed], asked) == ("not_permitted", (9,))
    same = modify(9, (0,), (3,), replace=replace, public_key=own)
    if replace:
        assert effective([same], asked) == {(3,): expected()}
    else:
        assert refused([same], asked) == ("not_permitted", (9,))
    keyless = tlv(0xA1, seq(integer(3), seq(tlv(0xA5, name("Device").to_der()))))
    found = effective([changed], [keyless])
    assert found[3,].public_key == (other if replace else None)


@pytest.mark.parametrize("path", [(0,), (11,)])
def test_r_033_controls_of_one_pkidata_that_differ(path: tuple[int, ...]) -> None:
    """R-033: the order means nothing, so what two demand of one field has to be the same."""
    asked = [asking("crmf", 3, san("a"))]
    here = (asked, ()) if path == (0,) else ((), members(signed(pki_data(requests=asked))))
    at = (3,) if path == (0,) else (11, 3)
    one = modify(8, path, (3,), subject=name("A"))
    conflicts = [
        modify(9, path, (3,), subject=name("B")),
        modify(9, path, (3,), subject=name("A"), replace=False),
    ]
    for other in conflicts:
        for pair in permutations((one, other)):
            assert refused(pair, *here) == ("template_conflict", (3,))
    for fields in ({"subject": name("A")}, {"validity": VALIDITY}):
        other = modify(9, path, (3,), **fields)
        first, second = (effective(pair, *here) for pair in permutations((one, other)))
        assert first == second
        assert first[at].subject == name("A")


# --- addExtensions ---------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("where", [0, 11])
def test_r_114_extensions_are_added(form: str, where: int) -> None:
    """R-114: to those that are there, in the current PKIData or in a member."""
    asked = [asking(form, 3, san("a"))]
    here = (asked, ()) if where == 0 else ((), members(signed(pki_data(requests=asked))))
    (found,) = effective([add(9, where, (3,), KEY_USAGE)], *here).values()
    assert found == expected(san("a"), KEY_USAGE)
    # The same again changes nothing.
    (found,) = effective([add(9, where, (3,), KEY_USAGE, san("a"))], *here).values()
    assert found == expected(san("a"), KEY_USAGE)


def test_r_114_conflicts_within_one_pkidata() -> None:
    """R-114: two controls, one control by itself, a control and a request: badRequest for it."""
    inside = members(signed(pki_data(requests=[asking("crmf", 3), asking("pkcs10", 4)])))
    for where, asked, members_ in ((11, (), inside), (0, [asking("crmf", 3)], ())):
        one, other = add(8, where, (3,), san("a")), add(9, where, (3,), san("b"))
        for pair in permutations((one, other)):
            assert refused(pair, asked, members_) == ("template_conflict", (3,))
        itself = add(8, where, (3,), san("a"), san("b"))
        assert refused([itself], asked, members_) == ("template_conflict", (3,))
        critical = add(9, where, (3,), san("a", critical=True))
        assert refused([one, critical], asked, members_) == ("template_conflict", (3,))
    # What an RA adds to requests in its own PKIData is not to override them.
    asked = [asking("pkcs10", 3, san("a"))]
    assert refused([add(8, 0, (3,), san("b"))], asked) == ("template_conflict", (3,))
    # Other requests are no conflict.
    found = effective([add(8, 11, (3,), san("a")), add(9, 11, (4,), san("b"))], (), inside)
    assert found == {(11, 3): expected(san("a")), (11, 4): expected(san("b"))}


def test_r_114_the_outermost_wins_across_layers() -> None:
    """R-114: an RA overrides, extension by extension, what is asked for further inside."""
    asked = [asking("crmf", 3, san("client"), KEY_USAGE)]
    found = effective([add(9, 11, (3,), san("ra"))], (), members(signed(pki_data((), asked))))
    assert found == {(11, 3): expected(san("ra"), KEY_USAGE)}
    extra = extension(SKI, b"\x04\x01\x01")
    client = signed(pki_data([add(4, 0, (3,), extra)], asked))
    more = extension(SKI, b"\x04\x01\x02")
    found = effective([add(9, 11, (3,), more)], (), members(client))
    assert found == {(11, 3): expected(san("client"), KEY_USAGE, more)}


def test_r_033_both_kinds_of_changes_in_one_pkidata() -> None:
    """R-033: they must not demand different things of one extension either."""
    asked = [asking("crmf", 3)]
    added = add(8, 0, (3,), san("a"))
    for other in (modify(9, (0,), (3,), extensions=(san("b"),)),
                  modify(9, (0,), (3,), extensions=(san("a"),), replace=False)):  # fmt: skip
        for pair in permutations((added, other)):
            assert refused(pair, asked) == ("template_conflict", (3,))
    found = effective([added, modify(9, (0,), (3,), subject=EMPTY)], asked)
    assert found == {(3,): expected(san("a"), subject=EMPTY)}


@given(order=st.permutations(range(5)))
def test_r_033_the_order_of_controls_means_nothing(order: list[int]) -> None:
    """R-033: any order gives the same templates; extensions may stand in another one."""
    some = [
        modify(5, (0,), (3,), subject=name("RA")),
        modify(6, (0,), (3, 4), validity=VALIDITY),
        modify(7, (0,), (4,), extensions=(KEY_USAGE,), replace=False),
        add(8, 0, (3, 4), extension(SKI, b"\x04\x01\x01")),
        modify(9, (11,), (3,), extensions=(san("b"),)),
    ]
    requests = [asking("crmf", 3, san("a")), asking("pkcs10", 4, san("a"), KEY_USAGE)]
    inside = members(signed(pki_data(requests=[asking("crmf", 3, san("a"))])))
    found = effective([some[index] for index in order], requests, inside)
    ski = extension(SKI, b"\x04\x01\x01")
    assert found == {
        (3,): expected(san("a"), ski, subject=name("RA"), validity=VALIDITY),
        (4,): expected(san("a"), ski, validity=VALIDITY),
        (11, 3): expected(san("b")),
    }


def test_r_173_requests_themselves_are_not_touched() -> None:
    """R-173: what is changed is what they ask for; their octets stay as they are."""
    octets = signed(pki_data([modify(9, (0,), (3,), subject=EMPTY)], [asking("pkcs10", 3)]))
    message = cmcodec.load(octets)
    templates.effective(message)
    assert message.to_der() == octets


def test_vectors_of_others() -> None:
    """The templates of a batch are those of its members, by their ids."""
    message = cmcodec.load(shared("batch/batch-req-10.der"))
    found = templates.effective(message)
    assert len(found) == 10
    for (member, request), template in found.items():
        inner = dict(message.unverified_messages)[member]
        assert templates.effective(inner) == {(request,): template}
        assert template.public_key is not None
