"""What windows are taken of, at each data scale, and under which names it is sent."""

from __future__ import annotations

from perf_matrix.experiment.points import Point, points_at
from perf_matrix.matrix.model import Endpoint, Request, Rows
from perf_matrix.record.model import Requests

SIZES = [25, 10]
CHAT = Endpoint(name="chat", request=Request(path="/chat"))
TEAMS = Endpoint(name="teams", request=Request(path="/teams"), rows=Rows(of="team", count="teams.#"))


def users(size: int, scale: str = "") -> Endpoint:
    rows = Rows(of="user", count="users.#", page_sizes=SIZES)
    return Endpoint(name="users", request=Request(path=f"/users{scale}", query={"size": size}), rows=rows)


REQUESTS = Requests(
    endpoints=[CHAT, TEAMS, users(25)], other_pages=[users(10)], grown=[TEAMS, users(25, "-grown")]
)


def test_every_endpoint_is_a_point_and_what_pages_is_another_one() -> None:
    points = points_at("first", REQUESTS)
    assert points.main == [
        Point("chat", None, CHAT),
        Point("teams", None, TEAMS),
        Point("users", 25, users(25)),
    ]
    (other,) = points.other_pages
    assert (other.endpoint, other.page_size) == ("users", 10)
    assert other.request.request.query == {"size": 10}


def test_at_the_second_scale_there_are_only_the_lists_with_their_first_page() -> None:
    points = points_at("second", REQUESTS)
    assert points.main == [Point("teams", None, TEAMS), Point("users", 25, users(25, "-grown"))]
    assert points.other_pages == []


def test_the_agent_knows_each_request_by_a_name_of_its_own() -> None:
    names = [request.name for request in points_at("first", REQUESTS).requests]
    assert names == ["chat", "teams", "users", "users@10"]


def test_without_lists_there_is_nothing_besides_the_endpoints() -> None:
    requests = Requests(endpoints=[CHAT])
    assert points_at("first", requests).requests == [CHAT]
    assert points_at("second", requests).requests == []
