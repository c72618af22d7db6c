"""Which certificates and CRLs an end entity takes out of an answer (RFC 10002 §4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import oids, types
from cmcodec.builders import ResponseBuilder, certs_only
from cmcodec.errors import CMCError
from cmcodec.types import CMCFailInfo, CMCStatus
from kit.chains import DAY, NOW, Issued, issue, of_unknown_version
from kit.der import oid
from kit.enrolment import (
    AGREES,
    CA,
    DEVICE,
    OTHER_CA,
    OUTSIDE,
    SERVER,
    STRANGER,
    SUCCESS,
    Public,
    alone,
    answer,
    asks,
    begun,
    certify,
    client,
    crl,
    failing,
    issuing,
    numbers,
    of,
    opened,
    refused,
    requests,
    saying,
    secret_client,
    signer,
    statuses,
)
from kit.keys import key
from kit.trees import Tree, encode, parse, tree

# --- certificates --------------------------------------------------------------------------------


def test_r_063_certificates_are_found_by_key_in_any_order() -> None:
    """R-063: in the order of the requests, whatever stands before and between."""
    exchange = secret_client().enroll(asks(), asks(2), asks(3))

    def mixed(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        made = [certify(each) for each in requests(request)]
        return response.add_certificates(
            made[2], STRANGER.certificate, made[0], OTHER_CA.certificate, made[1]
        ).status(CMCStatus.SUCCESS, 0)

    done = exchange.receive(answer(exchange.request, mixed))
    assert numbers(done.certificates) == of(1, 2, 3)
    assert set(done.chain) == {each.certificate for each in (STRANGER, OTHER_CA, SERVER, CA)}


def test_r_066_what_signs_itself_is_trusted_by_nobody() -> None:
    """R-066, R-067: nor what another CA of that name issued; the right one beside them counts."""
    exchange = begun()
    own = issue("device", own=key("p-256", 1)).certificate

    def with_others(*certificates: Any) -> bytes:
        def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
            forged = certify(requests(request)[0], by=OUTSIDE)
            response = response.status(CMCStatus.SUCCESS, 1)
            return response.add_certificates(own, forged, OUTSIDE.certificate, *certificates)

        return answer(exchange.request, change)

    assert refused(exchange, with_others()) == "untrusted_chain"
    right = certify(requests(opened(exchange.request))[0])
    done = exchange.receive(with_others(right))
    assert (done.certificates, own in done.chain) == ((right,), True)


def test_an_intermediate_comes_with_the_answer() -> None:
    """R-064: it leads to the anchor."""
    middle = issue("Middle", CA, key("p-256", 57), identified=True)
    exchange = begun()

    def change(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return issuing(by=middle)(request, response).add_certificates(middle.certificate)

    done = exchange.receive(answer(exchange.request, change))
    assert (done.state, middle.certificate in done.chain) == ("done", True)


def test_a_certificate_for_encryption_counts() -> None:
    """It signs nothing, and is what was asked for; one that has expired is not."""
    agrees = x25519.X25519PrivateKey.generate()
    for new in (asks(), asks(key=agrees, form="crmf", pop="challenge")):
        exchange = secret_client().enroll(new)
        change = issuing(usages=["key_agreement"])
        done = exchange.receive(answer(exchange.request, change))
        assert done.state == "done"
        assert done.certificates[0].public_key() == new.key.public_key()
    old = issuing(since=NOW - 2 * DAY, until=NOW - DAY)
    assert refused(begun(), answer(begun().request, old)) == "transaction_wrong"
    exchange = begun()
    assert refused(exchange, answer(exchange.request, old)) == "untrusted_chain"


def test_p9_a_certificate_that_the_library_cannot_read_is_none() -> None:
    """P9: of the right key and issuer, but of a version that there is not."""
    exchange = begun()
    right = certify(requests(opened(exchange.request))[0])
    unknown = of_unknown_version(Issued(right, None), CA)

    def answered(*certificates: Any) -> bytes:
        return answer(
            exchange.request,
            lambda request, made: made.status(CMCStatus.SUCCESS, 1).add_certificates(*certificates),
        )

    assert refused(exchange, answered(unknown)) == "untrusted_chain"
    done = exchange.receive(answered(unknown, right))
    assert (done.certificates, right in done.chain) == ((right,), False)


def test_two_clocks_need_not_agree() -> None:
    """A certificate that has just been issued counts; of two the newer."""
    exchange = begun()
    soon = issuing(since=NOW + timedelta(minutes=3))
    done = exchange.receive(answer(exchange.request, soon))
    assert done.state == "done"

    def two(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        older = certify(requests(request)[0], since=NOW - timedelta(hours=30))
        return issuing()(request, response.add_certificates(older))

    both = exchange.receive(answer(exchange.request, two))
    (newest,) = both.certificates
    assert newest.not_valid_before_utc == NOW - DAY


def test_r_028_a_renewal_of_the_same_key_is_another_certificate() -> None:
    """R-028: the old one, which the answer may carry too, is not it."""
    exchange = client(signer=signer(DEVICE)).renew(DEVICE.certificate, asks(60))

    def old(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return response.issue(DEVICE.certificate, 1)

    with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
        exchange.receive(answer(exchange.request, old))

    def new(request: Any, response: ResponseBuilder) -> ResponseBuilder:
        return issuing(since=NOW - 2 * DAY)(request, old(request, response))

    done = exchange.receive(answer(exchange.request, new))
    assert len(done.certificates) == 1
    assert done.certificates[0] != DEVICE.certificate


# --- certificates alone --------------------------------------------------------------------------


def test_r_062_certificates_alone_answer_a_simple_request() -> None:
    """R-062, R-063, R-066: of the request's key, with a chain that is trusted, in any order."""
    exchange = client().enroll(asks())
    own = issue("device", own=key("p-256", 1)).certificate
    done = exchange.receive(alone(exchange, own, STRANGER.certificate))
    assert (done.state, numbers(done.certificates)) == ("done", of(1))
    assert set(done.chain) == {own, STRANGER.certificate, CA.certificate}
    assert done.crls == (crl(),)
    for octets in (certs_only([]), certs_only([own]), alone(exchange, by=OUTSIDE)):
        with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
            exchange.receive(octets)
    full = exchange.receive(answer(exchange.request, issuing()))
    assert full.state == "done"
    failed = exchange.receive(answer(exchange.request, failing(CMCFailInfo.BAD_REQUEST, 1)))
    assert failed.state == "failed"


def test_certificates_alone_answer_a_full_request_only_for_compatibility() -> None:
    """They have no nonce: anybody can send what was issued once."""
    exchange = begun()
    assert refused(exchange, alone(exchange)) == "no_signer"
    old = begun(compatibility=True)
    assert old.receive(alone(old)).state == "done"
    with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
        old.receive(certs_only([DEVICE.certificate]))
    revoking = secret_client(compatibility=True).revoke(DEVICE.certificate, 1)
    with pytest.raises(cmcodec.VerificationError, match="no_signer"):
        revoking.receive(certs_only([DEVICE.certificate]))


SIMPLE = client().enroll(asks())
FETCHES = secret_client().get_crl(CA.certificate.subject)
ALONE = certs_only(
    [certify(requests(opened(SIMPLE.request))[0]), STRANGER.certificate, CA.certificate],
    [crl(), crl(OTHER_CA)],
)


@given(st.data())
def test_what_anybody_can_change_does_no_harm(data: Any) -> None:
    """Rule P9: certificates alone are signed by nobody; what is taken is what was issued."""
    octets = bytearray(ALONE)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    for exchange in (SIMPLE, FETCHES):
        try:
            done = exchange.receive(bytes(octets))
        except CMCError:
            continue
        assert done.state == "done"
        assert numbers(done.certificates) == (of(1) if exchange is SIMPLE else [])
        assert exchange is SIMPLE or crl() in done.crls
        assert done.save()


def test_a_crl_whose_issuer_cannot_be_read_is_none() -> None:
    """Rule P9: ``cryptography`` reads the name when it is asked for it."""
    broken = crl(OTHER_CA).public_bytes(Encoding.DER)
    value = broken.index(b"\x0c", broken.index(OTHER_CA.certificate.subject.public_bytes()))
    octets = bytearray(certs_only([CA.certificate], [crl(), crl(OTHER_CA)]))
    octets[octets.index(broken) + value] = 0x40
    assert FETCHES.receive(bytes(octets)).crls == (crl(),)


def test_p9_a_crl_whose_issuer_is_no_name_here_is_nobodys() -> None:
    """P9: ``cryptography`` reads it; an attribute of RFC 4211 has another value there than text."""
    forest = parse(crl().public_bytes(Encoding.DER))
    token = tree(0x30, [Tree(b"", oid(oids.ID_REG_CTRL_REG_TOKEN)), tree(0x13, b"CA")])
    issuer = [each for each in forest[0].trees[0].trees if each.tag == 0x30][1]
    issuer.inside = [tree(0x31, [token])]
    odd = encode(forest)
    assert x509.load_der_x509_crl(odd).issuer.rdns
    with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
        FETCHES.receive(certs_only([CA.certificate], [odd]))
    done = FETCHES.receive(certs_only([CA.certificate], [odd, crl()]))
    assert crl() in done.crls


# --- revocation and retrieval ------------------------------------------------------------------


def test_r_140_a_revocation_is_answered() -> None:
    """R-140: success, or why not."""
    exchange = secret_client().revoke(DEVICE.certificate, types.CRLReason.KEY_COMPROMISE)
    assert exchange.receive(answer(exchange.request, SUCCESS)).state == "done"
    odd = answer(exchange.request, saying(CMCStatus.CONFIRM_REQUIRED, 3))
    assert exchange.receive(odd).state == "done"
    failed = exchange.receive(answer(exchange.request, failing(CMCFailInfo.BAD_CERT_ID, 3)))
    assert (failed.state, statuses(failed)) == ("failed", [(2, CMCFailInfo.BAD_CERT_ID)])


def test_r_134_a_certificate_that_was_asked_for() -> None:
    """R-134: in either response, of that name and number, though it has expired.

    Shows EE: getCert.
    """
    old = issue(
        "device", CA, key("p-256", 62), ca=None, since=NOW - 3 * DAY, until=NOW - DAY / 2
    ).certificate
    exchange = secret_client().get_certificate(CA.certificate.subject, old.serial_number)
    for octets in (
        certs_only([STRANGER.certificate, old, CA.certificate]),
        answer(exchange.request, lambda _, response: response.add_certificates(old)),
    ):
        done = exchange.receive(octets)
        assert (done.state, done.certificates) == ("done", (old,))
    forged = issue("device", OTHER_CA, key("p-256", 62), ca=None).certificate
    namesake = issue(
        "device", OTHER_CA, key("p-256", 62), ca=None, serial=old.serial_number
    ).certificate
    for wrong in (
        [], [STRANGER.certificate, CA.certificate], [forged, CA.certificate],
        [namesake, CA.certificate],
    ):  # fmt: skip
        with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
            exchange.receive(certs_only(wrong))
    failed = exchange.receive(answer(exchange.request, failing(CMCFailInfo.BAD_CERT_ID, 3)))
    assert failed.state == "failed"
    elsewhere = types.GeneralName(uniform_resource_identifier="http://ca.example")
    exchange = secret_client().get_certificate(elsewhere, old.serial_number)
    assert exchange.receive(certs_only([old, CA.certificate])).certificates == (old,)


def test_r_134_a_crl_that_was_asked_for() -> None:
    """R-134: that of a CA that is trusted, which signed it; nobody else's of that name.

    Shows EE: getCRL.
    """
    exchange = secret_client().get_crl(CA.certificate.subject)
    for octets in (
        certs_only([], [crl()]),
        answer(exchange.request, lambda _, response: response.add_crls(crl())),
    ):
        done = exchange.receive(octets)
        assert (done.state, done.certificates, done.crls) == ("done", (), (crl(),))
    for wrong in ([], [crl(OTHER_CA)], [crl(OUTSIDE)]):
        with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
            exchange.receive(certs_only([OUTSIDE.certificate, OTHER_CA.certificate], wrong))


def test_r_134_of_two_certificates_of_one_number_the_trusted_counts() -> None:
    """R-134: what another CA of that name has issued under it stands first, and leads nowhere."""
    old = issue("device", CA, key("p-256", 62), ca=None).certificate
    forged = issue("d", OUTSIDE, key("p-256", 62), ca=None, serial=old.serial_number).certificate
    exchange = secret_client().get_certificate(CA.certificate.subject, old.serial_number)
    with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
        exchange.receive(certs_only([forged, CA.certificate]))
    assert exchange.receive(certs_only([forged, old, CA.certificate])).certificates == (old,)


def test_r_134_a_crl_is_of_a_key_that_may_sign_it_and_can() -> None:
    """R-134: not of one for other purposes, nor one that agrees, nor one that nobody can read."""
    right = issue("Sub", CA, key("p-256", 63), identified=True, usages=["crl_sign"])
    other = issue("Sub", CA, right.key, identified=True, usages=["key_cert_sign"])
    agrees = issue("Sub", CA, Public(AGREES.public_key()), ca=None, usages=["crl_sign"])
    exchange = secret_client().get_crl(right.certificate.subject)
    wrong = [other.certificate, agrees.certificate, of_unknown_version(right, CA)]
    for each in wrong:
        with pytest.raises(cmcodec.VerificationError, match="untrusted_chain"):
            exchange.receive(certs_only([each], [crl(right)]))
    done = exchange.receive(certs_only([*wrong, right.certificate], [crl(right)]))
    assert (done.state, done.crls) == ("done", (crl(right),))
