"""The comment on a pull request: what a reviewer must know first, then the whole report, folded. Pure.

First come the verdict, the next step, what the check does with it, the worst changes and what to do; then what is
behind the changes; then the report of ``markdown`` in a fold. The report gets the room that is left, and so becomes
shorter in its own planned steps. Only where that is not enough, the first screen loses its statements, then
its table, at last the commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from perf_matrix.compare.model import Comparison, Verdict
from perf_matrix.report import escape, markdown
from perf_matrix.report.first_screen import Size, first_screen
from perf_matrix.report.marker import Accepted, State, has_marker, write_marker
from perf_matrix.report.page import Page, page
from perf_matrix.report.plain import line, shortened
from perf_matrix.report.templating import markdown_templates

if TYPE_CHECKING:
    from jinja2 import Environment

LIMIT = 65_536
LEAST_LIMIT = 8_000
# What an acceptance may add to a comment that is already there.
_ROOM_TO_ACCEPT = 800
_FAILS = "**The check fails** on this."
_DOES_NOT_FAIL = "**The check does not fail** on this."
_ACCEPTED = "**Accepted** by "
# How the next step of a comparison ends where its own gate decides; here the circumstances do.
_BY_ITS_GATE = (" The check fails on this.", " The check does not fail on this.")
_NOTHING_TO_DO: tuple[Verdict, ...] = ("pass", "improvement")
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGITS = 7
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~/?&=%#:-]{1,300}")
_TEXT_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a comment says that is not in the comparison. Empty texts are left out of it.

    ``state`` goes into the marker of ``id``; its ``sha`` is head's commit, its ``accepted`` is told. ``base`` is
    base's commit. ``fails``: the check fails on the verdict. ``run`` and ``report`` are the addresses of the
    workflow run and of the whole report; ``version`` is perf-matrix's own. ``label`` is the one that accepts a
    regression. ``reproduce`` and ``bisect`` are commands for a shell. ``expired`` is an acceptance that a later
    push ended.
    """

    id: str
    state: State
    base: str
    fails: bool
    version: str
    run: str
    reproduce: str
    label: str
    bisect: str = ""
    report: str = ""
    expired: Accepted | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One degree of shortness: how much is on the first screen, and how long a command may be."""

    size: Size
    command: int


_STEPS = (
    _Step(Size(rows=5, statements=3, lines=5), command=2_000),
    _Step(Size(rows=5, statements=0, lines=5), command=2_000),
    _Step(Size(rows=0, statements=0, lines=0), command=2_000),
    _Step(Size(rows=0, statements=0, lines=0), command=0),
)


def render_comment(comparison: Comparison, circumstances: Circumstances, *, limit: int = LIMIT) -> str:
    """Return the comment in at most ``limit`` bytes of UTF-8, and so never in more characters either.

    Room for ``accept`` is left in it. Raises ValueError where ``limit`` is below ``LEAST_LIMIT``.
    """
    if limit < LEAST_LIMIT:
        raise ValueError(f"a comment needs {LEAST_LIMIT} bytes or more, not {limit}")
    room = limit - _ROOM_TO_ACCEPT
    return next(text for text in _attempts(comparison, circumstances, room) if len(text.encode()) <= room)


def render_settled(comparison: Comparison, circumstances: Circumstances, last: State) -> str:
    """Return the few lines that a green result leaves of a comment; ``last`` is the state that it had before."""
    template = _environment().get_template("comment_settled.md.j2")
    return template.render(page=page(comparison), told=circumstances, last=last)


def accept(body: str, id_: str, state: State) -> str:
    """Return the comment with another state, which holds an acceptance, and with the note of it.

    The note takes the place of what was said of the check; where nothing was, it comes first. Raises ValueError
    where ``body`` is no comment of ``id_``, or ``state`` holds no acceptance.
    """
    if state.accepted is None:
        raise ValueError("the state holds no acceptance")
    if not has_marker(body, id_):
        raise ValueError(f"this is no comment of perf-matrix with the id {id_!r}")
    _, *lines = body.replace("\r\n", "\n").split("\n")
    note = _accepted(state.accepted)
    said = next((number for number, text in enumerate(lines) if _is_of_the_check(text)), None)
    after = [note, "", *lines] if said is None else [*lines[:said], note, *lines[said + 1 :]]
    return "\n".join([write_marker(id_, state), *after])


def _is_of_the_check(text: str) -> bool:
    return text in (_FAILS, _DOES_NOT_FAIL) or text.startswith(_ACCEPTED)


def _attempts(comparison: Comparison, told: Circumstances, room: int) -> Iterator[str]:
    """Yield the comment with the report in what room it leaves, shorter each time; then without the report."""
    content = page(comparison)
    for step in _STEPS:
        text = _rendered(content, told, step, escape.Markdown("…"))
        left = room - len(text.encode())
        if left >= markdown.LEAST_LIMIT:
            again = "" if _is_open(told) else told.reproduce
            yield _rendered(content, told, step, _folded(comparison, left, again))
    for step in _STEPS:
        yield _rendered(content, told, step, escape.Markdown(""))


def _rendered(content: Page, told: Circumstances, step: _Step, folded: escape.Markdown) -> str:
    template = _environment().get_template("comment.md.j2")
    return template.render(
        page=content,
        first=first_screen(content, step.size),
        told=told,
        commands=[(words, command) for words, command in _commands(told) if len(command) <= step.command],
        folded=folded,
        shortened=step is not _STEPS[0],
    )


def _commands(told: Circumstances) -> Iterator[tuple[str, str]]:
    """Yield what each command is good for, and the command on one line."""
    if told.reproduce:
        yield "See it on your machine", line(told.reproduce)
    if told.bisect and told.state.verdict == "regression":
        yield "Find the change that did it", line(told.bisect)


def _folded(comparison: Comparison, limit: int, again: str) -> escape.Markdown:
    """Return the report without its verdict and next step, a line each, which the comment says itself."""
    _, *lines = markdown.render_markdown(comparison, limit=limit, reproduce=again).split("\n")
    while lines and (not lines[0] or lines[0].startswith("Next: ")):
        del lines[0]
    return escape.Markdown("\n".join(lines).strip("\n"))


@cache
def _environment() -> Environment:
    """Return the templates' engine with the filters of these templates."""
    environment = markdown_templates()
    environment.filters |= {"marker": _marker, "step": _step, "standing": _standing, "open": _is_open}
    environment.filters |= {"commit": _commit, "time": _time, "brief": _brief}
    environment.filters |= {"code": _code, "fence": _fence, "link": _link}
    return environment


def _marker(told: Circumstances) -> escape.Markdown:
    return escape.Markdown(write_marker(told.id, told.state))


def _step(content: Page) -> str:
    words = content.step
    for said in _BY_ITS_GATE:
        words = words.removesuffix(said)
    return words


def _standing(told: Circumstances) -> escape.Markdown:
    """Return what the check does with the verdict; nothing where there is nothing to fail on."""
    if told.fails:
        return escape.Markdown(_FAILS)
    if told.state.accepted:
        return _accepted(told.state.accepted)
    return escape.Markdown(_DOES_NOT_FAIL if _is_open(told) else "")


def _is_open(told: Circumstances) -> bool:
    """Tell whether there is anything to do."""
    return told.state.verdict not in _NOTHING_TO_DO


def _accepted(accepted: Accepted) -> escape.Markdown:
    who, when, commit = _code(accepted.by), _time(accepted), _commit(accepted.sha)
    return escape.Markdown(
        f"{_ACCEPTED}{who} on {when}, for commit {commit} alone: the check does not fail on this."
        " The next push ends the acceptance."
    )


def _time(accepted: Accepted) -> str:
    return f"{accepted.at:%Y-%m-%d at %H:%M} UTC"


def _commit(sha: str) -> escape.Markdown:
    """Return the first digits of a commit, which GitHub makes a link of; what is no commit is code."""
    return escape.Markdown(sha[:_DIGITS]) if _SHA.fullmatch(sha) else _code(sha)


def _brief(text: str) -> str:
    return shortened(line(text), _TEXT_WIDTH)


def _code(text: str) -> escape.Markdown:
    return escape.code(_brief(text))


def _fence(command: str) -> escape.Markdown:
    """Return a command in a block that can be copied, indented as part of a list's item."""
    return escape.Markdown(escape.fence(command, "sh").replace("\n", "\n  "))


def _link(address: str, words: str) -> escape.Markdown:
    """Return a link where it is a plain address, else the address as code."""
    if _ADDRESS.fullmatch(address):
        return escape.Markdown(f"[{escape.prose(words)}]({address})")
    return escape.Markdown(f"{escape.prose(words)}: {_code(address)}")
