"""perf-matrix: does this version do more work, or answer slower, than that one?"""

from importlib.metadata import version

__version__ = version("perf-matrix")
