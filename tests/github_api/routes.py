"""Every operation that the local GitHub knows."""

from __future__ import annotations

from collections.abc import Mapping

from . import actions, checks, comments, labels, pulls, repository
from .call import Route

ROUTES: Mapping[str, Route] = {
    **actions.ROUTES,
    **checks.ROUTES,
    **comments.ROUTES,
    **labels.ROUTES,
    **pulls.ROUTES,
    **repository.ROUTES,
}
