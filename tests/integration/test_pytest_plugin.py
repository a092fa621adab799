"""The pytest plugin as a project's own tests use it: in a pytest of its own, on a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from perf_matrix.lease import LEASE_VARIABLE, Lease
from perf_matrix.stacks.postgres import LOCAL_SETTINGS, PostgresServer, start_postgres
from perf_matrix.stacks.postgres_programs import PostgresPrograms

pytest_plugins = ["pytester"]

DOCS = (Path(__file__).parents[2] / "docs" / "PYTEST.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(
    re.findall(r"^<!-- example: ([\w.]+) -->\n```\w+\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
)
DATABASE = "shop"
SCHEMA = """
    CREATE TABLE users (id int PRIMARY KEY, name text);
    CREATE TABLE keys (user_id int);
    INSERT INTO users SELECT id, 'user ' || id FROM generate_series(1, 40) AS id;
    INSERT INTO keys SELECT id FROM users;
"""
USERS = "SELECT id, name FROM users ORDER BY id LIMIT $1"
KEYS_OF_USER = "SELECT count(*) FROM keys WHERE user_id = $1"

PREAMBLE = """
import threading
import psycopg
import pytest

@pytest.fixture
def database(perf_database_url):
    with psycopg.connect(perf_database_url, autocommit=True) as connection:
        yield connection

@pytest.fixture
def users(database):
    def users(size):
        return database.execute("SELECT id, name FROM users ORDER BY id LIMIT %s", [size]).fetchall()
    return users

@pytest.fixture
def users_with_keys(database, users):
    def users_with_keys(size):
        for id, _ in users(size):
            database.execute("SELECT count(*) FROM keys WHERE user_id = %s", [id])
    return users_with_keys
"""


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    postgres.create(DATABASE)
    with postgres.connect(DATABASE) as connection:
        connection.execute(SCHEMA.encode())
    yield postgres.url(DATABASE)
    postgres.drop(DATABASE)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Runs a test module in a pytest of its own that has this plugin only."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(tests: str, *arguments: str, **environ: str) -> pytest.RunResult:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        pytester.makepyfile(PREAMBLE + tests)
        return pytester.runpytest_subprocess("-p", "perf_matrix.pytest_plugin", *arguments)

    return run


def _database(url: str) -> str:
    return f"--perf-database-url={url}"


def test_requests_that_keep_to_their_limit_pass(run: Callable[..., pytest.RunResult], url: str) -> None:
    result = run(
        """
def test_exactly(assert_queries, users):
    assert_queries(lambda: users(5), exactly=1)

def test_fewer(assert_queries, users):
    assert_queries(lambda: users(5), at_most=3)

def test_nothing(assert_queries, database):
    assert_queries(lambda: None, at_most=0)

def test_one_for_all_rows(assert_no_n_plus_one, users):
    assert_no_n_plus_one(users)

def test_first_request_fills_a_cache(assert_queries, users):
    cache = {}
    assert_queries(lambda: cache or cache.update(users(5)), exactly=0)

def test_transactions(assert_queries, database, users):
    def request():
        with database.transaction():
            users(5)
    assert_queries(request, exactly=1)
""",
        _database(url),
    )
    result.assert_outcomes(passed=6)


def test_an_n_plus_one_is_shown_with_its_statement(run: Callable[..., pytest.RunResult], url: str) -> None:
    result = run(
        """
def test_list(assert_no_n_plus_one, users_with_keys):
    assert_no_n_plus_one(users_with_keys, sizes=(3, 7))
""",
        _database(url),
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*assert_no_n_plus_one(users_with_keys, sizes=(3, 7))",
            "E*users_with_keys: 4 SQL statements for 3 rows and 8 SQL statements for 7 rows: 1 more *, an N+1.",
            f"E*1  {KEYS_OF_USER}",
        ]
    )
    _shows_no_code_of_ours(result)


def test_a_statement_too_many_is_shown_with_all_statements(
    run: Callable[..., pytest.RunResult], url: str
) -> None:
    result = run(
        """
def test_list(assert_queries, users_with_keys):
    assert_queries(lambda: users_with_keys(3), at_most=3, name="/user/list")

def test_gain(assert_queries, users):
    assert_queries(lambda: users(3), exactly=4)
""",
        _database(url),
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*/user/list: 4 SQL statements per request, at most 3 allowed.",
            f"E*3  {KEYS_OF_USER}",
            f"E*1  {USERS}",
            "E*write at_most=4.",
            "E*the request: 1 SQL statement per request, exactly 4 allowed.",
        ]
    )
    _shows_no_code_of_ours(result)


def test_what_runs_in_the_background_is_not_counted(run: Callable[..., pytest.RunResult], url: str) -> None:
    result = run(
        """
@pytest.fixture
def job(perf_database_url):
    stop = threading.Event()
    def work():
        with psycopg.connect(perf_database_url, autocommit=True) as connection:
            while not stop.wait(0.07):
                connection.execute("SELECT max(user_id) FROM keys")
    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()

def test_list(job, assert_queries, users):
    assert_queries(lambda: users(5), exactly=1)

def test_message(job, assert_queries, users):
    assert_queries(lambda: users(5), exactly=2)
""",
        _database(url),
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*Not counted: background*", "E*SELECT max(user_id) FROM keys"])


def test_a_count_that_does_not_repeat_fails_with_the_reason(
    run: Callable[..., pytest.RunResult], url: str
) -> None:
    result = run(
        """
def test_list(assert_queries, users):
    sizes = iter(range(1000))
    def request():
        for _ in range(1 + next(sizes) // 5):
            users(5)
    assert_queries(request, at_most=1000)
""",
        _database(url),
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*request: the SQL statements per request could not be counted exactly, so 'at most 1000' is not proved.",
            f"E*Reason: {USERS}: * calls in 4 requests but * calls in *",
            "E*To do: let every call do the same work*",
        ]
    )


def test_too_few_rows_prove_nothing(run: Callable[..., pytest.RunResult], url: str) -> None:
    result = run(
        """
def test_list(assert_no_n_plus_one, users):
    assert_no_n_plus_one(users, sizes=(50, 100))
""",
        _database(url),
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*users: the statements read as many rows for 100 rows as for 50 rows*"])


def test_an_endpoint_that_raises_shows_its_own_error(run: Callable[..., pytest.RunResult], url: str) -> None:
    result = run(
        """
def request(size=1):
    raise RuntimeError("502 Bad Gateway")

def test_one(assert_queries):
    assert_queries(request, at_most=1)

def test_two(assert_no_n_plus_one):
    assert_no_n_plus_one(request)
""",
        _database(url),
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            ">*assert_queries(request, at_most=1)",
            "E*RuntimeError: 502 Bad Gateway",
            ">*assert_no_n_plus_one(request)",
            "E*RuntimeError: 502 Bad Gateway",
        ]
    )
    _shows_no_code_of_ours(result)


def test_what_cannot_be_asserted_is_refused_in_words(run: Callable[..., pytest.RunResult], url: str) -> None:
    result = run(
        """
async def request():
    pass

def test_asynchronous(assert_queries):
    assert_queries(request, at_most=1)

def test_no_limit(assert_queries, users):
    assert_queries(users)
""",
        _database(url),
        "-W",
        "error",
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["the endpoint is asynchronous: *synchronous client*", "say how many *"])
    _shows_no_code_of_ours(result)


ONE_TEST = """
def test_list(assert_queries, users):
    assert_queries(lambda: users(5), exactly=1)
"""
OTHER_DATABASE = "postgresql://nobody@127.0.0.1:1/nowhere"


def test_the_database_can_be_given_by_the_environment_or_the_ini_file(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, url: str
) -> None:
    pytester.makeini(f"[pytest]\nperf_database_url = {url}\n")
    run(ONE_TEST).assert_outcomes(passed=1)
    run(ONE_TEST, PERF_MATRIX_DATABASE_URL=OTHER_DATABASE).assert_outcomes(errors=1)
    run(ONE_TEST, _database(url), PERF_MATRIX_DATABASE_URL=OTHER_DATABASE).assert_outcomes(passed=1)


def test_the_database_can_be_given_by_a_fixture_of_any_scope(
    run: Callable[..., pytest.RunResult], url: str
) -> None:
    fixture = f"""
@pytest.fixture
def perf_database_url(tmp_path):
    return {url!r}
"""
    run(fixture + ONE_TEST, PERF_MATRIX_DATABASE_URL=OTHER_DATABASE).assert_outcomes(passed=1)


def test_without_a_database_the_test_says_how_to_give_one(run: Callable[..., pytest.RunResult]) -> None:
    result = run(ONE_TEST)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--perf-database-url*PERF_MATRIX_DATABASE_URL*ini file*"])
    _shows_no_code_of_ours(result)


def test_a_server_that_cannot_be_reached_is_an_error_in_words(
    run: Callable[..., pytest.RunResult],
) -> None:
    result = run(
        """
def test_list(assert_queries):
    assert_queries(lambda: None, exactly=0)
""",
        _database(OTHER_DATABASE),
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["Postgres cannot be reached to count statements: *"])
    _shows_no_code_of_ours(result)


def test_a_server_without_pg_stat_statements_is_refused_with_what_to_change(
    run: Callable[..., pytest.RunResult], postgres_programs: PostgresPrograms, lease: Lease, tmp_path: Path
) -> None:
    plain = {
        name: value for name, value in LOCAL_SETTINGS.items() if "pg_stat_statements" not in name + value
    }
    environ = {"PATH": os.environ["PATH"], LEASE_VARIABLE: lease.id}
    private = lease.private / "without-statements"
    private.mkdir()
    private.chmod(0o755)
    server = start_postgres(postgres_programs, private, environ, settings=plain)
    try:
        server.create(DATABASE)
        result = run(ONE_TEST, _database(server.url(DATABASE)))
    finally:
        server.stop()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["Postgres at * does not count statements.*shared_preload_libraries = 'pg_stat_statements'"]
    )
    _shows_no_code_of_ours(result)


@pytest.fixture
def role(postgres: PostgresServer, url: str) -> Iterator[str]:
    """The URL for a role without rights; the service's own statements are another role's."""
    with postgres.connect() as connection:
        connection.execute("CREATE ROLE litellm LOGIN PASSWORD 'secret'")
        yield f"postgresql://litellm:secret@127.0.0.1:{postgres.port}/{DATABASE}"
        connection.execute("DROP OWNED BY litellm")
        connection.execute("DROP ROLE litellm")


AS_SUPERUSER = """
@pytest.fixture
def users():
    with psycopg.connect({url!r}, autocommit=True) as connection:
        yield lambda size: connection.execute("SELECT id, name FROM users LIMIT %s", [size]).fetchall()
"""


def test_the_rights_in_the_manual_are_enough(
    run: Callable[..., pytest.RunResult], postgres: PostgresServer, url: str, role: str
) -> None:
    tests = AS_SUPERUSER.format(url=url) + ONE_TEST
    with postgres.connect() as connection:
        connection.execute(b"CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        run(tests, _database(role)).assert_outcomes(failed=1)
        connection.execute(EXAMPLES["rights"].encode())
    run(tests, _database(role)).assert_outcomes(passed=1)


def test_missing_rights_are_named(
    run: Callable[..., pytest.RunResult], postgres: PostgresServer, url: str, role: str
) -> None:
    with postgres.connect() as connection:
        connection.execute(b"CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    result = run(AS_SUPERUSER.format(url=url) + ONE_TEST, _database(role))
    result.assert_outcomes(failed=1)
    for right in EXAMPLES["rights"].splitlines():
        result.stdout.fnmatch_lines([f"*{right.replace('litellm', '*litellm*')}*"])
    _shows_no_code_of_ours(result)


def test_assertions_of_two_processes_do_not_disturb_each_other(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        PREAMBLE
        + """
@pytest.mark.parametrize("number", range(8))
def test_list(assert_queries, users, number):
    assert_queries(lambda: users(5), exactly=1)
"""
    )
    command = [sys.executable, "-m", "pytest", "-p", "perf_matrix.pytest_plugin", "-p", "no:cacheprovider"]
    runs = [pytester.popen([*command, _database(url)], stdin=subprocess.DEVNULL) for _ in range(2)]
    said = [one.communicate()[0].decode() for one in runs]
    assert [one.returncode for one in runs] == [0, 0], "\n".join(said)


@contextmanager
def _proxy(url: str, *, careless: bool) -> Iterator[str]:
    """Answers ``GET /user/list?page_size=N`` as LiteLLM's proxy does, with one more statement per user if careless."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == "Bearer sk-1234"
            answer = self._users() if allowed else {"error": "Authentication Error"}
            body = json.dumps(answer).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _users(self) -> Mapping[str, object]:
            size = int(parse_qs(urlsplit(self.path).query)["page_size"][0])
            with psycopg.connect(url, autocommit=True) as connection:
                ids = connection.execute("SELECT id FROM users ORDER BY id LIMIT %s", [size]).fetchall()
                for user in ids if careless else []:
                    connection.execute("SELECT count(*) FROM keys WHERE user_id = %s", user)
            return {"users": [{"user_id": user} for (user,) in ids], "page_size": size}

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("careless", "outcomes"), [(False, {"passed": 2}), (True, {"failed": 2})])
def test_the_example_in_the_manual_finds_an_n_plus_one_and_nothing_else(
    run: Callable[..., pytest.RunResult],
    pytester: pytest.Pytester,
    url: str,
    careless: bool,  # noqa: FBT001
    outcomes: dict[str, int],
) -> None:
    pytester.makeconftest(EXAMPLES["conftest.py"])
    with _proxy(url, careless=careless) as proxy:
        result = run(
            EXAMPLES["test_sql_counts.py"],
            _database(url),
            LITELLM_URL=proxy,
            LITELLM_MASTER_KEY="sk-1234",
        )
    result.assert_outcomes(**outcomes)
    if careless:
        result.stdout.fnmatch_lines(
            [
                "E*GET /user/list: 26 SQL statements per request, at most 3 allowed.",
                "E*GET /user/list: 11 SQL statements for 10 rows and 26 SQL statements for 25 rows: *N+1.",
            ]
        )


def test_the_example_in_the_manual_fails_where_the_key_is_wrong(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, url: str
) -> None:
    pytester.makeconftest(EXAMPLES["conftest.py"])
    with _proxy(url, careless=False) as proxy:
        result = run(
            EXAMPLES["test_sql_counts.py"], _database(url), LITELLM_URL=proxy, LITELLM_MASTER_KEY="sk-0"
        )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E*HTTPError: 401*"])


def test_tests_that_do_not_use_it_load_nothing_for_it(run: Callable[..., pytest.RunResult]) -> None:
    result = run(
        """
import sys

def test_nothing_is_loaded():
    heavy = {"numpy", "pydantic", "scipy", "sqlglot"}
    assert not heavy & set(sys.modules)
    assert {name for name in sys.modules if name.startswith("perf_matrix.")} == {
        "perf_matrix.errors", "perf_matrix.pytest_plugin"
    }
"""
    )
    result.assert_outcomes(passed=1)


def _shows_no_code_of_ours(result: pytest.RunResult) -> None:
    shown = [line for line in result.outlines if re.search(r"perf_matrix[/.]\w+.*\.py:\d+", line)]
    assert shown == []
