"""Telling a part of the stack that has ended from one that fails."""

from __future__ import annotations

import time
from collections.abc import Callable

# A Docker engine knows of the end of a container some tenths of a second after its connections broke.
_NOTICED_AFTER_S = 0.5


def check_after_failure(check_alive: Callable[[], None]) -> None:
    """Call ``check_alive``, which raises where a part has ended, until that would be noticed."""
    check_alive()
    time.sleep(_NOTICED_AFTER_S)
    check_alive()
