"""The certification authority: what may be asked, and of what keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import cms, oids, types
from cmcodec.asn1 import TLV
from cmcodec.builders import NewRequest, RequestBuilder
from cmcodec.roles import Issue, Refuse, Rules
from cmcodec.roles.public_keys import block_key
from cmcodec.types.controls import CMCFailInfo, CMCStatus
from kit.authority import (
    Asked,
    Authority,
    always,
    builder,
    certified,
    failed,
    identified,
    new,
    pending,
    renewal,
    signer,
    simple,
)
from kit.der import integer, oid, seq, tlv
from kit.keys import key, name
from kit.messages import Message, Signer, content_info, control, members, pki_data, signed_by
from kit.registration import Registration
from kit.trees import tree
from kit.unreadable import with_field

if TYPE_CHECKING:
    from cmcodec.roles import Application
    from cmcodec.roles.decisions import Decision

BAD = CMCFailInfo.BAD_REQUEST


def signed(content: bytes, number: int = 1) -> bytes:
    """Any PKIData, signed by a certificate of the CA for the name device."""
    who = certified("device", number=number)
    return cms.sign(types.PKIData.from_der(content), signer(who))


# --- simple and full requests ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["p-256", "rsa-2048", "ed25519"])
def test_a_simple_request_gets_a_simple_response(kind: str) -> None:
    """R-003, R-005, R-010: a bare PKCS#10 that the policy accepts gets certificates alone."""
    authority = Authority({"policy": always})
    answer = authority.process(simple(new(kind=kind)))
    assert answer.kind == "simple-response"
    (certificate,) = answer.certificates()
    assert certificate.public_key() == key(kind, 1).public_key()
    (outcome,) = answer.outcomes
    assert (outcome.path, outcome.status, outcome.certificate) == ((1,), 0, certificate)


def test_a_simple_request_that_fails_gets_a_full_response() -> None:
    """R-011, R-018, R-078: nobody is authenticated, and the status names request 1."""
    answer = Authority().process(simple())
    assert answer.kind == "full-response"
    assert answer.statuses() == failed(CMCFailInfo.BAD_IDENTITY, 1)
    damaged = bytearray(simple())
    damaged[-1] ^= 1
    answer = Authority({"policy": always}).process(bytes(damaged))
    assert answer.statuses() == failed(CMCFailInfo.POP_FAILED, 1)


def test_simple_requests_can_be_switched_off() -> None:
    """R-003 is a SHOULD: a CA without them says badRequest."""
    authority = Authority({"policy": always, "rules": Rules(simple_requests=False)})
    assert authority.process(simple()).statuses() == failed(BAD, 1)
    authority.secret()
    assert authority.process(identified()).outcomes[0].status == CMCStatus.SUCCESS


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
@pytest.mark.parametrize("kind", ["p-256", "p-384", "rsa-2048", "ed25519"])
def test_a_full_request_gets_its_certificate(form: Any, kind: str) -> None:
    """R-002, R-004, R-017, R-069: beside the answer's signature, for each kind of key and form."""
    authority = Authority()
    authority.secret()
    answer = authority.process(identified(new(kind=kind, form=form)))
    assert answer.statuses() == [(CMCStatus.SUCCESS, (3,), None)]
    (certificate,) = answer.certificates()
    assert certificate.subject == name("device")
    assert certificate.public_key() == key(kind, 1).public_key()
    assert answer.outcomes[0].application_id in authority.issued


def test_several_requests_are_answered_in_their_order() -> None:
    """R-017, R-069: each has its status and its certificate."""
    authority = Authority()
    old = certified("device")
    made = builder(*(new(number=number) for number in (5, 6, 7)))
    answer = authority.process(made.renew(old.certificate).sign(signer(old)))
    assert [status[0] for status in answer.statuses()] == [CMCStatus.SUCCESS] * 3
    assert [each.certificate.public_key() for each in answer.outcomes] == [
        key("p-256", number).public_key() for number in (5, 6, 7)
    ]
    assert len(answer.certificates()) == 3


def test_a_chain_goes_with_what_is_issued() -> None:
    """R-064: the certificates that lead to the CA's are in both forms of answer."""
    other = certified("Intermediate").certificate
    authority = Authority({"policy": always, "chain": [other]})
    assert other in authority.process(simple()).certificates()
    authority.secret()
    assert other in authority.process(identified()).certificates()


# --- controls and ids ------------------------------------------------------------------------


def test_an_unknown_control_fails_the_whole_message() -> None:
    """R-034, R-035: badRequest names all controls that nobody knows, and nothing is issued."""
    old = certified("device")
    unknown = types.RegInfo(b"x")

    def change(made: RequestBuilder) -> RequestBuilder:
        made = made.add_control(unknown, "1.2.3.4", body_part_id=70)
        return made.add_control(unknown, "1.2.3.5", body_part_id=71)

    authority = Authority()
    answer = authority.process(renewal(old, change=change))
    assert answer.statuses() == failed(BAD, 70, 71)
    assert not authority.issued
    assert [(each.status, each.fail_info) for each in answer.outcomes] == [(CMCStatus.FAILED, BAD)]
    assert authority.process(renewal(old)).certificates()


def test_a_control_in_the_wrong_place_fails_the_whole_message() -> None:
    """R-034: one that belongs into responses."""
    control = types.TaggedAttribute(
        body_part_id=9, attr_type=oids.ID_CMC_RESPONSE_INFO, attr_values=(types.ResponseInfo(b""),)
    )
    content = replace(builder(new(number=2)).content(), control_sequence=(control,))
    authority = Authority()
    assert authority.process(signed(content.to_der())).statuses() == failed(BAD, 9)
    assert not authority.issued


def test_an_unknown_form_of_request_is_not_supported() -> None:
    """R-030: noSupport for it, and no other request of the message is processed."""
    good = builder(new(number=2)).content().req_sequence[0].to_der()
    other = tlv(0xA2, integer(9), oid("1.2.3.4"), integer(1))
    authority = Authority()
    answer = authority.process(signed(pki_data((), [good, other])))
    assert answer.statuses() == [
        (CMCStatus.FAILED, (3,), BAD),
        (CMCStatus.NO_SUPPORT, (9,), None),
    ]
    assert not authority.issued
    assert authority.process(signed(pki_data((), [good]))).certificates()


def test_members_that_nothing_refers_to_are_ignored() -> None:
    """R-032, R-054: in cmsSequence and in otherMsgSequence, also where they are wrong."""
    good = builder(new(number=2)).content().req_sequence[0].to_der()
    member = seq(integer(8), content_info(oids.ID_DATA, tlv(0x04, b"x")))
    other = seq(integer(9), oid("1.2.3.4"), integer(1))
    answer = Authority().process(signed(pki_data((), [good], [member], [other])))
    assert answer.statuses() == [(CMCStatus.SUCCESS, (3,), None)]


def test_ids_that_stand_twice_are_refused() -> None:
    """R-055, R-058: badRequest for the message."""
    good = builder(new(number=2)).content().req_sequence[0].to_der()
    authority = Authority()
    message = signed_by(Signer(), content=pki_data((), [good, good])).encode()
    assert authority.process(message).statuses() == failed(BAD, 0)
    assert not authority.issued


def test_the_order_of_controls_means_nothing() -> None:
    """R-033: a proof is found wherever it stands."""
    authority = Authority()
    authority.secret()
    made = RequestBuilder().identify(b"correct horse battery", "device").add_request(new())
    answer = authority.process(made.transaction().sign_with_request_key())
    assert answer.certificates()


# --- names -----------------------------------------------------------------------------------


def test_an_empty_subject_is_refused_unless_allowed() -> None:
    """R-038: badRequest names the request; with another name beside it, or by a rule, it is one."""
    empty = x509.Name([])
    authority = Authority({"policy": always})
    asked = NewRequest(key=key("p-256", 1), subject=empty)
    assert authority.process(simple(asked)).statuses() == failed(BAD, 1)
    authority.secret()
    assert authority.process(identified(asked)).statuses() == failed(BAD, 3)
    assert authority.process(simple(asked), rules=Rules(empty_subject=True)).certificates()
    alternative = x509.Extension(
        x509.SubjectAlternativeName.oid, False, x509.SubjectAlternativeName([x509.DNSName("a.b")])
    )
    answer = authority.process(simple(replace(asked, extensions=(alternative,))))
    (certificate,) = answer.certificates()
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


# --- keys ------------------------------------------------------------------------------------


def test_a_renewal_needs_a_new_key_unless_allowed() -> None:
    """R-028: noKeyReuse names the request."""
    old = certified("device", number=1)
    authority = Authority()
    octets = renewal(old, new(number=1))
    assert authority.process(octets).statuses() == failed(CMCFailInfo.NO_KEY_REUSE, 3)
    assert not authority.issued
    octets = renewal(old, new(number=1))
    assert authority.process(octets, rules=Rules(allow_key_reuse=True)).certificates()


def test_a_bad_key_is_refused_before_anybody_is_asked() -> None:
    """R-210: 1024 bits are too few, unless old keys are taken."""
    asked: list[Application] = []

    def policy(application: Application) -> Decision:
        asked.append(application)
        return Issue()

    authority = Authority({"policy": policy})
    octets = simple(new(kind="rsa-1024"))
    assert authority.process(octets).statuses() == failed(BAD, 1)
    weak = renewal(certified("device"), new(kind="rsa-1024"))
    assert authority.process(weak).statuses() == failed(BAD, 3)
    assert not asked
    assert authority.process(octets, rules=Rules(legacy=True)).certificates()


def test_a_blocked_key_is_refused() -> None:
    """R-210: keys that the store lists get no certificate, whoever asks and in either form."""
    authority = Authority({"policy": always})
    block_key(authority.store, key("p-256", 1).public_key())
    assert authority.process(simple()).statuses() == failed(BAD, 1)
    authority.secret()
    assert authority.process(identified(new(form="crmf"))).statuses() == failed(BAD, 3)
    assert authority.process(simple(new(number=2))).certificates()
    assert len(authority.issued) == 1


def test_a_blocked_key_does_not_wait_either() -> None:
    """R-210: what is refused is not kept for somebody to decide about."""
    authority = Authority({"policy": pending})
    block_key(authority.store, key("p-256", 1).public_key())
    assert authority.process(simple()).statuses() == failed(BAD, 1)
    assert not list(authority.build().pending())


# --- extensions and templates ----------------------------------------------------------------


USAGE = x509.Extension(
    x509.ExtendedKeyUsage.oid, False, x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3")])
)


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_extensions_are_given_as_they_are_asked_for(form: Any) -> None:
    """R-013, R-014: the issuer finds each where it looks for it, whatever the form."""
    authority = Authority({"policy": always})
    authority.secret()
    answer = authority.process(identified(new(form=form, extensions=[USAGE])))
    (certificate,) = answer.certificates()
    assert certificate.extensions.get_extension_for_oid(USAGE.oid).value == USAGE.value


def test_a_request_without_a_key_is_refused() -> None:
    """R-039, R-211: nothing can be certified, whatever else it has."""
    authority = Authority({"policy": always})
    content = builder(new(form="crmf")).content()
    asked = content.req_sequence[0].crm
    template = replace(asked.cert_req.cert_template, public_key=None)
    asked = replace(asked, cert_req=replace(asked.cert_req, cert_template=template), popo=None)
    content = replace(content, req_sequence=(types.TaggedRequest(crm=asked),))
    answer = authority.process(cms.sign(content, signer(certified("device"))))
    assert answer.statuses() == failed(BAD, 3)


def test_an_application_shows_the_request_as_it_came() -> None:
    """R-174: a PKCS#10 as the library has it; CRMF is none; without a key there is nothing."""
    policy = Asked()
    authority = Authority({"policy": policy})
    sent = simple()
    authority.process(sent)
    own = signer(certified("device"))
    authority.process(builder(new(form="crmf", number=2)).sign(own))
    one, other = policy.applications
    csr = one.csr()
    assert csr is not None
    assert csr.public_bytes(Encoding.DER) == sent
    assert other.csr() is None
    keyless = replace(other, template=replace(other.template, public_key=None))
    with pytest.raises(ValueError, match="no key"):
        keyless.subject  # noqa: B018 - a property


def test_a_policy_refuses_an_extension() -> None:
    """R-015: unsupportedExt names the request, with the words of the policy."""

    def policy(application: Application) -> Decision:
        if any(each.oid == USAGE.oid for each in application.extensions):
            return Refuse(CMCFailInfo.UNSUPPORTED_EXT, "no such use")
        return Issue()

    authority = Authority({"policy": policy})
    answer = authority.process(simple(new(extensions=[USAGE])))
    assert answer.statuses() == failed(CMCFailInfo.UNSUPPORTED_EXT, 1)
    assert answer.controls(oids.ID_CMC_STATUS_INFO_V2)[0].status_string == "no such use"
    assert authority.process(simple()).certificates()


def test_a_policy_decides_what_the_certificate_has() -> None:
    """R-013: the issuer is told the template that was decided, twice and alike."""

    def policy(application: Application) -> Decision:
        subject = types.Name.from_cryptography(name("decided"))
        return Issue(replace(application.template, subject=subject, extensions=None))

    authority = Authority({"policy": policy})
    (certificate,) = authority.process(simple(new(extensions=[USAGE]))).certificates()
    assert certificate.subject == name("decided")
    assert not list(certificate.extensions)


def test_an_issuer_that_errs_about_the_key_issues_nothing() -> None:
    """R-211: a certificate of another key than was proved is no answer to a request."""
    other = certified("device", number=3)
    authority = Authority({"policy": always, "issue": lambda application, template: other.der})
    answer = authority.process(simple())
    assert answer.statuses() == failed(CMCFailInfo.INTERNAL_CA_ERROR, 1)
    assert isinstance(answer.outcomes[0].error, ValueError)
    own = certified("device", number=1)
    authority = Authority({"policy": always, "issue": lambda application, template: own.der})
    assert authority.process(simple()).certificates() == [own.certificate]


def test_an_issuer_that_writes_no_certificate_of_rfc_5280_issues_nothing() -> None:
    """R-211: ``cryptography`` reads an empty list of extensions, of which there is at least one."""
    odd = with_field(0xA3, 0, tree(0xA3, [tree(0x30, [])]), certified("device", number=1).der)
    assert not x509.load_der_x509_certificate(odd).extensions
    authority = Authority({"policy": always, "issue": lambda application, template: odd})
    answer = authority.process(simple())
    assert answer.statuses() == failed(CMCFailInfo.INTERNAL_CA_ERROR, 1)
    assert not list(authority.build().issued())


@pytest.mark.parametrize("common_name", ["CA", "ca", " C a "])
def test_nobody_gets_the_name_of_the_issuer(common_name: str) -> None:
    """R-180: clients take what such a certificate signs for an answer of the CA."""
    own = certified(common_name, number=1)
    authority = Authority({"policy": always, "issue": lambda application, template: own.der})
    answer = authority.process(simple())
    is_the_name = common_name != " C a "
    assert bool(answer.certificates()) != is_the_name
    assert isinstance(answer.outcomes[0].error, ValueError) == is_the_name


def test_private_use_of_reg_info_is_the_policys() -> None:
    """R-246: the policy sees regInfo and the CMC Unsigned Data, and answers in responseInfo.

    Shows CA: regInfo, responseInfo.
    """
    seen: list[Application] = []

    def policy(application: Application) -> Decision:
        seen.append(application)
        return Issue()

    data = types.CMCUnsignedData(
        body_part_path=types.BodyPartPath((0,)), identifier="1.2.3.4", content=TLV(b"\x05\x00")
    )
    old = certified("device")

    def change(made: RequestBuilder) -> RequestBuilder:
        return made.add_control(types.RegInfo(b"profile")).add_unsigned_data(data)

    answer = Authority(
        {
            "policy": policy,
            "decorate": lambda opened, made: made.add_control(types.ResponseInfo(b"done")),
        }
    ).process(renewal(old, change=change))
    assert [each.value for each in answer.controls(oids.ID_CMC_RESPONSE_INFO)] == [b"done"]
    (application,) = seen
    assert application.reg_info == (b"profile",)
    assert [each.identifier for each in application.unsigned_data] == ["1.2.3.4"]
    assert application.renews == old.certificate


def test_r5_a_status_beside_a_message_that_is_none() -> None:
    """R5, R-017: what stands inside is malformed, and that is no failure of the server.

    Nor of what came beside it, to an RA.
    """
    status = types.CMCStatusInfoV2(
        cmc_status=CMCStatus.FAILED, body_list=(types.BodyPartReference(body_part_id=1),)
    )
    bad = content_info(oids.ID_SIGNED_DATA, b"\x05\0")
    content = pki_data([control(1, 25, status)], members=members(bad))
    octets = Message(content=content).encode()
    for made in (octets, octets[:-1] + bytes([octets[-1] ^ 1])):
        answer = Authority().process(made)
        assert [each[2] for each in answer.statuses()] in (
            [CMCFailInfo.BAD_IDENTITY], [CMCFailInfo.BAD_MESSAGE_CHECK],
        )  # fmt: skip
    good = renewal(certified("device"))
    _, taken = Registration().build().receive_all([octets, good])
    assert taken.answer is None
