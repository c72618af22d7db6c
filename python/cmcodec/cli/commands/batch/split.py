"""``cmc batch split``: the answers out of the answer to a batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from cmcodec import oids, types
from cmcodec.builders import certs_only
from cmcodec.cli.exchange.result import Result
from cmcodec.cli.groups import Many, ManyCommand, example
from cmcodec.cli.inputs import read_message, read_messages
from cmcodec.cli.options import (
    FILE,
    Misuse,
    backend_option,
    bad_message,
    printable,
    read_certificates,
    write_output,
)
from cmcodec.controls import conversation
from cmcodec.controls.requests import public_key_of
from cmcodec.errors import CMCError, ProofError
from cmcodec.message import Message, load
from cmcodec.roles.end_entity.certificates import readable_ones
from cmcodec.roles.registration.relaying import Told, Upstream
from cmcodec.transports.media import media_of
from cmcodec.types.controls import CMCStatus
from cmcodec.verify.path import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography import x509

    from cmcodec.cli.inputs import Input

__all__ = ["command"]


class _Request(NamedTuple):
    """A request of the batch, and what it came from."""

    given: Input
    message: Message

    @property
    def name(self) -> str:
        return self.given.name

    @property
    def stem(self) -> str:
        """What its answer is called: as its file, where that holds several with a number."""
        number = f"-{self.given.number}" if self.given.number else ""
        return Path(self.given.file).stem + number

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The public keys that are to be certified, as far as it shows."""
        content = self.message.unverified_content
        if isinstance(content, types.CertificationRequest):
            return (content.certification_request_info.subject_public_key_info.to_der(),)
        asked = content.req_sequence if isinstance(content, types.PKIData) else ()
        found = (public_key_of(each) for each in asked)
        return tuple(each.to_der() for each in found if each is not None)


@click.command(
    "split",
    cls=ManyCommand,
    short_help="Give each request its answer.",
    epilog=example(
        "cmc batch split batch.crp --requests requests/*.crq --trust ca.pem --out answers"
    ),
)
@click.argument("file", type=FILE)
@click.option(
    "--requests",
    cls=Many,
    required=True,
    type=FILE,
    metavar="FILE…",
    help="In the order of the batch.",
)
@click.option("--trust", multiple=True, type=FILE, help="CAs: whose answers count.")
@click.option("--out", required=True, metavar="FOLDER", help="For the answers.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@backend_option
def command(
    file: str, *, requests: tuple[str, ...], trust: tuple[str, ...], out: str, as_json: bool
) -> int:
    """Take the answer to a batch apart: that to NAME.crq becomes NAME.crp or NAME.p7c.

    Of a file of several PEM blocks these are NAME-1, NAME-2 and so on.

    Batch and answers are verified, each by itself. What is encrypted or under a MAC is for its
    reader, who checks it.

    The exit status is 0 where each request has an answer, whatever that says, 1 where one has none
    or a bad one, 2 for wrong use, 4 where more are to come.
    """
    asked = [_loaded(each) for each in read_messages(requests).messages]
    if len({each.stem for each in asked}) < len(asked):
        raise Misuse("--requests: two files are called alike, and so would their answers")
    if not trust:
        raise Misuse("--trust FILE is needed: the CAs whose answers count")
    now, upstream = datetime.now(UTC), Upstream(trust=read_certificates(trust), keys=())
    try:
        opened = upstream.open(read_message(file), now)
        found = upstream.answers(opened, now)
    except CMCError as error:
        raise bad_message(file, error) from None
    pairs = _paired(found, asked)
    notes: list[str] = []
    issued: list[x509.Certificate] = []
    for place, request in enumerate(asked):
        answer = pairs.get(place)
        if answer is None:
            notes.append(f"{printable(request.name)}: no answer that is good")
            continue
        told = Told.of(answer).status
        if told != CMCStatus.SUCCESS:
            notes.append(f"{printable(request.name)}: {told.name.lower()}")
        issued += _issued(answer, request)
        octets = _for_client(answer, request)
        name = request.stem + media_of(octets, "answer").file_extension
        write_output(str(_folder(out) / name), octets)
    notes.append(f"{len(pairs)} of {len(asked)} requests have an answer")
    result = replace(
        Result.of_answer(opened.message, out if pairs else None, notes), certificates=issued
    )
    if len(pairs) < len(asked) and result.state == "done":
        result = replace(result, state="failed")
    return result.show(as_json=as_json)


def _loaded(given: Input) -> _Request:
    try:
        return _Request(given, load(given.octets))
    except CMCError as error:
        raise bad_message(given.name, error) from None


def _folder(name: str) -> Path:
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"{printable(name)}: {error.strerror or error}") from None
    return folder


def _for_client(answer: Message, request: _Request) -> bytes:
    """The answer as it is; to a PKCS#10, which the RA put in a request, certificates alone."""
    if request.message.kind == "simple-request" and _keys(answer, request.keys):
        return certs_only(each.der for each in answer.certificates)
    return answer.to_der()


# --- which answer is to which request ------------------------------------------------------------


def _paired(answers: Sequence[Message | None], requests: Sequence[_Request]) -> dict[int, Message]:
    """The good answers by the places of their requests.

    They are in the order of the batch (RFC 10002 §6.17). Where the requests are not, transaction
    ids and certified keys say which is meant.
    """
    in_order = list(zip(answers, requests, strict=False))
    if len(answers) <= len(requests) and all(
        answer is None or _fits(answer, request) for answer, request in in_order
    ):
        return {place: each for place, each in enumerate(answers) if each is not None}
    by_id: dict[object, int] = {}
    for place, request in enumerate(requests):
        by_id |= dict.fromkeys((*_transactions(request.message), *request.keys), place)
    pairs: dict[int, Message] = {}
    for answer in answers:
        if answer is None:
            continue
        shown = (*_transactions(answer), *_keys(answer))
        places = {by_id[each] for each in shown if each in by_id} - pairs.keys()
        if len(places) != 1 or not _fits(answer, requests[min(places)]):
            raise Misuse("--requests: all of the batch are needed, in its order")
        pairs[min(places)] = answer
    return pairs


def _fits(answer: Message, request: _Request) -> bool:
    """Whether this may be the answer, as far as both show."""
    if request.message.kind == "simple-request":
        # It was in a request of the RA's own.
        is_granted = Told.of(answer).status == CMCStatus.SUCCESS
        return not is_granted or bool(_keys(answer, request.keys))
    if None in (answer.unverified_content, request.message.unverified_content):
        return True
    try:
        conversation.check(answer, request.message)
    except ProofError:
        return False
    return True


def _transactions(message: Message) -> tuple[int, ...]:
    content = message.unverified_content
    if not isinstance(content, types.PKIData | types.PKIResponse):
        return ()
    return tuple(value.value for _, value in content.find(oids.ID_CMC_TRANSACTION_ID))


def _keys(answer: Message, of: Iterable[bytes] | None = None) -> list[bytes]:
    """The keys of the certificates that came with an answer, of all or of these."""
    found = (readable(each.der) for each in answer.certificates)
    return [each.spki for each in found if each is not None and (of is None or each.spki in of)]


def _issued(answer: Message, request: _Request) -> Iterable[x509.Certificate]:
    """The certificates in an answer that are for the keys of a request."""
    wanted = set(request.keys)
    octets = (each.der for each in answer.certificates)
    return readable_ones(each for each in octets if (own := readable(each)) and own.spki in wanted)
