from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perf_matrix.matrix.model import Patch, Sink, Upstream
from perf_matrix.stacks.compose.overlay import ProxyService, RelayService, overlay
from perf_matrix.targets.base import Launch

LAUNCH = Launch(("litellm", "--port=4000", "--secret=$1"), {"URL": "http://sink:4318", "WORD": "a$b${c}"}, "")
PROXY = ProxyService("sha256:1", LAUNCH, Path("/run/base.yaml"))
RELAY = RelayService(Path("/run/relay.py"), Path("/run/relay"))


def services(patch: Patch | None = None, relay: RelayService | None = None) -> dict[str, Any]:
    file = json.loads(overlay({"base": PROXY}, patch or Patch(), relay))
    assert file.keys() == {"services"}
    found: dict[str, Any] = file["services"]
    return found


def test_a_proxy_is_its_image_with_what_it_is_started_with() -> None:
    proxy = services()["proxy-base"]
    assert proxy["image"] == "sha256:1"
    assert proxy["environment"]["URL"] == "http://sink:4318"
    assert proxy["volumes"] == [
        {
            "type": "bind",
            "source": "/run/base.yaml",
            "target": "/etc/perf-matrix/config.yaml",
            "read_only": True,
        }
    ]


def test_the_program_is_the_images_own_and_nothing_is_filled_in() -> None:
    proxy = services()["proxy-base"]
    assert proxy["command"] == ["--port=4000", "--secret=$$1"]
    assert proxy["environment"]["WORD"] == "a$$b$${c}"


def test_arms_that_are_not_measured_are_not_there() -> None:
    assert services().keys() == {"proxy-base", "upstream", "sink"}


def test_stand_ins_as_they_come() -> None:
    found = services()
    assert found["upstream"] == {"command": ["upstream", "--host=0.0.0.0", "--port=8000"]}
    assert found["sink"] == {"command": ["sink", "--host=0.0.0.0", "--port=4318"]}


def test_stand_ins_that_a_variant_slows_down() -> None:
    slow = Patch(upstream=Upstream(latency_ms=20, jitter_ms=0.5), sink=Sink(delay_ms=1000))
    found = services(slow)
    assert found["upstream"]["command"][3:] == ["--latency-ms=20", "--jitter-ms=0.5"]
    assert found["sink"]["command"][3:] == ["--delay-ms=1000"]


def test_a_relay_has_its_program_and_its_folder() -> None:
    volumes = services(relay=RELAY)["database-delay"]["volumes"]
    assert [(one["source"], one["target"], one["read_only"]) for one in volumes] == [
        ("/run/relay.py", "/opt/relay_process.py", True),
        ("/run/relay", "/run/relay", False),
    ]
