"""The comment in every state, read by a person before it was committed; its length; what never becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perf_matrix.compare.model import Cause, CellComparison, Place, Statement
from perf_matrix.report.comment import LEAST_LIMIT, LIMIT, accept, render_comment, render_settled
from perf_matrix.report.marker import has_marker, read_marker
from scripts.render_comments import as_html

from . import golden
from .builders import HOSTILE
from .comments import (
    COMMENTS,
    EARLIER,
    RUN,
    acceptance,
    accepted,
    many,
    of,
    regression,
    state,
    told,
    written,
)
from .test_escape import OUTSIDE
from .test_limits import huge


@pytest.fixture
def goldens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "FOLDER", Path(__file__).parents[2] / "golden" / "comment")


@pytest.mark.usefixtures("goldens")
@pytest.mark.parametrize("name", COMMENTS)
def test_comment(name: str) -> None:
    golden.check(f"{name}.md", COMMENTS[name]())


def first_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.splitlines()[:count])


class Elements(HTMLParser):
    """Collects elements, addresses of links and texts outside code; a comment of HTML is none of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: set[str] = set()
        self.prose: list[str] = []
        self._code = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.prose.append(data)


def renamed(found: CellComparison, text: str) -> CellComparison:
    """The cell with every name, statement, place and note of its first endpoint replaced."""
    first, *others = found.endpoints
    assert first.queries is not None
    place = Place(file=text, line=1, text=text, table=text, rule=text)
    added = Statement(statement=f"SELECT {text}", per_request=1.0, places=[place])
    first = first.model_copy(
        update={
            "name": text,
            "causes": [Cause(kind="cache-lost", summary=text)],
            "note": text,
            "queries": first.queries.model_copy(update={"added": [added]}),
        }
    )
    return found.model_copy(update={"endpoints": [first, *others]})


OURS = {"p", "strong", "h3", "table", "thead", "tbody", "tr", "th", "td", "br", "ul", "li", "pre", "code"}
OURS |= {"details", "summary", "sub", "a"}
SETTLED = ("settled", "settled-undecided", "settled-invalid")


@pytest.mark.parametrize("name", COMMENTS)
def test_the_marker_comes_first_and_the_verdict_next(name: str) -> None:
    text = COMMENTS[name]()
    own = "nightly-matrix" if name == "second-id" else "default"
    assert read_marker(text, own) is not None
    verdict = read_marker(text, own).verdict  # type: ignore[union-attr]
    assert text.splitlines()[1].startswith(f"**{verdict.upper()}: ")


@pytest.mark.parametrize("name", COMMENTS)
def test_the_same_comment_has_one_id(name: str) -> None:
    text = COMMENTS[name]()
    assert has_marker(text, "default") != has_marker(text, "nightly-matrix")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("regression", "**The check fails** on this."),
        ("regression-not-failing", "**The check does not fail** on this."),
        ("accepted", "**Accepted** by `octocat` on 2026-01-02 at 09:30 UTC, for commit 0a1b2c3 alone"),
        ("inconclusive", "**The check does not fail** on this."),
        ("inconclusive-failing", "**The check fails** on this."),
        ("invalid-cell", "**The check fails** on this."),
    ],
)
def test_what_the_check_does_is_said_once_by_the_circumstances(name: str, said: str) -> None:
    text = COMMENTS[name]()
    assert said in first_lines(text)
    assert len(re.findall(r"[Tt]he check (?:\*\*)?(?:fails|does not fail)|\*\*The check", text)) == 1


@pytest.mark.parametrize("name", ["pass", "pass-quiet", "improvement", *SETTLED])
def test_where_nothing_is_to_be_done_no_check_is_mentioned(name: str) -> None:
    assert "check" not in first_lines(COMMENTS[name]())
    assert "What to do" not in COMMENTS[name]()


def test_an_accepted_regression_is_shown_in_full() -> None:
    plain, taken = COMMENTS["regression"]().splitlines(), accepted().splitlines()
    assert [a for a, b in zip(plain, taken, strict=True) if a != b] == [
        plain[0],
        "**The check fails** on this.",
    ]


def test_a_commit_of_the_acceptance_that_ended_is_named() -> None:
    assert "`octocat` accepted the result of commit 4c5d6e7 on 2026-01-02" in COMMENTS["acceptance-expired"]()


@pytest.mark.parametrize("verdict", ["inconclusive", "invalid-cell", "pass"])
def test_only_a_regression_can_be_bisected_and_accepted(verdict: str) -> None:
    assert "perf-matrix bisect" not in COMMENTS[verdict]()
    assert "perf-accepted" not in COMMENTS[verdict]()


def test_without_a_command_to_bisect_there_is_no_line_for_it() -> None:
    assert "Find the change" in written(regression())
    assert "Find the change" not in written(regression(), bisect="")


def test_a_regression_that_does_not_fail_needs_no_acceptance() -> None:
    assert "perf-accepted" not in COMMENTS["regression-not-failing"]()


@pytest.mark.parametrize(
    ("name", "was"),
    [("settled", "a regression"), ("settled-undecided", "undecided"), ("settled-invalid", "invalid")],
)
def test_what_the_result_before_was_is_said_where_it_settled(name: str, was: str) -> None:
    text = COMMENTS[name]()
    assert f"The result before this one was {was} (commit 4c5d6e7); commit 0a1b2c3 is green." in text
    assert len(text.splitlines()) <= 6


def test_of_a_result_before_that_was_no_fault_nothing_is_said() -> None:
    improved = state("improvement", sha=EARLIER)
    assert "before" not in render_settled(of("pass"), told(of("pass")), improved)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://a.example/)b", "https://a b", "ftp://a.example"]
)
def test_what_is_no_plain_address_is_no_link(address: str) -> None:
    text = written(regression(), run=address, report=address)
    assert not Elements(as_html(text)).links


def test_no_change_is_told_by_colour_alone() -> None:
    table = [row for row in COMMENTS["regression"]().splitlines() if row.startswith("| `")]
    assert len([row for row in table if "▲ regression" in row.replace("\N{NO-BREAK SPACE}", " ")]) >= 3


def test_accepting_a_comment_makes_it_the_accepted_one() -> None:
    body = written(regression())
    new = state("regression", accepted=acceptance())
    assert accept(body, "default", new) == accepted()


def test_accepting_twice_tells_of_the_later_acceptance_alone() -> None:
    later = acceptance().model_copy(update={"by": "hubot"})
    text = accept(accepted(), "default", state("regression", accepted=later))
    assert "**Accepted** by `hubot`" in text
    assert "octocat" not in text


def test_the_note_comes_first_where_nothing_was_said_of_the_check() -> None:
    body = COMMENTS["regression"]().replace("**The check fails** on this.", "Edited by hand.")
    text = accept(body, "default", state("regression", accepted=acceptance()))
    assert text.splitlines()[1].startswith("**Accepted** by `octocat`")
    assert text.splitlines()[3].startswith("**REGRESSION: ")


def test_a_body_with_line_ends_of_a_browser_is_accepted_too() -> None:
    body = written(regression()).replace("\n", "\r\n")
    assert accept(body, "default", state("regression", accepted=acceptance())) == accepted()


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("no marker", {"accepted": acceptance()}),
        (written(regression(), id="other"), {"accepted": acceptance()}),
        (written(regression()), {}),
    ],
)
def test_what_cannot_be_accepted(body: str, more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"acceptance|comment"):
        accept(body, "default", state("regression", **more))


def test_a_limit_below_the_least_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes or more"):
        render_comment(regression(), told(regression()), limit=LEAST_LIMIT - 1)


@pytest.mark.parametrize(
    ("limit", "said", "left_out"),
    [
        (LIMIT, "And 85 more, in the fold below.", "Shortened to fit: more"),
        (20_000, "Shortened to fit: only the findings are listed.", "Shortened to fit: more"),
        (11_000, "Shortened to fit: more of what changed stands in the fold.", "What is behind it"),
    ],
)
def test_a_long_comment_gets_shorter_in_steps(limit: int, said: str, left_out: str) -> None:
    found = many("|" * 160)
    text = render_comment(found, told(found), limit=limit)
    assert said in text
    assert left_out not in text
    assert "### What to do" in text
    assert len(text.encode()) <= limit


def test_the_shortest_comment_still_has_verdict_and_run() -> None:
    text = COMMENTS["shortened-most"]()
    assert "Shortened to fit: everything else is left out." in text
    assert len(text.encode()) <= LEAST_LIMIT
    assert text.splitlines()[1].startswith("**REGRESSION: ")


@given(
    st.text(max_size=60),
    st.integers(min_value=0, max_value=60),
    st.integers(min_value=LEAST_LIMIT, max_value=LIMIT),
)
@example("@|" * 30, 9, LEAST_LIMIT)
@example("\x1f" * 60, 40, LEAST_LIMIT)
@settings(max_examples=30, deadline=None)
def test_the_limit_always_holds_even_once_it_is_accepted(text: str, rows: int, limit: int) -> None:
    found = huge(rows, statement=text * 50, spec=text * 40)
    noisy = found.model_copy(update={"warnings": [text * 30] * 20})
    long = dict.fromkeys(("base", "version", "run", "reproduce", "bisect", "report", "label"), text * 100)
    body = render_comment(noisy, told(noisy, id="i" * 39, **long), limit=limit)
    by = acceptance("f" * 64).model_copy(update={"by": f"{'w' * 100}[bot]"})
    new = state("regression", sha="f" * 64, run=2**53, attempt=2**53, accepted=by)
    assert len(accept(body, "i" * 39, new).encode()) <= limit


@pytest.mark.parametrize("name", COMMENTS)
def test_every_comment_is_made_of_our_own_elements(name: str) -> None:
    found = Elements(as_html(COMMENTS[name]()))
    assert found.names <= OURS
    assert {link.split("/runs/")[0] for link in found.links} <= {
        "https://git.example/acme/litellm/actions",
        "https://ci.example",
    }


@given(OUTSIDE)
@example(HOSTILE)
@example("a@b.example")
@example("mailto:a@b.example xmpp:a@b.example http://evil.example www.evil.example")
@settings(max_examples=60, deadline=None)
def test_nothing_from_outside_becomes_markup(text: str) -> None:
    found = regression()
    head = found.subjects.head.model_copy(update={"spec": text})
    noisy = found.model_copy(
        update={
            "warnings": [text],
            "subjects": found.subjects.model_copy(update={"head": head}),
            "cells": [renamed(found.cells[0], text)],
        }
    )
    chosen = dict.fromkeys(("base", "version", "reproduce", "bisect", "label"), text)
    elements = Elements(as_html(render_comment(noisy, told(noisy, **chosen))))
    assert elements.names <= OURS
    assert elements.links == {RUN}
    assert not re.search(r"@\w|(?<!\w)#\d|\bGH-\d", "".join(elements.prose))
