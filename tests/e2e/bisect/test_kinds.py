"""Other histories than every commit: tags of the demonstration repository, and a list of its versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.checkouts import clone
from tests.demo_repository.demo import Demo
from tests.e2e.bisect.asking import (
    answer_of,
    arguments_between,
    culprits,
    run,
    sha_of,
    symptom,
)

pytestmark = pytest.mark.e2e

ON_USERS = ("--on", "users/queries", "--metrics", "queries")
# Name -> which commit of the main line. The N+1, the twelfth, came with v1.2.0.
TAGS = {"v1.0.0": 0, "v1.1.0": 8, "v1.2.0": 16, "v1.3.0": 24, "v1.4.0": 32, "v1.5.0": 39}


@pytest.fixture(scope="module")
def tagged(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A clone with tags for versions, one of them annotated, and a tag of another kind on the culprit itself."""
    repository = clone(demo.repository, tmp_path_factory.mktemp("tagged") / "checkout")
    for name, number in TAGS.items():
        annotated = ("--annotate", "--message=A version") if name == "v1.2.0" else ()
        repository.git("tag", *annotated, name, demo.told.main_line[number])
    repository.git("tag", "nightly", demo.told.n_plus_one)
    return replace(demo, repository=repository)


def test_the_first_tag_with_the_change_is_named(tagged: Demo, tmp_path: Path) -> None:
    line = tagged.told.main_line
    arguments = arguments_between(["v1.0.0", "v1.5.0"], tagged, "--tags", "v*", *ON_USERS)
    ended = run(arguments, tagged, tmp_path)
    assert ended.exit_code == 0, ended.stderr
    found = answer_of(ended)
    assert (found.kind, found.state) == ("tags", "found")
    assert {each.label: sha_of(each.spec) for each in found.versions} == {
        name: line[number] for name, number in TAGS.items()
    }
    (culprit,) = symptom(found, "users", "queries").culprits
    assert found.versions[culprit.version].label == "v1.2.0"
    assert found.versions[culprit.parent].label == "v1.1.0"
    assert (culprit.before.value, culprit.after.value) == (1, 26)
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed
    assert culprit.files[0].path == "demo_service/statements.py"
    between = f"{line[TAGS['v1.1.0']]} {line[TAGS['v1.2.0']]}"
    measured = f"--on users/queries --matrix {tagged.matrix} --metrics queries --backend local"
    among_commits = f"perf-matrix bisect --repo {tagged.repository.folder} {between} {measured}"
    assert culprit.go_on == among_commits
    assert among_commits in ended.stderr


def test_of_a_list_the_first_version_with_the_change_is_named(tagged: Demo, tmp_path: Path) -> None:
    line = tagged.told.main_line
    parent = line[line.index(tagged.told.n_plus_one) - 1]
    versions = tmp_path / "versions.txt"
    versions.write_text(
        f"# What was deployed, oldest first\ngit:v1.0.0\ngit:{parent}  # of Monday\n\n"
        f"git:{tagged.told.n_plus_one[:10]}\ngit:v1.3.0\n"
    )
    ended = run(arguments_between(["--list", str(versions)], tagged, *ON_USERS), tagged, tmp_path)
    assert ended.exit_code == 0, ended.stderr
    found = answer_of(ended)
    assert (found.kind, found.state) == ("list", "found")
    listed = [line[TAGS["v1.0.0"]], parent, tagged.told.n_plus_one, line[TAGS["v1.3.0"]]]
    assert [sha_of(each.spec) for each in found.versions] == listed
    assert culprits(found) == {("users", "queries"): [tagged.told.n_plus_one]}
    (culprit,) = symptom(found, "users", "queries").culprits
    assert sha_of(found.versions[culprit.parent].spec) == parent
