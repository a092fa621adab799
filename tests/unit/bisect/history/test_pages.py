"""Where commits can be read, by the address that git fetches from."""

from __future__ import annotations

import hashlib

import pytest

from perf_matrix.bisect.history.pages import file_in, pages_at

SHA = "1a2b3c4d" * 5


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/BerriAI/litellm.git",
        "https://github.com/BerriAI/litellm",
        "https://github.com/BerriAI/litellm/",
        "https://GitHub.com:443/BerriAI/litellm.git",
        "https://x-access-token:ghs_secret@github.com/BerriAI/litellm.git",
        "http://me@github.com/BerriAI/litellm.git",
        "git@github.com:BerriAI/litellm.git",
        "github.com:BerriAI/litellm",
        "ssh://git@github.com/BerriAI/litellm.git",
        "ssh://git@ssh.github.com:443/BerriAI/litellm.git",
        "git://github.com/BerriAI/litellm.git",
    ],
)
def test_every_way_to_write_one_repository(remote: str) -> None:
    assert pages_at(remote).commit(SHA) == f"https://github.com/BerriAI/litellm/commit/{SHA}"


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@gitlab.com:group/below/it.git", "https://gitlab.com/group/below/it/-/commit/"),
        ("https://user@bitbucket.org/team/it.git", "https://bitbucket.org/team/it/commits/"),
        ("ssh://git@codeberg.org/someone/it", "https://codeberg.org/someone/it/commit/"),
    ],
)
def test_the_hosts_that_are_known(remote: str, page: str) -> None:
    assert pages_at(remote).commit(SHA) == page + SHA


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "https://git.example.com/team/it.git",
        "https://github.com.example.com/team/it.git",
        "https://example.com/@github.com/team/it",
        "git@example.com:team/it.git",
        "file:///srv/git/it.git",
        "/srv/git/it.git",
        "../it",
        "https://github.com/only-one",
        "https://github.com/a/../../b",
        "https://github.com/a/b c",
        "https://github.com/a/<script>",
        "https://github.com\\@example.com/a/b",
        "ext::sh -c evil",
    ],
)
def test_no_page(remote: str) -> None:
    assert pages_at(remote).commit(SHA) == ""


def test_no_login_gets_into_a_page() -> None:
    for remote in (
        "https://me:secret@github.com/a/b",
        "ssh://secret@github.com/a/b",
        "secret@github.com:a/b",
    ):
        assert "secret" not in pages_at(remote).commit(SHA)


def test_a_file_on_the_page_of_a_commit() -> None:
    page = pages_at("git@github.com:a/b.git").commit(SHA)
    digits = hashlib.sha256(b"src/it.py").hexdigest()
    assert file_in(page, "src/it.py") == f"{page}#diff-{digits}"
    assert file_in("", "src/it.py") == file_in(f"https://gitlab.com/a/b/-/commit/{SHA}", "src/it.py") == ""
