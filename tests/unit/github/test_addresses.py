"""Which addresses are the API's, and where redirects and next pages lead."""

from __future__ import annotations

import pytest

from perf_matrix.github.addresses import is_safe_step, next_page, origin, target


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("https://api.github.com", ("https", "api.github.com", 443)),
        ("https://api.github.com:443/repositories/1?page=2", ("https", "api.github.com", 443)),
        ("HTTPS://API.GitHub.com/x", ("https", "api.github.com", 443)),
        ("http://127.0.0.1:8080/api/v3", ("http", "127.0.0.1", 8080)),
        ("https://ghe.example/api/v3/", ("https", "ghe.example", 443)),
        ("http://[::1]/", ("http", "::1", 80)),
        ("https://api.github.com@evil.example/", None),
        ("https://evil.example\\@api.github.com/", None),
        ("https://user:word@api.github.com/", None),
        ("https://api.github.com\n.evil.example/", None),
        ("https://api.github.com:port/", None),
        ("https://[api.github.com/", None),
        ("ftp://api.github.com/", None),
        ("file:///etc/passwd", None),
        ("//api.github.com/", None),
        ("/repos", None),
        ("https:///repos", None),
        ("", None),
    ],
)
def test_where_a_url_leads(url: str, leads_to: tuple[str, str, int] | None) -> None:
    assert origin(url) == leads_to


@pytest.mark.parametrize(
    ("here", "there", "safe"),
    [
        ("https://api.github.com/x", "https://storage.example/y", True),
        ("https://api.github.com/x", "http://api.github.com/x", False),
        ("https://api.github.com/x", "http://storage.example/y", False),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:2/y", True),
        ("http://127.0.0.1:1/x", "https://storage.example/y", True),
        ("https://api.github.com/x", "file:///etc/passwd", False),
        ("https://api.github.com/x", "", False),
    ],
)
def test_what_may_be_followed(here: str, there: str, safe: bool) -> None:  # noqa: FBT001
    assert is_safe_step(here, there) is safe


def test_redirects_may_be_relative() -> None:
    assert target("https://ghe.example/api/v3/repos/a/b", "/api/v3/repositories/7") == (
        "https://ghe.example/api/v3/repositories/7"
    )
    assert target("https://ghe.example/x", "https://[broken") == ""


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ('<https://api.example/x?page=2>; rel="next", <https://api.example/x?page=9>; rel="last"', "?page=2"),
        ('<https://api.example/x?page=1>; rel="prev", <https://api.example/x?page=3>; rel="next"', "?page=3"),
        ('<https://api.example/x?page=1>; rel="first"', None),
        ("", None),
        ("nonsense", None),
        ("<>;;=,<", None),
    ],
)
def test_the_next_page(link: str, following: str | None) -> None:
    expected = "" if following is None else f"https://api.example/x{following}"
    assert next_page("https://api.example/x", link) == expected
