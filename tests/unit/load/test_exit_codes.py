import signal

import pytest

from perf_matrix.load.exit_codes import meaning


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit code 0, the script came to its end before it was told to"),
        (99, "exit code 99, a threshold was crossed"),
        (105, "exit code 105, k6 was interrupted by a signal"),
        (107, "exit code 107, the script threw an exception while it was loaded"),
        (108, "exit code 108, the script aborted the test"),
        (255, "exit code 255, which k6 does not document"),
        (-signal.SIGKILL, "killed by SIGKILL"),
        (-40, "killed by signal 40"),
    ],
)
def test_every_way_to_end_has_words(status: int, words: str) -> None:
    assert meaning(status) == words
