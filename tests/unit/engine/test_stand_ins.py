from __future__ import annotations

from scripts.engine.stand_ins import apt_settings, missing_certificates


def certificate(content: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----"


def test_only_how_mirrors_are_reached_and_checked_is_taken_over() -> None:
    dump = """APT::Architecture "amd64";
Acquire::http::Proxy "http://cache.example:3142";
Acquire::https::mirror.example::Proxy "DIRECT";
Acquire::https::CaInfo "/etc/company.pem";
Acquire::Check-Valid-Until "false";
Acquire::GzipIndexes "true";
"""

    assert apt_settings(dump).splitlines() == [
        'Acquire::http::Proxy "http://cache.example:3142";',
        'Acquire::https::mirror.example::Proxy "DIRECT";',
        'Acquire::Check-Valid-Until "false";',
    ]


def test_certificates_that_an_image_lacks() -> None:
    known, added = certificate("AAAA"), certificate("BBBB")

    assert missing_certificates(f"# known\n{known}\n{added}\n", f"{known}\n") == [added]
    assert missing_certificates("", known) == []
