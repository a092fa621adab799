"""Tokens: whose they are, and what they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .state import ACTIONS_BOT, Account

Level = Literal["read", "write"]
# One of these is enough.
Needs = tuple[tuple[str, Level], ...]


@dataclass(frozen=True)
class Token:
    """What a token stands for: by default the one that GitHub Actions gives a job."""

    permissions: Mapping[str, Level] = field(default_factory=dict)
    account: Account = ACTIONS_BOT

    def may(self, needs: Needs) -> bool:
        """Whether any of ``needs`` is granted; to write includes to read. Nothing needed is always granted."""
        return not needs or any(
            self.permissions.get(name) in ({"read", "write"} if level == "read" else {"write"})
            for name, level in needs
        )


def reads_only(needs: Needs) -> bool:
    """Whether no more than reading is asked for, which anyone may in a public repository."""
    return all(level == "read" for _, level in needs)


def named(needs: Needs) -> str:
    """``needs`` as GitHub names them in the header X-Accepted-GitHub-Permissions."""
    return "; ".join(f"{name}={level}" for name, level in needs)
