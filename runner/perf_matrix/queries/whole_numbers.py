"""Which variables have the same value in every solution in whole numbers of some inequalities.  (Pure.)

First bounds are narrowed, by one inequality at a time and then by all of them together (a linear
programme), which is cheap and mostly enough. What that leaves open is asked of an integer programme: is
there a solution with another value? J. Huangfu and J. A. J. Hall, "Parallelizing the dual revised simplex
method", Mathematical Programming Computation 10 (2018) 119-142, by way of SciPy. Where the solver finds no
answer either way, nothing is called proven.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

FloatArray = npt.NDArray[np.float64]

_INFEASIBLE = 2
# The solver's tolerances are smaller than this by far: what it says is 2.00001 may be 2.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Inequalities:
    """``low <= matrix @ k <= high``, row by row, for whole numbers ``k >= 0``; all whole, none in ``matrix`` < 0.

    ``matrix`` has a row for each inequality and a column for each variable; ``low`` and ``high`` may be infinite.
    """

    matrix: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def variables(self) -> int:
        """How many variables there are."""
        return int(self.matrix.shape[1])


@dataclass(frozen=True, eq=False)
class _Box:
    """The least and the greatest value of each variable; the greatest may be infinite."""

    least: FloatArray
    most: FloatArray

    def is_same(self, other: _Box) -> bool:
        """Whether the bounds of both are equal."""
        return np.array_equal(self.least, other.least) and np.array_equal(self.most, other.most)

    def between(self, place: int, least: float, most: float) -> _Box:
        """The same with other bounds of one variable, where those are narrower."""
        box = _Box(self.least.copy(), self.most.copy())
        box.least[place] = max(least, self.least[place])
        box.most[place] = min(most, self.most[place])
        return box


def only_values(system: Inequalities) -> list[int | None]:
    """Return each variable's value where all solutions agree on it; None where not, or where there are none."""
    box = _narrowed_together(system, _Box(np.zeros(system.variables), np.full(system.variables, np.inf)))
    found = _search(system, box) if box else None
    if box is None or found is None or found.x is None:
        return [None] * system.variables
    seen = [np.round(found.x)]
    for place in range(system.variables):
        box = _settled(system, box, place, seen)
    return [int(least) if least == most else None for least, most in zip(box.least, box.most, strict=True)]


def _settled(system: Inequalities, box: _Box, place: int, seen: list[FloatArray]) -> _Box:
    """The box without those values of one variable, other than in ``seen``, that no solution has.

    Solutions that come up while looking for one are added to ``seen``.
    """
    value = float(seen[0][place])
    for least, most in ((0.0, value - 1), (value + 1, np.inf)):
        if any(one[place] != value for one in seen):
            break
        narrowed = _narrowed(system, box.between(place, least, most))
        found = _search(system, narrowed) if narrowed else None
        if found is None or found.status == _INFEASIBLE:
            box = box.between(place, value, np.inf) if most < value else box.between(place, 0, value)
        elif found.x is not None:
            seen.append(np.round(found.x))
    return box


def _narrowed(system: Inequalities, box: _Box) -> _Box | None:
    """The box after each inequality by itself has narrowed it as far as it can; None if nothing is left."""
    before = None
    while before is None or not box.is_same(before):
        before = box
        most = np.minimum(box.most, _greatest(system, box.least))
        least = np.maximum(box.least, _smallest(system, most))
        box = _Box(least, most)
        if (least > most).any():
            return None
    return box


def _greatest(system: Inequalities, least: FloatArray) -> FloatArray:
    """Each variable's bound from above, if all others have their least value."""
    slack = (system.high - system.matrix @ least)[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = np.where(system.matrix > 0, np.floor(slack / system.matrix) + least, np.inf)
    greatest: FloatArray = bounds.min(axis=0)
    return greatest


def _smallest(system: Inequalities, most: FloatArray) -> FloatArray:
    """Each variable's bound from below, if all others have their greatest value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(system.matrix > 0, system.matrix * most, 0.0).sum(axis=1)
        missing = (system.low - reach)[:, np.newaxis]
        says = (system.matrix > 0) & np.isfinite(reach)[:, np.newaxis]
        bounds = np.where(says, np.ceil(missing / system.matrix) + most, 0.0)
    smallest: FloatArray = bounds.max(axis=0)
    return smallest


def _narrowed_together(system: Inequalities, box: _Box) -> _Box | None:
    """The box after all inequalities together have narrowed it; None if nothing is left."""
    narrowed = _narrowed(system, box)
    for place in range(system.variables):
        for sign in (1.0, -1.0):
            if narrowed and narrowed.least[place] < narrowed.most[place]:
                narrowed = _narrowed_one(system, narrowed, place, sign)
    return narrowed


def _narrowed_one(system: Inequalities, box: _Box, place: int, sign: float) -> _Box | None:
    """The box with a better least (``sign`` 1) or greatest (-1) value of one variable, if there is one."""
    direction = np.zeros(system.variables)
    direction[place] = sign
    found = _optimum(system, box, direction, whole=0)
    if found.status == _INFEASIBLE:
        return None
    if not found.success:
        return box
    bound = float(np.ceil(found.fun - _ROUNDING)) * sign
    other = box.between(place, bound, np.inf) if sign > 0 else box.between(place, 0, bound)
    return box if other.is_same(box) else _narrowed(system, other)


def _search(system: Inequalities, box: _Box) -> OptimizeResult:
    return _optimum(system, box, np.zeros(system.variables), whole=1)


def _optimum(system: Inequalities, box: _Box, direction: FloatArray, whole: int) -> OptimizeResult:
    """The least of ``direction @ k`` in the box; ``whole``: 1 for whole numbers, 0 for any."""
    return milp(
        direction,
        constraints=LinearConstraint(system.matrix, system.low, system.high),
        integrality=np.full(system.variables, whole),
        bounds=Bounds(box.least, box.most),
    )
