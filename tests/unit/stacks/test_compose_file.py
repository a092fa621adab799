"""The compose file agrees with what the program takes for granted."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import yaml

from perf_matrix.shipped import shipped
from perf_matrix.stacks.compose.overlay import (
    CONFIG,
    DELAY_PORT,
    DELAY_SERVICE,
    PROXY_PORT,
    SINK_PORT,
    UPSTREAM_PORT,
)
from perf_matrix.stacks.compose.postgres import DEFAULT_IMAGE, IMAGE_VARIABLE, INSIDE_PORT, SERVICE
from perf_matrix.stacks.compose.project import REGISTRY_LABEL, RUN_LABEL
from perf_matrix.stacks.database_server import SETTINGS, SUPERUSER

FILE: dict[str, Any] = yaml.safe_load(shipped("compose/docker-compose.yml").read_text())
SERVICES: dict[str, Any] = FILE["services"]
PORTS = {
    SERVICE: INSIDE_PORT,
    "proxy-base": PROXY_PORT,
    "proxy-head": PROXY_PORT,
    "upstream": UPSTREAM_PORT,
    "sink": SINK_PORT,
    DELAY_SERVICE: DELAY_PORT,
}
CPU_SETS = {
    SERVICE: "${POSTGRES_CPUS:-}",
    "proxy-base": "${PROXY_CPUS:-}",
    "proxy-head": "${PROXY_CPUS:-}",
    "upstream": "${LOAD_CPUS:-}",
    "sink": "${LOAD_CPUS:-}",
    DELAY_SERVICE: "${LOAD_CPUS:-}",
}


def test_postgres_has_the_settings_of_the_local_backend() -> None:
    program, *words = shlex.split(SERVICES[SERVICE]["command"])
    flags, settings = words[::2], words[1::2]
    assert program == "postgres"
    assert set(flags) == {"-c"}
    assert dict(setting.split("=", 1) for setting in settings) == SETTINGS


def test_postgres_is_the_image_and_has_the_account_that_the_program_knows() -> None:
    assert SERVICES[SERVICE]["image"] == f"${{{IMAGE_VARIABLE}:-{DEFAULT_IMAGE}}}"
    assert SERVICES[SERVICE]["environment"]["POSTGRES_USER"] == SUPERUSER


@pytest.mark.parametrize("name", SERVICES)
def test_every_service(name: str) -> None:
    service = SERVICES[name]
    assert service["labels"].keys() == {RUN_LABEL, REGISTRY_LABEL}
    assert service["init"] is True
    assert service["healthcheck"] == {"disable": True}
    assert service["networks"] == ["stack"]
    assert "restart" not in service
    assert all(port.startswith("127.0.0.1::") for port in service.get("ports", []))


@pytest.mark.parametrize("name", PORTS)
def test_what_the_program_starts_itself(name: str) -> None:
    service = SERVICES[name]
    assert service["ports"] == [f"127.0.0.1::{PORTS[name]}"]
    assert service["mem_limit"]
    assert service["cpuset"] == CPU_SETS[name]


def test_both_arms_are_the_same_but_for_image_and_database() -> None:
    own = {"image", "build", "environment", "depends_on"}
    base, head = (
        {name: value for name, value in SERVICES[f"proxy-{arm}"].items() if name not in own}
        for arm in ("base", "head")
    )
    assert base == head


def test_a_proxy_reads_its_configuration_where_the_program_puts_it() -> None:
    (volume,) = SERVICES["proxy-base"]["volumes"]
    assert volume.split(":")[1] == str(CONFIG)


def test_networks_and_volumes_are_found_by_their_labels() -> None:
    for thing in (*FILE["networks"].values(), *FILE["volumes"].values()):
        assert thing["labels"].keys() == {RUN_LABEL, REGISTRY_LABEL}


def test_nothing_gets_out_of_the_network() -> None:
    options = FILE["networks"]["stack"]["driver_opts"]
    assert options["com.docker.network.bridge.enable_ip_masquerade"] == "false"
