"""The checks that make a verdict, in one ordered list above the backends (rules V and R).

The backend finds what can be found in a message alone. What the caller knows besides is checked
here: whom the signer's certificate leads to, and what a request's own key may do. Of all that is
wrong, the first in the order of the rules is the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Self, TypeAlias, get_args

from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.verify.verdict import Row

RequestKeys: TypeAlias = Literal["none", "nested", "all"]
"""Which messages may be signed by a request's own key where trust is given (rule V13).

``"nested"`` are those inside another message of the same call, whose own signature is judged by
itself: first requests in the batch of a registration authority.
"""


_REQUEST_KEYS: Final = get_args(RequestKeys)


class Policy(NamedTuple):
    """What a caller who gives trust has decided besides."""

    request_keys: RequestKeys

    @classmethod
    def of(cls, request_keys: RequestKeys) -> Self:
        """The policy of these arguments; raises `ValueError` for a value that is unknown."""
        if request_keys not in _REQUEST_KEYS:
            raise ValueError(f"request_keys: {request_keys!r} is not one of none, nested, all")
        return cls(request_keys)


class Fault(NamedTuple):
    """What is wrong with a message; ``rule`` is None where there is nothing to verify yet."""

    rule: Rule | None
    reason: Reason
    offset: int | None


def of_message(row: Row, _: Policy) -> Fault | None:
    """What the backend found: signatures (V1 to V10, V12), proofs of possession (R1, R2, R6)."""
    return None if row.reason is None else Fault(row.rule, row.reason, row.offset)


def of_chain(row: Row, _: Policy) -> Fault | None:
    """V13: a signer whom the caller does not trust."""
    if any(signer.chain == "untrusted" for signer in row.signers):
        return Fault(Rule.V13, Reason.UNTRUSTED_CHAIN, row.span[0])
    return None


def of_request_key(row: Row, policy: Policy) -> Fault | None:
    """V13: a key that only a request of the same message has; a bare PKCS#10 has no other."""
    allowed = policy.request_keys == "all" or (policy.request_keys == "nested" and row.path)
    if allowed or not (row.origin == "request-key" or row.kind == "simple-request"):
        return None
    return Fault(Rule.V13, Reason.UNTRUSTED_REQUEST_KEY, row.span[0])


CHECKS: Final[tuple[Callable[[Row, Policy], Fault | None], ...]] = (
    of_message,
    of_chain,
    of_request_key,
)
"""Every check; a new one takes its place here, and its rule tells which comes first."""


def settle(row: Row, policy: Policy) -> Row:
    """The row with the verdict that all checks together come to."""
    faults = [fault for check in CHECKS if (fault := check(row, policy)) is not None]
    first = min(faults, key=_place, default=None)
    if first is None or first == of_message(row, policy):
        return row
    return row.with_changes(
        verdict="failed", reason=first.reason, rule=first.rule, offset=first.offset
    )


def _place(fault: Fault) -> int:
    return -1 if fault.rule is None else fault.rule.order
