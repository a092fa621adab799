"""A closer look at a culprit: which files, which links, which command goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from perf_matrix.bisect.closer import Closer, measured_with
from perf_matrix.bisect.history.candidate import Candidate, HistoryKind
from perf_matrix.bisect.line import Line
from perf_matrix.bisect.model import Culprit, Figure
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.compare.model import Statement

from .world import TARGET, commit_info, line_of, request

CHAT = Symptom("default", "chat", "queries")
CULPRIT = Culprit(
    version=1,
    parent=0,
    direction="worse",
    before=Figure(value=0),
    after=Figure(value=1),
    confidence=1,
    added=[Statement(statement='SELECT * FROM "LiteLLM_TeamTable" WHERE team_id = $1', per_request=1)],
    summary="",
)
RELEASES = Line((Candidate("litellm==1.80.5", "1.80.5"), Candidate("litellm==1.80.6", "1.80.6")))


def closer(kind: HistoryKind, repository: Path | None = None, *, all_parents: bool = False) -> Closer:
    return Closer(kind, TARGET, repository, all_parents, {"chat": "POST /chat/completions"})


def commits(parents: int = 1, url: str = "") -> Line:
    found = [commit_info(name, count) for name, count in (("aaaa", 1), ("bbbb", parents))]
    return Line(
        tuple(Candidate(f"git:{one.sha}", one.sha, one.model_copy(update={"url": url})) for one in found)
    )


def diff(*files: tuple[str, str]) -> str:
    return "".join(
        f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-old\n+{text}\n"
        for name, text in files
    )


def test_a_release_goes_on_with_its_commits() -> None:
    found = closer("releases").look(CULPRIT, CHAT, RELEASES, "")
    assert found.go_on == "perf-matrix bisect --repo CHECKOUT v1.80.5 v1.80.6 --on chat/queries"
    (link,) = found.links
    assert link.text == "what is new in 1.80.6"
    assert "1.80.6" in link.url
    assert found.files == []


def test_an_image_goes_on_with_its_commits_and_has_no_page() -> None:
    line = Line((Candidate("image:l:v1.80.5", "v1.80.5"), Candidate("image:l:v1.80.6", "v1.80.6")))
    found = closer("images").look(CULPRIT, CHAT, line, "")
    assert found.links == []
    assert found.go_on.startswith("perf-matrix bisect --repo CHECKOUT ")
    assert "vv" not in found.go_on


def test_a_commit_is_the_end_of_it() -> None:
    found = closer("commits").look(CULPRIT, CHAT, commits(url="https://example.com/c/bbbb"), "")
    assert found.go_on == ""
    assert [(one.text, one.url) for one in found.links] == [("commit bbbb", "https://example.com/c/bbbb")]
    assert closer("commits").look(CULPRIT, CHAT, commits(), "").links == []


def test_a_merge_can_be_opened_up() -> None:
    place = Path("/a folder/it")
    found = closer("commits", place).look(CULPRIT, CHAT, commits(parents=2), "")
    assert found.go_on == (
        "perf-matrix bisect --repo '/a folder/it' aaaa bbbb --all-parents --on chat/queries"
    )
    opened = closer("commits", place, all_parents=True).look(CULPRIT, CHAT, commits(parents=2), "")
    assert opened.go_on == ""


def test_a_tag_goes_on_with_the_commits_between() -> None:
    found = closer("tags", Path("it")).look(CULPRIT, CHAT, commits(), "")
    assert found.go_on == "perf-matrix bisect --repo it aaaa bbbb --on chat/queries"


def test_a_list_that_is_no_commits_has_nothing_to_go_on_with() -> None:
    assert closer("list").look(CULPRIT, CHAT, RELEASES, "").go_on == ""


KINDS: Sequence[tuple[HistoryKind, str]] = [
    ("releases", "--repo CHECKOUT v1.80.5 v1.80.6"),
    ("tags", "--repo it aaaa bbbb"),
]


def test_the_command_measures_as_it_was_measured_here() -> None:
    arguments = ["a", "b", "--matrix", "my matrix.yml", "--backend", "local"]
    asked = request(
        line_of(2), matrix="my matrix.yml", metrics=["queries", "p50"], backend="local", arguments=arguments
    )
    cell = Symptom("workers=two,cache=none", "chat", "queries")
    for kind, begin in KINDS:
        line = RELEASES if kind == "releases" else commits()
        looking = replace(closer(kind, Path("it")), asked=measured_with(asked))
        assert looking.look(CULPRIT, cell, line, "").go_on == (
            f"perf-matrix bisect {begin} --on chat/queries --cell workers=two,cache=none "
            "--matrix 'my matrix.yml' --metrics queries,p50 --backend local"
        )


def test_what_is_measured_with_anyway_is_not_repeated() -> None:
    assert measured_with(request(line_of(2))) == []


def test_memory_is_of_no_endpoint() -> None:
    found = closer("releases").look(CULPRIT, Symptom("default", "", "memory"), RELEASES, "")
    assert found.go_on == "perf-matrix bisect --repo CHECKOUT v1.80.5 v1.80.6"


def test_the_file_that_names_the_table_comes_first() -> None:
    told = diff(("docs/a.md", "words"), ("litellm/z.py", "x = db.litellm_teamtable.find_unique()"))
    found = closer("commits").look(CULPRIT, CHAT, commits(), told)
    assert found.files[0].path == "litellm/z.py"
    assert found.files[0].because
    assert {one.path for one in found.files} == {"docs/a.md", "litellm/z.py"}
    assert found.more_files == 0


@pytest.mark.parametrize(("count", "more"), [(20, 0), (23, 3)])
def test_not_more_than_twenty_files_are_listed(count: int, more: int) -> None:
    told = diff(*((f"litellm/f{number}.py", "x") for number in range(count)))
    found = closer("commits").look(CULPRIT, CHAT, commits(), told)
    assert len(found.files) == 20
    assert found.more_files == more
