"""``cmc inspect``: what it names, what it hides, and elements as they stand there."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from cmcodec import oids, types
from cmcodec.builders import certs_only
from cmcodec.cli.show import elements
from cmcodec.cli.show.elements import DEEPEST, write_elements
from kit.der import attribute, identifier, integer, oid, seq, set_of, tlv
from kit.keys import ALICE
from kit.messages import Signer, pki_data, signed_by, signed_data, tagged_content_info, tcr
from kit.messages import pkcs10 as request
from kit.trees import tree
from kit.unreadable import of_version, with_field
from kit.vectors import VECTORS
from kit.wrong_inputs import MOMENT

if TYPE_CHECKING:
    from pathlib import Path

    from kit.command import Run

BATCH = VECTORS / "bouncycastle" / "batches" / "batch-5.der"
FIELD = VECTORS / "field"
SECRET = b"open sesame"


def asked(*extensions: tuple[str, bytes]) -> bytes:
    """A PKCS#10 that asks for these extensions."""
    made = [types.Extension(extn_id=name, extn_value=value) for name, value in extensions]
    wanted = types.ExtensionReq(tuple(made)).to_der()
    return request(attributes=(attribute(oids.ID_EXTENSION_REQUEST, wanted),))


CAPABILITIES = seq(
    identifier(oids.ID_AES256_CBC), identifier(oids.RC2_CBC, integer(128)), identifier("1.2.3.4")
)


# --- names ---------------------------------------------------------------------------------------


def test_inspect_names_what_extensions_say(cmc: Run) -> None:
    policies = seq(seq(oid(oids.ANY_POLICY)), seq(oid("1.2.3.4")))
    message = asked(
        (oids.ID_CE_EXT_KEY_USAGE, seq(oid(oids.ID_KP_CMC_RA), oid("1.2.3.4"))),
        (oids.ID_CE_CERTIFICATE_POLICIES, policies),
        (oids.ID_CE_BASIC_CONSTRAINTS, seq(tlv(0x01, b"\xff"))),
        (oids.ID_SMIME_CAPABILITIES, CAPABILITIES),
    )
    text = cmc("inspect", "-", stdin=message).stdout
    for line in (
        "id-ce-extKeyUsage: id-kp-cmcRA (1.3.6.1.5.5.7.3.28), 1.2.3.4\n",
        "id-ce-certificatePolicies: policyIdentifier anyPolicy (2.5.29.32.0), "
        "policyIdentifier 1.2.3.4\n",
        "id-ce-basicConstraints: cA True\n",
        "id-smimeCapabilities: id-aes256-CBC (2.16.840.1.101.3.4.1.42), "
        "rc2-cbc (1.2.840.113549.3.2), 128, 1.2.3.4\n",
    ):
        assert line in text, line


@pytest.mark.parametrize("name", [oids.ID_CE_EXT_KEY_USAGE, oids.ID_SMIME_CAPABILITIES])
@pytest.mark.parametrize("value", [b"\x30\x03\x02\x01", b"\x30\x03\x02\x01\x01", b"", b"\x05\x00"])
def test_inspect_shows_octets_where_an_extension_has_another_type(
    cmc: Run, name: str, value: bytes
) -> None:
    shown = value.hex() or "(empty)"
    done = cmc("inspect", "-", stdin=asked((name, value)))
    assert f"{oids.name(name)}: {shown}\n" in done.stdout


def test_inspect_names_the_capabilities_of_a_signer(cmc: Run) -> None:
    """In a signed attribute, as mail programs and Windows write them (RFC 8551 §2.5.2)."""
    message = request(attributes=(attribute(oids.ID_SMIME_CAPABILITIES, CAPABILITIES),))
    text = cmc("inspect", "-", stdin=message).stdout
    head = "id-smimeCapabilities (1.2.840.113549.1.9.15): id-aes256-CBC ("
    assert head in text
    broken = request(attributes=(attribute(oids.ID_SMIME_CAPABILITIES, seq(integer(1))),))
    assert "id-smimeCapabilities (1.2.840.113549.1.9.15): 3003020101" in (
        cmc("inspect", "-", stdin=broken).stdout
    )


def test_inspect_says_what_certificates_are_for(cmc: Run) -> None:
    """Of those that a message carries, in their summaries."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    purposes = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oids.ID_KP_CMC_CA)])
    policy = x509.PolicyInformation(x509.ObjectIdentifier(oids.DOMAIN_VALIDATED), None)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, MOMENT, MOMENT)
    builder = builder.add_extension(purposes, critical=True)
    builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    made = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    text = cmc("inspect", "-", stdin=certs_only([made])).stdout
    assert "id-ce-extKeyUsage, critical: id-kp-cmcCA (1.3.6.1.5.5.7.3.27)\n" in text
    policies = "id-ce-certificatePolicies: policyIdentifier domain-validated (2.23.140.1.2.1)\n"
    assert policies in text


# --- secrets -------------------------------------------------------------------------------------


def with_secrets() -> bytes:
    """A message with each secret that stands in clear in one."""
    password = attribute(oids.ID_CHALLENGE_PASSWORD, tlv(0x0C, SECRET))
    token = seq(oid(oids.ID_REG_CTRL_REG_TOKEN), tlv(0x0C, SECRET))
    template = seq(ALICE.spki(0xA6))
    asking = tlv(0xA1, seq(integer(4), template, seq(token)))
    revocation = types.RevokeRequest(
        issuer_name=types.Name(rdn_sequence=()),
        serial_number=7,
        reason=0,
        shared_secret=SECRET,
    )
    control = seq(integer(9), oid(oids.ID_CMC_REVOKE_REQUEST), set_of(revocation.to_der()))
    first = tcr(3, request(attributes=(password,)))
    return signed_data(pki_data([control], requests=[first, asking]))


def test_inspect_shows_what_it_can_of_certificates(cmc_inside: Run, tmp_path: Path) -> None:
    """Of one that ``cryptography`` does not read its hash; of a key that it lacks the kind."""
    bits = tree(0x03, b"\0\1")
    key = tree(0x30, [tree(0x30, [tree(0x06, b"\x2a\x03")]), bits])
    odd = with_field(0x30, 4, key)
    file = tmp_path / "odd.der"
    carried = (ALICE.certificate(), of_version(19), odd)
    file.write_bytes(signed_by(Signer(), certificates=carried).encode())
    done = cmc_inside("inspect", file)
    assert done.returncode == 0
    shown = [line.strip() for line in done.stdout.splitlines()]
    assert "unreadable: 19 is not a valid X509 version" in shown
    assert "key: 1.2.3" in shown
    for each in carried:
        assert f"sha256: {hashlib.sha256(each).hexdigest()}" in shown


def test_inspect_hides_secrets(cmc: Run, tmp_path: Path) -> None:
    """In every form, also of a message in a message: no screen and no log has them."""
    nested = signed_data(pki_data(members=[tagged_content_info(with_secrets(), 11)]))
    for name, message in (("plain", with_secrets()), ("nested", nested)):
        file = tmp_path / name
        file.write_bytes(message)
        for options in ((), ("--all",), ("--json",), ("--raw",)):
            done = cmc("inspect", *options, file)
            assert done.returncode == 0
            assert SECRET.decode() not in done.stdout
            assert SECRET.hex() not in done.stdout
        text = cmc("inspect", file).stdout
        assert "id-challengePassword (1.2.840.113549.1.9.7): (not shown)\n" in text
        assert "id-regCtrl-regToken (1.3.6.1.5.5.7.5.1.1): (not shown)\n" in text
        assert "sharedSecret: (not shown)\n" in text
    shown = json.loads(cmc("inspect", "--json", tmp_path / "plain").stdout)
    content = shown["content"]["encapContentInfo"]["eContent"]
    info = content["reqSequence"][0]["tcr"]["certificationRequest"]["certificationRequestInfo"]
    assert info["attributes"][0]["attrValues"] == ["(not shown)"]
    assert content["reqSequence"][1]["crm"]["certReq"]["controls"][0]["value"] == "(not shown)"
    assert content["controlSequence"][0]["attrValues"][0]["sharedSecret"] == "(not shown)"


# --- elements ------------------------------------------------------------------------------------


def lines(data: bytes) -> tuple[list[str], bool]:
    """The lines of elements, spaces between columns taken out, and whether all are whole."""
    found: list[str] = []
    is_whole = write_elements(data, found.append)
    assert found[0].split() == ["offset", "depth", "length", "tag"]
    return [" ".join(line.split()) for line in found[1:]], is_whole


def test_raw_shows_offset_depth_length_and_tag(cmc: Run) -> None:
    der = BATCH.read_bytes()
    shown = cmc("inspect", "--raw", BATCH).stdout.splitlines()
    assert shown[0] == f"NOT VERIFIED: {len(der)} octets"
    assert [line.split() for line in shown[2:5]] == [
        ["0", "0", str(len(der) - 4), "SEQUENCE"],
        ["4", "1", "9", "OBJECT", "IDENTIFIER", "id-signedData", "(1.2.840.113549.1.7.2)"],
        ["15", "1", str(len(der) - 19), "[0]"],
    ]
    for line in shown[2:]:
        offset, depth, length, *_ = line.split()
        header = 2 if der[int(offset) + 1] < 0x80 else 2 + (der[int(offset) + 1] & 0x7F)
        written = der[int(offset) + 1 : int(offset) + header]
        assert int(length) == (written[0] if header == 2 else int.from_bytes(written[1:], "big"))
        assert line[28:].startswith("  " * int(depth))
    # What is in the octet string of eContent stands there, too.
    assert any("id-cmc-batchRequests" in line for line in shown)


def test_raw_is_for_anything_in_ber(cmc: Run) -> None:
    certificate = ALICE.certificate()
    done = cmc("inspect", "--raw", "-", stdin=certificate)
    assert done.returncode == 0
    head, _, *rest = done.stdout.splitlines()
    assert head == f"NOT VERIFIED: {len(certificate)} octets, this is a certificate"
    assert rest[0].split() == ["0", "0", str(len(certificate) - 3), "SEQUENCE"]
    assert cmc("inspect", "--raw", "-", stdin=b"\x31\x00").stdout.splitlines()[-1].split() == [
        *("0", "0", "0", "SET")
    ]


def test_raw_takes_text_apart(cmc: Run) -> None:
    """Each PEM block by itself; offsets are those of what is in it."""
    text = (FIELD / "csr-two-blocks.pem").read_bytes()
    shown = cmc("inspect", "--raw", "-", stdin=text).stdout.splitlines()
    assert [line for line in shown if line.startswith("NOT")] == ["NOT VERIFIED: 616 octets"] * 2
    done = cmc("inspect", "--raw", "-", stdin=b"To whom it may concern\n")
    assert done.returncode == 1
    assert done.stderr == "cmc: -: this is text: these are no elements of BER\n"
    empty = cmc("inspect", "--raw", "-")
    assert (empty.returncode, empty.stderr) == (
        1,
        "cmc: -: this is empty: these are no elements of BER\n",
    )


def test_raw_of_text_that_is_no_base64(cmc_inside: Run, tmp_path: Path) -> None:
    """One line that says which file, and where."""
    file = tmp_path / "broken.pem"
    file.write_bytes(b"-----BEGIN CMS-----\nMAA*\n-----END CMS-----\n")
    done = cmc_inside("inspect", "--raw", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"cmc: {file}: ")
    assert "bad_value" in done.stderr


def test_raw_excludes_the_other_options(cmc: Run) -> None:
    for option in ("--json", "--all", "--strict", "--wrapped"):
        done = cmc("inspect", "--raw", option, BATCH)
        assert done.returncode == 2
        assert "--raw excludes the other options" in done.stderr


def test_elements_of_indefinite_length() -> None:
    data = bytes.fromhex("3080 2480 0401aa 0401bb 0000 0000") + b"\x05\x00"
    assert lines(data) == (
        [
            "0 0 indefinite SEQUENCE",
            "2 1 indefinite OCTET STRING, constructed",
            "4 2 1 OCTET STRING",
            "7 2 1 OCTET STRING",
            "10 1 0 end of contents",
            "12 0 0 end of contents",
            "14 0 0 NULL",
        ],
        True,
    )


def test_elements_of_every_class_and_number() -> None:
    data = bytes.fromhex("800100 6100 bf8148020500 df8f7f00 1f1f00")
    assert lines(data) == (
        [
            "0 0 1 [0]",
            "3 0 0 [APPLICATION 1]",
            "5 0 2 [200]",
            "9 1 0 NULL",
            "11 0 0 [PRIVATE 2047]",
            "15 0 0 [UNIVERSAL 31]",
        ],
        True,
    )


@pytest.mark.parametrize(
    ("data", "offset", "why"),
    [
        ("30", 0, "the octets end within tag and length"),
        ("3082", 0, "the octets end within tag and length"),
        ("308201", 0, "the octets end within tag and length"),
        ("1f81", 0, "the octets end within tag and length"),
        ("3003050004", 4, "the octets end within tag and length"),
        ("30050500", 0, "a length of 5 octets where 2 are left"),
        ("0480", 0, "a primitive element has no length"),
        ("0489" + "01" * 9, 0, "a length of 9 octets"),
        ("1f8181818181818100", 0, "a tag number without end"),
        ("30800500", 4, "the end of contents is missing"),
    ],
)
def test_elements_that_are_broken(data: str, offset: int, why: str) -> None:
    """A line says where and why."""
    found, is_whole = lines(bytes.fromhex(data))
    assert not is_whole
    assert any(line.startswith(f"{offset} ") and line.endswith(f"broken: {why}") for line in found)


def test_elements_behind_a_broken_one() -> None:
    """It goes on behind the element around it."""
    found, is_whole = lines(seq(seq(b"\x02\x05\x01"), tlv(0x04, b"behind")))
    assert not is_whole
    assert [line.partition(" ")[2] for line in found] == [
        "0 13 SEQUENCE",
        "1 3 SEQUENCE",
        "2 broken: a length of 5 octets where 1 are left",
        "1 6 OCTET STRING",
    ]


def test_messagethat_only_look_like_elements_break_nothing() -> None:
    """A digest may begin as a SEQUENCE does."""
    for inside in (seq(b"\x02\x01\x01" + b"\x02\x09"), b"\x30\x02\x02", b"\x30"):
        assert lines(tlv(0x04, inside))[1]
    assert len(lines(tlv(0x04, b"\x30\x02\x02\x05"))[0]) == 1


def test_elements_that_are_empty_or_no_identifier() -> None:
    """An octet string around a SEQUENCE of nothing holds it; what is no OID has no name."""
    assert lines(bytes.fromhex("04023000")) == (["0 0 2 OCTET STRING", "2 1 0 SEQUENCE"], True)
    assert lines(bytes.fromhex("060180")) == (["0 0 1 OBJECT IDENTIFIER"], True)


def test_elements_are_shown_to_a_depth() -> None:
    """No line and no memory grows with what a file nests."""
    data = b""
    for _ in range(3 * DEEPEST):
        data = seq(data)
    found, is_whole = lines(data)
    assert is_whole
    assert len(found) == DEEPEST + 2
    assert found[-1].endswith("…")
    found, is_whole = lines(b"\x30\x80" * 1000)
    assert not is_whole
    assert len(found) <= 2 * DEEPEST + 2


def test_elements_inside_an_element() -> None:
    assert [*elements.elements(seq(integer(1), b"\x05\x00"))] == [integer(1), b"\x05\x00"]
    with pytest.raises(elements.BrokenError):
        [*elements.elements(b"\x30\x02\x02\x05")]
