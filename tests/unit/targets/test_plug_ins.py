"""Targets from installed distributions: found by name, imported late, and refused clearly."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.cli import cli
from perf_matrix.errors import InputError
from perf_matrix.targets.base import Target
from perf_matrix.targets.litellm import LiteLLM
from perf_matrix.targets.plug_ins import GROUP, load, plug_ins
from perf_matrix.targets.registry import find_target
from tests.demo_repository.target import DemoTarget

HERE = __name__
Install = Callable[..., None]
# Those of a target that mypy knows to be one, so that none is forgotten when the protocol grows.
MEMBERS = sorted(name for name in vars(LiteLLM) if not name.startswith("_"))
DEMO: Target = DemoTarget()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution on the path: its module's text, and the object that its entry point names."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(module: str, text: str, name: str = "demo", value: str = "Plugged") -> None:
        # Forgotten again after the test, so that each test imports its own.
        monkeypatch.delitem(sys.modules, module, raising=False)
        (tmp_path / f"{module}.py").write_text(text)
        told = tmp_path / f"{module}-2.1.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 2.1\n")
        (told / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}:{value}\n")

    return put


PLUGGED = "from tests.demo_repository.target import DemoTarget\n\n\nclass Plugged(DemoTarget):\n    pass\n"


def test_a_class_is_made_into_a_target(install: Install) -> None:
    install("a_class", PLUGGED)
    target = find_target("demo")
    assert isinstance(target, DemoTarget)
    assert target.package == "demo-service"


def test_an_object_is_the_target_itself(install: Install) -> None:
    install("an_object", PLUGGED + "\n\nTHE_ONE = Plugged()\n", value="THE_ONE")
    assert find_target("demo") is sys.modules["an_object"].THE_ONE


@pytest.mark.parametrize("name", [None, "litellm"])
def test_a_built_in_target_asks_for_no_plug_in(name: str | None) -> None:
    def asked() -> Sequence[EntryPoint]:
        raise AssertionError("the plug-ins were asked for")

    assert isinstance(find_target(name, asked), LiteLLM)


def test_no_plug_in_takes_the_place_of_a_built_in_target(install: Install) -> None:
    install("the_replacer", "raise AssertionError('it was imported')\n", name="litellm")
    assert "litellm" in {point.name for point in plug_ins()}
    assert isinstance(find_target("litellm"), LiteLLM)
    assert isinstance(find_target(None), LiteLLM)


def test_a_plug_in_that_is_not_asked_for_is_not_imported(install: Install) -> None:
    install("asked_for", PLUGGED)
    install("not_asked_for", "raise AssertionError('it was imported')\n", name="other")
    assert isinstance(find_target("demo"), DemoTarget)
    assert "not_asked_for" not in sys.modules


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["plan", "--matrix", "smoke"]])
def test_a_command_that_names_no_other_target_imports_no_plug_in(
    install: Install, arguments: list[str]
) -> None:
    install("left_alone", "raise AssertionError('it was imported')\n")
    result = CliRunner().invoke(cli, arguments)
    assert (result.exit_code, result.exception) == (0, None)
    assert "left_alone" not in sys.modules


def test_the_nearest_of_all_names_is_told(install: Install) -> None:
    install("the_nearest", PLUGGED)
    with pytest.raises(InputError, match=r"^target: 'demoo' is not known; did you mean 'demo'\?$"):
        find_target("demoo")
    with pytest.raises(InputError, match=r"^target: 'lite-llm' is not known; did you mean 'litellm'\?$"):
        find_target("lite-llm")


def test_where_none_is_near_all_are_told(install: Install) -> None:
    install("all_names", PLUGGED)
    with pytest.raises(InputError, match=r"^target: 'vllm-x9' is not known; known: litellm, demo$"):
        find_target("vllm-x9", lambda: [each for each in plug_ins() if each.value.startswith("all_names")])


@pytest.mark.parametrize(
    ("module", "text", "reason"),
    [
        ("needs_another", "import there_is_no_such_module\n", "No module named 'there_is_no_such_module'"),
        ("has_no_such", "", "module 'has_no_such' has no attribute 'Plugged'"),
        ("is_not_python", "class Plugged(:\n", "invalid syntax"),
    ],
)
def test_what_cannot_be_imported_is_named_with_its_distribution(
    install: Install, module: str, text: str, reason: str
) -> None:
    install(module, text)
    with pytest.raises(InputError) as refused:
        find_target("demo")
    assert str(refused.value).startswith(
        f"target: 'demo': {module}:Plugged ({module} 2.1) cannot be imported: {reason}"
    )
    assert str(refused.value).endswith("Install it anew, or uninstall it")


def test_a_class_that_wants_arguments_is_refused(install: Install) -> None:
    install(
        "wants_more",
        "class Plugged:\n    def __init__(self, where: str) -> None:\n        self.where = where\n",
    )
    with pytest.raises(InputError, match=r"\(wants_more 2\.1\) cannot be made without arguments: .*'where'"):
        find_target("demo")


def test_two_plug_ins_of_one_name_are_refused(install: Install) -> None:
    install("the_first", PLUGGED)
    install("the_second", PLUGGED)
    with pytest.raises(InputError) as refused:
        find_target("demo")
    assert str(refused.value).startswith("target: 'demo' is the name of the_")
    assert {"the_first:Plugged (the_first 2.1)", "the_second:Plugged (the_second 2.1)"} == set(
        str(refused.value)
        .removeprefix("target: 'demo' is the name of ")
        .split(": uninstall")[0]
        .split(" and ")
    )


def test_the_members_are_those_of_the_protocol() -> None:
    own = {name for name in (*Target.__annotations__, *vars(Target)) if not name.startswith("_")}
    assert own == set(MEMBERS)


@given(lacking=st.sets(st.sampled_from(MEMBERS), min_size=1))
def test_whatever_a_target_lacks_is_named(lacking: set[str]) -> None:
    members = {name: getattr(DemoTarget, name) for name in MEMBERS if name not in lacking}
    globals()["partial"] = type("Partial", (), members)
    with pytest.raises(InputError) as refused:
        load("demo", [EntryPoint("demo", f"{HERE}:partial", GROUP)])
    told = str(refused.value).split("it lacks ")[1].split(":")[0]
    assert set(told.split(", ")) == lacking


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("seed", "INSERT", "seed has to be a method"),
        ("ready_path", None, "ready_path has to be a text"),
        ("ready_path", "ready", "ready_path is 'ready': begin it with /"),
        ("default_scale", ["users"], "default_scale has to be a mapping"),
        ("name", "other", "its name is 'other', and its entry point's 'demo': both have to be the same"),
        ("package", "Demo_Service", "package is 'Demo_Service': write 'demo-service', as installers do"),
    ],
)
def test_a_member_of_another_form_is_refused(member: str, value: object, reason: str) -> None:
    globals()["changed"] = type("Changed", (DemoTarget,), {member: value})
    with pytest.raises(InputError) as refused:
        load("demo", [EntryPoint("demo", f"{HERE}:changed", GROUP)])
    assert str(refused.value) == f"target: 'demo': {HERE}:changed is no target: {reason}"


def test_what_the_code_of_a_plug_in_raises_keeps_its_traceback(install: Install) -> None:
    install("is_broken", "raise KeyError('DEMO_HOME')\n")
    with pytest.raises(KeyError, match="DEMO_HOME"):
        find_target("demo")


@pytest.mark.parametrize("member", sorted(set(MEMBERS) - {"default_scale"}))
def test_every_member_is_looked_at(member: str) -> None:
    is_field = member in Target.__annotations__
    globals()["changed"] = type("Changed", (DemoTarget,), {member: 7})
    with pytest.raises(InputError, match=f"{member} has to be a {'text' if is_field else 'method'}$"):
        load("demo", [EntryPoint("demo", f"{HERE}:changed", GROUP)])
