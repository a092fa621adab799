"""What is special to LiteLLM: everything that needs no LiteLLM to be installed."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.matrix.model import Patch
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.matrix.variables import fill
from perf_matrix.shipped import shipped
from perf_matrix.subjects.spec import Release, parse_subject
from perf_matrix.targets.base import Launch, LaunchRequest
from perf_matrix.targets.litellm import LiteLLM
from perf_matrix.targets.registry import check_scale, find_target

TARGET = LiteLLM()
TODAY = date(2026, 3, 1)


def launch(patch: Patch | None = None) -> Launch:
    return TARGET.launch(
        LaunchRequest(
            version="1.80.5",
            config=Path("/private/config.yaml"),
            database_url="postgresql://somebody@127.0.0.1:5/perf_base",
            host="127.0.0.1",
            port=4321,
            patch=patch or Patch(),
        )
    )


def test_the_proxy_is_installed_with_its_client_and_what_its_callbacks_import() -> None:
    assert TARGET.requirements("1.80.5") == [
        "litellm[proxy]==1.80.5",
        "prisma==0.11.0",
        "opentelemetry-exporter-otlp",
        "prometheus-client",
    ]


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8", "1.107.0"])
def test_a_compromised_release_is_refused(version: str) -> None:
    refusal = TARGET.refusal(version)
    assert refusal is not None
    assert f"litellm {version} is reported to be compromised" in refusal
    assert "choose another release" in refusal


@pytest.mark.parametrize("spelt", ["1.82.7", "v1.82.7", "1.82.07", "1.82.7.0", "1.082.7.0.0"])
def test_no_spelling_of_a_compromised_release_gets_through(spelt: str) -> None:
    subject = parse_subject(f"litellm=={spelt}", "litellm")
    assert isinstance(subject, Release)
    assert TARGET.refusal(subject.version) is not None


@pytest.mark.parametrize("version", ["1.80.5", "1.82.6", "1.82.9", "1.82.70", "1.107.1"])
def test_other_releases_are_not(version: str) -> None:
    assert TARGET.refusal(version) is None


def test_where_the_schema_is(tmp_path: Path) -> None:
    assert TARGET.prisma_schema(tmp_path) == tmp_path / "litellm" / "proxy" / "schema.prisma"


def test_migrations_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = ["20250102_b", "20250101_a", "20250103_with spaces in it"]
    for name in names:
        folder = tmp_path / "litellm_proxy_extras" / "migrations" / name
        folder.mkdir(parents=True)
        (folder / "migration.sql").write_text(f"-- {name} é")
    assert TARGET.migrations(tmp_path) == [(name, f"-- {name} é") for name in sorted(names)]


def test_a_release_without_migrations(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"ships no migrations in .*/litellm_proxy_extras/migrations$"):
        TARGET.migrations(tmp_path)


def test_the_seed_begins_with_every_count() -> None:
    settings = TARGET.seed({"users": 7, "mcp_servers": 0}).splitlines()[:5]
    assert settings == [
        "SET perf.models = '200';",
        "SET perf.users = '7';",
        "SET perf.keys = '200';",
        "SET perf.teams = '10';",
        "SET perf.mcp_servers = '0';",
    ]


def test_the_seed_uses_every_count_and_no_other() -> None:
    script = shipped("compose/litellm/seed.sql").read_text()
    used = set(map(str.strip, script.split("current_setting('perf.")[1:]))
    assert {text.split("'")[0] for text in used} == set(TARGET.default_scale)


@pytest.mark.parametrize("name", ["models", "users", "keys", "teams"])
def test_a_scale_that_the_workload_cannot_do_with(name: str) -> None:
    with pytest.raises(InputError, match=f"^scale: {name}: the workload needs at least 1$"):
        TARGET.seed({name: 0})


def test_the_keys_of_the_variables_are_those_that_are_seeded() -> None:
    variables = TARGET.variables({}, TODAY)
    assert variables["virtual_key"] == "sk-perf-0001"
    assert variables["virtual_key_hash"] == hashlib.sha256(b"sk-perf-0001").hexdigest()
    assert variables["virtual_key_with_permission"] == "sk-perf-0002"
    assert variables["virtual_key_without_team"] == "sk-perf-0004"


def test_the_month_is_thirty_days_with_today() -> None:
    variables = TARGET.variables({}, TODAY)
    assert (variables["month_ago"], variables["today"]) == ("2026-01-31", "2026-03-01")


def test_the_scale_is_in_the_variables() -> None:
    variables = TARGET.variables({"users": 7}, TODAY)
    assert variables["scale.users"] == 7
    assert variables["scale.keys"] == 200


def test_the_shipped_workload_uses_these_variables_only() -> None:
    workload = read_workload(shipped("matrices/workloads/proxy.yml"))
    variables = {**TARGET.variables({}, TODAY), "page_size": 25}
    filled = [fill(endpoint, variables) for endpoint in workload.endpoints]
    assert len(filled) >= 14
    assert "${" not in "".join(endpoint.model_dump_json() for endpoint in filled)


def test_every_variable_is_worth_having() -> None:
    matrix = read_matrix(shipped("matrices/smoke.yml"))
    variables = TARGET.variables(matrix.scale, TODAY)
    assert all(value not in (None, "") for value in variables.values())


def test_it_is_started_where_and_on_the_port_that_was_chosen() -> None:
    assert launch().argv == (
        "litellm",
        "--config=/private/config.yaml",
        "--host=127.0.0.1",
        "--port=4321",
        "--num_workers=1",
    )


def test_its_environment() -> None:
    env = launch().env
    assert env["DATABASE_URL"] == "postgresql://somebody@127.0.0.1:5/perf_base"
    assert env["DISABLE_SCHEMA_UPDATE"] == "true"
    assert env["LITELLM_LOCAL_MODEL_COST_MAP"] == "True"
    assert env["LITELLM_TELEMETRY"] == "False"
    variables = TARGET.variables({}, TODAY)
    assert env["LITELLM_MASTER_KEY"] == variables["master_key"]
    assert (env["UI_USERNAME"], env["UI_PASSWORD"]) == (variables["ui_username"], variables["ui_password"])


def test_a_variant_changes_environment_and_workers() -> None:
    patched = launch(Patch(env={"NUM_WORKERS": "4", "LITELLM_LOG": "INFO", "MORE": "1"}))
    assert patched.argv[-1] == "--num_workers=4"
    assert (patched.env["LITELLM_LOG"], patched.env["MORE"]) == ("INFO", "1")
    assert patched.env["DISABLE_SCHEMA_UPDATE"] == "true"


def test_a_variant_is_merged_into_the_configuration() -> None:
    plain: dict[str, Any] = yaml.safe_load(launch().config)
    patch = Patch(config={"litellm_settings": {"callbacks": ["prometheus"]}, "router_settings": {"a": 1}})
    patched = yaml.safe_load(launch(patch).config)
    assert plain["general_settings"]["store_model_in_db"] is True
    assert patched == {
        **plain,
        "litellm_settings": {**plain["litellm_settings"], "callbacks": ["prometheus"]},
        "router_settings": {"a": 1},
    }


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ('{"status": "connected", "db": "connected", "litellm_version": "1.80.5"}', "1.80.5"),
        ('{"status": "connected", "db": "Not connected", "litellm_version": "1.80.5"}', None),
        ('{"status": "connected", "litellm_version": "1.80.5"}', None),
        ('{"db": null}', None),
        ("[]", None),
        ('"connected"', None),
        ("", None),
        ("<html>", None),
    ],
)
def test_the_version_in_a_readiness_answer(body: str, version: str | None) -> None:
    assert TARGET.ready_version(body) == version


def test_it_is_found_by_its_name() -> None:
    assert isinstance(find_target("litellm"), LiteLLM)


def test_an_unknown_target() -> None:
    with pytest.raises(InputError) as told:
        find_target("litelm")
    assert str(told.value) == "target: 'litelm' is not known; did you mean 'litellm'?"


def test_an_unknown_scale() -> None:
    with pytest.raises(InputError) as told:
        check_scale(TARGET, {"users": 1, "usres": 2}, "second_scale")
    assert str(told.value) == "second_scale: 'usres' is not known; did you mean 'users'?"
