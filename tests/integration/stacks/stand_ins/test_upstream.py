"""The upstream, asked by OpenAI's own client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import openai
import pytest
import requests

from perf_matrix.matrix.model import Upstream
from perf_matrix.processes import end, spawn
from perf_matrix.stacks.stand_ins import StandIn, StandInPrograms

from .conftest import Start

ANSWER = "This answer is always the same."
QUESTION = {"model": "gpt-x", "messages": [{"role": "user", "content": "Say ok."}]}
LATENCY_MS = 400


@pytest.fixture
def client(upstream: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{upstream}/v1", api_key="any", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI) -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(model="gpt-x", messages=[{"role": "user", "content": "Say ok."}])


# --- OpenAI's forms ------------------------------------------------------------------------------


def test_a_completion(client: openai.OpenAI) -> None:
    completion = ask(client)
    assert completion.model == "gpt-x"
    assert [choice.message.content for choice in completion.choices] == [ANSWER]
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage
    assert (
        completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    )


def test_the_same_question_has_the_same_answer(client: openai.OpenAI) -> None:
    assert ask(client) == ask(client)


def test_a_streamed_completion(client: openai.OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="gpt-x", messages=[{"role": "user", "content": "Say ok."}], stream=True
        )
    )
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert deltas[0].role == "assistant"
    assert len(chunks) > 3
    assert "".join(delta.content or "" for delta in deltas) == ANSWER
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert not any(chunk.usage for chunk in chunks)


def test_a_stream_ends_with_what_was_used_where_that_is_asked_for(client: openai.OpenAI) -> None:
    *others, last = client.chat.completions.create(
        model="gpt-x",
        messages=[{"role": "user", "content": "Say ok."}],
        stream=True,
        stream_options={"include_usage": True},
    )
    assert (last.choices, last.usage) == ([], ask(client).usage)
    assert all(chunk.choices and chunk.usage is None for chunk in others)


def test_a_stream_ends_with_its_mark(upstream: str) -> None:
    body = {**QUESTION, "stream": True}
    answer = requests.post(f"{upstream}/v1/chat/completions", json=body, timeout=30)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(json.loads(event.removeprefix("data: ")) for event in events[:-2])


@pytest.mark.parametrize(
    ("given", "count"),
    [("one", 1), (["one", "two"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2)],
    ids=["text", "texts", "tokens", "texts as tokens"],
)
def test_embeddings(client: openai.OpenAI, given: str | list[str], count: int) -> None:
    # The client asks for base64 unless told, and decodes it.
    by_default = client.embeddings.create(model="e", input=given, dimensions=8)
    as_numbers = client.embeddings.create(model="e", input=given, dimensions=8, encoding_format="float")
    assert [each.index for each in by_default.data] == list(range(count))
    assert by_default == as_numbers
    assert {len(each.embedding) for each in by_default.data} == {8}


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["stand-in-chat", "stand-in-embedding"]


def test_a_bad_request_is_an_error_of_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        client.chat.completions.create(model="gpt-x", messages=[])
    assert (told.value.type, told.value.param) == ("invalid_request_error", "messages")
    assert "at least 1 item" in told.value.message


def test_an_unknown_endpoint_is_an_error_of_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as told:
        client.images.generate(prompt="a stand-in")
    assert told.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        ("chat/completions", b"", None),
        ("chat/completions", b"{", None),
        ("chat/completions", b"[]", None),
        ("chat/completions", b"\xff\xfe", None),
        ("chat/completions", b"[" * 100_000, None),
        ("chat/completions", b'{"messages": [{"role": "user"}]}', "model"),
        ("chat/completions", b'{"model": 1, "messages": [{"role": "user"}]}', "model"),
        ("chat/completions", b'{"model": "m"}', "messages"),
        ("chat/completions", b'{"model": "m", "messages": ["hello"]}', "messages"),
        ("chat/completions", b'{"model": "m", "messages": [{"role": "user"}], "stream": "yes"}', "stream"),
        ("embeddings", b'{"model": "m"}', "input"),
        ("embeddings", b'{"model": "m", "input": []}', "input"),
        ("embeddings", b'{"model": "m", "input": "a", "encoding_format": "hex"}', "encoding_format"),
    ],
)
def test_what_is_no_request_is_refused(upstream: str, path: str, body: bytes, parameter: str | None) -> None:
    answer = requests.post(f"{upstream}/v1/{path}", data=body, timeout=30)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", parameter, None)
    assert error["message"]


def test_a_wrong_method_is_refused(upstream: str) -> None:
    answer = requests.get(f"{upstream}/v1/chat/completions", timeout=30)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["type"] == "invalid_request_error"


# --- latency -------------------------------------------------------------------------------------


def taken_ms(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


@pytest.mark.parametrize("stream", [False, True])
def test_the_control_endpoint_has_the_same_answer_without_the_latency(
    start: Start,
    stream: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    url = start(Upstream(latency_ms=LATENCY_MS)).url
    body = {**QUESTION, "stream": stream}
    with requests.Session() as session:

        def ask_it(path: str) -> bytes:
            return session.post(url + path, json=body, timeout=30).content

        late = [taken_ms(lambda: ask_it("/v1/chat/completions")) for _ in range(5)]
        control = [taken_ms(lambda: ask_it("/control/v1/chat/completions")) for _ in range(5)]
        assert ask_it("/v1/chat/completions") == ask_it("/control/v1/chat/completions")
    assert min(late) >= LATENCY_MS
    # The quickest of each: other work on the machine makes single ones late.
    assert min(control) < min(late) / 4


def test_a_kept_connection_is_no_slower_than_new_ones(upstream: str) -> None:
    # It would be by 40 ms where the end of an answer is held back until its beginning has been acknowledged.
    url = f"{upstream}/control/v1/chat/completions"
    anew = [taken_ms(lambda: requests.post(url, json=QUESTION, timeout=30)) for _ in range(30)]
    with requests.Session() as session:
        kept = [taken_ms(lambda: session.post(url, json=QUESTION, timeout=30)) for _ in range(30)]
    assert median(kept) < 2 * median(anew)


def test_a_stream_has_its_latency_before_the_first_chunk_only(start: Start) -> None:
    url = start(Upstream(latency_ms=LATENCY_MS)).url
    begun = time.perf_counter()
    with requests.post(
        f"{url}/v1/chat/completions", json={**QUESTION, "stream": True}, stream=True, timeout=30
    ) as answer:
        arrived = [time.perf_counter() for line in answer.iter_lines() if line]
    first_ms, rest_ms = (arrived[0] - begun) * 1000, (arrived[-1] - arrived[0]) * 1000
    assert first_ms >= LATENCY_MS
    assert rest_ms < first_ms / 4


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/chat/completions", QUESTION),
        ("POST", "/v1/embeddings", {"model": "e", "input": "a"}),
        ("GET", "/v1/models", None),
    ],
)
def test_every_endpoint_of_the_llm_has_the_latency(
    start: Start, method: str, path: str, body: dict[str, object] | None
) -> None:
    url = start(Upstream(latency_ms=LATENCY_MS)).url
    assert taken_ms(lambda: requests.request(method, url + path, json=body, timeout=30)) >= LATENCY_MS


def test_requests_wait_at_the_same_time(start: Start) -> None:
    url = start(Upstream(latency_ms=LATENCY_MS)).url
    with ThreadPoolExecutor(20) as pool:
        asked = [f"{url}/v1/models"] * 20
        together_ms = taken_ms(lambda: list(pool.map(partial(requests.get, timeout=30), asked)))
    assert LATENCY_MS <= together_ms < 20 * LATENCY_MS / 2


def test_health_is_told_at_once(start: Start) -> None:
    url = start(Upstream(latency_ms=60_000)).url
    assert requests.get(f"{url}/health", timeout=30).json() == {"status": "ok"}


# --- jitter --------------------------------------------------------------------------------------


def latencies(url: str, count: int = 20) -> list[float]:
    """How late each of so many answers was meant to be, in ms, as the upstream says."""
    with requests.Session() as session:
        answers = [session.get(f"{url}/v1/models", timeout=30) for _ in range(count)]
    return [float(answer.headers["x-stand-in-latency-ms"]) for answer in answers]


def test_without_jitter_all_are_equally_late(start: Start) -> None:
    assert set(latencies(start(Upstream(latency_ms=2.5)).url)) == {2.5}


def test_jitter_comes_on_top_of_the_latency(start: Start) -> None:
    drawn = latencies(start(Upstream(latency_ms=2, jitter_ms=10)).url, 100)
    assert 2 <= min(drawn) < 4
    assert 10 < max(drawn) <= 12
    assert len(set(drawn)) > 90


def test_what_is_drawn_is_what_is_waited(start: Start) -> None:
    url = start(Upstream(jitter_ms=300)).url
    with requests.Session() as session:
        for _ in range(5):
            begun = time.perf_counter()
            answer = session.get(f"{url}/v1/models", timeout=30)
            assert (time.perf_counter() - begun) * 1000 >= float(answer.headers["x-stand-in-latency-ms"])


def test_two_stacks_draw_the_same_jitter(start: Start) -> None:
    wanted = Upstream(jitter_ms=5)
    assert latencies(start(wanted).url) == latencies(start(wanted).url)


def test_another_seed_draws_another_sequence(
    programs: StandInPrograms, environ: dict[str, str], tmp_path: Path
) -> None:
    def drawn(seed: int) -> list[float]:
        log = tmp_path / f"{time.monotonic_ns()}.log"
        argv = [str(programs.python), "-P", "-m", "perf_matrix_stand_ins", "upstream"]
        argv += ["--jitter-ms=5", f"--seed={seed}"]
        process = spawn("it", argv, env=environ, log=log, cwd=tmp_path)
        try:
            while "listening on" not in log.read_text():
                process.check_alive()
                time.sleep(0.02)
            stand_in = StandIn(process, f"http://127.0.0.1:{log.read_text().split()[-1]}")
            return latencies(stand_in.url)
        finally:
            end([process])

    one = drawn(1)
    assert drawn(1) == one
    assert drawn(2) != one
