"""How long the cells of an order will take, as far as that is known before anything is started.  (Pure.)"""

from __future__ import annotations

from dataclasses import dataclass

from perf_matrix.experiment.budget import assumed_costs, counting_s
from perf_matrix.experiment.request import Order
from perf_matrix.matrix.model import Cell

# What a cell takes besides its time: Postgres is started and seeded and everything is stopped; in a job of its own, the
# subjects are installed, too. An allowance, until it is measured.
OVERHEAD_S = 20.0


@dataclass(frozen=True)
class Times:
    """What each cell of an order takes, about, in seconds; all cells of an order have the same limit.

    ``measuring_s`` is without ``starts`` starts of ``start_s`` each, ``whole_s`` is with everything.
    """

    measuring_s: float
    whole_s: float
    starts: int
    start_s: float


@dataclass(frozen=True)
class Forecast:
    """The cells of an order with the axes that they have, and what each of them takes.

    ``limited``: latencies are compared, for all of a cell's time. Otherwise times rest on what is assumed of counting.
    """

    cells: list[Cell]
    axes: list[str]
    each: Times
    limited: bool


def forecast(order: Order) -> Forecast:
    """What measuring ``order`` will take."""
    limited = "paired" in order.instruments
    # Load is within the limit, and nothing of it is measured without one.
    costs = assumed_costs([endpoint.name for endpoint in order.endpoints], len(order.grown), load_s=0.0)
    cell_s = order.matrix.time if limited else counting_s(costs)
    starts = (order.matrix.epochs if limited else 1) + (1 if order.grown else 0)
    times = Times(cell_s - starts * costs.start_s, cell_s + OVERHEAD_S, starts, costs.start_s)
    axes = [axis for axis in order.matrix.axes if any(axis in cell.variants for cell in order.cells)]
    return Forecast(order.cells, axes, times, limited)
