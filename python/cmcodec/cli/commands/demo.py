"""``cmc demo``: a batch of requests made here, three of them broken, and what verifying it says."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from cmcodec import oids, types
from cmcodec.builders import batch_requests
from cmcodec.cli.commands import demo_keys
from cmcodec.cli.options import FILE, backend_option, write_output
from cmcodec.cli.show import report
from cmcodec.cli.show.progress import Bar
from cmcodec.cms import SigningKey, sign
from cmcodec.limits import MAX_THREADS
from cmcodec.message import load
from cmcodec.reasons import Reason
from cmcodec.verify.batch import default_threads, verify_batch

if TYPE_CHECKING:
    from cmcodec.cli.commands.demo_keys import PrivateKey
    from cmcodec.verify.report import BatchReport

BROKEN: Final = {
    "signature": Reason.SIGNATURE_INVALID,
    "content": Reason.DIGEST_MISMATCH,
    "proof": Reason.POP_INVALID,
}
"""What is broken in three of the requests, and the reason each must fail for."""

_REQUEST_ID: Final = 3


@click.command("demo", short_help="Make, break and verify a batch, offline.")
@click.option(
    "--size",
    type=click.IntRange(len(BROKEN), 100_000),
    default=200,
    show_default=True,
    help="Requests in the batch.",
)
@click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), metavar="N", help="Threads: one per core."
)
@click.option("--keep", type=FILE, help="Where to write the batch, in DER.")
@backend_option
def command(size: int, threads: int | None, keep: str | None) -> int:
    """Make keys and a batch of certification requests, break three of them, and verify it.

    Needs no files and no network. The exit status is 0 where exactly the three broken requests
    failed, each for the right reason.
    """
    broken = {100 + size * place // 3: what for place, what in enumerate(BROKEN)}
    since = time.perf_counter()
    batch = make_batch(size, broken)
    click.echo(
        f"{size:,} Full PKI Requests in one batch signed by an RA, {len(batch):,} octets, made in "
        f"{time.perf_counter() - since:.1f} s"
    )
    for number, what in broken.items():
        click.echo(f"request {number} is broken: its {what}")
    if keep is not None:
        write_output(keep, batch)
    threads = threads or default_threads()
    since = time.perf_counter()
    with Bar() as bar:
        verdicts = verify_batch(batch, threads=threads, progress=bar)
    run = report.Run(time.perf_counter() - since, threads)
    tally = report.Tally()
    tally.add(verdicts, [keep or "batch"], [batch])
    report.write_table(tally, run)
    return 0 if _as_expected(verdicts, size, broken) else 1


def _as_expected(verdicts: BatchReport, size: int, broken: dict[int, str]) -> bool:
    failed = {row.path: row.reason for row in verdicts.failures()}
    expected = {(number,): BROKEN[what] for number, what in broken.items()}
    if len(verdicts) == size + 1 and failed == expected:
        click.echo("\nExactly the broken requests failed, each for the right reason.")
        return True
    click.echo("cmc: the verdicts are not what they must be", err=True)
    return False


def make_batch(size: int, broken: dict[int, str]) -> bytes:
    """A Full PKI Request of an RA around ``size`` requests with ids from 100 on."""
    ids = range(100, 100 + size)
    requests = [
        make_request(key, number, broken.get(number))
        for number, key in zip(ids, demo_keys.generate(size), strict=True)
    ]
    key = demo_keys.p256()
    signer = SigningKey.from_private_key(key, demo_keys.certificate(key))
    return batch_requests(requests, signer, controls=_transaction(), ids=ids)


def make_request(key: PrivateKey, number: int, broken: str | None) -> bytes:
    """A Full PKI Request around a PKCS#10 request, signed by the key that it asks for."""
    request = demo_keys.pkcs10(key, f"device-{number}")
    if broken == "proof":
        request = _changed(request, "signature")
    content = types.PKIData(
        control_sequence=_transaction(),
        req_sequence=(
            types.TaggedRequest(
                tcr=types.TaggedCertificationRequest(
                    body_part_id=_REQUEST_ID,
                    certification_request=types.CertificationRequest.from_der(request),
                )
            ),
        ),
        cms_sequence=(),
        other_msg_sequence=(),
    )
    signer = SigningKey.from_private_key(key, key_identifier=demo_keys.key_identifier(key))
    # Without the check of its own: a wrong proof of possession is to be signed too.
    message = sign(content, replace(signer, check=False))
    if broken == "signature":
        return _changed(message, "content.signerInfos[0].signature")
    if broken == "content":
        nonce = "content.encapContentInfo.eContent.controlSequence[1].attrValues[0]"
        return _changed(message, nonce)
    return message


def _transaction() -> tuple[types.TaggedAttribute, ...]:
    return (
        types.TaggedAttribute(
            body_part_id=1,
            attr_type=oids.ID_CMC_TRANSACTION_ID,
            attr_values=(types.TransactionId(secrets.randbits(63)),),
        ),
        types.TaggedAttribute(
            body_part_id=2,
            attr_type=oids.ID_CMC_SENDER_NONCE,
            attr_values=(types.SenderNonce(secrets.token_bytes(16)),),
        ),
    )


def _changed(message: bytes, path: str) -> bytes:
    """The message with one bit changed in the element at ``path``, which stays valid DER.

    A quarter into a signature is within its only number, or the first of two.
    """
    start, end = load(message).locate(path) or (0, 0)
    place = start + (end - start) // 4
    return message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :]
