"""What is installed of a checkout of LiteLLM's repository, and which version it calls itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.targets.litellm.target import LiteLLM

TARGET = LiteLLM()
# Beside the proxy itself, a checkout and a release get the same.
_, *BESIDES = TARGET.requirements("1.80.5")


def test_the_packages_that_the_repository_holds_are_taken_from_it(tmp_path: Path) -> None:
    source = tmp_path / "a checkout"
    for folder in ("litellm-proxy-extras", "enterprise"):
        (source / folder).mkdir(parents=True)
        (source / folder / "pyproject.toml").touch()
    uri = f"file://{tmp_path}/a%20checkout"
    assert TARGET.checkout_requirements(source) == [
        f"litellm[proxy] @ {uri}",
        f"litellm-proxy-extras @ {uri}/litellm-proxy-extras",
        f"litellm-enterprise @ {uri}/enterprise",
        *BESIDES,
    ]


def test_a_folder_that_is_no_package_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "enterprise").mkdir()
    assert TARGET.checkout_requirements(tmp_path) == [
        f"litellm[proxy] @ file://{tmp_path}",
        *BESIDES,
    ]


@pytest.mark.parametrize("version", ["latest", "1.82.7-stable", ""])
def test_what_is_no_version_is_left_to_the_package_index(version: str) -> None:
    assert TARGET.refusal(version) is None
