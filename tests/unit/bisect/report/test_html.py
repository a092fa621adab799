"""The page and the pictures: well-formed, in need of nothing else, and not to be made to do anything."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.report import picture, render_html

from .foreign import TEXTS, foreign
from .reading import Reader
from .samples import SAMPLES

LOADING = {"src", "srcset", "action", "formaction", "data", "poster", "background", "style", "xlink:href"}
OUTSIDE = st.text(max_size=12) | st.sampled_from(TEXTS)
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
BENIGN = Reader(render_html(foreign("https://a.example/b"), report="a"))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_well_formed(name: str) -> None:
    page = Reader(render_html(SAMPLES[name](), report="report.html"))
    assert page.faults == []
    assert page.open == []
    assert page.tags.count("h1") == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_loads_nothing(name: str) -> None:
    page = Reader(render_html(SAMPLES[name]()))
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use"} & set(page.tags)
    assert [one for one in page.attributes if one[1] in LOADING or one[1].startswith("on")] == []
    style = "".join(re.findall(r"<style>(.*?)</style>", render_html(SAMPLES[name]()), re.DOTALL))
    assert style
    assert not re.search(r"url\(|@import|//", style)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_link_is_a_plain_web_address_and_names_no_referrer(name: str) -> None:
    page = Reader(render_html(SAMPLES[name]()))
    links = [value for tag, attribute, value in page.attributes if attribute == "href"]
    assert all(re.fullmatch(r"https://[\w./~?&=%#:+-]+", link) for link in links)
    assert [value for _, attribute, value in page.attributes if attribute == "rel"] == [
        "noopener noreferrer"
    ] * len(links)


def test_links_are_there() -> None:
    page = render_html(SAMPLES["exact-releases"]())
    assert (
        '<a href="https://git.example/proxy/releases/v1.80.9" rel="noopener noreferrer">Release notes</a>'
        in page
    )


def test_the_policy_allows_its_own_style_and_nothing_else() -> None:
    text = render_html(SAMPLES["exact-releases"]())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert ("meta", "content", policy) in Reader(text).attributes


@given(OUTSIDE.filter(str.strip))
@example("<script>alert(1)</script>")
@settings(max_examples=60, deadline=None)
def test_text_from_outside_stays_text(text: str) -> None:
    page = Reader(render_html(foreign(text), report=text))
    assert page.faults == []
    assert page.open == []
    assert page.comments == 0
    assert set(page.tags) <= set(BENIGN.tags)
    assert {one[:2] for one in page.attributes} <= {one[:2] for one in BENIGN.attributes}


@given(OUTSIDE)
@settings(max_examples=60, deadline=None)
def test_nothing_that_cannot_be_seen_reaches_a_page(text: str) -> None:
    assert not UNSEEN.search(render_html(foreign(text), report=text))


@given(OUTSIDE.filter(str.strip))
@settings(max_examples=40, deadline=None)
def test_text_from_outside_stays_text_in_a_picture(text: str) -> None:
    found = foreign(text)
    svg = picture(found, found.symptoms[0])
    read = Reader(svg)
    assert read.faults == []
    assert read.open == []
    assert set(read.tags) <= {"svg", "title", "desc", "style", "rect", "path", "text", "g", "circle"}
    assert not UNSEEN.search(svg)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "not-reproduced"])
def test_every_symptom_has_one_picture_for_each_width_that_says_in_words_what_it_shows(name: str) -> None:
    found = SAMPLES[name]()
    page = Reader(render_html(found))
    said = [value for tag, attribute, value in page.attributes if (tag, attribute) == ("svg", "aria-label")]
    assert len(said) == 2 * len(found.symptoms)
    assert all("Measured: " in words for words in said)


def test_a_picture_says_in_words_what_it_shows() -> None:
    found = SAMPLES["partly-down"]()
    words = (
        "chat-virtual-key: SQL statements per request over 12 versions. SQL statements per request from 1.80.5 to"
        " 1.81.3. Measured: 0 at 1.80.5, 0 at 1.80.7, 3 at 1.80.8, 3 at 1.80.9, 1 at 1.80.10, 1 at 1.80.11, 1 at"
        " 1.81.3. Culprits: 1.80.8 raised it 0 → 3; 1.80.10 lowered it 3 → 1."
    )
    read = Reader(picture(found, found.symptoms[0]))
    assert ("svg", "aria-label", words) in read.attributes


def test_where_nothing_was_measured_there_is_no_picture() -> None:
    found = SAMPLES["one-step"]()
    bare = found.symptoms[0].model_copy(update={"points": []})
    found = found.model_copy(update={"symptoms": [bare]})
    assert "<figure>" not in render_html(found)
    with pytest.raises(ValueError, match="nothing of chat/queries was measured"):
        picture(found, bare)
