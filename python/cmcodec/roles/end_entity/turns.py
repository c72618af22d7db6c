"""What an answer makes of an exchange (RFC 10002 §6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, final

from cmcodec import cms, oids, types
from cmcodec.arguments import moment
from cmcodec.controls.messages import request_of
from cmcodec.controls.statuses import REFUSED, WAITING, fail_info, number_of, pend_info
from cmcodec.errors import CMCError, VerificationError
from cmcodec.message import load
from cmcodec.reasons import Reason
from cmcodec.roles.end_entity import outgoing, steps
from cmcodec.roles.end_entity.answers import challenges_in
from cmcodec.roles.end_entity.certificates import Found, loaded
from cmcodec.types.controls import CMCFailInfo, CMCStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from cmcodec.builders import RequestBuilder
    from cmcodec.cms import RecipientKey
    from cmcodec.roles.ee import Client
    from cmcodec.roles.end_entity.answers import Answer
    from cmcodec.roles.end_entity.asked import Asked
    from cmcodec.roles.end_entity.exchange import Exchange
    from cmcodec.roles.end_entity.progress import Progress

__all__ = ["Turn"]

_FAILURES: Final = (*REFUSED, CMCStatus.POP_REQUIRED)
_TRY_LATER: Final = timedelta(minutes=1)
"""When the same request is sent again: a server that is busy does not say when it is not."""


@final
class Turn:
    """What an answer makes of an exchange."""

    __slots__ = ("_answer", "_asking", "_before", "_client", "_exchange", "_found", "_named")

    def __init__(
        self, client: Client, exchange: Exchange, progress: Progress, answer: Answer
    ) -> None:
        self._client, self._exchange = client, exchange
        self._before, self._answer = progress, answer
        self._found = Found(self._client, answer)
        self._named: dict[int, list[types.CMCStatusInfoV2]] = {}
        for status in answer.statuses:
            for reference in status.body_list:
                number = number_of(reference)
                if number is not None:
                    self._named.setdefault(number, []).append(status)
        self._asking = _asking(self._before)

    def taken(self) -> Exchange:
        """The exchange after the answer."""
        before = self._before
        involved = [item for item in before.items if self._is_involved(item)]
        if any(
            fail_info(status) == CMCFailInfo.TRY_LATER
            for item in involved
            for status in self._statuses_of(item)
        ):
            return self._again()
        challenged = (
            set(self._answer.challenges()) if before.step in ("request", "answer") else set()
        )
        after = {item.number: self._after(item, challenged) for item in involved}
        items = tuple(after.get(item.number, item) for item in before.items)
        made = self._found.made_by_ra()
        if not items and not made and not self._failing():
            raise VerificationError(Reason.UNTRUSTED_CHAIN)
        progress = replace(
            before,
            items=items,
            reply=self._answer.messages[0].to_der() if self._answer.messages else before.reply,
            bag=tuple(dict.fromkeys((*before.bag, *self._answer.certificates))),
            failures=(
                *before.failures,
                *self._failing(item for item in after.values() if item.state == "failed"),
            ),
            made=(*before.made, *(certificate for certificate, _ in made)),
        )
        exchange = self._with(progress, [key for _, key in made])
        open_items = [item for item in items if item.state == "open"]
        if open_items:
            return self._answered(exchange, progress, open_items)
        return steps.proceeding(self._client, exchange, progress)

    def _with(self, progress: Progress, keys: Sequence[PrivateKeyTypes]) -> Exchange:
        """The exchange with what it has obtained."""
        before, answer = self._exchange, self._answer
        crls = [each for each in self._found.crls() if each not in before.crls]
        return replace(
            before,
            certificates=progress.obtained(),
            chain=progress.others(),
            crls=(*before.crls, *crls),
            statuses=(*self._before.failures, *answer.statuses),
            keys=(*before.keys, *keys),
            anchors=answer.anchors or before.anchors,
            response_info=(*before.response_info, *answer.response_info),
            _progress=progress,
        )

    def _again(self) -> Exchange:
        """The server is busy: the same request is sent once more, whatever else the answer says."""
        return replace(
            self._exchange,
            state="wait",
            request=None,
            not_before=moment("clock", self._client.clock()) + _TRY_LATER,
            statuses=(*self._before.failures, *self._answer.statuses),
            response_info=(*self._exchange.response_info, *self._answer.response_info),
            _progress=replace(self._before, is_again=True),
        )

    # --- what becomes of each ----------------------------------------------------------------

    def _is_involved(self, item: Asked) -> bool:
        """Whether the message that is answered was about it."""
        if self._before.step == "poll":
            return item.state == "pending" and item.token in self._asking
        if self._before.step == "confirm":
            # One is told at a time, the first that there is.
            states = ("accepted", "rejected")
            return item is next(each for each in self._before.items if each.state in states)
        return item.state == "open"

    def _statuses_of(self, item: Asked) -> list[types.CMCStatusInfoV2]:
        """The statuses of the message and of the item; of a confirmation, all that there are.

        An item that nothing is said of, and nothing came for, fares as the controls beside it.
        """
        if self._before.step in ("confirm", "abort"):
            return self._answer.statuses
        asking = self._asking.get(item.token or b"", ())
        numbers = dict.fromkeys((item.number, *asking, 0))
        found = [status for number in numbers for status in self._named.get(number, ())]
        return found if found or self._found.has(item) else self._failing_controls()

    def _failing_controls(self) -> list[types.CMCStatusInfoV2]:
        """The statuses with which controls of the message fail that are no items themselves."""
        others = {item.number for item in self._before.items}
        others.update(number for each in self._asking.values() for number in each)
        named = [each for number in self._named.keys() - others for each in self._named[number]]
        return [status for status in self._failing() if status in named]

    def _failing(self, items: Iterable[Asked] | None = None) -> list[types.CMCStatusInfoV2]:
        """The statuses with which items fail, or any, as received."""
        failing = [each for each in self._answer.statuses if each.cmc_status in _FAILURES]
        if items is None:
            return failing
        concerned = {status for item in items for status in self._statuses_of(item)}
        return [status for status in failing if status in concerned]

    def _after(self, item: Asked, challenged: set[types.TaggedRequest]) -> Asked:
        """The item as it is after the answer; one that is to be sent again stays open."""
        statuses = self._statuses_of(item)
        failures = [status for status in statuses if status.cmc_status in _FAILURES]
        step = self._before.step
        if step == "abort":
            return replace(item, state="failed")
        if step == "confirm":
            is_good = item.state == "accepted" and not failures
            return replace(item, state="done" if is_good else "failed")
        if challenged and item.what in challenged:
            return replace(item, state="open", token=None, due=None)
        if failures:
            lacks_proof = any(map(_needs_proof, failures))
            # no request of a message is served where a proof is missing.
            return replace(item, state="open" if challenged and lacks_proof else "failed", due=None)
        if any(status.cmc_status in WAITING for status in statuses):
            return self._pending(item, statuses)
        if challenged and not self._found.has(item):
            return replace(item, state="open", token=None, due=None)
        item = replace(item, token=None, due=None, certificate=self._found.of(item))
        if any(status.cmc_status == CMCStatus.CONFIRM_REQUIRED for status in statuses):
            return self._offered(item)
        return replace(item, state="done")

    def _pending(self, item: Asked, statuses: Iterable[types.CMCStatusInfoV2]) -> Asked:
        """R-142, R-143: the token is that of the last answer that has one.

        A server that has nothing new repeats its pendInfo as it was, with a time that has passed.
        """
        waiting = [pend_info(status) for status in statuses if status.cmc_status in WAITING]
        told = next((each for each in waiting if each is not None), None)
        if told is None and item.token is None:
            raise VerificationError(Reason.BAD_VALUE, path="pendInfo")
        if told is not None and (item.due is None or told.pend_time > item.due):
            return replace(item, state="pending", token=told.pend_token, due=told.pend_time)
        token = item.token if told is None else told.pend_token
        due = moment("clock", self._client.clock()) + _TRY_LATER
        return replace(item, state="pending", token=token, due=due)

    def _offered(self, item: Asked) -> Asked:
        """A certificate that counts once it is accepted."""
        if item.certificate is None:
            return replace(item, state="done")
        accept = self._client.accept
        answer = True if accept is None else accept(loaded(item.certificate))
        if answer is None:
            return replace(item, state="undecided")
        if answer is not True and answer is not False:
            raise TypeError(f"accept returns True, False or None, not {answer!r}")
        return replace(item, state="accepted" if answer else "rejected")

    # --- challenges --------------------------------------------------------------------------

    def _answered(self, exchange: Exchange, progress: Progress, items: Sequence[Asked]) -> Exchange:
        """The answers to all challenges, or the abort where there is one that has none."""
        builder = steps.following(self._client, progress)
        try:
            answers = self._answers(builder, items)
        except CMCError:
            aborted = outgoing.polling(self._client, builder.abort(), items)
            return steps.sending(exchange, progress, "abort", aborted, self._failing(items))
        made = outgoing.answering(self._client, answers, items, identify=progress.identify)
        return steps.sending(exchange, progress, "answer", made)

    def _answers(self, builder: RequestBuilder, items: Sequence[Asked]) -> RequestBuilder:
        """The challenged requests with their answers, and those that were refused beside them."""
        challenged = set(self._answer.challenges())
        is_repeated = len(challenged) < len(self._answer.challenges())
        if is_repeated or not challenged <= {item.request for item in items}:
            raise VerificationError(Reason.CHALLENGE_WRONG)
        keys = self._openers([item for item in items if item.request in challenged])
        sent = None if self._before.sent is None else load(self._before.sent)
        for message in self._answer.messages:
            if challenges_in(message):
                builder = builder.answer_challenges(message, keys, sent=sent)
                # What they have in common stands there once.
                sent = None
        for item in items:
            if item.request not in challenged:
                builder = builder.add_request(item.request)
        return builder

    def _openers(self, items: Iterable[Asked]) -> tuple[RecipientKey, ...]:
        """What opens challenges: the keys of the requests, and those that the client was given."""
        keys = list(self._client.keys)
        for item in items:
            if item.new is None or isinstance(item.new.key, cms.SigningKey):
                if not self._client.keys:
                    raise ValueError("a challenge is for a key that is not known")
                continue
            # What opens nothing is not to be challenged.
            keys += [] if item.opener is None else [item.opener]
        if not keys:
            raise VerificationError(Reason.CHALLENGE_WRONG)
        return tuple(keys)


def _needs_proof(status: types.CMCStatusInfoV2) -> bool:
    """Whether nothing but a proof of possession is missing (§6.7)."""
    is_asked = status.cmc_status == CMCStatus.POP_REQUIRED
    return is_asked or fail_info(status) == CMCFailInfo.POP_REQUIRED


def _asking(progress: Progress) -> dict[bytes, list[int]]:
    """The controls of a message that asks again, by their tokens."""
    found: dict[bytes, list[int]] = {}
    if progress.step == "poll" and progress.sent is not None:
        content = request_of(load(progress.sent))
        for number, value in content.find(oids.ID_CMC_QUERY_PENDING):
            found.setdefault(value.value, []).append(number)
    return found
