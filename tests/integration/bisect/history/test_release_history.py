"""The releases between two, by an index: the real one, and small ones of this machine that answer in every way."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from perf_matrix.bisect.history.releases import ReleaseChoice, release_history
from perf_matrix.errors import InputError, MeasurementError, MissingToolError
from perf_matrix.subjects.index import Listing, listed_releases
from perf_matrix.subjects.spec import Release
from perf_matrix.targets.litellm import LiteLLM


def wheel(package: str, version: str) -> bytes:
    """The smallest wheel that pip reads."""
    inside = f"{package}-{version}.dist-info"
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        archive.writestr(
            f"{inside}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        )
        archive.writestr(f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{inside}/RECORD", "")
    return written.getvalue()


@dataclass
class Index:
    """A package index with one package, ``small``: its versions, each with what its link says of it."""

    files: Mapping[str, str] = field(default_factory=dict)
    status: int = HTTPStatus.OK

    def answer(self, path: str) -> tuple[int, bytes]:
        """The status and the body for a path."""
        if self.status != HTTPStatus.OK:
            return self.status, b""
        if path == "/simple/small/":
            return HTTPStatus.OK, self._page().encode()
        if path.startswith("/files/"):
            return HTTPStatus.OK, wheel("small", path.split("-")[1])
        return HTTPStatus.NOT_FOUND, b""

    def _page(self) -> str:
        return "".join(
            f'<a href="/files/{name}#sha256={hashlib.sha256(wheel("small", version)).hexdigest()}" {said}>{name}</a>\n'
            for version, said in self.files.items()
            for name in [f"small-{version}-py3-none-any.whl"]
        )


@contextmanager
def serving(index: Index) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = index.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://me:secret@127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes pip ask this index alone, once, and keep nothing."""

    def use(url: str) -> None:
        settings = {"INDEX_URL": url, "EXTRA_INDEX_URL": "", "FIND_LINKS": "", "RETRIES": "0"}
        for name, value in {**settings, "NO_CACHE_DIR": "1", "CONFIG_FILE": "/dev/null"}.items():
            monkeypatch.setenv(f"PIP_{name}", value)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    return use


YANKED = 'data-yanked="broken"'


def test_releases_of_the_real_index() -> None:
    target = LiteLLM()
    history = release_history(
        Release("litellm", "1.80.5"), Release("litellm", "1.81.0"), ReleaseChoice(), target.refusal
    )
    labels = [candidate.label for candidate in history.candidates]
    assert (labels[0], labels[-1]) == ("1.80.5", "1.81.0")
    assert {"1.80.7", "1.80.10"} <= set(labels)
    assert not any("rc" in label or "dev" in label for label in labels)
    assert [candidate.spec for candidate in history.candidates] == [f"litellm=={label}" for label in labels]


def test_what_was_yanked_is_not_between_but_may_be_an_end(use: Callable[[str], None]) -> None:
    index = Index({"1.0": "", "1.1": YANKED, "1.2": "", "1.3rc1": "", "2.0": YANKED})
    with serving(index) as url:
        use(url)
        assert listed_releases("small") == Listing(("1.3rc1", "1.2", "1.0"))
        assert listed_releases("small", ["1.0", "2.0", "3.0"]) == Listing(("1.3rc1", "1.2", "1.0"), ("2.0",))
        history = release_history(
            Release("small", "1.0"), Release("small", "2.0"), ReleaseChoice(), lambda _: None
        )
    assert [candidate.label for candidate in history.candidates] == ["1.0", "1.2", "2.0"]
    assert any("small==2.0 has been yanked" in note for note in history.notes)


def test_a_release_for_another_python_is_not_offered(use: Callable[[str], None]) -> None:
    with serving(Index({"1.0": "", "1.1": 'data-requires-python="&lt;3"'})) as url:
        use(url)
        assert listed_releases("small", ["1.1"]) == Listing(("1.0",))


def test_a_package_that_the_index_does_not_have(use: Callable[[str], None]) -> None:
    with serving(Index({"1.0": ""})) as url:
        use(url)
        with pytest.raises(InputError) as told:
            listed_releases("another")
    assert str(told.value).startswith("the package index lists no release of another for Python 3.")
    assert "pip config list" in str(told.value)


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_an_index_that_refuses(use: Callable[[str], None], status: int) -> None:
    with serving(Index(status=status)) as url:
        use(url)
        with pytest.raises(MeasurementError) as told:
            listed_releases("small")
    assert str(told.value).startswith(
        "the package index does not answer when asked for the releases of small: http://"
    )
    assert str(status) in str(told.value)
    assert "secret" not in str(told.value)
    assert "--list FILE" in str(told.value)


def test_an_index_that_is_not_there(use: Callable[[str], None]) -> None:
    with serving(Index()) as url:
        pass
    use(url)
    with pytest.raises(MeasurementError, match="does not answer when asked for the releases of small"):
        listed_releases("small")


def test_a_pip_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path))
    subprocess.run([*install, "pip==24.3.1"], check=True, capture_output=True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"pip is too old .* -m pip install 'pip>=25\.1'$"):
        listed_releases("small")
