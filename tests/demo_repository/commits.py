"""The history of the demonstration repository, oldest first: what each commit changes, and which are bad.

Every commit is one that somebody might have made. Three of them cost something, each in another way, and two do
not start; the rest of the service's work is the same from the first to the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.demo_repository.edits import Append, Edit, Replace, Write
from tests.demo_repository.source import VERSION

Kind = Literal[
    "fine",
    "n-plus-one",  # /users: one more statement for each user on the page
    "extra-lookup",  # /chat: a setting is looked up for every request
    "slow-search",  # /search: the same statement takes the database 6 ms more
    "does-not-install",
    "does-not-start",
]

_SERVICE = "demo_service/service.py"
_STATEMENTS = "demo_service/statements.py"
_PROJECT = "pyproject.toml"
_README = "README.md"
_CHANGELOG = "CHANGELOG.md"


@dataclass(frozen=True)
class Change:
    """One commit."""

    title: str
    edits: tuple[Edit, ...]
    kind: Kind = "fine"


@dataclass(frozen=True)
class Merge:
    """A merge commit, and the branch that it merges, which left the main line ``behind`` commits before it."""

    title: str
    branch: tuple[Change, ...]
    behind: int


def _change(title: str, *edits: Edit) -> Change:
    return Change(title, edits)


def _version(before: str, after: str, news: str) -> Change:
    told = Append(_CHANGELOG, f"\n## {after}\n\n- {news}\n")
    return _change(
        f"Version {after}", Replace(_PROJECT, f'version = "{before}"', f'version = "{after}"'), told
    )


_MEANT_SETTINGS = '''\
@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    database_url: str
    port: int


'''
_SLOW_RELEVANCE = """\
-- Also how near the beginning the words of a name are. The sleep stands for a computation that takes as long.
CREATE OR REPLACE FUNCTION relevance(name text) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.006);
    RETURN 1.0 / length(name);
END $$;
"""

_USAGE_NOTES = Merge(
    "Merge branch 'usage-notes'",
    (
        _change(
            "Explain why usage is written in batches",
            Replace(
                "demo_service/usage.py",
                '"""Collects usages; ``flush`` writes all of them in one statement."""',
                '"""Collects usages; ``flush`` writes all of them in one statement.\n\n'
                '    So that no chat waits for it.\n    """',
            ),
        ),
        _change(
            "Say what one row of the usage log is",
            Replace(
                "demo_service/usage.py",
                '"""What one chat used."""',
                '"""What one chat used: one row of the log."""',
            ),
        ),
    ),
    behind=2,
)
_MODERATION = Merge(
    "Merge branch 'moderation'",
    (
        _change(
            "Describe the settings",
            Write(
                "docs/SETTINGS.md",
                "# Settings\n\nRows of the table `settings`.\n\n"
                "- `default_model`: the model of a chat that names none\n- `moderation`: `off` or `strict`\n",
            ),
        ),
        Change(
            "Heed the moderation setting in every chat",
            (
                Replace(
                    _STATEMENTS,
                    "ALL_SETTINGS = ",
                    'SETTING = "SELECT value FROM settings WHERE name = %s"\nALL_SETTINGS = ',
                ),
                Replace(_SERVICE, "REPORT, SEARCH, TEAMS, USERS", "REPORT, SEARCH, SETTING, TEAMS, USERS"),
                Replace(
                    _SERVICE,
                    "        await self._refresh_settings()\n",
                    '        moderation = await self._database.rows(SETTING, "moderation")\n'
                    '        if moderation and moderation[0]["value"] == "strict":\n'
                    '            raise HTTPException(403, "chats are moderated")\n'
                    "        await self._refresh_settings()\n",
                ),
            ),
            "extra-lookup",
        ),
        _change(
            "Tell a moderated chat what to do",
            Replace(_SERVICE, '"chats are moderated"', '"chats are moderated: ask your administrator"'),
        ),
    ),
    behind=3,
)

HISTORY: tuple[Change | Merge, ...] = (
    _change("The service: keys, teams, users, a usage log"),
    _change(
        "Say in the README how to start it",
        Append(_README, "\n    DATABASE_URL=postgresql://… PORT=4000 demo-service\n"),
    ),
    _change(
        "List the endpoints",
        Append(
            _README, "\n`/models`, `/users`, `/teams`, `/chat`, `/report`, `/search`; `/ready` once it is.\n"
        ),
    ),
    _change(
        "Say whom a key belongs to",
        Replace(
            "demo_service/keys.py",
            "A virtual key; some belong to a team.",
            "A virtual key of a user; some belong to a team, too.",
        ),
    ),
    _change(
        "Remember keys for two minutes",
        Replace(_SERVICE, "_KEY_LIFETIME_S = 60.0", "_KEY_LIFETIME_S = 120.0"),
    ),
    _change(
        "Index users by team",
        Write("demo_service/migrations/002_users_by_team.sql", "CREATE INDEX ON users (team_id);\n"),
    ),
    _change(
        "Keep a changelog",
        Write(_CHANGELOG, f"# Changes\n\n## {VERSION}\n\n- Keys, teams, users, a usage log.\n"),
    ),
    _USAGE_NOTES,
    _version(VERSION, "1.1.0", "Users are found by team with an index."),
    _change(
        "Count the teams in their list",
        Replace(
            _SERVICE,
            '        return JSONResponse({"teams": await self._database.rows(TEAMS)})\n',
            "        teams = await self._database.rows(TEAMS)\n"
            '        return JSONResponse({"teams": teams, "number": len(teams)})\n',
        ),
    ),
    _change(
        "Answer a page of at least one user",
        Replace(
            _SERVICE,
            '        size = int(request.query_params.get("page_size", _DEFAULT_PAGE_SIZE))\n',
            '        size = max(1, int(request.query_params.get("page_size", _DEFAULT_PAGE_SIZE)))\n',
        ),
    ),
    _change(
        "Say what the heartbeat is for",
        Replace(
            _SERVICE, "HEARTBEAT_S = 0.5", "# Who watches the service looks at its row.\nHEARTBEAT_S = 0.5"
        ),
    ),
    Change(
        "Show how many keys a user has",
        (
            Replace(
                _STATEMENTS,
                "TEAMS = (",
                'KEYS_OF_USER = "SELECT count(*) AS keys FROM keys WHERE user_id = %s"\nTEAMS = (',
            ),
            Replace(_SERVICE, "ALL_SETTINGS, REPORT,", "ALL_SETTINGS, KEYS_OF_USER, REPORT,"),
            Replace(
                _SERVICE,
                '        return JSONResponse({"users": users})\n',
                "        for user in users:\n"
                '            user.update((await self._database.rows(KEYS_OF_USER, user["id"]))[0])\n'
                '        return JSONResponse({"users": users})\n',
            ),
        ),
        "n-plus-one",
    ),
    _change(
        "Test that it can be imported",
        Write(
            "tests/test_import.py",
            "from demo_service.service import application\n\n\n"
            "def test_it_is_there() -> None:\n    assert application\n",
        ),
    ),
    _change("Mention the number of keys", Append(_README, "\nA user is listed with the number of keys.\n")),
    _change(
        "List 30 users unless told", Replace(_SERVICE, "_DEFAULT_PAGE_SIZE = 25", "_DEFAULT_PAGE_SIZE = 30")
    ),
    _version("1.1.0", "1.2.0", "Users are listed with the number of their keys."),
    _change(
        "Answer 400 to a search for nothing",
        Replace(
            _SERVICE,
            '        return JSONResponse({"users": await self._database.rows(SEARCH, request.query_params["q"])})\n',
            '        email = request.query_params.get("q", "")\n'
            "        if not email:\n"
            '            raise HTTPException(400, "q: an e-mail address")\n'
            '        return JSONResponse({"users": await self._database.rows(SEARCH, email)})\n',
        ),
    ),
    _change("Say which Postgres it needs", Append(_README, "\nIt needs Postgres 13 or later.\n")),
    Change(
        "Move the settings to a module of their own",
        (
            Replace(_SERVICE, _MEANT_SETTINGS, ""),
            Replace(
                _SERVICE,
                "from demo_service.statements import",
                "from demo_service.settings import Settings\nfrom demo_service.statements import",
            ),
            Replace(_SERVICE, "from dataclasses import dataclass\n", ""),
        ),
        "does-not-start",
    ),
    _change(
        "Add the module that was forgotten",
        Write(
            "demo_service/settings.py",
            '"""What the service is told."""\n\nfrom dataclasses import dataclass\n\n\n'
            + _MEANT_SETTINGS.rstrip()
            + "\n",
        ),
    ),
    _change(
        "Index keys by team",
        Write("demo_service/migrations/003_keys_by_team.sql", "CREATE INDEX ON keys (team_id);\n"),
    ),
    _change("Log errors only", Replace(_SERVICE, 'log_level="warning"', 'log_level="error"')),
    _change(
        "Explain the number of connections",
        Replace(_SERVICE, "CONNECTIONS = 4", "# As many as /report has statements.\nCONNECTIONS = 4"),
    ),
    _version("1.2.0", "1.3.0", "A search for nothing is refused."),
    _change(
        "Say how to contribute",
        Write("CONTRIBUTING.md", "# Contributing\n\nRun `pytest` before you commit.\n"),
    ),
    _MODERATION,
    _change(
        "Name the background jobs",
        Replace(_SERVICE, "self._database.beat)),", 'self._database.beat), name="heartbeat"),'),
        Replace(_SERVICE, "self._usage.flush)),", 'self._usage.flush), name="usage"),'),
    ),
    _change("Say what the report is", Append(_README, "\n`/report` counts the rows of four tables.\n")),
    Change(
        "Require the newest pool",
        (Replace(_PROJECT, '"psycopg-pool>=3.2,<4"', '"psycopg-pool>=33.2,<34"'),),
        "does-not-install",
    ),
    _change(
        "Mend the pool's version", Replace(_PROJECT, '"psycopg-pool>=33.2,<34"', '"psycopg-pool>=3.2,<4"')
    ),
    _change(
        "Report the tables in the order of their names",
        Replace(_SERVICE, "zip(REPORT, answers, strict=True)}", "sorted(zip(REPORT, answers, strict=True))}"),
    ),
    _version("1.3.0", "1.4.0", "Chats heed the moderation setting."),
    Change(
        "Rank names by where their words begin",
        (Write("demo_service/migrations/004_relevance.sql", _SLOW_RELEVANCE),),
        "slow-search",
    ),
    _change(
        "Describe the ranking", Append(_README, "\n`/search` ranks users by how well their names fit.\n")
    ),
    _change(
        "Warn of the admin key",
        Replace(_SERVICE, "ADMIN_KEY = ", "# For demonstrations only.\nADMIN_KEY = "),
    ),
    _change(
        "Remember keys for five minutes",
        Replace(_SERVICE, "_KEY_LIFETIME_S = 120.0", "_KEY_LIFETIME_S = 300.0"),
    ),
    _change(
        "Index the usage log by time",
        Write("demo_service/migrations/005_usage_by_time.sql", "CREATE INDEX ON usage_log (at);\n"),
    ),
    _version("1.4.0", "1.5.0", "Names are ranked by where their words begin."),
    _change(
        "Say where bugs are reported", Append("CONTRIBUTING.md", "\nTell us of bugs on the mailing list.\n")
    ),
)
"""The main line: 40 commits, two of which are merges."""
