"""Makes the target a plug-in that a perf-matrix in another process finds, without installing anything."""

from __future__ import annotations

from pathlib import Path

from tests.demo_repository.source import rows

MATRIX = Path(__file__).with_name("matrix") / "demo.yml"
_TARGET = Path(__file__).with_name("target.py")


def make_plug_in(folder: Path) -> dict[str, str]:
    """Write the distribution ``demo-target`` to ``folder``; returns the environment in which it is found."""
    module, told = folder / "demo_target", folder / "demo_target-1.0.dist-info"
    for each in (module, told):
        each.mkdir(parents=True)
    (module / "__init__.py").write_text(_TARGET.read_text())
    (module / "seed.sql").write_text(rows())
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-target\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[perf_matrix.targets]\ndemo = demo_target:DemoTarget\n")
    return {"PYTHONPATH": str(folder)}
