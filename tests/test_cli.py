"""The command ``cmc``, run as people and scripts run it: a process, its output and exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from base64 import encodebytes
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

import cmcodec
from cmcodec import _backend, cli, oids, types
from cmcodec.cli.commands import demo_keys
from cmcodec.cli.show import progress, report
from cmcodec.cms import SigningKey, sign
from cmcodec.errors import DecodeError
from cmcodec.reasons import Reason
from cmcodec.types import tables
from kit.command import Run, command, surroundings
from kit.der import attribute, tlv
from kit.messages import Message, control, pki_data, signed_data, tagged_content_info
from kit.messages import pkcs10 as bare_request

VECTORS = Path(__file__).parent / "vectors" / "bouncycastle"
FIELD = VECTORS.parent / "field"
BATCH = VECTORS / "batches" / "batch-5.der"
BROKEN_BATCH = VECTORS / "batches" / "batch-3-inner-signature-broken.der"
CERTS_ONLY = VECTORS / "responses" / "certs-only-crl.der"
CA = VECTORS / "keys" / "ca-cert.der"
RA = VECTORS / "keys" / "ra-cert.der"
MEMBERS = [
    "file",
    "path",
    "kind",
    "encoding",
    "verdict",
    "reason",
    "rule",
    "offset",
    "span",
    "signers",
    "origin",
    "requests",
    "transaction_id",
    "notes",
]


def manifest() -> list[dict[str, str]]:
    with (VECTORS / "MANIFEST.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# --- cmc itself ------------------------------------------------------------------------------


def test_version_tells_the_backend(cmc: Run, backend: str) -> None:
    done = cmc("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("cmc ")
    assert re.search(rf"\({backend} backend; lanes (available|absent), off\)\n$", done.stdout)


def test_the_package_is_the_command(backend: str) -> None:
    """``python -m cmcodec`` is ``cmc``, under that name."""
    done = subprocess.run(
        [sys.executable, "-m", "cmcodec", "--help"],
        capture_output=True,
        check=True,
        text=True,
        env=surroundings(backend),
    )
    assert done.stdout.startswith("Usage: cmc [OPTIONS] COMMAND")


def test_help_names_the_commands_and_the_exit_status(cmc: Run) -> None:
    done = cmc("--help")
    assert done.returncode == 0
    for text in ("inspect", "verify", "demo", "bench", "Exit status", "CMCODEC_BACKEND"):
        assert text in done.stdout


@pytest.mark.parametrize("name", ["inspect", "verify", "demo", "bench"])
def test_every_command_has_help(cmc: Run, name: str) -> None:
    done = cmc(name, "--help")
    assert done.returncode == 0
    assert f"cmc {name}" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["inspect"],
        ["verify"],
        ["verify", "--nonsense", BATCH],
        ["verify", "--json", "--csv", BATCH],
        ["verify", "--threads", "0", BATCH],
        ["verify", "--threads", "1025", BATCH],
        ["verify", "--at", "yesterday", BATCH],
        ["verify", "--at", "2027-01-01T00:00:00", BATCH],
        ["verify", "--at", "2027-01-01", BATCH],
        ["verify", "--at", "0001-01-01T00:00:00+01:00", BATCH],
        ["verify", "--request-keys", "some", BATCH],
        ["verify", "--backend", "nonsense", BATCH],
        ["verify", "-", "-"],
        ["demo", "--size", "2"],
    ],
    ids=lambda arguments: " ".join(Path(a).name for a in arguments) or "nothing",
)
def test_wrong_use_exits_2(cmc: Run, arguments: list[str | Path]) -> None:
    done = cmc(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: cmc" in done.stderr


@pytest.mark.parametrize("name", ["inspect", "verify"])
def test_a_file_that_is_not_there_exits_2_with_one_line(
    cmc: Run, name: str, tmp_path: Path
) -> None:
    done = cmc(name, tmp_path / "absent.der")
    assert done.returncode == 2
    assert done.stderr == f"cmc: {tmp_path}/absent.der: No such file or directory\n"


@pytest.mark.parametrize("name", ["inspect", "open", "verify"])
def test_a_folder_exits_2_with_one_line(cmc: Run, name: str, tmp_path: Path) -> None:
    done = cmc(name, tmp_path)
    assert done.returncode == 2
    way = ": --recursive takes all files in it" if name == "verify" else ""
    assert done.stderr == f"cmc: {tmp_path}: this is a folder{way}\n"


def test_the_option_overrides_the_environment(backend: str) -> None:
    other = "rust" if backend == "pure" and find_spec("cmcodec._rust") else "pure"
    done = subprocess.run(
        command("verify", "--backend", other, BATCH),
        capture_output=True,
        check=True,
        text=True,
        env=surroundings(backend),
    )
    assert f"{other} backend" in done.stdout


# --- inspect ---------------------------------------------------------------------------------


INSPECT_ALL = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from cmcodec.cli import main
for arguments in json.load(sys.stdin):
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
        status = main(arguments)
    print(json.dumps([status, out.getvalue(), errors.getvalue()]))
"""
"""Many runs in one process, which starting one for each would make slow."""


def test_inspect_shows_every_vector_or_says_why_not(backend: str) -> None:
    expected = [(VECTORS / row["file"], row) for row in manifest()]
    calls = [["inspect", *option, str(file)] for file, _ in expected for option in ([], ["--json"])]
    done = subprocess.run(
        [sys.executable, "-c", INSPECT_ALL],
        input=json.dumps(calls).encode(),
        capture_output=True,
        check=True,
        env=surroundings(backend),
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for (file, row), text, members in zip(expected, found[::2], found[1::2], strict=True):
        if row["verdict"] == "malformed":
            assert text == members, file
            assert text[:2] == [1, ""], file
            assert text[2].startswith(f"cmc: {file}: {row['reason']} at offset ")
            assert text[2].count("\n") == 1
            continue
        assert (text[0], text[2], members[0], members[2]) == (0, "", 0, ""), file
        assert text[1].startswith(f"NOT VERIFIED: {row['kind']}, ")
        shown = json.loads(members[1])
        assert shown["kind"] == row["kind"]
        assert shown["encoding"] == file.suffix[1:]
        assert shown["verification"] == "not verified"


def test_inspect_names_fields_types_and_offsets(cmc: Run) -> None:
    lines = cmc("inspect", VECTORS / "requests" / "four-requests.der").stdout.splitlines()
    shown = [line.strip() for line in lines]
    assert "contentType: id-signedData (1.2.840.113549.1.7.2)" in shown
    assert "eContentType: id-cct-PKIData (1.3.6.1.5.5.7.12.2)" in shown
    assert "certReqId: 4294967295" in shown
    assert "popo.keyEncipherment.subsequentMessage: challengeResp (1)" in shown
    assert "key: RSA 2048" in shown
    assert "issuer: CN=CMC Vector CA, O=Example" in shown
    der = (VECTORS / "requests" / "four-requests.der").read_bytes()
    places = [line.split() for line in shown if "@" in line]
    kinds = {"tcr:": 0xA0, "crm:": 0xA1, "orm:": 0xA2}
    for words in places:
        offset = int(words[1].strip("@:"))
        assert der[offset] == kinds.get(words[2] if len(words) > 2 else "", 0x30), words
    # Two controls, four requests, a certificate and a signer.
    assert len(places) == 8


def test_inspect_summarises_requests(cmc: Run) -> None:
    shown = cmc("inspect", VECTORS / "requests" / "four-requests.der").stdout
    subject = "subject CN=device-0001, O=Example"
    assert f"tcr: PKCS#10, {subject}, key EC secp256r1, POP signature ecdsa-with-SHA256" in shown
    assert f"crm: CRMF, {subject}, key Ed25519, POP signature id-Ed25519" in shown
    assert f"crm: CRMF, {subject}, key RSA 2048, POP keyEncipherment.subsequentMessage" in shown
    assert "id-ce-keyUsage, critical: digitalSignature" in shown


def test_inspect_indents_nested_messages(cmc: Run) -> None:
    shown = cmc("inspect", VECTORS / "batches" / "nested-batch.der").stdout.splitlines()
    depths = {
        line.split("bodyPartID ")[1]: len(line) - len(line.lstrip())
        for line in shown
        if line.endswith(": full-request")
    }
    assert set(depths) == {f"{n}: full-request" for n in (11, 12, 21, 22)}
    assert depths["11: full-request"] == depths["12: full-request"] > depths["21: full-request"]


def test_inspect_cuts_long_sequences_unless_all_are_asked_for(cmc: Run, tmp_path: Path) -> None:
    file = tmp_path / "batch.der"
    assert cmc("demo", "--size", "30", "--keep", file).returncode == 0
    some, every = cmc("inspect", file).stdout, cmc("inspect", "--all", file).stdout
    assert some.count(": full-request\n") == 20
    assert some.count("… 10 more (--all shows them)") == 2  # the members, and their ids
    assert every.count(": full-request\n") == 30
    assert "more" not in every


def test_inspect_shows_each_value_of_a_control(cmc_inside: Run, tmp_path: Path) -> None:
    """One is shown beside its name, several below it."""
    values = types.SenderNonce(b"one"), types.SenderNonce(b"two")
    file = tmp_path / "two.der"
    file.write_bytes(Message(content=pki_data([control(1, 6, *values)])).encode())
    shown = cmc_inside("inspect", file).stdout.splitlines()
    place = next(index for index, line in enumerate(shown) if line.endswith(": 2 values"))
    assert "id-cmc-senderNonce (1.3.6.1.5.5.7.7.6) bodyPartID 1" in shown[place]
    assert [line.strip() for line in shown[place + 1 : place + 3]] == [
        "attrValues[0]: 6f6e65", "attrValues[1]: 74776f"
    ]  # fmt: skip


def test_inspect_shows_a_wrapped_request(cmc: Run) -> None:
    """V1: the request in id-data is shown in any case; what it is called is up to ``--wrapped``."""
    message = FIELD / "win-pkcs7-renewal.der"
    for kind, options in (("other", ()), ("wrapped-request", ("--wrapped",))):
        text = cmc("inspect", *options, message).stdout
        hint = "" if options else ", this is CMS over id-data"
        assert text.startswith(f"NOT VERIFIED: {kind}{hint}, 3000 octets\n")
        assert "eContent: PKCS#10, subject CN=client01.lab.example, key RSA 2048" in text
        assert "      certificationRequestInfo: CertificationRequestInfo\n" in text
        shown = json.loads(cmc("inspect", "--json", *options, message).stdout)
        assert shown["kind"] == kind
        inside = shown["content"]["encapContentInfo"]["eContent"]
        assert inside["certificationRequestInfo"]["version"] == 0


def test_inspect_shows_a_wrapped_request_in_another_message(cmc: Run, tmp_path: Path) -> None:
    """V1: nested it is no message, and is shown all the same."""
    message = tmp_path / "message.der"
    inner = (FIELD / "win-pkcs7-renewal.der").read_bytes()
    message.write_bytes(signed_data(pki_data(members=[tagged_content_info(inner, 11)])))
    text = cmc("inspect", message).stdout
    assert "bodyPartID 11: other\n" in text
    assert "eContent: PKCS#10, subject CN=client01.lab.example, key RSA 2048" in text


def test_inspect_shows_what_windows_says(cmc: Run) -> None:
    """Names and values of Microsoft's attributes, controls and extensions, BMPString as text."""
    text = cmc("inspect", FIELD / "win-key-archival.der").stdout
    for line in (
        "szOID_CMC_ADD_ATTRIBUTES (1.3.6.1.4.1.311.10.10.1) bodyPartID 2: CMCAddAttributes",
        "certReferences.set: 1",
        "[0] szOID_OS_VERSION (1.3.6.1.4.1.311.13.2.3) ia5String: 10.0.26100.2",
        "cspName: Microsoft Software Key Storage Provider",
        "UserName: LAB\\rudi",
        "templateMajorVersion 100, templateMinorVersion 16",
        "szOID_APPLICATION_CERT_POLICIES: policyIdentifier id-kp-serverAuth (1.3.6.1.5.5.7.3.1)",
        "[0] szOID_ARCHIVED_KEY_ATTR (1.3.6.1.4.1.311.21.13): ContentInfo",
    ):
        assert line in text, line
    renewal = cmc("inspect", FIELD / "win-pkcs7-renewal.der").stdout
    assert "[4] szOID_RENEWAL_CERTIFICATE (1.3.6.1.4.1.311.13.1)\n" in renewal
    shown = json.loads(cmc("inspect", "--json", FIELD / "win-eobo-two-signers.der").stdout)
    content = shown["content"]["encapContentInfo"]["eContent"]
    (added,) = content["controlSequence"][0]["attrValues"]
    assert added["certReferences"] == {"set": [1]}
    pair = {"name": "requestername", "value": "LAB\\maria"}
    assert added["attributes"][0]["attrValues"] == [pair]


def test_inspect_shows_the_template_of_the_first_version(cmc: Run, tmp_path: Path) -> None:
    """The name of a template, as Windows writes it and as the standard has it; octets else."""
    message = tmp_path / "message.der"
    kind = oids.SZ_OID_ENROLL_CERTTYPE_EXTENSION
    for value, shown in (
        (b"\x1e\x04\0U\0s", "Us"),
        (b"\x30\x04\x0c\x02Us", "Name Us"),
        (b"\x05\x00", "0500"),
    ):
        extension = types.Extension(extn_id=kind, extn_value=value)
        wanted = types.ExtensionReq((extension,)).to_der()
        message.write_bytes(
            bare_request(attributes=(attribute(oids.ID_EXTENSION_REQUEST, wanted),))
        )
        assert f"szOID_ENROLL_CERTTYPE_EXTENSION: {shown}\n" in cmc("inspect", message).stdout


def test_inspect_shows_other_data_as_octets(cmc: Run, tmp_path: Path) -> None:
    """What is no PKCS#10 in id-data stays octets; with ``--wrapped`` a broken one is refused."""
    message = tmp_path / "message.der"
    for content in (b"text", bare_request() + b"\0"):
        message.write_bytes(signed_data(content, oids.ID_DATA))
        assert f"eContent: {content[:32].hex()}" in cmc("inspect", message).stdout
    refused = cmc("inspect", "--wrapped", message)
    assert refused.returncode == 1
    assert "trailing_data" in refused.stderr


def test_verify_wrapped(cmc: Run, tmp_path: Path) -> None:
    """V1: with ``--wrapped`` the renewal of Windows is a message; where one is broken is said."""
    message = FIELD / "win-pkcs7-renewal.der"
    untold, told = cmc("verify", "--json", message), cmc("verify", "--json", "--wrapped", message)
    assert (untold.returncode, told.returncode) == (1, 0)
    assert rows(untold)[0]["reason"] == "wrong_content_type"
    assert (rows(told)[0]["kind"], rows(told)[0]["verdict"]) == ("wrapped-request", "verified")
    broken = tmp_path / "broken.der"
    broken.write_bytes(signed_data(bare_request() + b"\0", oids.ID_DATA))
    place = "in contentInfo.content.encapContentInfo.eContent"
    assert place in cmc("verify", "--wrapped", broken).stdout


def test_inspect_says_what_was_converted(cmc: Run) -> None:
    received, der = (cmc("inspect", BATCH.with_suffix(s)).stdout for s in (".ber", ".der"))
    assert "received in BER" in received.splitlines()[0]
    assert "BER" not in der
    assert received.splitlines()[1:] == der.splitlines()[1:]


def test_inspect_strict_refuses_ber(cmc: Run) -> None:
    done = cmc("inspect", "--strict", BATCH.with_suffix(".ber"))
    assert done.returncode == 1
    assert "not_canonical" in done.stderr


def test_inspect_strict_refuses_versions(cmc: Run) -> None:
    certs_only = VECTORS.parent / "jss/messages/certs-only.der"
    assert cmc("inspect", certs_only).returncode == 0
    done = cmc("inspect", "--strict", certs_only)
    assert done.returncode == 1
    assert "version_mismatch at offset 23 in contentInfo.content.version" in done.stderr


@pytest.mark.parametrize("form", ["der", "pem"])
def test_inspect_reads_standard_input(cmc: Run, form: str) -> None:
    der = BATCH.read_bytes()
    pem = b"-----BEGIN CMS-----\n" + encodebytes(der) + b"-----END CMS-----\n"
    done = cmc("inspect", "-", stdin=der if form == "der" else pem)
    assert done.stdout == cmc("inspect", BATCH).stdout


def test_inspect_json_has_the_names_of_the_standard(cmc: Run) -> None:
    shown = json.loads(cmc("inspect", "--json", VECTORS / "batches" / "nested-batch.der").stdout)
    content = shown["content"]["encapContentInfo"]["eContent"]
    assert content["controlSequence"][0] == {
        "bodyPartID": 1,
        "attrType": "1.3.6.1.5.5.7.7.28",
        "attrValues": [[21, 22]],
    }
    # Above 2^53 a number would lose digits in many readers.
    assert content["controlSequence"][1]["attrValues"] == ["377222408534725933684"]
    inner = content["cmsSequence"][0]["contentInfo"]["content"]["encapContentInfo"]["eContent"]
    assert [member["bodyPartID"] for member in inner["cmsSequence"]] == [11, 12]


def test_inspect_prints_no_control_characters_of_a_message(cmc: Run) -> None:
    hostile = "\x1b[2J\rverified\u202e\nNOT"
    status = types.CMCStatusInfoV2(
        cmc_status=2,
        body_list=(types.BodyPartReference(body_part_id=1),),
        status_string=hostile,
        other_info=types.OtherStatusInfo(fail_info=11),
    )
    content = types.PKIResponse(
        control_sequence=(
            types.TaggedAttribute(
                body_part_id=1, attr_type="1.3.6.1.5.5.7.7.25", attr_values=(status,)
            ),
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    done = cmc("inspect", "-", stdin=unsigned(content))
    assert r"statusString: \x1b[2J\rverified\u202e\nNOT" in done.stdout
    assert "cMCStatus: failed (2)" in done.stdout
    assert "otherInfo.failInfo: internalCAError (11)" in done.stdout
    assert all(line.isprintable() for line in done.stdout.split("\n"))


def unsigned(content: types.PKIResponse) -> bytes:
    return types.ContentInfo(
        content_type="1.2.840.113549.1.7.2",
        content=types.SignedData(
            version=3,
            digest_algorithms=(),
            encap_content_info=types.EncapsulatedContentInfo(
                e_content_type="1.3.6.1.5.5.7.12.3", e_content=content.to_der()
            ),
            signer_infos=(),
        ),
    ).to_der()


def test_every_identifier_of_the_tables_has_a_name() -> None:
    for table in tables.OPEN_TYPES.values():
        for oid in table:
            assert oids.name(oid) != oid


# --- verify ----------------------------------------------------------------------------------


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_verify_gives_every_vector_its_verdict(cmc: Run) -> None:
    expected = manifest()
    done = cmc("verify", "--json", *(VECTORS / row["file"] for row in expected))
    outer = [row for row in rows(done) if not row["path"]]
    found = [(row["file"], row["verdict"], row["reason"] or "", row["rule"] or "") for row in outer]
    # An encrypted or MACed message broke no rule.
    assert found == [
        (str(VECTORS / row["file"]), row["verdict"], row["reason"], row["rule"]) for row in expected
    ]
    assert done.returncode == 1


def test_verify_exits_0_where_all_is_verified(cmc: Run) -> None:
    done = cmc("verify", BATCH, VECTORS / "signers" / "ed25519.der")
    assert done.returncode == 0
    assert done.stderr == ""
    assert ["verified", "7"] in [line.split() for line in done.stdout.splitlines()]
    assert "chains of signers: 2 unchecked" in done.stdout
    assert "not verified" not in done.stdout


def test_verify_summary_says_how_fast_and_with_what(cmc: Run, backend: str) -> None:
    done = cmc("verify", "--threads", "1", BATCH)
    assert f" messages/s, {backend} backend, 1 thread\n" in done.stdout


def test_verify_lists_failures_by_reason(cmc: Run) -> None:
    truncated = BATCH.read_bytes()[:1000]
    done = cmc("verify", BROKEN_BATCH, "-", stdin=truncated)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = lines.index("  1 failed, signature_invalid (V10)")
    assert lines[at + 1].startswith(f"    {BROKEN_BATCH} message 12 at offset ")
    at = lines.index("  1 malformed, truncated (P2)")
    assert lines[at + 1] == "    - at offset 0 in contentInfo"
    assert "2 not verified:" in done.stdout


def test_verify_counts_what_it_does_not_show(cmc: Run) -> None:
    done = cmc("verify", *[VECTORS / "faults" / "signature-broken.der"] * 12)
    assert "  12 failed, signature_invalid (V10)" in done.stdout
    assert "    … 9 more" in done.stdout


def test_verify_certificates_only_is_no_failure(cmc: Run) -> None:
    assert cmc("verify", CERTS_ONLY).returncode == 0
    assert cmc("verify", VECTORS / "responses" / "zero-signers.der").returncode == 1
    assert cmc("verify", VECTORS / "encrypted" / "enveloped-rsa.der").returncode == 1


def test_verify_tells_of_notes_on_a_message(cmc_inside: Run, tmp_path: Path) -> None:
    """V1: the version of SignedData is no body part."""
    file = tmp_path / "first.der"
    file.write_bytes(Message(version=1).encode())
    done = cmc_inside("verify", file)
    assert done.returncode == 0
    assert "  note on the message: version_mismatch\n" in done.stdout


def test_verify_tells_of_notes_on_body_parts(cmc_inside: Run, tmp_path: Path) -> None:
    """R4: by its number, the one that is too many."""
    file = tmp_path / "twice.der"
    identification = [control(number, 2, tlv(0x0C, b"device")) for number in (1, 2)]
    file.write_bytes(Message(content=pki_data(identification)).encode())
    done = cmc_inside("verify", file)
    assert done.returncode == 0
    assert "  note on body part 2: duplicate_control\n" in done.stdout


def test_verify_json_has_exactly_the_members_of_a_row(cmc: Run) -> None:
    done = cmc("verify", "--json", BATCH)
    found = rows(done)
    assert [row["path"] for row in found] == [[], [11], [12], [13], [14], [15]]
    assert all(list(row) == MEMBERS for row in found)
    assert found[0]["signers"][0]["chain"] == "unchecked"
    assert found[1]["requests"] == [
        {"id": 3, "form": "pkcs10", "algorithm": "ecdsa-with-SHA256", "pop": "verified"}
    ]
    assert done.stderr.startswith("cmc: 6 messages: 6 verified; ")


def test_verify_csv_has_a_line_for_each_message(cmc: Run) -> None:
    done = cmc("verify", "--csv", BATCH.with_name("nested-batch.der"))
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(found[0]) == MEMBERS
    assert [row["path"] for row in found] == ["", "/21", "/21/11", "/21/12", "/22"]
    assert found[2]["requests"] == "3:pkcs10:ecdsa-with-SHA256:verified"
    assert found[2]["signers"] == "ecdsa-with-SHA256::3::::"
    assert done.stderr.startswith("cmc: 5 messages: 5 verified; ")


def test_verify_reads_standard_input(cmc: Run) -> None:
    done = cmc("verify", "--json", "-", stdin=BATCH.read_bytes())
    assert done.returncode == 0
    assert {row["file"] for row in rows(done)} == {"-"}


def test_verify_trust_checks_chains(cmc: Run) -> None:
    message = VECTORS / "signers" / "p256-sha256.der"
    trusted = cmc("verify", "--json", "--trust", CA, message)
    assert trusted.returncode == 0
    assert rows(trusted)[0]["signers"][0]["chain"] == "trusted"
    early = cmc("verify", "--json", "--trust", CA, "--at", "2020-01-01T00:00:00Z", message)
    assert early.returncode == 1
    assert rows(early)[0]["reason"] == "untrusted_chain"
    detail = rows(early)[0]["signers"][0]["detail"]
    assert "is not valid before 2026-01-01T00:00:00Z" in detail
    told = cmc("verify", "--trust", CA, "--at", "2020-01-01T00:00:00Z", message)
    assert f", chain untrusted: {detail}\n" in told.stdout
    alone = cmc("verify", "--csv", "--trust", RA, message)
    assert "no trust anchor issued " in alone.stdout


def test_verify_says_when_legacy_would_help(cmc: Run) -> None:
    message = FIELD / "win-certreq-sha1-no-legacy.der"
    hint = "1 signed with sha1WithRSAEncryption: --legacy accepts this algorithm"
    untold = cmc("verify", message)
    assert untold.returncode == 1
    assert untold.stdout.splitlines()[-1] == hint
    assert cmc("verify", "--json", message).stderr.splitlines()[-1] == f"cmc: {hint}"
    allowed = cmc("verify", "--legacy", message)
    assert allowed.returncode == 0
    assert "--legacy" not in allowed.stdout
    assert "--legacy" not in cmc("verify", FIELD / "csr-version-1.der").stdout


def pkcs10(bits: int, algorithm: hashes.HashAlgorithm) -> bytes:
    """A request for an RSA key, with a good proof of possession."""
    private = rsa.generate_private_key(65537, bits)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(private, algorithm).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("bits", "algorithm", "reason", "helps"),
    [
        (1024, hashes.SHA256(), "key_rejected", True),
        (1024, hashes.SHA512(), "key_rejected", True),
        (1024, hashes.SHA384(), "key_rejected", False),
        (1536, hashes.SHA256(), "key_rejected", False),
    ],
)
def test_v10a_verify_says_when_legacy_would_accept_the_key(
    cmc: Run, bits: int, algorithm: hashes.HashAlgorithm, reason: str, helps: bool
) -> None:
    """The hint is there where --legacy accepts the key, and only there."""
    octets = pkcs10(bits, algorithm)
    untold, allowed = cmc("verify", "-", stdin=octets), cmc("verify", "--legacy", "-", stdin=octets)
    hint = "1 with a key that is too short: --legacy accepts RSA keys of 1,024 bits"
    assert (untold.returncode, allowed.returncode) == (1, 0 if helps else 1)
    assert f"1 failed, {reason} (V9)" in untold.stdout
    assert (hint in untold.stdout) == ("--legacy" in untold.stdout) == helps
    assert "--legacy" not in allowed.stdout
    lines = cmc("verify", "--json", "-", stdin=octets).stderr.splitlines()
    assert (lines[-1] == f"cmc: {hint}") == helps


def test_v10a_verify_says_nothing_of_legacy_where_it_does_not_help(cmc: Run) -> None:
    """SHA-1 beside what is refused in any case: the hint would not be true."""
    message = FIELD / "win-certreq-sha1-no-legacy.der"
    octets = message.read_bytes()
    unknown = bytes.fromhex("06092a864886f70d01010e")  # sha224WithRSAEncryption
    sha1 = bytes.fromhex("06092a864886f70d010105")
    at = octets.rindex(sha1)  # the signer's; its request is signed with SHA-1 still
    changed = octets[:at] + unknown + octets[at + len(sha1) :]
    assert cmc("verify", "--legacy", "-", stdin=changed).returncode == 1
    done = cmc("verify", "-", stdin=changed)
    assert "unsupported_algorithm" in done.stdout
    assert "--legacy" not in done.stdout


def test_v10a_the_hint_counts_at_most_a_thousand() -> None:
    """Messages are verified again for it, and not all of a large batch."""
    octets = (FIELD / "win-certreq-sha1-no-legacy.der").read_bytes()
    for count, expected in ((report.TRIED, "1,000 signed"), (report.TRIED + 1, "at least 1,000")):
        tally = report.Tally()
        tally.add(cmcodec.verify_batch([octets] * count), ["file"] * count, [octets] * count)
        run = report.Run(1.0, 1, lambda them: cmcodec.verify_batch(them, legacy=True))
        (hint,) = report._hints(tally, run)
        assert hint.startswith(expected)
    assert not list(report._hints(tally, report.Run(1.0, 1)))


def test_verify_says_when_request_keys_would_help(cmc: Run) -> None:
    single = VECTORS / "requests" / "request-key-pkcs10-p256.der"
    trusting = ("verify", "--trust", CA)
    untold = cmc(*trusting, single)
    assert untold.returncode == 1
    hint = "1 signed by no key but that of their own request: --request-keys all accepts every one"
    assert untold.stdout.splitlines()[-1] == hint
    assert rows(cmc(*trusting, "--json", single))[0]["origin"] == "request-key"
    assert cmc(*trusting, "--csv", single).stderr.splitlines()[-1] == f"cmc: {hint}"
    assert cmc(*trusting, "--request-keys", "nested", single).returncode == 1
    for allowed in (cmc(*trusting, "--request-keys", "all", single), cmc("verify", single)):
        assert allowed.returncode == 0
        assert "--request-keys" not in allowed.stdout
    nested = cmc(*trusting, BATCH.with_name("nested-batch.der"))
    assert "--request-keys nested accepts those inside another message" in nested.stdout
    assert cmc(*trusting, "--request-keys", "some", single).returncode == 2


def test_verify_trust_takes_pem_bundles(cmc: Run, tmp_path: Path) -> None:
    bundle = tmp_path / "anchors.pem"
    armoured = (
        b"-----BEGIN CERTIFICATE-----\n"
        + encodebytes(file.read_bytes())
        + b"-----END CERTIFICATE-----\n"
        for file in (RA, CA)
    )
    bundle.write_bytes(b"Two certificates.\n" + b"\n".join(armoured))
    done = cmc("verify", "--json", "--trust", bundle, VECTORS / "signers" / "p256-sha256.der")
    assert rows(done)[0]["signers"][0]["chain"] == "trusted"
    bundle.write_bytes(bundle.read_bytes()[:-40])
    half = cmc("verify", "--trust", bundle, VECTORS / "signers" / "p256-sha256.der")
    assert half.returncode == 2
    assert half.stderr == f"cmc: {bundle}: neither DER nor PEM certificates\n"


@pytest.mark.parametrize("option", ["--trust", "--certificates", "--authorised-ra"])
def test_verify_refuses_what_is_no_certificate(cmc: Run, option: str) -> None:
    done = cmc("verify", option, BATCH, BATCH)
    assert done.returncode == 2
    assert done.stderr == f"cmc: {BATCH}: neither DER nor PEM certificates\n"


def test_verify_certificates_finds_signers(cmc: Run, tmp_path: Path) -> None:
    key = demo_keys.p256()
    content = types.PKIData(
        control_sequence=(), req_sequence=(), cms_sequence=(), other_msg_sequence=()
    )
    signer = SigningKey.from_private_key(key, key_identifier=demo_keys.key_identifier(key))
    message = sign(content, replace(signer, check=False))
    certificate = tmp_path / "signer.der"
    certificate.write_bytes(demo_keys.certificate(key))
    alone = cmc("verify", "--json", "-", stdin=message)
    assert rows(alone)[0]["reason"] == "signer_not_found"
    assert cmc("verify", "--certificates", certificate, "-", stdin=message).returncode == 0


def test_verify_authorised_ra_lets_raverified_count(cmc: Run) -> None:
    message = VECTORS / "requests" / "crmf-raverified.der"
    plain = cmc("verify", "--json", message)
    declared = cmc("verify", "--json", "--authorised-ra", RA, message)
    states = [rows(done)[0]["requests"][0]["pop"] for done in (plain, declared)]
    assert states == ["absent", "ra-asserted"]


def test_verify_legacy_accepts_what_it_says(cmc: Run) -> None:
    message = VECTORS / "signers" / "rsa2048-sha1.der"
    assert cmc("verify", message).returncode == 1
    assert cmc("verify", "--legacy", message).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="names of files are octets on POSIX only")
def test_verify_survives_names_that_are_no_text(cmc: Run, tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b.der")
    Path(name).write_bytes(BATCH.read_bytes())
    done = cmc("verify", name)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert cmc("verify", "--json", name, PYTHONIOENCODING="ascii").returncode == 0


# --- demo ------------------------------------------------------------------------------------


def test_demo_fails_exactly_the_three_broken(cmc: Run, tmp_path: Path) -> None:
    file = tmp_path / "batch.der"
    done = cmc("demo", "--size", "40", "--keep", file)
    assert done.returncode == 0
    assert "Exactly the broken requests failed, each for the right reason." in done.stdout
    again = cmc("verify", "--json", file)
    bad = {row["path"][0]: row["reason"] for row in rows(again) if row["verdict"] != "verified"}
    assert bad == {100: "signature_invalid", 113: "digest_mismatch", 126: "pop_invalid"}
    assert len(rows(again)) == 41


def test_demo_keeps_nothing_unless_it_is_told_to(
    cmc_inside: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cmc_inside("demo", "--size", "3", "--threads", "1")
    assert done.returncode == 0
    assert "request 101 is broken: its content" in done.stdout
    assert not list(tmp_path.iterdir())


def test_demo_that_cannot_be_kept_exits_2(cmc: Run, tmp_path: Path) -> None:
    done = cmc("demo", "--size", "3", "--keep", tmp_path / "absent" / "batch.der")
    assert done.returncode == 2
    assert done.stderr.endswith(": No such file or directory\n")


# --- what is not there -----------------------------------------------------------------------


def test_an_engine_that_is_not_installed_is_told(
    cmc_inside: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_backend, "find_spec", lambda _: None)
    done = cmc_inside("inspect", "--backend", "rust", BATCH)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "cmc: --backend rust: CMCODEC_BACKEND=rust: the engine is not installed\n"
    assert cmc_inside("inspect", "--backend", "auto", BATCH).returncode == 0


def test_standard_input_that_is_closed_is_told(
    cmc_inside: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    done = cmc_inside("inspect", "-")
    assert (done.returncode, done.stderr) == (2, "cmc: -: standard input is closed\n")


def test_a_package_without_metadata_has_no_version(
    cmc_inside: Run, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    def none(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", none)
    done = cmc_inside("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"cmc (not installed) ({backend} backend; lanes ")


@pytest.mark.parametrize(
    ("error", "line", "status"),
    [
        (DecodeError(Reason.TRUNCATED, 4, "x"), "cmc: truncated at offset 4 in x", 1),
        (MemoryError(), "cmc: not enough memory", 3),
        (RuntimeError("why"), "cmc: defect, please report: RuntimeError: why", 3),
    ],
    ids=["refused", "memory", "defect"],
)
def test_what_no_command_has_foreseen_is_one_line(
    error: Exception,
    line: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback, unless CMC_TRACEBACK asks for that of a defect."""

    def fail(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(cli._cmc, "main", fail)
    assert cli.main(["inspect"]) == status
    assert capsys.readouterr() == ("", f"{line}\n")
    monkeypatch.setenv("CMC_TRACEBACK", "1")
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError, match="why"):
            cli.main(["inspect"])
    else:
        assert cli.main(["inspect"]) == status


# --- what happens around us ------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="a pipe breaks otherwise elsewhere")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("arguments", [["inspect", "--json"], ["inspect"], ["verify", "--json"]])
def test_a_reader_that_leaves_is_no_error_to_talk_about(
    backend: str, arguments: list[str], unbuffered: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command(*arguments, BATCH),
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        env=surroundings(backend) | {"PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["inspect", BATCH], ["verify", BATCH]])
def test_a_full_disk_is_said_in_one_line(backend: str, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command(*arguments),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=surroundings(backend),
        )
    assert done.returncode == 2
    assert done.stderr == b"cmc: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_an_interrupt_exits_130(backend: str, tmp_path: Path) -> None:
    fifo = tmp_path / "slow.der"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        command("verify", fifo), stderr=subprocess.PIPE, env=surroundings(backend)
    )
    # More than a pipe holds is written only while the program reads the file.
    with open(fifo, "wb", buffering=0) as stream:
        stream.write(bytes(1 << 17))
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == b"cmc: interrupted"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_output_that_is_no_terminal_has_no_escape_sequences(cmc: Run) -> None:
    done = cmc("verify", *[BATCH] * 50)
    assert "\x1b" not in done.stdout + done.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "file"])
def test_the_bar_is_drawn_on_terminals_only(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setenv("TERM", "xterm")
    with progress.Bar() as bar:
        for done in range(4):
            bar(done, 3)
    assert ("3/3" in stream.getvalue()) == isinstance(stream, Terminal)


def test_verify_imports_only_what_it_needs(backend: str) -> None:
    code = (
        "import sys; from cmcodec.cli import main; main(['verify', '--json', sys.argv[1]]);"
        "print(*(name for name in ('rich', 'cmcodec.types', 'cryptography.x509')"
        " if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(BATCH)],
        capture_output=True,
        check=True,
        text=True,
        env=surroundings(backend),
    )
    imported = done.stderr.splitlines()[-1].split()
    assert "rich" not in imported
    if backend == "rust":
        # Of a batch, whose controls refer to its members, as of a single message.
        assert imported == []
