"""Bisections with invented figures, one per state that a report can be in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from perf_matrix.bisect.model import (
    Bisection,
    ChangedFile,
    CommitInfo,
    Confirmation,
    Culprit,
    Figure,
    Latency,
    Level,
    Link,
    Opened,
    Point,
    Spent,
    Stretch,
    SymptomResult,
    Version,
)
from perf_matrix.compare.model import Cause, ChangedStatement, Place, Statement
from perf_matrix.record.model import HostInfo

TEAM = (
    'SELECT "public"."LiteLLM_TeamTable"."team_id", "public"."LiteLLM_TeamTable"."team_alias", '
    '"public"."LiteLLM_TeamTable"."models" FROM "public"."LiteLLM_TeamTable" '
    'WHERE ("public"."LiteLLM_TeamTable"."team_id" = $1 AND $2=$3) LIMIT $4 OFFSET $5'
)
USER = (
    'SELECT "public"."LiteLLM_UserTable"."user_id", "public"."LiteLLM_UserTable"."spend" '
    'FROM "public"."LiteLLM_UserTable" WHERE "public"."LiteLLM_UserTable"."user_id" = $1'
)
CONFIG = 'SELECT "param_name", "param_value" FROM "public"."LiteLLM_Config" WHERE "param_name" = $1'
HOSTILE = "<script>alert(1)</script> | `rm -rf` **[x](https://evil.example)** @octocat #12 \x1b[31mred\x1b[0m \u202e"
HOST = HostInfo(
    system="Linux",
    machine="x86_64",
    cpu_model="AMD EPYC 7763",
    cpus=4,
    memory_bytes=16 * 2**30,
    python="3.12.3",
    user_is_root=False,
)
START = datetime(2025, 11, 20, 9, 30, tzinfo=UTC)


def figure(value: float | None, half: float | None = None, note: str = "") -> Figure:
    if value is None or half is None:
        return Figure(value=value, note=note)
    return Figure(value=value, low=value - half, high=value + half, note=note)


def commit(number: int, title: str, **changes: Any) -> CommitInfo:
    sha = hashlib.sha256(f"{number} {title}".encode()).hexdigest()[:40]
    known: dict[str, Any] = {
        "sha": sha,
        "title": title,
        "author": "Ada Lovelace <ada@example.com>" if number % 3 else "Grace Hopper <grace@example.com>",
        "date": START + timedelta(hours=7 * number),
        "url": f"https://git.example/proxy/commit/{sha}",
    }
    return CommitInfo(**known | changes)


def releases(
    labels: Sequence[str], measured: Sequence[int], skipped: dict[int, str] | None = None
) -> list[Version]:
    return [
        Version(spec=f"litellm=={label}", label=label, **_state(place, measured, skipped or {}))
        for place, label in enumerate(labels)
    ]


def commits(
    titles: Sequence[str], measured: Sequence[int], skipped: dict[int, str] | None = None
) -> list[Version]:
    return [
        Version(
            spec=f"git:{(found := commit(place, title)).sha}",
            label=found.sha[:8],
            commit=found,
            **_state(place, measured, skipped or {}),
        )
        for place, title in enumerate(titles)
    ]


def _state(place: int, measured: Sequence[int], skipped: dict[int, str]) -> dict[str, Any]:
    if place in skipped:
        return {"state": "skipped", "reason": skipped[place], "log_tail": LOG}
    return {"state": "measured", "runs": 2} if place in measured else {"state": "not needed"}


LOG = [
    "INFO:     Waiting for application startup.",
    "ModuleNotFoundError: No module named 'litellm.proxy.hooks.missing'",
    "ERROR:    Application startup failed. Exiting.",
]


def points(values: Mapping[int, float | None], half: float | None = None, runs: int = 2) -> list[Point]:
    return [
        Point(version=place, figure=figure(value, half), runs=runs) for place, value in sorted(values.items())
    ]


def culprit(
    version: int,
    parent: int,
    before: float | None,
    after: float | None,
    half: float | None = None,
    **changes: Any,
) -> Culprit:
    known: dict[str, Any] = {
        "version": version,
        "parent": parent,
        "direction": "worse" if (after or 0) > (before or 0) else "better",
        "before": figure(before, half),
        "after": figure(after, half),
        "confidence": 1.0,
        "summary": "a culprit",
    }
    return Culprit(**known | changes)


def confirmed(
    before: float,
    after: float,
    p50: tuple[float, float] | None = None,
    half: float | None = None,
    **changes: Any,
) -> Confirmation:
    found = None
    if p50:
        ratio = p50[1] / p50[0]
        found = Latency(base_ms=p50[0], head_ms=p50[1], ratio=ratio, ci=(ratio - 0.04, ratio + 0.05))
    known: dict[str, Any] = {"before": figure(before, half), "after": figure(after, half), "p50": found}
    return Confirmation(**{"agreed": True} | known | changes)


def symptom(endpoint: str, metric: str, good: Figure, bad: Figure, **changes: Any) -> SymptomResult:
    known: dict[str, Any] = {
        "cell": "callbacks=none",
        "endpoint": endpoint,
        "request": f"POST /v1/{endpoint}",
        "metric": metric,
        "exact": metric in ("queries", "answers"),
        "good": good,
        "bad": bad,
        "state": "found",
        "confidence": 1.0,
        "summary": "a symptom",
    }
    return SymptomResult(**known | changes)


def bisection(versions: list[Version], *symptoms: SymptomResult, **changes: Any) -> Bisection:
    tried = sum(version.state == "measured" for version in versions)
    known: dict[str, Any] = {
        "state": "found",
        "kind": "releases",
        "good": versions[0].spec,
        "bad": versions[-1].spec,
        "versions": versions,
        "symptoms": list(symptoms),
        "confidence": 0.95,
        "spent": Spent(seconds=252.0, starts=tried + 4, versions=tried, runs=2 * tried + 4),
        "host": HOST,
        "tools": {"k6": "1.1.0", "postgres": "16.4"},
        "perf_matrix": "0.1.0",
        "arguments": [versions[0].spec, versions[-1].spec],
    }
    return Bisection(**known | changes)


RELEASES = [
    "1.80.5", "1.80.6", "1.80.7", "1.80.8", "1.80.9", "1.80.10",
    "1.80.11", "1.80.15", "1.80.16", "1.81.0", "1.81.1", "1.81.3",
]  # fmt: skip
PLACE = Place(
    file="litellm/proxy/auth/auth_checks.py",
    line=123,
    text="team = await prisma_client.db.litellm_teamtable.find_unique(where={'team_id': team_id})",
    table="LiteLLM_TeamTable",
    rule="Prisma accessor",
)
FILES = [
    ChangedFile(
        path="litellm/proxy/auth/auth_checks.py",
        added=12,
        removed=3,
        because=["names the table LiteLLM_TeamTable", "calls find_unique"],
        url="https://git.example/proxy/blob/1.80.9/litellm/proxy/auth/auth_checks.py",
    ),
    ChangedFile(path="litellm/proxy/utils.py", added=40, removed=41, because=["defines get_team_object"]),
    *(ChangedFile(path=f"litellm/llms/provider_{n}/chat.py", added=n, removed=2) for n in range(1, 7)),
]


def exact_releases() -> Bisection:
    """Releases, counts: 0 -> 2 at one version, 0 -> 1 at another, the latency explained."""
    versions = releases(RELEASES, [0, 3, 4, 5, 6, 7, 11])
    chat = culprit(
        4, 3, 0, 2,
        confirmation=confirmed(0, 2, (20.1, 24.6)),
        added=[
            Statement(statement=TEAM, per_request=1.0, tables=["LiteLLM_TeamTable"], places=[PLACE]),
            Statement(statement=USER, per_request=1.0, tables=["LiteLLM_UserTable"], elsewhere="first request"),
        ],
        causes=[Cause(kind="cache-lost", summary="A cache that used to spare these statements is missed.")],
        files=FILES,
        more_files=9,
        links=[
            Link(text="Changes of 1.80.9", url="https://git.example/proxy/compare/v1.80.8...v1.80.9"),
            Link(text="Release notes", url="https://git.example/proxy/releases/v1.80.9"),
        ],
        go_on="perf-matrix bisect --repo DIR v1.80.8 v1.80.9 --on chat-virtual-key/queries",
    )  # fmt: skip
    info = culprit(
        7, 6, 0, 1,
        confirmation=confirmed(0, 1, (9.1, 9.4)),
        added=[Statement(statement=CONFIG, per_request=1.0, tables=["LiteLLM_Config"])],
        files=FILES[1:3],
    )  # fmt: skip
    unseen = [Stretch(first=0, last=3), Stretch(first=7, last=11)]
    return bisection(
        versions,
        symptom(
            "chat-virtual-key", "queries", figure(0), figure(2),
            culprits=[chat], unseen=unseen,
            points=points({0: 0, 3: 0, 4: 2, 5: 2, 7: 2, 11: 2}),
        ),
        symptom(
            "key-info", "queries", figure(0), figure(1),
            culprits=[info], unseen=unseen,
            points=points({0: 0, 3: 0, 5: 0, 6: 0, 7: 1, 11: 1}),
        ),
        symptom(
            "chat-virtual-key", "p50", figure(1.0), figure(1.24, 0.05),
            state="explained", confidence=0.97,
            points=points({0: 1.0, 11: 1.24}, 0.05, 4),
            note="At 1.80.9 the p50 rose by 22%, which is all of it but for the noise.",
        ),
    )  # fmt: skip


TITLES = [
    "Release 2.3.0", "Fix typo in docs", "Bump uvicorn", "Add /search filters", "Load each user's roles",
    "Rename settings", "Refactor startup", "Fix startup after refactoring", "Tidy imports", "Merge branch 'audit'",
    "Add health details", "Cache templates", "Search ranks by similarity", "Docs: quickstart", "Speed up tests",
    "Fix flaky test", "Bump pydantic", "Log request ids", "Small fixes", "Release 2.4.0",
]  # fmt: skip


def noisy_levels(count: int, at: int, high: float) -> list[Level]:
    """What is believed after a search: sharp where it was measured, wide around the culprit."""
    levels = []
    for place in range(count):
        mean = 1.0 if place < at else high
        width = 0.02 + 0.05 / (1 + abs(place - at))
        levels.append(Level(version=place, mean=mean, low=mean - width, high=mean + width))
    return levels


def three_commits() -> Bisection:
    """Commits: an N+1 on users, a statement more on chat inside a merge, a slower search; two do not start."""
    broken = {6: "could not be started: exit code 1", 7: "could not be started: exit code 1"}
    versions = commits(TITLES, [0, 2, 3, 4, 5, 8, 9, 10, 11, 12, 14, 19], broken)
    merge = versions[9].commit
    assert merge
    versions[9] = versions[9].model_copy(update={"commit": merge.model_copy(update={"parents": 2})})
    users = culprit(
        4, 3, 3, 53,
        confirmation=confirmed(3, 53, (31.0, 96.5)),
        changed=[ChangedStatement(statement=USER, base=1.0, head=51.0, tables=["LiteLLM_UserTable"], places=[PLACE])],
        causes=[Cause(kind="n-plus-one", summary="N+1: 1.00 statements per user on the page.")],
        files=FILES[:2],
        go_on="git show 4",
    )  # fmt: skip
    inner = commits(["Release 2.3.1", "Audit: model", "Audit: write each call", "Audit: tests"], [0, 1, 2, 3])
    inner = [
        each.model_copy(update={"label": f"a{place}{each.label[2:]}"}) for place, each in enumerate(inner)
    ]
    chat = culprit(
        9, 8, 1, 2,
        confirmation=confirmed(1, 2, (12.0, 14.1)),
        added=[Statement(statement=CONFIG, per_request=1.0, tables=["LiteLLM_Config"])],
        opened=Opened(versions=inner, culprits=[culprit(2, 1, 1, 2, confirmation=confirmed(1, 2))]),
    )  # fmt: skip
    ratios = {0: 1.0, 5: 1.01, 9: 0.99, 10: 1.02, 11: 1.0, 12: 1.41, 14: 1.44, 19: 1.42}
    slow = culprit(
        12, 11, 1.003, 1.42, 0.03,
        confidence=0.974,
        confirmation=confirmed(1.0, 1.4, (40.2, 56.4), 0.03),
        files=FILES[2:4],
    )  # fmt: skip
    return bisection(
        versions,
        symptom(
            "users", "queries", figure(3), figure(53), culprits=[users],
            points=points({0: 3, 3: 3, 4: 53, 5: 53, 9: 53, 19: 53}), unseen=[Stretch(first=9, last=19)],
        ),
        symptom(
            "chat", "queries", figure(1), figure(2), culprits=[chat],
            points=points({0: 1, 4: 1, 5: 1, 8: 1, 9: 2, 10: 2, 19: 2}), unseen=[Stretch(first=0, last=4)],
        ),
        symptom(
            "search", "p50", figure(1.0), figure(1.42, 0.03), culprits=[slow], confidence=0.974,
            points=points(ratios, 0.03, 4), levels=noisy_levels(20, 12, 1.42),
        ),
        kind="commits",
        good="v2.3.0",
        bad="main",
        arguments=["--repo", ".", "v2.3.0", "main"],
    )  # fmt: skip


def not_reproduced() -> Bisection:
    """Both ends are alike."""
    versions = releases(RELEASES[:6], [0, 5])
    return bisection(
        versions,
        symptom(
            "chat-virtual-key", "queries", figure(2), figure(2),
            state="not reproduced", points=points({0: 2, 5: 2}), unseen=[Stretch(first=0, last=5)],
        ),
        symptom(
            "chat-virtual-key", "p50", figure(1.0), figure(1.01, 0.03),
            state="not reproduced", confidence=0.9, points=points({0: 1.0, 5: 1.01}, 0.03, 8),
        ),
        state="not reproduced",
        advice=[
            "Is it the configuration? Try the matrix that production has: --matrix FILE.",
            "Is it the data? Raise the scale: --scale users=5000.",
            "Is it only under load? Look at memory and errors too: --on '*/errors'.",
        ],
    )  # fmt: skip


def narrowed() -> Bisection:
    """Time was over before a noisy search was done."""
    versions = releases(RELEASES, [0, 3, 6, 8, 11])
    levels = [
        Level(version=place, mean=1 + 0.14 * share, low=1 + 0.14 * share - 0.05, high=1 + 0.14 * share + 0.05)
        for place, share in enumerate([0, 0, 0, 0.05, 0.2, 0.45, 0.7, 0.9, 1, 1, 1, 1])
    ]
    return bisection(
        versions,
        symptom(
            "user-list", "p50", figure(1.0), figure(1.14, 0.03),
            state="narrowed", confidence=0.61, candidates=[4, 5, 6, 7],
            points=points({0: 1.0, 3: 1.02, 6: 1.09, 8: 1.12, 11: 1.14}, 0.04, 3), levels=levels,
            note="Time was over after 20 min 00 s.",
        ),
        state="narrowed",
        arguments=["litellm==1.80.5", "litellm==1.81.3", "--time", "20m", "--on", "user-list/p50"],
        advice=["Go on where it stopped, with more time: perf-matrix bisect --resume bisect/2025-11-20"],
        warnings=["The machine was busy at times: load average 3.1 on 4 CPUs."],
        spent=Spent(seconds=1200.0, starts=14, versions=5, runs=22, kept=6),
    )  # fmt: skip


def partly_down() -> Bisection:
    """A count goes up, then partly down: 0 -> 3 -> 1."""
    versions = releases(RELEASES, [0, 2, 3, 4, 5, 6, 11])
    up = culprit(
        3, 2, 0, 3,
        confirmation=confirmed(0, 3, (18.0, 23.5)),
        added=[Statement(statement=TEAM, per_request=3.0, tables=["LiteLLM_TeamTable"])],
    )  # fmt: skip
    down = culprit(
        5, 4, 3, 1,
        confirmation=confirmed(3, 1, (23.4, 19.9)),
        changed=[ChangedStatement(statement=TEAM, base=3.0, head=1.0, tables=["LiteLLM_TeamTable"])],
    )  # fmt: skip
    return bisection(
        versions,
        symptom(
            "chat-virtual-key", "queries", figure(0), figure(1), culprits=[up, down],
            points=points({0: 0, 2: 0, 3: 3, 4: 3, 5: 1, 6: 1, 11: 1}),
            unseen=[Stretch(first=6, last=11)],
        ),
    )  # fmt: skip


def thousand() -> Bisection:
    """A thousand versions with hostile names, a long stretch of which could not be built."""
    measured = [0, 125, 187, 218, 234, 240, 241, 242, 250, 500, 750, 875, 937, 968, 980, 981, 999]
    skipped = dict.fromkeys(range(400, 460), f"could not be built: {HOSTILE}")
    versions = commits([f"Change {number}" for number in range(1000)], measured, skipped)
    for place in (241, 981):
        found = versions[place].commit
        assert found
        hostile = found.model_copy(
            update={
                "title": f"{HOSTILE} {'very long ' * 60}",
                "author": HOSTILE,
                "url": "javascript:alert(1)",
            }
        )
        versions[place] = versions[place].model_copy(update={"commit": hostile, "label": f"|{place}`<b>"})
    first = culprit(
        241, 240, 0, 1,
        confirmation=confirmed(0, 1, note=HOSTILE),
        added=[Statement(statement=f"SELECT '{HOSTILE}' FROM \"t`|\"", per_request=1.0, tables=[HOSTILE])],
        causes=[Cause(kind="extra-statement", summary=HOSTILE)],
        files=[
            ChangedFile(
                path=f"{HOSTILE}/{n}.py", added=1, removed=0, because=[HOSTILE], url=f"https://x.example/{HOSTILE}"
            )
            for n in range(9)
        ],
        more_files=1234,
        links=[Link(text=HOSTILE, url="javascript:alert(1)"), Link(text="good", url="https://git.example/a")],
        go_on=f"perf-matrix bisect '{HOSTILE}'",
    )  # fmt: skip
    second = culprit(981, 980, 1, 4, confirmation=confirmed(1, 4, agreed=False, note="it was 1 on both"))
    values = {place: 0.0 if place < 241 else 1.0 if place < 981 else 4.0 for place in measured}
    return bisection(
        versions,
        symptom(
            HOSTILE, "queries", figure(0), figure(4), culprits=[first, second], request=HOSTILE,
            points=points(values), note=HOSTILE,
            unseen=[Stretch(first=a, last=b) for a, b in ((0, 125), (250, 500), (500, 750), (750, 875), (981, 999))],
        ),
        kind="commits",
        good=HOSTILE,
        bad="main",
        warnings=[HOSTILE],
        advice=[HOSTILE],
        arguments=["--repo", HOSTILE],
        tools={HOSTILE: HOSTILE},
    )  # fmt: skip


def several_suspects() -> Bisection:
    """The culprit is one of several, most of which could not be measured."""
    reasons = {
        5: "could not be started: exit code 1",
        6: "could not be started: exit code 1",
        7: "could not be installed: no matching distribution for tokenizers==0.19",
    }
    versions = releases(RELEASES, [0, 3, 4, 8, 9, 11], reasons)
    found = culprit(
        8, 4, 1, 2,
        suspects=[5, 6, 7],
        confirmation=confirmed(1, 2, (15.0, 16.9)),
        added=[Statement(statement=USER, per_request=1.0, tables=["LiteLLM_UserTable"])],
        go_on="perf-matrix bisect --repo DIR v1.80.9 v1.80.16",
    )  # fmt: skip
    gone = culprit(9, 8, 1, None, direction="worse")
    return bisection(
        versions,
        symptom(
            "chat-virtual-key", "queries", figure(1), figure(2), culprits=[found],
            points=points({0: 1, 3: 1, 4: 1, 8: 2, 9: 2, 11: 2}),
        ),
        symptom(
            "key-info", "answers", figure(1), figure(None), culprits=[gone],
            points=points({0: 1, 4: 1, 8: 1, 9: None, 11: None}),
        ),
        symptom(
            "spend-logs", "errors", figure(0.0), figure(0.08, 0.03),
            state="unstable", confidence=0.5, points=points({0: 0.0, 11: 0.08}, 0.03),
            note="Two runs of the bad end differ more than the ends do.",
        ),
        symptom(
            "", "memory", figure(0.0), figure(740_000.0, 120_000.0),
            state="narrowed", confidence=0.8, candidates=[3, 4], points=points({0: 0.0, 11: 740_000.0}, 120_000.0),
        ),
        state="narrowed",
    )  # fmt: skip


def one_step() -> Bisection:
    """Two versions only: nothing between the ends."""
    return bisection(
        releases(RELEASES[:2], [0, 1]),
        symptom(
            "chat", "queries", figure(2), figure(1),
            culprits=[culprit(1, 0, 2, 1)], points=points({0: 2, 1: 1}),
        ),
    )  # fmt: skip


SAMPLES: dict[str, Callable[[], Bisection]] = {
    "exact-releases": exact_releases,
    "three-commits": three_commits,
    "not-reproduced": not_reproduced,
    "narrowed": narrowed,
    "partly-down": partly_down,
    "thousand": thousand,
    "several-suspects": several_suspects,
    "one-step": one_step,
}
