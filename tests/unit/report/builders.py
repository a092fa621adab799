"""Comparisons with invented figures, one per state that a report can be in."""

from __future__ import annotations

from typing import Any

from perf_matrix.compare.model import (
    Both,
    CellComparison,
    ChangedStatement,
    Comparison,
    EndpointComparison,
    Errors,
    Finding,
    GateResult,
    Paired,
    Quantile,
    Queries,
    Statement,
    Subjects,
    Timings,
    Verdict,
)
from perf_matrix.record.model import HostInfo, SubjectInfo

TEAM = (
    'SELECT "public"."LiteLLM_TeamTable"."team_id", "public"."LiteLLM_TeamTable"."team_alias", '
    '"public"."LiteLLM_TeamTable"."models" FROM "public"."LiteLLM_TeamTable" '
    'WHERE ("public"."LiteLLM_TeamTable"."team_id" = $1 AND $2=$3) LIMIT $4 OFFSET $5'
)
KEY = (
    "SELECT v.*, t.spend AS team_spend,\n  t.max_budget AS team_max_budget\n"
    'FROM "LiteLLM_VerificationToken" AS v\nLEFT JOIN "LiteLLM_TeamTable" AS t ON v.team_id = t.team_id\n'
    "WHERE v.token = $1"
)
SPEND = (
    'UPDATE "public"."LiteLLM_UserTable" SET "spend" = "public"."LiteLLM_UserTable"."spend" + $1 '
    'WHERE "user_id" = $2'
)
CONFIG = 'SELECT "param_name", "param_value" FROM "public"."LiteLLM_Config" WHERE "param_name" = $1'


def quantile(
    base: float, ratio: float = 1.0, verdict: Verdict = "pass", spread: float = 0.02, **more: Any
) -> Quantile:
    given = {
        "base": base,
        "head": base * ratio,
        "ratio": ratio,
        "ci": (ratio - spread, ratio + 1.25 * spread),
        "p_value": 0.00002 if verdict == "regression" else 0.41,
        "p_adjusted": 0.0006 if verdict == "regression" else 1.0,
        "delta": 0.05,
        "noise_floor": 0.018,
        "verdict": verdict,
    }
    return Quantile(**(given | more))


def paired(
    p50: Quantile | None, p95: Quantile | None, p99: Quantile | None = None, pairs: int = 400
) -> Paired:
    return Paired(pairs=pairs, blocks=pairs // 20, epochs=2, p50=p50, p95=p95, p99=p99)


def queries(base: float, head: float, verdict: Verdict = "pass", **more: Any) -> Queries:
    given = {"base": base, "head": head, "verdict": verdict, "stable": True}
    return Queries(**(given | {"db_ms": Both(base=0.2 * base, head=0.2 * head)} | more))


def endpoint(name: str, verdict: Verdict = "pass", request: str = "", **more: Any) -> EndpointComparison:
    given = {
        "queries": queries(3, 3),
        "paired": paired(quantile(20.0), quantile(31.0, 1.004, spread=0.06)),
        "errors": Errors(base=0, head=0, requests=400, verdict="pass"),
    }
    return EndpointComparison(name=name, request=request or f"GET /{name}", verdict=verdict, **(given | more))


def cell(*endpoints: EndpointComparison, verdict: Verdict = "pass", **variants: str) -> CellComparison:
    name = ",".join(f"{axis}={variant}" for axis, variant in variants.items()) or "default"
    return CellComparison(id=name, variants=variants, verdict=verdict, endpoints=list(endpoints))


def comparison(verdict: Verdict, *cells: CellComparison, **more: Any) -> Comparison:
    given = {
        "subjects": Subjects(
            base=SubjectInfo(spec="litellm==1.80.5", version="1.80.5"),
            head=SubjectInfo(spec="litellm==1.81.0", version="1.81.0"),
        ),
        "findings": [],
        "gate": gate(),
        "host": HostInfo(
            system="Linux",
            machine="x86_64",
            cpu_model="Invented CPU 9000",
            cpus=2,
            memory_bytes=8 * 2**30,
            python="3.12.3",
            user_is_root=False,
        ),
        "tools": {"k6": "1.1.0", "postgres": "16.4"},
        "timings": Timings(
            total_s=372.0,
            measuring_s=290.5,
            phases={"measure": 290.5, "start the stack": 41.2, "seed": 22.0, "compare": 0.4},
        ),
    }
    return Comparison(verdict=verdict, cells=list(cells), **(given | more))


def gate(**more: Any) -> GateResult:
    given = {
        "metrics": ["queries", "p50", "p95"],
        "alpha": 0.01,
        "min_effect": 0.05,
        "min_effect_ms": 1.0,
        "inconclusive": "warn",
        "tests": 24,
        "confidence": 0.99,
        "detectable": {
            "chat-virtual-key/p50": 0.062,
            "chat-virtual-key/p95": 0.12,
            "key-info/p50": 0.031,
            "key-info/p95": 0.05,
        },
    }
    return GateResult(**(given | more))


def finding(name: str, metric: Any, verdict: Verdict, summary: str, cell_id: str = "default") -> Finding:
    return Finding(cell=cell_id, endpoint=name, metric=metric, verdict=verdict, summary=summary)


def slower_chat() -> EndpointComparison:
    return endpoint(
        "chat-virtual-key",
        "regression",
        "POST /v1/chat/completions",
        queries=queries(
            1,
            3,
            "regression",
            added=[Statement(statement=TEAM, per_request=1.0)],
            changed=[ChangedStatement(statement=KEY, base=1.0, head=2.0)],
            extra_ms_per_request=2.0,
        ),
        paired=paired(
            quantile(20.04, 1.2, "regression", 0.05),
            quantile(31.2, 1.157, "regression", 0.09, p_adjusted=0.000012),
            quantile(
                58.0,
                1.31,
                "inconclusive",
                0.3,
                gated=False,
                p_adjusted=None,
                note="shown, not gated: p99 needs 1000 requests per arm, this run has 400",
            ),
        ),
    )


def user_list() -> EndpointComparison:
    return endpoint(
        "user-list",
        "regression",
        queries=queries(
            4,
            54,
            "regression",
            per_row=Both(base=0.0, head=1.0),
            added=[Statement(statement=TEAM, per_request=50.0)],
            extra_ms_per_request=50.0,
        ),
        paired=paired(quantile(8.4, 1.84, "regression", 0.12), quantile(12.9, 1.62, "regression", 0.2)),
    )


def slower_only() -> EndpointComparison:
    return endpoint(
        "models-list",
        "regression",
        paired=paired(
            quantile(2.41, 1.42, "regression", 0.04), quantile(3.9, 1.11, "inconclusive", 0.3, note=MORE)
        ),
    )


MORE = "the interval reaches from 0.81 to 1.48; about 160 more blocks would settle it"


def quiet_rows() -> list[EndpointComparison]:
    return [
        endpoint(
            "health-liveliness", queries=queries(0, 0), paired=paired(quantile(0.94), quantile(1.31, 0.99))
        ),
        endpoint("key-info", queries=queries(2, 2)),
        endpoint(
            "team-list",
            queries=queries(2.5, 2.5),
            paired=paired(quantile(118.0, 1.01), quantile(163.0, 0.97)),
        ),
    ]


def regression() -> Comparison:
    findings = [
        finding("user-list", "queries", "regression", "user-list: 4 -> 54 SQL statements per request (+50)"),
        finding(
            "chat-virtual-key",
            "queries",
            "regression",
            "chat-virtual-key: 1 -> 3 SQL statements per request (+2)",
        ),
        finding("chat-virtual-key", "p50", "regression", "chat-virtual-key: p50 20 -> 24 ms (+20 %)"),
        finding("models-list", "p50", "regression", "models-list: p50 2.41 -> 3.42 ms (+42 %)"),
    ]
    rows = [slower_chat(), slower_only(), *quiet_rows(), user_list()]
    return comparison("regression", cell(*rows, verdict="regression"), findings=findings)


def improvement() -> Comparison:
    better = endpoint(
        "spend-logs",
        "improvement",
        queries=queries(12, 3, "improvement", removed=[Statement(statement=SPEND, per_request=9.0)]),
        paired=paired(
            quantile(1204.0, 0.61, "improvement", 0.05, p_value=None), quantile(1900.0, 0.7, "improvement")
        ),
    )
    findings = [
        finding("spend-logs", "queries", "improvement", "spend-logs: 12 -> 3 SQL statements per request (-9)")
    ]
    return comparison("improvement", cell(better, *quiet_rows(), verdict="improvement"), findings=findings)


def passed() -> Comparison:
    return comparison("pass", cell(*quiet_rows()))


def inconclusive() -> Comparison:
    open_row = endpoint(
        "chat-virtual-key",
        "inconclusive",
        paired=paired(quantile(20.0, 1.061, "inconclusive", 0.1, note=MORE), quantile(31.0, 1.02)),
    )
    return comparison(
        "inconclusive",
        cell(open_row, *quiet_rows(), verdict="inconclusive"),
        gate=gate(inconclusive="fail"),
        warnings=["significance cannot be reached with 4 blocks per endpoint: give the run more time"],
    )


def invalid() -> Comparison:
    broken = cell(verdict="invalid", callbacks="langfuse-otel").model_copy(
        update={
            "fault": "the service on head did not become ready in 120 s",
            "log_tail": [
                "INFO:     Started server process [4711]",
                "Traceback (most recent call last):",
                "ImportError: no module named 'x'",
            ],
        }
    )
    findings = [
        finding(
            "",
            "errors",
            "invalid",
            "callbacks=langfuse-otel: the service on head did not become ready in 120 s",
            broken.id,
        )
    ]
    return comparison("invalid", cell(*quiet_rows(), callbacks="none"), broken, findings=findings)


def missing() -> Comparison:
    gone = endpoint(
        "mcp-tools",
        "pass",
        missing_on=["base"],
        note="not in litellm==1.80.5: nothing to compare",
        queries=None,
        paired=None,
        errors=None,
    )
    return comparison("pass", cell(*quiet_rows(), gone))


def failed_checks() -> Comparison:
    failing = endpoint(
        "key-generate",
        "regression",
        "POST /key/generate",
        queries=None,
        paired=paired(quantile(14.0), quantile(20.0), pairs=300),
        errors=Errors(
            base=0,
            head=41,
            requests=341,
            verdict="regression",
            examples=["status 500 instead of 200", "data.# is 0, should be at least 1"],
        ),
    )
    findings = [
        finding("key-generate", "errors", "regression", "key-generate: 0 -> 41 failed requests of 341")
    ]
    return comparison("regression", cell(failing, *quiet_rows(), verdict="regression"), findings=findings)


def unstable() -> Comparison:
    shaky = endpoint(
        "spend-logs",
        "inconclusive",
        queries=queries(
            3, 3.48, "inconclusive", stable=False, unstable_because="repeats gave 3.00, 3.48 and 4.00 on head"
        ),
    )
    return comparison("inconclusive", cell(shaky, *quiet_rows(), verdict="inconclusive"))


def several_cells() -> Comparison:
    gated = gate(detectable={"callbacks=none,workers=one/chat-virtual-key/p50": 0.04})
    return comparison(
        "regression",
        cell(slower_chat(), *quiet_rows(), verdict="regression", callbacks="none", workers="one"),
        cell(slower_only(), slower_chat(), verdict="regression", callbacks="langfuse-otel", workers="one"),
        cell(*quiet_rows(), callbacks="none", workers="four"),
        gate=gated,
        findings=[
            finding(
                "chat-virtual-key",
                "p50",
                "regression",
                "chat-virtual-key: p50 20 -> 24 ms (+20 %)",
                "callbacks=none,workers=one",
            )
        ],
    )


HOSTILE = (
    "</details>|`x` @octocat fixes #1 **b** [l](https://evil.example) ![i](http://evil.example/i.png)"
    "\n# h\n<script>\x1b[31m```"
)


def hostile() -> Comparison:
    row = endpoint(
        HOSTILE,
        "regression",
        HOSTILE,
        note=HOSTILE,
        queries=queries(
            1,
            2,
            "regression",
            added=[Statement(statement=f"SELECT 1 -- {HOSTILE}", per_request=1.0)],
            stable=False,
            unstable_because=HOSTILE,
        ),
        errors=Errors(base=0, head=1, requests=9, verdict="regression", examples=[HOSTILE]),
    )
    gone = endpoint(HOSTILE, "regression", missing_on=["head"], note=HOSTILE)
    bad = cell(row, gone, verdict="regression", axis=HOSTILE).model_copy(
        update={"fault": HOSTILE, "log_tail": [HOSTILE]}
    )
    subjects = Subjects(
        base=SubjectInfo(spec=f"git:{HOSTILE}", version="1"),
        head=SubjectInfo(spec=f"git:{HOSTILE}", version="2"),
    )
    return comparison(
        "regression",
        bad,
        cell(*quiet_rows(), axis="none"),
        subjects=subjects,
        findings=[finding(HOSTILE, "queries", "regression", HOSTILE, HOSTILE)],
        tools={HOSTILE: HOSTILE},
        timings=Timings(total_s=9.0, measuring_s=3.0, phases={HOSTILE: 6.0}),
        warnings=[HOSTILE],
        gate=gate(detectable={f"{HOSTILE}/p50": 0.1}),
    )


STATES = {
    "regression": regression,
    "improvement": improvement,
    "pass": passed,
    "inconclusive": inconclusive,
    "invalid": invalid,
    "missing": missing,
    "failed-checks": failed_checks,
    "unstable": unstable,
    "several-cells": several_cells,
    "hostile": hostile,
}
