"""The versions of GitHub's own actions that this repository's actions and workflows name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .artifact_actions import artifact_actions

CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683"
UPLOAD = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02"
DOWNLOAD = "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093"


def pinned() -> Mapping[str, Path]:
    """What stands in for each of them. Not for checkout: act copies the workspace itself."""
    folders = artifact_actions()
    return {name: folders[name.partition("@")[0]] for name in (UPLOAD, DOWNLOAD)}
