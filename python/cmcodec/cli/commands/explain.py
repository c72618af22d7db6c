"""``cmc explain``: what the code of a reason, a rule or a failInfo means."""

from __future__ import annotations

from difflib import get_close_matches
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from cmcodec.cli.options import Misuse, printable
from cmcodec.explanations import CODES, Explanation, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST: Final = 100
"""Columns, also where the terminal has more."""


class _Code(click.ParamType[Explanation]):
    """A code that there is, in letters of either case."""

    name = "code"

    def convert(
        self,
        value: str | Explanation,
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002
    ) -> Explanation:
        if isinstance(value, Explanation):
            return value
        try:
            return explain(value)
        except KeyError:
            folded = {code.casefold(): code for code in CODES}
            near = [folded[each] for each in get_close_matches(value.casefold(), folded)]
            hint = f"is it {' or '.join(near)}?" if near else "cmc explain lists them"
            raise Misuse(f"{printable(value)}: there is no such code: {hint}") from None

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        begun = incomplete.casefold()
        return [CompletionItem(code) for code in CODES if code.casefold().startswith(begun)]


@click.command("explain", short_help="Say what a reason, a rule or a failInfo means.")
@click.argument("codes", metavar="[CODE...]", nargs=-1, type=_Code())
def command(codes: tuple[Explanation, ...]) -> int:
    """Say what CODE means: a reason (digest_mismatch), a rule (V13) or a failInfo (badRequest).

    Each is told by a sentence, with the rules that it belongs to, an example, and what to do.
    Without CODE, all are listed.
    """
    if not codes:
        longest = max(map(len, CODES))
        for code in CODES:
            _write(explain(code).sentence, f"{code:{longest}}  ", " " * (longest + 2))
    for number, each in enumerate(codes):
        if number:
            click.echo("")
        click.echo(each.code)
        for label, text in _told(each):
            _write(text, f"  {label}: " if label else "  ", "    " if label else "  ")
    return 0


def _told(it: Explanation) -> Iterator[tuple[str, str]]:
    """What is known of a code, each text with its label."""
    yield "", it.sentence
    if it.rules:
        yield ("rule" if len(it.rules) == 1 else "rules"), ", ".join(it.rules)
    if it.reasons:
        yield "refused with", ", ".join(it.reasons)
    if it.example:
        yield "example", it.example
    if it.advice:
        yield "what to do", it.advice


def _write(text: str, first: str, others: str) -> None:
    width = min(get_terminal_size().columns, _WIDEST)
    shown = text.replace("`", "")
    click.echo(click.wrap_text(shown, width, initial_indent=first, subsequent_indent=others))
