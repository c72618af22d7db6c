"""What this library, asn1crypto and ``cryptography`` say; also a process that answers for one.

    python -m others.judges NAME [memory]

It reads forms (an octet: 0 a message, 1 a PKCS#10), lengths (four octets) and octets from standard
input and writes a line of JSON for each, as ``Judge.java`` does.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from asn1crypto import cms, core, csr
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

import cmcodec
from cmcodec import DecodeError

from . import features
from .answers import CRASHED, INVALID, READ, REFUSED, UNSIGNED, VALID, Answer, hashed, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec import Message

MESSAGE, PKCS10 = 0, 1
OURS = {
    "verified": VALID,
    "failed": INVALID,
    "unsigned": UNSIGNED,
    "unverified": UNSIGNED,
    "malformed": REFUSED,
}


def ours(octets: bytes, form: int) -> Answer:
    """The first row; what `load` refuses is refused, wherever in it that is."""
    rows = list(cmcodec.verify_batch(octets, threads=1))
    row = next((each for each in rows if each.verdict == "malformed"), rows[0])
    told = Answer(OURS[row.verdict], row.reason or "", row.rule or "", row.offset)
    try:
        message = cmcodec.load(octets)
    except DecodeError as error:
        return replace(told, said=REFUSED, offset=error.offset, path=error.path)
    look = features.of_message if form == MESSAGE else features.of_request
    return replace(told, values=_our_values(message), features=look(octets, message, row))


def worked(octets: bytes, _: int) -> Answer:
    """What is measured of this library: it loads and verifies, and counts the verdicts."""
    with suppress(DecodeError):
        cmcodec.load(octets)
    return Answer(READ, " ".join(sorted(cmcodec.verify_batch(octets, threads=1).counts())))


def _our_values(message: Message) -> dict[str, str]:
    signed = getattr(message.unverified_structure, "content", None)
    held = getattr(signed, "encap_content_info", None)
    if held is None or not hasattr(signed, "signer_infos"):
        return {}
    content = None if held.e_content is None else bytes(held.e_content)
    carried = "; ".join(sorted(hashed(bytes(each.der)) for each in message.certificates))
    signers = []
    for signer in signed.signer_infos:
        algorithms = signer.digest_algorithm.algorithm, signer.signature_algorithm.algorithm
        signers.append((features.named(signer), *algorithms, bytes(signer.signature)))
    return values(held.e_content_type, content, signers) | {"certificates": carried}


def asn1crypto(octets: bytes, form: int) -> Answer:
    """Reads all that its classes describe; the content is octets to it."""
    if form == PKCS10:
        _ = csr.CertificationRequest.load(octets, strict=True).native
        return Answer(READ)
    info = cms.ContentInfo.load(octets, strict=True)
    _ = info.native
    if info["content_type"].native != "signed_data":
        return Answer(READ)
    signed = info["content"]
    held = signed["encap_content_info"]
    signers = []
    for signer in signed["signer_infos"]:
        chosen = signer["sid"].chosen
        serial = signer["sid"].name == "issuer_and_serial_number"
        sid = chosen["serial_number"].native if serial else chosen.native
        digest = signer["digest_algorithm"]["algorithm"].dotted
        algorithm = signer["signature_algorithm"]["algorithm"].dotted
        signers.append((sid, digest, algorithm, signer["signature"].native))
    content = held["content"]
    # Beside version 1 the content may be anything, as in PKCS #7.
    content = content.parsed if isinstance(content, core.Any) else content
    is_there = not isinstance(content, core.Void)
    read = values(held["content_type"].dotted, bytes(content) if is_there else None, signers)
    return Answer(READ, values=read)


def cryptography(octets: bytes, form: int) -> Answer:
    """Reads the certificates of a message; verifies a PKCS#10."""
    if form == MESSAGE:
        found = pkcs7.load_der_pkcs7_certificates(octets)
        carried = "; ".join(sorted(hashed(each.public_bytes(Encoding.DER)) for each in found))
        return Answer(READ, values={"certificates": carried})
    request = x509.load_der_x509_csr(octets)
    try:
        _ = request.subject, list(request.extensions), list(request.attributes)
    except features.UNREADABLE:
        return Answer(REFUSED, "names, extensions")
    try:
        good = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        return Answer(INVALID, "key")
    return Answer(VALID) if good else Answer(INVALID, "signature")


JUDGES: dict[str, Callable[[bytes, int], Answer]] = {
    "ours": ours,
    "ours, measured": worked,
    "asn1crypto": asn1crypto,
    "cryptography": cryptography,
}
DOCUMENTED = {
    "ours": (DecodeError,),
    "ours, measured": (DecodeError,),
    "asn1crypto": (ValueError, TypeError),
    "cryptography": features.UNREADABLE,
}


def judged(name: str, octets: bytes, form: int) -> Answer:
    """What a side says, whatever it raises."""
    since = time.process_time()
    try:
        with warnings.catch_warnings(action="ignore"):
            answer = JUDGES[name](octets, form)
    except DOCUMENTED[name]:
        answer = Answer(REFUSED, "parse")
    except BaseException as error:  # A panic of another's engine is one.
        if isinstance(error, KeyboardInterrupt):
            raise
        answer = Answer(CRASHED, type(error).__name__)
    return replace(answer, seconds=time.process_time() - since)


def main(name: str, measured: str = "") -> None:
    """Answers for a side until standard input ends."""
    before = 0
    while form := sys.stdin.buffer.read(1):
        length = int.from_bytes(sys.stdin.buffer.read(4), "big")
        octets = sys.stdin.buffer.read(length)
        if measured:
            from benches import memory

            before = memory.resident_from_now()
        judge = "ours, measured" if measured and name == "ours" else name
        answer = judged(judge, octets, form[0])
        if measured:
            answer = replace(answer, peak=memory.peak() - before)
        with suppress(BrokenPipeError):
            print(json.dumps(asdict(answer)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
