"""The requests that windows are taken of: endpoints, and lists also with another page size or more data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perf_matrix.matrix.model import Endpoint
from perf_matrix.record.model import DataScale, Requests


@dataclass(frozen=True)
class Point:
    """One endpoint at one page size. ``request`` has a name of its own, by which the agent knows it."""

    endpoint: str
    page_size: int | None
    request: Endpoint


@dataclass(frozen=True)
class Points:
    """What is sent at one data scale: every point once after each start, and other pages besides."""

    main: list[Point]
    other_pages: list[Point]

    @property
    def requests(self) -> list[Endpoint]:
        """Everything that the agent has to know."""
        return [point.request for point in (*self.main, *self.other_pages)]


def points_at(scale: DataScale, requests: Requests) -> Points:
    """The points of a cell at its first or second data scale."""
    if scale == "second":
        return Points(main=_first_pages(requests.grown), other_pages=[])
    return Points(main=_first_pages(requests.endpoints), other_pages=_second_pages(requests.other_pages))


def _first_pages(endpoints: Iterable[Endpoint]) -> list[Point]:
    return [Point(each.name, _page_size(each, 0), each) for each in endpoints]


def _second_pages(endpoints: Iterable[Endpoint]) -> list[Point]:
    return [Point(each.name, _page_size(each, 1), _renamed(each)) for each in endpoints]


def _page_size(endpoint: Endpoint, place: int) -> int | None:
    return endpoint.page_sizes[place] if endpoint.page_sizes else None


def _renamed(endpoint: Endpoint) -> Endpoint:
    # No endpoint of a workload has such a name: "@" is not allowed in one.
    return endpoint.model_copy(update={"name": f"{endpoint.name}@{_page_size(endpoint, 1)}"})
