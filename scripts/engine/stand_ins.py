"""Building stand-ins for the official images out of packages of the Debian that runs here."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from docker.errors import APIError, BuildError

from perf_matrix.cache import make_once

from .errors import NoEngineError
from .host import check_can_install, install, run, update_lists
from .place import EnginePlace

if TYPE_CHECKING:
    from docker import DockerClient

Kind = Literal["postgres", "python"]

_SOURCE = Path(__file__).with_name("images")
_REPOSITORY = "perf-matrix-ci"
_LABEL = "perf-matrix.stand-in"
# kind -> the program that tells the version, and the part of it that goes into the name
_VERSIONS = {"postgres": ("postgres", r"\d+"), "python": ("python3", r"\d+\.\d+")}
_HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# What of apt's settings has to be the same wherever the mirrors are asked: how to reach them, which dates to check.
_APT_SETTING = re.compile(r"^Acquire::(https?::(\S+::)?Proxy|Check-\S+) .*", re.MULTILINE)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_LOG_LINES = 15


def find_stand_in(client: DockerClient, kind: Kind) -> str | None:
    """The name of the stand-in that the engine has, built from the same files for the same machine."""
    images = client.images.list(filters={"label": f"{_LABEL}={kind}-{_key()}"})
    # Images that are built upon it have its labels, too.
    own = f"{_REPOSITORY}/{kind}:"
    return next((tag for image in images for tag in image.tags if tag.startswith(own)), None)


def build_stand_in(client: DockerClient, place: EnginePlace, kind: Kind) -> str:
    """Build the stand-in; returns its name, such as perf-matrix-ci/postgres:15. Raises NoEngineError where it fails."""
    check_can_install()
    root = make_once(place.state / f"debian-{_key()}", _make_root) / "root.tar"
    with tempfile.TemporaryDirectory(dir=place.state) as context:
        shutil.copytree(_SOURCE, context, dirs_exist_ok=True)
        Path(context, "root.tar").hardlink_to(root)
        image = _build(client, context, kind)
    program, part = _VERSIONS[kind]
    said = client.containers.run(image, ["--version"], entrypoint=program, remove=True).decode()
    version = re.search(part, said)
    if version is None:
        raise NoEngineError(f"{program} --version printed {said!r} in the image")
    name = f"{_REPOSITORY}/{kind}:{version[0]}"
    client.images.get(image).tag(name)
    return name


def apt_settings(dump: str) -> str:
    """Of what `apt-config dump` prints, the lines that the images need, too."""
    return "".join(f"{found[0]}\n" for found in _APT_SETTING.finditer(dump))


def missing_certificates(trusted: str, bundle: str) -> Sequence[str]:
    """The certificates (PEM) of ``trusted`` that ``bundle`` lacks."""
    present = set(_CERTIFICATE.findall(bundle))
    return [certificate for certificate in _CERTIFICATE.findall(trusted) if certificate not in present]


def _build(client: DockerClient, context: str, kind: Kind) -> str:
    """The id of the image of Dockerfile stage ``kind``."""
    proxies = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    try:
        image, _ = client.images.build(
            path=context, target=kind, buildargs={"KEY": _key(), **proxies}, rm=True, forcerm=True
        )
    except BuildError as error:
        log = [text for line in error.build_log if (text := str(line.get("stream", "")).strip())]
        raise NoEngineError("\n".join([str(error), *log[-_LOG_LINES:]])) from error
    except APIError as error:
        raise NoEngineError(str(error)) from error
    return str(image.id)


def _make_root(folder: Path) -> None:
    """Write root.tar, a minimal Debian that trusts what this machine trusts and asks the same mirror."""
    install({"debootstrap": "debootstrap"})
    # apt knows its mirrors by name only when it has their lists.
    update_lists()
    codename = _release()["VERSION_CODENAME"]
    mirror, components = _mirror(codename)
    root = folder / "root"
    # debootstrap mounts what it needs: in a namespace of its own nothing stays mounted where it is killed.
    debootstrap = ["debootstrap", "--variant=minbase", "--include=ca-certificates"]
    run(["unshare", "--mount", "--", *debootstrap, f"--components={components}", codename, str(root), mirror])
    _trust(root)
    (root / "etc/apt/apt.conf.d/90host").write_text(apt_settings(run(["apt-config", "dump"])))
    for left in [*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*_*")]:
        left.unlink()
    run(
        ["tar", "-C", str(root), "--numeric-owner", "--exclude=./dev/*", "-cf", str(folder / "root.tar"), "."]
    )
    shutil.rmtree(root)


def _mirror(codename: str) -> tuple[str, str]:
    """Where apt gets ``codename`` from, and its components, separated by commas."""
    line = "$(CODENAME) $(REPO_URI) $(COMPONENT)"
    targets = [
        words
        for words in map(
            str.split, run(["apt-get", "indextargets", "--format", line, "Created-By: Packages"]).splitlines()
        )
        if words[0] == codename
    ]
    if not targets:
        raise NoEngineError(f"apt has no source for {codename}")
    mirror = targets[0][1]
    return mirror, ",".join(dict.fromkeys(component for _, uri, component in targets if uri == mirror))


def _trust(root: Path) -> None:
    bundle = root / _HOST_CERTIFICATES.relative_to("/")
    for number, certificate in enumerate(missing_certificates(_trusted(), bundle.read_text())):
        (root / f"usr/local/share/ca-certificates/host-{number}.crt").write_text(certificate + "\n")
    run(["chroot", str(root), "update-ca-certificates"])


def _trusted() -> str:
    """All certificates that this machine trusts (PEM)."""
    chosen = Path(os.environ.get("SSL_CERT_FILE") or _HOST_CERTIFICATES)
    return chosen.read_text() if chosen.is_file() else ""


def _key() -> str:
    """A digest of all that a stand-in depends on here, releases of Debian's packages left out."""
    digest = hashlib.sha256()
    for part in [
        *(path.read_text() for path in sorted(_SOURCE.iterdir())),
        _trusted(),
        _release().get("VERSION_CODENAME", ""),
        platform.machine(),
    ]:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()[:12]


def _release() -> dict[str, str]:
    """What /etc/os-release says, empty where there is none."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
