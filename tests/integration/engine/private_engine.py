"""A private engine of a test's own, beside the one that all tests share, and what can be seen of it from outside."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perf_matrix.lease import processes_of
from tests.engine import PROGRAM, Engine, exported

if TYPE_CHECKING:
    import psutil

# What the bridge of a network that a test makes is called.
BRIDGE = "pm-test-apart"
STATE_VARIABLE = "PERF_MATRIX_ENGINE_STATE"


def command(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Run scripts/engine/engine; returns what it says to set."""
    done = subprocess.run([PROGRAM, name], env=dict(environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return exported(done.stdout)


@dataclass(frozen=True)
class PrivateEngine(Engine):
    """A private engine that was started."""

    @property
    def id(self) -> str:
        """Its run folder, processes, rules and control groups have this name."""
        return Path(self.environ["DOCKER_HOST"].removeprefix("unix://")).parent.name

    def processes(self, *names: str) -> list[psutil.Process]:
        """Those that carry the engine's name in their environment, of the programs that are named."""
        return [process for process in processes_of(self.id) if process.name() in names]

    def traces(self) -> dict[str, list[str]]:
        """Kind of thing -> what is on the machine of it now. All are empty where nothing is left."""
        rules = "".join(_said("iptables", "--table", table, "--list-rules") for table in ("nat", "filter"))
        groups = [path for glob in ("*", "*/*") for path in Path("/sys/fs/cgroup").glob(glob)]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        bridges = (self.id.replace("perf-matrix-engine", "pm"), BRIDGE)
        return {
            "processes": [str(process) for process in processes_of(self.id)],
            "control groups": [str(path) for path in groups if path.name == self.id],
            "rules": [rule for rule in rules.splitlines() if self.id in rule],
            "bridges": [path.name for path in Path("/sys/class/net").iterdir() if path.name in bridges],
            "run folder": [str(path) for path in Path("/run").iterdir() if path.name == self.id],
            "mounts": [line for line in mounts if self.id in line or self.environ[STATE_VARIABLE] in line],
        }


def _said(*argv: str) -> str:
    # The firewall's commands are where an ordinary PATH need not lead.
    path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    return subprocess.run(argv, env={"PATH": path}, capture_output=True, text=True, check=True).stdout
