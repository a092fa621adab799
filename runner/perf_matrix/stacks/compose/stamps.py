"""When each built image was used last: a file in the cache for each tag, whose time says so."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock


def stamp_use(cache: Path, tag: str) -> None:
    """Note that an image is used now."""
    stamp = _stamp(cache, tag)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()


def used_at(cache: Path, tag: str) -> float | None:
    """When a run with this cache used an image last, in seconds since 1970; None where none has."""
    try:
        return _stamp(cache, tag).stat().st_mtime
    except FileNotFoundError:
        return None


def forget(cache: Path, tag: str) -> None:
    """Remove the note on an image that is gone."""
    _stamp(cache, tag).unlink(missing_ok=True)


def deciding(cache: Path) -> FileLock:
    """Held while an image is found and stamped, or found unused and removed: never both at once."""
    cache.mkdir(parents=True, exist_ok=True)
    return FileLock(cache / "images.lock")


def has_stamps(cache: Path) -> bool:
    """Whether a run with this cache has used an image since the last one was removed."""
    folder = cache / "images"
    return folder.is_dir() and any(folder.iterdir())


def _stamp(cache: Path, tag: str) -> Path:
    return cache / "images" / tag.replace("/", "_").replace(":", "@")
