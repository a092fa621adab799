"""The counts that the samples in docs/BUDGET.md are made of. Invented, but of the kind that real releases show."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.terminal import Printing
from perf_matrix.report.sql import brief

SUBJECT = "litellm==1.81.0"
COMMAND = f"perf-matrix budget update {SUBJECT}"
PRINTING = Printing(width=100, brief=partial(brief, limit=90), update=COMMAND)

KEY = 'SELECT "token", "user_id" FROM "LiteLLM_VerificationToken" WHERE "token" = $1 LIMIT $2 OFFSET $3'
CONFIG = 'SELECT "param_name", "param_value" FROM "LiteLLM_Config" WHERE "param_name" = $1 LIMIT $2 OFFSET $3'
USERS = 'SELECT "user_id", "user_email", "user_role" FROM "LiteLLM_UserTable" ORDER BY "user_id" LIMIT $1 OFFSET $2'
COUNT = 'SELECT COUNT(*) FROM "LiteLLM_UserTable"'
KEYS_OF_USER = 'SELECT COUNT(*) FROM "LiteLLM_VerificationToken" WHERE "user_id" = $1'

CHAT = Counted("chat-virtual-key", "POST /v1/chat/completions", 2.0, statements={KEY: 1.0, CONFIG: 1.0})
LOGIN = Counted("login", "POST /login", 10.0)
MCP = Counted("mcp-server-list", "GET /v1/mcp/server", 2.0)
MODELS = Counted("models", "GET /v1/models", 0.0)
USER_LIST = Counted(
    "user-list", "GET /user/list", 3.0, per_row=0.0, row="user", statements={KEY: 1.0, USERS: 1.0, COUNT: 1.0}
)
SPEND = Counted(
    "spend-logs",
    "GET /spend/logs",
    None,
    stable=False,
    because="in every window of requests some failed their checks",
)

BEFORE = [USER_LIST, CHAT, MODELS, LOGIN, MCP]

N_PLUS_ONE = replace(
    USER_LIST,
    per_request=28.0,
    per_row=1.0,
    statements={KEY: 1.0, USERS: 1.0, COUNT: 1.0, KEYS_OF_USER: 25.0},
)
UNSTABLE_LOGIN = replace(
    LOGIN,
    per_request=11.0,
    stable=False,
    because='UPDATE "LiteLLM_UserTable" SET "updated_at" = $1: 4 calls in 4 requests but 9 calls in 7 requests',
)
AFTER = [N_PLUS_ONE, CHAT, MODELS, UNSTABLE_LOGIN, replace(MCP, per_request=0.0)]
KNOWN = [each.endpoint for each in AFTER]
