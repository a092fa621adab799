"""What is pasted into an issue: it fits, its details are folded, and nothing from outside is markup in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.report import render_markdown
from perf_matrix.bisect.report.markdown import LEAST_LIMIT, LIMIT

from .foreign import TEXTS, foreign
from .samples import HOSTILE, SAMPLES

if TYPE_CHECKING:
    from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
OUTSIDE = st.text(max_size=12) | st.sampled_from(TEXTS)
OURS = re.compile(r"</?(details|summary|code|br)>")


def tokens(text: str) -> list[Token]:
    return [token for one in PARSER.parse(text) for token in (one, *(one.children or []))]


def grown(found: Bisection, times: int) -> Bisection:
    """The bisection with each symptom many times, each of an endpoint of its own."""
    symptoms = [
        symptom.model_copy(update={"endpoint": f"{symptom.endpoint}-{number}"})
        for number in range(times)
        for symptom in found.symptoms
    ]
    return found.model_copy(update={"symptoms": symptoms})


@pytest.mark.parametrize("name", SAMPLES)
def test_the_first_line_is_the_answer_in_bold(name: str) -> None:
    first = render_markdown(SAMPLES[name]()).splitlines()[0]
    assert re.fullmatch(r"\*\*.+\*\*", first)


@pytest.mark.parametrize("name", SAMPLES)
def test_folds_are_closed(name: str) -> None:
    text = render_markdown(SAMPLES[name]())
    assert text.count("<details>") == text.count("</details>") >= 2


@pytest.mark.parametrize("times", [1, 6, 25])
@pytest.mark.parametrize("limit", [LEAST_LIMIT, LIMIT])
def test_it_fits(times: int, limit: int) -> None:
    text = render_markdown(grown(foreign(HOSTILE * 40), times), limit=limit)
    assert len(text.encode()) <= limit
    assert text.count("<details>") == text.count("</details>")


def test_what_is_left_out_is_said() -> None:
    whole = grown(SAMPLES["three-commits"](), 1)
    assert "Shortened to fit" not in render_markdown(whole)
    assert "statements in full and logs are left out" in render_markdown(grown(whole, 30))
    assert "only the answers are shown here" in render_markdown(
        grown(foreign(HOSTILE * 40), 25), limit=LEAST_LIMIT
    )


def test_the_answers_come_first_even_where_little_fits() -> None:
    text = render_markdown(grown(SAMPLES["exact-releases"](), 60), limit=LEAST_LIMIT)
    assert text.startswith("**1.80.9 made chat-virtual-key-0 issue 2 SQL statements per request instead of 0")


def test_a_limit_that_no_report_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match=f"needs {LEAST_LIMIT} bytes or more, not 500"):
        render_markdown(SAMPLES["one-step"](), limit=500)


@given(OUTSIDE)
@settings(max_examples=60, deadline=None)
def test_text_from_outside_is_no_markup(text: str) -> None:
    found = tokens(render_markdown(foreign(text), report=text))
    html = [one.content for one in found if one.type in ("html_inline", "html_block")]
    assert all(not re.search("<[^>]*>", OURS.sub("", each)) for each in html)
    assert {one.type for one in found} & {"image", "hr", "code_block", "heading_open"} <= {"heading_open"}
    links = [str(one.attrs["href"]) for one in found if one.type == "link_open"]
    assert all(link == text for link in links)


@given(OUTSIDE)
@settings(max_examples=40, deadline=None)
def test_nobody_is_mentioned(text: str) -> None:
    written = re.sub(r"```.*?```|`[^`\n]*`", "", render_markdown(foreign(f"{text}@octocat")), flags=re.DOTALL)
    assert "@octocat" not in written


def test_a_table_has_as_many_cells_as_columns() -> None:
    found = PARSER.parse(render_markdown(SAMPLES["three-commits"]()))
    kinds = [token.type for token in found]
    assert kinds.count("th_open") == 5
    assert kinds.count("td_open") == 20 * 5


def test_a_merge_shows_what_is_inside_it() -> None:
    text = render_markdown(SAMPLES["three-commits"]())
    assert "  - Inside this merge commit: **a2" in text
    assert "Commits that it merged, oldest first:" in text


def test_the_title_of_a_fold_reads_as_it_is() -> None:
    found = SAMPLES["exact-releases"]()
    named = [symptom.model_copy(update={"endpoint": "a_b<c> @octocat"}) for symptom in found.symptoms]
    text = render_markdown(found.model_copy(update={"symptoms": named}))
    assert "<summary>What changed with 1.80.9 (a_b&lt;c&gt; @\u200boctocat)</summary>" in text
