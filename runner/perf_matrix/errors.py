"""The failures that end a command, each with the exit code that it ends with.

Anything else that escapes is a defect of perf-matrix itself and is shown as one.
"""

from __future__ import annotations


class PerfMatrixError(Exception):
    """A failure with a message written for the person who ran the command."""

    exit_code = 3


class InputError(PerfMatrixError):
    """Wrong usage or input: says what, where, and what to write instead. Nothing was started."""

    exit_code = 2


class MeasurementError(PerfMatrixError):
    """The measurement failed or is invalid; what was recorded until then is kept."""

    exit_code = 3


class MissingToolError(InputError):
    """A program that perf-matrix runs cannot be found; says how to get it."""


class PartDiedError(MeasurementError):
    """A part of the stack ended or never became ready; carries the last lines that it wrote."""

    def __init__(self, message: str, log_tail: list[str]) -> None:
        super().__init__(message)
        self.message = message
        self.log_tail = log_tail

    def __str__(self) -> str:
        if not self.log_tail:
            return f"{self.message} It had written nothing to its log."
        lines = "\n".join(f"  | {line}" for line in self.log_tail)
        return f"{self.message} The last lines of its log:\n{lines}"
