"""``cmc open``: every layer of a message opened and checked, and the proofs by a shared secret."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from cmcodec.cli.inputs import read_message
from cmcodec.cli.options import (
    FILE,
    Misuse,
    backend_option,
    bad_message,
    printable,
    read_certificates,
    read_input,
    read_key,
    read_secret,
    write_output,
)
from cmcodec.errors import CMCError, ProofError, VerificationError
from cmcodec.message import load
from cmcodec.reasons import Reason

if TYPE_CHECKING:
    from cmcodec.cms import RecipientKey
    from cmcodec.cms.opening import Opened, Unsigned
    from cmcodec.message import Message

_NOBODY: Final = (Reason.NO_SIGNER, Reason.NO_SIGNATURE)


@click.command("open", short_help="Open every layer of a message; check shared secrets.")
@click.argument("file", type=FILE)
@click.option(
    "--key",
    "keys",
    multiple=True,
    type=FILE,
    metavar="KEY",
    help="Private keys, PEM, DER, pkcs11:.",
)
@click.option(
    "--certificate", "own", multiple=True, type=FILE, help="The certificates of these keys."
)
@click.option("--key-password-file", type=FILE, help="The password of the private keys.")
@click.option("--password-file", type=FILE, help="The password of a layer.")
@click.option("--identification", default="", metavar="TEXT", help="What goes before it.")
@click.option("--kek-file", type=FILE, help="A key-encryption key: 16, 24 or 32 octets.")
@click.option("--kek-id", metavar="HEX", help="What that is known by.")
@click.option("--trust", multiple=True, type=FILE, help="Trust anchors; checks chains.")
@click.option("--secret-file", type=FILE, help="Checks identity proof and POP link with it.")
@click.option("--compatibility", is_flag=True, help="Take what older implementations prove, too.")
@click.option("--legacy", is_flag=True, help="Accept RSA with SHA-1, 1024-bit RSA, and Triple DES.")
@click.option("--out", type=FILE, help="Write the innermost message there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@backend_option
def command(
    *,
    file: str,
    keys: tuple[str, ...],
    own: tuple[str, ...],
    key_password_file: str | None,
    password_file: str | None,
    identification: str,
    kek_file: str | None,
    kek_id: str | None,
    trust: tuple[str, ...],
    secret_file: str | None,
    compatibility: bool,
    legacy: bool,
    out: str | None,
    as_json: bool,
) -> int:
    """Open the message in FILE, PEM, DER or BER; - is standard input.

    The trailing newline of a file with a password or secret is no part of it. For example:

        cmc open request.crq --key ra.key --certificate ra.pem --secret-file secret.txt

    The exit status is 0 where every layer and proof is good, 1 where one is not or nobody signed,
    2 for wrong use.
    """
    openers = _private_keys(keys, read_certificates(own), key_password_file)
    openers += _shared_keys(password_file, identification, kek_file, kek_id)
    anchors = read_certificates(trust) if trust else None
    secret = None if secret_file is None else read_secret(secret_file)
    try:
        message = load(read_message(file))
        opened = _open(message, openers, anchors, legacy=legacy)
    except CMCError as error:
        raise bad_message(file, error) from None
    proofs = _proofs(opened, secret, compatibility=compatibility)
    if out is not None:
        write_output(out, opened.message.to_der())
    if as_json:
        sys.stdout.write(json.dumps({"file": file, **opened.to_dict(), "proofs": proofs}))
        sys.stdout.write("\n")
    else:
        for line in _lines(opened, proofs):
            sys.stdout.write(f"{line}\n")
    failed = proofs["identity"] in ("wrong", "absent") or proofs["pop_link"] == "wrong"
    return 1 if failed or opened.origin == "none" else 0


def _open(
    message: Message, keys: list[RecipientKey], trust: list[bytes] | None, *, legacy: bool
) -> Opened | Unsigned:
    """What can be opened, also where nobody signed."""
    try:
        return message.open(keys, trust=trust, legacy=legacy)
    except VerificationError as error:
        if error.reason not in _NOBODY:
            raise
        return message.open_unsigned(keys, legacy=legacy)


def _private_keys(
    names: tuple[str, ...], certificates: list[bytes], password_file: str | None
) -> list[RecipientKey]:
    """The keys in files, each with the certificate of its public key."""
    from cmcodec.verify.path import readable

    password = None if password_file is None else read_secret(password_file)
    read = ((each, readable(each)) for each in certificates)
    known = {found.spki: each for each, found in read if found is not None}
    found = []
    for name in names:
        key = read_key(name, password)
        try:
            found.append(key.opener(known.pop(key.public_key, None)))
        except TypeError as error:
            raise Misuse(f"{printable(name)}: no private key that opens: {error}") from None
    if known:
        raise Misuse("--certificate: there is no --key of it")
    return found


def _shared_keys(
    password_file: str | None, identification: str, kek_file: str | None, kek_id: str | None
) -> list[RecipientKey]:
    from cmcodec.cms import RecipientKey

    found = []
    if password_file is not None:
        found.append(RecipientKey.from_password(read_secret(password_file), identification))
    if (kek_file is None) != (kek_id is None):
        raise click.UsageError("--kek-file and --kek-id go together")
    if kek_file is not None and kek_id is not None:
        try:
            found.append(RecipientKey.from_kek(read_input(kek_file), bytes.fromhex(kek_id)))
        except ValueError as error:
            raise Misuse(f"--kek-file, --kek-id: {error}") from None
    return found


def _proofs(
    opened: Opened | Unsigned, secret: bytes | None, *, compatibility: bool
) -> dict[str, str]:
    """What the secret says of the identity proof and of the POP link."""
    if secret is None:
        return {"identity": "unchecked", "pop_link": "unchecked"}
    from cmcodec.controls import identity_proof, pop_link

    def state(verify: Any) -> str:
        try:
            verify(opened, secret, compatibility=compatibility)
        except ProofError as error:
            missing = (Reason.IDENTITY_PROOF_MISSING, Reason.POP_LINK_MISSING)
            return "absent" if error.reason in missing else "wrong"
        return "good"

    linked = state(pop_link.verify)
    if linked == "absent" and opened.find("id-cmc-popLinkRandom"):
        linked = "wrong"
    return {"identity": state(identity_proof.verify), "pop_link": linked}


def _lines(opened: Opened | Unsigned, proofs: dict[str, str]) -> list[str]:
    """The same for people."""
    lines = [f"{opened.message.kind}, origin: {opened.origin}"]
    for layer in opened.layers:
        by = f", recipient {layer.recipient}" if layer.recipient else ""
        lines.append(f"  {layer.kind}: {layer.algorithm}{by}")
        for signer in layer.signers:
            named = signer.certificate_sha256 or f"request {signer.request_id}"
            chain = f", chain {signer.chain}" if signer.chain else ""
            lines.append(f"    signed by {named}{chain}")
    lines += [f"  request {each.id}: {each.form}, pop {each.pop}" for each in opened.requests]
    if opened.transaction_id is not None:
        lines.append(f"  transaction {opened.transaction_id:#x}")
    lines.append(f"  identity proof: {proofs['identity']}, POP link: {proofs['pop_link']}")
    return lines
