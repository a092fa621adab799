"""A bisection that holds a text wherever text comes from outside."""

from __future__ import annotations

from typing import Any

from perf_matrix.bisect.model import Bisection, ChangedFile, Culprit, Link, Opened, SymptomResult
from perf_matrix.compare.model import Cause, ChangedStatement, Place, Statement

from .samples import HOSTILE, bisection, commit, commits, confirmed, culprit, figure, points, symptom

TEXTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    "</style><style>*{}",
    "</title></desc></svg></details>",
    "{{ 7*7 }}{% raw %}",
    "&lt;b&gt;",
    "<!--",
    "]]>",
    "javascript:alert(1)",
    "https://evil.example/x",
    "`|`\n# h\n- [a](b)",
    "\x00\x1b[31m\u202e\u2066",
    HOSTILE,
)


def foreign(text: str) -> Bisection:
    versions = commits([text] * 6, [0, 1, 2, 4, 5], {3: text})
    for place, version in enumerate(versions):
        author = commit(place, text, author=text, url=text)
        versions[place] = version.model_copy(
            update={"label": text or "x", "spec": text, "commit": author, "log_tail": [text, text]}
        )
    inner = culprit(
        1, 0, 0, 1, confirmation=confirmed(0, 1, note=text), causes=[Cause(kind="n-plus-one", summary=text)]
    )
    opened = Opened(versions=versions[:3], culprits=[inner], note=text)
    first, second = _full(2, 1, text, opened=opened), _full(4, 2, text, suspects=[3])
    found = bisection(
        versions,
        _symptom(text, "queries", [first, second]),
        _symptom(f"{text}x", "p50", []).model_copy(update={"state": "narrowed", "candidates": [1, 2]}),
    )
    outside = {"good": text, "bad": text, "advice": [text], "warnings": [text], "tools": {text: text}}
    return found.model_copy(update=outside | {"arguments": [text], "kind": "commits"})


def _full(version: int, parent: int, text: str, **changes: Any) -> Culprit:
    place = Place(file=text, line=1, text=text, table=text, rule=text, removed=True)
    return culprit(
        version,
        parent,
        0,
        1,
        confirmation=confirmed(0, 1, agreed=False, note=text),
        added=[Statement(statement=text, per_request=1.0, tables=[text, text], places=[place, place])],
        removed=[Statement(statement=text, per_request=1.0, elsewhere="background")],
        changed=[ChangedStatement(statement=text, base=1.0, head=2.0)],
        slower=[text],
        causes=[Cause(kind="n-plus-one", summary=text)],
        files=[ChangedFile(path=text, added=1, removed=1, because=[text], url=text)] * 7,
        more_files=3,
        links=[Link(text=text, url=text)],
        go_on=text,
        **changes,
    )


def _symptom(text: str, metric: str, culprits: list[Culprit]) -> SymptomResult:
    return symptom(
        text,
        metric,
        figure(None, note=text),
        figure(2),
        cell=text,
        request=text,
        culprits=culprits,
        points=points({0: 1.0, 2: 1.0, 4: 2.0}),
        note=text,
        summary=text,
    )
