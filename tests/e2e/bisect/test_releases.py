"""The releases that made LiteLLM's chat slower are named: real releases, from the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.model import Bisection
from tests.e2e.command import started

pytestmark = pytest.mark.e2e

# Most of it is installing releases, where none of them is in the cache.
LIMIT_S = 1500.0


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bisect."""
    return tmp_path_factory.mktemp("releases") / "bisect"


@pytest.fixture(scope="module")
def found(out: Path) -> Bisection:
    """The bisect from 1.80.5 to 1.81.3; counts alone, since latencies would take minutes more."""
    ends = ["bisect", "litellm==1.80.5", "litellm==1.81.3", "--endpoints", "chat-virtual-key,chat-master-key"]
    options = ["--metrics", "queries", "--backend", "local", "--json", "--out", str(out)]
    with started([*ends, *options], out.parent) as command:
        ended = command.end(LIMIT_S)
        assert command.left_behind() == []
    assert ended.exit_code == 0, ended.stderr
    return Bisection.model_validate_json(ended.stdout)


def test_the_release_with_the_new_lookups_is_named(found: Bisection) -> None:
    culprits = {
        (one.endpoint, one.metric): [
            (found.versions[each.parent].label, found.versions[each.version].label) for each in one.culprits
        ]
        for one in found.symptoms
        if one.exact
    }
    step = [("1.80.13", "1.80.15")]
    assert culprits == {("chat-virtual-key", "queries"): step, ("chat-master-key", "queries"): step}


def test_the_statements_that_came_and_the_file_that_asks_them_are_named(found: Bisection) -> None:
    (symptom,) = (one for one in found.symptoms if one.exact and one.endpoint == "chat-virtual-key")
    (culprit,) = symptom.culprits
    assert (culprit.before.value, culprit.after.value) == (0, 2)
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed
    assert sorted(table for each in culprit.added for table in each.tables) == [
        "LiteLLM_Config",
        "LiteLLM_TeamTable",
    ]
    assert culprit.files[0].path == "litellm/proxy/proxy_server.py"


def test_most_releases_need_not_be_started(found: Bisection) -> None:
    assert found.spent.versions <= len(found.versions) // 2


def test_its_pages_are_written(found: Bisection, out: Path) -> None:
    assert found.state == "found"
    for name in ("report.html", "report.md"):
        assert "1.80.15" in (out / name).read_text()
