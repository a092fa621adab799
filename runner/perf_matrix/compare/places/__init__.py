"""Likely places: which changed lines may be where an SQL statement comes from. (Pure.)

Only names are compared: of the statement's tables with what stands on the changed lines. That is a
hint for a reader, not a proof; docs/REPORT.md says how it is found and what it misses. Every pattern here
takes time proportional to a line's length, whatever the line holds.
"""

from perf_matrix.compare.places.ranking import likely_places

__all__ = ["likely_places"]
