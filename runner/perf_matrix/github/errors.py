"""What goes wrong between here and GitHub. A message names the request and GitHub's own words, and never the token."""

from __future__ import annotations

from perf_matrix.errors import PerfMatrixError

_WORDS_LIMIT = 500


class GitHubError(PerfMatrixError):
    """A request that GitHub did not do. ``status`` is 0 where no answer came, ``message`` says what went wrong."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(method, path, status, message)
        self.method = method
        self.path = path
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.message}"


class RefusedError(GitHubError):
    """The token may not do this. ``needs``: the permissions that GitHub names for it, such as ``issues=write``."""

    def __init__(self, method: str, path: str, status: int, message: str, needs: str = "") -> None:
        super().__init__(method, path, status, message)
        self.needs = needs

    def __str__(self) -> str:
        needed = f" GitHub names the permission {self.needs}." if self.needs else ""
        return f"the token may not {self.method} {self.path}: {self.message}.{needed}"


class NotFoundError(GitHubError):
    """There is no such thing, or the token may not know of it: GitHub does not tell the two apart."""


class TooLargeError(GitHubError):
    """The answer is longer than what was to be read of it."""


class UnexpectedAnswerError(GitHubError):
    """An answer that is not what GitHub's description says: perhaps it is no GitHub that answers."""


def plain(text: str) -> str:
    """Foreign text for a message: one line of at most 500 characters, with nothing that moves a cursor in it."""
    shown = "".join(character if character.isprintable() else " " for character in text[: 4 * _WORDS_LIMIT])
    return " ".join(shown.split())[:_WORDS_LIMIT]
