"""Changed files that nobody wrote by hand: bundles, maps, caches. No cause is looked for in them.  (Pure.)"""

from __future__ import annotations

from fnmatch import fnmatchcase

FOLDERS = ("__pycache__", "node_modules", "_next", ".next", "dist", "site-packages", ".git")
"""Whatever is below a folder of such a name."""
NAMES = ("*.pyc", "*.map", "*.min.js", "*.min.css", "*.chunk.js", "*.bundle.js", "*.svg", "*.snap", "*.ipynb")
LARGEST = 1_000_000
"""Bytes. A larger file is data, or was made by a program."""
_LONG_LINES = 500
_SMALL = 10_000


def is_passed_over(path: str) -> bool:
    """Whether a file is, by its name or by a folder that it lies in; ``path`` has slashes."""
    *parents, name = path.split("/")
    return (
        not set(FOLDERS).isdisjoint(parents)
        or any(parent.endswith(".dist-info") for parent in parents)
        or any(fnmatchcase(name, pattern) for pattern in NAMES)
    )


def is_written_by_a_program(content: bytes) -> bool:
    """Whether a file's content is that of no source: not text, very large, or lines of 500 bytes on average."""
    if len(content) > LARGEST or b"\0" in content[:8000]:
        return True
    return len(content) > _SMALL and len(content) / (content.count(b"\n") + 1) > _LONG_LINES


def pathspecs() -> list[str]:
    """What leaves these files out of git's diff, after ``--``."""
    folders = [pattern for folder in FOLDERS for pattern in (f"{folder}/*", f"*/{folder}/*")]
    return [":(top)", *(f":(top,exclude){pattern}" for pattern in (*folders, *NAMES))]
