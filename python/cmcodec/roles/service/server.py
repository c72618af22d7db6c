"""What CAs and RAs do alike with what arrives (RFC 10002 §3.2, §6.2 and §6.6).

Each message is opened, claimed in the store, and its requester made sure of, in one transaction for
all messages that came together. What is wrong with one becomes its answer.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Final, NamedTuple, final

from cmcodec import oids, types
from cmcodec.arguments import moment
from cmcodec.controls import identity_proof, pop_link, templates, unsigned_data
from cmcodec.errors import CMCError, DecryptionError, ProofError
from cmcodec.reasons import Reason
from cmcodec.roles import records
from cmcodec.roles.applications import Requester
from cmcodec.roles.secrets import Secret, attempt
from cmcodec.roles.service.arrivals import Reader, failure_of
from cmcodec.roles.service.cases import Case
from cmcodec.roles.service.statements import (
    Statements,
    check_controls,
    check_time,
    has_identity_proof,
    identification,
    identities,
    is_linked,
    keys_of,
    of_certificate,
)
from cmcodec.roles.store import Kind, attempting
from cmcodec.types.controls import CMCFailInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set
    from datetime import datetime
    from typing import TypeVar

    from cmcodec.received import Buffer
    from cmcodec.roles.applications import RequesterKind
    from cmcodec.roles.rules import Rules
    from cmcodec.roles.secrets import Lookup
    from cmcodec.roles.service.arrivals import Arrival
    from cmcodec.roles.store import Store, Transaction

    T = TypeVar("T")

    Follow = Callable[[Transaction, Case], bool]

__all__ = ["Call", "Server"]

_LOG: Final = logging.getLogger("cmcodec.roles")


class Call(NamedTuple):
    """One call of a role: when it is, and by what the claims of it are told from others."""

    now: datetime
    owner: bytes
    decoy: bytes
    """A secret that nobody knows, checked where there is none."""


@final
class Server:
    """The part of a role that receives."""

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        rules: Rules,
        secrets: Lookup | None,
        random: Callable[[int], bytes],
        is_final: bool = True,
    ) -> None:
        # Another server, where one follows, may know other controls and other secrets.
        self.store, self.rules, self.random = store, rules, random
        self._reader, self._lookup, self.is_final = reader, secrets, is_final

    def unit(self, work: Callable[[Transaction], T]) -> T:
        """Does some work in one transaction, again where another one was in its way."""
        return attempting(self.store, work)

    def receive(
        self,
        messages: Sequence[Buffer],
        call: Call,
        follow: Follow,
    ) -> list[Case]:
        """The case of each message, claimed, and its requester known.

        ``follow`` looks up what a message follows up, in the transaction, and says whether it
        begins something new, which is what a secret is used for.
        """
        roots = self._read(messages, call.now)
        cases = [case for root in roots for case in root.walk()]
        before = [(case.failure, case.wrong_mac) for case in cases]

        def claim(transaction: Transaction) -> None:
            for case, known in zip(cases, before, strict=True):
                # Once more, where another transaction was in the way.
                case.failure, case.wrong_mac = known
            self._prefetch(transaction, cases)
            for root in roots:
                self._claim_all(transaction, root, call, follow)

        self.unit(claim)
        for case in cases:
            if case.failure is not None and case.stored is None:
                _LOG.info("%s refused: %s", case.arrival.digest.hex()[:16], case.failure)
        return roots

    def reopen(self, messages: Sequence[tuple[bytes, Requester]], now: datetime) -> list[Case]:
        """The cases of messages that were received before, without anything done about them."""
        cases = self._read([octets for octets, _ in messages], now)
        for case, (_, requester) in zip(cases, messages, strict=True):
            case.requester = case.inherited = requester
        waiting = [
            case for case in cases if case.secret is None and case.requester.kind == "secret"
        ]
        known = self._known({case.requester.identification for case in waiting}, now)
        for case in waiting:
            case.secret = known[case.requester.identification]
        return cases

    # --- without the store -------------------------------------------------------------------

    def _read(self, messages: Sequence[Buffer], now: datetime) -> list[Case]:
        """The case of each message, with all that can be said of it without a transaction."""
        roots = [Case.of(arrival) for arrival in self._reader.read_all(list(messages), now)]
        for root in roots:
            if root.failure is not None and root.failure.reason == Reason.NO_RECIPIENT:
                # Perhaps the next server can open it.
                root.failure = root.failure if self.is_final else None
        self._open_by_password([case for root in roots for case in root.walk()], now)
        for root in roots:
            statements = Statements.of(root.arrival)
            for case in root.walk():
                self._examine(case, statements, now)
            if self.is_final or not root.arrival.is_ra:
                # What another RA says of messages inside its own is for the final server.
                _apply_changes(root)
            for case in root.walk():
                # The outermost message has the last word.
                case.templates = root.templates
        return roots

    def _examine(self, case: Case, statements: Statements, now: datetime) -> None:
        """What can be said of a message by itself and by the RAs around it."""
        arrival = case.arrival
        if arrival.opened is None or case.failure is not None:
            return
        try:
            compatibility, is_final = self.rules.compatibility, self.is_final
            check_controls(arrival, statements, compatibility=compatibility, is_final=is_final)
            if self.rules.clock_skew is not None:
                check_time(arrival, now, self.rules.clock_skew)
            message = arrival.opened.message
            if unsigned_data.may_stand_in(message.buffer, *message.span):
                case.unsigned_data = unsigned_data.read(message)
        except CMCError as error:
            case.failure = failure_of(error)
            return
        arrival.is_identified = statements.is_identified(arrival)
        arrival.possessed = frozenset(
            path[-1] for path in statements.possessed if path[:-1] == arrival.path
        )

    def _open_by_password(self, cases: Iterable[Case], now: datetime) -> None:
        """Opens what is under a MAC, outside of a transaction: a derivation takes long."""
        waiting = [case for case in cases if case.arrival.is_maced and case.failure is None]
        if not waiting:
            return
        known = self._known({identification(case.arrival) for case in waiting}, now)
        for case in waiting:
            name = identification(case.arrival)
            if known[name] is None and not self.is_final:
                continue
            secret = known[name] or self.random(32)
            try:
                self._reader.open_by_password(case.arrival, secret, name or "")
            except DecryptionError as error:
                # Counted as an attempt, and answered, when the message is claimed.
                case.wrong_mac = failure_of(error)
            except CMCError as error:
                case.failure = failure_of(error)
            else:
                case.secret = secret

    def _known(self, names: Set[str | None], now: datetime) -> dict[str | None, bytes | None]:
        """The secrets of identifications, as far as there are any."""
        if not names:
            return {}
        return self.unit(
            lambda transaction: {each: self._secret(transaction, each, now) for each in names}
        )

    def _secret(self, transaction: Transaction, name: str | None, now: datetime) -> bytes | None:
        """The secret that goes with an identification, locked or spent or not."""
        if self._lookup is not None:
            return self._lookup(name)
        found = Secret.read(transaction, name, now)
        return None if found is None else found.secret

    # --- in the transaction ------------------------------------------------------------------

    def _prefetch(self, transaction: Transaction, cases: Sequence[Case]) -> None:
        """Asks for many records at once, which stores remember."""
        if len(cases) > 1:
            digests = [case.arrival.digest for case in cases]
            transaction.get_many(Kind.MESSAGE, digests)

    def call(self, now: datetime) -> Call:
        """A new call at this time."""
        return Call(moment("clock", now), self.random(16), self.random(32))

    def _claim_all(self, transaction: Transaction, case: Case, call: Call, follow: Follow) -> None:
        """Takes a message, and those of its batch where there is something to do about it."""
        self._claim(transaction, case, call, follow)
        if case.is_open:
            for member in case.members:
                self._claim_all(transaction, member, call, follow)

    def _claim(self, transaction: Transaction, case: Case, call: Call, follow: Follow) -> None:
        """Takes a message, unless it was answered or another process works on it.

        A message is claimed once it is known who sent it; others are only answered.
        """
        case.stored, case.received, case.is_busy = None, None, False
        digest = case.arrival.digest
        kept = records.read(transaction, Kind.MESSAGE, digest, call.now)
        if kept is not None and kept.get("received"):
            case.received = records.octets(kept["received"])
        if kept is not None and kept["answered"]:
            case.stored = transaction.get(Kind.ANSWER, digest)
            kept = None
        if case.stored is not None or case.received is not None:
            return
        if case.failure is not None:
            return
        if kept is not None and kept["until"] > records.seconds(call.now):
            case.is_busy = kept["owner"] != records.text(call.owner)
            if case.is_busy:
                return
        case.exchange = self.random(16) if kept is None else records.octets(kept["exchange"])
        case.decisions = {} if kept is None else kept["decisions"]
        case.is_again = kept is not None
        try:
            self._name(case)
            begins = follow(transaction, case)
            self._check_nonces(transaction, case, call.now)
            self._authenticate(transaction, case, call, use=begins and kept is None)
        except CMCError as error:
            case.failure = failure_of(error)
            return
        self._keep_nonces(transaction, case, call.now)
        self.keep_claim(transaction, case, call)

    def holds(self, transaction: Transaction, case: Case) -> bool:
        """Whether the message still belongs to this call; if not, another one is at it."""
        kept = transaction.get(Kind.MESSAGE, case.arrival.digest)
        if kept == case.claim:
            return True
        # A message that stands twice in a batch is worked on twice by one call.
        record = {} if kept is None else json.loads(kept)
        return bool(record.get("owner") == json.loads(case.claim)["owner"])

    def keep_claim(self, transaction: Transaction, case: Case, call: Call) -> None:
        """Keeps that the message belongs to this call, and what was decided of it so far."""
        record = {
            "exchange": records.text(case.exchange),
            "owner": records.text(call.owner),
            "until": records.seconds(call.now + self.rules.claim_for),
            "answered": False,
            "decisions": case.decisions,
        }
        expires = call.now + self.rules.answers_kept
        digest = case.arrival.digest
        case.claim = records.put(transaction, Kind.MESSAGE, digest, record, expires=expires)

    def keep_answer(self, transaction: Transaction, case: Case, call: Call) -> None:
        """Keeps an answer, for the same octets; the claim ends with it.

        One that says tryLater or internalCAError is not kept: the message is worked on again. Where
        another process took the message over and answered it, its answer counts.
        """
        digest = case.arrival.digest
        if not self.holds(transaction, case):
            found = transaction.get(Kind.ANSWER, digest)
            case.answer = case.answer if found is None else found
            return
        expires = call.now + self.rules.answers_kept
        if not case.is_passing:
            records.put(transaction, Kind.MESSAGE, digest, {"answered": True}, expires=expires)
            transaction.put(Kind.ANSWER, digest, case.answer, expires=expires)
            return
        record = {**json.loads(case.claim), "until": 0, "decisions": case.decisions}
        records.put(transaction, Kind.MESSAGE, digest, record, expires=expires)

    def keep_received(
        self, transaction: Transaction, case: Case, identifier: bytes, call: Call
    ) -> bytes | None:
        """Keeps that a message is sent on, and under which id.

        Returns that id, which is another one where the message came twice at once or another
        process took it over and sent it on; None where another process is at it.
        """
        digest = case.arrival.digest
        kept = records.read(transaction, Kind.MESSAGE, digest, call.now) or {}
        if kept.get("received"):
            return records.octets(kept["received"])
        if not self.holds(transaction, case):
            return None
        record = {**kept, "received": records.text(identifier)}
        expires = call.now + self.rules.answers_kept
        records.put(transaction, Kind.MESSAGE, digest, record, expires=expires)
        return identifier

    def _name(self, case: Case) -> None:
        """Who the message is from, if its proofs are right.

        Whom an RA has identified is told from its other clients by the identification.
        """
        arrival, name = case.arrival, identification(case.arrival)
        around = arrival if arrival.is_ra else arrival.outer
        is_known = arrival.is_ra or arrival.is_identified
        case.claimed = tuple(key for each in arrival.requests for key in keys_of(each))
        if is_known and around is not None and name is not None:
            own = () if arrival.is_ra else identities(arrival, None, is_proved=False)
            case.who = (f"{of_certificate(around.signer_octets)}, identification:{name}", *own)
            return
        proves = arrival.is_maced or self._proves(arrival)
        case.who = identities(arrival, name, is_proved=proves)

    def _proves(self, arrival: Arrival) -> bool:
        """Whether there is an identity proof that no RA has checked."""
        is_known = arrival.is_ra or arrival.is_identified
        compatibility = self.rules.compatibility
        return not is_known and has_identity_proof(arrival, compatibility=compatibility)

    def _authenticate(self, transaction: Transaction, case: Case, call: Call, *, use: bool) -> None:
        """Who sent it (RFC 10002 §6.2, §6.20, §8); raises `ProofError`."""
        arrival = case.arrival
        name = identification(arrival)
        kind: RequesterKind = "none" if arrival.signer is None else "certificate"
        about = None
        if arrival.is_ra or arrival.is_identified:
            kind = "ra"
        elif self._is_provable(transaction, case, call):
            proved = attempt(
                transaction,
                name,
                partial(self._check_secret, case),
                now=call.now,
                limit=self.rules.secret_attempts,
                decoy=call.decoy,
                lookup=self._lookup,
                use=use,
            )
            kind, about = "secret", proved.about
            case.secret, case.subject = proved.secret, proved.subject
            case.is_proved = True
        own = (arrival.signer,) if arrival.is_ra and arrival.signer is not None else ()
        requester = Requester(
            kind=kind,
            certificate=arrival.signer,
            identification=name if kind in ("secret", "ra") else None,
            ras=(*own, *arrival.ras()),
            about=about,
        )
        # What follows up an exchange has no other rights than what began it.
        case.requester = requester if case.inherited is None else case.inherited
        if case.requester.kind == "secret" and case.secret is None and arrival.is_encrypted:
            # The answer is for whoever has it, though this message does not prove it again.
            name = case.requester.identification
            case.secret = self._secret(transaction, name, call.now)

    def _is_provable(self, transaction: Transaction, case: Case, call: Call) -> bool:
        """Whether a secret is to be proved here: one that is unknown, the next server may know."""
        arrival = case.arrival
        if not (arrival.is_maced or self._proves(arrival)):
            return False
        if self.is_final:
            return True
        return self._secret(transaction, identification(arrival), call.now) is not None

    def _check_secret(self, case: Case, secret: bytes) -> None:
        if case.wrong_mac is not None:
            raise case.wrong_mac
        if case.arrival.is_maced and not compare_digest(secret, case.secret or b""):
            # Locked, or changed since the MAC was checked: no other answer than to a wrong MAC.
            case.wrong_mac = ProofError(Reason.DECRYPTION_FAILED, CMCFailInfo.BAD_MESSAGE_CHECK)
            raise case.wrong_mac
        if self._proves(case.arrival):
            assert case.arrival.opened is not None
            compatibility = self.rules.compatibility
            identity_proof.verify(case.arrival.opened, secret, compatibility=compatibility)

    def _nonces(self, case: Case) -> list[bytes]:
        who = (*case.who, *case.claimed, "")[0].encode()
        return [
            hashlib.sha256(who + b"\0" + value.value).digest()
            for _, value in case.arrival.control(oids.ID_CMC_SENDER_NONCE)
        ]

    def _check_nonces(self, transaction: Transaction, case: Case, now: datetime) -> None:
        """No other message of this requester has the same; raises `ProofError`: ``nonce_wrong``."""
        for key in self._nonces(case):
            found = records.read(transaction, Kind.NONCE, key, now)
            if found is not None and found["message"] != case.arrival.digest.hex():
                parts = tuple(dict(case.arrival.control(oids.ID_CMC_SENDER_NONCE)))
                raise ProofError(Reason.NONCE_WRONG, CMCFailInfo.BAD_REQUEST, parts)

    def _keep_nonces(self, transaction: Transaction, case: Case, now: datetime) -> None:
        record = {"message": case.arrival.digest.hex()}
        expires = now + self.rules.nonce_window
        for key in self._nonces(case):
            records.put(transaction, Kind.NONCE, key, record, expires=expires)

    # --- linking -----------------------------------------------------------------------------

    def check_links(self, case: Case) -> None:
        """That the requests are of whoever was authenticated (§6.3); raises `ProofError`.

        Those that come again with the answer to a challenge were checked when they came first.
        """
        arrival, requester = case.arrival, case.requester
        if case.inherited is not None:
            return
        assert arrival.opened is not None
        if requester.kind == "certificate":
            assert requester.certificate is not None
            pop_link.verify_renewal(arrival.opened, arrival.signer_octets)
        if requester.kind != "secret":
            return
        assert case.secret is not None
        if case.subject is not None:
            pop_link.verify_subject(arrival.opened, case.subject)
        is_needed = self.rules.require_pop_link and case.subject is None
        if is_needed or is_linked(arrival):
            compatibility = self.rules.compatibility
            pop_link.verify(arrival.opened, case.secret, compatibility=compatibility)


def _apply_changes(case: Case) -> None:
    """What each request asks for, by its path from here, innermost messages first (§6.5)."""
    for member in case.members:
        _apply_changes(member)
    content = case.arrival.content
    if case.failure is not None or content is None:
        return
    try:
        found = templates.asked(content)
        for member in case.members:
            number = member.arrival.path[-1]
            found.update(((number, *path), each) for path, each in member.templates.items())
        if case.arrival.is_ra:
            depth = len(case.arrival.path)
            broken = {
                each.arrival.path[depth:]
                for each in case.walk()
                if each.failure is not None or each.arrival.content is None
            }
            found = templates.applied(_without(content, broken), found)
        case.templates = found
    except CMCError as error:
        case.failure = failure_of(error)


def _without(content: types.PKIData, broken: set[tuple[int, ...]]) -> types.PKIData:
    """A content without changes to what is in some members: a bad one fails alone (rule R5)."""
    if not broken:
        return content
    kept = tuple(
        control
        for control in content.control_sequence
        if not any(_is_within(value, broken) for value in control.attr_values)
    )
    return replace(content, control_sequence=kept)


def _is_within(value: object, broken: set[tuple[int, ...]]) -> bool:
    """Whether a control changes requests that are in one of these messages."""
    if isinstance(value, types.ModCertTemplate):
        steps = tuple(number for number in value.pki_data_reference if number)
    elif isinstance(value, types.AddExtensions):
        steps = (value.pki_data_reference,)
    else:
        return False
    return any(steps[: end + 1] in broken for end in range(len(steps)))
