"""A subject as one version of a history."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.history.candidate import Candidate, candidate_of, tag_of
from perf_matrix.subjects.spec import Commit, Folder, Image, Release, Subject

SHA = "1a2b3c4d5e" * 4


@pytest.mark.parametrize(
    ("subject", "spec", "label"),
    [
        (Release("litellm", "1.80.9"), "litellm==1.80.9", "1.80.9"),
        (Commit(Path("/it"), SHA, SHA), f"git:{SHA}", "1a2b3c4d"),
        (Commit(Path("/it"), "1A2B3C", SHA), f"git:{SHA}", "1a2b3c4d"),
        (Commit(Path("/it"), "main~2", SHA), f"git:{SHA}", "main~2"),
        (Commit(Path("/it"), "refs/tags/v1", SHA), f"git:{SHA}", "v1"),
        (Commit(Path("/it"), "caf\udce9\x9b", SHA), f"git:{SHA}", "caf\ufffd\ufffd"),
        (Commit(Path("/it"), "\u202e", SHA), f"git:{SHA}", "1a2b3c4d"),
        (Image("host:5000/it:v1"), "image:host:5000/it:v1", "v1"),
    ],
)
def test_how_it_is_written_and_what_it_is_called(subject: Subject, spec: str, label: str) -> None:
    assert candidate_of(subject) == Candidate(spec, label)


@pytest.mark.parametrize("subject", [Image("host:5000/it"), Folder(Path("/src/it"))])
def test_what_has_no_short_name_of_its_own(subject: Subject) -> None:
    assert candidate_of(subject) == Candidate(subject.spec, subject.label)


@pytest.mark.parametrize(
    ("reference", "tag"),
    [
        ("it:v1", "v1"),
        ("it", ""),
        ("host:5000/it", ""),
        ("host:5000/it:v1", "v1"),
        ("it:v1@sha256:" + "0" * 64, ""),
    ],
)
def test_the_tag_of_an_image(reference: str, tag: str) -> None:
    assert tag_of(reference) == tag
