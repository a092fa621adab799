"""A commit since which some requests fail is named: a symptom without a count or a latency."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.checkouts import Repository, clone
from tests.demo_repository.demo import Demo
from tests.e2e.bisect.asking import answer_of, bisect, culprits, symptom

pytestmark = pytest.mark.e2e

_SERVICE = "demo_service/service.py"
_ANSWERS = '        return JSONResponse({"models": [{"id": model} for model in MODELS]})\n'
# Seldom enough for the first look at the ends not to tell.
_SHARE = 1 / 15
_NOW_AND_THEN = f"""\
        self._asked = getattr(self, "_asked", 0) + 1
        if self._asked % {round(1 / _SHARE)} == 0:
            raise HTTPException(503, "the list of models is being refreshed")
{_ANSWERS}"""


def _note(repository: Repository, name: str) -> str:
    """A commit that changes nothing of what the service does."""
    return repository.commit(f"A note on {name}", {f"notes/{name}.md": f"# {name}\n"})


def test_the_commit_since_which_requests_fail_now_and_then_is_named(demo: Demo, tmp_path: Path) -> None:
    repository = clone(demo.repository, tmp_path / "checkout")
    good = repository.git("rev-parse", "HEAD")
    _note(repository, "keys")
    text = (repository.folder / _SERVICE).read_text()
    assert text.count(_ANSWERS) == 1
    failing = repository.commit(
        "Refresh the list of models", {_SERVICE: text.replace(_ANSWERS, _NOW_AND_THEN)}
    )
    bad = [_note(repository, name) for name in ("teams", "users")][-1]

    on = ("--on", "models/errors", "--endpoints", "models", "--confidence", "90%")
    ended = bisect(replace(demo, repository=repository), tmp_path, *on, good=good, bad=bad)

    assert ended.exit_code == 0, ended.stderr
    found = answer_of(ended)
    assert culprits(found) == {("models", "errors"): [failing]}
    models = symptom(found, "models", "errors")
    assert models.bad.value == pytest.approx(_SHARE, rel=0.5)
    (culprit,) = models.culprits
    assert culprit.parent == culprit.version - 1
    assert culprit.files[0].path == _SERVICE
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed
