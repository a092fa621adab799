"""Which windows make which profile: by endpoint, arm, data scale and page size."""

from __future__ import annotations

from perf_matrix.matrix.model import Arm, Endpoint, Request, Rows
from perf_matrix.queries.points import ArmWindows
from perf_matrix.record.model import DataScale, QueryWindow, StatementCount, WindowKind

READ, JOB = "SELECT id FROM users", "DELETE FROM sessions"
CHAT = Endpoint(name="chat", request=Request(path="/chat"))
LIST = Endpoint(name="users", request=Request(path="/users"), rows=Rows(of="user", count="users.#"))
PAGES = Endpoint(
    name="users",
    request=Request(path="/users"),
    rows=Rows(of="user", count="users.#", page_sizes=[25, 10]),
)


def window(
    endpoint: str | None,
    calls: int,
    *,
    kind: WindowKind = "warm",
    requests: int = 4,
    arm: Arm = "base",
    scale: DataScale = "first",
    page_size: int | None = None,
    connections: int | None = None,
) -> QueryWindow:
    """``calls`` of READ for each request; of JOB where there are no requests."""
    resting = kind in ("idle", "rest")
    count = calls if resting else calls * requests
    return QueryWindow(
        epoch=0,
        endpoint=endpoint,
        arm=arm,
        kind=kind,
        requests=0 if resting else requests,
        seconds=1.0,
        statements=[StatementCount(text=JOB if resting else READ, calls=count, rows=count, exec_ms=0.1)],
        evicted=False,
        scale=scale,
        page_size=page_size,
        rows=page_size,
        connections=connections,
    )


def warm(
    endpoint: str, calls: int, *, scale: DataScale = "first", page_size: int | None = None
) -> list[QueryWindow]:
    return [window(endpoint, calls, requests=size, scale=scale, page_size=page_size) for size in (4, 7)]


def test_an_endpoint_without_windows_has_no_profile() -> None:
    windows = ArmWindows.of("base", [window("models", 1), window("chat", 1, arm="head")])
    assert windows.profiles(CHAT) is None


def test_what_is_no_list_has_one_profile() -> None:
    found = ArmWindows.of("base", [*warm("chat", 2), *warm("models", 5)]).profiles(CHAT)
    assert found is not None
    assert (found.main.statements, found.other_page, found.more_data) == ({READ: 2.0}, None, None)


def test_windows_of_the_other_arm_are_left_out() -> None:
    windows = ArmWindows.of("head", [*warm("chat", 2), window("chat", 9, arm="head")])
    assert [one.arm for one in windows.windows] == ["head"]
    found = windows.profiles(CHAT)
    assert found is not None
    assert found.main.per_request == 9


def test_a_list_has_a_profile_for_each_page_size_and_for_more_data() -> None:
    windows = [
        *warm("users", 26, page_size=25),
        *warm("users", 11, page_size=10),
        *warm("users", 27, page_size=25, scale="second"),
    ]
    found = ArmWindows.of("base", windows).profiles(PAGES)
    assert found is not None
    assert found.other_page is not None
    assert found.more_data is not None
    profiles = (found.main, found.other_page, found.more_data)
    assert [(one.per_request, one.answer_rows) for one in profiles] == [(26, 25), (11, 10), (27, 25)]


def test_a_list_that_does_not_page_has_a_profile_for_more_data_only() -> None:
    found = ArmWindows.of("base", [*warm("users", 1), *warm("users", 2, scale="second")]).profiles(LIST)
    assert found is not None
    assert found.other_page is None
    assert found.more_data is not None
    assert (found.main.per_request, found.more_data.per_request) == (1, 2)


def test_what_is_not_measured_at_a_second_point_is_not_made_up() -> None:
    found = ArmWindows.of("base", warm("users", 1, page_size=25)).profiles(PAGES)
    assert found is not None
    assert (found.other_page, found.more_data) == (None, None)


def test_only_first_and_warm_requests_are_counted() -> None:
    windows = [window("chat", 3, kind="cold", requests=1), *warm("chat", 1), window("chat", 9, kind="paired")]
    found = ArmWindows.of("base", windows).profiles(CHAT)
    assert found is not None
    assert (sum((found.main.first_request or {}).values()), found.main.per_request, found.main.at_most) == (
        3,
        1,
        1,
    )
    assert ArmWindows.of("base", windows[-1:]).profiles(CHAT) is None


def test_idle_windows_tell_the_background_of_their_own_data_scale() -> None:
    idle = [window(None, 3, kind="idle"), window(None, 8, kind="idle", scale="second")]
    windows = [*idle, *warm("users", 1), *warm("users", 1, scale="second"), window(None, 50, kind="rest")]
    found = ArmWindows.of("base", windows).profiles(LIST)
    assert found is not None
    assert found.more_data is not None
    assert (found.main.background, found.more_data.background) == ({JOB: 3}, {JOB: 8})


def test_the_windows_of_blocks_in_the_order_in_which_they_were_taken() -> None:
    blocks = [window("chat", calls, kind="paired") for calls in (3, 1, 2)]
    windows = ArmWindows.of(
        "base", [*warm("chat", 1), blocks[0], window("users", 1, kind="paired"), *blocks[1:]]
    )
    assert windows.paired("chat") == blocks


def test_the_most_connections_that_were_open_at_once() -> None:
    counts = [window("chat", 1, connections=seen) for seen in (4, None, 9, 7)]
    assert ArmWindows.of("base", counts).most_connections() == 9
    assert ArmWindows.of("base", counts[1:2]).most_connections() is None
