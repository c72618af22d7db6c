"""The checks that make a verdict, in one ordered list above the backends (rules V and R).

The backend finds what can be found in a message alone. What the caller knows besides is checked
here: whom the signer's certificate leads to. Of all that is wrong, the first in the order of the
rules is the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cmcodec.reasons import Reason, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec.verify.verdict import Row


class Fault(NamedTuple):
    """What is wrong with a message; ``rule`` is None where there is nothing to verify yet."""

    rule: Rule | None
    reason: Reason
    offset: int | None


def of_message(row: Row) -> Fault | None:
    """What the backend found: signatures (V1 to V10, V12), proofs of possession (R1, R2, R6)."""
    return None if row.reason is None else Fault(row.rule, row.reason, row.offset)


def of_chain(row: Row) -> Fault | None:
    """V13: a signer whom the caller does not trust."""
    if any(signer.chain == "untrusted" for signer in row.signers):
        return Fault(Rule.V13, Reason.UNTRUSTED_CHAIN, row.span[0])
    return None


CHECKS: Final[tuple[Callable[[Row], Fault | None], ...]] = (of_message, of_chain)
"""Every check; a new one takes its place here, and its rule tells which comes first."""


def settle(row: Row) -> Row:
    """The row with the verdict that all checks together come to."""
    faults = [fault for check in CHECKS if (fault := check(row)) is not None]
    first = min(faults, key=_place, default=None)
    if first is None or first == of_message(row):
        return row
    return row.with_changes(
        verdict="failed", reason=first.reason, rule=first.rule, offset=first.offset
    )


def _place(fault: Fault) -> int:
    return -1 if fault.rule is None else fault.rule.order
