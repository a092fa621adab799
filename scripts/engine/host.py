"""What the machine has, and what apt can add to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import NoEngineError

# An ordinary PATH need not have what only root can use.
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = (
    "#!/bin/sh\n# Made by perf-matrix while it installs packages: their services are not started.\nexit 101\n"
)
_ERROR_LINES = 15


def system_environ() -> dict[str, str]:
    """This process's environment, with root's programs on PATH."""
    return {**os.environ, "PATH": os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))}


def find_program(name: str) -> str | None:
    """Where a program is, root's own included; None where it is missing."""
    return shutil.which(name, path=system_environ()["PATH"])


def run(argv: Sequence[str], environ: Mapping[str, str] | None = None) -> str:
    """What ``argv`` prints. Raises NoEngineError, with what it wrote last, where it fails."""
    answer = subprocess.run(
        argv, env={**system_environ(), **(environ or {})}, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        said = (answer.stderr or answer.stdout).strip().splitlines()[-_ERROR_LINES:]
        raise NoEngineError(f"{' '.join(argv[:3])} … failed: " + "\n".join(said))
    return answer.stdout


def check_can_install() -> None:
    """Raise NoEngineError where this process may not install packages with apt."""
    if os.geteuid() != 0:
        raise NoEngineError(f"only root can install and start one, and this is user {os.geteuid()}")
    if not find_program("apt-get"):
        raise NoEngineError("it is installed with apt-get, which this system does not have")


def install(packages: Mapping[str, str]) -> None:
    """Install those of ``packages`` (program -> its package) whose program is missing. Services are not started."""
    missing = [package for program, package in packages.items() if not find_program(program)]
    if not missing:
        return
    update_lists()
    with _no_services():
        _apt("install", "--yes", "--no-install-recommends", *missing)


def update_lists() -> None:
    """Have apt ask its mirrors what there is."""
    _apt("update")


def _apt(*arguments: str) -> None:
    # apt drops root for its downloads: its temporary folder must be open to all, which that of root often is not.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="perf-matrix-apt-") as folder:
        Path(folder).chmod(0o1777)
        run(
            ["apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=120", *arguments],
            {"TMPDIR": folder, "DEBIAN_FRONTEND": "noninteractive"},
        )


@contextmanager
def _no_services() -> Iterator[None]:
    """Debian starts a service when its package is installed; a policy of the machine's own is left as it is."""
    ours = not _POLICY.exists() or _POLICY.read_text() == _POLICY_TEXT
    if not ours:
        yield
        return
    _POLICY.write_text(_POLICY_TEXT)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
