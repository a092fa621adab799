"""Which account a program runs as: some, Postgres among them, refuse to run as root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import Any

_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of this machine and its primary group."""

    name: str
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        """What makes subprocess start a program as this account, with none of root's other groups."""
        return {"user": self.name, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account | None:
    """The account to drop to where this process is root; None where it is an ordinary user already."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    chosen = next(names[name] for name in _UNPRIVILEGED if name in names)
    return Account(chosen.pw_name, chosen.pw_gid)
