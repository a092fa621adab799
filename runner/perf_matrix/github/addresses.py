"""Which addresses the token may be sent to: those of the API, and no other.  (Pure.)"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from requests.utils import parse_header_links

_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int]
"""Scheme, host and port."""


def origin(url: str) -> Origin | None:
    """Where a URL leads; None for what is no http or https URL, or has a login in it."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or not url.isprintable():
        return None
    return parts.scheme, parts.hostname, port


def target(url: str, location: str) -> str:
    """Where a redirect of ``url`` leads; empty where that is no URL."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def is_safe_step(here: str, there: str) -> bool:
    """Whether a redirect may be followed: to http or https, and never from https to http."""
    one, other = origin(here), origin(there)
    return one is not None and other is not None and (one[0] == "http" or other[0] == "https")


def next_page(url: str, link: str) -> str:
    """The URL of the page after ``url`` by its ``Link`` header; empty where it is the last."""
    for found in parse_header_links(link):
        if found.get("rel") == "next":
            return target(url, found.get("url", ""))
    return ""
