"""Comparisons with invented figures, one per state that a report can be in."""

from __future__ import annotations

from typing import Any

from perf_matrix.compare.causes import causes
from perf_matrix.compare.load import NOT_GATED
from perf_matrix.compare.model import (
    Both,
    Cause,
    CellComparison,
    CellLoad,
    ChangedStatement,
    Comparison,
    Control,
    Cost,
    DeferredBoth,
    DeferredStatement,
    EndpointComparison,
    EndpointLoad,
    Errors,
    Finding,
    GateResult,
    GrownStatement,
    Line,
    MeasuredCost,
    Paired,
    Place,
    Quantile,
    Queries,
    RoundTrip,
    Slope,
    SlowerStatement,
    Soak,
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


LOG = (
    'INSERT INTO "public"."LiteLLM_SpendLogs" ("request_id", "call_type", "api_key", "spend", "startTime") '
    "VALUES ($1, $2, $3, $4, $5)"
)
USERS = (
    'SELECT "public"."LiteLLM_UserTable"."user_id", "public"."LiteLLM_UserTable"."user_email", '
    '"public"."LiteLLM_UserTable"."spend", "public"."LiteLLM_UserTable"."policies" '
    'FROM "public"."LiteLLM_UserTable" WHERE "public"."LiteLLM_UserTable"."user_id" = $1'
)
PLACE = Place(
    file="litellm/proxy/auth/auth_checks.py",
    line=123,
    text="team = await prisma_client.db.litellm_teamtable.find_unique(where={'team_id': team_id})",
    table="LiteLLM_TeamTable",
    rule="Prisma accessor",
)
GONE_PLACE = Place(
    file="litellm/proxy/utils.py",
    line=77,
    removed=True,
    text="cached = await cache.async_get_cache(key)",
    table="LiteLLM_TeamTable",
    rule="same function as the model's name",
)


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
    shaky = endpoint("spend-logs", "inconclusive", queries=shaky_count())
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


def costs(extra: float) -> list[Cost]:
    return [Cost(round_trip_ms=trip, extra_ms=extra * trip) for trip in (0.0, 1.0, 5.0)]


def counted(base: float, head: float, verdict: Verdict = "pass", **more: Any) -> Queries:
    """Queries with everything that a count brings."""
    given = {
        "cold": Both(base=base + 1, head=head + 1),
        "rows": Both(base=base, head=head),
        "db_ms": Both(base=0.21 * base, head=0.21 * head),
        "db_share": Both(base=0.012 * base, head=0.012 * head),
        "costs": costs(head - base),
    }
    return queries(base, head, verdict, **(given | more))


def counted_rows() -> list[EndpointComparison]:
    return [
        endpoint("health-liveliness", queries=counted(0, 0, cold=Both(base=0, head=0)), paired=None),
        endpoint("key-info", queries=counted(2, 2), paired=None),
        endpoint(
            "team-list",
            queries=counted(53, 53, rows=Both(base=103, head=103), slopes=[old_slope()]),
            paired=None,
        ),
    ]


def line(fixed: float, per_row: float, *statements: Statement) -> Line:
    points = [(rows, fixed + per_row * rows) for rows in (10.0, 50.0)]
    return Line(fixed=fixed, per_row=per_row, points=points, statements=list(statements))


def new_slope() -> Slope:
    each = Statement(statement=TEAM, per_request=1.0, places=[PLACE])
    return Slope(row="user", over="page size", base=line(4, 0), head=line(4, 1, each), verdict="regression")


def old_slope() -> Slope:
    each = Statement(statement=KEY, per_request=1.0)
    return Slope(
        row="team",
        over="data scale",
        base=line(3, 1, each),
        head=line(3, 1, each),
        verdict="pass",
        note="an old N+1, the same on both",
    )


def explained(found: EndpointComparison) -> EndpointComparison:
    """The endpoint with its causes, in the words in which a comparison has them."""
    named = causes(found.queries, found.paired, Both(base=None, head=None))
    return found.model_copy(update={"causes": named})


def flat_slope(row: str, fixed: float, per_row: float = 0.0, over: Any = "page size") -> Slope:
    same = line(fixed, per_row)
    return Slope(row=row, over=over, base=same, head=same, verdict="pass")


def listing() -> EndpointComparison:
    """A list of users that asks for each user's team."""
    many = counted(
        4,
        54,
        "regression",
        per_row=Both(base=0.0, head=1.0),
        added=[Statement(statement=TEAM, per_request=50.0, tables=["LiteLLM_TeamTable"], places=[PLACE])],
        slopes=[new_slope()],
    )
    return explained(user_list().model_copy(update={"queries": many}))


def extra_lookup() -> EndpointComparison:
    """A chat request that asks for its team each time, as base does once after a start."""
    team = Statement(statement=TEAM, per_request=1.0, elsewhere="first request", places=[PLACE, GONE_PLACE])
    more = counted(
        1,
        3,
        "regression",
        cold=Both(base=3, head=4),
        added=[team],
        changed=[ChangedStatement(statement=KEY, base=1.0, head=2.0)],
        transactions=Both(base=1, head=1),
        deferred=both_later(),
    )
    return explained(slower_chat().model_copy(update={"queries": more}))


def both_later() -> DeferredBoth:
    log = DeferredStatement(statement=LOG, per_request=1.0, unit="rows")
    return DeferredBoth(base=[log], head=[log])


def without_latency(found: EndpointComparison) -> EndpointComparison:
    return found.model_copy(update={"paired": None})


def queries_only() -> Comparison:
    rows = [*map(without_latency, (extra_lookup(), listing())), *counted_rows()]
    findings = [
        finding("user-list", "queries", "regression", "user-list: 4 -> 54 SQL statements per request (+50)")
    ]
    only = gate(metrics=["queries"], tests=0, detectable={})
    return comparison("regression", cell(*rows, verdict="regression"), findings=findings, gate=only)


def queries_only_passed() -> Comparison:
    return comparison("pass", cell(*counted_rows()), gate=gate(metrics=["queries"], tests=0, detectable={}))


def queries_only_unstable() -> Comparison:
    shaky = endpoint("spend-logs", "inconclusive", queries=shaky_count(), paired=None)
    return undecided_counts(shaky)


def undecided_counts(*rows: EndpointComparison) -> Comparison:
    return comparison(
        "inconclusive",
        cell(*rows, *counted_rows(), verdict="inconclusive"),
        gate=gate(metrics=["queries"], tests=0, detectable={}),
    )


def no_line() -> Comparison:
    """Lists whose counts are exact, but that could not be counted at two sizes."""
    other_rows = no_line_over(
        "page size",
        "key",
        "head: the answers hold no single number of rows: they differ, or rows.count finds none",
    )
    varying = no_line_over("data scale", "user", DOUBT)
    rows = [
        endpoint(name, "inconclusive", queries=counted(2, 2, "inconclusive", slopes=[slope]), paired=None)
        for name, slope in (("key-list", other_rows), ("user-list", varying))
    ]
    return undecided_counts(*rows)


def no_line_over(over: Any, row: str, why: str) -> Slope:
    return Slope(row=row, over=over, base=line(2, 0), head=None, verdict="inconclusive", note=why)


def n_plus_one_new() -> Comparison:
    return comparison("regression", cell(listing(), *quiet_rows(), verdict="regression"))


def n_plus_one_old() -> Comparison:
    """An old N+1 on both arms, a list that reads more than it shows, one that grows a little, flat ones."""
    more = Slope(
        row="model",
        over="data scale",
        base=None,
        head=None,
        verdict="pass",
        note="grows with the data although the page does not: +40 statements on base, +40 on head",
    )
    rows = [
        endpoint("team-list", queries=counted(53, 53, slopes=[old_slope()])),
        endpoint("model-list", queries=counted(9, 9, slopes=[more])),
        endpoint("daily-activity", queries=counted(13, 13, slopes=[flat_slope("day", 3, 0.2)])),
        *(
            endpoint(name, queries=counted(2, 2, slopes=[flat_slope("key", 2)]))
            for name in ("key-list", "keys")
        ),
        endpoint("budgets", queries=counted(1, 1, slopes=[flat_slope("budget", 1, over="data scale")])),
    ]
    return comparison("pass", cell(*rows, *quiet_rows()[:1]))


def lost_cache() -> Comparison:
    return comparison("regression", cell(extra_lookup(), *quiet_rows(), verdict="regression"))


def slower_statement() -> Comparison:
    slow = endpoint(
        "key-info",
        "regression",
        queries=counted(
            2,
            2,
            "regression",
            db_ms=Both(base=0.42, head=9.31),
            db_share=Both(base=0.021, head=0.29),
            slower=[
                SlowerStatement(
                    statement=KEY,
                    base_ms=0.213,
                    head_ms=9.1,
                    ratio=42.6,
                    ci=(39.8, 45.1),
                    p_adjusted=0.0004,
                    units=12,
                    extra_ms_per_request=8.89,
                )
            ],
        ),
        paired=paired(quantile(20.0, 1.44, "regression", 0.05), quantile(31.0, 1.3, "regression")),
    )
    return comparison("regression", cell(explained(slow), quiet_rows()[0], verdict="regression"))


def costed(name: str, cost: MeasuredCost) -> EndpointComparison:
    found = extra_lookup()
    assert found.queries is not None
    measured = found.queries.model_copy(update={"measured_cost": cost})
    return found.model_copy(update={"name": name, "queries": measured})


def measured_cost() -> Comparison:
    """The cost of two more statements, measured with a delay of 1 ms; and one that the count does not explain."""
    cost = MeasuredCost(
        round_trip_ms=1.0,
        expected_ms=2.0,
        measured_ms=2.1,
        ci=(1.9, 2.3),
        confidence=0.98,
        round_trips=Both(base=1.02, head=3.11),
        blocks=12,
    )
    more = cost.model_copy(update={"measured_ms": 4.2, "ci": (3.9, 4.6)})
    rows = [costed("chat-virtual-key", cost), costed("chat-streaming", more)]
    delayed = cell(*rows, *quiet_rows(), verdict="regression").model_copy(
        update={
            "round_trip": RoundTrip(asked_ms=1.0, direct_ms=0.092, relayed_ms=0.141, delayed_ms=1.167),
            "connections": Both(base=20, head=10),
        }
    )
    return comparison("regression", delayed)


def grown() -> Comparison:
    more = GrownStatement(statement=USERS, per_request=1.0, columns_added=["policies"])
    other = GrownStatement(
        statement=CONFIG, per_request=1.0, columns_added=["param_value"], columns_removed=["param_text"]
    )
    rows = [
        endpoint("key-info", queries=counted(2, 2, grown=[more])),
        endpoint("user-info", queries=counted(3, 3, grown=[more, other])),
    ]
    return comparison("pass", cell(*rows, *quiet_rows()[:1]))


def deferred() -> Comparison:
    """A log that both arms write later, on several endpoints; head writes one log more for one of them."""
    spend = DeferredStatement(statement=SPEND, per_request=1.0, unit="calls")
    one_more = DeferredBoth(base=both_later().base, head=[*both_later().head, spend])
    rows = [
        endpoint(f"chat-{name}", queries=counted(1, 1, deferred=both_later()))
        for name in ("master-key", "streaming", "tools", "virtual-key", "with-images")
    ]
    return comparison("pass", cell(*rows, endpoint("embeddings", queries=counted(1, 1, deferred=one_more))))


DOUBT = f"head: {TEAM}: 6 calls in 4 requests but 11 calls in 7 requests"


def shaky_count() -> Queries:
    """A count that did not repeat on head, so that there is no line either; its first request was written into."""
    return counted(
        3,
        3.5,
        "inconclusive",
        stable=False,
        unstable_because=DOUBT,
        cold=Both(base=4, head=5),
        cold_exact=False,
        changed=[ChangedStatement(statement=TEAM, base=1.0, head=1.5)],
        costs=[],
        slopes=[no_line_over("page size", "log", DOUBT)],
    )


def transactions() -> Comparison:
    """BEGIN and COMMIT counted on both arms, and so priced; and on base alone, and so left out."""
    login = counted(
        10,
        11,
        "regression",
        added=two_more(),
        removed=[Statement(statement=USERS, per_request=1.0)],
        transactions=Both(base=4, head=6),
        costs=costs(3),
    )
    vary = counted(5, 7, "regression", added=two_more(), transactions=Both(base=4, head=None))
    rows = [explained(endpoint(n, "regression", queries=q)) for n, q in (("login", login), ("key-new", vary))]
    return comparison("regression", cell(*rows, *quiet_rows()[:1], verdict="regression"))


def two_more() -> list[Statement]:
    return [Statement(statement=text, per_request=1.0) for text in (TEAM, CONFIG)]


def direct(ratio: float = 0.993, spread: float = 0.011, **more: Any) -> Control:
    """The control of 64 blocks, head's ``ratio`` times as long as base's."""
    given = {
        "base": 1.21,
        "head": 1.21 * ratio,
        "ratio": ratio,
        "ci": (ratio - spread, ratio + spread),
        "confidence": 0.999,
        "p_value": 0.18,
        "matters": 0.083,
        "blocks": 64,
        "requests": 1280,
        "drift": 1.031,
        "moved": False,
    }
    return Control(**(given | more))


def direct_moved(ratio: float = 0.74, **more: Any) -> Control:
    note = (
        "the control moved: 1.64 ms before base's requests, 1.21 ms before head's: head slows down what follows it;"
        " times are invalid, counts are not"
    )
    return direct(ratio, base=1.64, head=1.64 * ratio, p_value=2e-12, moved=True, note=note, **more)


def with_control(found: CellComparison, control: Control) -> CellComparison:
    return found.model_copy(update={"control": control})


def not_comparable(found: EndpointComparison, control: Control | None = None) -> EndpointComparison:
    """An endpoint whose latencies are invalid, by its own control or by that of the cell."""
    assert found.paired is not None
    quantiles = {
        metric: one.model_copy(update={"verdict": "invalid"})
        for metric in ("p50", "p95", "p99")
        if (one := getattr(found.paired, metric)) is not None
    }
    paired = found.paired.model_copy(update=quantiles)
    verdict = "regression" if found.queries and found.queries.verdict == "regression" else "invalid"
    return found.model_copy(update={"paired": paired, "verdict": verdict, "control": control})


def control_unmoved() -> Comparison:
    found = cell(slower_chat(), *quiet_rows(), verdict="regression")
    return comparison("regression", with_control(found, direct()))


def control_moved() -> Comparison:
    rows = [not_comparable(row) for row in (slower_only(), *quiet_rows())]
    control = direct_moved()
    summary = f"default: {control.note}"
    return comparison(
        "invalid",
        with_control(cell(*rows, verdict="invalid"), control),
        findings=[finding("", "p50", "invalid", summary)],
        gate=gate(detectable={}),
    )


def control_in_several_cells() -> Comparison:
    """Moved in one cell, at one endpoint of another, nowhere in two, and too short to tell in the last."""
    chat = direct_moved(0.81, blocks=16, requests=320)
    few = "10 blocks; at least 11 are needed to see the control move: raise --time"
    cells = [
        with_control(
            cell(*map(not_comparable, quiet_rows()), verdict="invalid", callbacks="otel"), direct_moved(1.3)
        ),
        with_control(
            cell(
                not_comparable(slower_chat(), chat), *quiet_rows(), verdict="regression", callbacks="langfuse"
            ),
            direct(0.961),
        ),
        with_control(cell(*quiet_rows(), callbacks="none"), direct()),
        with_control(cell(*quiet_rows(), callbacks="s3"), direct(requests=200, blocks=10, note=few)),
    ]
    findings = [
        finding("", "p50", "invalid", f"callbacks=otel: {direct_moved(1.3).note}", "callbacks=otel"),
        finding("chat-virtual-key", "p50", "invalid", f"chat-virtual-key: {chat.note}", "callbacks=langfuse"),
    ]
    return comparison("regression", *cells, findings=findings)


def loaded(found: EndpointComparison, ratio: float = 1.0, **more: Any) -> EndpointComparison:
    """The endpoint with its latencies under load, longer than those of one request in flight."""
    assert found.paired
    assert found.paired.p50
    base = 1.4 * found.paired.p50.base
    given = {
        "slots": 8,
        "requests": Both(base=300, head=300),
        "errors": Both(base=0, head=0),
        "p50": under_load(base, ratio, 0.09),
        "p95": under_load(3.1 * base, ratio, 0.21),
        "verdict": "pass",
        "missing": "too few good answers of each arm: p99 takes 1,000",
    }
    return found.model_copy(update={"load": EndpointLoad(**(given | more))})


def under_load(base: float, ratio: float, spread: float) -> Quantile:
    verdict: Verdict = "regression" if ratio > 1.5 else "inconclusive"
    return quantile(base, ratio, verdict, spread, gated=False, note=NOT_GATED)


def cell_load(**more: Any) -> CellLoad:
    given = {
        "rate": 14.0,
        "slot_s": 8.0,
        "rounds": 8,
        "invalid_rounds": 0,
        "throughput": Both(base=14.02, head=14.0),
        "due": Both(base=900, head=900),
        "requests": Both(base=900, head=900),
        "errors": Both(base=0, head=0),
        "dropped": Both(base=0, head=0),
        "cpu_s_per_1000": Both(base=24.31, head=30.62),
        "peak_memory_bytes": Both(base=512.3e6, head=530.1e6),
        "db_ms_per_1000": Both(base=3210.0, head=8450.0),
        "verdict": "pass",
    }
    return CellLoad(**(given | more))


def load_kept_up() -> Comparison:
    """Everything passes, and both arms kept up; one endpoint was sent too little for its p95."""
    first, *others, last = quiet_rows()
    few = "too few good answers of each arm: p95 takes 200, p99 takes 1,000"
    rows = [*map(loaded, (first, *others)), loaded(last, p95=None, missing=few)]
    return comparison("pass", cell(*rows).model_copy(update={"load": cell_load()}))


def load_head_drops() -> Comparison:
    """Head cannot do as much at a time in one of two cells, and an endpoint fails there."""
    words = "head dropped 4.1% of the requests that were due, base none"
    short = "too few rounds for p50, p95: it takes 6 rounds without a drop, of 5 good answers or more"
    dropping = cell_load(
        invalid_rounds=6,
        throughput=Both(base=14.02, head=12.9),
        requests=Both(base=900, head=863),
        errors=Both(base=0, head=41),
        dropped=Both(base=0, head=37),
        peak_memory_bytes=Both(base=512.3e6, head=1.24e9),
        verdict="regression",
        note=words,
        examples=["head: key-info: no answer within 10 s"],
    )
    gone: dict[str, Any] = {"p50": None, "p95": None, "slots": 2, "missing": short}
    quiet, keys, *_ = quiet_rows()
    failing = loaded(
        keys,
        errors=Both(base=0, head=41),
        requests=Both(base=300, head=286),
        verdict="regression",
        **gone,
    ).model_copy(update={"verdict": "regression"})
    rows = [loaded(quiet, **gone), failing]
    failed = "key-info: 0 -> 41 failed requests under load (of 300 and 286)"
    return comparison(
        "regression",
        cell(*rows, verdict="regression", workers="one").model_copy(update={"load": dropping}),
        cell(*map(loaded, quiet_rows()), workers="four").model_copy(update={"load": cell_load()}),
        findings=[
            finding("", "load", "regression", f"under load, {words}", "workers=one"),
            finding("key-info", "load", "regression", failed, "workers=one"),
        ],
    )


def load_invalid() -> Comparison:
    """Both arms drop: the rate is more than base can answer."""
    words = (
        "head dropped 31% of the requests that were due, base 22%: too much for base, so nothing is compared;"
        " set load.rate below 14"
    )
    both = cell_load(
        invalid_rounds=8,
        throughput=Both(base=10.9, head=9.6),
        requests=Both(base=702, head=621),
        dropped=Both(base=198, head=279),
        verdict="invalid",
        note=words,
    )
    few = "too few good answers of each arm: p50 takes 20, p95 takes 200, p99 takes 1,000"
    rows = [loaded(row, p50=None, p95=None, slots=0, missing=few) for row in quiet_rows()]
    return comparison(
        "invalid",
        cell(*rows, verdict="invalid").model_copy(update={"load": both}),
        findings=[finding("", "load", "invalid", f"under load, {words}")],
    )


def load_undecided() -> Comparison:
    """Too few slots; CPU, memory and database were not measured."""
    nothing = Both(base=None, head=None)
    few = cell_load(
        rounds=2,
        invalid_rounds=2,
        throughput=Both(base=14.0, head=12.3),
        due=Both(base=225, head=225),
        requests=Both(base=225, head=198),
        dropped=Both(base=0, head=27),
        cpu_s_per_1000=nothing,
        peak_memory_bytes=nothing,
        db_ms_per_1000=nothing,
        verdict="inconclusive",
        note="head dropped 12% of the requests that were due, base none, in 2 of 2 rounds; it takes 4 rounds and"
        " half of them: more slots (load.slots) would settle it",
    )
    found = cell(*quiet_rows(), verdict="inconclusive").model_copy(update={"load": few})
    return comparison("inconclusive", found)


def soak() -> Comparison:
    """Slower under load, and a memory that grows on head alone; neither decides."""
    growing = Soak(
        seconds=300.0,
        requests=Both(base=4201, head=4199),
        growth=Both(base=0.08e6, head=13.4e6),
        base_ci=(-0.02e6, 0.15e6),
        head_ci=(12.9e6, 13.8e6),
        confidence=0.98,
        start_bytes=Both(base=498.2e6, head=501.7e6),
        end_bytes=Both(base=512.3e6, head=566.0e6),
        note="head's memory grows by 13.3 MB more for 1,000 requests than base's: it may leak; a longer soak tells",
    )
    first, *others = quiet_rows()
    rows = [loaded(first, 1.76), *map(loaded, others)]
    return comparison("pass", cell(*rows).model_copy(update={"load": cell_load(), "soak": growing}))


HOSTILE = (
    "</details>|`x` @octocat fixes #1 **b** [l](https://evil.example) ![i](http://evil.example/i.png)"
    "\n# h\n<script>\x1b[31m```"
)


def hostile_place() -> Place:
    return Place(file=HOSTILE, line=1, text=HOSTILE, table=HOSTILE, rule=HOSTILE)


def hostile_slope() -> Slope:
    each = Statement(statement=HOSTILE, per_request=1.0, places=[hostile_place()])
    return Slope(
        row=HOSTILE,
        over="page size",
        base=None,
        head=line(1, 1, each),
        verdict="regression",
        note=f"base: {HOSTILE}",
    )


def hostile_load(found: EndpointComparison) -> EndpointComparison:
    failed = Both(base=0, head=9)
    load = EndpointLoad(
        slots=0,
        requests=Both(base=9, head=9),
        errors=failed,
        verdict="regression",
        note=HOSTILE,
        missing=HOSTILE,
    )
    return found.model_copy(update={"load": load})


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
            added=[Statement(statement=f"SELECT 1 -- {HOSTILE}", per_request=1.0, places=[hostile_place()])],
            grown=[GrownStatement(statement=HOSTILE, per_request=1.0, columns_added=[HOSTILE, "x"])],
            slopes=[hostile_slope()],
            deferred=DeferredBoth(head=[DeferredStatement(statement=HOSTILE, per_request=1.0, unit="calls")]),
            stable=False,
            unstable_because=f"head: {HOSTILE}",
        ),
        errors=Errors(base=0, head=1, requests=9, verdict="regression", examples=[HOSTILE]),
        causes=[Cause(kind="cache-lost", summary=HOSTILE)],
    )
    gone = endpoint(HOSTILE, "regression", missing_on=["head"], note=HOSTILE)
    disturbed = endpoint(HOSTILE, "invalid", control=direct(moved=True, note=HOSTILE))
    slow = loaded(endpoint(HOSTILE, "regression", HOSTILE), 1.76, missing=HOSTILE)
    bad = cell(hostile_load(row), slow, gone, disturbed, verdict="regression", axis=HOSTILE).model_copy(
        update={
            "fault": HOSTILE,
            "log_tail": [HOSTILE],
            "load": cell_load(verdict="regression", note=HOSTILE, examples=[f"head: {HOSTILE}"]),
        }
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
    "queries-only": queries_only,
    "queries-only-pass": queries_only_passed,
    "queries-only-unstable": queries_only_unstable,
    "no-line": no_line,
    "transactions": transactions,
    "n-plus-one-new": n_plus_one_new,
    "n-plus-one-old": n_plus_one_old,
    "lost-cache": lost_cache,
    "slower-statement": slower_statement,
    "measured-cost": measured_cost,
    "control": control_unmoved,
    "control-moved": control_moved,
    "control-in-several-cells": control_in_several_cells,
    "grown": grown,
    "deferred": deferred,
    "load-kept-up": load_kept_up,
    "load-head-drops": load_head_drops,
    "load-invalid": load_invalid,
    "load-undecided": load_undecided,
    "soak": soak,
    "hostile": hostile,
}
