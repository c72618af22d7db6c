"""What has become of what was asked for: one object for programs, a few lines for people."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self, final

from cmcodec import oids, types
from cmcodec.asn1 import display, schema
from cmcodec.cli.options import Failure, printable, reason_of, write_output
from cmcodec.controls import statuses
from cmcodec.errors import CMCError
from cmcodec.message import load
from cmcodec.roles.end_entity.certificates import readable_ones
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

    from cmcodec.message import Message

__all__ = ["Result", "chain_of", "pem", "show_answer"]

_FAILING: Final = (*statuses.REFUSED, CMCStatus.POP_REQUIRED)
_WHO: Final = {CMCFailInfo.BAD_IDENTITY, CMCFailInfo.BAD_MESSAGE_CHECK}
_EXIT: Final = {"done": 0, "written": 0, "failed": 1, "wait": 4, "confirm": 4}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a command.

    ``state``: ``"done"``, ``"wait"``, ``"confirm"``, ``"failed"`` or ``"written"``.
    ``certificates``: those that were asked for; what is held counts too. ``out``: the file that was
    written. ``notes``: lines for people alone, below the others.
    """

    state: str
    transaction_id: int | None = None
    certificates: Sequence[x509.Certificate] = ()
    statuses: Sequence[types.CMCStatusInfoV2] = ()
    not_before: datetime | None = None
    out: str | None = None
    notes: Sequence[str] = field(default=())

    @classmethod
    def of_answer(cls, message: Message, out: str | None, notes: Sequence[str] = ()) -> Self:
        """What a response says, whoever says so; one that is encrypted says nothing."""
        certificates = tuple(readable_ones(each.der for each in message.certificates))
        content = message.unverified_content
        if not isinstance(content, types.PKIResponse):
            state = "done" if message.kind == "simple-response" else "written"
            return cls(state=state, certificates=certificates, out=out, notes=notes)
        found = statuses.read(message)
        numbers = {each.cmc_status for each in found}
        waiting = list(map(statuses.pend_info, found))
        ids = [value.value for _, value in content.find(oids.ID_CMC_TRANSACTION_ID)]
        state = "done"
        if not numbers.isdisjoint(_FAILING):
            state = "failed"
        elif not numbers.isdisjoint(statuses.WAITING):
            state = "wait"
        elif CMCStatus.CONFIRM_REQUIRED in numbers:
            state = "confirm"
        return cls(
            state=state,
            transaction_id=ids[0] if ids else None,
            certificates=certificates,
            statuses=found,
            not_before=min((each.pend_time for each in waiting if each is not None), default=None),
            out=out,
            notes=notes,
        )

    @property
    def refusals(self) -> tuple[types.CMCStatusInfoV2, ...]:
        """The statuses that say that something failed."""
        return tuple(each for each in self.statuses if each.cmc_status in _FAILING)

    @property
    def is_about_who_asks(self) -> bool:
        """Whether it failed because the server does not believe who asks."""
        reasons = {statuses.fail_info(each) for each in self.refusals}
        return self.state == "failed" and reasons <= _WHO

    @property
    def exit_status(self) -> int:
        """0 done or written, 1 something failed, 4 pending or held."""
        return 1 if self.state == "done" and self.refusals else _EXIT[self.state]

    def show(self, *, as_json: bool) -> int:
        """Prints it, and gives the exit status."""
        if as_json:
            sys.stdout.write(f"{json.dumps(self.to_dict())}\n")
        else:
            for line in self._lines():
                sys.stdout.write(f"{line}\n")
        return self.exit_status

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``."""
        number = self.transaction_id
        return {
            "state": self.state,
            "transaction_id": None if number is None else hex(number),
            "certificates": [_sha256(each) for each in self.certificates],
            "statuses": list(map(_status, self.statuses)),
            "not_before": None if self.not_before is None else display.to_dict(self.not_before),
            "out": self.out,
        }

    def _lines(self) -> Iterator[str]:
        yield self.state
        for each in self.certificates:
            name = printable(each.subject.rfc4514_string()) or "no subject"
            until = display.to_dict(each.not_valid_after_utc)
            yield f"  certificate {_sha256(each)}"
            yield f"    {name}, serial number {each.serial_number:#x}, until {until}"
        for status in map(_status, self.statuses):
            if status["status"] != "success":
                text = "" if status["text"] is None else f": {printable(status['text'])}"
                why = "" if status["fail_info"] is None else f", {status['fail_info']}"
                about = ", ".join(map(str, status["body_list"]))
                yield f"  {status['status']}{why}{text} (body parts {about or 'none'})"
        if self.not_before is not None:
            yield f"  to be asked for again from {display.to_dict(self.not_before)} on"
        if self.out is not None:
            yield f"  in {printable(self.out)}"
        yield from (f"  {each}" for each in self.notes)


def _sha256(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()


def _status(status: types.CMCStatusInfoV2) -> dict[str, Any]:
    other = status.other_info
    return {
        "status": _name(CMCStatus, status.cmc_status),
        "fail_info": None if other is None else _name(CMCFailInfo, other.fail_info),
        "text": status.status_string,
        "body_list": [_reference(each) for each in status.body_list],
    }


def _name(kind: type[CMCStatus | CMCFailInfo], number: int | None) -> str | None:
    """A number as the RFC calls it; one that it does not have, in digits."""
    if number is None:
        return None
    known = next((each for each in kind if each == number), None)
    return str(number) if known is None else schema.number_name(known)


def _reference(part: types.BodyPartReference) -> int | list[int] | None:
    return part.body_part_id if part.body_part_path is None else list(part.body_part_path)


def show_answer(octets: bytes, out: str | None, *, as_json: bool) -> int:
    """Puts an answer into its file, or on standard output, and shows what it says.

    Whoever says so: nobody has checked it. Gives the exit status.
    """
    if not octets:
        raise Failure("there is no answer")
    if out is not None:
        write_output(out, octets)
    elif not as_json:
        sys.stdout.buffer.write(octets)
    try:
        found = Result.of_answer(load(octets), out)
    except CMCError as error:
        raise Failure(f"the answer is no message: {reason_of(error)}") from None
    return found.exit_status if out is None and not as_json else found.show(as_json=as_json)


# --- certificates --------------------------------------------------------------------------------


def chain_of(
    issued: Sequence[x509.Certificate], others: Iterable[x509.Certificate]
) -> list[x509.Certificate]:
    """The certificates that were issued, and behind them those that issued them, each once."""
    known, found = list(others), list(issued)
    for each in found:
        # It grows behind the one that is looked at.
        found += [other for other in known if other not in found and _has_issued(other, each)]
    return found


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        # It has another name, or its key has not signed, or nobody can tell.
        return False
    return True


def pem(objects: Iterable[x509.Certificate | x509.CertificateRevocationList]) -> bytes:
    """Certificates or CRLs in PEM, one behind the other."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(each.public_bytes(Encoding.PEM) for each in objects)
