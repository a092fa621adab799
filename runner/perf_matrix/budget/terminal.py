"""The result of a check for a terminal or the log of a CI job: plain lines, the worst first."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from perf_matrix.budget.check import Status, Verdict
from perf_matrix.budget.figures import figure, on_one_line
from perf_matrix.budget.report import BudgetReport, EndpointReport, Measured

_ABSENT = "—"
_INDENT = "    "
_STATEMENTS_SHOWN = 12
_FEW = 4
_EXPLAINED: tuple[Status, ...] = ("over", "not measured", "undecided")

_HEADLINES: dict[Verdict, str] = {
    "over": "OVER BUDGET: {subject} issues more SQL statements than {source} allows, on {affected} of {checked}.",
    "not measured": "NOT MEASURED: the SQL statements of {subject} could not be counted on {affected} of {checked}.",
    "undecided": "UNDECIDED: {subject} may issue more SQL statements than {source} allows, on {affected} of {checked}.",
    "within": "WITHIN BUDGET: {subject} keeps to {source} on {checked}.",
}


@dataclass(frozen=True)
class Printing:
    """How to print: columns, the shortening of SQL, and the command to advise.

    ``brief`` makes one line of a statement that is harmless for a terminal. ``update`` is the command that
    writes what was measured into the budget file; ' --endpoints a,b' is added to it where they are few.
    """

    width: int
    brief: Callable[[str], str]
    update: str

    def wrapped(self, text: str, indent: str = "") -> list[str]:
        """Returns the text in lines; words and names with hyphens stay whole."""
        return textwrap.wrap(
            text, self.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )

    def command(self, endpoints: Sequence[EndpointReport]) -> str:
        """Returns the line with the command that writes the entries of these endpoints.

        Of many it writes all others, too, and ``others`` says so.
        """
        if len(endpoints) > _FEW:
            return f"  {self.update}"
        return f"  {self.update} --endpoints {','.join(each.endpoint for each in endpoints)}"

    def others(self, endpoints: Sequence[EndpointReport]) -> str:
        """Returns what the command for these endpoints does besides."""
        return ", and to renew every other entry" if len(endpoints) > _FEW else ""


def render_terminal(report: BudgetReport, printing: Printing) -> str:
    """Returns the report as text that ends in a newline.

    Only the table, SQL statements and lines that are to be copied may be wider than asked.
    """
    explained = [each for each in report.endpoints if each.measured and each.status in _EXPLAINED]
    sections = [
        printing.wrapped(_headline(report)),
        _table([each for each in report.endpoints if each.measured]),
        *([*_explanation(each, report.source, printing)] for each in explained),
        _asides(report, printing),
        _under(report, printing),
        _without_budget(report, printing),
        _left_out(report, printing),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _headline(report: BudgetReport) -> str:
    checked = [each for each in report.endpoints if each.measured and each.budget]
    if not checked:
        return f"NOTHING CHECKED: {report.source} has a budget for none of the endpoints that were measured."
    return _HEADLINES[report.verdict].format(
        subject=report.subject,
        source=report.source,
        affected=sum(each.status == report.verdict for each in checked),
        checked="1 endpoint" if len(checked) == 1 else f"{len(checked)} endpoints",
    )


def _table(measured: Sequence[EndpointReport]) -> list[str]:
    if not measured:
        return []
    rows = [(each.endpoint, _allowed(each), _measured(each), each.status) for each in measured]
    headers = ("endpoint", "budget", "measured", "status")
    text = tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
    return [line.rstrip() for line in text.splitlines()]


def _allowed(endpoint: EndpointReport) -> str:
    budget = endpoint.budget
    return _ABSENT if budget is None else figure(budget.statements) + _per_row(budget.per_row, endpoint)


def _measured(endpoint: EndpointReport) -> str:
    measured = endpoint.measured
    if measured is None or measured.statements is None:
        return _ABSENT
    bound = "" if measured.exact else "at most "
    return bound + figure(measured.statements) + _per_row(measured.per_row, endpoint)


def _per_row(slope: float | None, endpoint: EndpointReport) -> str:
    row = endpoint.measured.row if endpoint.measured else ""
    return f", {figure(slope)} per {on_one_line(row) or 'row'}" if slope else ""


def _explanation(endpoint: EndpointReport, source: str, printing: Printing) -> Iterator[str]:
    yield on_one_line(f"{endpoint.endpoint} ({endpoint.request}): {endpoint.status}")
    for reason in endpoint.reasons:
        yield from printing.wrapped(on_one_line(reason), _INDENT)
    if endpoint.budget and endpoint.budget.note:
        yield from printing.wrapped(f"its note: {on_one_line(endpoint.budget.note)}", _INDENT)
    if endpoint.measured:
        yield from _calls(endpoint.measured, printing)
    if endpoint.entry and endpoint.status == "over":
        yield f"  If this is intended, put this line into {source}:"
        yield endpoint.entry
        yield "  or have it put there:"
        yield printing.command([endpoint])


def _calls(measured: Measured, printing: Printing) -> Iterator[str]:
    calls, where = measured.calls, f" in {on_one_line(measured.cell)}" if measured.cell else ""
    shown = calls[:_STATEMENTS_SHOWN]
    if shown:
        yield f"  SQL statements per request{where}:"
    digits = max((len(figure(each.per_request)) for each in shown), default=0)
    for each in shown:
        yield f"{_INDENT}{figure(each.per_request):>{digits}}  {printing.brief(each.statement)}"
    if len(calls) > len(shown):
        yield f"{_INDENT}and {len(calls) - len(shown)} more, which --json shows"


def _asides(report: BudgetReport, printing: Printing) -> list[str]:
    """Returns what was not exact or not checked about endpoints that are within their budget all the same."""
    within = [each for each in report.endpoints if each.status == "within"]
    lines = [on_one_line(f"{each.endpoint}: {reason}") for each in within for reason in each.reasons]
    return [part for line in lines for part in printing.wrapped(line)]


def _under(report: BudgetReport, printing: Printing) -> list[str]:
    under = [each for each in report.endpoints if each.status == "under"]
    if not under:
        return []
    gains = "; ".join(f"{each.endpoint}: {', '.join(each.reasons)}" for each in under)
    cure = f"To lower the budget, so that the gain is kept{printing.others(under)}:"
    advice = f"Fewer statements than budgeted. {gains}. {cure}"
    return [*printing.wrapped(advice), printing.command(under)]


def _without_budget(report: BudgetReport, printing: Printing) -> list[str]:
    without = [each for each in report.endpoints if each.status == "no budget"]
    if not without:
        return []
    names = ", ".join(each.endpoint for each in without)
    advice = f"Warning: no budget for {names}. To add one{printing.others(without)}:"
    return [*printing.wrapped(advice), printing.command(without)]


def _left_out(report: BudgetReport, printing: Printing) -> list[str]:
    left_out = [
        each.endpoint for each in report.endpoints if each.status == "not measured" and not each.measured
    ]
    return printing.wrapped(f"Not measured this time: {', '.join(left_out)}.") if left_out else []
